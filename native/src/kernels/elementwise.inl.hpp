// The unary and binary families.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

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
    default: return;
    }
}

// The work is cut into rows x blocks of columns, of which a slice does a range.
template <class S, class Function> void binary_tiles(const rondo_binary &call, rondo::Slice slice, Function function) {
    using F = typename S::F;
    constexpr int64_t block = 4096;
    const int64_t blocks = (call.columns + block - 1) / block;
    int64_t begin, end;
    slice.range(call.rows * blocks, 1, begin, end);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t row = tile / blocks;
        const int64_t from = tile % blocks * block;
        const int64_t to = from + block < call.columns ? from + block : call.columns;
        const float *a = call.a + (call.a_extent == RONDO_EXTENT_FULL ? row * call.columns : 0);
        const float *b = call.b + (call.b_extent == RONDO_EXTENT_FULL ? row * call.columns : 0);
        float *y = call.y + row * call.columns;
        const bool a_scalar = call.a_extent == RONDO_EXTENT_SCALAR;
        const bool b_scalar = call.b_extent == RONDO_EXTENT_SCALAR;
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
}

template <class S> void binary(const rondo::BinaryWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_binary &call = *work.call;
    switch (call.kind) {
    case RONDO_BINARY_ADD: return binary_tiles<S>(call, slice, [](F a, F b) { return S::add(a, b); });
    case RONDO_BINARY_SUBTRACT: return binary_tiles<S>(call, slice, [](F a, F b) { return S::sub(a, b); });
    case RONDO_BINARY_MULTIPLY: return binary_tiles<S>(call, slice, [](F a, F b) { return S::mul(a, b); });
    case RONDO_BINARY_DIVIDE: return binary_tiles<S>(call, slice, [](F a, F b) { return S::div(a, b); });
    default: return;
    }
}

} // namespace
