// Simple RNN: h = f(W x + U h' + b), f one of tanh, relu, sigmoid, identity.
//
// A tile holds four vectors of units. Nothing but h is needed on the way back: f' is a function of f.
#pragma once

#include "kernels/recurrent.inl.hpp"

namespace {

template <class S, class A> struct RnnStep {
    using L = UnitsLayout;
    static constexpr bool apart = false;
    int32_t cell;
    int64_t hidden;

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R> RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            with_lanes<S>(u, hidden, [&](auto n) {
                for (int r = 0; r < R; r++) store_state<S>(rows, r, u, activation(tile.v[r][v]), n);
            });
        }
    }

private:
    RONDO_INLINE typename S::F activation(typename S::F x) const {
        switch (cell) {
        case RONDO_CELL_RNN_TANH: return A::tanh(x);
        case RONDO_CELL_RNN_RELU: return A::relu(x);
        case RONDO_CELL_RNN_SIGMOID: return A::sigmoid(x);
        default: return x;
        }
    }
};

template <class S, class A, class Step> void rnn_step(const Step &step) {
    const RnnStep<S, A> phase{step.call().cell, step.call().hidden_size};
    step_phase<S>(phase, gates_input(step.pack()), step.pack().weight_hh, step);
}

template <class S, class A> struct RnnBack {
    int32_t cell;

    template <int R>
    RONDO_INLINE void operator()(const BackwardRows<R> &rows, int r, int64_t u, int n, typename S::F dh) const {
        store_lanes<S>(rows.gates[r] + u, S::mul(dh, gradient(load_lanes<S>(rows.h[r] + u, n))), n);
    }

private:
    RONDO_INLINE typename S::F gradient(typename S::F h) const {
        switch (cell) {
        case RONDO_CELL_RNN_TANH: return A::tanh_gradient(h);
        case RONDO_CELL_RNN_RELU: return A::relu_gradient(h);
        case RONDO_CELL_RNN_SIGMOID: return A::sigmoid_gradient(h);
        default: return S::broadcast(1.0f);
        }
    }
};

template <class S, class A>
void rnn_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
              rondo::Slice slice) {
    back_phase<S>(RnnBack<S, A>{w.call->cell}, w, group, s, slice);
}

} // namespace
