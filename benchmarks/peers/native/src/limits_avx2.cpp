#include <immintrin.h>

#include "limits.hpp"

namespace rondo::limits {

// Twelve chains: more than latency times throughput (4 x 2, or 5 x 2) and less than the sixteen registers.
int64_t fma_avx2(int64_t rounds, void *sink) {
    constexpr int chains = 12, unrolled = 16;
    __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f), sums[chains];
    asm volatile("" : "+x"(factor), "+x"(term)); // values that the compiler does not know
    for (int j = 0; j < chains; j++) sums[j] = _mm256_set1_ps(static_cast<float>(j));
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int u = 0; u < unrolled; u++) {
#pragma GCC unroll 12
            for (int j = 0; j < chains; j++) sums[j] = _mm256_fmadd_ps(sums[j], factor, term);
        }
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm256_add_ps(sums[0], sums[j]);
    _mm256_storeu_ps(static_cast<float *>(sink), sums[0]);
    return rounds * unrolled * chains * 8 * 2;
}

// The loads' bits are combined, which costs no more than one of three or four integer units.
void read_avx2(const void *memory, int64_t bytes, int64_t rounds, void *sink) {
    constexpr int chains = 8;
    __m256i sums[chains];
    for (__m256i &sum : sums) sum = _mm256_setzero_si256();
    for (int64_t i = 0; i < rounds; i++) {
        const __m256i *at = static_cast<const __m256i *>(memory), *const end = at + bytes / 32;
        for (; at != end; at += 4 * chains) {
#pragma GCC unroll 32
            for (int j = 0; j < 4 * chains; j++)
                sums[j % chains] = _mm256_or_si256(sums[j % chains], _mm256_load_si256(at + j));
        }
        asm volatile("" ::: "memory"); // the next round reads again
    }
    for (int j = 1; j < chains; j++) sums[0] = _mm256_or_si256(sums[0], sums[j]);
    _mm256_storeu_si256(static_cast<__m256i *>(sink), sums[0]);
}

} // namespace rondo::limits
