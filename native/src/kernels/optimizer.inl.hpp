// Optimizers: one pass over parameters, gradients and state.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S, bool Momentum, bool Nesterov> void sgd_range(const rondo::SgdWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_sgd &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const F rate = S::broadcast(call.rate);
    const F scale = S::broadcast(work.scale);
    const F momentum = S::broadcast(call.momentum);
    float *parameters = call.parameters;
    const float *gradients = call.gradients;
    float *velocity = call.velocity;
    for_vectors<S>(begin, end, [&](auto load, auto store) {
        const F step = S::mul(rate, S::mul(scale, load(gradients)));
        if constexpr (Momentum) {
            const F v = S::sub(S::mul(momentum, load(velocity)), step);
            store(velocity, v);
            const F change = Nesterov ? S::sub(S::mul(momentum, v), step) : v;
            store(parameters, S::add(load(parameters), change));
        } else if (!S::is_zero(step)) { // most rows of an embedding are in no batch: nothing of them to read or write
            store(parameters, S::sub(load(parameters), step));
        }
    });
}

template <class S> void sgd(const rondo::SgdWork &work, rondo::Slice slice) {
    if (work.call->velocity == nullptr) {
        sgd_range<S, false, false>(work, slice);
    } else if (work.call->nesterov) {
        sgd_range<S, true, true>(work, slice);
    } else {
        sgd_range<S, true, false>(work, slice);
    }
}

template <class S> void adam(const rondo::AdamWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_adam &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const F scale = S::broadcast(work.scale);
    const F beta1 = S::broadcast(call.beta1);
    const F beta2 = S::broadcast(call.beta2);
    const F rest1 = S::broadcast(work.rest1);
    const F rest2 = S::broadcast(work.rest2);
    const F v_correction = S::broadcast(work.v_correction);
    const F rate = S::broadcast(work.rate);
    const F epsilon = S::broadcast(call.epsilon);
    const F decay = S::broadcast(work.decay);
    float *parameters = call.parameters;
    const float *gradients = call.gradients;
    float *m_state = call.m;
    float *v_state = call.v;
    for_vectors<S>(begin, end, [&](auto load, auto store) {
        const F g = S::mul(scale, load(gradients));
        const F m = S::fma(beta1, load(m_state), S::mul(rest1, g));
        const F v = S::fma(beta2, load(v_state), S::mul(rest2, S::mul(g, g)));
        store(m_state, m);
        store(v_state, v);
        const F root = S::sqrt(S::mul(v, v_correction));
        const F w = load(parameters);
        store(parameters, S::sub(S::fnma(decay, w, w), S::div(S::mul(rate, m), S::add(root, epsilon))));
    });
}

// sqrt(a + epsilon), or sqrt(a) + epsilon.
template <class S, bool Inside> inline typename S::F root_of(typename S::F a, typename S::F epsilon) {
    return Inside ? S::sqrt(S::add(a, epsilon)) : S::add(S::sqrt(a), epsilon);
}

template <class S, bool Inside, bool Centered, bool Momentum>
void rmsprop_range(const rondo::RmspropWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_rmsprop &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const F scale = S::broadcast(work.scale);
    const F rho = S::broadcast(call.rho);
    const F rest = S::broadcast(work.rest);
    const F epsilon = S::broadcast(call.epsilon);
    const F momentum = S::broadcast(call.momentum);
    const F inner = S::broadcast(work.inner);
    const F outer = S::broadcast(work.outer);
    float *parameters = call.parameters;
    const float *gradients = call.gradients;
    float *v_state = call.v;
    float *m_state = call.m;
    float *velocity = call.velocity;
    for_vectors<S>(begin, end, [&](auto load, auto store) {
        const F g = S::mul(scale, load(gradients));
        const F v = S::fma(rho, load(v_state), S::mul(rest, S::mul(g, g)));
        store(v_state, v);
        F a = v;
        if constexpr (Centered) {
            const F m = S::fma(rho, load(m_state), S::mul(rest, g));
            store(m_state, m);
            a = S::max(S::zero(), S::fnma(m, m, v)); // a variance: only rounding takes it below zero
        }
        F change = S::mul(inner, S::div(g, root_of<S, Inside>(a, epsilon)));
        if constexpr (Momentum) {
            change = S::fma(momentum, load(velocity), change);
            store(velocity, change);
        }
        store(parameters, S::fnma(outer, change, load(parameters)));
    });
}

template <class S, bool Inside> void rmsprop_form(const rondo::RmspropWork &work, rondo::Slice slice) {
    const bool momentum = work.call->velocity != nullptr;
    if (work.call->m != nullptr) {
        momentum ? rmsprop_range<S, Inside, true, true>(work, slice)
                 : rmsprop_range<S, Inside, true, false>(work, slice);
    } else {
        momentum ? rmsprop_range<S, Inside, false, true>(work, slice)
                 : rmsprop_range<S, Inside, false, false>(work, slice);
    }
}

template <class S> void rmsprop(const rondo::RmspropWork &work, rondo::Slice slice) {
    if (work.call->form == RONDO_ROOT_KERAS) {
        rmsprop_form<S, true>(work, slice);
    } else {
        rmsprop_form<S, false>(work, slice);
    }
}

template <class S, bool Inside> void adagrad_form(const rondo::AdagradWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_adagrad &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const F scale = S::broadcast(work.scale);
    const F epsilon = S::broadcast(call.epsilon);
    const F rate = S::broadcast(call.rate);
    float *parameters = call.parameters;
    const float *gradients = call.gradients;
    float *sums = call.sum;
    for_vectors<S>(begin, end, [&](auto load, auto store) {
        const F g = S::mul(scale, load(gradients));
        const F sum = S::fma(g, g, load(sums));
        store(sums, sum);
        const F step = S::div(S::mul(rate, g), root_of<S, Inside>(sum, epsilon));
        store(parameters, S::sub(load(parameters), step));
    });
}

template <class S> void adagrad(const rondo::AdagradWork &work, rondo::Slice slice) {
    if (work.call->form == RONDO_ROOT_KERAS) {
        adagrad_form<S, true>(work, slice);
    } else {
        adagrad_form<S, false>(work, slice);
    }
}

template <class S> void clamp(const rondo::ClampWork &work, rondo::Slice slice) {
    using F = typename S::F;
    int64_t begin, end;
    slice.range(work.count, map_grain, begin, end);
    const F most = S::broadcast(work.most);
    const F least = S::broadcast(-work.most);
    map<S>(begin, end, work.x, work.x, [=](F x) { return S::max(least, S::min(most, x)); });
}

} // namespace
