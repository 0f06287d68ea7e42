// Loading of providers, with a stand-in library in their place.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "context.hpp"
#include "providers.hpp"
#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"
#include "support/recurrent_runner.hpp"

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

// A context that hands every GEMM to a provider that is loaded.
class ProvidedContext {
public:
    ProvidedContext(int32_t provider, int32_t threads) : context_(RONDO_ISA_AUTO, threads, 1u << provider) {
        rondo_context *context = context_;
        context->provider_work = 0.0;
    }
    operator rondo_context *() const { return context_; }
    int64_t provided(int32_t provider) const {
        const rondo_context *context = context_;
        return context->gemms_by_provider[provider];
    }

private:
    ContextOf context_;
};

// After the test before, in whose process the stand-in stays loaded.
TEST(Providers, doTheGemmsTheyAreGiven) {
    const char *paths[] = {FAKE_PROVIDER};
    ASSERT_EQ(rondo_provider_load(RONDO_PROVIDER_ONEDNN, paths, 1, nullptr), RONDO_OK);
    Random random(2);
    const ContextOf own(RONDO_ISA_AUTO, 1);
    for (const int32_t threads : {1, 3}) {
        const ProvidedContext provided(RONDO_PROVIDER_ONEDNN, threads);
        int64_t expected_count = 0;
        for (int32_t form = 0; form < 16; form++) {
            auto call = call_of<rondo_gemm>(RONDO_OP_GEMM);
            call.m = 37, call.n = 21, call.k = 19;
            call.transpose_a = form & 1, call.transpose_b = form >> 1 & 1, call.accumulate = form >> 2 & 1;
            call.allow_providers = 1;
            const Floats a = random.integers(40 * 40, -3, 3), b = random.integers(40 * 40, -3, 3);
            const Floats bias = random.integers(call.n, -3, 3);
            Floats c = random.integers(call.m * 40, -3, 3), expected(c.copy());
            call.a = a.data(), call.b = b.data(), call.bias = (form & 8) != 0 ? bias.data() : nullptr;
            call.lda = call.ldb = call.ldc = 40;
            call.c = expected.data();
            run_with_scratch(own, call);
            call.c = c.data();
            run_with_scratch(provided, call);
            EXPECT_TRUE(same(c, expected)) << "form " << form << ", threads " << threads;
            EXPECT_EQ(provided.provided(RONDO_PROVIDER_ONEDNN), ++expected_count);
            call.allow_providers = 0;
            run_with_scratch(provided, call);
            EXPECT_EQ(provided.provided(RONDO_PROVIDER_ONEDNN), expected_count) << "not asked";
        }
    }
}

TEST(Providers, areOpenBlasWhereItIsFaster) {
    const char *paths[] = {FAKE_PROVIDER};
    ASSERT_EQ(rondo_provider_load(RONDO_PROVIDER_OPENBLAS, paths, 1, nullptr), RONDO_OK);
    const ProvidedContext provided(RONDO_PROVIDER_OPENBLAS, 1);
    for (const int32_t transpose_b : {0, 1}) {
        auto call = call_of<rondo_gemm>(RONDO_OP_GEMM);
        const Floats a(9, 2.0f), b(9, 3.0f);
        Floats c(9);
        call.m = call.n = call.k = 3, call.lda = call.ldb = call.ldc = 3;
        call.a = a.data(), call.b = b.data(), call.c = c.data();
        call.transpose_b = transpose_b, call.allow_providers = 1;
        run_with_scratch(provided, call);
        EXPECT_TRUE(same(c, Floats(9, 18.0f)));
        EXPECT_EQ(provided.provided(RONDO_PROVIDER_OPENBLAS), transpose_b);
    }
}

TEST(Providers, giveTheGradientsOfRecurrentLayers) {
    const char *paths[] = {FAKE_PROVIDER};
    ASSERT_EQ(rondo_provider_load(RONDO_PROVIDER_ONEDNN, paths, 1, nullptr), RONDO_OK);
    const RecurrentSizes sizes = {5, 7, 9, 11};
    uint64_t seed = 30;
    for (const Cell &cell : all_cells) {
        for (const int32_t threads : {1, 3}) {
            for (const bool ragged : {false, true}) {
                RecurrentInput in = random_input(cell, sizes, {.lengths = ragged}, ++seed);
                in.reverse = threads == 3;
                const RecurrentOutput expected = recurrent_in_double<StandardMaths>(in);
                const ProvidedContext provided(RONDO_PROVIDER_ONEDNN, threads);
                RecurrentForm form;
                form.gap = 2;
                RecurrentRunner runner(provided, in, form);
                const RecurrentOutput actual = runner.train();
                // dW, dU and dx, of a GRU the former two for n apart; padded steps are left out, which providers cannot.
                EXPECT_EQ(provided.provided(RONDO_PROVIDER_ONEDNN), ragged ? 0 : cell.gru() ? 5 : 3);
                const Tolerance tolerance = sum_tolerance(5 * 7 * 44, expected.largest);
                for_each_output(actual, expected, [&](const char *name, const Doubles &a, const Doubles &e) {
                    EXPECT_TRUE(close(a, e, tolerance)) << name << " of " << cell << ", seed " << seed;
                });
            }
        }
    }
}

} // namespace
