// A stand-in for OpenBLAS and oneDNN at once: plain loops, and a record of how it was called.
#include <atomic>
#include <cstdint>
#include <pthread.h>

#if defined(__GNUC__)
#define FAKE_API extern "C" __attribute__((visibility("default")))
#endif

namespace {

int threads_set = 0;

// OpenMP keeps a number for each thread, too. Not thread_local: the leak sanitizer stumbles over that of a library that
// is loaded late.
class PerThread {
public:
    PerThread() { pthread_key_create(&key_, nullptr); }
    int get() const {
        const void *value = pthread_getspecific(key_);
        return value == nullptr ? 7 : static_cast<int>(reinterpret_cast<intptr_t>(value));
    }
    void set(int number) const { pthread_setspecific(key_, reinterpret_cast<const void *>(intptr_t{number})); }

private:
    pthread_key_t key_;
};

const PerThread omp_threads;
std::atomic<int> omp_threads_at_call{0};

void multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
              const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            float sum = 0.0f;
            for (int64_t p = 0; p < k; p++)
                sum += (ta ? a[p * lda + i] : a[i * lda + p]) * (tb ? b[j * ldb + p] : b[p * ldb + j]);
            c[i * ldc + j] = alpha * sum + (beta == 0.0f ? 0.0f : beta * c[i * ldc + j]);
        }
    }
}

} // namespace

FAKE_API int fake_threads_set() { return threads_set; }
FAKE_API int fake_omp_threads() { return omp_threads.get(); }
FAKE_API int fake_omp_threads_at_call() { return omp_threads_at_call; }

FAKE_API void openblas_set_num_threads(int threads) { threads_set = threads; }
FAKE_API void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                          const float *b, int ldb, float beta, float *c, int ldc) {
    if (order == 101) multiply(ta == 112, tb == 112, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

FAKE_API void omp_set_num_threads(int threads) { omp_threads.set(threads); }
FAKE_API int omp_get_max_threads() { return omp_threads.get(); }
FAKE_API int dnnl_sgemm(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                        const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    omp_threads_at_call = omp_threads.get();
    multiply(ta == 'T', tb == 'T', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return 0;
}
