// time_copy, pool_time and windows, with their gradients, and softmax with lengths, against loops.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

constexpr int32_t batch = 5, steps = 4;

Ints ragged() { return {4, 0, 1, 3, 4}; }

class Time : public testing::TestWithParam<Isa> {};

TEST_P(Time, copiesRealSteps) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            for (const int32_t kind : {RONDO_TIME_MASK, RONDO_TIME_REVERSE}) {
                const Floats x = random.floats(batch * steps * n);
                const Ints lengths = ragged();
                Floats y(x.size(), 9.0f);
                auto call = call_of<rondo_time_copy>(RONDO_OP_TIME_COPY);
                call.kind = kind, call.batch_size = batch, call.time_steps = steps, call.features = n;
                call.x = x.data(), call.lengths = lengths.data(), call.y = y.data();
                run(context, &call);
                std::vector<float> expected;
                for (int64_t b = 0; b < batch; b++) {
                    for (int64_t t = 0; t < steps; t++) {
                        const int64_t from = kind == RONDO_TIME_MASK ? t : lengths[b] - 1 - t;
                        for (int64_t i = 0; i < n; i++)
                            expected.push_back(t < lengths[b] ? x[(b * steps + from) * n + i] : 0.0f);
                    }
                }
                EXPECT_TRUE(same(y, expected)) << n;
            }
        }
    });
}

TEST_P(Time, poolsRealSteps) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(2);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            for (int32_t kind = RONDO_POOL_SUM; kind <= RONDO_POOL_LAST; kind++) {
                const Floats x = random.integers(batch * steps * n, -3, 3), dy = random.floats(batch * n); // with ties
                const Ints lengths = ragged();
                Floats y(batch * n, 9.0f), dx(x.size(), 9.0f);
                auto call = call_of<rondo_pool_time>(RONDO_OP_POOL_TIME);
                call.kind = kind, call.batch_size = batch, call.time_steps = steps, call.features = n;
                call.x = x.data(), call.lengths = lengths.data(), call.y = y.data();
                run(context, &call);
                auto back = call_of<rondo_pool_time_gradient>(RONDO_OP_POOL_TIME_GRADIENT);
                back.kind = kind, back.batch_size = batch, back.time_steps = steps, back.features = n;
                if (kind == RONDO_POOL_MAX) back.x = x.data(), back.y = y.data();
                back.dy = dy.data(), back.lengths = lengths.data(), back.dx = dx.data();
                run(context, &back);
                std::vector<double> expected(static_cast<size_t>(y.size())), slopes(static_cast<size_t>(x.size()));
                for (int64_t b = 0; b < batch; b++) {
                    for (int64_t i = 0; i < n; i++) {
                        const int64_t length = lengths[b];
                        double sum = 0.0;
                        int64_t best = 0;
                        const auto at = [&](int64_t t) { return (b * steps + t) * n + i; };
                        for (int64_t t = 0; t < length; t++) {
                            sum += static_cast<double>(x[at(t)]);
                            if (x[at(t)] > x[at(best)]) best = t;
                        }
                        if (length == 0) continue;
                        const double d = static_cast<double>(dy[b * n + i]);
                        double value = sum;
                        const int64_t one = kind == RONDO_POOL_MAX ? best : kind == RONDO_POOL_FIRST ? 0 : length - 1;
                        if (kind == RONDO_POOL_MEAN) value = sum / static_cast<double>(length);
                        if (kind >= RONDO_POOL_MAX) value = static_cast<double>(x[at(one)]);
                        expected[static_cast<size_t>(b * n + i)] = value;
                        for (int64_t t = 0; t < length; t++) {
                            slopes[static_cast<size_t>(at(t))] = kind == RONDO_POOL_SUM ? d
                                                                 : kind == RONDO_POOL_MEAN
                                                                     ? d / static_cast<double>(length)
                                                                 : t == one ? d
                                                                            : 0.0;
                        }
                    }
                }
                EXPECT_TRUE(close(y, expected, Tolerance{0.0, 1e-7})) << "kind " << kind;
                EXPECT_TRUE(close(dx, slopes, Tolerance{0.0, 1e-7})) << "kind " << kind;
            }
        }
    });
}

TEST_P(Time, laysWindowsOut) {
    const ContextOf context(GetParam().number, 2);
    struct Case {
        int32_t steps, size, stride, dilation, before, windows;
    };
    in_both_placements([&] {
        Random random(3);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            for (const Case c : {Case{4, 3, 1, 1, 1, 4}, Case{5, 2, 1, 3, 3, 5}, Case{11, 3, 2, 2, 0, 4},
                                 Case{7, 1, 3, 1, 0, 3}, Case{1, 4, 1, 1, 3, 1}}) {
                const Floats x = random.floats(batch * c.steps * n), dy = random.floats(batch * c.windows * c.size * n);
                Floats y(dy.size(), 9.0f), dx(x.size(), 9.0f);
                auto call = call_of<rondo_windows>(RONDO_OP_WINDOWS);
                call.batch_size = batch, call.time_steps = c.steps, call.features = n, call.size = c.size;
                call.stride = c.stride, call.dilation = c.dilation, call.before = c.before, call.windows = c.windows;
                call.x = x.data(), call.y = y.data();
                run(context, &call);
                auto back = call_of<rondo_windows_gradient>(RONDO_OP_WINDOWS_GRADIENT);
                back.batch_size = batch, back.time_steps = c.steps, back.features = n, back.size = c.size;
                back.stride = c.stride, back.dilation = c.dilation, back.before = c.before, back.windows = c.windows;
                back.dy = dy.data(), back.dx = dx.data();
                run(context, &back);
                std::vector<double> expected, slopes(static_cast<size_t>(x.size()));
                for (int64_t b = 0; b < batch; b++) {
                    for (int64_t s = 0; s < c.windows; s++) {
                        for (int64_t k = 0; k < c.size; k++) {
                            const int64_t t = s * c.stride + k * c.dilation - c.before;
                            const bool inside = t >= 0 && t < c.steps;
                            for (int64_t i = 0; i < n; i++) {
                                const int64_t from = (b * c.steps + t) * n + i;
                                const auto at = static_cast<int64_t>(expected.size());
                                expected.push_back(inside ? static_cast<double>(x[from]) : 0.0);
                                if (inside) slopes[static_cast<size_t>(from)] += static_cast<double>(dy[at]);
                            }
                        }
                    }
                }
                EXPECT_TRUE(same(y, expected)) << n;
                EXPECT_TRUE(close(dx, slopes, sum_tolerance(c.size, 2.0))) << n;
            }
        }
    });
}

TEST_P(Time, takesSoftmaxesOfFirstColumns) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(4);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            Ints lengths = random.ints(3, 0, n);
            lengths[0] = 0;
            const Floats x = random.floats(6 * n, -4.0, 4.0), dy = random.floats(6 * n);
            Floats y(x.size(), 9.0f), dx(x.size(), 9.0f);
            auto call = call_of<rondo_softmax>(RONDO_OP_SOFTMAX);
            call.rows = 6, call.columns = n, call.rows_per_length = 2;
            call.x = x.data(), call.lengths = lengths.data(), call.y = y.data();
            run(context, &call);
            auto back = call_of<rondo_softmax_gradient>(RONDO_OP_SOFTMAX_GRADIENT);
            back.rows = 6, back.columns = n, back.rows_per_length = 2;
            back.y = y.data(), back.dy = dy.data(), back.lengths = lengths.data(), back.dx = dx.data();
            run(context, &back);
            std::vector<double> expected, slopes;
            for (int64_t r = 0; r < 6; r++) {
                const int64_t length = lengths[r / 2];
                double sum = 0.0, product = 0.0;
                for (int64_t j = 0; j < length; j++) sum += std::exp(static_cast<double>(x[r * n + j]));
                const auto value = [&](int64_t j) {
                    return j < length ? std::exp(static_cast<double>(x[r * n + j])) / sum : 0.0;
                };
                for (int64_t j = 0; j < n; j++) product += value(j) * static_cast<double>(dy[r * n + j]);
                for (int64_t j = 0; j < n; j++) {
                    expected.push_back(value(j));
                    slopes.push_back(value(j) * (static_cast<double>(dy[r * n + j]) - product));
                }
            }
            EXPECT_TRUE(close(y, expected, Tolerance{0.0, 3e-6})) << n;
            EXPECT_TRUE(close(dx, slopes, Tolerance{3e-6, 3e-6})) << n;
        }
    });
}

TEST(TimeErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(8);
    const Ints lengths = {2, 3};
    auto copy = call_of<rondo_time_copy>(RONDO_OP_TIME_COPY);
    copy.batch_size = 2, copy.time_steps = 2, copy.features = 2;
    EXPECT_EQ(error_of(context, copy), "time_copy: x: expected a pointer, got NULL");
    copy.x = copy.y = x.data(), copy.lengths = lengths.data();
    EXPECT_EQ(error_of(context, copy, RONDO_OUT_OF_RANGE), "time_copy: lengths[1]: expected 0 to 2, got 3");
    auto windows = call_of<rondo_windows>(RONDO_OP_WINDOWS);
    windows.batch_size = windows.time_steps = windows.features = windows.size = windows.dilation = 1;
    EXPECT_EQ(error_of(context, windows), "windows: stride: expected at least 1, got 0");
    auto softmax = call_of<rondo_softmax>(RONDO_OP_SOFTMAX);
    softmax.rows = 2, softmax.columns = 4, softmax.x = softmax.y = x.data(), softmax.lengths = lengths.data();
    EXPECT_EQ(error_of(context, softmax), "softmax: rows_per_length: expected at least 1, got 0");
    softmax.rows_per_length = 3;
    EXPECT_EQ(error_of(context, softmax), "softmax: rows: expected a multiple of rows_per_length 3, got 2");
}

RONDO_EACH_ISA(Time);

} // namespace
