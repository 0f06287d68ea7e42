// Optimizers: one pass over parameters, gradients and state.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

// Calls step(offset, load, store) for each vector of [begin, end), with loads and stores of all or of the first lanes.
template <class S, class Step> inline void for_vectors(int64_t begin, int64_t end, const Step &step) {
    int64_t i = begin;
    for (; i + S::lanes <= end; i += S::lanes)
        step([i](const float *p) { return S::load(p + i); }, [i](float *p, typename S::F x) { S::store(p + i, x); });
    if (i < end) {
        const int rest = static_cast<int>(end - i);
        step([i, rest](const float *p) { return S::load_first(p + i, rest); },
             [i, rest](float *p, typename S::F x) { S::store_first(p + i, x, rest); });
    }
}

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
        } else {
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
        store(parameters, S::sub(load(parameters), S::div(S::mul(rate, m), S::add(root, epsilon))));
    });
}

} // namespace
