// Softmax, and its cross-entropy with the gradient. A row is read three times, from the first-level cache: for its
// largest value, for the exponentials and their sum, and to scale them.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> inline float largest_of(const float *x, int64_t n) {
    using F = typename S::F;
    if (n < S::lanes) {
        float best = x[0];
        for (int64_t j = 1; j < n; j++) best = x[j] > best ? x[j] : best;
        return best;
    }
    F best = S::load(x);
    for (int64_t j = S::lanes; j + S::lanes <= n; j += S::lanes) best = S::max(best, S::load(x + j));
    return S::largest(S::max(best, S::load(x + n - S::lanes))); // the last ones, some of them for the second time
}

template <class S> inline int64_t index_of_first(const float *x, int64_t n, float value) {
    for (int64_t j = 0; j < n; j++)
        if (x[j] == value) return j;
    return n;
}

// exp(x - top) for x <= top, zero where it would be a denormal.
template <class S> inline typename S::F exp_below(typename S::F x, typename S::F top) {
    const typename S::F d = S::sub(x, top);
    return S::if_less(d, S::broadcast(-87.0f), S::zero(), Math<S>::exp(d));
}

// The first n lanes of x, the others zero.
template <class S> inline typename S::F keep_first(typename S::F x, int n) {
    float all[S::lanes];
    S::store(all, x);
    return S::load_first(all, n);
}

// How many columns of a row count.
template <class Call> inline int64_t softmax_columns(const Call &call, int64_t row) {
    return call.lengths ? rondo::safe_length(call.lengths, row / call.rows_per_length, call.columns) : call.columns;
}

template <class S> void softmax(const rondo::SoftmaxWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_softmax &call = *work.call;
    int64_t begin, end;
    slice.range(call.rows, 1, begin, end);
    for (int64_t r = begin; r < end; r++) {
        const int64_t n = softmax_columns(call, r);
        const float *x = call.x + r * call.columns;
        float *y = call.y + r * call.columns;
        map<S>(n, call.columns, y, y, [](F) { return S::zero(); });
        if (n == 0) continue;
        const F top = S::broadcast(largest_of<S>(x, n));
        F sum = S::zero();
        int64_t j = 0;
        for (; j + S::lanes <= n; j += S::lanes) {
            const F e = exp_below<S>(S::load(x + j), top);
            S::store(y + j, e);
            sum = S::add(sum, e);
        }
        if (j < n) {
            const int rest = static_cast<int>(n - j);
            const F e = exp_below<S>(S::load_first(x + j, rest), top);
            S::store_first(y + j, e, rest);
            sum = S::add(sum, keep_first<S>(e, rest));
        }
        const F inverse = S::broadcast(1.0f / S::sum(sum));
        map<S>(0, n, y, y, [inverse](F e) { return S::mul(e, inverse); });
    }
}

template <class S> void softmax_gradient(const rondo::SoftmaxGradientWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_softmax_gradient &call = *work.call;
    int64_t begin, end;
    slice.range(call.rows, 1, begin, end);
    for (int64_t r = begin; r < end; r++) {
        const int64_t n = softmax_columns(call, r);
        const float *y = call.y + r * call.columns;
        const float *dy = call.dy + r * call.columns;
        float *dx = call.dx + r * call.columns;
        F products = S::zero();
        for_vectors<S>(0, n, [&](auto load, auto) { products = S::fma(load(y), load(dy), products); });
        const F sum = S::broadcast(S::sum(products));
        map<S>(0, n, y, dy, dx, [sum](F value, F gradient) { return S::mul(value, S::sub(gradient, sum)); });
        map<S>(n, call.columns, dx, dx, [](F) { return S::zero(); });
    }
}

template <class S> inline float log_of(float x) {
    float y;
    S::store_first(&y, Math<S>::log(S::broadcast(x)), 1);
    return y;
}

// The loss of one row with a label. With Gradient, d becomes (softmax - onehot) * inverse; d may be x.
template <class S, bool Gradient>
inline void cross_entropy_of_label(const float *x, int32_t label, int64_t n, float inverse, float *d, float &loss,
                                   float &right) {
    using F = typename S::F;
    const float top = largest_of<S>(x, n);
    const float at_label = x[label];
    right = at_label == top && index_of_first<S>(x, n, top) == label ? 1.0f : 0.0f;
    const F tops = S::broadcast(top);
    F sums = S::zero();
    int64_t j = 0;
    for (; j + S::lanes <= n; j += S::lanes) {
        const F e = exp_below<S>(S::load(x + j), tops);
        if constexpr (Gradient) S::store(d + j, e);
        sums = S::add(sums, e);
    }
    if (j < n) {
        const int rest = static_cast<int>(n - j);
        const F e = exp_below<S>(S::load_first(x + j, rest), tops);
        if constexpr (Gradient) S::store_first(d + j, e, rest);
        sums = S::add(sums, keep_first<S>(e, rest));
    }
    const float sum = S::sum(sums);
    loss = log_of<S>(sum) - (at_label - top);
    if constexpr (Gradient) {
        const F factor = S::broadcast(inverse / sum);
        map<S>(0, n, d, d, [factor](F e) { return S::mul(e, factor); });
        d[label] -= inverse;
    }
}

// The same with a target for each class: -sum target log softmax, d = (softmax sum target - target) * inverse.
template <class S, bool Gradient>
inline void cross_entropy_of_targets(const float *x, const float *target, int64_t n, float inverse, float *d,
                                     float &loss, float &right) {
    using F = typename S::F;
    const float top = largest_of<S>(x, n);
    const float most = largest_of<S>(target, n);
    const int64_t at = index_of_first<S>(target, n, most);
    right = at < n && at == index_of_first<S>(x, n, top) ? 1.0f : 0.0f;
    const F tops = S::broadcast(top);
    F sums = S::zero(), targets = S::zero(), products = S::zero();
    int64_t j = 0;
    for (; j + S::lanes <= n; j += S::lanes) {
        const F v = S::load(x + j);
        const F t = S::load(target + j);
        const F e = exp_below<S>(v, tops);
        if constexpr (Gradient) S::store(d + j, e);
        sums = S::add(sums, e);
        targets = S::add(targets, t);
        products = S::fma(t, S::sub(v, tops), products);
    }
    if (j < n) {
        const int rest = static_cast<int>(n - j);
        const F v = S::load_first(x + j, rest);
        const F t = S::load_first(target + j, rest);
        const F e = exp_below<S>(v, tops);
        if constexpr (Gradient) S::store_first(d + j, e, rest);
        sums = S::add(sums, keep_first<S>(e, rest));
        targets = S::add(targets, t);
        products = S::add(products, keep_first<S>(S::mul(t, S::sub(v, tops)), rest));
    }
    const float sum = S::sum(sums);
    const float all = S::sum(targets);
    loss = all * log_of<S>(sum) - S::sum(products);
    if constexpr (Gradient) {
        const F factor = S::broadcast(inverse * all / sum);
        const F inverses = S::broadcast(inverse);
        map<S>(0, n, d, target, d, [=](F e, F t) { return S::sub(S::mul(e, factor), S::mul(t, inverses)); });
    }
}

template <class S, bool Gradient>
void cross_entropy_rows(const rondo::SoftmaxCrossEntropyWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_softmax_cross_entropy &call = *work.call;
    const int64_t n = call.classes;
    int64_t begin, end;
    slice.range(int64_t{call.batch_size} * call.time_steps, 1, begin, end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = call.logits + r * n;
        float *d = Gradient ? call.dlogits + r * n : nullptr;
        if (call.lengths != nullptr && r % call.time_steps >= call.lengths[r / call.time_steps]) {
            work.losses[r] = 0.0f;
            work.right[r] = 0.0f;
            if constexpr (Gradient) map<S>(0, n, d, d, [](F) { return S::zero(); });
        } else if (call.labels != nullptr) {
            // Checked, but in memory of the caller, which a defective one may write to meanwhile.
            const uint32_t label = static_cast<uint32_t>(__atomic_load_n(call.labels + r, __ATOMIC_RELAXED));
            const int32_t safe = label < static_cast<uint32_t>(n) ? static_cast<int32_t>(label) : 0;
            cross_entropy_of_label<S, Gradient>(x, safe, n, work.inverse, d, work.losses[r], work.right[r]);
        } else {
            cross_entropy_of_targets<S, Gradient>(x, call.targets + r * n, n, work.inverse, d, work.losses[r],
                                                  work.right[r]);
        }
    }
}

template <class S> void softmax_cross_entropy(const rondo::SoftmaxCrossEntropyWork &work, rondo::Slice slice) {
    if (work.call->dlogits != nullptr) {
        cross_entropy_rows<S, true>(work, slice);
    } else {
        cross_entropy_rows<S, false>(work, slice);
    }
}

} // namespace
