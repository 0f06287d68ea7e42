// Connectionist temporal classification (Graves, Fernandez, Gomez & Schmidhuber 2006).
//
// The labels stand between blanks, which makes 2 L + 1 states: even ones are blanks. alpha of a state is the log of the
// probability of all beginnings of paths that are in it at a step, that step included; beta that of all their ends,
// that step left out. A state is reached from itself, the one before it, and the one before that where these are two
// different labels. All states of a step are computed side by side, so a step is a few vectors.
//
// Numbers stay precise in float because each step's largest alpha is taken away, and their sum, the loss, is in double;
// and because the part that a state has in a step is its share of exp(alpha + beta), which needs no sum over the steps.
// What is lost is what has less than exp(-87) of the largest beside it in one sum of three.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/logspace.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/softmax.inl.hpp"
#include "kernels/table.hpp"

namespace {

// A number of the caller's, who has had it checked and may still be writing to it.
inline int64_t bounded_length(const int32_t *lengths, int64_t i, int64_t most) {
    if (lengths == nullptr) return most;
    const int64_t length = __atomic_load_n(lengths + i, __ATOMIC_RELAXED);
    return length < 0 ? 0 : length > most ? most : length;
}

inline int32_t bounded_class(const int32_t *classes, int64_t i, int32_t count) {
    const uint32_t value = static_cast<uint32_t>(__atomic_load_n(classes + i, __ATOMIC_RELAXED));
    return value < static_cast<uint32_t>(count) ? static_cast<int32_t>(value) : 0;
}

// One sequence.
template <class S> class CtcSequence {
public:
    using F = typename S::F;

    CtcSequence(const rondo::CtcWork &work, const rondo::CtcRows &own, int32_t *states, int64_t b)
        : call(*work.call), rows(own), label(states), length(bounded_length(call.lengths, b, call.time_steps)),
          labels(bounded_length(call.label_lengths, b, call.label_steps)), count(2 * labels + 1),
          width(rondo::CtcRows::width_of(labels, S::lanes)), x(call.logits + b * call.time_steps * call.classes),
          dx(call.dlogits == nullptr ? nullptr : call.dlogits + b * call.time_steps * call.classes) {
        const int32_t *given = call.labels + b * call.label_steps;
        needed = labels;
        for (int64_t s = 0; s < count; s++)
            label[s] = s % 2 == 0 ? call.blank : bounded_class(given, s / 2, call.classes);
        for (int64_t s = -rondo::CtcRows::room; s < width + rondo::CtcRows::room; s++) {
            const bool leap = s >= 3 && s < count && s % 2 == 1 && label[s] != label[s - 2];
            skip()[s] = leap ? 0.0f : log_of_zero;
            emitted()[s] = log_of_zero;
            beta()[s] = log_of_zero;
            next()[s] = log_of_zero;
            needed += s >= 3 && s < count && s % 2 == 1 && !leap;
        }
    }

    // The loss, and the gradient times a weight.
    double loss(float weight) {
        const double found = needed > length ? static_cast<double>(__builtin_inff()) : -forward();
        const bool zero = found == static_cast<double>(__builtin_inff()) && call.impossible == RONDO_CTC_ZERO;
        if (dx != nullptr) {
            const int64_t n = call.classes;
            if (zero) {
                fill(0, 0.0f);
            } else if (!(found < static_cast<double>(__builtin_inff()))) { // NaN, too
                map<S>(0, length * n, dx, dx, [](F) { return S::broadcast(__builtin_nanf("")); });
                fill(length, 0.0f);
            } else {
                backward(weight);
                fill(length, 0.0f);
            }
        }
        return zero ? 0.0 : found;
    }

    int64_t label_count() const { return labels; }

private:
    const rondo_ctc &call;
    const rondo::CtcRows rows;
    int32_t *const label; // of each state
    const int64_t length;
    const int64_t labels;
    const int64_t count; // of states
    const int64_t width; // of rows that have these
    const float *const x;
    float *const dx;
    int64_t needed; // steps that the labels take

    float *skip() const { return rows.other(0); }    // 0 where a state is reached from the last but one before it
    float *emitted() const { return rows.other(1); } // log-probability of each state's class at a step
    float *beta() const { return rows.other(2); }
    float *next() const { return rows.other(3); } // beta with the emission, of the step after

    void fill(int64_t from, float value) {
        const int64_t n = call.classes;
        map<S>(from * n, int64_t{call.time_steps} * n, dx, dx, [value](F) { return S::broadcast(value); });
    }

    void emit(int64_t t) {
        const float *row = x + t * call.classes;
        const float top = rows.tops()[t];
        const float log_sum = log_of<S>(rows.sums()[t]);
        float *e = emitted();
        for (int64_t s = 0; s < count; s++) e[s] = (row[label[s]] - top) - log_sum;
    }

    void measure(int64_t t) {
        const float *row = x + t * call.classes;
        const int64_t n = call.classes;
        const float top = largest_of<S>(row, n);
        const F tops = S::broadcast(top);
        F sum = S::zero();
        int64_t j = 0;
        for (; j + S::lanes <= n; j += S::lanes) sum = S::add(sum, exp_below<S>(S::load(row + j), tops));
        if (j < n) {
            const int rest = static_cast<int>(n - j);
            sum = S::add(sum, keep_first<S>(exp_below<S>(S::load_first(row + j, rest), tops), rest));
        }
        rows.tops()[t] = top;
        rows.sums()[t] = S::sum(sum);
    }

    // The log of the labels' probability.
    double forward() {
        if (length == 0) return 0.0; // no labels either
        double total = 0.0;
        for (int64_t t = 0; t < length; t++) {
            measure(t);
            if (rows.sums()[t] != rows.sums()[t]) return static_cast<double>(rows.sums()[t]); // NaN
            emit(t);
            float *alpha = rows.step(t);
            for (int64_t s = 1; s <= rondo::CtcRows::room; s++) alpha[-s] = log_of_zero;
            const float *e = emitted();
            if (t == 0) {
                for (int64_t s = 0; s < width; s++) alpha[s] = s < 2 ? e[s] : log_of_zero;
            } else {
                const float *before = rows.step(t - 1);
                const float *leap = skip();
                for (int64_t s = 0; s < width; s += S::lanes) {
                    const F far = S::add(S::load(before + s - 2), S::load(leap + s));
                    const F sum = log_of_sum<S>(S::load(before + s), S::load(before + s - 1), far);
                    S::store(alpha + s, S::add(sum, S::load(e + s)));
                }
            }
            const float top = take_largest<S>(alpha, width);
            if (top == log_of_zero) return static_cast<double>(log_of_zero);
            total += static_cast<double>(top);
        }
        const float *last = rows.step(length - 1);
        F end = S::broadcast(last[count - 1]);
        end = log_of_sum<S>(end, S::broadcast(count > 1 ? last[count - 2] : log_of_zero), S::broadcast(log_of_zero));
        float all;
        S::store_first(&all, end, 1);
        return total + static_cast<double>(all);
    }

    void backward(float weight) {
        const int64_t n = call.classes;
        beta()[count - 1] = 0.0f;
        if (count > 1) beta()[count - 2] = 0.0f;
        for (int64_t t = length - 1; t >= 0; t--) {
            emit(t); // before dx, which may be x, is written
            softmax_row(x + t * n, t, weight, dx + t * n);
            float *share = rows.step(t);
            map<S>(0, width, share, beta(), share, [](F a, F b) { return S::add(a, b); });
            log_of_row<S, true>(share, width, share);
            float *d = dx + t * n;
            for (int64_t s = 0; s < count; s++) d[label[s]] -= weight * share[s];
            if (t == 0) return;
            map<S>(0, width, beta(), emitted(), next(), [](F b, F e) { return S::add(b, e); });
            take_largest<S>(next(), width);
            const float *after = next();
            const float *leap = skip();
            for (int64_t s = 0; s < width; s += S::lanes) {
                const F far = S::add(S::load(after + s + 2), S::load(leap + s + 2));
                S::store(beta() + s, log_of_sum<S>(S::load(after + s), S::load(after + s + 1), far));
            }
        }
    }

    void softmax_row(const float *row, int64_t t, float weight, float *y) {
        const F top = S::broadcast(rows.tops()[t]);
        const F factor = S::broadcast(weight / rows.sums()[t]);
        map<S>(0, call.classes, row, y, [=](F v) { return S::mul(exp_below<S>(v, top), factor); });
    }
};

template <class S> void ctc(const rondo::CtcWork &work, rondo::Slice slice) {
    const rondo_ctc &call = *work.call;
    rondo::CtcRows rows = work.rows;
    rows.base += slice.index * work.stride;
    int32_t *states = work.labels + slice.index * rows.width;
    const float inverse = call.reduction == RONDO_CTC_SUM ? 1.0f : 1.0f / static_cast<float>(call.batch_size);
    int64_t begin, end;
    slice.range(call.batch_size, 1, begin, end);
    for (int64_t b = begin; b < end; b++) {
        CtcSequence<S> sequence(work, rows, states, b);
        const int64_t labels = sequence.label_count() > 1 ? sequence.label_count() : 1;
        const bool per_label = call.reduction == RONDO_CTC_MEAN_PER_LABEL;
        work.losses[b] = sequence.loss(per_label ? inverse / static_cast<float>(labels) : inverse);
        if (call.per_sequence != nullptr) call.per_sequence[b] = static_cast<float>(work.losses[b]);
        if (per_label) work.losses[b] /= static_cast<double>(labels);
    }
}

} // namespace
