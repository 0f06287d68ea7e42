// sigmoid and tanh, of which all recurrent cells are made, over the floats.
//
// The default run takes every 23rd of the 2^32 bit patterns where the functions bend, which is 2^-12 <= |x| < 128, and
// every 61st of the others; RONDO_TEST_STRIDE=1 takes all. Over all of them sigmoid is off by at most 9.7e-8 and tanh by
// at most 1.5e-7 on every instruction set.
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

constexpr float bend_begins = 0x1p-12f, bend_ends = 128.0f;

bool bends(float x) { return std::abs(x) >= bend_begins && std::abs(x) < bend_ends; }

uint64_t stride(float x) {
    static const long forced = [] {
        const char *text = std::getenv("RONDO_TEST_STRIDE");
        return text != nullptr ? std::atol(text) : 0;
    }();
    return forced > 0 ? static_cast<uint64_t>(forced) : bends(x) ? 23 : 61;
}

// In double; where they do not bend by what they are there to far more digits than a float has.
double exact_sigmoid(float x) {
    const double d = static_cast<double>(x);
    if (bends(x)) return 1.0 / (1.0 + std::exp(-d));
    return std::abs(x) < 1.0f ? 0.5 + d / 4.0 : d > 0.0 ? 1.0 : 0.0;
}
double exact_tanh(float x) {
    const double d = static_cast<double>(x);
    if (bends(x)) return std::tanh(d);
    return std::abs(x) < 1.0f ? d - d * d * d / 3.0 : d > 0.0 ? 1.0 : -1.0;
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
        x.reserve(chunk);
        for (uint64_t bits = 0; bits < 1ull << 32;) {
            x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
            bits += stride(x.back());
            if (static_cast<int64_t>(x.size()) < chunk && bits < 1ull << 32) continue;
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
        const double error = std::abs(static_cast<double>(y) - exact_sigmoid(x));
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
    double worst = 0.0, worst_relative = 0.0, worst_ulp = 0.0;
    float at = 0.0f, relative_at = 0.0f, ulp_at = 0.0f;
    int64_t wrong = 0;
    walk(RONDO_UNARY_TANH, [&](float x, float y) {
        if (std::isnan(x)) {
            wrong += !std::isnan(y);
            return;
        }
        wrong += !(y >= -1.0f && y <= 1.0f) || std::signbit(y) != std::signbit(x);
        const double expected = exact_tanh(x);
        const double error = std::abs(static_cast<double>(y) - expected);
        if (error > worst) {
            worst = error;
            at = x;
        }
        if (std::abs(x) < std::numeric_limits<float>::min()) return; // denormals are taken for zeros
        if (std::abs(x) < 1e-3f) {
            const double ulp = std::ldexp(1.0, std::ilogb(expected) - 23);
            if (error > worst_ulp * ulp) {
                worst_ulp = error / ulp;
                ulp_at = x;
            }
        }
        if (error > worst_relative * std::abs(expected)) {
            worst_relative = error / std::abs(expected);
            relative_at = x;
        }
    });
    std::printf(
        "%s: tanh is off by at most %.3g, at %.9g; relatively by %.3g, at %.9g; below 1e-3 by %.2f ulp, at %.9g\n",
        isa_name(GetParam().number), worst, static_cast<double>(at), worst_relative, static_cast<double>(relative_at),
        worst_ulp, static_cast<double>(ulp_at));
    EXPECT_LE(worst, 2e-7);
    EXPECT_LE(worst_relative, 4e-7) << "near zero it must be relatively precise";
    EXPECT_LE(worst_ulp, 4.0) << "near zero";
    EXPECT_EQ(wrong, 0) << "NaN lost, outside [-1, 1], or of the other sign";
}

// Limits, zeros of both signs and denormals, which kernels take for zeros: bit for bit, at every place of a vector.
TEST_P(Activation, areRightAtTheEnds) {
    const float infinity = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
    const float denormal = std::numeric_limits<float>::denorm_min();
    for (size_t place = 0; place < 20; place++) {
        const auto at = [&](int32_t kind, float x) {
            std::vector<float> values(place + 1, 0.25f), y;
            values[place] = x;
            apply(kind, values, y);
            return y[place];
        };
        const auto is = [](float actual, float expected) {
            return std::bit_cast<uint32_t>(actual) == std::bit_cast<uint32_t>(expected);
        };
        for (const float x : {10.0f, 20.0f, 89.0f, 1e4f, largest, infinity}) {
            EXPECT_TRUE(is(at(RONDO_UNARY_TANH, x), 1.0f)) << x;
            EXPECT_TRUE(is(at(RONDO_UNARY_TANH, -x), -1.0f)) << -x;
        }
        for (const float x : {0.0f, denormal, 1e-39f}) {
            EXPECT_TRUE(is(at(RONDO_UNARY_TANH, x), 0.0f)) << x;
            EXPECT_TRUE(is(at(RONDO_UNARY_TANH, -x), -0.0f)) << -x;
            EXPECT_TRUE(is(at(RONDO_UNARY_SIGMOID, x), 0.5f)) << x;
            EXPECT_TRUE(is(at(RONDO_UNARY_SIGMOID, -x), 0.5f)) << -x;
        }
        for (const float x : {17.5f, 20.0f, 100.0f, largest, infinity})
            EXPECT_TRUE(is(at(RONDO_UNARY_SIGMOID, x), 1.0f)) << x;
        for (const float x : {-88.5f, -100.0f, -largest, -infinity})
            EXPECT_TRUE(is(at(RONDO_UNARY_SIGMOID, x), 0.0f)) << x;
        const float nan = std::numeric_limits<float>::quiet_NaN();
        EXPECT_TRUE(std::isnan(at(RONDO_UNARY_TANH, nan)));
        EXPECT_TRUE(std::isnan(at(RONDO_UNARY_TANH, -nan)));
        EXPECT_TRUE(std::isnan(at(RONDO_UNARY_SIGMOID, nan)));
        EXPECT_TRUE(std::isnan(at(RONDO_UNARY_SIGMOID, -nan)));
    }
}

RONDO_EACH_ISA(Activation);

} // namespace
