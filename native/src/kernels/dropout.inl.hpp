// Dropout by the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, table 2 and section 3.3): what
// an element gets is a function of its index alone, so slices and vectors of any size agree. Sixteen counters are
// worked on at once, in loops that the compiler turns into vectors.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/table.hpp"

namespace {

constexpr int philox_width = 16;

// Words 4 j + w of counter {first + j, c1, c2, c3}.
inline void philox(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t key0, uint32_t key1,
                   uint32_t (&words)[4 * philox_width]) {
    uint32_t a[philox_width], b[philox_width], c[philox_width], d[philox_width];
    for (int j = 0; j < philox_width; j++) {
        a[j] = first + static_cast<uint32_t>(j);
        b[j] = c1;
        c[j] = c2;
        d[j] = c3;
    }
    for (int round = 0; round < 10; round++) {
        for (int j = 0; j < philox_width; j++) {
            const uint64_t p = uint64_t{0xD2511F53u} * a[j];
            const uint64_t q = uint64_t{0xCD9E8D57u} * c[j];
            a[j] = static_cast<uint32_t>(q >> 32) ^ b[j] ^ key0;
            b[j] = static_cast<uint32_t>(q);
            c[j] = static_cast<uint32_t>(p >> 32) ^ d[j] ^ key1;
            d[j] = static_cast<uint32_t>(p);
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    for (int j = 0; j < philox_width; j++) {
        words[4 * j] = a[j];
        words[4 * j + 1] = b[j];
        words[4 * j + 2] = c[j];
        words[4 * j + 3] = d[j];
    }
}

template <class S> void dropout(const rondo::DropoutWork &work, rondo::Slice slice) {
    constexpr int block = 4 * philox_width;
    static_assert(block % map_grain == 0);
    const rondo_dropout &call = *work.call;
    int64_t begin, end;
    slice.range(call.count, block, begin, end);
    for (int64_t e = begin; e < end; e += block) {
        uint32_t words[block];
        philox(static_cast<uint32_t>(e / 4), call.stream, static_cast<uint32_t>(work.step),
               static_cast<uint32_t>(work.step >> 32), static_cast<uint32_t>(call.seed),
               static_cast<uint32_t>(call.seed >> 32), words);
        float x[block] = {};
        const int n = end - e < block ? static_cast<int>(end - e) : block;
        for (int j = 0; j < n; j++) x[j] = call.x[e + j];
        for (int j = 0; j < block; j++) x[j] = words[j] >= work.threshold ? x[j] * work.scale : 0.0f;
        for (int j = 0; j < n; j++) call.y[e + j] = x[j];
    }
}

} // namespace
