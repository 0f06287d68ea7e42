// The unary and binary families.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> inline typename S::F clip(typename S::F x, float low, float high) {
    return S::max(S::broadcast(low), S::min(S::broadcast(high), x)); // NaN stays NaN
}

template <class S> void unary(const rondo::UnaryWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_unary &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const auto apply = [&](auto function) { map<S>(begin, end, call.x, call.y, function); };
    switch (call.kind) {
    case RONDO_UNARY_IDENTITY: return apply([](F x) { return x; });
    case RONDO_UNARY_NEGATE: return apply([](F x) { return S::mul(x, S::broadcast(-1.0f)); });
    case RONDO_UNARY_SIGMOID: return apply([](F x) { return Math<S>::sigmoid(x); });
    case RONDO_UNARY_TANH: return apply([](F x) { return S::copysign(Math<S>::tanh(x), x); }); // -0 stays -0
    case RONDO_UNARY_RELU: return apply([](F x) { return S::max(S::zero(), x); });
    case RONDO_UNARY_EXP: return apply([](F x) { return Math<S>::exp_whole(x); });
    case RONDO_UNARY_LOG: return apply([](F x) { return Math<S>::log(x); });
    case RONDO_UNARY_SQRT: return apply([](F x) { return S::sqrt(x); });
    case RONDO_UNARY_SQUARE: return apply([](F x) { return S::mul(x, x); });
    case RONDO_UNARY_ABS: return apply([](F x) { return S::abs(x); });
    case RONDO_UNARY_SOFTPLUS: return apply([](F x) { return Math<S>::softplus(x); });
    case RONDO_UNARY_SILU: return apply([](F x) { return Math<S>::silu(x); });
    case RONDO_UNARY_ELU: return apply([](F x) { return Math<S>::elu(x); });
    case RONDO_UNARY_GELU: return apply([](F x) { return Math<S>::gelu(x); });
    case RONDO_UNARY_HARD_SIGMOID:
        return apply([](F x) { return clip<S>(S::fma(x, S::broadcast(1.0f / 6.0f), S::broadcast(0.5f)), 0.0f, 1.0f); });
    case RONDO_UNARY_HARD_SIGMOID_KERAS2:
        return apply([](F x) { return clip<S>(S::fma(x, S::broadcast(0.2f), S::broadcast(0.5f)), 0.0f, 1.0f); });
    case RONDO_UNARY_LEAKY_RELU:
        return apply([](F x) { return S::if_less(x, S::zero(), S::mul(x, S::broadcast(0.2f)), x); });
    case RONDO_UNARY_CLIP: return apply([&](F x) { return clip<S>(x, call.low, call.high); });
    default: return;
    }
}

template <class S> void unary_gradient(const rondo::UnaryGradientWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_unary_gradient &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    const auto of_x = [&](auto function) { map<S>(begin, end, call.x, call.dy, call.dx, function); };
    const auto of_y = [&](auto function) { map<S>(begin, end, call.y, call.dy, call.dx, function); };
    const auto of_neither = [&](auto function) { map<S>(begin, end, call.dy, call.dx, function); };
    switch (call.kind) {
    case RONDO_UNARY_IDENTITY: return of_neither([](F dy) { return dy; });
    case RONDO_UNARY_NEGATE: return of_neither([](F dy) { return S::mul(dy, S::broadcast(-1.0f)); });
    case RONDO_UNARY_SIGMOID: return of_y([](F y, F dy) { return S::mul(S::fnma(y, y, y), dy); });
    case RONDO_UNARY_TANH: return of_y([](F y, F dy) { return S::mul(S::fnma(y, y, S::broadcast(1.0f)), dy); });
    case RONDO_UNARY_RELU: return of_x([](F x, F dy) { return S::if_less(S::zero(), x, dy, S::zero()); });
    case RONDO_UNARY_EXP: return of_y([](F y, F dy) { return S::mul(y, dy); });
    case RONDO_UNARY_LOG: return of_x([](F x, F dy) { return S::div(dy, x); });
    case RONDO_UNARY_SQRT: return of_y([](F y, F dy) { return S::div(S::mul(S::broadcast(0.5f), dy), y); });
    case RONDO_UNARY_SQUARE: return of_x([](F x, F dy) { return S::mul(S::add(x, x), dy); });
    case RONDO_UNARY_ABS:
        return of_x([](F x, F dy) {
            const F below = S::if_less(x, S::zero(), S::mul(dy, S::broadcast(-1.0f)), S::zero());
            return S::if_less(S::zero(), x, dy, below);
        });
    case RONDO_UNARY_SOFTPLUS: return of_x([](F x, F dy) { return S::mul(Math<S>::sigmoid(x), dy); });
    case RONDO_UNARY_SILU: return of_x([](F x, F dy) { return S::mul(Math<S>::silu_gradient(x), dy); });
    case RONDO_UNARY_ELU: return of_y([](F y, F dy) { return S::if_less(S::zero(), y, dy, S::fma(y, dy, dy)); });
    case RONDO_UNARY_GELU: return of_x([](F x, F dy) { return S::mul(Math<S>::gelu_gradient(x), dy); });
    case RONDO_UNARY_HARD_SIGMOID:
        return of_x([](F x, F dy) {
            return S::if_less(S::abs(x), S::broadcast(3.0f), S::mul(dy, S::broadcast(1.0f / 6.0f)), S::zero());
        });
    case RONDO_UNARY_HARD_SIGMOID_KERAS2:
        return of_x([](F x, F dy) {
            return S::if_less(S::abs(x), S::broadcast(2.5f), S::mul(dy, S::broadcast(0.2f)), S::zero());
        });
    case RONDO_UNARY_LEAKY_RELU:
        return of_x([](F x, F dy) { return S::if_less(S::zero(), x, dy, S::mul(dy, S::broadcast(0.2f))); });
    case RONDO_UNARY_CLIP:
        return of_x([&](F x, F dy) {
            const F above = S::if_less(S::broadcast(call.high), x, S::zero(), dy);
            return S::if_less(x, S::broadcast(call.low), S::zero(), above);
        });
    default: return;
    }
}

template <class S> inline typename S::F mean_of(typename S::F a, typename S::F b) {
    const typename S::F half = S::broadcast(0.5f);
    return S::add(S::mul(half, a), S::mul(half, b));
}

// y[i] = function(a[i], b[i]) for i in [from, to), where either may be one number for all.
template <class S, class Function>
inline void binary_row(int64_t from, int64_t to, const float *a, bool a_scalar, const float *b, bool b_scalar, float *y,
                       const Function &function) {
    using F = typename S::F;
    if (a_scalar && b_scalar) {
        const F value = function(S::broadcast(a), S::broadcast(b));
        map<S>(from, to, y, y, [value](F) { return value; });
    } else if (a_scalar) {
        const F value = S::broadcast(a);
        map<S>(from, to, b, y, [value, function](F x) { return function(value, x); });
    } else if (b_scalar) {
        const F value = S::broadcast(b);
        map<S>(from, to, a, y, [value, function](F x) { return function(x, value); });
    } else {
        map<S>(from, to, a, b, y, function);
    }
}

// Calls with the function of a kind.
template <class S, class Use> inline void with_binary(int32_t kind, const Use &use) {
    using F = typename S::F;
    switch (kind) {
    case RONDO_BINARY_ADD: return use([](F a, F b) { return S::add(a, b); });
    case RONDO_BINARY_SUBTRACT: return use([](F a, F b) { return S::sub(a, b); });
    case RONDO_BINARY_MULTIPLY: return use([](F a, F b) { return S::mul(a, b); });
    case RONDO_BINARY_DIVIDE: return use([](F a, F b) { return S::div(a, b); });
    // Where neither is less they are equal, or one is NaN: then their mean is what is wanted.
    case RONDO_BINARY_MAXIMUM:
        return use([](F a, F b) { return S::if_less(a, b, b, S::if_less(b, a, a, mean_of<S>(a, b))); });
    case RONDO_BINARY_MINIMUM:
        return use([](F a, F b) { return S::if_less(a, b, a, S::if_less(b, a, b, mean_of<S>(a, b))); });
    case RONDO_BINARY_GREATER: return use([](F a, F b) { return S::if_less(b, a, S::broadcast(1.0f), S::zero()); });
    default: return;
    }
}

constexpr int64_t binary_block = 4096;

// The work is cut into rows x blocks of columns, of which a slice does a range.
template <class S> void binary(const rondo::BinaryWork &work, rondo::Slice slice) {
    const rondo_binary &call = *work.call;
    const int64_t blocks = (call.columns + binary_block - 1) / binary_block;
    int64_t begin, end;
    slice.range(call.rows * blocks, 1, begin, end);
    with_binary<S>(call.kind, [&](auto function) {
        for (int64_t tile = begin; tile < end; tile++) {
            const int64_t row = tile / blocks;
            const int64_t from = tile % blocks * binary_block;
            const int64_t to = from + binary_block < call.columns ? from + binary_block : call.columns;
            const float *a = call.a + (call.a_extent == RONDO_EXTENT_FULL ? row * call.columns : 0);
            const float *b = call.b + (call.b_extent == RONDO_EXTENT_FULL ? row * call.columns : 0);
            binary_row<S>(from, to, a, call.a_extent == RONDO_EXTENT_SCALAR, b, call.b_extent == RONDO_EXTENT_SCALAR,
                          call.y + row * call.columns, function);
        }
    });
}

template <class S> void broadcast(const rondo::BroadcastWork &work, rondo::Slice slice) {
    const int64_t columns = work.axes.columns();
    const int64_t blocks = (columns + binary_block - 1) / binary_block;
    int64_t begin, end;
    slice.range(work.axes.rows() * blocks, 1, begin, end);
    with_binary<S>(work.kind, [&](auto function) {
        for (int64_t tile = begin; tile < end; tile++) {
            const int64_t from = tile % blocks * binary_block;
            const int64_t to = from + binary_block < columns ? from + binary_block : columns;
            int64_t at[3];
            work.axes.find(tile / blocks, at);
            binary_row<S>(from, to, work.a + at[0], work.axes.step(0) == 0, work.b + at[1], work.axes.step(1) == 0,
                          work.y + at[2], function);
        }
    });
}

} // namespace
