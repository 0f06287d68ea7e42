// The comparator and the guarded arrays, which other tests trust.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

#include "support/compare.hpp"
#include "support/guarded.hpp"

namespace {

using namespace rondo::test;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Close, takesWhatLiesWithin) {
    const std::vector<float> a = {1.0f, -2.0f, 0.0f};
    const std::vector<double> e = {1.05, -2.15, 0.1};
    EXPECT_TRUE(close(a, e, Tolerance{0.1, 0.05}));
    EXPECT_TRUE(close(a, a, Tolerance{0.0, 0.0}));
}

TEST(Close, namesTheWorst) {
    const std::vector<float> a = {1.0f, 2.0f, 3.0f, 4.0f};
    const std::vector<double> e = {1.2, 2.0, 4.0, 4.5};
    const testing::AssertionResult result = close(a, e, Tolerance{0.1, 0.0});
    EXPECT_FALSE(result);
    EXPECT_NE(std::string(result.message()).find("3 of 4 differ; worst at [2]: got 3, expected 4"), std::string::npos)
        << result.message();
}

TEST(Close, refusesNanAndInfinityThatDoNotMatch) {
    const Tolerance wide = {1e30, 1e30};
    EXPECT_FALSE(close(std::vector<float>{nan}, std::vector<double>{1.0}, wide));
    EXPECT_FALSE(close(std::vector<float>{1.0f}, std::vector<float>{nan}, wide));
    EXPECT_FALSE(close(std::vector<float>{infinity}, std::vector<double>{1.0}, wide));
    EXPECT_FALSE(close(std::vector<float>{1.0f}, std::vector<float>{infinity}, wide));
    EXPECT_FALSE(close(std::vector<float>{infinity}, std::vector<float>{-infinity}, wide));
    EXPECT_FALSE(close(std::vector<float>{nan}, std::vector<float>{infinity}, wide));
    EXPECT_TRUE(close(std::vector<float>{nan, infinity}, std::vector<float>{nan, infinity}, Tolerance{0.0, 0.0}));
}

TEST(Close, namesANanBeforeALargeDifference) {
    const testing::AssertionResult result =
        close(std::vector<float>{9.0f, nan, 9.0f}, std::vector<double>{0.0, 0.0, 0.0}, Tolerance{0.0, 0.0});
    EXPECT_NE(std::string(result.message()).find("worst at [1]"), std::string::npos) << result.message();
}

TEST(Close, refusesOtherSizes) {
    EXPECT_FALSE(close(std::vector<float>{1.0f}, std::vector<double>{}, Tolerance{1.0, 1.0}));
}

TEST(Same, comparesBits) {
    EXPECT_TRUE(same(std::vector<float>{1.0f, nan}, std::vector<float>{1.0f, nan}));
    EXPECT_FALSE(same(std::vector<float>{1.0f}, std::vector<float>{1.0000001f}));
    EXPECT_FALSE(same(std::vector<float>{0.0f}, std::vector<float>{-0.0f}));
    EXPECT_FALSE(same(std::vector<float>{nan}, std::vector<float>{0.0f}));
}

TEST(Guarded, reportsWhatIsWrittenBesideIt) {
    placement() = Against::end;
    EXPECT_NONFATAL_FAILURE(
        {
            Floats array(3);
            array[-1] = 1.0f;
        },
        "written 4 bytes before an array");
    placement() = Against::start;
    EXPECT_NONFATAL_FAILURE(
        {
            Floats array(3);
            array[3] = 1.0f;
        },
        "bytes behind an array");
    placement() = Against::end;
}

TEST(GuardedDeathTest, endsWhoTouchesThePage) {
    const auto read_behind = [] {
        placement() = Against::end;
        const Floats array(3);
        volatile float sink = array[3];
        (void)sink;
    };
    const auto write_before = [] {
        placement() = Against::start;
        Floats array(3);
        array[-1] = 1.0f;
    };
    EXPECT_DEATH(read_behind(), "");
    EXPECT_DEATH(write_before(), "");
}

} // namespace
