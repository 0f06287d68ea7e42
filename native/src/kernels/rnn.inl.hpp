// Simple RNN: h = f(W x + U h' + b), f one of tanh, relu, sigmoid, identity.
//
// A tile holds four vectors of units. Nothing but h is needed on the way back: f' is a function of f.
#pragma once

#include "kernels/recurrent.inl.hpp"

namespace {

template <class S, class A, int Cell> RONDO_INLINE typename S::F rnn_activation(typename S::F x) {
    if constexpr (Cell == RONDO_CELL_RNN_TANH) return A::tanh(x);
    if constexpr (Cell == RONDO_CELL_RNN_RELU) return A::relu(x);
    if constexpr (Cell == RONDO_CELL_RNN_SIGMOID) return A::sigmoid(x);
    return x;
}

template <class S, class A, int Cell> RONDO_INLINE typename S::F rnn_gradient(typename S::F h, typename S::F dh) {
    if constexpr (Cell == RONDO_CELL_RNN_TANH) return S::mul(dh, A::tanh_gradient(h));
    if constexpr (Cell == RONDO_CELL_RNN_RELU) return S::mul(dh, A::relu_gradient(h));
    if constexpr (Cell == RONDO_CELL_RNN_SIGMOID) return S::mul(dh, A::sigmoid_gradient(h));
    return dh;
}

template <class S, class A, int Cell> struct RnnStep {
    using L = UnitsLayout;
    int64_t hidden;

    template <int R> RONDO_INLINE void start(Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            tile.v[r][v] = load_lanes<S>(rows.gates[r] + u, lanes_at<S>(u, hidden));
        }
    }

    template <int R> RONDO_INLINE const float *operand(const ForwardRows<R> &rows, int r) const {
        return rows.operand[r];
    }

    template <int R>
    RONDO_INLINE void finish(const Tile<S, R> &tile, const ForwardRows<R> &rows, int r, int64_t u0) const {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            const int n = lanes_at<S>(u, hidden);
            if (n > 0) store_state<S>(rows, r, u, rnn_activation<S, A, Cell>(tile.v[r][v]), n);
        }
    }
};

template <class S, class A, int Cell>
void rnn_step(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, int64_t s, rondo::Slice slice) {
    step_phase<S>(RnnStep<S, A, Cell>{w.call->hidden_size}, w.pack.weight_hh, w, group, s, slice);
}

template <class S, class A, int Cell>
void rnn_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s,
              rondo::Slice slice) {
    const auto finish = [](const auto &rows, int r, int64_t u, int n, typename S::F dh) {
        store_lanes<S>(rows.gates[r] + u, rnn_gradient<S, A, Cell>(load_lanes<S>(rows.h[r] + u, n), dh), n);
    };
    back_phase<S>(finish, w, group, s, slice);
}

} // namespace
