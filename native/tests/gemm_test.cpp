// gemm_pack and gemm. On small integers every sum is exact, so a wrong index shows as a wrong bit; on random floats the
// result must lie within the error of its sum.
#include <gtest/gtest.h>
#include <vector>

#include "kernels/table.hpp"
#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

struct Sizes {
    int32_t m, n, k;
};

struct Form {
    bool transpose_a, transpose_b, accumulate, bias, packed;
    int32_t gap; // between the columns and the leading dimension
};

// A matrix that ends with the last element of its last row.
int64_t extent(int64_t rows, int64_t columns, int64_t ld) { return rows == 0 ? 0 : (rows - 1) * ld + columns; }

struct Problem {
    Sizes sizes;
    Form form;
    int64_t lda, ldb, ldc;
    Floats a, b, bias, c;

    template <class Fill>
    Problem(Sizes s, Form f, const Fill &fill)
        : sizes(s), form(f), lda((f.transpose_a ? s.m : s.k) + f.gap), ldb((f.transpose_b ? s.k : s.n) + f.gap),
          ldc(s.n + f.gap), a(fill(f.transpose_a ? extent(s.k, s.m, lda) : extent(s.m, s.k, lda))),
          b(fill(f.transpose_b ? extent(s.n, s.k, ldb) : extent(s.k, s.n, ldb))), bias(fill(f.bias ? s.n : 0)),
          c(fill(extent(s.m, s.n, ldc))) {}

    // What c shall be, gaps included.
    std::vector<double> expected() const {
        std::vector<double> result(c.begin(), c.end());
        for (int64_t i = 0; i < sizes.m; i++) {
            for (int64_t j = 0; j < sizes.n; j++) {
                double sum = form.bias ? static_cast<double>(bias[j]) : 0.0;
                for (int64_t p = 0; p < sizes.k; p++)
                    sum += static_cast<double>(a[form.transpose_a ? p * lda + i : i * lda + p]) *
                           static_cast<double>(b[form.transpose_b ? j * ldb + p : p * ldb + j]);
                double &to = result[static_cast<size_t>(i * ldc + j)];
                to = form.accumulate ? to + sum : sum;
            }
        }
        return result;
    }
};

Guarded<char> pack(rondo_context *context, const Problem &problem) {
    auto call = call_of<rondo_gemm_pack>(RONDO_OP_GEMM_PACK);
    call.n = problem.sizes.n;
    call.k = problem.sizes.k;
    call.transpose_b = problem.form.transpose_b;
    call.b = problem.b.data();
    call.ldb = problem.ldb;
    const int64_t bytes = needs_of(context, &call).packed_bytes;
    Guarded<char> packed = aligned_memory(bytes);
    call.packed = packed.data();
    call.packed_bytes = bytes;
    run(context, &call);
    return packed;
}

rondo_gemm call_for(const Problem &problem) {
    auto call = call_of<rondo_gemm>(RONDO_OP_GEMM);
    call.m = problem.sizes.m;
    call.n = problem.sizes.n;
    call.k = problem.sizes.k;
    call.transpose_a = problem.form.transpose_a;
    call.transpose_b = problem.form.transpose_b;
    call.accumulate = problem.form.accumulate;
    call.a = problem.a.data();
    call.lda = problem.lda;
    call.ldb = problem.ldb;
    call.bias = problem.form.bias ? problem.bias.data() : nullptr;
    call.ldc = problem.ldc;
    return call;
}

Floats multiply(rondo_context *context, const Problem &problem) {
    Floats c(problem.c.copy());
    rondo_gemm call = call_for(problem);
    call.c = c.data();
    if (problem.form.packed) {
        const Guarded<char> packed = pack(context, problem);
        call.packed_b = packed.data();
        call.packed_b_bytes = packed.size();
        run_with_scratch(context, call);
    } else {
        call.b = problem.b.data();
        run_with_scratch(context, call);
    }
    return c;
}

// Every combination of transposes; the rest goes round.
std::vector<Form> forms(int32_t turn) {
    std::vector<Form> all;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t rest = turn + i;
        all.push_back({(i & 1) != 0, (i & 2) != 0, rest % 2 == 0, rest % 3 == 0, rest % 5 < 2, rest % 7 < 3 ? 0 : 3});
    }
    return all;
}

class Gemm : public testing::TestWithParam<Isa> {
protected:
    std::vector<Sizes> sizes() const {
        const KernelTable &table = kernels(GetParam().number);
        const int32_t rows = table.tile_rows, lanes = table.lanes;
        std::vector<Sizes> all;
        for (const int32_t m : {0, 1, rows - 1, rows, rows + 1, 2 * rows + 1, 13})
            for (const int32_t n :
                 {1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 4 * lanes - 1, 4 * lanes, 4 * lanes + 1, 65})
                for (const int32_t k : {0, 1, 2, 17, 67}) all.push_back({m, n, k});
        // Beyond a block of k and a tile.
        const auto block = static_cast<int32_t>(gemm_k_block);
        all.push_back({2 * rows + 1, lanes + 1, block});
        all.push_back({rows + 1, 4 * lanes + 1, block + 1});
        all.push_back({31, 4 * lanes + 3, 2 * block + 3});
        return all;
    }
};

TEST_P(Gemm, isExactOnIntegers) {
    in_both_placements([&] {
        Random random(1);
        int32_t turn = 0;
        for (const int32_t threads : {1, 3}) {
            const ContextOf context(GetParam().number, threads);
            for (const Sizes s : sizes()) {
                turn++;
                for (const Form form : forms(turn)) {
                    const Problem problem(s, form, [&](int64_t count) { return random.integers(count, -4, 4); });
                    std::vector<double> expected = problem.expected();
                    for (double &v : expected) v += 0.0; // no negative zeros
                    EXPECT_TRUE(close(multiply(context, problem), expected, Tolerance{0.0, 0.0}))
                        << s.m << " x " << s.n << " x " << s.k << ", transposed " << form.transpose_a
                        << form.transpose_b << ", accumulate " << form.accumulate << ", bias " << form.bias
                        << ", packed " << form.packed;
                }
            }
        }
    });
}

TEST_P(Gemm, agreesOnFloats) {
    Random random(2);
    const ContextOf context(GetParam().number, 2);
    for (const Sizes s :
         {Sizes{7, 33, 100}, Sizes{50, 65, 257}, Sizes{64, 96, 2048}, Sizes{1, 300, 31}, Sizes{129, 1, 64}}) {
        for (const Form form : forms(s.k)) {
            const Problem problem(s, form, [&](int64_t count) { return random.floats(count); });
            EXPECT_TRUE(close(multiply(context, problem), problem.expected(), sum_tolerance(s.k, s.k * 0.34)));
        }
    }
}

TEST_P(Gemm, isTheSameWhateverTheThreadsAndThePack) {
    Random random(3);
    for (const Sizes s : {Sizes{2, 700, 90}, Sizes{61, 130, 300}, Sizes{300, 65, 64}}) {
        for (Form form : forms(s.n)) {
            form.packed = false;
            Problem problem(s, form, [&](int64_t count) { return random.floats(count); });
            const Floats expected = multiply(ContextOf(GetParam().number, 1), problem);
            for (const int32_t threads : {1, 2, 3, 8}) {
                for (const bool packed : {false, true}) {
                    problem.form.packed = packed;
                    EXPECT_TRUE(same(multiply(ContextOf(GetParam().number, threads), problem), expected))
                        << threads << " threads, packed " << packed;
                }
            }
        }
    }
}

// Fewer slices than threads, with tiles that do not divide: what each slice takes of the scratch must still fit.
TEST_P(Gemm, hasScratchForAnyNumberOfSlices) {
    Random random(5);
    const int32_t rows = kernels(GetParam().number).tile_rows;
    for (const int32_t tiles : {5, 11, 17}) {
        for (const int32_t k : {100, 270, 400, 600}) {
            const Problem problem({tiles * rows - 1, 40, k}, {true, false, false, false, false, 0},
                                  [&](int64_t count) { return random.floats(count); });
            const Floats expected = multiply(ContextOf(GetParam().number, 1), problem);
            for (int32_t threads = 2; threads <= 9; threads++)
                EXPECT_TRUE(same(multiply(ContextOf(GetParam().number, threads), problem), expected))
                    << threads << " threads";
        }
    }
}

TEST_P(Gemm, givesARowTheSameWhateverTheOthers) {
    Random random(4);
    const ContextOf context(GetParam().number);
    const Problem all({29, 65, 200}, {false, true, false, true, true, 0},
                      [&](int64_t count) { return random.floats(count); });
    const Floats c = multiply(context, all);
    const Guarded<char> packed = pack(context, all);
    for (int32_t row = 0; row < 29; row++) {
        Floats alone(65);
        rondo_gemm call = call_for(all);
        call.m = 1;
        call.a = all.a.data() + row * all.lda;
        call.packed_b = packed.data();
        call.packed_b_bytes = packed.size();
        call.c = alone.data();
        run_with_scratch(context, call);
        EXPECT_TRUE(same(alone, std::vector<float>(c.data() + row * 65, c.data() + (row + 1) * 65))) << "row " << row;
    }
}

TEST_P(Gemm, carriesNanAndInfinity) {
    const ContextOf context(GetParam().number);
    for (const bool transpose_a : {false, true}) {
        Problem problem({5, 9, 3}, {transpose_a, false, false, false, false, 0},
                        [](int64_t count) { return Floats(count, 1.0f); });
        problem.a[transpose_a ? 2 : 2 * 3] = std::numeric_limits<float>::quiet_NaN(); // row 2
        problem.b[4] = std::numeric_limits<float>::infinity();                        // column 4
        const Floats c = multiply(context, problem);
        for (int64_t i = 0; i < 5; i++) {
            for (int64_t j = 0; j < 9; j++) {
                if (i == 2) {
                    EXPECT_TRUE(std::isnan(c[i * 9 + j]));
                } else {
                    EXPECT_EQ(c[i * 9 + j], j == 4 ? std::numeric_limits<float>::infinity() : 3.0f);
                }
            }
        }
    }
}

TEST_P(Gemm, refusesThePackOfAnother) {
    const ContextOf context(GetParam().number);
    Problem problem({2, 5, 4}, {false, false, false, false, true, 0},
                    [](int64_t count) { return Floats(count, 1.0f); });
    const auto error_with = [&](const Guarded<char> &packed, int32_t n) {
        rondo_gemm call = call_for(problem);
        call.n = n;
        call.ldc = n;
        call.packed_b = packed.data();
        call.packed_b_bytes = packed.size();
        call.c = problem.c.data();
        const rondo_memory_needs needs = needs_of(context, &call);
        Guarded<char> scratch = aligned_memory(needs.scratch_bytes);
        call.scratch = scratch.data();
        call.scratch_bytes = needs.scratch_bytes;
        return error_of(context, call);
    };
    for (const Isa other : runnable_isas()) {
        if (other.number == GetParam().number) continue;
        const Guarded<char> packed = pack(ContextOf(other.number), problem);
        EXPECT_NE(error_with(packed, 5).find("gemm: packed_b: expected "), std::string::npos);
    }
    const Guarded<char> packed = pack(context, problem);
    EXPECT_NE(error_with(packed, 4).find("gemm: packed_b: expected a pack of op 4 "), std::string::npos);
    EXPECT_NE(error_with(aligned_memory(packed.size()), 5).find("gemm: packed_b: expected a pack of op 4 "),
              std::string::npos);
}

TEST(GemmErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Problem problem({2, 3, 4}, {false, false, false, false, false, 0},
                    [](int64_t count) { return Floats(count, 1.0f); });
    rondo_gemm call = call_for(problem);
    call.b = problem.b.data();
    call.c = problem.c.data();
    call.lda = 3;
    EXPECT_EQ(error_of(context, call), "gemm: lda: expected at least 4, got 3");
    call.lda = 4;
    call.ldc = 2;
    EXPECT_EQ(error_of(context, call), "gemm: ldc: expected at least 3, got 2");
    call.ldc = 3;
    call.ldb = 2;
    EXPECT_EQ(error_of(context, call), "gemm: ldb: expected at least 3, got 2");
    call.ldb = 3;
    call.m = -1;
    EXPECT_EQ(error_of(context, call), "gemm: m: expected at least 0, got -1");
    call.m = 2;
    call.a = nullptr;
    EXPECT_EQ(error_of(context, call), "gemm: a: expected a pointer, got NULL");
    call.a = problem.a.data();
    call.b = nullptr;
    EXPECT_EQ(error_of(context, call), "gemm: b: expected a pointer, got NULL");
    call.b = problem.b.data();
    EXPECT_NE(error_of(context, call).find("gemm: scratch: expected "), std::string::npos);
}

RONDO_EACH_ISA(Gemm);

} // namespace
