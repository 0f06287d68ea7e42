// Vectors of 16 floats: x86-64-v4 (AVX-512 F, BW, CD, DQ, VL). Everything here is in an anonymous namespace, so that
// no symbol of this instruction set can be chosen by the linker for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "kernels/table.hpp"

namespace {

struct Simd {
    using F = __m512;
    static constexpr int isa = 3; // RONDO_ISA_AVX512
    static constexpr int lanes = 16;
    static constexpr int tile_rows = 6; // 6 rows x 4 vectors = 24 of 32 registers accumulate
    static constexpr int tile_vectors = 4;
    static constexpr int sums_in_flight = 4; // two units of half the width, 4 cycles
    static constexpr bool asks_ahead = true; // each k of a tile leaves more than half of the loads unused

    static F zero() { return _mm512_setzero_ps(); }
    static F broadcast(float x) { return _mm512_set1_ps(x); }
    static F broadcast(const float *p) { return _mm512_set1_ps(*p); }
    static F load(const float *p) { return _mm512_loadu_ps(p); }
    static void store(float *p, F x) { _mm512_storeu_ps(p, x); }

    // The first n lanes; the others are zero, and are not touched in memory. 0 <= n <= lanes.
    static F load_first(const float *p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
    static void store_first(float *p, F x, int n) { _mm512_mask_storeu_ps(p, first(n), x); }

    static F add(F a, F b) { return _mm512_add_ps(a, b); }
    static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F div(F a, F b) { return _mm512_div_ps(a, b); }
    static F sqrt(F a) { return _mm512_sqrt_ps(a); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }   // a b + c
    static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); } // c - a b

    // Of two numbers; where either is NaN, the result is b.
    static F min(F a, F b) { return _mm512_min_ps(a, b); }
    static F max(F a, F b) { return _mm512_max_ps(a, b); }

    // True if all lanes are +0.
    static bool is_zero(F a) { return _mm512_test_epi32_mask(_mm512_castps_si512(a), _mm512_castps_si512(a)) == 0; }
    static F abs(F a) { return _mm512_abs_ps(a); }
    static F round(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    // x * 2^n for integral n in -126..127.
    static F scale(F x, F n) { return _mm512_scalef_ps(x, n); }
    // 1/x within 1 ulp for normal x whose reciprocal is normal.
    static F reciprocal(F x) {
        const F r = _mm512_rcp14_ps(x);
        return _mm512_fmadd_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(1.0f)), r);
    }
    // a/b, rounded as division is but for rare cases in the last bit, for normal b whose reciprocal is normal.
    static F quotient(F a, F b) {
        const F r = reciprocal(b);
        const F q = _mm512_mul_ps(a, r);
        return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, b, a), r, q);
    }
    // a < b ? x : y; y where either is NaN.
    static F if_less(F a, F b, F x, F y) { return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x); }
    // Magnitude of a, sign of b.
    static F copysign(F a, F b) {
        return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(b),
                                                             _mm512_castps_si512(a), 0xCA));
    }
    // For positive normal x, m in [0.5, 1) and e with x = m 2^e.
    static F split(F x, F &e) {
        e = _mm512_add_ps(_mm512_getexp_ps(x), _mm512_set1_ps(1.0f));
        return _mm512_getmant_ps(x, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_zero);
    }

    // Over the lanes, in a fixed order.
    static float sum(F a) { return _mm512_reduce_add_ps(a); }
    static float largest(F a) { return _mm512_reduce_max_ps(a); }

    // 32-bit words, for the generator of dropout.
    using U = __m512i;
    static U words(uint32_t x) { return _mm512_set1_epi32(static_cast<int32_t>(x)); }
    static U add(U a, U b) { return _mm512_add_epi32(a, b); }
    static U exclusive_or(U a, U b) { return _mm512_xor_si512(a, b); }
    // Both halves of the 64-bit products.
    static void multiply(U a, U b, U &low, U &high) {
        const U even = _mm512_mul_epu32(a, b);
        const U odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
        low = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
        high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
    }
    // The counters that the lanes take, so that interleave() puts their words in order.
    static U order() { return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15); }
    // From word w of each counter to the four words of one counter after those of another.
    static void interleave(U (&w)[4]) {
        const U ab_low = _mm512_unpacklo_epi32(w[0], w[1]), ab_high = _mm512_unpackhi_epi32(w[0], w[1]);
        const U cd_low = _mm512_unpacklo_epi32(w[2], w[3]), cd_high = _mm512_unpackhi_epi32(w[2], w[3]);
        w[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
        w[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
        w[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
        w[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    // The upper 24 bits, as a number in [0, 1).
    static F unit(U word) {
        return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srli_epi32(word, 8)), _mm512_set1_ps(0x1p-24f));
    }
    // x where the word is at least the limit, else 0.
    static F keep(F x, U word, U limit) { return _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(word, limit), x); }

    // Rows become columns.
    static void transpose(F (&r)[lanes]) {
        F t[lanes];
        for (int i = 0; i < 16; i += 2) { // pairs of rows, then of pairs: 4 x 4 blocks within each 128 bits
            t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
        }
        for (int i = 0; i < 16; i += 4) {
            for (int j = 0; j < 2; j++) {
                const __m512d a = _mm512_castps_pd(t[i + j]), b = _mm512_castps_pd(t[i + j + 2]);
                r[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                r[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
            }
        }
        for (int j = 0; j < 4; j++) { // then the blocks
            const F a = _mm512_shuffle_f32x4(r[j], r[j + 4], 0x88), b = _mm512_shuffle_f32x4(r[j], r[j + 4], 0xdd);
            const F c = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0x88),
                    d = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0xdd);
            t[j] = _mm512_shuffle_f32x4(a, c, 0x88);
            t[j + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
            t[j + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
            t[j + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
        }
        for (int i = 0; i < 16; i++) r[i] = t[i];
    }

    // Inlined at once: GCC 12 takes a function that only prefetches for one without effect, and drops its calls.
    RONDO_INLINE static void prefetch(const float *p) { _mm_prefetch(reinterpret_cast<const char *>(p), _MM_HINT_T0); }
    // Into L2.
    RONDO_INLINE static void prefetch_outer(const float *p) {
        _mm_prefetch(reinterpret_cast<const char *>(p), _MM_HINT_T1);
    }

private:
    static __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
};

} // namespace
