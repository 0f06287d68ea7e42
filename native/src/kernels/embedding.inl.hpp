// Rows out of a table, and their gradients back into it.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> void gather(const rondo::GatherWork &work, rondo::Slice slice) {
    const rondo_gather &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, 16, begin, end);
    for (int64_t i = begin; i < end; i++) {
        // Ids were checked, but they lie in memory of the caller, which a defective one may write to meanwhile.
        const uint32_t id = static_cast<uint32_t>(__atomic_load_n(call.ids + i, __ATOMIC_RELAXED));
        const int64_t row = id < static_cast<uint32_t>(call.rows) ? id : 0;
        map<S>(0, call.columns, call.table + row * call.columns, call.y + i * call.columns, [](auto x) { return x; });
    }
}

// A slice owns columns of the table, or rows of it where the columns are too few, and walks all ids in their order: the
// order of summation is that of the ids however many slices there are.
template <class S> void scatter_add(const rondo::ScatterAddWork &work, rondo::Slice slice) {
    using F = typename S::F;
    constexpr int64_t cache_line = 16;
    const rondo_scatter_add &call = *work.call;
    int64_t row_begin = 0, row_end = call.rows, column_begin = 0, column_end = call.columns;
    if (call.columns >= cache_line * slice.count) {
        slice.range(call.columns, cache_line, column_begin, column_end);
    } else {
        slice.range(call.rows, 1, row_begin, row_end);
    }
    if (!call.accumulate) {
        for (int64_t r = row_begin; r < row_end; r++) {
            float *row = call.dtable + r * call.columns;
            for_vectors<S>(column_begin, column_end, [row](auto load, auto store) {
                if (!S::is_zero(load(row))) store(row, S::zero()); // most rows are zero still: nothing to write back
            });
        }
    }
    for (int64_t i = 0; i < call.count; i++) {
        const int64_t id = __atomic_load_n(call.ids + i, __ATOMIC_RELAXED);
        if (id < row_begin || id >= row_end) continue;
        float *row = call.dtable + id * call.columns;
        map<S>(column_begin, column_end, row, call.dy + i * call.columns, row,
               [](F sum, F x) { return S::add(sum, x); });
    }
}

} // namespace
