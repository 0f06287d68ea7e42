// GRU, with the reset gate after or before the recurrent product.
//
// r = s(Wr x + Ur h' + br), z likewise, h = (1-z)*n + z*h' = n + z*(h' - n)
// after:  n = tanh(Wn x + bn + r*q), q = Un h' + bhn
// before: n = tanh(Wn x + Un (r*h') + bn)
//
// A step has two parts: r and z of two vectors of units in a tile, then n of four. With the reset before, Un needs r*h'
// of all units, so that everybody must be done with the first part; with the reset after, what the second needs of the
// first is the units' own. Besides r, z and n the saved rows keep q, or r*h'.
#pragma once

#include "kernels/recurrent.inl.hpp"

namespace {

// r and z; with the reset before also r*h', for the second part.
template <class S, class A> struct GruGates {
    using L = ResetUpdateLayout;
    static constexpr bool apart = false;
    int64_t hidden;
    bool before;

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R> RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int64_t u0) const {
        for (int v = 0; v < 2; v++) {
            const int64_t u = u0 + v * S::lanes;
            with_lanes<S>(u, hidden, [&](auto n) {
                for (int r = 0; r < R; r++) {
                    float *gates = rows.gates[r] + u;
                    const auto reset = A::sigmoid(tile.v[r][v]);
                    store_lanes<S>(gates, reset, n);
                    store_lanes<S>(gates + hidden, A::sigmoid(tile.v[r][2 + v]), n);
                    if (!before) continue;
                    store_lanes<S>(gates + 3 * hidden, S::mul(reset, load_lanes<S>(rows.operand[r] + u, n)), n);
                }
            });
        }
    }
};

// h = n + z (h' - n), n = tanh(sum), for n units from u on.
template <class S, class A, int R>
RONDO_INLINE void update_state(typename S::F sum, const ForwardRows<R> &rows, int r, int64_t u, int n, int64_t hidden,
                               bool training) {
    float *gates = rows.gates[r] + u;
    const auto candidate = A::tanh(sum);
    const auto change = S::sub(load_lanes<S>(rows.h[r] + u, n), candidate);
    store_state<S>(rows, r, u, S::fma(load_lanes<S>(gates + hidden, n), change, candidate), n);
    if (training) store_lanes<S>(gates + 2 * hidden, candidate, n);
}

// n and h, with the reset after: q, of which n takes a part, is apart from what the input makes.
template <class S, class A> struct GruCandidateAfter {
    using L = UnitsLayout;
    static constexpr bool apart = true;
    int64_t hidden;
    bool training;
    const float *bias; // of q

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R>
    RONDO_INLINE void finish(const Tile<S, R> &q, const Tile<S, R> &input, const ForwardRows<R> &rows,
                             int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            with_lanes<S>(u, hidden, [&](auto n) {
                for (int r = 0; r < R; r++) {
                    if (training) store_lanes<S>(rows.gates[r] + 3 * hidden + u, q.v[r][v], n);
                    const auto reset = load_lanes<S>(rows.gates[r] + u, n);
                    update_state<S, A>(S::fma(reset, q.v[r][v], input.v[r][v]), rows, r, u, n, hidden, training);
                }
            });
        }
    }
};

// n and h, with the reset before.
template <class S, class A> struct GruCandidateBefore {
    using L = UnitsLayout;
    static constexpr bool apart = false;
    int64_t hidden;
    bool training;

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.gates[r] + 3 * hidden;
    }

    template <int R> RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            with_lanes<S>(u, hidden, [&](auto n) {
                for (int r = 0; r < R; r++) update_state<S, A>(tile.v[r][v], rows, r, u, n, hidden, training);
            });
        }
    }
};

template <class S, class A, class Step> void gru_step(const Step &step, int32_t phase) {
    const int64_t hidden = step.call().hidden_size;
    const bool before = step.call().cell == RONDO_CELL_GRU_RESET_BEFORE;
    const rondo::RecurrentPack &pack = step.pack();
    const InputPart candidate = candidate_input(pack, hidden);
    if (phase == 0) step_phase<S>(GruGates<S, A>{hidden, before}, gates_input(pack), pack.weight_hh, step);
    if (!before) {
        step_phase<S>(GruCandidateAfter<S, A>{hidden, step.training(), pack.bias_hn}, candidate, pack.weight_hn, step);
    } else if (phase == 1) {
        step_phase<S>(GruCandidateBefore<S, A>{hidden, step.training()}, candidate, pack.weight_hn, step);
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
            Tile<S, R> tiles[1];
            Tile<S, R> &tile = tiles[0];
            clear(tile);
            const Panel<S> panel(w.pack.backward_n + u0 * hidden, hidden);
            multiply_add<1>(tiles, dn, panel, hidden, Next{});
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
void gru_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
              rondo::Slice slice) {
    if (w.call->cell == RONDO_CELL_GRU_RESET_AFTER) {
        back_phase<S>(GruBack<S, A, true>{w.call->hidden_size}, w, group, s, slice);
    } else if (phase == 0) {
        back_phase<S>(GruBack<S, A, false>{w.call->hidden_size}, w, group, s, slice);
    } else {
        gru_before_reset_back<S, A>(w, group, s, slice);
    }
}

} // namespace
