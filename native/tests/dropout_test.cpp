// Dropout: the generator by its published vectors, the mask by a generator written out here once more.
#include <array>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/dropout.inl.hpp"
#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"
#include "support/simd.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

using Words = std::array<uint32_t, 4>;

// Philox4x32-10, one counter at a time.
Words philox_of(Words counter, std::array<uint32_t, 2> key) {
    for (int round = 0; round < 10; round++) {
        const uint64_t p = 0xD2511F53ull * counter[0], q = 0xCD9E8D57ull * counter[2];
        counter = {static_cast<uint32_t>(q >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(q),
                   static_cast<uint32_t>(p >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

// The known answers that the authors publish with the generator (Random123, philox4x32, 10 rounds).
TEST(Philox, givesTheKnownAnswers) {
    struct Answer {
        Words counter;
        std::array<uint32_t, 2> key;
        Words words;
    };
    const Answer answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (const Answer &answer : answers) {
        EXPECT_EQ(philox_of(answer.counter, answer.key), answer.words);
        Simd::U vectors[4];
        philox<Simd>(answer.counter[0], answer.counter[1], answer.counter[2], answer.counter[3], answer.key[0],
                     answer.key[1], vectors);
        Words words;
        std::memcpy(words.data(), &vectors[0], sizeof words);
        for (size_t w = 0; w < 4; w++) EXPECT_EQ(words[w], answer.words[w]);
    }
}

struct DropoutCase {
    uint64_t seed, step;
    uint32_t stream;
    float rate;
};

Floats dropout(rondo_context *context, const DropoutCase &c, const Floats &x, bool in_place = false) {
    Floats y(x.size(), 9.0f);
    const Guarded<uint64_t> step = {c.step};
    auto call = call_of<rondo_dropout>(RONDO_OP_DROPOUT);
    call.count = x.size();
    call.seed = c.seed;
    call.step = step.data();
    call.stream = c.stream;
    call.rate = c.rate;
    call.x = x.data();
    call.y = y.data();
    if (in_place) {
        for (int64_t i = 0; i < x.size(); i++) y[i] = x[i];
        call.x = y.data();
    }
    run(context, &call);
    return y;
}

class Dropout : public testing::TestWithParam<Isa> {};

TEST_P(Dropout, followsTheGenerator) {
    in_both_placements([&] {
        Random random(1);
        for (const int32_t threads : {1, 3}) {
            const ContextOf context(GetParam().number, threads);
            for (const DropoutCase c :
                 {DropoutCase{1, 0, 0, 0.5f}, DropoutCase{0x123456789abcdef0, 0xfedcba9876543210, 7, 0.1f},
                  DropoutCase{5, 9, 0xffffffff, 0.0f}, DropoutCase{5, 10, 1, 0.999f}}) {
                for (const int64_t count : {0, 1, 3, 4, 63, 64, 65, 1000, 20'011}) {
                    const Floats x = random.floats(count, 1.0, 2.0);
                    std::vector<double> expected;
                    const auto threshold = static_cast<uint32_t>(std::floor(static_cast<double>(c.rate) * 0x1p32));
                    for (int64_t e = 0; e < count; e++) {
                        const Words words =
                            philox_of({static_cast<uint32_t>(e / 4), c.stream, static_cast<uint32_t>(c.step),
                                       static_cast<uint32_t>(c.step >> 32)},
                                      {static_cast<uint32_t>(c.seed), static_cast<uint32_t>(c.seed >> 32)});
                        const bool keep = words[static_cast<size_t>(e % 4)] >= threshold;
                        expected.push_back(keep ? static_cast<double>(x[e]) / (1.0 - static_cast<double>(c.rate))
                                                : 0.0);
                    }
                    const Floats y = dropout(context, c, x);
                    // The scale and its product are rounded once each.
                    EXPECT_TRUE(close(y, expected, Tolerance{0.0, 1.2 * float_epsilon})) << count << " elements";
                    EXPECT_TRUE(same(dropout(context, c, x, true), y));
                }
            }
        }
    });
}

TEST_P(Dropout, dropsAboutTheRate) {
    const ContextOf context(GetParam().number, 2);
    const Floats x(100'000, 1.0f);
    for (const float rate : {0.1f, 0.5f, 0.9f}) {
        int64_t dropped = 0;
        for (const float v : dropout(context, {42, 3, 1, rate}, x)) dropped += v == 0.0f;
        const double deviation = std::sqrt(1e5 * static_cast<double>(rate) * (1.0 - static_cast<double>(rate)));
        EXPECT_NEAR(static_cast<double>(dropped), 1e5 * static_cast<double>(rate), 5.0 * deviation);
    }
}

TEST_P(Dropout, givesZeroForADroppedNan) {
    const ContextOf context(GetParam().number);
    const Floats x(64, std::numeric_limits<float>::quiet_NaN());
    int64_t zeros = 0;
    for (const float v : dropout(context, {1, 2, 3, 0.5f}, x)) zeros += v == 0.0f;
    EXPECT_GT(zeros, 10);
    EXPECT_LT(zeros, 54);
}

TEST(DropoutErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    auto call = call_of<rondo_dropout>(RONDO_OP_DROPOUT);
    for (const float rate : {1.0f, -0.1f, std::numeric_limits<float>::quiet_NaN()}) {
        call.rate = rate;
        EXPECT_NE(error_of(context, call).find("dropout: rate: expected at least 0 and less than 1, got "),
                  std::string::npos);
    }
    call.rate = 0.5f;
    EXPECT_EQ(error_of(context, call), "dropout: step: expected a pointer, got NULL");
    call.count = (int64_t{1} << 34) + 1;
    EXPECT_EQ(error_of(context, call), "dropout: count: expected 0 to 17179869184, got 17179869185");
}

class GaussianNoise : public testing::TestWithParam<Isa> {};

// The radius is at most 5.8 and exact to a few ulp, the cosine to 1e-7 of a turn's circle.
TEST_P(GaussianNoise, isThatOfTheGenerator) {
    const ContextOf context(GetParam().number, 2), alone(GetParam().number, 1);
    in_both_placements([&] {
        Random random(7);
        for (const int64_t count : {0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 20'011}) {
            const Floats x = random.floats(count);
            const Guarded<uint64_t> step = {0x1234567890ull};
            Floats y(count, 9.0f), again(x.copy());
            auto call = call_of<rondo_gaussian_noise>(RONDO_OP_GAUSSIAN_NOISE);
            call.count = count, call.seed = 0xFEDCBA9876543210ull, call.step = step.data(), call.stream = 5;
            call.deviation = 0.5f, call.x = x.data(), call.y = y.data();
            run(context, &call);
            call.x = call.y = again.data();
            run(alone, &call);
            EXPECT_TRUE(same(again, y)) << "in place, on one thread";
            std::vector<double> expected;
            for (int64_t e = 0; e < count; e++) {
                const auto word = [&](uint32_t stream) {
                    const Words counter = {static_cast<uint32_t>(e / 4), stream, 0x34567890u, 0x12u};
                    return philox_of(counter, {0x76543210u, 0xFEDCBA98u})[static_cast<size_t>(e % 4)] >> 8;
                };
                const double u = (1.0 + word(5)) * 0x1p-24, v = word(5 + 0x80000000u) * 0x1p-24;
                expected.push_back(static_cast<double>(x[e]) +
                                   0.5 * std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::acos(-1.0) * v));
            }
            EXPECT_TRUE(close(y, expected, Tolerance{2e-6, 2e-7})) << count;
        }
    });
    auto call = call_of<rondo_gaussian_noise>(RONDO_OP_GAUSSIAN_NOISE);
    call.deviation = -1.0f;
    EXPECT_EQ(error_of(context, call), "gaussian_noise: deviation: expected at least 0, got -1");
    call.stream = 0x80000000u;
    EXPECT_EQ(error_of(context, call), "gaussian_noise: stream: expected 0 to 2147483647, got 2147483648");
}

RONDO_EACH_ISA(GaussianNoise);
RONDO_EACH_ISA(Dropout);

} // namespace
