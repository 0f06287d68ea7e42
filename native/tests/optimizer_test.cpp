// SGD and Adam against their equations in double, over several steps.
#include <cmath>
#include <gtest/gtest.h>
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
                        const Floats gradients = steps.floats(count);
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

class Adam : public testing::TestWithParam<Isa> {};

TEST_P(Adam, agrees) {
    in_both_placements([&] {
        for (const int32_t form : {RONDO_ADAM_KERAS, RONDO_ADAM_PYTORCH}) {
            for (const int64_t count : counts) {
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
                            run(context, &call);
                            const double rate = static_cast<double>(0.002f), b1 = static_cast<double>(0.9f);
                            const double b2 = static_cast<double>(0.999f), e = static_cast<double>(1e-3f);
                            const double c1 = 1.0 - std::pow(b1, static_cast<double>(t));
                            const double c2 = 1.0 - std::pow(b2, static_cast<double>(t));
                            for (size_t i = 0; i < w.size(); i++) {
                                const double g = (t % 2 == 0 ? 0.5 : 1.0) * static_cast<double>(gradients.data()[i]);
                                md[i] = b1 * md[i] + (1.0 - b1) * g;
                                vd[i] = b2 * vd[i] + (1.0 - b2) * g * g;
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
}

RONDO_EACH_ISA(Sgd);
RONDO_EACH_ISA(Adam);

} // namespace
