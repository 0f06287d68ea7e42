// When a GEMM of training goes to a provider, and how.
#pragma once

#include <atomic>
#include <cstdint>

#include "context.hpp"
#include "error.hpp"
#include "providers.hpp"

namespace rondo {

// c [m, n] = op(a) op(b), as in rondo_gemm.
struct ProviderGemm {
    bool transpose_a;
    bool transpose_b;
    int64_t m;
    int64_t n;
    int64_t k;
    const float *a;
    int64_t lda;
    const float *b;
    int64_t ldb;
    const float *bias; // [n] or null
    bool accumulate;
    float *c;
    int64_t ldc;
};

// Which provider takes a GEMM of this size, or -1 for our own kernel: of the large ones oneDNN takes all, OpenBLAS those
// with a transposed right-hand side, where alone it was measured faster than ours.
inline int32_t provider_for(const Context &context, bool transpose_b, int64_t m, int64_t n, int64_t k) {
    const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    if (work < context.provider_work) return -1;
    if (context.providers & (1u << RONDO_PROVIDER_ONEDNN)) return RONDO_PROVIDER_ONEDNN;
    if (context.providers & (1u << RONDO_PROVIDER_OPENBLAS) && transpose_b) return RONDO_PROVIDER_OPENBLAS;
    return -1;
}

// Runs it, a slice of rows on each thread. Throws a Failure where the provider refuses.
inline void run_provider(const Context &context, int32_t provider, const ProviderGemm &gemm) {
    std::atomic<bool> refused{false};
    context.parallel(context.threads, [&](Slice slice) {
        int64_t begin, end;
        slice.range(gemm.m, 16, begin, end);
        if (begin == end) return;
        float *c = gemm.c + begin * gemm.ldc;
        if (gemm.bias != nullptr) { // providers know of none: it goes first, and the product on top
            for (int64_t i = 0; i < end - begin; i++) {
                float *row = c + i * gemm.ldc;
                for (int64_t j = 0; j < gemm.n; j++) row[j] = gemm.bias[j] + (gemm.accumulate ? row[j] : 0.0f);
            }
        }
        const bool done = providers::gemm(provider, gemm.transpose_a, gemm.transpose_b, end - begin, gemm.n, gemm.k,
                                          gemm.a + begin * (gemm.transpose_a ? 1 : gemm.lda), gemm.lda, gemm.b,
                                          gemm.ldb, gemm.accumulate || gemm.bias != nullptr ? 1.0f : 0.0f, c, gemm.ldc);
        if (!done) refused.store(true, std::memory_order_relaxed);
    });
    if (refused) {
        fail(RONDO_UNSUPPORTED, "provider %d refused a GEMM of %lld x %lld x %lld", provider,
             static_cast<long long>(gemm.m), static_cast<long long>(gemm.n), static_cast<long long>(gemm.k));
    }
    context.gemms_by_provider[provider].fetch_add(1, std::memory_order_relaxed);
}

} // namespace rondo
