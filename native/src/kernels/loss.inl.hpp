// Losses that compare predictions with targets element by element, with their gradients.
//
// A sequence's elements lie together, the padded ones at its end, so it is cut into blocks without a look at steps. A
// block goes by in pieces that fit in registers and the first-level cache: losses and errors in float, then their sums
// in double, in an order that depends on the sizes alone.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/reduce.inl.hpp"
#include "kernels/table.hpp"

namespace {

// What one vector of predictions and targets gives.
template <class S> struct LossOf {
    typename S::F loss;
    typename S::F error;    // prediction - target
    typename S::F gradient; // of the loss by x
};

template <class S, int32_t Kind> inline LossOf<S> loss_of(typename S::F x, typename S::F t) {
    using F = typename S::F;
    const F one = S::broadcast(1.0f);
    if constexpr (Kind == RONDO_LOSS_SQUARED) {
        const F error = S::sub(x, t);
        return {S::mul(error, error), error, S::add(error, error)};
    } else if constexpr (Kind == RONDO_LOSS_ABSOLUTE) {
        const F error = S::sub(x, t);
        const F negative = S::if_less(error, S::zero(), S::broadcast(-1.0f), error); // a zero and NaN stay
        return {S::abs(error), error, S::if_less(S::zero(), error, one, negative)};
    } else if constexpr (Kind == RONDO_LOSS_BINARY) {
        const F least = S::broadcast(-100.0f); // max keeps a NaN of its second operand
        const F rest = S::sub(one, x);
        const F log_of_x = S::max(least, Math<S>::log(x));
        const F log_of_rest = S::max(least, Math<S>::log(rest));
        const F loss = S::fma(S::sub(one, t), log_of_rest, S::mul(t, log_of_x));
        const F error = S::sub(x, t);
        return {S::sub(S::zero(), loss), error, S::div(error, S::max(S::broadcast(1e-12f), S::mul(x, rest)))};
    } else {
        const F e = Math<S>::exp(S::sub(S::zero(), S::abs(x)));
        const F loss = S::add(S::fnma(x, t, S::max(S::zero(), x)), Math<S>::log_of_one_more(e));
        const F error = S::sub(Math<S>::sigmoid(x), t);
        return {loss, error, error};
    }
}

// Elements x[0..n-1], all real. d may be x.
template <class S, int32_t Kind, bool Gradient>
inline rondo::ElementwiseLossWork::Sums losses_of(const float *x, const float *t, int64_t n, float inverse, float *d) {
    using F = typename S::F;
    constexpr int64_t piece = 64;
    static_assert(piece % S::lanes == 0 && piece % sum_lanes == 0);
    const F inverses = S::broadcast(inverse);
    double losses[sum_lanes] = {}, squares[sum_lanes] = {}, absolutes[sum_lanes] = {};
    int64_t right = 0;
    for (int64_t i = 0; i < n; i += piece) {
        const int64_t count = n - i < piece ? n - i : piece;
        if constexpr (Kind == RONDO_LOSS_BINARY || Kind == RONDO_LOSS_BINARY_LOGITS) {
            const float half = Kind == RONDO_LOSS_BINARY ? 0.5f : 0.0f; // before d overwrites x
            for (int64_t j = i; j < i + count; j++) right += (x[j] > half) == (t[j] > 0.5f);
        }
        float loss[piece], error[piece];
        for (int64_t j = 0; j < count; j += S::lanes) {
            const int64_t rest = count - j;
            const bool whole = rest >= S::lanes;
            const int first = static_cast<int>(rest);
            const LossOf<S> of = loss_of<S, Kind>(whole ? S::load(x + i + j) : S::load_first(x + i + j, first),
                                                  whole ? S::load(t + i + j) : S::load_first(t + i + j, first));
            S::store(loss + j, of.loss);
            S::store(error + j, of.error);
            if constexpr (Gradient) {
                const F gradient = S::mul(of.gradient, inverses);
                whole ? S::store(d + i + j, gradient) : S::store_first(d + i + j, gradient, first);
            }
        }
        for (int64_t j = 0; j < count; j += sum_lanes) {
            const int64_t rest = count - j < sum_lanes ? count - j : sum_lanes;
            for (int64_t l = 0; l < rest; l++) {
                const double e = static_cast<double>(error[j + l]);
                losses[l] += static_cast<double>(loss[j + l]);
                squares[l] += e * e;
                absolutes[l] += e < 0.0 ? -e : e;
            }
        }
    }
    return {sum_of(losses), sum_of(squares), sum_of(absolutes), static_cast<double>(right)};
}

template <class S, int32_t Kind, bool Gradient>
void loss_blocks(const rondo::ElementwiseLossWork &work, rondo::Slice slice) {
    using F = typename S::F;
    constexpr int64_t block = rondo::ElementwiseLossWork::block;
    const rondo_elementwise_loss &call = *work.call;
    int64_t begin, end;
    slice.range(work.sequences * work.blocks, 1, begin, end);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t sequence = tile / work.blocks;
        const int64_t from = tile % work.blocks * block;
        const int64_t rest = work.length - from;
        const int64_t count = rest < block ? rest : block;
        int64_t real = count;
        if (call.lengths != nullptr) {
            const int64_t last = int64_t{call.lengths[sequence]} * call.features - from;
            real = last < 0 ? 0 : last < count ? last : count;
        }
        const int64_t offset = sequence * work.length + from;
        float *d = Gradient ? call.dx + offset : nullptr;
        work.sums[tile] = losses_of<S, Kind, Gradient>(call.x + offset, call.targets + offset, real, work.inverse, d);
        if constexpr (Gradient) map<S>(real, count, d, d, [](F) { return S::zero(); });
    }
}

template <class S, int32_t Kind> void loss_kind(const rondo::ElementwiseLossWork &work, rondo::Slice slice) {
    if (work.call->dx != nullptr) {
        loss_blocks<S, Kind, true>(work, slice);
    } else {
        loss_blocks<S, Kind, false>(work, slice);
    }
}

template <class S> void elementwise_loss(const rondo::ElementwiseLossWork &work, rondo::Slice slice) {
    switch (work.call->kind) {
    case RONDO_LOSS_SQUARED: return loss_kind<S, RONDO_LOSS_SQUARED>(work, slice);
    case RONDO_LOSS_ABSOLUTE: return loss_kind<S, RONDO_LOSS_ABSOLUTE>(work, slice);
    case RONDO_LOSS_BINARY: return loss_kind<S, RONDO_LOSS_BINARY>(work, slice);
    case RONDO_LOSS_BINARY_LOGITS: return loss_kind<S, RONDO_LOSS_BINARY_LOGITS>(work, slice);
    default: return;
    }
}

} // namespace
