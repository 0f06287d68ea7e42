// The one inner loop of all matrix products: a tile of up to S::tile_rows rows by 4 vectors.
//
// The right-hand side lies in panels of 4 vectors, each panel in strips of S::tile_vectors: [4 / tile_vectors][k]
// [tile_vectors][lanes]. Rows by the vectors of a strip is what the registers hold: with 32 of them a strip is the whole
// panel and 6 rows by 4 vectors accumulate; with 16 it is half of one, and 6 rows by 2 vectors make 12 accumulators, 2
// vectors of the panel and a broadcast (3 rows by 4 vectors, which need as many, reach 2 to 8 % less: their panel of 256
// k fills the L1 cache and comes from L2 for every 3 rows instead of 6). So each k of a strip costs its vector loads, a
// broadcast for each row and the multiply-adds.
//
// Accumulators enter and leave through the Tile: whatever is to be added to the product (a bias, the input projection,
// what c holds) is put there first, and what is to be done with it (activations, gate derivatives) happens while it is
// still in registers or in L1. Every element is summed in the order of k, however rows are grouped into tiles, so a
// result never depends on its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/table.hpp"

namespace {

template <int N> struct Constant { static constexpr int value = N; };

template <class S, int R, int V = 4> struct Tile { typename S::F v[R][V]; };

// A panel, from some k on.
template <class S> struct Panel {
    static constexpr int64_t strip_width = S::tile_vectors * S::lanes;
    float *data;
    int64_t strip; // floats from a strip to the next

    // The panel that starts at `panels`, with k rows in all.
    RONDO_INLINE Panel(float *panels, int64_t k) : data(panels), strip(k * strip_width) {}
    RONDO_INLINE Panel(const float *panels, int64_t k) : Panel(const_cast<float *>(panels), k) {}
    RONDO_INLINE Panel from(int64_t k) const {
        Panel rest = *this;
        rest.data += k * strip_width;
        return rest;
    }
    // Vector v of row k.
    RONDO_INLINE float *at(int64_t k, int64_t v) const {
        return data + v / S::tile_vectors * strip + k * strip_width + v % S::tile_vectors * S::lanes;
    }
};

// A panel is longer than the L1 cache and streams from L2. The hardware's prefetchers stop at the end of each page, so
// the lines of so many k ahead are asked for.
constexpr int64_t prefetch_ahead = 32;

// tile[r] += a[r] strip, where a[r] has k elements Step apart, for the tile's vectors from First on, V of them.
template <int Step, int First, int V, class S, int R, int Vectors>
RONDO_INLINE void multiply_add_strip(Tile<S, R, Vectors> &tile, const float *const (&a)[R], const float *strip,
                                     int64_t k) {
    // Vectors of other strips stay in memory meanwhile: else the compiler keeps some of them in registers, and spills
    // accumulators in the loop instead.
    if constexpr (V < Vectors) asm volatile("" : "+m"(tile));
    Tile<S, R, V> sum;
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) sum.v[r][v] = tile.v[r][First + v];
    }
    // Unrolled, since the loop's own instructions compete with multiply-adds for two of the ports.
#pragma GCC unroll 4
    for (int64_t i = 0; i < k; i++) {
        typename S::F b[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) b[v] = S::load(strip + v * S::lanes);
#pragma GCC unroll 4
        for (int line = 0; line < (V * S::lanes + 15) / 16; line++) {
            S::prefetch(strip + prefetch_ahead * Panel<S>::strip_width + line * 16);
        }
        strip += Panel<S>::strip_width;
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const auto x = S::broadcast(a[r] + i * Step);
#pragma GCC unroll 4
            for (int v = 0; v < V; v++) sum.v[r][v] = S::fma(x, b[v], sum.v[r][v]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) tile.v[r][First + v] = sum.v[r][v];
    }
    if constexpr (V < Vectors) asm volatile("" : "+m"(tile));
}

// tile[r] += a[r] panel, for the first V of the panel's vectors.
template <int Step, int First = 0, class S, int R, int V>
RONDO_INLINE void multiply_add(Tile<S, R, V> &tile, const float *const (&a)[R], Panel<S> panel, int64_t k) {
    constexpr int count = V - First < S::tile_vectors ? V - First : S::tile_vectors;
    multiply_add_strip<Step, First, count>(tile, a, panel.at(0, First), k);
    if constexpr (First + count < V) multiply_add<Step, First + count>(tile, a, panel, k);
}

// Calls f(Constant<rows>), 1 <= rows <= Most.
template <int Most, class Function> RONDO_INLINE void with_rows(int rows, Function &&f) {
    if constexpr (Most == 1) {
        f(Constant<1>{});
    } else {
        if (rows == Most) {
            f(Constant<Most>{});
        } else {
            with_rows<Most - 1>(rows, f);
        }
    }
}

// Cuts rows evenly into tiles of at most S::tile_rows, since 6+5+5 beats 6+6+4: calls f(first row, Constant<rows>).
template <class S, class Function> inline void for_tiles(int64_t rows, Function &&f) {
    const int64_t tiles = (rows + S::tile_rows - 1) / S::tile_rows;
    for (int64_t i = 0; i < tiles; i++) {
        const int64_t begin = rows * i / tiles;
        const int64_t end = rows * (i + 1) / tiles;
        with_rows<S::tile_rows>(static_cast<int>(end - begin), [&](auto count) { f(begin, count); });
    }
}

// Lanes of a vector that starts at i of n: all, or the rest.
template <class S> inline int lanes_at(int64_t i, int64_t n) {
    const int64_t rest = n - i;
    return rest >= S::lanes ? S::lanes : rest <= 0 ? 0 : static_cast<int>(rest);
}

template <class S> inline typename S::F load_lanes(const float *p, int n) {
    return n == S::lanes ? S::load(p) : S::load_first(p, n);
}

template <class S> inline void store_lanes(float *p, typename S::F x, int n) {
    if (n == S::lanes) {
        S::store(p, x);
    } else {
        S::store_first(p, x, n);
    }
}

inline int64_t round_up(int64_t n, int64_t grain) { return (n + grain - 1) / grain * grain; }

} // namespace
