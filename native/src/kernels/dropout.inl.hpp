// Dropout and noise by the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, table 2 and section 3.3):
// what an element gets is a function of its index alone, so slices and vectors of any size agree. Each lane works on a
// counter of its own, which gives four elements.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

// The words of counters {first + j, c1, c2, c3}, in order: word 0 to 3 of the first counter, then of the next.
template <class S>
inline void philox(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t key0, uint32_t key1,
                   typename S::U (&words)[4]) {
    using U = typename S::U;
    U a = S::add(S::words(first), S::order()), b = S::words(c1), c = S::words(c2), d = S::words(c3);
    for (int round = 0; round < 10; round++) {
        U p_low, p_high, q_low, q_high;
        S::multiply(a, S::words(0xD2511F53u), p_low, p_high);
        S::multiply(c, S::words(0xCD9E8D57u), q_low, q_high);
        a = S::exclusive_or(S::exclusive_or(q_high, b), S::words(key0));
        b = q_low;
        c = S::exclusive_or(S::exclusive_or(p_high, d), S::words(key1));
        d = p_low;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    S::interleave(words);
}

template <class S> void dropout(const rondo::DropoutWork &work, rondo::Slice slice) {
    constexpr int64_t block = 4 * S::lanes;
    static_assert(map_grain % block == 0);
    const rondo_dropout &call = *work.call;
    const auto limit = S::words(work.threshold);
    const auto scale = S::broadcast(work.scale);
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    for (int64_t e = begin; e < end; e += block) {
        typename S::U words[4];
        philox<S>(static_cast<uint32_t>(e / 4), call.stream, static_cast<uint32_t>(work.step),
                  static_cast<uint32_t>(work.step >> 32), static_cast<uint32_t>(call.seed),
                  static_cast<uint32_t>(call.seed >> 32), words);
        for (int64_t v = 0; v < 4; v++) {
            const int64_t from = e + v * S::lanes;
            const int64_t to = from + S::lanes < end ? from + S::lanes : end;
            map<S>(from, to, call.x, call.y, [&](auto x) { return S::keep(S::mul(x, scale), words[v], limit); });
        }
    }
}

// cos(2 pi v) for v in [0, 1): 1 - 2 sin(pi t)^2 for t = v - round(v), by the series of the sine up to t^13.
template <class S> inline typename S::F cosine_of_turn(typename S::F v) {
    using F = typename S::F;
    const F x = S::mul(S::sub(v, S::round(v)), S::broadcast(3.14159265358979324f));
    const F z = S::mul(x, x);
    F p = S::broadcast(1.6059043837e-10f);
    p = S::fma(p, z, S::broadcast(-2.5052108385e-8f));
    p = S::fma(p, z, S::broadcast(2.7557319224e-6f));
    p = S::fma(p, z, S::broadcast(-1.9841269841e-4f));
    p = S::fma(p, z, S::broadcast(8.3333333333e-3f));
    p = S::fma(p, z, S::broadcast(-1.6666666667e-1f));
    const F sine = S::fma(S::mul(p, z), x, x);
    return S::fnma(S::add(sine, sine), sine, S::broadcast(1.0f));
}

template <class S> void gaussian_noise(const rondo::GaussianNoiseWork &work, rondo::Slice slice) {
    using F = typename S::F;
    constexpr int64_t block = 4 * S::lanes;
    static_assert(map_grain % block == 0);
    const rondo_gaussian_noise &call = *work.call;
    const F least = S::broadcast(0x1p-24f);
    const F deviation = S::broadcast(call.deviation);
    int64_t begin, end;
    slice.range(call.count, map_grain, begin, end);
    for (int64_t e = begin; e < end; e += block) {
        typename S::U words[2][4];
        for (uint32_t i = 0; i < 2; i++) {
            philox<S>(static_cast<uint32_t>(e / 4), call.stream + (i << 31), static_cast<uint32_t>(work.step),
                      static_cast<uint32_t>(work.step >> 32), static_cast<uint32_t>(call.seed),
                      static_cast<uint32_t>(call.seed >> 32), words[i]);
        }
        for (int64_t v = 0; v < 4; v++) {
            const int64_t from = e + v * S::lanes;
            const int64_t to = from + S::lanes < end ? from + S::lanes : end;
            const F log = Math<S>::log(S::add(S::unit(words[0][v]), least));
            const F radius = S::sqrt(S::mul(S::broadcast(-2.0f), log));
            const F normal = S::mul(radius, cosine_of_turn<S>(S::unit(words[1][v])));
            map<S>(from, to, call.x, call.y, [&](F x) { return S::fma(deviation, normal, x); });
        }
    }
}

} // namespace
