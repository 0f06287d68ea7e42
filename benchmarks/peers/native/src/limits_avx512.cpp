#include <immintrin.h>

#include "limits.hpp"

namespace rondo::limits {

int64_t fma_avx512(int64_t rounds, void *sink) {
    constexpr int chains = 24, unrolled = 16;
    __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f), sums[chains];
    asm volatile("" : "+v"(factor), "+v"(term)); // values that the compiler does not know
    for (int j = 0; j < chains; j++) sums[j] = _mm512_set1_ps(static_cast<float>(j));
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int u = 0; u < unrolled; u++) {
#pragma GCC unroll 24
            for (int j = 0; j < chains; j++) sums[j] = _mm512_fmadd_ps(sums[j], factor, term);
        }
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm512_add_ps(sums[0], sums[j]);
    _mm512_storeu_ps(sink, sums[0]);
    return rounds * unrolled * chains * 16 * 2;
}

void read_avx512(const void *memory, int64_t bytes, int64_t rounds, void *sink) {
    constexpr int chains = 8;
    __m512i sums[chains];
    for (__m512i &sum : sums) sum = _mm512_setzero_si512();
    for (int64_t i = 0; i < rounds; i++) {
        const __m512i *at = static_cast<const __m512i *>(memory), *const end = at + bytes / 64;
        for (; at != end; at += 2 * chains) {
#pragma GCC unroll 16
            for (int j = 0; j < 2 * chains; j++)
                sums[j % chains] = _mm512_or_si512(sums[j % chains], _mm512_load_si512(at + j));
        }
        asm volatile("" ::: "memory"); // the next round reads again
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm512_or_si512(sums[0], sums[j]);
    _mm512_storeu_si512(sink, sums[0]);
}

} // namespace rondo::limits
