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

// The panel that is read after a tile's own: so many panels on in memory, 0 for none. A tile may ask for a part of it.
struct Next {
    int64_t panels = 0;
    int64_t part = 0;
};

// A line for each k, from some line on or the same one every time.
struct Lines {
    const float *first;
    int64_t stride;
};

// What a tile of k rows of a panel asks for, to have the next panel in L2 when its turn comes: each of the first tiles a
// part of as many lines as it has k. Panels that are small belong to weights that are there anyway.
template <class S> RONDO_INLINE Lines lines_of(Next next, Panel<S> panel, int64_t k) {
    constexpr int64_t line = 16, parts = 4 * S::lanes / line, worth_asking = (64 << 10) / sizeof(float);
    static_assert(S::tile_vectors == 4, "a strip is a panel");
    if (next.panels == 0 || next.part >= parts || panel.strip < worth_asking) return {panel.data, 0};
    return {panel.data + next.panels * panel.strip + next.part * k * line, line};
}

// sum[i][v][r] += a[r][j * Step] times vector v of row j of strip i, for all k rows. Lines of these strips that stream
// from L2 or beyond are left to the hardware's prefetchers: asking for them takes the place of loads (a single step of 64
// units takes 1.01 to 1.12 times as long with it on a shared Zen 3; on Zen 4 it costs a fifth of what streams). The next
// panel is another matter where L3 is slow (28 GB/s on a Xeon of the fifth generation, a quarter of L2): asking for it
// while there are multiply-adds enough makes batches of 32 to 128 with 256 to 1,024 units 1.02 to 1.08 times as fast.
template <class S, int Step, int Strips, int Strip, int R>
RONDO_INLINE void multiply_add_strips(typename S::F (&sum)[Strips][Strip][R], const float *const (&a)[R],
                                      const float *const (&from)[Strips], int64_t k, [[maybe_unused]] Lines ahead) {
    int64_t offset = 0;
    // Unrolled, since the loop's own instructions compete with multiply-adds for two of the ports.
#pragma GCC unroll 4
    for (int64_t j = 0; j < k; j++) {
        typename S::F b[Strips][Strip];
#pragma GCC unroll 8
        for (int i = 0; i < Strips; i++) {
#pragma GCC unroll 4
            for (int v = 0; v < Strip; v++) b[i][v] = S::load(from[i] + offset + v * S::lanes);
        }
        offset += Panel<S>::strip_width;
        if constexpr (S::asks_ahead && R > 1) S::prefetch_outer(ahead.first + j * ahead.stride);
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const auto x = S::broadcast(a[r] + j * Step);
#pragma GCC unroll 8
            for (int i = 0; i < Strips; i++) {
#pragma GCC unroll 4
                for (int v = 0; v < Strip; v++) sum[i][v][r] = S::fma(x, b[i][v], sum[i][v][r]);
            }
        }
    }
}

// tiles[n][r] += a[r] panel n, where a[r] has k elements Step apart, for V vectors of each panel from First on.
template <int Step, int First, int V, class S, int N, int R, int Vectors>
RONDO_INLINE void multiply_add_part(Tile<S, R, Vectors> (&tiles)[N], const float *const (&a)[R], Panel<S> panel,
                                    int64_t k, [[maybe_unused]] Next next) {
    constexpr bool whole = V == Vectors;
    constexpr int strip = V < S::tile_vectors ? V : S::tile_vectors; // vectors that lie side by side
    constexpr int strips = N * V / strip;
    // The other vectors stay in memory meanwhile: else the compiler keeps some of them in registers, and spills
    // accumulators in the loop instead.
    if constexpr (!whole) asm volatile("" : "+m"(tiles));
    typename S::F sum[strips][strip][R];
    const float *from[strips];
#pragma GCC unroll 8
    for (int i = 0; i < strips; i++) {
        from[i] = panel.at(0, i * strip / V * 4 + First + i * strip % V);
#pragma GCC unroll 4
        for (int v = 0; v < strip; v++) {
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) sum[i][v][r] = tiles[i * strip / V].v[r][First + i * strip % V + v];
        }
    }
    Lines ahead{};
    if constexpr (S::asks_ahead && R > 1) ahead = lines_of(next, panel, k);
    multiply_add_strips<S, Step>(sum, a, from, k, ahead);
#pragma GCC unroll 8
    for (int i = 0; i < strips; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < strip; v++) {
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) tiles[i * strip / V].v[r][First + i * strip % V + v] = sum[i][v][r];
        }
    }
    if constexpr (!whole) asm volatile("" : "+m"(tiles));
}

// tiles[n][r] += a[r] panel n for the first V of the panels' vectors; panel n lies behind panel n - 1. As many vectors at
// once as the registers hold.
template <int Step, int First = 0, class S, int N, int R, int V>
RONDO_INLINE void multiply_add(Tile<S, R, V> (&tiles)[N], const float *const (&a)[R], Panel<S> panel, int64_t k,
                               Next next) {
    constexpr int most = N * R * V <= 8 ? V : S::tile_vectors;
    constexpr int count = V - First < most ? V - First : most;
    if constexpr (First + count < V) {
        multiply_add_part<Step, First, count>(tiles, a, panel, k, next);
        multiply_add<Step, First + count>(tiles, a, panel, k, next);
    } else {
        multiply_add_part<Step, First, count>(tiles, a, panel, k, next);
    }
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

// Calls f(first unit) for a range of units by so many at once, from its end down if told so.
template <class Function>
RONDO_INLINE void for_units(int64_t begin, int64_t end, int64_t width, bool down, Function &&f) {
    const int64_t count = (end - begin + width - 1) / width;
    for (int64_t i = 0; i < count; i++) {
        f(begin + (down ? count - 1 - i : i) * width);
    }
}

// Calls f(first unit, Constant<panels>, first row, Constant<rows>, Next) for the tiles of all panels of so many units
// each. One row alone has too few sums for the multiply-adds in flight; it takes two panels at once.
template <class S, class Function>
inline void for_panels(int64_t begin, int64_t end, int64_t units, int64_t rows, bool down, Function &&f) {
    for_units(begin, end, rows == 1 ? 2 * units : units, down, [&](int64_t u0) {
        if (rows == 1 && u0 + units < end) {
            f(u0, Constant<2>{}, int64_t{0}, Constant<1>{}, Next{});
        } else {
            const int64_t way = down ? -1 : 1, after = u0 + way * units;
            const int64_t panels = after >= begin && after < end ? way : 0;
            for_tiles<S>(rows, [&](int64_t first, auto of) {
                f(u0, Constant<1>{}, first, of, Next{panels, (first + S::tile_rows - 1) / S::tile_rows});
            });
        }
    });
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

// Rows of so many columns, `stride` apart, as columns of a panel: row i becomes lane i of vector v, for k from k0 on, and
// lanes without a row are zero. A square that is transposed in registers.
template <class S>
RONDO_INLINE void pack_square(const float *from, int64_t stride, int rows, int columns, Panel<S> panel, int64_t k0,
                              int64_t v) {
    typename S::F square[S::lanes];
    for (int row = 0; row < S::lanes; row++) {
        square[row] = row < rows ? load_lanes<S>(from + row * stride, columns) : S::zero();
    }
    S::transpose(square);
    for (int column = 0; column < columns; column++) {
        S::store(panel.at(k0 + column, v), square[column]);
    }
}

// Calls f(lanes of the vector at i of n), which are a constant where the vector is whole: then all that f loads and stores
// does without asking.
template <class S, class Function> RONDO_INLINE void with_lanes(int64_t i, int64_t n, Function &&f) {
    struct Whole {
        constexpr operator int() const { return S::lanes; }
    };
    if (i + S::lanes <= n) {
        f(Whole{});
    } else if (i < n) {
        f(static_cast<int>(n - i));
    }
}

inline int64_t round_up(int64_t n, int64_t grain) { return (n + grain - 1) / grain * grain; }

} // namespace
