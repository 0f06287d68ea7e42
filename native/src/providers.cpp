#include "providers.hpp"

#include <atomic>
#include <climits>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>

#include "error.hpp"
#include "ops/op.hpp"
#include "rondo/rondo.h"

namespace rondo::providers {

namespace {

// From cblas.h of OpenBLAS.
using CblasSgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
using SetNumThreads = void (*)(int);
constexpr int cblas_row_major = 101, cblas_no_transpose = 111, cblas_transpose = 112;

// From dnnl.h of oneDNN, and omp.h.
using DnnlSgemm = int (*)(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                          const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
using GetMaxThreads = int (*)();

struct Functions {
    CblasSgemm cblas_sgemm = nullptr;
    DnnlSgemm dnnl_sgemm = nullptr;
    SetNumThreads omp_set_num_threads = nullptr;
    GetMaxThreads omp_get_max_threads = nullptr;
};

constinit Functions functions; // of a provider, written before its bit in available
constinit std::atomic<uint32_t> available{0};
constinit pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

class Lock {
public:
    Lock() { pthread_mutex_lock(&loading); }
    ~Lock() { pthread_mutex_unlock(&loading); }
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
};

const char *name_of(int32_t provider) { return provider == RONDO_PROVIDER_OPENBLAS ? "openblas" : "onednn"; }

template <class Function> void take(Function &function, void *library, const char *provider, const char *symbol) {
    void *address = dlsym(library, symbol);
    if (address == nullptr) fail(RONDO_UNSUPPORTED, "%s: the library lacks the function %s", provider, symbol);
    std::memcpy(&function, &address, sizeof address);
}

} // namespace

uint32_t loaded() { return available.load(std::memory_order_acquire); }

void load(int32_t provider, const char *const *paths, int32_t count) {
    require_between("provider", provider, RONDO_PROVIDER_OPENBLAS, RONDO_PROVIDER_ONEDNN);
    require_at_least("count", count, 1);
    require("paths", paths);
    for (int32_t i = 0; i < count; i++)
        if (paths[i] == nullptr) fail(RONDO_INVALID, "paths[%d]: expected a pointer, got NULL", i);
    const Lock lock;
    if ((loaded() >> provider & 1u) != 0) return;
    // Libraries opened before satisfy the needs of later ones by their SONAME. They stay open for good: other threads
    // may be inside.
    void *library = nullptr;
    for (int32_t i = 0; i < count; i++) {
        library = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            const char *reason = dlerror();
            fail(RONDO_UNSUPPORTED, "%s: %s", name_of(provider), reason != nullptr ? reason : paths[i]);
        }
    }
    if (provider == RONDO_PROVIDER_OPENBLAS) {
        CblasSgemm sgemm;
        SetNumThreads set_num_threads;
        take(sgemm, library, "openblas", "cblas_sgemm");
        take(set_num_threads, library, "openblas", "openblas_set_num_threads");
        set_num_threads(1); // it is called on slices within our own pool
        functions.cblas_sgemm = sgemm;
    } else {
        DnnlSgemm sgemm;
        SetNumThreads set_num_threads;
        GetMaxThreads get_max_threads;
        take(sgemm, library, "onednn", "dnnl_sgemm");
        take(set_num_threads, library, "onednn", "omp_set_num_threads"); // found in the OpenMP it depends on
        take(get_max_threads, library, "onednn", "omp_get_max_threads");
        functions.dnnl_sgemm = sgemm;
        functions.omp_set_num_threads = set_num_threads;
        functions.omp_get_max_threads = get_max_threads;
    }
    available.fetch_or(1u << provider, std::memory_order_release);
}

bool gemm(int32_t provider, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
          int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (provider < 0 || provider > RONDO_PROVIDER_ONEDNN || (loaded() >> provider & 1u) == 0) return false;
    if (provider == RONDO_PROVIDER_OPENBLAS) {
        for (const int64_t size : {m, n, k, lda, ldb, ldc})
            if (size > INT_MAX) return false;
        functions.cblas_sgemm(cblas_row_major, transpose_a ? cblas_transpose : cblas_no_transpose,
                              transpose_b ? cblas_transpose : cblas_no_transpose, static_cast<int>(m),
                              static_cast<int>(n), static_cast<int>(k), 1.0f, a, static_cast<int>(lda), b,
                              static_cast<int>(ldb), beta, c, static_cast<int>(ldc));
        return true;
    }
    // OpenMP keeps this number for each thread.
    const int before = functions.omp_get_max_threads();
    if (before != 1) functions.omp_set_num_threads(1);
    const int status = functions.dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a, lda, b,
                                            ldb, beta, c, ldc);
    if (before != 1) functions.omp_set_num_threads(before);
    return status == 0;
}

} // namespace rondo::providers
