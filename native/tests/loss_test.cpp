// elementwise_loss against loops in double.
#include <algorithm>
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

constexpr int32_t kinds[] = {RONDO_LOSS_SQUARED, RONDO_LOSS_ABSOLUTE, RONDO_LOSS_BINARY, RONDO_LOSS_BINARY_LOGITS};

bool binary(int32_t kind) { return kind == RONDO_LOSS_BINARY || kind == RONDO_LOSS_BINARY_LOGITS; }

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// An element's loss and the loss's derivative, as rondo.h writes them.
void element(int32_t kind, double x, double t, double &loss, double &derivative) {
    switch (kind) {
    case RONDO_LOSS_SQUARED:
        loss = (x - t) * (x - t);
        derivative = 2.0 * (x - t);
        return;
    case RONDO_LOSS_ABSOLUTE:
        loss = std::abs(x - t);
        derivative = x > t ? 1.0 : x < t ? -1.0 : 0.0;
        return;
    case RONDO_LOSS_BINARY:
        loss = -t * std::max(-100.0, std::log(x)) - (1.0 - t) * std::max(-100.0, std::log(1.0 - x));
        derivative = (x - t) / std::max(1e-12, x * (1.0 - x));
        return;
    default: loss = -t * std::log(sigmoid(x)) - (1.0 - t) * std::log(sigmoid(-x)); derivative = sigmoid(x) - t;
    }
}

struct Sizes {
    int32_t batch, time, features;
};

struct Result {
    std::vector<float> numbers, dx;
};

Result run_loss(rondo_context *context, int32_t kind, Sizes sizes, const Floats &x, const Floats &targets,
                const int32_t *lengths, bool gradient) {
    Floats dx(gradient ? x.size() : 0, 7.0f), result(5);
    auto call = call_of<rondo_elementwise_loss>(RONDO_OP_ELEMENTWISE_LOSS);
    call.kind = kind;
    call.batch_size = sizes.batch;
    call.time_steps = sizes.time;
    call.features = sizes.features;
    call.x = x.data();
    call.targets = targets.data();
    call.lengths = lengths;
    call.dx = gradient ? dx.data() : nullptr;
    call.result = result.data();
    run_with_scratch(context, call);
    return {result.copy(), dx.copy()};
}

Result expected_loss(int32_t kind, Sizes sizes, const Floats &x, const Floats &targets, const int32_t *lengths,
                     std::vector<double> &dx) {
    double losses = 0.0, squares = 0.0, absolutes = 0.0, right = 0.0;
    int64_t real = 0;
    dx.assign(static_cast<size_t>(x.size()), 0.0);
    for (int32_t b = 0; b < sizes.batch; b++) {
        for (int32_t t = 0; t < sizes.time; t++) {
            if (lengths != nullptr && t >= lengths[b]) continue;
            real++;
            for (int32_t f = 0; f < sizes.features; f++) {
                const int64_t at = (int64_t{b} * sizes.time + t) * sizes.features + f;
                const double value = static_cast<double>(x[at]), target = static_cast<double>(targets[at]);
                double loss;
                element(kind, value, target, loss, dx[static_cast<size_t>(at)]);
                const double p = kind == RONDO_LOSS_BINARY_LOGITS ? sigmoid(value) : value;
                losses += loss;
                squares += (p - target) * (p - target);
                absolutes += std::abs(p - target);
                right += binary(kind) && (p > 0.5) == (target > 0.5);
            }
        }
    }
    const double count = static_cast<double>(std::max<int64_t>(1, real * sizes.features));
    for (double &d : dx) d /= count;
    const auto narrow = [](double v) { return static_cast<float>(v); };
    return {{narrow(losses / count), narrow(squares / count), narrow(absolutes / count), narrow(right),
             narrow(static_cast<double>(real))},
            {}};
}

Floats predictions(Random &random, int32_t kind, int64_t count) {
    return kind == RONDO_LOSS_BINARY ? random.floats(count, 0.02, 0.98) : random.floats(count, -4.0, 4.0);
}

// A loss rounds some ten times, a log and an exponential among them; derivatives of probabilities reach 50.
constexpr Tolerance tolerance = {4e-7, 2e-6};

class ElementwiseLoss : public testing::TestWithParam<Isa> {};

TEST_P(ElementwiseLoss, agrees) {
    std::vector<Sizes> all = {{0, 3, 4}, {1, 1, 1}, {3, 5, 1}, {2, 7, 3}, {5, 1, 64}, {2, 3, 2000}, {1, 9000, 1}};
    for (const int32_t n : tail_sizes(lanes_of(GetParam()))) all.push_back({3, 4, n});
    in_both_placements([&] {
        Random random(5);
        for (const int32_t kind : kinds) {
            for (const Sizes sizes : all) {
                const int64_t count = int64_t{sizes.batch} * sizes.time * sizes.features;
                const Floats x = predictions(random, kind, count);
                Floats targets = binary(kind) ? random.integers(count, 0, 4) : random.floats(count, -4.0, 4.0);
                if (binary(kind))
                    for (float &t : targets) t *= 0.25f;
                Ints lengths = random.ints(sizes.batch, 0, sizes.time);
                for (const int32_t *of : {static_cast<const int32_t *>(nullptr), std::as_const(lengths).data()}) {
                    std::vector<double> dx;
                    const Result expected = expected_loss(kind, sizes, x, targets, of, dx);
                    std::vector<Result> results;
                    for (const int32_t threads : {1, 2, 3, 8}) {
                        const ContextOf context(GetParam().number, threads);
                        results.push_back(run_loss(context, kind, sizes, x, targets, of, true));
                        const Result &result = results.back();
                        EXPECT_TRUE(close(result.numbers, expected.numbers, tolerance)) << "kind " << kind;
                        EXPECT_TRUE(close(result.dx, dx, tolerance)) << "kind " << kind;
                        EXPECT_TRUE(same(result.dx, results[0].dx)) << threads << " threads";
                        EXPECT_TRUE(same(result.numbers, results[0].numbers)) << threads << " threads";
                    }
                    const ContextOf context(GetParam().number);
                    EXPECT_TRUE(same(run_loss(context, kind, sizes, x, targets, of, false).numbers, results[0].numbers))
                        << "without gradient";
                }
            }
        }
    });
}

TEST_P(ElementwiseLoss, writesItsGradientOverItsInput) {
    const ContextOf context(GetParam().number);
    Random random(6);
    for (const int32_t kind : kinds) {
        const Sizes sizes = {3, 11, 7};
        const Floats x = predictions(random, kind, 231);
        const Floats targets = random.integers(231, 0, 1);
        const Ints lengths = {11, 0, 6};
        const Result apart = run_loss(context, kind, sizes, x, targets, lengths.data(), true);
        Floats in_place(x.copy()), result(5);
        auto call = call_of<rondo_elementwise_loss>(RONDO_OP_ELEMENTWISE_LOSS);
        call.kind = kind;
        call.batch_size = 3, call.time_steps = 11, call.features = 7;
        call.x = in_place.data(), call.dx = in_place.data();
        call.targets = targets.data(), call.lengths = lengths.data(), call.result = result.data();
        run_with_scratch(context, call);
        EXPECT_TRUE(same(in_place, apart.dx)) << "kind " << kind;
        EXPECT_TRUE(same(result, apart.numbers)) << "kind " << kind;
    }
}

TEST_P(ElementwiseLoss, ignoresWhatPaddingHolds) {
    const ContextOf context(GetParam().number);
    const Ints lengths = {2, 0, 3};
    for (const int32_t kind : kinds) {
        Random random(7);
        Floats x = predictions(random, kind, 3 * 4 * 5), targets = random.integers(3 * 4 * 5, 0, 1);
        const Result clean = run_loss(context, kind, {3, 4, 5}, x, targets, lengths.data(), true);
        for (int64_t i = 0; i < x.size(); i++)
            if (i / 5 % 4 >= lengths[i / 20]) x[i] = targets[i] = std::numeric_limits<float>::quiet_NaN();
        const Result dirty = run_loss(context, kind, {3, 4, 5}, x, targets, lengths.data(), true);
        EXPECT_TRUE(same(dirty.numbers, clean.numbers));
        EXPECT_TRUE(same(dirty.dx, clean.dx));
    }
}

TEST_P(ElementwiseLoss, bearsExtremes) {
    const ContextOf context(GetParam().number);
    // Certain and right, certain and wrong.
    const Result probabilities = run_loss(context, RONDO_LOSS_BINARY, {1, 1, 4}, {0.0f, 1.0f, 0.0f, 1.0f},
                                          {0.0f, 1.0f, 1.0f, 0.0f}, nullptr, true);
    EXPECT_EQ(probabilities.numbers, (std::vector<float>{50.0f, 0.5f, 0.5f, 2.0f, 1.0f}));
    EXPECT_TRUE(close(probabilities.dx, std::vector<float>{0.0f, 0.0f, -0.25e12f, 0.25e12f}, Tolerance{0.0, 1e-6}));
    const Result logits = run_loss(context, RONDO_LOSS_BINARY_LOGITS, {1, 1, 4}, {-200.0f, 200.0f, -200.0f, 1e30f},
                                   {0.0f, 1.0f, 1.0f, 1.0f}, nullptr, true);
    EXPECT_FLOAT_EQ(logits.numbers[0], 50.0f);
    EXPECT_TRUE(close(logits.dx, std::vector<float>{0.0f, 0.0f, -0.25f, 0.0f}, Tolerance{1e-30, 0.0}));
    // A loss near zero is precise too: log(1 + exp(-20)).
    const Result small = run_loss(context, RONDO_LOSS_BINARY_LOGITS, {1, 1, 1}, {20.0f}, {1.0f}, nullptr, false);
    EXPECT_TRUE(
        close(small.numbers.data(), std::vector<double>{std::log1p(std::exp(-20.0))}.data(), 1, Tolerance{0.0, 1e-6}));
    const Result equal =
        run_loss(context, RONDO_LOSS_ABSOLUTE, {1, 1, 3}, {1.0f, 2.0f, 3.0f}, {1.0f, 4.0f, 2.5f}, nullptr, true);
    EXPECT_TRUE(same(equal.dx, std::vector<float>{0.0f, -1.0f / 3.0f, 1.0f / 3.0f}));
}

TEST_P(ElementwiseLoss, keepsNaN) {
    const ContextOf context(GetParam().number);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const int32_t kind : kinds) {
        for (const int64_t at : {0, 7, 16, 20}) {
            for (const bool of_target : {false, true}) {
                Floats x(21, 0.5f), targets(21, 1.0f);
                (of_target ? targets : x)[at] = nan;
                const Result result = run_loss(context, kind, {1, 1, 21}, x, targets, nullptr, true);
                EXPECT_TRUE(std::isnan(result.numbers[0])) << "kind " << kind << " at " << at;
                for (int64_t i = 0; i < 21; i++)
                    EXPECT_EQ(std::isnan(result.dx[static_cast<size_t>(i)]), i == at) << "kind " << kind << " at " << i;
            }
        }
    }
    const Result outside =
        run_loss(context, RONDO_LOSS_BINARY, {1, 1, 2}, {-0.25f, 1.5f}, {1.0f, 0.0f}, nullptr, false);
    EXPECT_TRUE(std::isnan(outside.numbers[0])) << "no probability";
}

TEST(ElementwiseLossErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4), result(5);
    const Ints lengths = {3};
    auto call = call_of<rondo_elementwise_loss>(RONDO_OP_ELEMENTWISE_LOSS);
    call.batch_size = 1, call.time_steps = 2;
    EXPECT_EQ(error_of(context, call), "elementwise_loss: features: expected at least 1, got 0");
    call.features = 2;
    call.kind = 4;
    EXPECT_EQ(error_of(context, call), "elementwise_loss: kind: expected 0 to 3, got 4");
    call.kind = 0;
    EXPECT_EQ(error_of(context, call), "elementwise_loss: x: expected a pointer, got NULL");
    call.x = x.data();
    EXPECT_EQ(error_of(context, call), "elementwise_loss: targets: expected a pointer, got NULL");
    call.targets = x.data();
    EXPECT_EQ(error_of(context, call), "elementwise_loss: result: expected a pointer, got NULL");
    call.result = result.data();
    EXPECT_EQ(error_of(context, call), "elementwise_loss: scratch: expected 64 bytes, got NULL");
    const auto scratch = aligned_memory(64);
    call.scratch = const_cast<char *>(scratch.data());
    call.scratch_bytes = 64;
    call.lengths = lengths.data();
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "elementwise_loss: lengths[0]: expected 0 to 2, got 3");
}

RONDO_EACH_ISA(ElementwiseLoss);

} // namespace
