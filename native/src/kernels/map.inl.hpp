// Loops over the elements of arrays: whole vectors, then the first lanes of one more.
#pragma once

#include "kernels/table.hpp"

namespace {

// y[i] = function(x[i]) for i in [begin, end). y may be x.
template <class S, class Function>
inline void map(int64_t begin, int64_t end, const float *x, float *y, const Function &function) {
    int64_t i = begin;
    for (; i + S::lanes <= end; i += S::lanes) S::store(y + i, function(S::load(x + i)));
    if (i < end) {
        const int rest = static_cast<int>(end - i);
        S::store_first(y + i, function(S::load_first(x + i, rest)), rest);
    }
}

// y[i] = function(a[i], b[i]). y may be a or b.
template <class S, class Function>
inline void map(int64_t begin, int64_t end, const float *a, const float *b, float *y, const Function &function) {
    int64_t i = begin;
    for (; i + S::lanes <= end; i += S::lanes) S::store(y + i, function(S::load(a + i), S::load(b + i)));
    if (i < end) {
        const int rest = static_cast<int>(end - i);
        S::store_first(y + i, function(S::load_first(a + i, rest), S::load_first(b + i, rest)), rest);
    }
}

// Calls step(offset, load, store) for each vector of [begin, end), with loads and stores of all or of the first lanes.
template <class S, class Step> inline void for_vectors(int64_t begin, int64_t end, const Step &step) {
    int64_t i = begin;
    for (; i + S::lanes <= end; i += S::lanes)
        step([i](const float *p) { return S::load(p + i); }, [i](float *p, typename S::F x) { S::store(p + i, x); });
    if (i < end) {
        const int rest = static_cast<int>(end - i);
        step([i, rest](const float *p) { return S::load_first(p + i, rest); },
             [i, rest](float *p, typename S::F x) { S::store_first(p + i, x, rest); });
    }
}

// Elements in a piece of elementwise work: slices are cut at multiples of it.
constexpr int64_t map_grain = 64;

} // namespace
