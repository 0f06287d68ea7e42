// The one inner loop of all matrix products: a register tile of up to S::tile_rows rows by 4 vectors.
//
// The right-hand side lies in panels [k][4][lanes], so that each k costs 4 vector loads, a broadcast for each row and
// 4 multiply-adds for each row. Accumulators enter and leave through the Tile: whatever is to be added to the product
// (a bias, the input projection, what c holds) is loaded into them first, and what is to be done with it (activations,
// gate derivatives) happens while it is still in registers. Every element is summed in the order of k, however rows
// are grouped into tiles, so a result never depends on its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/table.hpp"

namespace {

template <int N> struct Constant { static constexpr int value = N; };

template <class S, int R, int V = 4> struct Tile { typename S::F v[R][V]; };

// A panel is longer than the L1 cache and streams from L2. The hardware's prefetchers stop at the end of each page, so
// the lines of so many k ahead are asked for.
constexpr int64_t prefetch_ahead = 32;

// tile[r] += a[r] panel, where a[r] has k elements Step apart, for the first V of the panel's vectors.
template <int Step, class S, int R, int V>
RONDO_INLINE void multiply_add(Tile<S, R, V> &tile, const float *const (&a)[R], const float *panel, int64_t k) {
    Tile<S, R, V> sum = tile;
    // Unrolled, since the loop's own instructions compete with multiply-adds for two of the ports.
#pragma GCC unroll 4
    for (int64_t i = 0; i < k; i++) {
        typename S::F b[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) b[v] = S::load(panel + v * S::lanes);
#pragma GCC unroll 4
        for (int line = 0; line < (V * S::lanes + 15) / 16; line++) {
            S::prefetch(panel + prefetch_ahead * 4 * S::lanes + line * 16);
        }
        panel += 4 * S::lanes;
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const auto x = S::broadcast(a[r] + i * Step);
#pragma GCC unroll 4
            for (int v = 0; v < V; v++) sum.v[r][v] = S::fma(x, b[v], sum.v[r][v]);
        }
    }
    tile = sum;
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
