// The oracle of the recurrent cells, whose gradients are checked by finite differences of its own forward pass.
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/recurrent.hpp"

namespace {

using namespace rondo::test;

class Oracle : public testing::TestWithParam<Cell> {};

double loss_of(const RecurrentInput &in) {
    const RecurrentOutput out = recurrent_in_double<StandardMaths>(in);
    double loss = 0.0;
    for (size_t i = 0; i < in.dy.size(); i++) loss += in.dy[i] * out.y[i]; // y is zero at padded steps
    for (size_t i = 0; i < in.dhn.size(); i++) loss += in.dhn[i] * out.hn[i];
    for (size_t i = 0; i < in.dcn.size(); i++) loss += in.dcn[i] * out.cn[i];
    return loss;
}

// The oracle's gradients are those of its own forward pass.
TEST_P(Oracle, agreesWithFiniteDifferences) {
    for (const bool reverse : {false, true}) {
        for (const bool hn_alone : {false, true}) {
            RecurrentInput in = random_input(GetParam(), {3, 4, 3, 2}, {.bias_hn = hn_alone}, 5);
            in.reverse = reverse;
            in.lengths = {4, 0, 2};
            const RecurrentOutput out = recurrent_in_double<StandardMaths>(in);
            const auto check = [&](const char *name, Doubles &values, const Doubles &gradient) {
                if (values.empty()) return;
                ASSERT_EQ(values.size(), gradient.size()) << name;
                for (size_t i = 0; i < values.size(); i++) {
                    const double before = values[i], step = 1e-5;
                    values[i] = before + step;
                    const double above = loss_of(in);
                    values[i] = before - step;
                    const double below = loss_of(in);
                    values[i] = before;
                    EXPECT_NEAR(gradient[i], (above - below) / (2.0 * step), 1e-8) << name << "[" << i << "]";
                }
            };
            check("x", in.x, out.dx);
            check("weight_ih", in.weight_ih, out.dweight_ih);
            check("weight_hh", in.weight_hh, out.dweight_hh);
            check("bias_ih", in.bias_ih, out.dbias_ih);
            check("bias_hh", in.bias_hh, out.dbias_hh);
            check("bias_hn", in.bias_hn, out.dbias_hn);
            check("peepholes", in.peepholes, out.dpeepholes);
            check("h0", in.h0, out.dh0);
            check("c0", in.c0, out.dc0);
        }
    }
}

// All that reaches the state after step t: what a change of that state does to the loss, when the steps that follow
// it in the walk start from there.
TEST_P(Oracle, hasTheNormsOfItsGradients) {
    const RecurrentSizes s = {3, 4, 3, 2};
    for (const bool reverse : {false, true}) {
        RecurrentInput in = random_input(GetParam(), s, {}, 6);
        in.reverse = reverse;
        in.lengths = {4, 1, 3};
        const RecurrentOutput out = recurrent_in_double<StandardMaths>(in);
        for (int32_t t = 0; t < s.steps; t++) {
            double square = 0.0;
            for (int32_t b = 0; b < s.batch; b++) {
                const int32_t length = in.length(b);
                if (t >= length) continue;
                // The walk up to and with step t, alone, to have the state there; then the rest of it, or nothing.
                const auto part_of = [&](int32_t from, int32_t to) {
                    RecurrentInput part = in;
                    const auto cut = [&](const Doubles &all, int32_t width) {
                        if (all.empty()) return Doubles();
                        const auto begin = all.begin() + b * s.steps * width;
                        return Doubles(begin + from * width, begin + to * width);
                    };
                    const auto own = [&](const Doubles &all) {
                        return all.empty() ? Doubles()
                                           : Doubles(all.begin() + b * s.hidden, all.begin() + (b + 1) * s.hidden);
                    };
                    part.sizes = {1, to - from, s.input, s.hidden};
                    part.lengths.clear();
                    part.x = cut(in.x, s.input);
                    part.dy = cut(in.dy, s.hidden);
                    part.h0 = own(in.h0), part.c0 = own(in.c0), part.recurrent_mask = own(in.recurrent_mask);
                    part.dhn = own(in.dhn), part.dcn = own(in.dcn);
                    return part;
                };
                const RecurrentOutput head =
                    recurrent_in_double<StandardMaths>(reverse ? part_of(t, length) : part_of(0, t + 1));
                RecurrentInput rest = reverse ? part_of(0, t) : part_of(t + 1, length);
                rest.h0 = head.hn;
                rest.c0 = head.cn;
                for (size_t u = 0; u < static_cast<size_t>(s.hidden); u++) {
                    const double before = rest.h0[u], step = 1e-5;
                    rest.h0[u] = before + step;
                    const double above = loss_of(rest);
                    rest.h0[u] = before - step;
                    const double below = loss_of(rest);
                    rest.h0[u] = before;
                    const double dy = in.dy[static_cast<size_t>((b * s.steps + t) * s.hidden) + u];
                    square += std::pow((above - below) / (2.0 * step) + dy, 2.0);
                }
            }
            EXPECT_NEAR(out.dh_norms[static_cast<size_t>(t)], std::sqrt(square), 1e-8) << "step " << t;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cell, Oracle, testing::ValuesIn(all_cells), cell_test_name);

} // namespace
