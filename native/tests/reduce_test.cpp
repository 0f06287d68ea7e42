// reduce and global_norm.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct Shape {
    int64_t outer, axis, inner;
};

Floats reduce(rondo_context *context, int32_t kind, Shape s, const Floats &x) {
    Floats y(s.outer * s.inner, 9.0f);
    auto call = call_of<rondo_reduce>(RONDO_OP_REDUCE);
    call.kind = kind;
    call.outer = s.outer;
    call.axis = s.axis;
    call.inner = s.inner;
    call.x = x.data();
    call.y = y.data();
    run(context, &call);
    return y;
}

class Reduce : public testing::TestWithParam<Isa> {};

TEST_P(Reduce, agrees) {
    in_both_placements([&] {
        Random random(1);
        for (const Shape s : {Shape{1, 1, 1}, Shape{1, 17, 1}, Shape{0, 3, 2}, Shape{3, 1, 5}, Shape{1, 2048, 65},
                              Shape{7, 15, 33}, Shape{1, 5, 31}, Shape{2, 3, 64}, Shape{40, 1001, 1},
                              Shape{1, 100'003, 1}, Shape{1, 9, 1024}, Shape{3, 20, 1400}, Shape{1, 400, 10'007}}) {
            const Floats x = random.floats(s.outer * s.axis * s.inner);
            for (int32_t kind = RONDO_REDUCE_SUM; kind <= RONDO_REDUCE_MAX; kind++) {
                std::vector<double> expected;
                for (int64_t o = 0; o < s.outer; o++) {
                    for (int64_t j = 0; j < s.inner; j++) {
                        double sum = 0.0, most = -1e30;
                        for (int64_t a = 0; a < s.axis; a++) {
                            const double v = static_cast<double>(x[(o * s.axis + a) * s.inner + j]);
                            sum += v;
                            most = std::max(most, v);
                        }
                        expected.push_back(kind == RONDO_REDUCE_MAX    ? most
                                           : kind == RONDO_REDUCE_MEAN ? sum / static_cast<double>(s.axis)
                                                                       : sum);
                    }
                }
                const Floats y = reduce(ContextOf(GetParam().number, 1), kind, s, x);
                // Summed in double, so only the result is rounded.
                EXPECT_TRUE(close(y, expected, Tolerance{1e-10, float_epsilon}))
                    << "kind " << kind << ", axis " << s.axis;
                for (const int32_t threads : {2, 3, 8})
                    EXPECT_TRUE(same(reduce(ContextOf(GetParam().number, threads), kind, s, x), y)) << threads;
            }
        }
    });
}

TEST_P(Reduce, carriesNanAndInfinity) {
    const ContextOf context(GetParam().number);
    for (const int64_t inner : {int64_t{1}, int64_t{2}, int64_t{40}}) {
        for (const int64_t at : {int64_t{0}, int64_t{4}, int64_t{9}}) {
            Floats x(10 * inner, 1.0f);
            x[at * inner] = nan;
            for (int32_t kind = RONDO_REDUCE_SUM; kind <= RONDO_REDUCE_MAX; kind++) {
                const Floats y = reduce(context, kind, {1, 10, inner}, x);
                EXPECT_TRUE(std::isnan(y[0])) << "kind " << kind << " at " << at;
                if (inner > 1) {
                    EXPECT_FALSE(std::isnan(y[1]));
                }
            }
            x[at * inner] = -infinity;
            EXPECT_EQ(reduce(context, RONDO_REDUCE_MAX, {1, 10, inner}, x)[0], 1.0f);
            EXPECT_EQ(reduce(context, RONDO_REDUCE_SUM, {1, 10, inner}, x)[0], -infinity);
        }
    }
}

struct Norm {
    float norm, scale;
};

Norm global_norm(rondo_context *context, const Floats &x, float max_norm) {
    Guarded<float> norm(1, 9.0f), scale(1, 9.0f), again(1, 9.0f);
    auto call = call_of<rondo_global_norm>(RONDO_OP_GLOBAL_NORM);
    call.count = x.size();
    call.x = x.data();
    call.norm = norm.data();
    call.scale = scale.data();
    call.max_norm = max_norm;
    run_with_scratch(context, call);
    call.norm = again.data();
    call.scale = nullptr;
    run_with_scratch(context, call);
    EXPECT_TRUE(same(again, norm));
    return {norm[0], scale[0]};
}

class GlobalNorm : public testing::TestWithParam<Isa> {};

TEST_P(GlobalNorm, agreesAndClips) {
    in_both_placements([&] {
        Random random(2);
        for (const int64_t count : {1, 15, 16, 17, 4095, 4096, 4097, 50'001}) {
            const Floats x = random.floats(count);
            double sum = 0.0;
            for (const float v : x) sum += static_cast<double>(v) * static_cast<double>(v);
            const double norm = std::sqrt(sum);
            const Norm clipped = global_norm(ContextOf(GetParam().number), x, static_cast<float>(norm / 2.0));
            EXPECT_NEAR(clipped.norm, norm, 1e-7 * norm);
            EXPECT_NEAR(clipped.scale, 0.5, 1e-7);
            EXPECT_EQ(global_norm(ContextOf(GetParam().number), x, static_cast<float>(norm * 2.0)).scale, 1.0f);
            EXPECT_EQ(global_norm(ContextOf(GetParam().number), x, infinity).scale, 1.0f);
            for (const int32_t threads : {2, 3, 8})
                EXPECT_EQ(global_norm(ContextOf(GetParam().number, threads), x, 1.0f).norm, clipped.norm);
        }
    });
}

TEST_P(GlobalNorm, bearsExtremes) {
    const ContextOf context(GetParam().number);
    EXPECT_EQ(global_norm(context, Floats(0), 1.0f).norm, 0.0f);
    EXPECT_EQ(global_norm(context, Floats(5), 1.0f).scale, 1.0f);
    const Norm large = global_norm(context, Floats(4, 1e30f), 1.0f); // its square is no float
    EXPECT_FLOAT_EQ(large.norm, 2e30f);
    EXPECT_FLOAT_EQ(large.scale, 5e-31f);
    Floats x(100, 1.0f);
    x[70] = nan;
    EXPECT_TRUE(std::isnan(global_norm(context, x, 1.0f).norm));
    x[70] = infinity;
    EXPECT_EQ(global_norm(context, x, 1.0f).norm, infinity);
}

TEST(ReduceErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    auto call = call_of<rondo_reduce>(RONDO_OP_REDUCE);
    call.outer = call.inner = 1;
    EXPECT_EQ(error_of(context, call), "reduce: axis: expected at least 1, got 0");
    auto norm = call_of<rondo_global_norm>(RONDO_OP_GLOBAL_NORM);
    for (const float wrong : {0.0f, -1.0f, nan}) {
        norm.max_norm = wrong;
        EXPECT_NE(error_of(context, norm).find("global_norm: max_norm: expected more than 0, got "), std::string::npos);
    }
}

RONDO_EACH_ISA(Reduce);
RONDO_EACH_ISA(GlobalNorm);

} // namespace
