// GEMM: c = op(a) op(b) + bias (+ c).
//
// b is packed into panels of 4 vectors (tile.inl.hpp). k and rows are cut into blocks, so that one block of a stays in
// the L2 cache while all panels pass over it. Rows of a are read where they lie; a transposed a, whose columns are the
// rows of the product, is first laid out as [tile][k][tile rows] for one block. Partial sums go through c between blocks,
// which rounds nothing: c is of the accumulators' type.
#pragma once

#include <cstring>

#include "kernels/table.hpp"
#include "kernels/tile.inl.hpp"

namespace {

using rondo::gemm_k_block;

// Rows that are taken together: a multiple of every tile.
constexpr int64_t gemm_row_block = 96;

// A left-hand side that is read where it lies, a line at a time, needs no small block: fewer partial sums go through c.
constexpr int64_t gemm_long_k_block = 1024;

// A transposed left-hand side is asked for so many of its rows ahead, each of which is a few lines of a page of its own.
constexpr int64_t gemm_rows_ahead = 8;

template <class S> void gemm_pack(const rondo::GemmPackWork &w, rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    int64_t begin, end;
    if (!w.transposed) { // row by row of b, each of which gives a line to every panel
        slice.range(w.k, 1, begin, end);
        for (int64_t k = begin; k < end; k++) {
            const float *row = w.b.row(k);
            for (int64_t j = 0; j < round_up(w.n, width); j += S::lanes) {
                const int n = lanes_at<S>(j, w.n);
                const Panel<S> panel(w.panels + j / width * width * w.k, w.k);
                S::store(panel.at(k, j % width / S::lanes), n > 0 ? load_lanes<S>(row + j, n) : S::zero());
            }
        }
        return;
    }
    // Squares that are transposed in registers, over all (panel, block of k) pairs.
    const int64_t panels = (w.n + width - 1) / width;
    const int64_t blocks = (w.k + gemm_k_block - 1) / gemm_k_block;
    slice.range(panels * blocks, 1, begin, end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t j0 = i / blocks * width;
        const int64_t k0 = i % blocks * gemm_k_block;
        const int64_t k1 = k0 + gemm_k_block < w.k ? k0 + gemm_k_block : w.k;
        const Panel<S> panel(w.panels + j0 * w.k, w.k);
        for (int64_t j = j0; j < j0 + width; j += S::lanes) {
            const int columns = lanes_at<S>(j, w.n);
            const int64_t v = (j - j0) / S::lanes;
            for (int64_t k = k0; k < k1; k += S::lanes) {
                pack_square<S>(w.b.row(j) + k, w.b.stride, columns, lanes_at<S>(k, k1), panel, k, v);
            }
        }
    }
}

// One tile of c, of which V vectors are wanted, over one block of k; first: nothing has been added to c yet.
template <int Step, int V, class S, int R>
RONDO_INLINE void gemm_tile(const rondo::GemmTarget &to, const float *const (&a)[R], int64_t row, int64_t column,
                            Panel<S> panel, int64_t k, bool first, Next next) {
    Tile<S, R, V> tiles[1];
    Tile<S, R, V> &tile = tiles[0];
    int n[V];
    float *c[R];
    for (int v = 0; v < V; v++) n[v] = lanes_at<S>(column + v * S::lanes, to.n);
    for (int r = 0; r < R; r++) {
        c[r] = to.c + (to.c_offsets ? to.c_offsets[row + r] : (row + r) * to.ldc) + column;
    }
    if (first && !to.accumulate) {
        for (int v = 0; v < V; v++) {
            const auto start = to.bias ? load_lanes<S>(to.bias + column + v * S::lanes, n[v]) : S::zero();
            for (int r = 0; r < R; r++) tile.v[r][v] = start;
        }
    } else {
        for (int v = 0; v < V; v++) {
            for (int r = 0; r < R; r++) tile.v[r][v] = load_lanes<S>(c[r] + v * S::lanes, n[v]);
        }
        if (first && to.bias) {
            for (int v = 0; v < V; v++) {
                const auto bias = load_lanes<S>(to.bias + column + v * S::lanes, n[v]);
                for (int r = 0; r < R; r++) tile.v[r][v] = S::add(tile.v[r][v], bias);
            }
        }
    }
    // The next tile's c comes meanwhile: it is far larger than a cache, and the sums begin with it. Where rows
    // lie apart it is this tile's own, which is stored then.
    for (int r = 0; r < R; r++) {
        const float *ahead = to.c_offsets ? c[r] : c[r] + R * to.ldc;
        for (int v = 0; v < V; v++) S::prefetch(ahead + v * S::lanes);
    }
    multiply_add<Step>(tiles, a, panel, k, next);
    for (int v = 0; v < V; v++) {
        for (int r = 0; r < R; r++) store_lanes<S>(c[r] + v * S::lanes, tile.v[r][v], n[v]);
    }
}

// The same for as many vectors as the columns left need: a narrow last panel costs what it holds.
template <int Step, class S, int R>
inline void gemm_columns(const rondo::GemmTarget &to, const float *const (&a)[R], int64_t row, int64_t column,
                         Panel<S> panel, int64_t k, bool first, Next next) {
    const int64_t left = to.n - column;
    if (left > 2 * S::lanes) {
        gemm_tile<Step, 4, S>(to, a, row, column, panel, k, first, next);
    } else if (left > S::lanes) {
        gemm_tile<Step, 2, S>(to, a, row, column, panel, k, first, next);
    } else {
        gemm_tile<Step, 1, S>(to, a, row, column, panel, k, first, next);
    }
}

// Lays rows [row0, row1) of op(a), for k in [k0, k1), out as tiles [k][S::tile_rows], adding to each row's sum where
// wanted. The last tile may be short; its missing rows are zero. A row of a is read once, from end to end: its rows may
// lie pages apart.
template <class S>
inline void gemm_pack_a(const rondo::GemmWork &w, int64_t row0, int64_t row1, int64_t k0, int64_t k1) {
    constexpr int rows = S::tile_rows;
    constexpr int64_t line = 16; // floats
    static_assert(gemm_row_block % rows == 0);
    if (w.row_sums && k0 == 0) {
        for (int64_t row = row0; row < row1; row += S::lanes) {
            store_lanes<S>(w.row_sums + row, S::zero(), lanes_at<S>(row, row1));
        }
    }
    for (int64_t k = k0; k < k1; k++) {
        const float *from = w.a.row(k);
        if (k + gemm_rows_ahead < w.k) {
            const float *ahead = w.a.row(k + gemm_rows_ahead);
            for (int64_t row = row0; row < row1; row += line) S::prefetch(ahead + row);
        }
        float *to = w.packed_a + (k - k0) * rows;
        for (int64_t row = row0; row < row1; row += rows) {
            if (row1 - row >= rows) {
                std::memcpy(to, from + row, rows * sizeof(float));
            } else {
                for (int i = 0; i < rows; i++) to[i] = row + i < row1 ? from[row + i] : 0.0f;
            }
            to += (k1 - k0) * rows;
        }
        if (!w.row_sums) continue;
        for (int64_t row = row0; row < row1; row += S::lanes) {
            const int n = lanes_at<S>(row, row1);
            const auto sum = S::add(load_lanes<S>(w.row_sums + row, n), load_lanes<S>(from + row, n));
            store_lanes<S>(w.row_sums + row, sum, n);
        }
    }
}

// Rows [row0, row1) and columns [column0, column1) of each target. Loops, from the outside: blocks of k; blocks of rows,
// whose part of a stays in the L2 cache; panels; tiles.
template <class S>
void gemm_rows(const rondo::GemmWork &w, int64_t row0, int64_t row1, int64_t column0, int64_t column1) {
    constexpr int64_t width = 4 * S::lanes;
    const int64_t k_block = w.transposed ? gemm_k_block : gemm_long_k_block;
    for (int64_t k0 = 0; k0 < w.k || k0 == 0; k0 += k_block) {
        const int64_t k1 = k0 + k_block < w.k ? k0 + k_block : w.k;
        for (int64_t first_row = row0; first_row < row1; first_row += gemm_row_block) {
            const int64_t last_row = first_row + gemm_row_block < row1 ? first_row + gemm_row_block : row1;
            if (w.transposed) gemm_pack_a<S>(w, first_row, last_row, k0, k1);
            for (int32_t i = 0; i < w.target_count; i++) {
                const rondo::GemmTarget &to = w.targets[i];
                for (int64_t column = column0; column < to.n && column < column1; column += width) {
                    const Panel<S> panel = Panel<S>(to.panels + column * w.k, w.k).from(k0);
                    const int64_t panels = column + width < to.n && column + width < column1 ? 1 : 0;
                    if (w.transposed) {
                        for (int64_t row = first_row; row < last_row; row += S::tile_rows) {
                            const float *block = w.packed_a + (row - first_row) * (k1 - k0);
                            const int count =
                                last_row - row < S::tile_rows ? static_cast<int>(last_row - row) : S::tile_rows;
                            with_rows<S::tile_rows>(count, [&](auto rows) {
                                const float *a[rows.value];
                                for (int r = 0; r < rows.value; r++) a[r] = block + r;
                                gemm_columns<S::tile_rows, S>(to, a, row, column, panel, k1 - k0, k0 == 0,
                                                              Next{panels, (row - first_row) / S::tile_rows});
                            });
                        }
                    } else {
                        for_tiles<S>(last_row - first_row, [&](int64_t first, auto rows) {
                            const float *a[rows.value];
                            for (int r = 0; r < rows.value; r++) a[r] = w.a.row(first_row + first + r) + k0;
                            gemm_columns<1, S>(to, a, first_row + first, column, panel, k1 - k0, k0 == 0,
                                               Next{panels, (first + S::tile_rows - 1) / S::tile_rows});
                        });
                    }
                }
            }
        }
    }
}

// A slice is a range of rows, or of columns where there are too few rows to go round.
template <class S> void gemm(const rondo::GemmWork &w, rondo::Slice slice) {
    int64_t begin, end;
    if (w.transposed || w.m >= slice.count * S::tile_rows) {
        slice.range(w.m, S::tile_rows, begin, end);
        rondo::GemmWork mine = w;
        if (w.packed_a) mine.packed_a += rondo::gemm_packed_a_floats(begin, w.k, S::tile_rows);
        if (begin < end) gemm_rows<S>(mine, begin, end, 0, INT64_MAX);
    } else {
        int64_t most = 0;
        for (int32_t i = 0; i < w.target_count; i++) most = w.targets[i].n > most ? w.targets[i].n : most;
        slice.range(most, 4 * S::lanes, begin, end);
        if (begin < end) gemm_rows<S>(w, 0, w.m, begin, end);
    }
}

} // namespace
