// Vectors of 4 floats: x86-64-v2 (SSE4.2), which has no fused multiply-add. Everything here is in an anonymous
// namespace, so that no symbol of this instruction set can be chosen by the linker for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "kernels/table.hpp"

namespace {

struct Simd {
    using F = __m128;
    static constexpr int isa = 1; // RONDO_ISA_BASELINE
    static constexpr int lanes = 4;
    static constexpr int tile_rows = 2; // 2 rows x 4 vectors = 8 of 16 registers; a product needs one besides
    static constexpr int tile_vectors = 4;
    static constexpr int sums_in_flight = 8;
    static constexpr bool asks_ahead = false;

    static F zero() { return _mm_setzero_ps(); }
    static F broadcast(float x) { return _mm_set1_ps(x); }
    static F broadcast(const float *p) { return _mm_set1_ps(*p); }
    static F load(const float *p) { return _mm_loadu_ps(p); }
    static void store(float *p, F x) { _mm_storeu_ps(p, x); }

    // The first n lanes; the others are zero, and are not touched in memory. 0 <= n <= lanes.
    static F load_first(const float *p, int n) {
        alignas(16) float all[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int i = 0; i < n; i++) all[i] = p[i];
        return _mm_load_ps(all);
    }
    static void store_first(float *p, F x, int n) {
        alignas(16) float all[4];
        _mm_store_ps(all, x);
        for (int i = 0; i < n; i++) p[i] = all[i];
    }

    static F add(F a, F b) { return _mm_add_ps(a, b); }
    static F sub(F a, F b) { return _mm_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm_mul_ps(a, b); }
    static F div(F a, F b) { return _mm_div_ps(a, b); }
    static F sqrt(F a) { return _mm_sqrt_ps(a); }
    static F fma(F a, F b, F c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }  // a b + c, rounded twice
    static F fnma(F a, F b, F c) { return _mm_sub_ps(c, _mm_mul_ps(a, b)); } // c - a b, rounded twice

    // Of two numbers; where either is NaN, the result is b.
    static F min(F a, F b) { return _mm_min_ps(a, b); }
    static F max(F a, F b) { return _mm_max_ps(a, b); }

    // True if all lanes are +0.
    static bool is_zero(F a) { return _mm_testz_si128(_mm_castps_si128(a), _mm_castps_si128(a)) != 0; }
    static F abs(F a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
    static F round(F a) { return _mm_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    // x * 2^n for integral n in -126..127.
    static F scale(F x, F n) {
        const __m128i exponent = _mm_add_epi32(_mm_cvtps_epi32(n), _mm_set1_epi32(127));
        return _mm_mul_ps(x, _mm_castsi128_ps(_mm_slli_epi32(exponent, 23)));
    }
    static F reciprocal(F x) { return _mm_div_ps(_mm_set1_ps(1.0f), x); }
    static F quotient(F a, F b) { return div(a, b); }
    // a < b ? x : y; y where either is NaN.
    static F if_less(F a, F b, F x, F y) { return _mm_blendv_ps(y, x, _mm_cmplt_ps(a, b)); }
    // Magnitude of a, sign of b.
    static F copysign(F a, F b) {
        const F sign = _mm_set1_ps(-0.0f);
        return _mm_or_ps(_mm_andnot_ps(sign, a), _mm_and_ps(sign, b));
    }
    // For positive normal x, m in [0.5, 1) and e with x = m 2^e.
    static F split(F x, F &e) {
        const __m128i bits = _mm_castps_si128(x);
        e = _mm_cvtepi32_ps(_mm_sub_epi32(_mm_srli_epi32(bits, 23), _mm_set1_epi32(126)));
        const __m128i fraction = _mm_and_si128(bits, _mm_set1_epi32(0x007FFFFF));
        return _mm_castsi128_ps(_mm_or_si128(fraction, _mm_set1_epi32(0x3F000000)));
    }

    // Over the lanes, in a fixed order.
    static float sum(F a) {
        const F pairs = _mm_add_ps(a, _mm_movehl_ps(a, a));
        return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)));
    }
    static float largest(F a) {
        const F pairs = _mm_max_ps(a, _mm_movehl_ps(a, a));
        return _mm_cvtss_f32(_mm_max_ss(pairs, _mm_movehdup_ps(pairs)));
    }

    // 32-bit words, for the generator of dropout.
    using U = __m128i;
    static U words(uint32_t x) { return _mm_set1_epi32(static_cast<int32_t>(x)); }
    static U add(U a, U b) { return _mm_add_epi32(a, b); }
    static U exclusive_or(U a, U b) { return _mm_xor_si128(a, b); }
    // Both halves of the 64-bit products.
    static void multiply(U a, U b, U &low, U &high) {
        const U even = _mm_mul_epu32(a, b);
        const U odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), b);
        low = _mm_blend_epi16(even, _mm_slli_epi64(odd, 32), 0xCC);
        high = _mm_blend_epi16(_mm_srli_epi64(even, 32), odd, 0xCC);
    }
    // The counters that the lanes take, so that interleave() puts their words in order.
    static U order() { return _mm_setr_epi32(0, 1, 2, 3); }
    // From word w of each counter to the four words of one counter after those of another.
    static void interleave(U (&w)[4]) {
        const U ab_low = _mm_unpacklo_epi32(w[0], w[1]), ab_high = _mm_unpackhi_epi32(w[0], w[1]);
        const U cd_low = _mm_unpacklo_epi32(w[2], w[3]), cd_high = _mm_unpackhi_epi32(w[2], w[3]);
        w[0] = _mm_unpacklo_epi64(ab_low, cd_low);
        w[1] = _mm_unpackhi_epi64(ab_low, cd_low);
        w[2] = _mm_unpacklo_epi64(ab_high, cd_high);
        w[3] = _mm_unpackhi_epi64(ab_high, cd_high);
    }
    // The upper 24 bits, as a number in [0, 1).
    static F unit(U word) { return _mm_mul_ps(_mm_cvtepi32_ps(_mm_srli_epi32(word, 8)), _mm_set1_ps(0x1p-24f)); }
    // x where the word is at least the limit, else 0.
    static F keep(F x, U word, U limit) {
        return _mm_and_ps(x, _mm_castsi128_ps(_mm_cmpeq_epi32(_mm_max_epu32(word, limit), word)));
    }

    // Rows become columns.
    static void transpose(F (&r)[lanes]) { _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]); }

    // Inlined at once: GCC 12 takes a function that only prefetches for one without effect, and drops its calls.
    RONDO_INLINE static void prefetch(const float *p) { _mm_prefetch(reinterpret_cast<const char *>(p), _MM_HINT_T0); }
};

} // namespace
