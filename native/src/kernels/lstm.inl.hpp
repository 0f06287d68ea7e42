// LSTM, with and without peepholes.
//
// i = s(Wi x + Ui h' + bi [+ pi*c']), f likewise, g = tanh(Wg x + Ug h' + bg), c = f*c' + i*g,
// o = s(Wo x + Uo h' + bo [+ po*c]), h = o*tanh(c)
//
// A tile holds the four gates of one vector of units.
#pragma once

#include "kernels/recurrent.inl.hpp"

namespace {

template <class S, class A> struct LstmStep {
    using L = LstmLayout;
    using F = typename S::F;
    static constexpr bool apart = false;
    int64_t hidden;
    bool training;
    const float *peepholes; // [3][padded] or null
    int64_t padded;

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    // In two passes over the rows: from the gates to h is a chain of some 160 cycles, and what a processor looks ahead
    // holds two such rows, but many of either half.
    template <int R> RONDO_INLINE void finish(Tile<S, R> &tile, const ForwardRows<R> &rows, int64_t u) const {
        with_lanes<S>(u, hidden, [&](auto n) {
            for (int r = 0; r < R; r++) {
                const F c_before = load_lanes<S>(rows.c[r] + u, n);
                const F i = A::sigmoid(with<0>(tile.v[r][0], c_before, u));
                const F f = A::sigmoid(with<1>(tile.v[r][1], c_before, u));
                const F g = A::tanh(tile.v[r][2]);
                const F c = S::fma(f, c_before, S::mul(i, g));
                tile.v[r][3] = A::sigmoid(with<2>(tile.v[r][3], c, u));
                tile.v[r][2] = c;
                store_lanes<S>(rows.c_after[r] + u, c, n);
                if (!training) continue;
                store_lanes<S>(rows.gates[r] + u, i, n);
                store_lanes<S>(rows.gates[r] + hidden + u, f, n);
                store_lanes<S>(rows.gates[r] + 2 * hidden + u, g, n);
                store_lanes<S>(rows.gates[r] + 3 * hidden + u, tile.v[r][3], n);
            }
            for (int r = 0; r < R; r++) {
                store_state<S>(rows, r, u, S::mul(tile.v[r][3], A::tanh(tile.v[r][2])), n);
            }
        });
    }

private:
    template <int Which> RONDO_INLINE F with(F sum, F c, int64_t u) const {
        if (peepholes) sum = S::fma(S::load(peepholes + Which * padded + u), c, sum);
        return sum;
    }
};

template <class S, class A, class Step> void lstm_step(const Step &step) {
    const int64_t hidden = step.call().hidden_size;
    const rondo::RecurrentPack &pack = step.pack();
    const LstmStep<S, A> phase{hidden, step.training(), pack.peepholes, round_up(hidden, S::lanes)};
    step_phase<S>(phase, gates_input(pack), pack.weight_hh, step);
}

template <class S, class A> struct LstmBack {
    using F = typename S::F;
    int64_t hidden;
    const float *peepholes;
    int64_t padded;

    template <int R> RONDO_INLINE void operator()(const BackwardRows<R> &rows, int r, int64_t u, int n, F dh) const {
        float *gates = rows.gates[r] + u;
        const F i = load_lanes<S>(gates, n);
        const F f = load_lanes<S>(gates + hidden, n);
        const F g = load_lanes<S>(gates + 2 * hidden, n);
        const F o = load_lanes<S>(gates + 3 * hidden, n);
        const F squashed = A::tanh(load_lanes<S>(rows.c[r] + u, n));
        const F d_o = S::mul(S::mul(dh, squashed), A::sigmoid_gradient(o));
        F dc = S::fma(S::mul(dh, o), A::tanh_gradient(squashed), load_lanes<S>(rows.dc[r] + u, n));
        if (peepholes) dc = S::fma(d_o, peephole(2, u), dc);
        const F di = S::mul(S::mul(dc, g), A::sigmoid_gradient(i));
        const F df = S::mul(S::mul(dc, load_lanes<S>(rows.c_before[r] + u, n)), A::sigmoid_gradient(f));
        F dc_before = S::mul(dc, f);
        if (peepholes) dc_before = S::fma(di, peephole(0, u), S::fma(df, peephole(1, u), dc_before));
        store_lanes<S>(rows.dc[r] + u, dc_before, n);
        store_lanes<S>(gates, di, n);
        store_lanes<S>(gates + hidden, df, n);
        store_lanes<S>(gates + 2 * hidden, S::mul(S::mul(dc, i), A::tanh_gradient(g)), n);
        store_lanes<S>(gates + 3 * hidden, d_o, n);
    }

private:
    RONDO_INLINE F peephole(int which, int64_t u) const { return S::load(peepholes + which * padded + u); }
};

template <class S, class A>
void lstm_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
               rondo::Slice slice) {
    const int64_t hidden = w.call->hidden_size;
    back_phase<S>(LstmBack<S, A>{hidden, w.pack.peepholes, round_up(hidden, S::lanes)}, w, group, s, slice);
}

// dpi = sum di*c', dpf = sum df*c', dpo = sum do*c, over all steps and sequences.
template <class S> void peephole_gradient(const rondo::RecurrentBackwardWork &w, rondo::Slice slice) {
    const int64_t hidden = w.call->hidden_size;
    int64_t begin, end;
    slice.range(hidden, S::lanes, begin, end);
    for (int64_t u = begin; u < end; u += S::lanes) {
        const int n = lanes_at<S>(u, hidden);
        typename S::F di = S::zero(), df = S::zero(), d_o = S::zero();
        for (int64_t s = 0; s < w.walk.time_steps; s++) {
            for (int64_t slot = 0; slot < w.walk.live[s]; slot++) {
                const float *gates = w.gates.at(s, slot) + u;
                const auto c_before = load_lanes<S>(w.c.at(s, slot) + u, n);
                const auto c = load_lanes<S>(w.c.at(s + 1, slot) + u, n);
                di = S::fma(load_lanes<S>(gates, n), c_before, di);
                df = S::fma(load_lanes<S>(gates + hidden, n), c_before, df);
                d_o = S::fma(load_lanes<S>(gates + 3 * hidden, n), c, d_o);
            }
        }
        store_lanes<S>(w.call->dpeepholes + u, di, n);
        store_lanes<S>(w.call->dpeepholes + hidden + u, df, n);
        store_lanes<S>(w.call->dpeepholes + 2 * hidden + u, d_o, n);
    }
}

} // namespace
