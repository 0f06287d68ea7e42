// sigmoid and tanh, of which all recurrent cells are made, over the floats.
//
// The default run takes every 1021st of the 2^32 bit patterns; RONDO_TEST_STRIDE=1 takes all.
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "support/library.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

constexpr int64_t chunk = 4096;

uint64_t stride() {
    const char *text = std::getenv("RONDO_TEST_STRIDE");
    const long value = text != nullptr ? std::atol(text) : 0;
    return value > 0 ? static_cast<uint64_t>(value) : 1021;
}

class Activation : public testing::TestWithParam<Isa> {
protected:
    Activation() : context_(GetParam().number) {}

    void apply(int32_t kind, const std::vector<float> &x, std::vector<float> &y) {
        y.resize(x.size());
        auto call = call_of<rondo_unary>(RONDO_OP_UNARY);
        call.kind = kind;
        call.count = static_cast<int64_t>(x.size());
        call.x = x.data();
        call.y = y.data();
        run(context_, &call);
    }

    // Calls check(x, y) for the patterns.
    template <class Check> void walk(int32_t kind, const Check &check) {
        std::vector<float> x, y;
        for (uint64_t bits = 0; bits < 1ull << 32; bits += stride()) {
            x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
            if (static_cast<int64_t>(x.size()) < chunk && bits + stride() < 1ull << 32) continue;
            apply(kind, x, y);
            for (size_t i = 0; i < x.size(); i++) check(x[i], y[i]);
            x.clear();
        }
    }

private:
    ContextOf context_;
};

TEST_P(Activation, sigmoidIsWithinTwoEMinusSeven) {
    double worst = 0.0;
    float at = 0.0f;
    int64_t wrong = 0;
    walk(RONDO_UNARY_SIGMOID, [&](float x, float y) {
        if (std::isnan(x)) {
            wrong += !std::isnan(y);
            return;
        }
        wrong += !(y >= 0.0f && y <= 1.0f);
        const double error = std::abs(static_cast<double>(y) - 1.0 / (1.0 + std::exp(-static_cast<double>(x))));
        if (error > worst) {
            worst = error;
            at = x;
        }
    });
    std::printf("%s: sigmoid is off by at most %.3g, at %.9g\n", isa_name(GetParam().number), worst,
                static_cast<double>(at));
    EXPECT_LE(worst, 2e-7);
    EXPECT_EQ(wrong, 0) << "NaN lost, or outside [0, 1]";
}

TEST_P(Activation, tanhIsWithinTwoEMinusSeven) {
    double worst = 0.0, worst_relative = 0.0;
    float at = 0.0f, relative_at = 0.0f;
    int64_t wrong = 0;
    walk(RONDO_UNARY_TANH, [&](float x, float y) {
        if (std::isnan(x)) {
            wrong += !std::isnan(y);
            return;
        }
        wrong += !(y >= -1.0f && y <= 1.0f);
        const double expected = std::tanh(static_cast<double>(x));
        const double error = std::abs(static_cast<double>(y) - expected);
        if (error > worst) {
            worst = error;
            at = x;
        }
        if (std::abs(x) >= std::numeric_limits<float>::min() && error > worst_relative * std::abs(expected)) {
            worst_relative = error / std::abs(expected);
            relative_at = x;
        }
    });
    std::printf("%s: tanh is off by at most %.3g, at %.9g; relatively by %.3g, at %.9g\n", isa_name(GetParam().number),
                worst, static_cast<double>(at), worst_relative, static_cast<double>(relative_at));
    EXPECT_LE(worst, 2e-7);
    EXPECT_LE(worst_relative, 4e-7) << "near zero it must be relatively precise";
    EXPECT_EQ(wrong, 0) << "NaN lost, or outside [-1, 1]";
}

TEST_P(Activation, saturateExactly) {
    const float infinity = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
    std::vector<float> y;
    apply(RONDO_UNARY_TANH, {infinity, -infinity, largest, -largest, 20.0f, -20.0f, 0.0f, -0.0f, 1e-40f, -1e-40f}, y);
    EXPECT_EQ(y, (std::vector<float>{1, -1, 1, -1, 1, -1, 0, 0, 0, 0}));
    apply(RONDO_UNARY_SIGMOID, {infinity, largest, 100.0f, 20.0f, 0.0f, -0.0f, 1e-40f, -1e-40f}, y);
    EXPECT_EQ(y, (std::vector<float>{1, 1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f}));
    apply(RONDO_UNARY_SIGMOID, {-infinity, -largest, -100.0f}, y);
    for (const float v : y) EXPECT_LE(v, 1.2e-38f);
}

RONDO_EACH_ISA(Activation);

} // namespace
