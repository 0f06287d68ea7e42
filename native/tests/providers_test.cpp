// Loading of providers, with a stand-in library in their place.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "providers.hpp"
#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

std::string load_error(int32_t provider, std::vector<const char *> paths, int32_t status) {
    rondo_error error;
    EXPECT_EQ(rondo_provider_load(provider, paths.data(), static_cast<int32_t>(paths.size()), &error), status);
    return error.text;
}

int record(const char *name) {
    void *library = dlopen(FAKE_PROVIDER, RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) return -1;
    const auto function = reinterpret_cast<int (*)()>(dlsym(library, name));
    return function != nullptr ? function() : -1;
}

void agrees(int32_t provider) {
    Random random(1);
    for (const bool ta : {false, true}) {
        for (const bool tb : {false, true}) {
            for (const float beta : {0.0f, 1.0f}) {
                const int64_t m = 3, n = 5, k = 4, lda = 6, ldb = 7, ldc = 8;
                const Floats a = random.integers(6 * 6, -3, 3), b = random.integers(7 * 7, -3, 3);
                Floats c = random.integers(3 * 8, -3, 3);
                std::vector<float> expected(c.begin(), c.end());
                for (int64_t i = 0; i < m; i++)
                    for (int64_t j = 0; j < n; j++) {
                        float sum = beta * expected[static_cast<size_t>(i * ldc + j)];
                        for (int64_t p = 0; p < k; p++)
                            sum += a[ta ? p * lda + i : i * lda + p] * b[tb ? j * ldb + p : p * ldb + j];
                        expected[static_cast<size_t>(i * ldc + j)] = sum;
                    }
                ASSERT_TRUE(
                    providers::gemm(provider, ta, tb, m, n, k, a.data(), lda, b.data(), ldb, beta, c.data(), ldc));
                EXPECT_TRUE(close(c, expected, Tolerance{0.0, 0.0})) << "transposed " << ta << ", " << tb;
            }
        }
    }
}

// One test, as what is loaded stays loaded.
TEST(Providers, load) {
    Floats one(1);
    EXPECT_EQ(providers::loaded(), 0u);
    EXPECT_FALSE(providers::gemm(0, false, false, 1, 1, 1, one.data(), 1, one.data(), 1, 0.0f, one.data(), 1));
    EXPECT_FALSE(providers::gemm(2, false, false, 1, 1, 1, one.data(), 1, one.data(), 1, 0.0f, one.data(), 1));
    const ContextOf before(RONDO_ISA_AUTO, 1, 3);

    EXPECT_EQ(load_error(2, {FAKE_PROVIDER}, RONDO_INVALID), "provider: expected 0 to 1, got 2");
    EXPECT_EQ(load_error(0, {}, RONDO_INVALID), "count: expected at least 1, got 0");
    EXPECT_EQ(load_error(0, {FAKE_PROVIDER, nullptr}, RONDO_INVALID), "paths[1]: expected a pointer, got NULL");
    const std::string missing = load_error(0, {"/nonexistent/libopenblas.so.0"}, RONDO_UNSUPPORTED);
    EXPECT_NE(missing.find("openblas: /nonexistent/libopenblas.so.0: "), std::string::npos) << missing;
    const std::string lacks = load_error(0, {FAKE_PROVIDER, "libm.so.6"}, RONDO_UNSUPPORTED);
    EXPECT_EQ(lacks, "openblas: the library lacks the function cblas_sgemm");
    EXPECT_EQ(providers::loaded(), 0u);

    EXPECT_EQ(load_error(RONDO_PROVIDER_OPENBLAS, {FAKE_PROVIDER}, RONDO_OK), "");
    EXPECT_EQ(providers::loaded(), 1u);
    EXPECT_EQ(record("fake_threads_set"), 1);
    agrees(RONDO_PROVIDER_OPENBLAS);
    EXPECT_FALSE(
        providers::gemm(0, false, false, 1, 1, 1, one.data(), int64_t{1} << 40, one.data(), 1, 0.0f, one.data(), 1))
        << "a size beyond its integers";

    EXPECT_EQ(load_error(RONDO_PROVIDER_ONEDNN, {"libm.so.6", FAKE_PROVIDER}, RONDO_OK), "");
    EXPECT_EQ(load_error(RONDO_PROVIDER_ONEDNN, {"/not/looked/at"}, RONDO_OK), "") << "loading twice";
    EXPECT_EQ(providers::loaded(), 3u);
    agrees(RONDO_PROVIDER_ONEDNN);
    EXPECT_EQ(record("fake_omp_threads_at_call"), 1);
    EXPECT_EQ(record("fake_omp_threads"), 7) << "the thread's setting must be put back";

    rondo_context_info info = {};
    info.struct_size = sizeof info;
    rondo_context_describe(before, &info);
    EXPECT_EQ(info.providers, 0u);
    rondo_context_describe(ContextOf(RONDO_ISA_AUTO, 1, 2), &info);
    EXPECT_EQ(info.providers, 2u);
    rondo_machine machine = {};
    machine.struct_size = sizeof machine;
    rondo_machine_describe(&machine);
    EXPECT_EQ(machine.providers, 3u);
}

} // namespace
