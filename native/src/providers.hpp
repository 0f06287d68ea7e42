// OpenBLAS and oneDNN as tables of functions, taken from shared libraries that the host names.
#pragma once

#include <cstdint>

namespace rondo::providers {

// A bit mask of (1 << RONDO_PROVIDER_*).
uint32_t loaded();

// rondo_provider_load; throws a Failure.
void load(int32_t provider, const char *const *paths, int32_t count);

// c = op(a) op(b) + beta c on the calling thread alone, row-major, as in rondo_gemm. False, with c untouched, where the
// provider is not loaded or cannot do it.
bool gemm(int32_t provider, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
          int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

} // namespace rondo::providers
