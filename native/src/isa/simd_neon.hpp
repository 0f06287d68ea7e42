// Vectors of 4 floats: Armv8-A with Advanced SIMD (NEON), which every 64-bit Arm has. Everything here is in an anonymous
// namespace, as in the other instruction sets.
#pragma once

#include <arm_neon.h>
#include <cstddef>
#include <cstdint>

#include "kernels/table.hpp"

namespace {

struct Simd {
    using F = float32x4_t;
    static constexpr int isa = 1; // RONDO_ISA_BASELINE
    static constexpr int lanes = 4;
    static constexpr int tile_rows = 6; // 6 rows x 4 vectors = 24 of 32 registers accumulate
    static constexpr int tile_vectors = 4;
    static constexpr int sums_in_flight = 8;
    static constexpr bool asks_ahead = false;

    static F zero() { return vdupq_n_f32(0.0f); }
    static F broadcast(float x) { return vdupq_n_f32(x); }
    static F broadcast(const float *p) { return vld1q_dup_f32(p); }
    static F load(const float *p) { return vld1q_f32(p); }
    static void store(float *p, F x) { vst1q_f32(p, x); }

    // The first n lanes; the others are zero, and are not touched in memory. 0 <= n <= lanes.
    static F load_first(const float *p, int n) {
        alignas(16) float all[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int i = 0; i < n; i++) all[i] = p[i];
        return vld1q_f32(all);
    }
    static void store_first(float *p, F x, int n) {
        alignas(16) float all[4];
        vst1q_f32(all, x);
        for (int i = 0; i < n; i++) p[i] = all[i];
    }

    static F add(F a, F b) { return vaddq_f32(a, b); }
    static F sub(F a, F b) { return vsubq_f32(a, b); }
    static F mul(F a, F b) { return vmulq_f32(a, b); }
    static F div(F a, F b) { return vdivq_f32(a, b); }
    static F sqrt(F a) { return vsqrtq_f32(a); }
    static F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }  // a b + c
    static F fnma(F a, F b, F c) { return vfmsq_f32(c, a, b); } // c - a b

    // Of two numbers; where either is NaN, the result is b.
    static F min(F a, F b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
    static F max(F a, F b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }

    // True if all lanes are +0.
    static bool is_zero(F a) { return vmaxvq_u32(vreinterpretq_u32_f32(a)) == 0; }
    static F abs(F a) { return vabsq_f32(a); }
    static F round(F a) { return vrndnq_f32(a); }
    // x * 2^n for integral n in -126..127.
    static F scale(F x, F n) {
        const int32x4_t exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
        return vmulq_f32(x, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
    }
    static F reciprocal(F x) { return vdivq_f32(vdupq_n_f32(1.0f), x); }
    static F quotient(F a, F b) { return div(a, b); }
    // a < b ? x : y; y where either is NaN.
    static F if_less(F a, F b, F x, F y) { return vbslq_f32(vcltq_f32(a, b), x, y); }
    // Magnitude of a, sign of b.
    static F copysign(F a, F b) { return vbslq_f32(vdupq_n_u32(0x80000000u), b, a); }
    // For positive normal x, m in [0.5, 1) and e with x = m 2^e.
    static F split(F x, F &e) {
        const uint32x4_t bits = vreinterpretq_u32_f32(x);
        e = vcvtq_f32_s32(vsubq_s32(vreinterpretq_s32_u32(vshrq_n_u32(bits, 23)), vdupq_n_s32(126)));
        const uint32x4_t fraction = vandq_u32(bits, vdupq_n_u32(0x007FFFFFu));
        return vreinterpretq_f32_u32(vorrq_u32(fraction, vdupq_n_u32(0x3F000000u)));
    }

    // Over the lanes, in a fixed order.
    static float sum(F a) {
        const float32x2_t pairs = vadd_f32(vget_low_f32(a), vget_high_f32(a));
        return vget_lane_f32(pairs, 0) + vget_lane_f32(pairs, 1);
    }
    static float largest(F a) {
        const F pairs = max(a, vextq_f32(a, a, 2));
        return vgetq_lane_f32(max(pairs, vextq_f32(pairs, pairs, 1)), 0);
    }

    // 32-bit words, for the generator of dropout.
    using U = uint32x4_t;
    static U words(uint32_t x) { return vdupq_n_u32(x); }
    static U add(U a, U b) { return vaddq_u32(a, b); }
    static U exclusive_or(U a, U b) { return veorq_u32(a, b); }
    // Both halves of the 64-bit products.
    static void multiply(U a, U b, U &low, U &high) {
        const U first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
        const U last = vreinterpretq_u32_u64(vmull_high_u32(a, b));
        low = vuzp1q_u32(first, last);
        high = vuzp2q_u32(first, last);
    }
    // The counters that the lanes take, so that interleave() puts their words in order.
    static U order() {
        constexpr uint32_t lane[4] = {0, 1, 2, 3};
        return vld1q_u32(lane);
    }
    // From word w of each counter to the four words of one counter after those of another.
    static void interleave(U (&w)[4]) {
        const U ab_low = vzip1q_u32(w[0], w[1]), ab_high = vzip2q_u32(w[0], w[1]);
        const U cd_low = vzip1q_u32(w[2], w[3]), cd_high = vzip2q_u32(w[2], w[3]);
        w[0] = low_halves(ab_low, cd_low);
        w[1] = high_halves(ab_low, cd_low);
        w[2] = low_halves(ab_high, cd_high);
        w[3] = high_halves(ab_high, cd_high);
    }
    // The upper 24 bits, as a number in [0, 1).
    static F unit(U word) { return vmulq_f32(vcvtq_f32_u32(vshrq_n_u32(word, 8)), vdupq_n_f32(0x1p-24f)); }
    // x where the word is at least the limit, else 0.
    static F keep(F x, U word, U limit) {
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), vcgeq_u32(word, limit)));
    }

    // Rows become columns.
    static void transpose(F (&r)[lanes]) {
        U w[4];
        for (int i = 0; i < 4; i++) w[i] = vreinterpretq_u32_f32(r[i]);
        interleave(w);
        for (int i = 0; i < 4; i++) r[i] = vreinterpretq_f32_u32(w[i]);
    }

    // Inlined at once: GCC 12 takes a function that only prefetches for one without effect, and drops its calls.
    RONDO_INLINE static void prefetch(const float *p) { __builtin_prefetch(p); }

private:
    static U low_halves(U a, U b) {
        return vreinterpretq_u32_u64(vzip1q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)));
    }
    static U high_halves(U a, U b) {
        return vreinterpretq_u32_u64(vzip2q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)));
    }
};

} // namespace
