// Sums of numbers that are given by their logarithms, of which -infinity stands for zero.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/softmax.inl.hpp"

namespace {

constexpr float log_of_zero = -__builtin_inff();

// Something finite below all logarithms, so that the difference of two zeros is not NaN.
template <class S> inline typename S::F finite(typename S::F top) { return S::max(S::broadcast(-1e30f), top); }

// log(exp a + exp b + exp c).
template <class S> inline typename S::F log_of_sum(typename S::F a, typename S::F b, typename S::F c) {
    using F = typename S::F;
    const F top = finite<S>(S::max(a, S::max(b, c)));
    const F sum = S::add(exp_below<S>(a, top), S::add(exp_below<S>(b, top), exp_below<S>(c, top)));
    return S::add(top, Math<S>::log(sum));
}

// The log of the sum of a row of whole vectors; with Share, share[i] becomes the part that exp(row[i]) has of it.
template <class S, bool Share> inline float log_of_row(const float *row, int64_t width, float *share) {
    using F = typename S::F;
    const float top = largest_of<S>(row, width);
    const F tops = finite<S>(S::broadcast(top));
    F sums = S::zero();
    for (int64_t i = 0; i < width; i += S::lanes) {
        const F e = exp_below<S>(S::load(row + i), tops);
        if constexpr (Share) S::store(share + i, e);
        sums = S::add(sums, e);
    }
    const float sum = S::sum(sums);
    if constexpr (Share) {
        const F inverse = S::broadcast(1.0f / sum);
        map<S>(0, width, share, share, [inverse](F e) { return S::mul(e, inverse); });
    }
    return top + log_of<S>(sum);
}

// Takes the largest away from a row of whole vectors, and gives it; a row without any stays as it is.
template <class S> inline float take_largest(float *row, int64_t width) {
    using F = typename S::F;
    const float top = largest_of<S>(row, width);
    if (top == log_of_zero) return top;
    const F tops = S::broadcast(top);
    map<S>(0, width, row, row, [tops](F x) { return S::sub(x, tops); });
    return top;
}

} // namespace
