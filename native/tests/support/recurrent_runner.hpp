// Calls of librondo's recurrent layers with the data of the tests.
#pragma once

#include <cstring>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/recurrent.hpp"

namespace rondo::test {

// A test's parameters: each instruction set with each cell.
struct IsaAndCell {
    Isa isa;
    Cell cell;
    friend std::ostream &operator<<(std::ostream &out, const IsaAndCell &p) { return out << p.isa << " " << p.cell; }
};

inline std::vector<IsaAndCell> isas_and_cells() {
    std::vector<IsaAndCell> all;
    for (const Isa isa : runnable_isas())
        for (const Cell &cell : all_cells) all.push_back({isa, cell});
    return all;
}

inline std::string isa_and_cell_name(const testing::TestParamInfo<IsaAndCell> &info) {
    return std::string(isa_name(info.param.isa.number)) + "_" + info.param.cell.name;
}

#define RONDO_EACH_ISA_AND_CELL(Fixture)                                                                               \
    INSTANTIATE_TEST_SUITE_P(Isa, Fixture, testing::ValuesIn(::rondo::test::isas_and_cells()),                         \
                             ::rondo::test::isa_and_cell_name)

// How librondo is called: which outputs are wanted, and how sequences lie in memory.
struct RecurrentForm {
    bool time_major_x = false, time_major_y = false; // x with dx, y with dy
    int32_t gap = 0;                                 // elements between neighbouring steps, and sequences
    const char *only = nullptr;                      // the one output that is wanted; null: all
};

// [B,T,F] by strides.
struct Sequence {
    int64_t batch_stride, time_stride;
    Floats data;

    static Sequence of(RecurrentSizes s, int32_t features, bool time_major, int32_t gap) {
        const int64_t step = features + gap;
        const int64_t batch_stride = time_major ? step : s.steps * step + gap;
        const int64_t time_stride = time_major ? s.batch * step + gap : step;
        return {batch_stride, time_stride,
                Floats((s.batch - 1) * batch_stride + (s.steps - 1) * time_stride + features, filler)};
    }
    static constexpr float filler = -77.0f;

    int64_t at(int64_t b, int64_t t) const { return b * batch_stride + t * time_stride; }

    void take(const Doubles &values, RecurrentSizes s, int32_t features) {
        for (int64_t b = 0; b < s.batch; b++)
            for (int64_t t = 0; t < s.steps; t++)
                for (int64_t f = 0; f < features; f++)
                    data[at(b, t) + f] =
                        static_cast<float>(values[static_cast<size_t>((b * s.steps + t) * features + f)]);
    }
    // The values in plain order; what lies between them must still be the filler.
    Doubles give(RecurrentSizes s, int32_t features) {
        Doubles values;
        std::vector<char> between(static_cast<size_t>(data.size()), 1);
        for (int64_t b = 0; b < s.batch; b++)
            for (int64_t t = 0; t < s.steps; t++)
                for (int64_t f = 0; f < features; f++) {
                    values.push_back(static_cast<double>(data[at(b, t) + f]));
                    between[static_cast<size_t>(at(b, t) + f)] = 0;
                }
        for (int64_t i = 0; i < data.size(); i++)
            if (between[static_cast<size_t>(i)] && data[i] != filler) {
                ADD_FAILURE() << "written between the steps, at " << i;
                break;
            }
        return values;
    }
};

inline Floats floats_of(const Doubles &values) {
    Floats all(static_cast<int64_t>(values.size()));
    for (int64_t i = 0; i < all.size(); i++) all[i] = static_cast<float>(values[static_cast<size_t>(i)]);
    return all;
}

// Null for what is not given.
inline const float *given(const Floats &values) { return values.size() > 0 ? values.data() : nullptr; }

template <class Call> Call sized_call(uint32_t op, const Cell &cell, RecurrentSizes s, bool reverse = false) {
    auto call = call_of<Call>(op);
    call.cell = cell.number;
    call.batch_size = s.batch;
    call.time_steps = s.steps;
    call.input_size = s.input;
    call.hidden_size = s.hidden;
    call.direction = reverse ? RONDO_DIRECTION_REVERSE : RONDO_DIRECTION_FORWARD;
    return call;
}

inline rondo_recurrent_forward forward_call(const Cell &cell, RecurrentSizes s, bool reverse = false) {
    return sized_call<rondo_recurrent_forward>(RONDO_OP_RECURRENT_FORWARD, cell, s, reverse);
}

inline rondo_recurrent_backward backward_call(const Cell &cell, RecurrentSizes s, bool reverse = false) {
    return sized_call<rondo_recurrent_backward>(RONDO_OP_RECURRENT_BACKWARD, cell, s, reverse);
}

class RecurrentRunner {
public:
    RecurrentRunner(rondo_context *context, const RecurrentInput &in, RecurrentForm form = {},
                    uint32_t parts = RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD)
        : context_(context), in_(in), form_(form), weight_ih_(floats_of(in.weight_ih)), packed_(pack(parts)) {}

    Guarded<char> &packed() { return packed_; }

    // The forward pass of inference.
    RecurrentOutput infer() {
        RecurrentOutput out;
        forward(nullptr, 0, out);
        return out;
    }

    // The forward pass of training, and back.
    RecurrentOutput train() {
        RecurrentOutput out;
        const RecurrentSizes s = in_.sizes;
        const auto sizes = forward_call(in_.cell, s, in_.reverse);
        Guarded<char> saved = aligned_memory(needs_of(context_, &sizes).saved_bytes);
        forward(saved.data(), saved.size(), out);

        auto call = backward_call(in_.cell, s, in_.reverse);
        const rondo_memory_needs needs = needs_of(context_, &call);
        EXPECT_EQ(needs.saved_bytes, saved.size());
        Guarded<char> scratch = aligned_memory(needs.scratch_bytes);
        const Sequence x = sequence_x();
        Sequence dy = Sequence::of(s, s.hidden, form_.time_major_y, form_.gap);
        Sequence dx = Sequence::of(s, s.input, form_.time_major_x, form_.gap);
        const Ints lengths(in_.lengths);
        const Floats dhn = floats_of(in_.dhn), dcn = floats_of(in_.dcn), mask = floats_of(in_.recurrent_mask);
        if (!in_.dy.empty()) dy.take(in_.dy, s, s.hidden);
        const int32_t rows = in_.cell.gates * s.hidden;
        Wanted dweight_ih(*this, "dweight_ih", rows * s.input), dweight_hh(*this, "dweight_hh", rows * s.hidden),
            dbias_ih(*this, "dbias_ih", rows), dbias_hh(*this, "dbias_hh", rows), dbias_hn(*this, "dbias_hn", s.hidden),
            dpeepholes(*this, "dpeepholes", 3 * s.hidden), dh0(*this, "dh0", s.batch * s.hidden),
            dc0(*this, "dc0", s.batch * s.hidden), dh_norms(*this, "dh_norms", s.steps);
        call.packed = packed_.data();
        call.packed_bytes = packed_.size();
        call.weight_ih = wants("dx") ? weight_ih_.data() : nullptr;
        call.x = wants("dweight_ih") ? x.data.data() : nullptr;
        call.x_batch_stride = x.batch_stride;
        call.x_time_stride = x.time_stride;
        call.lengths = in_.lengths.empty() ? nullptr : lengths.data();
        call.recurrent_mask = given(mask);
        call.dy = in_.dy.empty() ? nullptr : dy.data.data();
        call.dy_batch_stride = dy.batch_stride;
        call.dy_time_stride = dy.time_stride;
        call.dhn = given(dhn);
        call.dcn = given(dcn);
        call.dx = wants("dx") ? dx.data.data() : nullptr;
        call.dx_batch_stride = dx.batch_stride;
        call.dx_time_stride = dx.time_stride;
        call.dweight_ih = dweight_ih.data();
        call.dweight_hh = dweight_hh.data();
        call.dbias_ih = dbias_ih.data();
        call.dbias_hh = dbias_hh.data();
        call.dbias_hn = dbias_hn.data();
        call.dpeepholes = dpeepholes.data();
        call.dh0 = dh0.data();
        call.dc0 = dc0.data();
        call.dh_norms = dh_norms.data();
        call.saved = saved.data();
        call.saved_bytes = saved.size();
        call.scratch = scratch.data();
        call.scratch_bytes = scratch.size();
        run(context_, &call);
        if (wants("dx")) out.dx = dx.give(s, s.input);
        for (const Wanted *wanted :
             {&dweight_ih, &dweight_hh, &dbias_ih, &dbias_hh, &dbias_hn, &dpeepholes, &dh0, &dc0, &dh_norms})
            wanted->give(out);
        return out;
    }

private:
    // An output, where it is wanted.
    class Wanted {
    public:
        Wanted(const RecurrentRunner &runner, const char *name, int64_t count)
            : name_(name), wanted_(runner.wants(name)), values_(count, 5.0f) {}
        float *data() { return wanted_ ? values_.data() : nullptr; }
        void give(RecurrentOutput &out) const {
            if (!wanted_) return;
            for (const OutputField &field : output_fields)
                if (std::strcmp(field.name, name_) == 0) (out.*field.values).assign(values_.begin(), values_.end());
        }

    private:
        const char *name_;
        bool wanted_;
        Floats values_;
    };

    rondo_context *context_;
    const RecurrentInput &in_;
    RecurrentForm form_;
    Floats weight_ih_;
    Guarded<char> packed_;

    bool wants(const char *name) const {
        if (form_.only != nullptr && std::strcmp(form_.only, name) != 0) return false;
        for (const OutputField &field : output_fields)
            if (std::strcmp(field.name, name) == 0) return field.fits(in_.cell);
        ADD_FAILURE() << "no output is called " << name;
        return false;
    }

    Guarded<char> pack(uint32_t parts) {
        auto call = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
        call.cell = in_.cell.number;
        call.input_size = in_.sizes.input;
        call.hidden_size = in_.sizes.hidden;
        call.parts = parts;
        Guarded<char> packed = aligned_memory(needs_of(context_, &call).packed_bytes);
        const Floats weight_hh = floats_of(in_.weight_hh), bias_ih = floats_of(in_.bias_ih),
                     bias_hh = floats_of(in_.bias_hh), bias_hn = floats_of(in_.bias_hn),
                     peepholes = floats_of(in_.peepholes);
        call.weight_ih = (parts & RONDO_PACK_FORWARD) != 0 ? weight_ih_.data() : nullptr;
        call.weight_hh = weight_hh.data();
        call.bias_ih = given(bias_ih);
        call.bias_hh = given(bias_hh);
        call.bias_hn = given(bias_hn);
        call.peepholes = given(peepholes);
        call.packed = packed.data();
        call.packed_bytes = packed.size();
        run(context_, &call);
        return packed;
    }

    Sequence sequence_x() const {
        Sequence x = Sequence::of(in_.sizes, in_.sizes.input, form_.time_major_x, form_.gap);
        x.take(in_.x, in_.sizes, in_.sizes.input);
        return x;
    }

    void forward(void *saved, int64_t saved_bytes, RecurrentOutput &out) {
        const RecurrentSizes s = in_.sizes;
        auto call = forward_call(in_.cell, s, in_.reverse);
        Guarded<char> scratch = aligned_memory(needs_of(context_, &call).scratch_bytes);
        const Sequence x = sequence_x();
        Sequence y = Sequence::of(s, s.hidden, form_.time_major_y, form_.gap);
        const Ints lengths(in_.lengths);
        const Floats h0 = floats_of(in_.h0), c0 = floats_of(in_.c0), mask = floats_of(in_.recurrent_mask);
        Wanted hn(*this, "hn", s.batch * s.hidden), cn(*this, "cn", s.batch * s.hidden);
        call.packed = packed_.data();
        call.packed_bytes = packed_.size();
        call.x = x.data.data();
        call.x_batch_stride = x.batch_stride;
        call.x_time_stride = x.time_stride;
        call.lengths = in_.lengths.empty() ? nullptr : lengths.data();
        call.h0 = given(h0);
        call.c0 = given(c0);
        call.recurrent_mask = given(mask);
        call.y = wants("y") ? y.data.data() : nullptr;
        call.y_batch_stride = y.batch_stride;
        call.y_time_stride = y.time_stride;
        call.hn = hn.data();
        call.cn = cn.data();
        call.saved = saved;
        call.saved_bytes = saved_bytes;
        call.scratch = scratch.data();
        call.scratch_bytes = scratch.size();
        run(context_, &call);
        if (wants("y")) out.y = y.give(s, s.hidden);
        hn.give(out);
        cn.give(out);
    }
};

} // namespace rondo::test
