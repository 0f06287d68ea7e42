// Vectors of 8 floats: x86-64-v3 (AVX2, FMA). Everything here is in an anonymous namespace, so that no symbol of this
// instruction set can be chosen by the linker for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "kernels/table.hpp"

namespace {

struct Simd {
    using F = __m256;
    static constexpr int isa = 2; // RONDO_ISA_AVX2
    static constexpr int lanes = 8;
    static constexpr int tile_rows = 6; // 6 rows x 2 vectors = 12 of 16 registers accumulate
    static constexpr int tile_vectors = 2;
    static constexpr int sums_in_flight = 8; // two units, 4 cycles
    static constexpr bool asks_ahead = false;

    static F zero() { return _mm256_setzero_ps(); }
    static F broadcast(float x) { return _mm256_set1_ps(x); }
    static F broadcast(const float *p) { return _mm256_broadcast_ss(p); }
    static F load(const float *p) { return _mm256_loadu_ps(p); }
    static void store(float *p, F x) { _mm256_storeu_ps(p, x); }

    // The first n lanes; the others are zero, and are not touched in memory. 0 <= n <= lanes.
    static F load_first(const float *p, int n) { return _mm256_maskload_ps(p, first(n)); }
    static void store_first(float *p, F x, int n) { _mm256_maskstore_ps(p, first(n), x); }

    static F add(F a, F b) { return _mm256_add_ps(a, b); }
    static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
    static F div(F a, F b) { return _mm256_div_ps(a, b); }
    static F sqrt(F a) { return _mm256_sqrt_ps(a); }
    static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }   // a b + c
    static F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); } // c - a b

    // Of two numbers; where either is NaN, the result is b.
    static F min(F a, F b) { return _mm256_min_ps(a, b); }
    static F max(F a, F b) { return _mm256_max_ps(a, b); }

    // True if all lanes are +0.
    static bool is_zero(F a) { return _mm256_testz_si256(_mm256_castps_si256(a), _mm256_castps_si256(a)) != 0; }
    static F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
    static F round(F a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    // x * 2^n for integral n in -126..127.
    static F scale(F x, F n) {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
    }
    static F reciprocal(F x) { return _mm256_div_ps(_mm256_set1_ps(1.0f), x); }
    static F quotient(F a, F b) { return div(a, b); }
    // a < b ? x : y; y where either is NaN.
    static F if_less(F a, F b, F x, F y) { return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ)); }
    // Magnitude of a, sign of b.
    static F copysign(F a, F b) {
        const F sign = _mm256_set1_ps(-0.0f);
        return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
    }
    // For positive normal x, m in [0.5, 1) and e with x = m 2^e.
    static F split(F x, F &e) {
        const __m256i bits = _mm256_castps_si256(x);
        e = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(126)));
        const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x007FFFFF));
        return _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3F000000)));
    }

    // Over the lanes, in a fixed order.
    static float sum(F a) {
        const __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        const __m128 pairs = _mm_add_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)));
    }
    static float largest(F a) {
        const __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        const __m128 pairs = _mm_max_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_max_ss(pairs, _mm_movehdup_ps(pairs)));
    }

    // 32-bit words, for the generator of dropout.
    using U = __m256i;
    static U words(uint32_t x) { return _mm256_set1_epi32(static_cast<int32_t>(x)); }
    static U add(U a, U b) { return _mm256_add_epi32(a, b); }
    static U exclusive_or(U a, U b) { return _mm256_xor_si256(a, b); }
    // Both halves of the 64-bit products.
    static void multiply(U a, U b, U &low, U &high) {
        const U even = _mm256_mul_epu32(a, b);
        const U odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
        low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
        high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    }
    // The counters that the lanes take, so that interleave() puts their words in order.
    static U order() { return _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7); }
    // From word w of each counter to the four words of one counter after those of another.
    static void interleave(U (&w)[4]) {
        const U ab_low = _mm256_unpacklo_epi32(w[0], w[1]), ab_high = _mm256_unpackhi_epi32(w[0], w[1]);
        const U cd_low = _mm256_unpacklo_epi32(w[2], w[3]), cd_high = _mm256_unpackhi_epi32(w[2], w[3]);
        w[0] = _mm256_unpacklo_epi64(ab_low, cd_low);
        w[1] = _mm256_unpackhi_epi64(ab_low, cd_low);
        w[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
        w[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
    }
    // The upper 24 bits, as a number in [0, 1).
    static F unit(U word) {
        return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srli_epi32(word, 8)), _mm256_set1_ps(0x1p-24f));
    }
    // x where the word is at least the limit, else 0.
    static F keep(F x, U word, U limit) {
        return _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(word, limit), word)));
    }

    // Rows become columns.
    static void transpose(F (&r)[lanes]) {
        F t[lanes];
        for (int i = 0; i < 8; i += 2) { // pairs of rows, then of pairs: 4 x 4 blocks within each 128 bits
            t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
        }
        for (int i = 0; i < 8; i += 4) {
            for (int j = 0; j < 2; j++) {
                const __m256d a = _mm256_castps_pd(t[i + j]), b = _mm256_castps_pd(t[i + j + 2]);
                r[i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
                r[i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
            }
        }
        for (int j = 0; j < 4; j++) { // then the blocks
            const F a = r[j], b = r[j + 4];
            r[j] = _mm256_permute2f128_ps(a, b, 0x20);
            r[j + 4] = _mm256_permute2f128_ps(a, b, 0x31);
        }
    }

    // Inlined at once: GCC 12 takes a function that only prefetches for one without effect, and drops its calls.
    RONDO_INLINE static void prefetch(const float *p) { _mm_prefetch(reinterpret_cast<const char *>(p), _MM_HINT_T0); }

private:
    static __m256i first(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
};

} // namespace
