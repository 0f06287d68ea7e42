// Which kernel does a step of which cell.
#pragma once

#include "kernels/gru.inl.hpp"
#include "kernels/lstm.inl.hpp"
#include "kernels/rnn.inl.hpp"

namespace {

template <class S, class A, class Step> RONDO_INLINE void phase_of(const Step &step, int32_t phase) {
    switch (rondo::cell_shape(step.call().cell).family) {
    case rondo::CellFamily::lstm: return lstm_step<S, A>(step);
    case rondo::CellFamily::gru: return gru_step<S, A>(step, phase);
    case rondo::CellFamily::rnn: return rnn_step<S, A>(step);
    }
}

template <class S, class A>
void recurrent_step(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
                    rondo::Slice slice) {
    phase_of<S, A>(GroupStep{w, group, s, slice}, phase);
}

template <class S, class A> void recurrent_single(const rondo::RecurrentSingleWork &w) {
    const int32_t phases = rondo::cell_shape(w.call->cell).phases;
    for (int32_t phase = 0; phase < phases; phase++) phase_of<S, A>(SingleStep{w}, phase);
}

template <class S, class A>
void recurrent_back(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, int64_t s, int32_t phase,
                    rondo::Slice slice) {
    switch (rondo::cell_shape(w.call->cell).family) {
    case rondo::CellFamily::lstm: return lstm_back<S, A>(w, group, s, slice);
    case rondo::CellFamily::gru: return gru_back<S, A>(w, group, s, phase, slice);
    case rondo::CellFamily::rnn: return rnn_back<S, A>(w, group, s, slice);
    }
}

} // namespace
