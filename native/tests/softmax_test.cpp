// softmax and softmax_cross_entropy against loops in double.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

// An exponential is off by a few eps, a sum of n of them by no more than n of that; relative to each y.
constexpr Tolerance softmax_tolerance = {1e-37, 3e-6};

std::vector<double> softmax_of(const float *x, int32_t n) {
    double top = -std::numeric_limits<double>::infinity(), sum = 0.0;
    for (int32_t j = 0; j < n; j++) top = std::max(top, static_cast<double>(x[j]));
    std::vector<double> y;
    for (int32_t j = 0; j < n; j++) {
        y.push_back(std::exp(static_cast<double>(x[j]) - top));
        sum += y.back();
    }
    for (double &v : y) v /= sum;
    return y;
}

void softmax(rondo_context *context, int32_t rows, int32_t columns, const float *x, float *y) {
    auto call = call_of<rondo_softmax>(RONDO_OP_SOFTMAX);
    call.rows = rows;
    call.columns = columns;
    call.x = x;
    call.y = y;
    run(context, &call);
}

class Softmax : public testing::TestWithParam<Isa> {};

TEST_P(Softmax, agrees) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const int32_t columns : tail_sizes(lanes_of(GetParam()))) {
            for (const int32_t rows : {0, 1, 13}) {
                const Floats x = random.floats(rows * columns, -8.0, 8.0);
                Floats y(rows * columns);
                softmax(context, rows, columns, x.data(), y.data());
                Floats in_place(x.copy());
                softmax(context, rows, columns, in_place.data(), in_place.data());
                EXPECT_TRUE(same(in_place, y));
                for (int32_t r = 0; r < rows; r++) {
                    const auto expected = softmax_of(x.data() + r * columns, columns);
                    EXPECT_TRUE(close(y.data() + r * columns, expected.data(), columns, softmax_tolerance)) << columns;
                }
            }
        }
    });
}

TEST_P(Softmax, bearsExtremes) {
    const ContextOf context(GetParam().number);
    const float infinity = std::numeric_limits<float>::infinity();
    const Floats x = {1000.0f, -1000.0f, 999.0f, -infinity, 3e38f, -3e38f, 0.0f, 1.0f};
    Floats y(8);
    softmax(context, 2, 4, x.data(), y.data());
    EXPECT_FLOAT_EQ(y[0], 0.7310586f);
    EXPECT_EQ(y[1], 0.0f);
    EXPECT_EQ(y[3], 0.0f);
    EXPECT_EQ(y[4], 1.0f);
    EXPECT_EQ(y[5], 0.0f);
    for (const int32_t at : {0, 3, 20, 21}) {
        Floats with_nan(22, 0.5f);
        with_nan[at] = std::numeric_limits<float>::quiet_NaN();
        softmax(context, 1, 22, with_nan.data(), with_nan.data());
        for (const float v : with_nan) EXPECT_TRUE(std::isnan(v)) << "NaN at " << at;
    }
}

TEST_P(Softmax, isTheSameWhateverTheThreads) {
    Random random(4);
    const Floats x = random.floats(1000 * 65, -3.0, 3.0);
    Floats expected(x.size());
    softmax(ContextOf(GetParam().number, 1), 1000, 65, x.data(), expected.data());
    for (const int32_t threads : {2, 3, 8}) {
        Floats y(x.size());
        softmax(ContextOf(GetParam().number, threads), 1000, 65, x.data(), y.data());
        EXPECT_TRUE(same(y, expected)) << threads;
    }
}

struct Loss {
    std::vector<float> result;
    std::vector<float> gradient;
};

struct LossCase {
    int32_t batch, steps, classes;
    const float *logits;
    const int32_t *labels;
    const float *targets;
    const int32_t *lengths;
};

rondo_softmax_cross_entropy call_for(const LossCase &c) {
    auto call = call_of<rondo_softmax_cross_entropy>(RONDO_OP_SOFTMAX_CROSS_ENTROPY);
    call.batch_size = c.batch;
    call.time_steps = c.steps;
    call.classes = c.classes;
    call.logits = c.logits;
    call.labels = c.labels;
    call.targets = c.targets;
    call.lengths = c.lengths;
    return call;
}

Loss loss_of(rondo_context *context, const LossCase &c, bool in_place = false) {
    const int64_t count = int64_t{c.batch} * c.steps * c.classes;
    Floats result(3, -1.0f), gradient(count, 9.0f);
    auto call = call_for(c);
    if (in_place) {
        for (int64_t i = 0; i < count; i++) gradient[i] = c.logits[i];
        call.logits = gradient.data();
    }
    call.dlogits = gradient.data();
    call.result = result.data();
    run_with_scratch(context, call);
    Floats without_gradient(3, -1.0f);
    call.logits = c.logits;
    call.dlogits = nullptr;
    call.result = without_gradient.data();
    run_with_scratch(context, call);
    EXPECT_TRUE(same(without_gradient, result)) << "without a gradient";
    return {result.copy(), gradient.copy()};
}

struct ExpectedLoss {
    double mean = 0.0, right = 0.0, real = 0.0;
    std::vector<double> gradient;
};

ExpectedLoss expected_loss(const LossCase &c) {
    ExpectedLoss e;
    const int32_t n = c.classes;
    e.gradient.assign(static_cast<size_t>(c.batch * c.steps * n), 0.0);
    for (int32_t b = 0; b < c.batch; b++) e.real += c.lengths ? c.lengths[b] : c.steps;
    for (int32_t b = 0; b < c.batch; b++) {
        for (int32_t t = 0; t < (c.lengths ? c.lengths[b] : c.steps); t++) {
            const int32_t r = b * c.steps + t;
            const float *x = c.logits + int64_t{r} * n;
            std::vector<double> target(static_cast<size_t>(n), 0.0);
            for (int32_t j = 0; j < n; j++)
                target[static_cast<size_t>(j)] =
                    c.labels ? (j == c.labels[r]) : static_cast<double>(c.targets[r * n + j]);
            const auto p = softmax_of(x, n);
            double all = 0.0, loss = 0.0;
            int32_t best = 0, wanted = 0;
            for (int32_t j = 0; j < n; j++) {
                const auto u = static_cast<size_t>(j);
                all += target[u];
                if (target[u] != 0.0) loss -= target[u] * std::log(p[u]);
                if (x[j] > x[best]) best = j;
                if (target[u] > target[static_cast<size_t>(wanted)]) wanted = j;
            }
            for (int32_t j = 0; j < n; j++) {
                const auto u = static_cast<size_t>(j);
                e.gradient[static_cast<size_t>(r * n + j)] = (p[u] * all - target[u]) / e.real;
            }
            e.mean += loss / e.real;
            e.right += best == wanted;
        }
    }
    return e;
}

class CrossEntropy : public testing::TestWithParam<Isa> {};

TEST_P(CrossEntropy, agrees) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(7);
        for (const int32_t classes : tail_sizes(lanes_of(GetParam()))) {
            for (const int32_t steps : {1, 5}) {
                for (const bool ragged : {false, true}) {
                    for (const bool sparse : {false, true}) {
                        const int32_t batch = 6;
                        const Floats logits = random.floats(batch * steps * classes, -5.0, 5.0);
                        Ints labels = random.ints(batch * steps, 0, classes - 1);
                        Floats targets = random.floats(batch * steps * classes, 0.0, 1.0);
                        for (int32_t r = 0; r < batch * steps; r += 2) // half of them one-hot
                            for (int32_t j = 0; j < classes; j++)
                                targets[r * classes + j] = j == labels[r] ? 1.0f : 0.0f;
                        Ints lengths = random.ints(batch, 0, steps);
                        lengths[0] = 0;
                        lengths[1] = steps;
                        if (ragged) // what is padding may hold anything
                            for (int32_t b = 0; b < batch; b++)
                                for (int32_t t = lengths[b]; t < steps; t++) labels[b * steps + t] = -1;
                        const LossCase c = {batch,
                                            steps,
                                            classes,
                                            logits.data(),
                                            sparse ? labels.data() : nullptr,
                                            sparse ? nullptr : targets.data(),
                                            ragged ? lengths.data() : nullptr};
                        const ExpectedLoss e = expected_loss(c);
                        const Loss loss = loss_of(context, c);
                        SCOPED_TRACE(testing::Message() << classes << " classes, " << steps << " steps, ragged "
                                                        << ragged << ", sparse " << sparse);
                        EXPECT_NEAR(loss.result[0], e.mean, 2e-6 * (1.0 + e.mean));
                        EXPECT_EQ(loss.result[1], e.right);
                        EXPECT_EQ(loss.result[2], e.real);
                        EXPECT_TRUE(close(loss.gradient, e.gradient, Tolerance{1e-6 / (e.real + 1.0), 3e-6}));
                        const Loss in_place = loss_of(context, c, true);
                        EXPECT_TRUE(same(in_place.gradient, loss.gradient));
                        EXPECT_TRUE(same(in_place.result, loss.result));
                    }
                }
            }
        }
    });
}

TEST_P(CrossEntropy, countsTheFirstOfEqualLogits) {
    const ContextOf context(GetParam().number);
    const Floats logits = {1.0f, 1.0f, 0.0f, 1.0f, 1.0f, 0.0f};
    const Ints labels = {0, 1};
    EXPECT_EQ(loss_of(context, {2, 1, 3, logits.data(), labels.data(), nullptr, nullptr}).result[1], 1.0f);
}

TEST_P(CrossEntropy, isZeroWithoutRealSteps) {
    const ContextOf context(GetParam().number);
    const Floats logits(6, 1.0f);
    const Ints labels = {7, 7}, lengths = {0};
    const Loss loss = loss_of(context, {1, 2, 3, logits.data(), labels.data(), nullptr, lengths.data()});
    EXPECT_EQ(loss.result, (std::vector<float>{0.0f, 0.0f, 0.0f}));
    EXPECT_EQ(loss.gradient, std::vector<float>(6, 0.0f));
}

TEST_P(CrossEntropy, carriesNan) {
    const ContextOf context(GetParam().number);
    Floats logits(40, 0.25f);
    logits[33] = std::numeric_limits<float>::quiet_NaN();
    const Ints labels = {3, 4};
    const Loss loss = loss_of(context, {2, 1, 20, logits.data(), labels.data(), nullptr, nullptr});
    EXPECT_TRUE(std::isnan(loss.result[0]));
    EXPECT_FALSE(std::isnan(loss.gradient[0]));
    EXPECT_TRUE(std::isnan(loss.gradient[20]));
}

TEST_P(CrossEntropy, isTheSameWhateverTheThreads) {
    Random random(8);
    const Floats logits = random.floats(2048 * 65, -3.0, 3.0);
    const Ints labels = random.ints(2048, 0, 64);
    const LossCase c = {32, 64, 65, logits.data(), labels.data(), nullptr, nullptr};
    const Loss expected = loss_of(ContextOf(GetParam().number, 1), c);
    for (const int32_t threads : {2, 3, 8}) {
        const Loss loss = loss_of(ContextOf(GetParam().number, threads), c);
        EXPECT_TRUE(same(loss.gradient, expected.gradient)) << threads;
        EXPECT_TRUE(same(loss.result, expected.result)) << threads;
    }
}

TEST(CrossEntropyErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    const Floats logits(12, 0.0f);
    Floats result(3);
    const Ints labels = {0, 2, 3, 1}, lengths = {1, 3};
    Guarded<char> scratch = aligned_memory(128);
    auto call = call_for({2, 2, 3, logits.data(), labels.data(), nullptr, nullptr});
    call.result = result.data();
    call.scratch = scratch.data();
    call.scratch_bytes = 128;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "softmax_cross_entropy: labels[2]: expected 0 to 2, got 3");
    call.lengths = lengths.data();
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "softmax_cross_entropy: lengths[1]: expected 0 to 2, got 3");
    call.lengths = nullptr;
    call.targets = logits.data();
    EXPECT_EQ(error_of(context, call), "softmax_cross_entropy: labels, targets: expected one of them, got both");
    call.targets = nullptr;
    call.labels = nullptr;
    EXPECT_EQ(error_of(context, call), "softmax_cross_entropy: labels, targets: expected one of them, got none");
    call.labels = labels.data();
    call.scratch_bytes = 127;
    EXPECT_EQ(error_of(context, call), "softmax_cross_entropy: scratch: expected at least 128 bytes, got 127");
    call.scratch = scratch.data() + 4;
    EXPECT_NE(error_of(context, call).find("scratch: expected an address that is a multiple of 64, got "),
              std::string::npos);
    call.scratch = nullptr;
    EXPECT_EQ(error_of(context, call), "softmax_cross_entropy: scratch: expected 128 bytes, got NULL");
}

RONDO_EACH_ISA(Softmax);
RONDO_EACH_ISA(CrossEntropy);

} // namespace
