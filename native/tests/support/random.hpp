// Random data of tests. Seeds are fixed and part of the failure message of whoever uses them.
#pragma once

#include <cstdint>
#include <vector>

#include "support/guarded.hpp"

namespace rondo::test {

// SplitMix64 (Steele, Lea & Flood 2014).
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t bits() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    // In [0, 1).
    double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    // In [low, high), and never the same on both sides of zero.
    float uniform(double low = -1.0, double high = 1.0) { return static_cast<float>(low + (high - low) * unit()); }
    // In low..high.
    int32_t integer(int32_t low, int32_t high) {
        return low + static_cast<int32_t>(bits() % static_cast<uint64_t>(high - low + 1));
    }

    Floats floats(int64_t count, double low = -1.0, double high = 1.0) {
        Floats values(count);
        for (float &v : values) v = uniform(low, high);
        return values;
    }
    Floats integers(int64_t count, int32_t low, int32_t high) {
        Floats values(count);
        for (float &v : values) v = static_cast<float>(integer(low, high));
        return values;
    }
    Ints ints(int64_t count, int32_t low, int32_t high) {
        Ints values(count);
        for (int32_t &v : values) v = integer(low, high);
        return values;
    }

private:
    uint64_t state_;
};

inline std::vector<double> widened(const Floats &values) { return std::vector<double>(values.begin(), values.end()); }

} // namespace rondo::test
