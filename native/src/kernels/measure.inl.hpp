// Multiply-adds on registers alone: the limit that GEMMs are held against.
#pragma once

#include "kernels/table.hpp"

namespace {

// Does `rounds` rounds and returns the float operations done. The chains are as many as a tile has accumulators:
// independent, and more than latency times throughput.
template <class S> int64_t multiply_adds(int64_t rounds, float *sink) {
    using F = typename S::F;
    constexpr int chains = S::tile_vectors * S::tile_rows;
    constexpr int unrolled = 16;
    F sums[chains];
    F factor = S::broadcast(0.999f);
    F term = S::broadcast(0.001f);
    asm volatile("" : "+x"(factor), "+x"(term)); // values that the compiler does not know
    for (int j = 0; j < chains; j++) sums[j] = S::broadcast(static_cast<float>(j));
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int u = 0; u < unrolled; u++) {
#pragma GCC unroll 24
            for (int j = 0; j < chains; j++) sums[j] = S::fma(sums[j], factor, term);
        }
    }
    F sum = S::zero();
    for (int j = 0; j < chains; j++) sum = S::add(sum, sums[j]);
    S::store_first(sink, sum, 1);
    return rounds * unrolled * chains * S::lanes * 2;
}

} // namespace
