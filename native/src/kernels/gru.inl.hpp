// GRU, with the reset gate after or before the recurrent product.
//
// r = s(Wr x + Ur h' + br), z likewise, h = (1-z)*n + z*h' = n + z*(h' - n)
// after:  n = tanh(Wn x + bn + r*q), q = Un h' + bhn
// before: n = tanh(Wn x + Un (r*h') + bn)
//
// With the reset after, a tile holds the three gates of one vector of units; the third sum is q. With the reset before,
// Un needs r*h' of all units, so a step has two phases: r and z of two vectors of units, then n of four. Besides r, z
// and n the saved rows keep q, or r*h'.
#pragma once

#include "kernels/recurrent.inl.hpp"

namespace {

template <class S, class A> struct GruAfterStep {
    using L = GruLayout;
    using F = typename S::F;
    int64_t hidden;
    bool training;
    const float *bias_hn;

    template <int R> RONDO_INLINE void start(Tile<S, R, 3> &tile, const ForwardRows<R> &rows, int r, int64_t u) const {
        const int n = lanes_at<S>(u, hidden);
        tile.v[r][0] = load_lanes<S>(rows.gates[r] + u, n);
        tile.v[r][1] = load_lanes<S>(rows.gates[r] + hidden + u, n);
        tile.v[r][2] = S::load(bias_hn + u);
    }

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R>
    RONDO_INLINE void finish(const Tile<S, R, 3> &tile, const ForwardRows<R> &rows, int r, int64_t u) const {
        const int n = lanes_at<S>(u, hidden);
        float *gates = rows.gates[r] + u;
        const F reset = A::sigmoid(tile.v[r][0]);
        const F update = A::sigmoid(tile.v[r][1]);
        const F q = tile.v[r][2];
        const F candidate = A::tanh(S::fma(reset, q, load_lanes<S>(gates + 2 * hidden, n)));
        const F h = S::fma(update, S::sub(load_lanes<S>(rows.h[r] + u, n), candidate), candidate);
        store_state<S>(rows, r, u, h, n);
        if (!training) return;
        store_lanes<S>(gates, reset, n);
        store_lanes<S>(gates + hidden, update, n);
        store_lanes<S>(gates + 2 * hidden, candidate, n);
        store_lanes<S>(gates + 3 * hidden, q, n);
    }
};

// r and z, and r*h' for the second phase.
template <class S, class A> struct GruBeforeGates {
    using L = ResetUpdateLayout;
    int64_t hidden;
    bool training;

    template <int R> RONDO_INLINE void start(Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v % 2 * S::lanes;
            tile.v[r][v] = load_lanes<S>(rows.gates[r] + v / 2 * hidden + u, lanes_at<S>(u, hidden));
        }
    }

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R>
    RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 2; v++) {
            const int64_t u = u0 + v * S::lanes;
            const int n = lanes_at<S>(u, hidden);
            float *gates = rows.gates[r] + u;
            const auto reset = A::sigmoid(tile.v[r][v]);
            store_lanes<S>(gates + hidden, A::sigmoid(tile.v[r][2 + v]), n);
            store_lanes<S>(gates + 3 * hidden, S::mul(reset, load_lanes<S>(rows.operand[r] + u, n)), n);
            if (training) store_lanes<S>(gates, reset, n);
        }
    }
};

template <class S, class A> struct GruBeforeCandidate {
    using L = UnitsLayout;
    int64_t hidden;
    bool training;

    template <int R> RONDO_INLINE void start(Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            tile.v[r][v] = load_lanes<S>(rows.gates[r] + 2 * hidden + u, lanes_at<S>(u, hidden));
        }
    }

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.gates[r] + 3 * hidden;
    }

    template <int R>
    RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            const int n = lanes_at<S>(u, hidden);
            float *gates = rows.gates[r] + u;
            const auto candidate = A::tanh(tile.v[r][v]);
            const auto update = load_lanes<S>(gates + hidden, n);
            const auto h = S::fma(update, S::sub(load_lanes<S>(rows.h[r] + u, n), candidate), candidate);
            store_state<S>(rows, r, u, h, n);
            if (training) store_lanes<S>(gates + 2 * hidden, candidate, n);
        }
    }
};

template <class S, class A>
void gru_after_step(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
                    rondo::Slice slice) {
    step_phase<S>(GruAfterStep<S, A>{w.call->hidden_size, w.training, w.pack.bias_hn}, w.pack.weight_hh, w, group, s,
                  slice);
}

template <class S, class A>
void gru_before_step(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
                     rondo::Slice slice) {
    if (phase == 0) {
        step_phase<S>(GruBeforeGates<S, A>{w.call->hidden_size, w.training}, w.pack.weight_hh, w, group, s, slice);
    } else {
        step_phase<S>(GruBeforeCandidate<S, A>{w.call->hidden_size, w.training}, w.pack.weight_hn, w, group, s, slice);
    }
}

template <class S, class A, bool After> struct GruBack {
    using F = typename S::F;
    int64_t hidden;

    template <int R> RONDO_INLINE void operator()(const BackwardRows<R> &rows, int r, int64_t u, int n, F dh) const {
        float *gates = rows.gates[r] + u;
        const F update = load_lanes<S>(gates + hidden, n);
        const F candidate = load_lanes<S>(gates + 2 * hidden, n);
        const F difference = S::sub(load_lanes<S>(rows.h_before[r] + u, n), candidate);
        const F kept = S::mul(dh, update);
        const F dn = S::mul(S::sub(dh, kept), A::tanh_gradient(candidate));
        store_lanes<S>(rows.carry_out[r] + u, kept, n);
        store_lanes<S>(gates + hidden, S::mul(S::mul(dh, difference), A::sigmoid_gradient(update)), n);
        store_lanes<S>(gates + 2 * hidden, dn, n);
        if constexpr (After) {
            const F reset = load_lanes<S>(gates, n);
            const F q = load_lanes<S>(gates + 3 * hidden, n);
            store_lanes<S>(gates, S::mul(S::mul(dn, q), A::sigmoid_gradient(reset)), n);
            store_lanes<S>(gates + 3 * hidden, S::mul(dn, reset), n);
        }
    }
};

// The second phase with the reset before: d(r*h') = dn Un, which reaches r and h'.
template <class S, class A>
void gru_before_reset_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
                           rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    const rondo_recurrent_backward &call = *w.call;
    const int64_t hidden = call.hidden_size;
    int64_t begin, end;
    slice.range(hidden, width, begin, end);
    for (int64_t u0 = begin; u0 < end; u0 += width) {
        for_tiles<S>(group.live(w.walk, s), [&](int64_t first, auto of) {
            constexpr int R = of.value;
            const float *dn[R];
            for (int r = 0; r < R; r++) dn[r] = w.gates.at(s, group.first + first + r) + 2 * hidden;
            Tile<S, R> tile;
            clear(tile);
            multiply_add<1, 4>(tile, dn, w.pack.backward_n + u0 * hidden, hidden);
            for (int r = 0; r < R; r++) {
                const int64_t slot = group.first + first + r;
                const float *mask = call.recurrent_mask ? call.recurrent_mask + w.walk.order[slot] * hidden : nullptr;
                for (int v = 0; v < 4; v++) {
                    const int64_t u = u0 + v * S::lanes;
                    const int n = lanes_at<S>(u, hidden);
                    if (n == 0) continue;
                    float *gates = w.gates.at(s, slot) + u;
                    float *carry = w.carry.at(s, slot) + u;
                    const auto reset = load_lanes<S>(gates, n);
                    auto h_before = load_lanes<S>(w.h.at(s, slot) + u, n);
                    auto through = S::mul(tile.v[r][v], reset);
                    if (mask) {
                        h_before = S::mul(h_before, load_lanes<S>(mask + u, n));
                        through = S::mul(through, load_lanes<S>(mask + u, n));
                    }
                    store_lanes<S>(gates, S::mul(S::mul(tile.v[r][v], h_before), A::sigmoid_gradient(reset)), n);
                    store_lanes<S>(carry, S::add(load_lanes<S>(carry, n), through), n);
                }
            }
        });
    }
}

template <class S, class A>
void gru_after_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
                    rondo::Slice slice) {
    back_phase<S>(GruBack<S, A, true>{w.call->hidden_size}, w, group, s, slice);
}

template <class S, class A>
void gru_before_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
                     int32_t phase, rondo::Slice slice) {
    if (phase == 0) {
        back_phase<S>(GruBack<S, A, false>{w.call->hidden_size}, w, group, s, slice);
    } else {
        gru_before_reset_back<S, A>(w, group, s, slice);
    }
}

} // namespace
