// Reductions. Sums are taken in double, in an order that depends on the sizes alone: the same on every instruction set,
// as a double holds the square of a float exactly. Written as loops over short arrays, which the compiler turns into
// vectors.
#pragma once

#include "kernels/table.hpp"

namespace {

constexpr int sum_lanes = 16;

inline double sum_of(const double (&sums)[sum_lanes]) {
    double folded[sum_lanes];
    for (int l = 0; l < sum_lanes; l++) folded[l] = sums[l];
    for (int half = sum_lanes / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) folded[l] += folded[l + half];
    return folded[0];
}

// The sum of term(x[i]) over n elements: element i goes to lane i % 16, the lanes are added at the end.
template <class Term> inline double sum_in_lanes(const float *x, int64_t n, const Term &term) {
    double sums[sum_lanes] = {};
    int64_t i = 0;
    for (; i + sum_lanes <= n; i += sum_lanes)
        for (int l = 0; l < sum_lanes; l++) sums[l] += term(static_cast<double>(x[i + l]));
    for (int l = 0; i + l < n; l++) sums[l] += term(static_cast<double>(x[i + l]));
    return sum_of(sums);
}

// The larger one; NaN if either is.
inline float larger(float a, float b) { return b > a || b != b ? b : a; }

// One y from a contiguous axis.
inline float reduce_axis(const float *x, int64_t n, int32_t kind) {
    if (kind == RONDO_REDUCE_MAX) {
        float best = x[0];
        for (int64_t i = 1; i < n; i++) best = larger(best, x[i]);
        return best;
    }
    const double sum = sum_in_lanes(x, n, [](double v) { return v; });
    return static_cast<float>(kind == RONDO_REDUCE_MEAN ? sum / static_cast<double>(n) : sum);
}

constexpr int reduce_width = 32;

// Of rows that are pages apart so many columns at once: a row's part is a stretch of memory then, and their sums are in
// the L1 cache instead of registers (400 rows of 10,000: 1.4 to 1.7 times as fast).
constexpr int wide_reduce_width = 256;

// y[0..width-1] from n rows that are `stride` apart.
template <int Width>
inline void reduce_rows(const float *x, int64_t n, int64_t stride, int width, int32_t kind, float *y) {
    constexpr int most = Width > 0 ? Width : reduce_width;
    if (Width > 0) width = Width;
    if (kind == RONDO_REDUCE_MAX) {
        float best[most];
        for (int l = 0; l < width; l++) best[l] = x[l];
        for (int64_t a = 1; a < n; a++)
            for (int l = 0; l < width; l++) best[l] = larger(best[l], x[a * stride + l]);
        for (int l = 0; l < width; l++) y[l] = best[l];
        return;
    }
    double sums[most];
    for (int l = 0; l < width; l++) sums[l] = 0.0;
    for (int64_t a = 0; a < n; a++)
        for (int l = 0; l < width; l++) sums[l] += static_cast<double>(x[a * stride + l]);
    const double divisor = kind == RONDO_REDUCE_MEAN ? static_cast<double>(n) : 1.0;
    for (int l = 0; l < width; l++) y[l] = static_cast<float>(sums[l] / divisor);
}

template <int Width> inline void reduce_blocks(const rondo_reduce &call, rondo::Slice slice) {
    const int64_t blocks = (call.inner + Width - 1) / Width;
    int64_t begin, end;
    slice.range(call.outer * blocks, 1, begin, end);
    for (int64_t block = begin; block < end; block++) {
        const int64_t o = block / blocks;
        const int64_t j = block % blocks * Width;
        const int64_t rest = call.inner - j;
        const float *x = call.x + o * call.axis * call.inner + j;
        float *y = call.y + o * call.inner + j;
        if (rest >= Width) {
            reduce_rows<Width>(x, call.axis, call.inner, Width, call.kind, y);
            continue;
        }
        for (int64_t l = 0; l < rest; l += reduce_width) {
            const int width = static_cast<int>(rest - l < reduce_width ? rest - l : reduce_width);
            reduce_rows<0>(x + l, call.axis, call.inner, width, call.kind, y + l);
        }
    }
}

template <class S> void reduce(const rondo::ReduceWork &work, rondo::Slice slice) {
    const rondo_reduce &call = *work.call;
    if (call.inner == 1) {
        int64_t begin, end;
        slice.range(call.outer, 16, begin, end);
        for (int64_t o = begin; o < end; o++) call.y[o] = reduce_axis(call.x + o * call.axis, call.axis, call.kind);
    } else if (call.inner >= 4 * wide_reduce_width && call.outer * call.inner >= 4 * wide_reduce_width * slice.count) {
        reduce_blocks<wide_reduce_width>(call, slice);
    } else {
        reduce_blocks<reduce_width>(call, slice);
    }
}

template <class S> void sum_of_squares(const rondo::SumOfSquaresWork &work, rondo::Slice slice) {
    constexpr int64_t block = rondo::SumOfSquaresWork::block;
    int64_t begin, end;
    slice.range((work.count + block - 1) / block, 1, begin, end);
    for (int64_t b = begin; b < end; b++) {
        const int64_t rest = work.count - b * block;
        work.sums[b] = sum_in_lanes(work.x + b * block, rest < block ? rest : block, [](double v) { return v * v; });
    }
}

} // namespace
