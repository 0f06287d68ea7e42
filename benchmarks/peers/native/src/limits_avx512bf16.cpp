#include <immintrin.h>

#include "limits.hpp"

namespace rondo::limits {

// vdpbf16ps: to each of 16 sums in float32 two products of bf16 are added.
int64_t bf16_avx512(int64_t rounds, void *sink) {
    constexpr int chains = 24, unrolled = 16;
    __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f)), b = a;
    __m512 sums[chains];
    asm volatile("" : "+v"(a), "+v"(b)); // values that the compiler does not know
    for (int j = 0; j < chains; j++) sums[j] = _mm512_set1_ps(static_cast<float>(j));
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int u = 0; u < unrolled; u++) {
#pragma GCC unroll 24
            for (int j = 0; j < chains; j++) sums[j] = _mm512_dpbf16_ps(sums[j], a, b);
        }
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm512_add_ps(sums[0], sums[j]);
    _mm512_storeu_ps(sink, sums[0]);
    return rounds * unrolled * chains * 16 * 4;
}

} // namespace rondo::limits
