// copy, broadcast and batch_gemm against loops over indices.
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

// Calls use(index) for each index within sizes.
template <class Use> void for_indices(const std::vector<int64_t> &sizes, const Use &use) {
    int64_t count = 1;
    for (const int64_t size : sizes) count *= size;
    std::vector<int64_t> index(sizes.size());
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i;
        for (size_t axis = sizes.size(); axis-- > 0; rest /= sizes[axis]) index[axis] = rest % sizes[axis];
        use(index);
    }
}

int64_t dot(const std::vector<int64_t> &index, const std::vector<int64_t> &strides) {
    int64_t sum = 0;
    for (size_t i = 0; i < index.size(); i++) sum += index[i] * strides[i];
    return sum;
}

int64_t extent(const std::vector<int64_t> &sizes, const std::vector<int64_t> &strides) {
    int64_t last = 0;
    for (size_t i = 0; i < sizes.size(); i++) {
        if (sizes[i] == 0) return 0;
        last += (sizes[i] - 1) * strides[i];
    }
    return last + 1;
}

struct CopyCase {
    std::vector<int64_t> sizes, x_strides, y_strides;
};

class Strided : public testing::TestWithParam<Isa> {};

TEST_P(Strided, copies) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const int64_t n : {1, 3, 4, 5, 8, 9, 16, 17, 67}) {
            const CopyCase cases[] = {{{}, {}, {}},
                                      {{n}, {1}, {1}},
                                      {{n}, {0}, {1}},
                                      {{n}, {2}, {3}},
                                      {{3, n}, {1, 3}, {n, 1}},                           // a transposition
                                      {{5, 3, n}, {n, 5 * n, 1}, {3 * n, n, 1}},          // rows change places
                                      {{2, 7, n}, {n, 0, 1}, {7 * n, n, 1}},              // repeated
                                      {{2, 3, 1, n}, {4 * n, n, 9, 1}, {6 * n, n, 1, 1}}, // a part, into a part
                                      {{0, n}, {n, 1}, {n, 1}},
                                      {{3, 20'000}, {20'000, 1}, {20'000, 1}}};
            for (const CopyCase &c : cases) {
                auto call = call_of<rondo_copy>(RONDO_OP_COPY);
                call.axes = static_cast<int32_t>(c.sizes.size());
                for (size_t i = 0; i < c.sizes.size(); i++) {
                    call.sizes[i] = c.sizes[i];
                    call.x_strides[i] = c.x_strides[i];
                    call.y_strides[i] = c.y_strides[i];
                }
                call.x_offset = 2;
                call.y_offset = 3;
                const Floats x = random.floats(2 + extent(c.sizes, c.x_strides));
                Floats y(3 + extent(c.sizes, c.y_strides), 9.0f);
                std::vector<float> expected = y.copy();
                for_indices(c.sizes, [&](const std::vector<int64_t> &index) {
                    expected[static_cast<size_t>(3 + dot(index, c.y_strides))] = x[2 + dot(index, c.x_strides)];
                });
                call.x = x.data();
                call.y = y.data();
                run(context, &call);
                EXPECT_TRUE(same(y, expected)) << "n " << n << ", axes " << call.axes;
            }
        }
    });
}

double apply(int32_t kind, double a, double b) {
    switch (kind) {
    case RONDO_BINARY_ADD: return a + b;
    case RONDO_BINARY_SUBTRACT: return a - b;
    case RONDO_BINARY_MULTIPLY: return a * b;
    case RONDO_BINARY_DIVIDE: return a / b;
    case RONDO_BINARY_MAXIMUM: return a > b ? a : b;
    case RONDO_BINARY_MINIMUM: return a < b ? a : b;
    default: return a > b ? 1.0 : 0.0;
    }
}

TEST_P(Strided, broadcasts) {
    const ContextOf context(GetParam().number, 2);
    struct Case {
        std::vector<int64_t> sizes, a_strides, b_strides;
    };
    in_both_placements([&] {
        Random random(2);
        for (const int64_t n : {1, 3, 4, 5, 8, 9, 16, 17, 67}) {
            const Case cases[] = {{{3, 5, n}, {5 * n, n, 1}, {n, 0, 1}},          {{3, 5, n}, {n, 0, 1}, {0, n, 1}},
                                  {{3, 5, n}, {5, 1, 0}, {5 * n, n, 1}},          {{3, 5, n}, {0, 0, 0}, {1, 0, 0}},
                                  {{2, 3, n, 1}, {3 * n, n, 1, 0}, {1, 0, 0, 0}}, {{n, 9001}, {0, 1}, {1, 0}}};
            for (const Case &c : cases) {
                for (int32_t kind = RONDO_BINARY_ADD; kind <= RONDO_BINARY_GREATER; kind++) {
                    auto call = call_of<rondo_broadcast>(RONDO_OP_BROADCAST);
                    call.kind = kind;
                    call.axes = static_cast<int32_t>(c.sizes.size());
                    int64_t count = 1;
                    for (size_t i = 0; i < c.sizes.size(); i++) {
                        call.sizes[i] = c.sizes[i];
                        call.a_strides[i] = c.a_strides[i];
                        call.b_strides[i] = c.b_strides[i];
                        count *= c.sizes[i];
                    }
                    const Floats a = random.floats(extent(c.sizes, c.a_strides));
                    const Floats b = random.floats(extent(c.sizes, c.b_strides), 0.25, 1.0);
                    Floats y(count, 9.0f);
                    call.a = a.data();
                    call.b = b.data();
                    call.y = y.data();
                    run(context, &call);
                    std::vector<float> expected;
                    for_indices(c.sizes, [&](const std::vector<int64_t> &index) {
                        expected.push_back(
                            static_cast<float>(apply(kind, static_cast<double>(a[dot(index, c.a_strides)]),
                                                     static_cast<double>(b[dot(index, c.b_strides)]))));
                    });
                    EXPECT_TRUE(same(y, expected)) << "n " << n << ", kind " << kind;
                }
            }
        }
    });
}

TEST_P(Strided, extremesOfNaNAreNaN) {
    const ContextOf context(GetParam().number);
    const float nan = std::nanf(""), infinity = INFINITY;
    const Floats a = {nan, 1.0f, nan, infinity, infinity, 2.0f}, b = {1.0f, nan, nan, infinity, -infinity, 2.0f};
    for (const int32_t kind : {RONDO_BINARY_MAXIMUM, RONDO_BINARY_MINIMUM}) {
        Floats y(6);
        auto call = call_of<rondo_binary>(RONDO_OP_BINARY);
        call.kind = kind, call.rows = 1, call.columns = 6;
        call.a = a.data(), call.b = b.data(), call.y = y.data();
        run(context, &call);
        for (int i = 0; i < 3; i++) EXPECT_TRUE(std::isnan(y[i])) << i;
        EXPECT_EQ(y[3], infinity);
        EXPECT_EQ(y[4], kind == RONDO_BINARY_MAXIMUM ? infinity : -infinity);
        EXPECT_EQ(y[5], 2.0f);
    }
}

rondo_batch_gemm batch_gemm(int32_t batch, int32_t m, int32_t n, int32_t k, int32_t transposes) {
    auto call = call_of<rondo_batch_gemm>(RONDO_OP_BATCH_GEMM);
    call.batch = batch, call.m = m, call.n = n, call.k = k;
    call.transpose_a = transposes & 1, call.transpose_b = transposes >> 1;
    return call;
}

TEST_P(Strided, multipliesBatches) {
    const ContextOf one(GetParam().number, 1), three(GetParam().number, 3);
    const int32_t lanes = lanes_of(GetParam());
    struct Shape {
        int32_t batch, m, n, k;
    };
    in_both_placements([&] {
        Random random(3);
        for (const Shape s : {Shape{1, 1, 1, 1}, Shape{5, 3, lanes - 1, 7}, Shape{4, 7, lanes + 1, 300},
                              Shape{2, 13, 4 * lanes + 1, lanes}, Shape{7, 40, 33, 20}, Shape{1, 90, 67, 70},
                              Shape{3, 0, 5, 2}, Shape{2, 2, 3, 0}, Shape{0, 2, 3, 4}}) {
            for (int32_t transposes = 0; transposes < 4; transposes++) {
                rondo_batch_gemm call = batch_gemm(s.batch, s.m, s.n, s.k, transposes);
                const Floats a = random.floats(int64_t{s.batch} * s.m * s.k),
                             b = random.floats(int64_t{s.batch} * s.k * s.n);
                Floats c(int64_t{s.batch} * s.m * s.n, 9.0f), again(c.copy());
                call.a = a.data(), call.b = b.data(), call.c = c.data();
                run_with_scratch(one, call);
                std::vector<double> expected;
                for (int64_t i = 0; i < s.batch; i++) {
                    for (int64_t row = 0; row < s.m; row++) {
                        for (int64_t column = 0; column < s.n; column++) {
                            double sum = 0.0;
                            for (int64_t p = 0; p < s.k; p++) {
                                const int64_t at_a = call.transpose_a ? p * s.m + row : row * s.k + p;
                                const int64_t at_b = call.transpose_b ? column * s.k + p : p * s.n + column;
                                sum += static_cast<double>(a[i * s.m * s.k + at_a]) *
                                       static_cast<double>(b[i * s.k * s.n + at_b]);
                            }
                            expected.push_back(sum);
                        }
                    }
                }
                EXPECT_TRUE(close(c, expected, sum_tolerance(s.k, std::sqrt(static_cast<double>(s.k) + 1.0))))
                    << s.batch << " x " << s.m << " x " << s.n << " x " << s.k << ", transposes " << transposes;
                call.c = again.data();
                run_with_scratch(three, call);
                EXPECT_TRUE(same(again, c)) << "three threads";
            }
        }
    });
}

TEST(StridedErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4);
    auto copy = call_of<rondo_copy>(RONDO_OP_COPY);
    copy.axes = 9;
    EXPECT_EQ(error_of(context, copy), "copy: axes: expected 0 to 8, got 9");
    copy.axes = 1;
    copy.sizes[0] = 4;
    copy.x_strides[0] = -1;
    EXPECT_EQ(error_of(context, copy), "copy: x_strides: expected 0 to 70368744177664, got -1");
    copy.x_strides[0] = 1;
    EXPECT_EQ(error_of(context, copy), "copy: x: expected a pointer, got NULL");
    auto broadcast = call_of<rondo_broadcast>(RONDO_OP_BROADCAST);
    broadcast.axes = 2;
    broadcast.sizes[0] = 2, broadcast.sizes[1] = 1;
    broadcast.a_strides[0] = 2;
    EXPECT_EQ(error_of(context, broadcast), "broadcast: a_strides of the last axis: expected 0 to 1, got 2");
    rondo_batch_gemm gemm = batch_gemm(2, 2, 0, 2, 0);
    EXPECT_EQ(error_of(context, gemm), "batch_gemm: n: expected at least 1, got 0");
    gemm = batch_gemm(2, 2, 2, 2, 0);
    EXPECT_EQ(error_of(context, gemm), "batch_gemm: a: expected a pointer, got NULL");
}

RONDO_EACH_ISA(Strided);

} // namespace
