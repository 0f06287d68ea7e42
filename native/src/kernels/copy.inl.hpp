// Copies by strides: of rows along the innermost axis, in pieces.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> void copy(const rondo::CopyWork &work, rondo::Slice slice) {
    using F = typename S::F;
    constexpr int64_t block = rondo::CopyWork::block;
    const int64_t columns = work.axes.columns();
    const int64_t blocks = (columns + block - 1) / block;
    const int64_t x_step = work.axes.step(0), y_step = work.axes.step(1);
    int64_t begin, end;
    slice.range(work.axes.rows() * blocks, 1, begin, end);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t from = tile % blocks * block;
        const int64_t to = from + block < columns ? from + block : columns;
        int64_t at[2];
        work.axes.find(tile / blocks, at);
        const float *x = work.x + at[0];
        float *y = work.y + at[1];
        if (x_step == 1 && y_step == 1) {
            map<S>(from, to, x, y, [](F v) { return v; });
        } else if (x_step == 0 && y_step == 1) {
            const F value = S::broadcast(x);
            map<S>(from, to, y, y, [value](F) { return value; });
        } else {
            for (int64_t i = from; i < to; i++) y[i * y_step] = x[i * x_step];
        }
    }
}

} // namespace
