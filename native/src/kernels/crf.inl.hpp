// A linear-chain conditional random field (Lafferty, McCallum & Pereira 2001), by the forward-backward algorithm.
//
// Tags lie side by side in vectors: a step forward takes, for all tags, the log of a sum over the tags before, with
// rows of the transitions; a step back the same with rows of their transpose. Each step's largest is taken away, and
// their sum is in double, so that long sequences lose nothing. The gradient of the transitions is summed after
// all sequences, each row of it by one slice, in the order of the sequences and steps whoever does it.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/ctc.inl.hpp"
#include "kernels/logspace.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

// y[j] = log of the sum over i of exp(x[i] + matrix[i][j]).
template <class S>
inline void log_of_product(const float *x, const float *matrix, int64_t count, int64_t width, float *y) {
    using F = typename S::F;
    for (int64_t j = 0; j < width; j += S::lanes) {
        F top = S::broadcast(log_of_zero);
        for (int64_t i = 0; i < count; i++)
            top = S::max(S::add(S::broadcast(x[i]), S::load(matrix + i * width + j)), top);
        top = finite<S>(top);
        F sum = S::zero();
        for (int64_t i = 0; i < count; i++)
            sum = S::add(sum, exp_below<S>(S::add(S::broadcast(x[i]), S::load(matrix + i * width + j)), top));
        S::store(y + j, S::add(top, Math<S>::log(sum)));
    }
}

// row = a + b, and none behind the tags. a and b may be row.
inline void add_tags(const float *a, const float *b, int64_t count, int64_t width, float *row) {
    for (int64_t j = 0; j < count; j++) row[j] = a[j] + b[j];
    for (int64_t j = count; j < width; j++) row[j] = log_of_zero;
}

template <class S> inline double crf_loss(const rondo::CrfWork &work, int64_t b, int64_t length, float *row) {
    const rondo_crf &call = *work.call;
    const int64_t k = call.classes;
    const float *emissions = call.emissions + b * call.time_steps * k;
    float *alpha = work.alphas + b * call.time_steps * work.width;
    float *arrival = work.arrivals + b * call.time_steps * work.width;
    add_tags(call.start, emissions, k, work.width, alpha);
    double all = static_cast<double>(take_largest<S>(alpha, work.width));
    for (int64_t t = 1; t < length; t++) {
        const float *before = alpha;
        alpha += work.width;
        arrival += work.width;
        log_of_product<S>(before, work.from, k, work.width, arrival);
        add_tags(arrival, emissions + t * k, k, work.width, alpha);
        all += static_cast<double>(take_largest<S>(alpha, work.width));
    }
    add_tags(alpha, call.end, k, work.width, row);
    all += static_cast<double>(log_of_row<S, false>(row, work.width, row));
    int32_t tag = bounded_class(call.tags, b * call.time_steps, call.classes);
    double score = static_cast<double>(call.start[tag]) + static_cast<double>(emissions[tag]);
    for (int64_t t = 1; t < length; t++) {
        const int32_t before = tag;
        tag = bounded_class(call.tags, b * call.time_steps + t, call.classes);
        score += static_cast<double>(call.transitions[before * k + tag]);
        score += static_cast<double>(emissions[t * k + tag]);
    }
    return all - (score + static_cast<double>(call.end[tag]));
}

template <class S>
inline void crf_back(const rondo::CrfWork &work, int64_t b, int64_t length, float *beta, float *row) {
    using F = typename S::F;
    const rondo_crf &call = *work.call;
    const int64_t k = call.classes;
    const F inverse = S::broadcast(work.inverse);
    for (int64_t j = 0; j < work.width; j++) beta[j] = j < k ? call.end[j] : log_of_zero;
    for (int64_t t = length - 1; t >= 0; t--) {
        const int64_t step = b * call.time_steps + t;
        float *marginal = work.marginals + step * work.width;
        const float *alpha = work.alphas + step * work.width;
        map<S>(0, work.width, alpha, beta, marginal, [](F x, F y) { return S::add(x, y); });
        log_of_row<S, true>(marginal, work.width, marginal);
        if (t > 0) { // before demissions, which may be emissions, are written
            add_tags(call.emissions + step * k, beta, k, work.width, row);
            take_largest<S>(row, work.width);
            log_of_product<S>(row, work.to, k, work.width, beta);
        }
        if (call.demissions != nullptr) {
            float *d = call.demissions + step * k;
            map<S>(0, k, marginal, d, [inverse](F p) { return S::mul(p, inverse); });
            d[bounded_class(call.tags, step, call.classes)] -= work.inverse;
        }
    }
}

template <class S> void crf(const rondo::CrfWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_crf &call = *work.call;
    float *beta = work.rows + slice.index * 2 * work.width;
    float *row = beta + work.width;
    int64_t begin, end;
    slice.range(call.batch_size, 1, begin, end);
    for (int64_t b = begin; b < end; b++) {
        const int64_t length = bounded_length(call.lengths, b, call.time_steps);
        work.losses[b] = length == 0 ? 0.0 : crf_loss<S>(work, b, length, row);
        if (call.per_sequence != nullptr) call.per_sequence[b] = static_cast<float>(work.losses[b]);
        if (work.backward && length > 0) crf_back<S>(work, b, length, beta, row);
        if (call.demissions != nullptr) {
            float *d = call.demissions + b * call.time_steps * call.classes;
            map<S>(length * call.classes, int64_t{call.time_steps} * call.classes, d, d, [](F) { return S::zero(); });
        }
    }
}

// A pair of tags has, of the tag that it goes to, the share that the first has in what arrives there.
template <class S> void crf_transitions(const rondo::CrfWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_crf &call = *work.call;
    const int64_t k = call.classes;
    int64_t begin, end;
    slice.range(k, 1, begin, end);
    for (int64_t i = begin; i < end; i++) {
        float *d = call.dtransitions + i * k;
        const float *from = work.from + i * work.width;
        map<S>(0, k, d, d, [](F) { return S::zero(); });
        for (int64_t b = 0; b < call.batch_size; b++) {
            const int64_t length = bounded_length(call.lengths, b, call.time_steps);
            for (int64_t t = 1; t < length; t++) {
                const int64_t step = b * call.time_steps + t;
                const float *arrival = work.arrivals + step * work.width;
                const float *marginal = work.marginals + step * work.width;
                const F before = S::broadcast(work.alphas[(step - 1) * work.width + i]);
                for_vectors<S>(0, k, [&](auto load, auto store) {
                    const F share = exp_below<S>(S::add(before, load(from)), finite<S>(load(arrival)));
                    store(d, S::fma(load(marginal), share, load(d)));
                });
                if (bounded_class(call.tags, step - 1, call.classes) == i)
                    d[bounded_class(call.tags, step, call.classes)] -= 1.0f;
            }
        }
        const F inverse = S::broadcast(work.inverse);
        map<S>(0, k, d, d, [inverse](F sum) { return S::mul(sum, inverse); });
    }
}

} // namespace
