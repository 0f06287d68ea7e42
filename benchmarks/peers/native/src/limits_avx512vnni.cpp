#include <immintrin.h>

#include "limits.hpp"

namespace rondo::limits {

// vpdpbusd: to each of 16 sums in int32 four products of uint8 and int8 are added.
int64_t int8_avx512(int64_t rounds, void *sink) {
    constexpr int chains = 24, unrolled = 16;
    __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5), sums[chains];
    asm volatile("" : "+v"(a), "+v"(b)); // values that the compiler does not know
    for (int j = 0; j < chains; j++) sums[j] = _mm512_set1_epi32(j);
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int u = 0; u < unrolled; u++) {
#pragma GCC unroll 24
            for (int j = 0; j < chains; j++) sums[j] = _mm512_dpbusd_epi32(sums[j], a, b);
        }
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm512_add_epi32(sums[0], sums[j]);
    _mm512_storeu_si512(sink, sums[0]);
    return rounds * unrolled * chains * 16 * 8;
}

} // namespace rondo::limits
