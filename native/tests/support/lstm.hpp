// The LSTM of the tests: its equations in double, plain loops, and calls of librondo with the same data.
#pragma once

#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace rondo::test {

using Doubles = std::vector<double>;

struct LstmSizes {
    int32_t batch, steps, input, hidden;
};

// What a sequence layer gets; plain [B,T,I] order. Empty where it is not given.
struct LstmInput {
    LstmSizes sizes;
    Doubles weight_ih, weight_hh, bias, x, h0, c0;
    std::vector<int32_t> lengths;
    Doubles dy, dhn, dcn; // gradients of the outputs

    int32_t length(int32_t b) const { return lengths.empty() ? sizes.steps : lengths[static_cast<size_t>(b)]; }
};

inline Doubles random_doubles(Random &random, int64_t count, double scale = 1.0) {
    Doubles values;
    for (int64_t i = 0; i < count; i++) values.push_back(static_cast<double>(random.uniform(-scale, scale)));
    return values;
}

// Which optional inputs are given.
struct Given {
    bool bias = true, lengths = true, h0 = true, c0 = true, dy = true, dhn = true, dcn = true;
};

inline LstmInput random_input(LstmSizes s, Given given, uint64_t seed) {
    Random random(seed);
    const double scale = 1.5 / std::sqrt(static_cast<double>(s.input + s.hidden)); // sums of about 1
    LstmInput in = {};
    in.sizes = s;
    in.weight_ih = random_doubles(random, 4 * s.hidden * s.input, 2.0 * scale);
    in.weight_hh = random_doubles(random, 4 * s.hidden * s.hidden, 2.0 * scale);
    in.x = random_doubles(random, int64_t{s.batch} * s.steps * s.input);
    if (given.bias) in.bias = random_doubles(random, 4 * s.hidden);
    if (given.h0) in.h0 = random_doubles(random, s.batch * s.hidden);
    if (given.c0) in.c0 = random_doubles(random, s.batch * s.hidden, 2.0);
    if (given.dy) in.dy = random_doubles(random, int64_t{s.batch} * s.steps * s.hidden);
    if (given.dhn) in.dhn = random_doubles(random, s.batch * s.hidden);
    if (given.dcn) in.dcn = random_doubles(random, s.batch * s.hidden);
    if (given.lengths) {
        for (int32_t b = 0; b < s.batch; b++) in.lengths.push_back(random.integer(0, s.steps));
        in.lengths[0] = s.steps;
        if (s.batch > 1) in.lengths[1] = 0;
    }
    return in;
}

struct LstmOutput {
    Doubles y, hn, cn;
    Doubles dx, dweight_ih, dweight_hh, dbias, dh0, dc0;
    double largest = 0.0; // magnitude of any number on the way, sums counted as the sums of magnitudes
};

struct StandardMaths {
    static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
    static double tanh(double x) { return std::tanh(x); }
    static double sigmoid_gradient(double y) { return y * (1.0 - y); }
    static double tanh_gradient(double y) { return 1.0 - y * y; }
};

struct IdentityMaths {
    static double sigmoid(double x) { return x; }
    static double tanh(double x) { return x; }
    static double sigmoid_gradient(double) { return 1.0; }
    static double tanh_gradient(double) { return 1.0; }
};

// i = s(Wi x + Ui h + bi), f and o likewise, g = tanh(Wg x + Ug h + bg), c' = f c + i g, h' = o tanh(c'); and back.
template <class Maths> LstmOutput lstm_in_double(const LstmInput &in) {
    const auto B = static_cast<size_t>(in.sizes.batch), T = static_cast<size_t>(in.sizes.steps);
    const auto I = static_cast<size_t>(in.sizes.input), H = static_cast<size_t>(in.sizes.hidden);
    LstmOutput out;
    out.y.assign(B * T * H, 0.0);
    out.hn.assign(B * H, 0.0);
    out.cn.assign(B * H, 0.0);
    out.dx.assign(B * T * I, 0.0);
    out.dweight_ih.assign(4 * H * I, 0.0);
    out.dweight_hh.assign(4 * H * H, 0.0);
    out.dbias.assign(4 * H, 0.0);
    out.dh0.assign(B * H, 0.0);
    out.dc0.assign(B * H, 0.0);
    const auto seen = [&](double v) { out.largest = std::max(out.largest, std::abs(v)); };
    Doubles magnitude_ih(4 * H * I, 0.0), magnitude_hh(4 * H * H, 0.0), magnitude_b(4 * H, 0.0);

    for (size_t b = 0; b < B; b++) {
        const auto length = static_cast<size_t>(in.length(static_cast<int32_t>(b)));
        std::vector<Doubles> gates(length, Doubles(4 * H)), h(length + 1, Doubles(H)), c(length + 1, Doubles(H));
        for (size_t u = 0; u < H; u++) {
            h[0][u] = in.h0.empty() ? 0.0 : in.h0[b * H + u];
            c[0][u] = in.c0.empty() ? 0.0 : in.c0[b * H + u];
        }
        for (size_t t = 0; t < length; t++) {
            const double *x = in.x.data() + (b * T + t) * I;
            for (size_t q = 0; q < 4 * H; q++) {
                double sum = in.bias.empty() ? 0.0 : in.bias[q], magnitude = std::abs(sum);
                for (size_t j = 0; j < I; j++) {
                    sum += in.weight_ih[q * I + j] * x[j];
                    magnitude += std::abs(in.weight_ih[q * I + j] * x[j]);
                }
                for (size_t j = 0; j < H; j++) {
                    sum += in.weight_hh[q * H + j] * h[t][j];
                    magnitude += std::abs(in.weight_hh[q * H + j] * h[t][j]);
                }
                seen(magnitude);
                gates[t][q] = q / H == 2 ? Maths::tanh(sum) : Maths::sigmoid(sum);
            }
            for (size_t u = 0; u < H; u++) {
                const double *g = gates[t].data() + u;
                c[t + 1][u] = g[H] * c[t][u] + g[0] * g[2 * H];
                h[t + 1][u] = g[3 * H] * Maths::tanh(c[t + 1][u]);
                seen(std::abs(g[H] * c[t][u]) + std::abs(g[0] * g[2 * H]));
                seen(h[t + 1][u]);
                out.y[(b * T + t) * H + u] = h[t + 1][u];
            }
        }
        Doubles dh(H), dc(H);
        for (size_t u = 0; u < H; u++) {
            out.hn[b * H + u] = h[length][u];
            out.cn[b * H + u] = c[length][u];
            dh[u] = in.dhn.empty() ? 0.0 : in.dhn[b * H + u];
            dc[u] = in.dcn.empty() ? 0.0 : in.dcn[b * H + u];
        }
        for (size_t t = length; t-- > 0;) {
            const double *x = in.x.data() + (b * T + t) * I;
            Doubles dgates(4 * H);
            for (size_t u = 0; u < H; u++) {
                const double i = gates[t][u], f = gates[t][H + u], g = gates[t][2 * H + u], o = gates[t][3 * H + u];
                if (!in.dy.empty()) dh[u] += in.dy[(b * T + t) * H + u];
                const double squashed = Maths::tanh(c[t + 1][u]);
                const double dcu = dc[u] + dh[u] * o * Maths::tanh_gradient(squashed);
                seen(std::abs(dc[u]) + std::abs(dh[u] * o));
                dgates[u] = dcu * g * Maths::sigmoid_gradient(i);
                dgates[H + u] = dcu * c[t][u] * Maths::sigmoid_gradient(f);
                dgates[2 * H + u] = dcu * i * Maths::tanh_gradient(g);
                dgates[3 * H + u] = dh[u] * squashed * Maths::sigmoid_gradient(o);
                dc[u] = dcu * f;
                seen(dc[u]);
                dh[u] = 0.0;
            }
            Doubles magnitude_h(H, 0.0), magnitude_x(I, 0.0);
            for (size_t q = 0; q < 4 * H; q++) {
                const double d = dgates[q];
                seen(d);
                out.dbias[q] += d;
                seen(magnitude_b[q] += std::abs(d));
                for (size_t j = 0; j < I; j++) {
                    out.dx[(b * T + t) * I + j] += d * in.weight_ih[q * I + j];
                    seen(magnitude_x[j] += std::abs(d * in.weight_ih[q * I + j]));
                    out.dweight_ih[q * I + j] += d * x[j];
                    seen(magnitude_ih[q * I + j] += std::abs(d * x[j]));
                }
                for (size_t j = 0; j < H; j++) {
                    dh[j] += d * in.weight_hh[q * H + j];
                    seen(magnitude_h[j] += std::abs(d * in.weight_hh[q * H + j]));
                    out.dweight_hh[q * H + j] += d * h[t][j];
                    seen(magnitude_hh[q * H + j] += std::abs(d * h[t][j]));
                }
            }
        }
        for (size_t u = 0; u < H; u++) {
            out.dh0[b * H + u] = dh[u];
            out.dc0[b * H + u] = dc[u];
        }
    }
    return out;
}

// How librondo is called: which optional pointers are null, and how sequences lie in memory.
struct LstmForm {
    bool time_major_x = false, time_major_y = false; // x with dx, y with dy
    int32_t gap = 0;                                 // elements between neighbouring steps, and sequences
    bool y = true, hn = true, cn = true;
    bool dx = true, dweight_ih = true, dweight_hh = true, dbias = true, dh0 = true, dc0 = true;
};

// [B,T,F] by strides.
struct Sequence {
    int64_t batch_stride, time_stride;
    Floats data;

    static Sequence of(LstmSizes s, int32_t features, bool time_major, int32_t gap) {
        const int64_t step = features + gap;
        const int64_t batch_stride = time_major ? step : s.steps * step + gap;
        const int64_t time_stride = time_major ? s.batch * step + gap : step;
        return {batch_stride, time_stride,
                Floats((s.batch - 1) * batch_stride + (s.steps - 1) * time_stride + features, filler)};
    }
    static constexpr float filler = -77.0f;

    int64_t at(int64_t b, int64_t t) const { return b * batch_stride + t * time_stride; }

    void take(const Doubles &values, LstmSizes s, int32_t features) {
        for (int64_t b = 0; b < s.batch; b++)
            for (int64_t t = 0; t < s.steps; t++)
                for (int64_t f = 0; f < features; f++)
                    data[at(b, t) + f] =
                        static_cast<float>(values[static_cast<size_t>((b * s.steps + t) * features + f)]);
    }
    // The values in plain order; what lies between them must still be the filler.
    Doubles give(LstmSizes s, int32_t features) {
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

inline Doubles doubles_of(const Floats &values, bool wanted = true) {
    return wanted ? Doubles(values.begin(), values.end()) : Doubles();
}

class LstmRunner {
public:
    LstmRunner(rondo_context *context, const LstmInput &in, LstmForm form = {})
        : context_(context), in_(in), form_(form), weight_ih_(floats_of(in.weight_ih)),
          weight_hh_(floats_of(in.weight_hh)), packed_(pack(floats_of(in.bias))) {}

    // The forward pass of inference.
    LstmOutput infer() {
        LstmOutput out;
        forward(nullptr, 0, out);
        return out;
    }

    // The forward pass of training, and back. Where h0 and c0 are wanted in place, hn and cn overwrite them.
    LstmOutput train() {
        LstmOutput out;
        const LstmSizes s = in_.sizes;
        auto sizes = forward_call();
        const rondo_memory_needs needs = needs_of(context_, &sizes);
        Guarded<char> saved = aligned_memory(needs.saved_bytes);
        forward(saved.data(), needs.saved_bytes, out);

        auto call = call_of<rondo_lstm_backward>(RONDO_OP_LSTM_BACKWARD);
        call.batch_size = s.batch;
        call.time_steps = s.steps;
        call.input_size = s.input;
        call.hidden_size = s.hidden;
        const rondo_memory_needs back_needs = needs_of(context_, &call);
        EXPECT_EQ(back_needs.saved_bytes, needs.saved_bytes);
        Guarded<char> scratch = aligned_memory(back_needs.scratch_bytes);
        Sequence x = sequence_x(), dy = Sequence::of(s, s.hidden, form_.time_major_y, form_.gap);
        Sequence dx = Sequence::of(s, s.input, form_.time_major_x, form_.gap);
        const Ints lengths(in_.lengths);
        const Floats dhn = floats_of(in_.dhn), dcn = floats_of(in_.dcn);
        Floats dweight_ih(4 * s.hidden * s.input, 5.0f), dweight_hh(4 * s.hidden * s.hidden, 5.0f),
            dbias(4 * s.hidden, 5.0f);
        Floats dh0(s.batch * s.hidden, 5.0f), dc0(s.batch * s.hidden, 5.0f);
        if (!in_.dy.empty()) dy.take(in_.dy, s, s.hidden);
        call.packed = packed_.data();
        call.packed_bytes = packed_.size();
        call.weight_ih = form_.dx ? weight_ih_.data() : nullptr;
        call.x = x.data.data();
        call.x_batch_stride = x.batch_stride;
        call.x_time_stride = x.time_stride;
        call.lengths = in_.lengths.empty() ? nullptr : lengths.data();
        call.dy = in_.dy.empty() ? nullptr : dy.data.data();
        call.dy_batch_stride = dy.batch_stride;
        call.dy_time_stride = dy.time_stride;
        call.dhn = in_.dhn.empty() ? nullptr : dhn.data();
        call.dcn = in_.dcn.empty() ? nullptr : dcn.data();
        call.dx = form_.dx ? dx.data.data() : nullptr;
        call.dx_batch_stride = dx.batch_stride;
        call.dx_time_stride = dx.time_stride;
        call.dweight_ih = form_.dweight_ih ? dweight_ih.data() : nullptr;
        call.dweight_hh = form_.dweight_hh ? dweight_hh.data() : nullptr;
        call.dbias = form_.dbias ? dbias.data() : nullptr;
        call.dh0 = form_.dh0 ? dh0.data() : nullptr;
        call.dc0 = form_.dc0 ? dc0.data() : nullptr;
        call.saved = saved.data();
        call.saved_bytes = saved.size();
        call.scratch = scratch.data();
        call.scratch_bytes = scratch.size();
        run(context_, &call);
        if (form_.dx) out.dx = dx.give(s, s.input);
        out.dweight_ih = doubles_of(dweight_ih, form_.dweight_ih);
        out.dweight_hh = doubles_of(dweight_hh, form_.dweight_hh);
        out.dbias = doubles_of(dbias, form_.dbias);
        out.dh0 = doubles_of(dh0, form_.dh0);
        out.dc0 = doubles_of(dc0, form_.dc0);
        return out;
    }

private:
    rondo_context *context_;
    const LstmInput &in_;
    LstmForm form_;
    Floats weight_ih_, weight_hh_;
    Guarded<char> packed_;

    Guarded<char> pack(const Floats &bias) {
        auto call = call_of<rondo_lstm_pack>(RONDO_OP_LSTM_PACK);
        call.input_size = in_.sizes.input;
        call.hidden_size = in_.sizes.hidden;
        call.parts = RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD;
        const int64_t bytes = needs_of(context_, &call).packed_bytes;
        Guarded<char> packed = aligned_memory(bytes);
        call.weight_ih = weight_ih_.data();
        call.weight_hh = weight_hh_.data();
        call.bias = in_.bias.empty() ? nullptr : bias.data();
        call.packed = packed.data();
        call.packed_bytes = bytes;
        run(context_, &call);
        return packed;
    }

    Sequence sequence_x() const {
        Sequence x = Sequence::of(in_.sizes, in_.sizes.input, form_.time_major_x, form_.gap);
        x.take(in_.x, in_.sizes, in_.sizes.input);
        return x;
    }

    rondo_lstm_forward forward_call() const {
        auto call = call_of<rondo_lstm_forward>(RONDO_OP_LSTM_FORWARD);
        call.batch_size = in_.sizes.batch;
        call.time_steps = in_.sizes.steps;
        call.input_size = in_.sizes.input;
        call.hidden_size = in_.sizes.hidden;
        return call;
    }

    void forward(void *saved, int64_t saved_bytes, LstmOutput &out) {
        const LstmSizes s = in_.sizes;
        rondo_lstm_forward call = forward_call();
        const rondo_memory_needs needs = needs_of(context_, &call);
        Guarded<char> scratch = aligned_memory(needs.scratch_bytes);
        Sequence x = sequence_x(), y = Sequence::of(s, s.hidden, form_.time_major_y, form_.gap);
        const Ints lengths(in_.lengths);
        const Floats h0 = floats_of(in_.h0), c0 = floats_of(in_.c0);
        Floats hn(s.batch * s.hidden, 5.0f), cn(s.batch * s.hidden, 5.0f);
        call.packed = packed_.data();
        call.packed_bytes = packed_.size();
        call.x = x.data.data();
        call.x_batch_stride = x.batch_stride;
        call.x_time_stride = x.time_stride;
        call.lengths = in_.lengths.empty() ? nullptr : lengths.data();
        call.h0 = in_.h0.empty() ? nullptr : h0.data();
        call.c0 = in_.c0.empty() ? nullptr : c0.data();
        call.y = form_.y ? y.data.data() : nullptr;
        call.y_batch_stride = y.batch_stride;
        call.y_time_stride = y.time_stride;
        call.hn = form_.hn ? hn.data() : nullptr;
        call.cn = form_.cn ? cn.data() : nullptr;
        call.saved = saved;
        call.saved_bytes = saved_bytes;
        call.scratch = scratch.data();
        call.scratch_bytes = needs.scratch_bytes;
        run(context_, &call);
        if (form_.y) out.y = y.give(s, s.hidden);
        out.hn = doubles_of(hn, form_.hn);
        out.cn = doubles_of(cn, form_.cn);
    }
};

// Calls check(name, actual, expected) for each output that was wanted.
template <class Check> void for_each_output(const LstmOutput &actual, const LstmOutput &expected, const Check &check) {
    const auto one = [&](const char *name, const Doubles LstmOutput::*field) {
        if (!(actual.*field).empty()) check(name, actual.*field, expected.*field);
    };
    one("y", &LstmOutput::y);
    one("hn", &LstmOutput::hn);
    one("cn", &LstmOutput::cn);
    one("dx", &LstmOutput::dx);
    one("dweight_ih", &LstmOutput::dweight_ih);
    one("dweight_hh", &LstmOutput::dweight_hh);
    one("dbias", &LstmOutput::dbias);
    one("dh0", &LstmOutput::dh0);
    one("dc0", &LstmOutput::dc0);
}

} // namespace rondo::test
