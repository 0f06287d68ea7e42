// Optimizers and clipping against their equations in double, over several steps.
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

const std::vector<int64_t> counts = {0, 1, 3, 4, 5, 8, 15, 16, 17, 63, 65, 40'003};

class Sgd : public testing::TestWithParam<Isa> {};

TEST_P(Sgd, agrees) {
    struct Form {
        float momentum;
        int32_t nesterov;
        bool scaled;
    };
    in_both_placements([&] {
        for (const Form form : {Form{0.0f, 0, false}, Form{0.0f, 1, true}, Form{0.9f, 0, true}, Form{0.9f, 1, false}}) {
            for (const int64_t count : counts) {
                Random random(1);
                const Floats before = random.floats(count);
                std::vector<std::vector<float>> results;
                for (const int32_t threads : {1, 3}) {
                    Random steps(2);
                    const ContextOf context(GetParam().number, threads);
                    Floats parameters(before.copy()), velocity(count);
                    std::vector<double> w(before.begin(), before.end()), v(static_cast<size_t>(count), 0.0);
                    for (int32_t step = 0; step < 4; step++) {
                        Floats gradients = steps.floats(count);
                        // As an embedding's, most of whose rows are in no batch: whole vectors of zeros, and single ones.
                        for (int64_t i = count / 4; i < count / 2; i++) gradients.data()[i] = 0.0f;
                        for (int64_t i = count / 2; i < count; i += 5) gradients.data()[i] = i % 2 == 0 ? 0.0f : -0.0f;
                        const Floats scale = {0.25f};
                        auto call = call_of<rondo_sgd>(RONDO_OP_SGD);
                        call.count = count;
                        call.parameters = parameters.data();
                        call.gradients = gradients.data();
                        call.velocity = form.momentum == 0.0f ? nullptr : velocity.data();
                        call.scale = form.scaled ? scale.data() : nullptr;
                        call.rate = 0.1f;
                        call.momentum = form.momentum;
                        call.nesterov = form.nesterov;
                        run(context, &call);
                        const double m = static_cast<double>(form.momentum);
                        for (size_t i = 0; i < w.size(); i++) {
                            const double g = (form.scaled ? 0.25 : 1.0) * static_cast<double>(gradients.data()[i]);
                            v[i] = m * v[i] - static_cast<double>(0.1f) * g;
                            w[i] += form.nesterov ? m * v[i] - static_cast<double>(0.1f) * g : v[i];
                        }
                    }
                    // A few roundings of numbers about 1 in each of 4 steps.
                    EXPECT_TRUE(close(parameters, w, Tolerance{16 * float_epsilon, 0.0}));
                    if (form.momentum != 0.0f) {
                        EXPECT_TRUE(close(velocity, v, Tolerance{16 * float_epsilon, 0.0}));
                    }
                    results.push_back(parameters.copy());
                }
                EXPECT_TRUE(same(results[1], results[0])) << "by threads";
            }
        }
    });
}

// With a scale that is not a number nothing is left as it was, zero gradients or not.
TEST_P(Sgd, passesOnWhatIsNotANumber) {
    const ContextOf context(GetParam().number, 1);
    Floats parameters(40, 1.0f);
    const Floats gradients(40), scale = {std::numeric_limits<float>::quiet_NaN()};
    auto call = call_of<rondo_sgd>(RONDO_OP_SGD);
    call.count = 40;
    call.parameters = parameters.data();
    call.gradients = gradients.data();
    call.scale = scale.data();
    call.rate = 0.1f;
    run(context, &call);
    for (const float w : parameters) EXPECT_TRUE(std::isnan(w));
}

class Adam : public testing::TestWithParam<Isa> {};

TEST_P(Adam, agrees) {
    in_both_placements([&] {
        for (const int32_t form : {RONDO_ADAM_KERAS, RONDO_ADAM_PYTORCH}) {
            // With decay on every other size.
            for (const int64_t count : counts) {
                const float decay = count % 2 == 1 ? 2.5f : 0.0f;
                for (const int64_t first_step : {int64_t{1}, int64_t{1000}}) {
                    Random random(3);
                    const Floats before = random.floats(count);
                    std::vector<std::vector<float>> results;
                    for (const int32_t threads : {1, 3}) {
                        Random steps(4);
                        const ContextOf context(GetParam().number, threads);
                        Floats parameters(before.copy()), m(count), v(count);
                        std::vector<double> w(before.begin(), before.end()), md(w.size(), 0.0), vd(w.size(), 0.0);
                        for (int64_t t = first_step; t < first_step + 4; t++) {
                            const Floats gradients = steps.floats(count);
                            const Floats scale = {0.5f};
                            auto call = call_of<rondo_adam>(RONDO_OP_ADAM);
                            call.count = count;
                            call.parameters = parameters.data();
                            call.gradients = gradients.data();
                            call.m = m.data();
                            call.v = v.data();
                            call.scale = t % 2 == 0 ? scale.data() : nullptr;
                            call.step = t;
                            call.rate = 0.002f;
                            call.beta1 = 0.9f;
                            call.beta2 = 0.999f;
                            call.epsilon = 1e-3f; // large, so that its place matters
                            call.form = form;
                            call.decay = decay;
                            run(context, &call);
                            const double rate = static_cast<double>(0.002f), b1 = static_cast<double>(0.9f);
                            const double b2 = static_cast<double>(0.999f), e = static_cast<double>(1e-3f);
                            const double c1 = 1.0 - std::pow(b1, static_cast<double>(t));
                            const double c2 = 1.0 - std::pow(b2, static_cast<double>(t));
                            for (size_t i = 0; i < w.size(); i++) {
                                const double g = (t % 2 == 0 ? 0.5 : 1.0) * static_cast<double>(gradients.data()[i]);
                                md[i] = b1 * md[i] + (1.0 - b1) * g;
                                vd[i] = b2 * vd[i] + (1.0 - b2) * g * g;
                                w[i] -= rate * static_cast<double>(decay) * w[i];
                                w[i] -= form == RONDO_ADAM_KERAS
                                            ? rate * std::sqrt(c2) / c1 * md[i] / (std::sqrt(vd[i]) + e)
                                            : rate / c1 * md[i] / (std::sqrt(vd[i] / c2) + e);
                            }
                        }
                        EXPECT_TRUE(close(parameters, w, Tolerance{8 * float_epsilon, 0.0})) << "form " << form;
                        EXPECT_TRUE(close(m, md, Tolerance{8 * float_epsilon, 0.0}));
                        EXPECT_TRUE(close(v, vd, Tolerance{1e-9, 8 * float_epsilon}));
                        results.push_back(parameters.copy());
                    }
                    EXPECT_TRUE(same(results[1], results[0])) << "by threads";
                }
            }
        }
    });
}

class Rmsprop : public testing::TestWithParam<Isa> {};

TEST_P(Rmsprop, agrees) {
    struct Form {
        int32_t form;
        bool centered;
        float momentum;
    };
    std::vector<Form> forms;
    for (const int32_t form : {RONDO_ROOT_KERAS, RONDO_ROOT_PYTORCH})
        for (const bool centered : {false, true})
            for (const float momentum : {0.0f, 0.8f}) forms.push_back({form, centered, momentum});
    in_both_placements([&] {
        for (const Form form : forms) {
            for (const int64_t count : counts) {
                Random random(5);
                const Floats before = random.floats(count);
                std::vector<std::vector<float>> results;
                for (const int32_t threads : {1, 3}) {
                    Random steps(6);
                    const ContextOf context(GetParam().number, threads);
                    Floats parameters(before.copy()), v(count), m(count), velocity(count);
                    std::vector<double> w(before.begin(), before.end());
                    std::vector<double> vd(w.size(), 0.0), md(w.size(), 0.0), velocityd(w.size(), 0.0);
                    for (int32_t step = 0; step < 4; step++) {
                        const Floats gradients = steps.floats(count);
                        const Floats scale = {0.5f};
                        // The rate changes, so that where it stands with momentum matters.
                        const float rate = step < 2 ? 0.01f : 0.03f;
                        auto call = call_of<rondo_rmsprop>(RONDO_OP_RMSPROP);
                        call.count = count;
                        call.parameters = parameters.data();
                        call.gradients = gradients.data();
                        call.v = v.data();
                        call.m = form.centered ? m.data() : nullptr;
                        call.velocity = form.momentum == 0.0f ? nullptr : velocity.data();
                        call.scale = step % 2 == 0 ? scale.data() : nullptr;
                        call.rate = rate;
                        call.rho = 0.9f;
                        call.epsilon = 1e-2f; // large, so that its place matters
                        call.momentum = form.momentum;
                        call.form = form.form;
                        run(context, &call);
                        const double r = static_cast<double>(rate), rho = static_cast<double>(0.9f);
                        const double e = static_cast<double>(1e-2f), mu = static_cast<double>(form.momentum);
                        for (size_t i = 0; i < w.size(); i++) {
                            const double g = (step % 2 == 0 ? 0.5 : 1.0) * static_cast<double>(gradients.data()[i]);
                            vd[i] = rho * vd[i] + (1.0 - rho) * g * g;
                            md[i] = rho * md[i] + (1.0 - rho) * g;
                            const double a = form.centered ? vd[i] - md[i] * md[i] : vd[i];
                            if (form.form == RONDO_ROOT_KERAS) {
                                velocityd[i] = mu * velocityd[i] + r * g / std::sqrt(a + e);
                                w[i] -= velocityd[i];
                            } else {
                                velocityd[i] = mu * velocityd[i] + g / (std::sqrt(a) + e);
                                w[i] -= r * velocityd[i];
                            }
                        }
                    }
                    // Steps of up to 0.1, each a few roundings; v - m^2 loses no more than its first digit.
                    EXPECT_TRUE(close(parameters, w, Tolerance{16 * float_epsilon, 0.0})) << "form " << form.form;
                    EXPECT_TRUE(close(v, vd, Tolerance{1e-9, 8 * float_epsilon}));
                    if (form.centered) {
                        EXPECT_TRUE(close(m, md, Tolerance{8 * float_epsilon, 0.0}));
                    }
                    if (form.momentum != 0.0f) {
                        EXPECT_TRUE(close(velocity, velocityd, Tolerance{64 * float_epsilon, 16 * float_epsilon}));
                    }
                    results.push_back(parameters.copy());
                }
                EXPECT_TRUE(same(results[1], results[0])) << "by threads";
            }
        }
    });
}

// With gradients that stay the same the variance is zero, which rounding must not take below zero.
TEST_P(Rmsprop, staysFiniteWhereTheGradientDoesNotChange) {
    const ContextOf context(GetParam().number);
    for (const int32_t form : {RONDO_ROOT_KERAS, RONDO_ROOT_PYTORCH}) {
        Random random(7);
        const Floats gradients = random.floats(1000);
        Floats parameters(1000), v(1000), m(1000);
        auto call = call_of<rondo_rmsprop>(RONDO_OP_RMSPROP);
        call.count = 1000;
        call.parameters = parameters.data(), call.gradients = gradients.data();
        call.v = v.data(), call.m = m.data();
        call.rate = 1e-3f, call.rho = 0.5f, call.epsilon = 1e-12f, call.form = form;
        for (int32_t step = 0; step < 60; step++) run(context, &call);
        for (const float w : parameters) ASSERT_TRUE(std::isfinite(w));
    }
}

class Adagrad : public testing::TestWithParam<Isa> {};

TEST_P(Adagrad, agrees) {
    in_both_placements([&] {
        for (const int32_t form : {RONDO_ROOT_KERAS, RONDO_ROOT_PYTORCH}) {
            for (const int64_t count : counts) {
                Random random(8);
                const Floats before = random.floats(count);
                std::vector<std::vector<float>> results;
                for (const int32_t threads : {1, 3}) {
                    Random steps(9);
                    const ContextOf context(GetParam().number, threads);
                    Floats parameters(before.copy()), sum(count, 0.1f);
                    std::vector<double> w(before.begin(), before.end()), sums(w.size(), static_cast<double>(0.1f));
                    for (int32_t step = 0; step < 4; step++) {
                        const Floats gradients = steps.floats(count);
                        const Floats scale = {0.5f};
                        auto call = call_of<rondo_adagrad>(RONDO_OP_ADAGRAD);
                        call.count = count;
                        call.parameters = parameters.data();
                        call.gradients = gradients.data();
                        call.sum = sum.data();
                        call.scale = step % 2 == 0 ? scale.data() : nullptr;
                        call.rate = 0.05f;
                        call.epsilon = 1e-2f;
                        call.form = form;
                        run(context, &call);
                        const double e = static_cast<double>(1e-2f);
                        for (size_t i = 0; i < w.size(); i++) {
                            const double g = (step % 2 == 0 ? 0.5 : 1.0) * static_cast<double>(gradients.data()[i]);
                            sums[i] += g * g;
                            w[i] -= static_cast<double>(0.05f) * g /
                                    (form == RONDO_ROOT_KERAS ? std::sqrt(sums[i] + e) : std::sqrt(sums[i]) + e);
                        }
                    }
                    EXPECT_TRUE(close(parameters, w, Tolerance{8 * float_epsilon, 0.0})) << "form " << form;
                    EXPECT_TRUE(close(sum, sums, Tolerance{0.0, 8 * float_epsilon}));
                    results.push_back(parameters.copy());
                }
                EXPECT_TRUE(same(results[1], results[0])) << "by threads";
            }
        }
    });
}

class Clip : public testing::TestWithParam<Isa> {};

TEST_P(Clip, scalesEachTensorToItsNorm) {
    in_both_placements([&] {
        // Tensors of every tail with gaps between them; every other one is small enough to stay as it is.
        std::vector<int64_t> bounds;
        int64_t count = 3;
        for (const int64_t size : counts) {
            bounds.push_back(count);
            bounds.push_back(count + size);
            count += size + 5;
        }
        const Guarded<int64_t> guarded_bounds(bounds);
        Random random(10);
        Floats before = random.floats(count);
        for (size_t i = 0; i < counts.size(); i += 2)
            for (int64_t j = bounds[2 * i]; j < bounds[2 * i + 1]; j++) before[j] *= 1e-3f;
        std::vector<double> expected(before.begin(), before.end());
        constexpr double most = 0.25;
        for (size_t i = 0; i < counts.size(); i++) {
            double sum = 0.0;
            for (int64_t j = bounds[2 * i]; j < bounds[2 * i + 1]; j++)
                sum += expected[static_cast<size_t>(j)] * expected[static_cast<size_t>(j)];
            if (std::sqrt(sum) <= most) continue;
            for (int64_t j = bounds[2 * i]; j < bounds[2 * i + 1]; j++)
                expected[static_cast<size_t>(j)] *= most / std::sqrt(sum);
        }
        std::vector<std::vector<float>> results;
        for (const int32_t threads : {1, 3}) {
            const ContextOf context(GetParam().number, threads);
            Floats x(before.copy());
            auto call = call_of<rondo_clip>(RONDO_OP_CLIP);
            call.kind = RONDO_CLIP_NORM;
            call.tensors = static_cast<int32_t>(counts.size());
            call.count = count;
            call.x = x.data();
            call.bounds = guarded_bounds.data();
            call.max = static_cast<float>(most);
            run_with_scratch(context, call);
            EXPECT_TRUE(close(x, expected, Tolerance{0.0, 2 * float_epsilon}));
            results.push_back(x.copy());
            call.max = std::numeric_limits<float>::infinity();
            run_with_scratch(context, call);
            EXPECT_TRUE(same(x, results.back())) << "infinity clips nothing";
        }
        EXPECT_TRUE(same(results[1], results[0])) << "by threads";
    });
}

TEST_P(Clip, boundsEachNumber) {
    in_both_placements([&] {
        for (const int64_t count : counts) {
            for (const int32_t threads : {1, 3}) {
                const ContextOf context(GetParam().number, threads);
                Random random(11);
                Floats x = random.floats(count, -2.0, 2.0);
                std::vector<float> expected = x.copy();
                for (float &v : expected) v = v < -0.75f ? -0.75f : v > 0.75f ? 0.75f : v;
                auto call = call_of<rondo_clip>(RONDO_OP_CLIP);
                call.kind = RONDO_CLIP_VALUE;
                call.count = count;
                call.x = x.data();
                call.max = 0.75f;
                run(context, &call);
                EXPECT_TRUE(same(x, expected));
            }
        }
    });
    const ContextOf context(GetParam().number);
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    Floats x = {nan, infinity, -infinity, -0.0f, 0.5f};
    auto call = call_of<rondo_clip>(RONDO_OP_CLIP);
    call.kind = RONDO_CLIP_VALUE;
    call.count = 5;
    call.x = x.data();
    call.max = 2.0f;
    run(context, &call);
    EXPECT_TRUE(same(x, std::vector<float>{nan, 2.0f, -2.0f, -0.0f, 0.5f}));
}

TEST(ClipErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4);
    Guarded<int64_t> bounds = {0, 5};
    const auto scratch = aligned_memory(64);
    auto clip = call_of<rondo_clip>(RONDO_OP_CLIP);
    EXPECT_EQ(error_of(context, clip), "clip: max: expected more than 0, got 0");
    clip.max = 1.0f;
    clip.kind = 2;
    EXPECT_EQ(error_of(context, clip), "clip: kind: expected 0 to 1, got 2");
    clip.kind = RONDO_CLIP_NORM;
    clip.count = 4;
    clip.tensors = 1;
    EXPECT_EQ(error_of(context, clip), "clip: x: expected a pointer, got NULL");
    clip.x = x.data();
    EXPECT_EQ(error_of(context, clip), "clip: scratch: expected 64 bytes, got NULL");
    clip.scratch = const_cast<char *>(scratch.data());
    clip.scratch_bytes = 64;
    EXPECT_EQ(error_of(context, clip), "clip: bounds: expected a pointer, got NULL");
    clip.bounds = bounds.data();
    EXPECT_EQ(error_of(context, clip, RONDO_OUT_OF_RANGE),
              "clip: bounds[0]: expected 0 <= begin <= end <= 4, got 0 and 5");
    bounds[0] = 3, bounds[1] = 2;
    EXPECT_EQ(error_of(context, clip, RONDO_OUT_OF_RANGE),
              "clip: bounds[0]: expected 0 <= begin <= end <= 4, got 3 and 2");
}

TEST(OptimizerErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4);
    auto sgd = call_of<rondo_sgd>(RONDO_OP_SGD);
    sgd.count = 4;
    sgd.parameters = x.data();
    sgd.gradients = x.data();
    sgd.momentum = 0.5f;
    EXPECT_EQ(error_of(context, sgd), "sgd: velocity: expected a pointer, got NULL");
    sgd.momentum = 1.0f;
    EXPECT_EQ(error_of(context, sgd), "sgd: momentum: expected at least 0 and less than 1, got 1");
    sgd.momentum = 0.0f;
    sgd.rate = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(error_of(context, sgd), "sgd: rate: expected a finite number, got nan");
    auto adam = call_of<rondo_adam>(RONDO_OP_ADAM);
    EXPECT_EQ(error_of(context, adam), "adam: step: expected at least 1, got 0");
    adam.form = 2;
    EXPECT_EQ(error_of(context, adam), "adam: form: expected 0 to 1, got 2");
    adam.form = 0;
    adam.step = 1;
    adam.decay = -0.5f;
    EXPECT_EQ(error_of(context, adam), "adam: decay: expected at least 0, got -0.5");
    auto rmsprop = call_of<rondo_rmsprop>(RONDO_OP_RMSPROP);
    rmsprop.rho = 1.0f;
    EXPECT_EQ(error_of(context, rmsprop), "rmsprop: rho: expected at least 0 and less than 1, got 1");
    rmsprop.rho = 0.5f;
    rmsprop.form = -1;
    EXPECT_EQ(error_of(context, rmsprop), "rmsprop: form: expected 0 to 1, got -1");
    rmsprop.form = RONDO_ROOT_KERAS;
    rmsprop.count = 4;
    rmsprop.parameters = rmsprop.v = x.data();
    rmsprop.gradients = x.data();
    rmsprop.momentum = 0.5f;
    EXPECT_EQ(error_of(context, rmsprop), "rmsprop: velocity: expected a pointer, got NULL");
    auto adagrad = call_of<rondo_adagrad>(RONDO_OP_ADAGRAD);
    adagrad.count = 4;
    adagrad.parameters = x.data();
    adagrad.gradients = x.data();
    EXPECT_EQ(error_of(context, adagrad), "adagrad: sum: expected a pointer, got NULL");
    adagrad.epsilon = std::numeric_limits<float>::infinity();
    EXPECT_EQ(error_of(context, adagrad), "adagrad: epsilon: expected a finite number, got inf");
}

RONDO_EACH_ISA(Sgd);
RONDO_EACH_ISA(Adam);
RONDO_EACH_ISA(Rmsprop);
RONDO_EACH_ISA(Adagrad);
RONDO_EACH_ISA(Clip);

} // namespace
