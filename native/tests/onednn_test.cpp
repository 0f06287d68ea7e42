// The recurrent cells against another implementation: the primitives of oneDNN, whose library and headers come from
// outside. It has neither lengths, nor masks of the state, nor norms of dL/dh; the rest of a layer is compared.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <dnnl.hpp>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "support/recurrent_runner.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;
using dnnl::memory;
using Tag = memory::format_tag;

// [A,B,F] as [B,A,F].
Doubles exchanged(const Doubles &values, size_t A, size_t B, size_t F) {
    Doubles all(values.size());
    for (size_t a = 0; a < A; a++)
        for (size_t b = 0; b < B; b++)
            for (size_t f = 0; f < F; f++) all[(b * A + a) * F + f] = values[(a * B + b) * F + f];
    return all;
}

std::string joined(const std::set<std::string> &words) {
    std::string all;
    for (const std::string &word : words) all += (all.empty() ? "" : ", ") + word;
    return all;
}

Doubles or_zeros(const Doubles &values, size_t count) { return values.empty() ? Doubles(count, 0.0) : values; }

// One layer in one direction as oneDNN computes it, in float.
class OneDnnLayer {
public:
    explicit OneDnnLayer(const RecurrentInput &in)
        : in_(in), B(static_cast<size_t>(in.sizes.batch)), T(static_cast<size_t>(in.sizes.steps)),
          I(static_cast<size_t>(in.sizes.input)), H(static_cast<size_t>(in.sizes.hidden)),
          G(static_cast<size_t>(in.cell.gates)) {
        const auto of = [](memory::dims dims, Tag tag) { return memory::desc(dims, memory::data_type::f32, tag); };
        const memory::dim b = in.sizes.batch, t = in.sizes.steps, i = in.sizes.input, h = in.sizes.hidden,
                          g = in.cell.gates;
        plain_[DNNL_ARG_SRC_LAYER] = of({t, b, i}, Tag::tnc);
        plain_[DNNL_ARG_DST_LAYER] = of({t, b, h}, Tag::tnc);
        plain_[DNNL_ARG_SRC_ITER] = plain_[DNNL_ARG_DST_ITER] = of({1, 1, b, h}, Tag::ldnc);
        plain_[DNNL_ARG_WEIGHTS_LAYER] = of({1, 1, i, g, h}, Tag::ldigo);
        plain_[DNNL_ARG_WEIGHTS_ITER] = of({1, 1, h, g, h}, Tag::ldigo);
        plain_[DNNL_ARG_BIAS] = of({1, 1, in.cell.reset_after() ? 4 : g, h}, Tag::ldgo);
        if (in.cell.lstm()) plain_[DNNL_ARG_SRC_ITER_C] = plain_[DNNL_ARG_DST_ITER_C] = plain_[DNNL_ARG_SRC_ITER];
        if (in.cell.peepholes()) plain_[DNNL_ARG_WEIGHTS_PEEPHOLE] = of({1, 1, 3, h}, Tag::ldgo);
        describe();
    }

    bool has_forward() const { return static_cast<bool>(forward_); }
    // oneDNN 3.11 writes numbers over pointers of its own in the backward pass of this GRU where I > H, and crashes or
    // not by what the memory behind them is: by the length of the program's path, for instance.
    bool has_backward() const {
        return backward_ && !(in_.cell.number == RONDO_CELL_GRU_RESET_BEFORE && in_.sizes.input > in_.sizes.hidden);
    }
    std::string name() const { return has_forward() ? forward_.impl_info_str() : "nothing"; }

    // Both passes; empty where oneDNN has none.
    RecurrentOutput run() {
        RecurrentOutput out;
        if (!has_forward()) return out;
        std::unordered_map<int, memory> values;
        for (const auto &[argument, data] : inputs()) values[argument] = filled(plain_.at(argument), data);
        for (const int argument : {DNNL_ARG_DST_LAYER, DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C})
            if (plain_.count(argument) != 0) values[argument] = filled(plain_.at(argument), {});
        values[DNNL_ARG_WORKSPACE] = memory(forward_.query_md(dnnl::query::exec_arg_md, DNNL_ARG_WORKSPACE), engine());
        execute(forward_, values);
        out.y = exchanged(doubles_of(values.at(DNNL_ARG_DST_LAYER)), T, B, H);
        out.hn = doubles_of(values.at(DNNL_ARG_DST_ITER));
        if (in_.cell.lstm()) out.cn = doubles_of(values.at(DNNL_ARG_DST_ITER_C));
        if (!has_backward()) return out;

        values[DNNL_ARG_DIFF_DST_LAYER] =
            filled(plain_.at(DNNL_ARG_DST_LAYER), exchanged(or_zeros(in_.dy, B * T * H), B, T, H));
        values[DNNL_ARG_DIFF_DST_ITER] = filled(plain_.at(DNNL_ARG_DST_ITER), in_.dhn);
        if (in_.cell.lstm()) values[DNNL_ARG_DIFF_DST_ITER_C] = filled(plain_.at(DNNL_ARG_DST_ITER_C), in_.dcn);
        // Gradients of weights are added to what is there.
        for (const auto &[argument, data] : inputs())
            values[gradient_of(argument)] =
                filled(backward_.query_md(dnnl::query::exec_arg_md, gradient_of(argument)), {});
        execute(backward_, values);
        const auto gradient = [&](int argument) {
            return doubles_of(laid_out(values.at(gradient_of(argument)), plain_.at(argument)));
        };
        out.dx = exchanged(gradient(DNNL_ARG_SRC_LAYER), T, B, I);
        out.dh0 = gradient(DNNL_ARG_SRC_ITER);
        if (in_.cell.lstm()) out.dc0 = gradient(DNNL_ARG_SRC_ITER_C);
        out.dweight_ih = rows_of(gradient(DNNL_ARG_WEIGHTS_LAYER), I);
        out.dweight_hh = rows_of(gradient(DNNL_ARG_WEIGHTS_ITER), H);
        if (in_.cell.peepholes()) out.dpeepholes = gradient(DNNL_ARG_WEIGHTS_PEEPHOLE);
        Doubles bias = gradient(DNNL_ARG_BIAS);
        if (in_.cell.reset_after()) {
            out.dbias_hn.assign(bias.begin() + static_cast<std::ptrdiff_t>(3 * H), bias.end());
            bias.resize(3 * H);
        }
        out.dbias_ih = out.dbias_hh = rows_of(bias, 1);
        if (in_.cell.reset_after())
            std::copy(out.dbias_hn.begin(), out.dbias_hn.end(),
                      out.dbias_hh.begin() + static_cast<std::ptrdiff_t>(2 * H));
        return out;
    }

private:
    const RecurrentInput &in_;
    const size_t B, T, I, H, G;
    std::map<int, memory::desc> plain_; // the layouts of the numbers as they come and go
    dnnl::primitive_desc forward_, backward_;

    static const dnnl::engine &engine() {
        static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
        return cpu;
    }
    static int gradient_of(int argument) {
        static_assert(DNNL_ARG_DIFF_SRC_ITER_C - DNNL_ARG_SRC_ITER_C == DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
        static_assert(DNNL_ARG_DIFF_WEIGHTS_PEEPHOLE - DNNL_ARG_WEIGHTS_PEEPHOLE ==
                      DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
        static_assert(DNNL_ARG_DIFF_BIAS - DNNL_ARG_BIAS == DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
        return argument + (DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
    }

    // ---- the primitives

    // The backward pass takes the layouts of values, then of their gradients, which are the same.
    template <class Forward, class Backward, class Kind, class Descs, class... Alpha>
    void describe_as(const Kind &kind, const Descs &descs, Alpha... alpha) {
        const auto direction = std::make_tuple(in_.reverse ? dnnl::rnn_direction::unidirectional_right2left
                                                           : dnnl::rnn_direction::unidirectional_left2right);
        const auto last = std::make_tuple(dnnl::primitive_attr(), true); // an empty description where it has none
        const auto forward = std::make_from_tuple<typename Forward::primitive_desc>(
            std::tuple_cat(std::make_tuple(engine(), dnnl::prop_kind::forward_training), kind, direction, descs,
                           std::make_tuple(alpha...), last));
        forward_ = forward;
        if (!has_forward()) return;
        backward_ = std::make_from_tuple<typename Backward::primitive_desc>(
            std::tuple_cat(std::make_tuple(engine(), dnnl::prop_kind::backward), kind, direction, descs, descs,
                           std::make_tuple(alpha..., forward), last));
    }

    void describe() {
        const auto any = [&](int argument) {
            return memory::desc(plain_.at(argument).get_dims(), memory::data_type::f32, Tag::any);
        };
        const auto &x = plain_.at(DNNL_ARG_SRC_LAYER), &y = plain_.at(DNNL_ARG_DST_LAYER),
                   &state = plain_.at(DNNL_ARG_SRC_ITER), &bias = plain_.at(DNNL_ARG_BIAS);
        const auto weight_ih = any(DNNL_ARG_WEIGHTS_LAYER), weight_hh = any(DNNL_ARG_WEIGHTS_ITER);
        const auto stateful = std::make_tuple(x, state, weight_ih, weight_hh, bias, y, state);
        const auto simple = [&](dnnl::algorithm activation, float alpha) {
            describe_as<dnnl::vanilla_rnn_forward, dnnl::vanilla_rnn_backward>(std::make_tuple(activation), stateful,
                                                                               alpha);
        };
        switch (in_.cell.number) {
        case RONDO_CELL_LSTM:
        case RONDO_CELL_LSTM_PEEPHOLES: {
            const auto peepholes = in_.cell.peepholes() ? plain_.at(DNNL_ARG_WEIGHTS_PEEPHOLE) : memory::desc();
            describe_as<dnnl::lstm_forward, dnnl::lstm_backward>(
                std::tuple<>(),
                std::make_tuple(x, state, state, weight_ih, weight_hh, peepholes, bias, y, state, state));
            break;
        }
        case RONDO_CELL_GRU_RESET_AFTER:
            describe_as<dnnl::lbr_gru_forward, dnnl::lbr_gru_backward>(std::tuple<>(), stateful);
            break;
        case RONDO_CELL_GRU_RESET_BEFORE:
            describe_as<dnnl::gru_forward, dnnl::gru_backward>(std::tuple<>(), stateful);
            break;
        case RONDO_CELL_RNN_TANH: simple(dnnl::algorithm::eltwise_tanh, 0.0f); break;
        case RONDO_CELL_RNN_RELU: simple(dnnl::algorithm::eltwise_relu, 0.0f); break;
        case RONDO_CELL_RNN_SIGMOID: simple(dnnl::algorithm::eltwise_logistic, 0.0f); break;
        // A leaky ReLU whose slope is 1 on both sides.
        case RONDO_CELL_RNN_IDENTITY: simple(dnnl::algorithm::eltwise_relu, 1.0f); break;
        default: ADD_FAILURE() << "no primitive is known for " << in_.cell;
        }
    }

    // ---- the numbers

    // oneDNN's GRU goes update, reset, candidate where ours goes r, z, n; the LSTM's order is the same.
    size_t our_gate(size_t gate) const { return in_.cell.gru() && gate < 2 ? 1 - gate : gate; }

    // Our [G*H,K] as [K,G,H], and back.
    Doubles gates_of(const Doubles &rows, size_t K) const {
        Doubles all(rows.size());
        for_each_weight(K, [&](size_t ours, size_t theirs) { all[theirs] = rows[ours]; });
        return all;
    }
    Doubles rows_of(const Doubles &gates, size_t K) const {
        Doubles all(gates.size());
        for_each_weight(K, [&](size_t ours, size_t theirs) { all[ours] = gates[theirs]; });
        return all;
    }
    template <class Body> void for_each_weight(size_t K, const Body &body) const {
        for (size_t g = 0; g < G; g++)
            for (size_t u = 0; u < H; u++)
                for (size_t k = 0; k < K; k++) body((our_gate(g) * H + u) * K + k, (k * G + g) * H + u);
    }

    // oneDNN has one bias; where ours are two it gets the sum, which lbr_gru keeps apart for the candidate.
    Doubles bias() const {
        Doubles sum = or_zeros(in_.bias_ih, G * H), last = or_zeros(in_.bias_hn, H);
        for (size_t q = 0; q < in_.bias_hh.size(); q++) {
            double &part = in_.cell.reset_after() && q >= 2 * H ? last[q - 2 * H] : sum[q];
            part += in_.bias_hh[q];
        }
        Doubles all = gates_of(sum, 1);
        if (in_.cell.reset_after()) all.insert(all.end(), last.begin(), last.end());
        return all;
    }

    std::map<int, Doubles> inputs() const {
        std::map<int, Doubles> all = {{DNNL_ARG_SRC_LAYER, exchanged(in_.x, B, T, I)},
                                      {DNNL_ARG_SRC_ITER, in_.h0},
                                      {DNNL_ARG_WEIGHTS_LAYER, gates_of(in_.weight_ih, I)},
                                      {DNNL_ARG_WEIGHTS_ITER, gates_of(in_.weight_hh, H)},
                                      {DNNL_ARG_BIAS, bias()}};
        if (in_.cell.lstm()) all[DNNL_ARG_SRC_ITER_C] = in_.c0;
        if (in_.cell.peepholes()) all[DNNL_ARG_WEIGHTS_PEEPHOLE] = in_.peepholes;
        return all;
    }

    // Zeros where there are no values.
    static memory filled(const memory::desc &desc, const Doubles &values) {
        memory result(desc, engine());
        std::memset(result.get_data_handle(), 0, desc.get_size());
        float *data = static_cast<float *>(result.get_data_handle());
        for (size_t i = 0; i < values.size(); i++) data[i] = static_cast<float>(values[i]);
        return result;
    }
    static Doubles doubles_of(const memory &values) {
        const float *data = static_cast<const float *>(values.get_data_handle());
        return Doubles(data, data + values.get_desc().get_size() / sizeof(float));
    }
    static memory laid_out(const memory &values, const memory::desc &desc) {
        if (values.get_desc() == desc) return values;
        memory result(desc, engine()), from = values;
        dnnl::stream stream(engine());
        dnnl::reorder(from, result).execute(stream, from, result);
        stream.wait();
        return result;
    }
    // What is not laid out as the primitive wants it goes in so.
    static void execute(const dnnl::primitive_desc &desc, const std::unordered_map<int, memory> &values) {
        std::unordered_map<int, memory> arguments;
        for (const auto &[argument, value] : values)
            arguments[argument] = laid_out(value, desc.query_md(dnnl::query::exec_arg_md, argument));
        dnnl::stream stream(engine());
        dnnl::primitive(desc).execute(stream, arguments);
        stream.wait();
    }
};

// The largest difference of a cell's, and the one that takes most of its tolerance.
struct Farthest {
    double difference = 0.0, part = 0.0;
    std::string where;

    void see(const Doubles &actual, const Doubles &expected, Tolerance tolerance, const std::string &what) {
        for (size_t i = 0; i < std::min(actual.size(), expected.size()); i++) {
            const double gap = std::abs(actual[i] - expected[i]);
            const double of_allowed = gap / (tolerance.absolute + tolerance.relative * std::abs(expected[i]));
            difference = std::max(difference, gap);
            if (of_allowed <= part) continue;
            part = of_allowed;
            where = what;
        }
    }
};

// Two sums over the whole walk, of I + H terms a step, each rounded on its own; against the largest element, or a tenth
// of what goes in, where that cancels.
Tolerance tolerance_of(const Doubles &expected, RecurrentSizes s) {
    double largest = 0.1;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    return sum_tolerance(2 * int64_t{s.steps} * (s.input + s.hidden), largest);
}

class OneDnn : public testing::TestWithParam<Cell> {
protected:
    // Whatever is optional is left out at some size.
    static RecurrentInput input(RecurrentSizes s, bool reverse, uint64_t seed) {
        const auto given = [&](uint64_t period) { return seed % period != 0; };
        RecurrentInput in = random_input(GetParam(), s,
                                         {.bias_ih = given(7),
                                          .bias_hh = given(5),
                                          .bias_hn = !given(3),
                                          .mask = false,
                                          .lengths = false,
                                          .h0 = given(4),
                                          .c0 = given(5),
                                          .dy = given(9),
                                          .dhn = given(4),
                                          .dcn = given(3)},
                                         seed);
        in.reverse = reverse;
        return in;
    }

    // Every instruction set with what oneDNN has.
    void compare(const RecurrentInput &in, const RecurrentOutput &expected, const std::string &trace) {
        for (const Isa isa : runnable_isas()) {
            const ContextOf context(isa.number);
            const RecurrentOutput actual = RecurrentRunner(context, in).train();
            for_each_output(expected, actual, [&](const char *name, const Doubles &e, const Doubles &a) {
                const Tolerance tolerance = tolerance_of(e, in.sizes);
                const std::string what = std::string(name) + " of " + trace + ", " + isa_name(isa.number);
                EXPECT_TRUE(close(a, e, tolerance)) << what;
                farthest_.see(a, e, tolerance, what);
            });
        }
    }

    Farthest farthest_;
};

TEST_P(OneDnn, agrees) {
    std::set<std::string> names, lacks;
    uint64_t seed = 730; // some gradient is given to each of the twenty that follow
    for (const RecurrentSizes s : {RecurrentSizes{1, 1, 1, 1},
                                   {1, 5, 15, 17},
                                   {7, 1, 9, 7},
                                   {6, 7, 3, 33},
                                   {13, 3, 17, 65},
                                   {29, 2, 2, 3},
                                   {5, 11, 67, 1},
                                   {3, 2, 300, 67},
                                   {12, 40, 5, 31},
                                   {32, 9, 23, 48}}) {
        for (const bool reverse : {false, true}) {
            const RecurrentInput in = input(s, reverse, ++seed);
            OneDnnLayer layer(in);
            const RecurrentOutput expected = layer.run();
            for (const OutputField &field : output_fields)
                if (field.fits(GetParam()) && (expected.*field.values).empty()) lacks.insert(field.name);
            names.insert(layer.name());
            compare(in, expected,
                    text_of(s) + (reverse ? ", reverse" : ", forward") + ", seed " + std::to_string(seed));
        }
    }
    std::printf("%s with oneDNN's %s: farthest %.2g, and %.3f of its tolerance, %s\n", GetParam().name,
                joined(names).c_str(), farthest_.difference, farthest_.part, farthest_.where.c_str());
    EXPECT_EQ(lacks.count("dh_norms"), 1u) << "it has them: compare them";
    lacks.erase("dh_norms");
    if (!lacks.empty())
        std::printf("Not run: %s of %s against oneDNN, which lacks them here at some size\n", joined(lacks).c_str(),
                    GetParam().name);
    EXPECT_GT(farthest_.difference, 0.0) << "nothing was compared";
}

INSTANTIATE_TEST_SUITE_P(Cell, OneDnn, testing::ValuesIn(all_cells), cell_test_name);

} // namespace
