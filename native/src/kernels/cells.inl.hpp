// Which kernel does a step of which cell.
#pragma once

#include "kernels/gru.inl.hpp"
#include "kernels/lstm.inl.hpp"
#include "kernels/rnn.inl.hpp"

namespace {

template <class S, class A>
void recurrent_step(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
                    rondo::Slice slice) {
    switch (w.call->cell) {
    case RONDO_CELL_LSTM:
    case RONDO_CELL_LSTM_PEEPHOLES: return lstm_step<S, A>(w, group, s, slice);
    case RONDO_CELL_GRU_RESET_AFTER:
    case RONDO_CELL_GRU_RESET_BEFORE: return gru_step<S, A>(w, group, s, phase, slice);
    default: return rnn_step<S, A>(w, group, s, slice);
    }
}

template <class S, class A>
void recurrent_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
                    rondo::Slice slice) {
    switch (w.call->cell) {
    case RONDO_CELL_LSTM:
    case RONDO_CELL_LSTM_PEEPHOLES: return lstm_back<S, A>(w, group, s, slice);
    case RONDO_CELL_GRU_RESET_AFTER:
    case RONDO_CELL_GRU_RESET_BEFORE: return gru_back<S, A>(w, group, s, phase, slice);
    default: return rnn_back<S, A>(w, group, s, slice);
    }
}

} // namespace
