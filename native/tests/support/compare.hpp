// The comparator of the native tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace rondo::test {

// |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
    double absolute;
    double relative;
};

inline constexpr double float_epsilon = 1.1920928955078125e-7; // 2^-23

// For a sum of `terms` products whose magnitudes sum to about `magnitude`: each rounding is off by at most eps/2 of a
// partial sum, errors of random sign grow as the root of their number, and 8 covers the worst of many elements.
inline Tolerance sum_tolerance(int64_t terms, double magnitude = 1.0) {
    const double error = 8.0 * 0.5 * float_epsilon * std::sqrt(static_cast<double>(terms) + 1.0);
    return {error * magnitude, error};
}

// Compares element by element. NaN agrees with NaN alone, an infinity with the same infinity. Says which element is
// farthest beyond its tolerance.
template <class Actual, class Expected>
testing::AssertionResult close(const Actual *actual, const Expected *expected, int64_t count, Tolerance tolerance) {
    int64_t worst = -1, failures = 0;
    double worst_ratio = 1.0;
    for (int64_t i = 0; i < count; i++) {
        const double a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
        double ratio = 0.0;
        if (std::isnan(a) || std::isnan(e) || std::isinf(a) || std::isinf(e)) {
            const bool same = (std::isnan(a) && std::isnan(e)) || a == e;
            ratio = same ? 0.0 : std::numeric_limits<double>::infinity();
        } else {
            const double difference = std::abs(a - e);
            const double allowed = tolerance.absolute + tolerance.relative * std::abs(e);
            ratio = difference <= allowed ? 0.0
                    : allowed > 0.0       ? difference / allowed
                                          : std::numeric_limits<double>::max();
        }
        if (ratio > 1.0) {
            failures++;
            if (worst < 0 || ratio > worst_ratio) {
                worst = i;
                worst_ratio = ratio;
            }
        }
    }
    if (worst < 0) return testing::AssertionSuccess();
    return testing::AssertionFailure() << failures << " of " << count << " differ; worst at [" << worst << "]: got "
                                       << actual[worst] << ", expected " << expected[worst] << ", " << worst_ratio
                                       << " times the tolerance " << tolerance.absolute << " + " << tolerance.relative
                                       << " |expected|";
}

template <class Actual, class Expected>
testing::AssertionResult close(const Actual &actual, const Expected &expected, Tolerance tolerance) {
    if (static_cast<int64_t>(actual.size()) != static_cast<int64_t>(expected.size()))
        return testing::AssertionFailure() << "got " << actual.size() << " elements, expected " << expected.size();
    return close(actual.data(), expected.data(), static_cast<int64_t>(actual.size()), tolerance);
}

// Compares the bits, apart from those of a NaN.
template <class Actual, class Expected> testing::AssertionResult same(const Actual &actual, const Expected &expected) {
    const int64_t count = static_cast<int64_t>(actual.size());
    if (count != static_cast<int64_t>(expected.size()))
        return testing::AssertionFailure() << "got " << count << " elements, expected " << expected.size();
    for (int64_t i = 0; i < count; i++) {
        const double a = static_cast<double>(actual.data()[i]), e = static_cast<double>(expected.data()[i]);
        if ((a == e && std::signbit(a) == std::signbit(e)) || (std::isnan(a) && std::isnan(e))) continue;
        return testing::AssertionFailure()
               << "differ at [" << i << "] of " << count << ": got " << a << ", expected " << e;
    }
    return testing::AssertionSuccess();
}

} // namespace rondo::test
