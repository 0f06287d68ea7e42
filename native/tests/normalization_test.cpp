// layer_norm and batch_norm, with their gradients, against loops in double.
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

constexpr double epsilon = 0.0625;

// Numbers around 1 in sums of up to 67 of them; means and scales pass through float.
constexpr Tolerance tolerance = {8e-6, 4e-6};

std::vector<double> zeros(int64_t count) { return std::vector<double>(static_cast<size_t>(count)); }

// The same formulas for both: groups of elements that share their statistics, given by `members`.
struct Expected {
    std::vector<double> y, dx, dgain, dbias;
};

template <class Member>
void normalize(Expected &e, int64_t count, const Member &member, const Floats &x, const Floats &gain,
               const Floats &bias, const Floats &dy, int64_t n) {
    const double size = static_cast<double>(count);
    double mean = 0.0, variance = 0.0, sum = 0.0, product = 0.0;
    for (int64_t i = 0; i < count; i++) mean += static_cast<double>(x[member(i)]) / size;
    for (int64_t i = 0; i < count; i++) variance += std::pow(static_cast<double>(x[member(i)]) - mean, 2.0) / size;
    const double scale = 1.0 / std::sqrt(variance + epsilon);
    const auto xhat = [&](int64_t at) { return (static_cast<double>(x[at]) - mean) * scale; };
    const auto g = [&](int64_t at) { return static_cast<double>(dy[at]) * static_cast<double>(gain[at % n]); };
    for (int64_t i = 0; i < count; i++) {
        sum += g(member(i)) / size;
        product += g(member(i)) * xhat(member(i)) / size;
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = member(i);
        const auto to = static_cast<size_t>(at), feature = static_cast<size_t>(at % n);
        e.y[to] = xhat(at) * static_cast<double>(gain[at % n]) + static_cast<double>(bias[at % n]);
        e.dx[to] = scale * (g(at) - sum - xhat(at) * product);
        e.dgain[feature] += static_cast<double>(dy[at]) * xhat(at);
        e.dbias[feature] += static_cast<double>(dy[at]);
    }
}

class Normalization : public testing::TestWithParam<Isa> {};

TEST_P(Normalization, ofLayers) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            constexpr int32_t rows = 7;
            const Floats x = random.floats(rows * n, -2.0, 3.0), dy = random.floats(rows * n), gain = random.floats(n),
                         bias = random.floats(n);
            Floats y(x.size()), mean(rows), scale(rows), dx(x.size()), dgain(n), dbias(n);
            auto call = call_of<rondo_layer_norm>(RONDO_OP_LAYER_NORM);
            call.rows = rows, call.columns = n, call.epsilon = static_cast<float>(epsilon);
            call.x = x.data(), call.gain = gain.data(), call.bias = bias.data();
            call.y = y.data(), call.mean = mean.data(), call.scale = scale.data();
            run(context, &call);
            auto back = call_of<rondo_layer_norm_gradient>(RONDO_OP_LAYER_NORM_GRADIENT);
            back.rows = rows, back.columns = n, back.x = x.data(), back.gain = gain.data();
            back.mean = mean.data(), back.scale = scale.data(), back.dy = dy.data();
            back.dx = dx.data(), back.dgain = dgain.data(), back.dbias = dbias.data();
            run(context, &back);
            Expected e = {zeros(rows * n), zeros(rows * n), zeros(n), zeros(n)};
            for (int64_t r = 0; r < rows; r++)
                normalize(
                    e, n, [&](int64_t i) { return r * n + i; }, x, gain, bias, dy, n);
            EXPECT_TRUE(close(y, e.y, tolerance)) << n;
            EXPECT_TRUE(close(dx, e.dx, tolerance)) << n;
            EXPECT_TRUE(close(dgain, e.dgain, tolerance)) << n;
            EXPECT_TRUE(close(dbias, e.dbias, tolerance)) << n;
        }
    });
}

TEST_P(Normalization, ofBatches) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(2);
        for (const int32_t n : tail_sizes(lanes_of(GetParam()))) {
            constexpr int32_t batch = 4, steps = 5;
            const Ints lengths = {5, 0, 2, 4};
            const Floats x = random.floats(batch * steps * n, -2.0, 3.0), dy = random.floats(batch * steps * n),
                         gain = random.floats(n), bias = random.floats(n);
            Floats moving_mean(n, 1.0f), moving_variance(n, 2.0f), y(x.size(), 9.0f), mean(n), scale(n);
            Floats dx(x.size(), 9.0f), dgain(n), dbias(n);
            auto call = call_of<rondo_batch_norm>(RONDO_OP_BATCH_NORM);
            call.training = 1, call.batch_size = batch, call.time_steps = steps, call.features = n;
            call.epsilon = static_cast<float>(epsilon), call.momentum = 0.75f;
            call.x = x.data(), call.lengths = lengths.data(), call.gain = gain.data(), call.bias = bias.data();
            call.moving_mean = moving_mean.data(), call.moving_variance = moving_variance.data();
            call.y = y.data(), call.mean = mean.data(), call.scale = scale.data();
            run(context, &call);
            auto back = call_of<rondo_batch_norm_gradient>(RONDO_OP_BATCH_NORM_GRADIENT);
            back.batch_size = batch, back.time_steps = steps, back.features = n;
            back.x = x.data(), back.lengths = lengths.data(), back.gain = gain.data();
            back.mean = mean.data(), back.scale = scale.data(), back.dy = dy.data();
            back.dx = dx.data(), back.dgain = dgain.data(), back.dbias = dbias.data();
            run(context, &back);
            const int64_t real[] = {0, 1, 2, 3, 4, 10, 11, 15, 16, 17, 18};
            Expected e = {zeros(x.size()), zeros(x.size()), zeros(n), zeros(n)};
            for (int64_t j = 0; j < n; j++) {
                normalize(
                    e, std::ssize(real), [&](int64_t i) { return real[i] * n + j; }, x, gain, bias, dy, n);
                EXPECT_NEAR(static_cast<double>(moving_mean[j]), 0.75 + 0.25 * static_cast<double>(mean[j]), 1e-6);
                const double variance = std::pow(static_cast<double>(scale[j]), -2.0) - epsilon;
                EXPECT_NEAR(static_cast<double>(moving_variance[j]), 1.5 + 0.25 * variance, 4e-6);
            }
            EXPECT_TRUE(close(y, e.y, tolerance)) << n;
            EXPECT_TRUE(close(dx, e.dx, tolerance)) << n;
            EXPECT_TRUE(close(dgain, e.dgain, tolerance)) << n;
            EXPECT_TRUE(close(dbias, e.dbias, tolerance)) << n;

            // At inference what moved counts, and moves no more.
            const std::vector<float> kept = moving_mean.copy();
            call.training = 0;
            run(context, &call);
            EXPECT_TRUE(same(moving_mean, kept));
            std::vector<double> expected = zeros(x.size());
            for (const int64_t r : real) {
                for (int64_t j = 0; j < n; j++) {
                    const double centred = static_cast<double>(x[r * n + j]) - static_cast<double>(moving_mean[j]);
                    expected[static_cast<size_t>(r * n + j)] =
                        centred / std::sqrt(static_cast<double>(moving_variance[j]) + epsilon) *
                            static_cast<double>(gain[j]) +
                        static_cast<double>(bias[j]);
                }
            }
            EXPECT_TRUE(close(y, expected, tolerance)) << n;
        }
    });
}

TEST_P(Normalization, isTheSameWhateverTheThreads) {
    Random random(3);
    constexpr int32_t rows = 300, n = 131;
    const Floats x = random.floats(rows * n), dy = random.floats(rows * n);
    std::vector<std::vector<float>> results;
    for (const int32_t threads : {1, 2, 3, 8}) {
        const ContextOf context(GetParam().number, threads);
        Floats y(x.size()), mean(rows), scale(rows), dx(x.size()), dgain(n), dbias(n), moving(n, 1.0f);
        auto call = call_of<rondo_layer_norm>(RONDO_OP_LAYER_NORM);
        call.rows = rows, call.columns = n, call.x = x.data(), call.y = y.data();
        call.mean = mean.data(), call.scale = scale.data();
        run(context, &call);
        auto back = call_of<rondo_layer_norm_gradient>(RONDO_OP_LAYER_NORM_GRADIENT);
        back.rows = rows, back.columns = n, back.x = x.data(), back.mean = mean.data(), back.scale = scale.data();
        back.dy = dy.data(), back.dx = dx.data(), back.dgain = dgain.data(), back.dbias = dbias.data();
        run(context, &back);
        auto batch = call_of<rondo_batch_norm>(RONDO_OP_BATCH_NORM);
        batch.training = 1, batch.batch_size = rows, batch.time_steps = 1, batch.features = n;
        batch.moving_mean = batch.moving_variance = moving.data(), batch.x = y.data(), batch.y = y.data();
        run(context, &batch);
        std::vector<float> all = y.copy();
        for (const Floats *part : {&dx, &dgain, &dbias}) all.insert(all.end(), part->begin(), part->end());
        results.push_back(all);
        EXPECT_EQ(all, results.front()) << threads;
    }
}

TEST(NormalizationErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4);
    auto layer = call_of<rondo_layer_norm>(RONDO_OP_LAYER_NORM);
    EXPECT_EQ(error_of(context, layer), "layer_norm: columns: expected at least 1, got 0");
    layer.columns = 4, layer.rows = 1, layer.epsilon = -1.0f;
    EXPECT_EQ(error_of(context, layer), "layer_norm: epsilon: expected at least 0, got -1");
    layer.epsilon = 0.0f;
    EXPECT_EQ(error_of(context, layer), "layer_norm: x: expected a pointer, got NULL");
    auto batch = call_of<rondo_batch_norm>(RONDO_OP_BATCH_NORM);
    batch.batch_size = 1, batch.time_steps = 1, batch.features = 4, batch.momentum = 2.0f;
    EXPECT_EQ(error_of(context, batch), "batch_norm: momentum: expected 0 to 1, got 2");
    batch.momentum = 1.0f, batch.x = x.data();
    EXPECT_EQ(error_of(context, batch), "batch_norm: moving_mean: expected a pointer, got NULL");
}

RONDO_EACH_ISA(Normalization);

} // namespace
