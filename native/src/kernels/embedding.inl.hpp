// Rows out of a table, and their gradients back into it.
#pragma once

#include "kernels/table.hpp"

namespace {

template <class S> inline void copy_row(const float *from, float *to, int64_t columns) {
    int64_t j = 0;
    for (; j + S::lanes <= columns; j += S::lanes) S::store(to + j, S::load(from + j));
    if (j < columns) {
        const int rest = static_cast<int>(columns - j);
        S::store_first(to + j, S::load_first(from + j, rest), rest);
    }
}

template <class S> inline void add_to_row(const float *from, float *to, int64_t columns) {
    int64_t j = 0;
    for (; j + S::lanes <= columns; j += S::lanes) S::store(to + j, S::add(S::load(to + j), S::load(from + j)));
    if (j < columns) {
        const int rest = static_cast<int>(columns - j);
        S::store_first(to + j, S::add(S::load_first(to + j, rest), S::load_first(from + j, rest)), rest);
    }
}

template <class S> inline void zero_row(float *to, int64_t columns) {
    int64_t j = 0;
    for (; j + S::lanes <= columns; j += S::lanes) S::store(to + j, S::zero());
    if (j < columns) S::store_first(to + j, S::zero(), static_cast<int>(columns - j));
}

template <class S> void gather(const rondo::GatherWork &work, rondo::Slice slice) {
    const rondo_gather &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, 16, begin, end);
    for (int64_t i = begin; i < end; i++)
        copy_row<S>(call.table + static_cast<int64_t>(call.ids[i]) * call.columns, call.y + i * call.columns,
                    call.columns);
}

// A slice owns columns of the table, or rows of it where the columns are too few, and walks all ids in their order: the
// order of summation is that of the ids however many slices there are.
template <class S> void scatter_add(const rondo::ScatterAddWork &work, rondo::Slice slice) {
    constexpr int64_t cache_line = 16;
    const rondo_scatter_add &call = *work.call;
    int64_t row_begin = 0, row_end = call.rows, column_begin = 0, column_end = call.columns;
    if (call.columns >= cache_line * slice.count) {
        slice.range(call.columns, cache_line, column_begin, column_end);
    } else {
        slice.range(call.rows, 1, row_begin, row_end);
    }
    const int64_t columns = column_end - column_begin;
    if (!call.accumulate)
        for (int64_t r = row_begin; r < row_end; r++) zero_row<S>(call.dtable + r * call.columns + column_begin, columns);
    for (int64_t i = 0; i < call.count; i++) {
        const int64_t id = call.ids[i];
        if (id < row_begin || id >= row_end) continue;
        add_to_row<S>(call.dy + i * call.columns + column_begin, call.dtable + id * call.columns + column_begin,
                      columns);
    }
}

} // namespace
