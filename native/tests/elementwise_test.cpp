// The unary and binary families.
#include <algorithm>
#include <cmath>
#include <functional>
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

struct Kind {
    int32_t number;
    double (*value)(double x);
    double (*gradient)(double x);
    double low, high;
};

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

const Kind kinds[] = {
    {RONDO_UNARY_IDENTITY, [](double x) { return x; }, [](double) { return 1.0; }, -3, 3},
    {RONDO_UNARY_NEGATE, [](double x) { return -x; }, [](double) { return -1.0; }, -3, 3},
    {RONDO_UNARY_SIGMOID, sigmoid, [](double x) { return sigmoid(x) * (1.0 - sigmoid(x)); }, -6, 6},
    {RONDO_UNARY_TANH, [](double x) { return std::tanh(x); },
     [](double x) { return 1.0 - std::tanh(x) * std::tanh(x); }, -3, 3},
    {RONDO_UNARY_RELU, [](double x) { return x > 0 ? x : 0.0; }, [](double x) { return x > 0 ? 1.0 : 0.0; }, -3, 3},
    {RONDO_UNARY_EXP, [](double x) { return std::exp(x); }, [](double x) { return std::exp(x); }, -5, 5},
    {RONDO_UNARY_LOG, [](double x) { return std::log(x); }, [](double x) { return 1.0 / x; }, 0.01, 20},
    {RONDO_UNARY_SQRT, [](double x) { return std::sqrt(x); }, [](double x) { return 0.5 / std::sqrt(x); }, 0.01, 20},
    {RONDO_UNARY_SQUARE, [](double x) { return x * x; }, [](double x) { return 2.0 * x; }, -3, 3},
    {RONDO_UNARY_ABS, [](double x) { return std::abs(x); }, [](double x) { return x > 0   ? 1.0
                                                                                  : x < 0 ? -1.0
                                                                                          : 0.0; },
     -3, 3},
    {RONDO_UNARY_SOFTPLUS, [](double x) { return std::log1p(std::exp(x)); }, sigmoid, -20, 20},
    {RONDO_UNARY_SILU, [](double x) { return x * sigmoid(x); },
     [](double x) { return sigmoid(x) * (1.0 + x * sigmoid(-x)); }, -3, 3},
    {RONDO_UNARY_ELU, [](double x) { return x > 0 ? x : std::expm1(x); },
     [](double x) { return x > 0 ? 1.0 : std::exp(x); }, -6, 3},
    {RONDO_UNARY_GELU, [](double x) { return x * normal(x); },
     [](double x) { return normal(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::acos(-1.0)); }, -6, 6},
    {RONDO_UNARY_HARD_SIGMOID, [](double x) { return std::clamp((x + 3.0) / 6.0, 0.0, 1.0); },
     [](double x) { return std::abs(x) < 3.0 ? 1.0 / 6.0 : 0.0; }, -5, 5},
    {RONDO_UNARY_HARD_SIGMOID_KERAS2, [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); },
     [](double x) { return std::abs(x) < 2.5 ? 0.2 : 0.0; }, -5, 5},
    {RONDO_UNARY_LEAKY_RELU, [](double x) { return x < 0 ? 0.2 * x : x; }, [](double x) { return x > 0 ? 1.0 : 0.2; },
     -3, 3},
    {RONDO_UNARY_CLIP, [](double x) { return std::clamp(x, -0.5, 0.75); },
     [](double x) { return x >= -0.5 && x <= 0.75 ? 1.0 : 0.0; }, -2, 2},
};

// The normal distribution function is off by up to 8e-8, which x makes larger.
Tolerance tolerance_of(const Kind &kind, Tolerance usual) {
    return kind.number == RONDO_UNARY_GELU ? Tolerance{6e-7, 3e-7} : usual;
}

void unary(rondo_context *context, int32_t kind, int64_t count, const float *x, float *y) {
    auto call = call_of<rondo_unary>(RONDO_OP_UNARY);
    call.kind = kind;
    call.low = -0.5f;
    call.high = 0.75f;
    call.count = count;
    call.x = x;
    call.y = y;
    run(context, &call);
}

class Unary : public testing::TestWithParam<Isa> {};

TEST_P(Unary, agrees) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const Kind &kind : kinds) {
            for (const int64_t count : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 64, 127, 20'011}) {
                const Floats x = random.floats(count, kind.low, kind.high);
                Floats y(count);
                unary(context, kind.number, count, x.data(), y.data());
                std::vector<double> expected;
                for (const float v : x) expected.push_back(kind.value(static_cast<double>(v)));
                EXPECT_TRUE(close(y, expected, tolerance_of(kind, {2e-7, 3e-7}))) << "kind " << kind.number;
                Floats in_place(x.copy());
                unary(context, kind.number, count, in_place.data(), in_place.data());
                EXPECT_TRUE(same(in_place, y));
            }
        }
    });
}

TEST_P(Unary, hasGradients) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(2);
        for (const Kind &kind : kinds) {
            for (const int64_t count : {0, 1, 4, 15, 17, 127, 20'011}) {
                const Floats x = random.floats(count, kind.low, kind.high), dy = random.floats(count);
                Floats y(count), dx(count, 9.0f);
                unary(context, kind.number, count, x.data(), y.data());
                auto call = call_of<rondo_unary_gradient>(RONDO_OP_UNARY_GRADIENT);
                call.kind = kind.number;
                call.low = -0.5f;
                call.high = 0.75f;
                call.count = count;
                const bool reads_x = kind.number == RONDO_UNARY_RELU || kind.number == RONDO_UNARY_LOG ||
                                     (kind.number >= RONDO_UNARY_SQUARE && kind.number != RONDO_UNARY_ELU);
                const bool reads_neither = kind.number == RONDO_UNARY_IDENTITY || kind.number == RONDO_UNARY_NEGATE;
                call.x = reads_x ? x.data() : nullptr;
                call.y = reads_x || reads_neither ? nullptr : y.data();
                call.dy = dy.data();
                call.dx = dx.data();
                run(context, &call);
                std::vector<double> expected;
                for (int64_t i = 0; i < count; i++)
                    expected.push_back(kind.gradient(static_cast<double>(x[i])) * static_cast<double>(dy[i]));
                EXPECT_TRUE(close(dx, expected, tolerance_of(kind, {4e-7, 1e-6}))) << "kind " << kind.number;
                Floats in_place(dy.copy());
                call.dy = in_place.data();
                call.dx = in_place.data();
                run(context, &call);
                EXPECT_TRUE(same(in_place, dx));
                if (count == 0) continue;
                if (reads_x) {
                    call.x = nullptr;
                    EXPECT_EQ(error_of(context, call), "unary_gradient: x: expected a pointer, got NULL");
                } else if (!reads_neither) {
                    call.y = nullptr;
                    EXPECT_EQ(error_of(context, call), "unary_gradient: y: expected a pointer, got NULL");
                }
            }
        }
    });
}

TEST_P(Unary, bearsExtremes) {
    const ContextOf context(GetParam().number);
    const float largest = std::numeric_limits<float>::max();
    const auto value = [&](int32_t kind, float x) {
        Floats y(1);
        const Floats in = {x};
        unary(context, kind, 1, in.data(), y.data());
        return y[0];
    };
    for (const Kind &kind : kinds) EXPECT_TRUE(std::isnan(value(kind.number, nan))) << "kind " << kind.number;
    EXPECT_EQ(value(RONDO_UNARY_EXP, infinity), infinity);
    EXPECT_EQ(value(RONDO_UNARY_EXP, 89.0f), infinity);
    EXPECT_EQ(value(RONDO_UNARY_EXP, largest), infinity);
    EXPECT_NEAR(static_cast<double>(value(RONDO_UNARY_EXP, 88.7f)) / std::exp(static_cast<double>(88.7f)), 1.0, 3e-7);
    EXPECT_NEAR(static_cast<double>(value(RONDO_UNARY_EXP, -87.3f)) / std::exp(static_cast<double>(-87.3f)), 1.0, 3e-7);
    EXPECT_EQ(value(RONDO_UNARY_EXP, -88.0f), 0.0f);
    EXPECT_EQ(value(RONDO_UNARY_EXP, -infinity), 0.0f);
    EXPECT_EQ(value(RONDO_UNARY_EXP, 0.0f), 1.0f);
    EXPECT_EQ(value(RONDO_UNARY_LOG, infinity), infinity);
    EXPECT_EQ(value(RONDO_UNARY_LOG, 0.0f), -infinity);
    EXPECT_EQ(value(RONDO_UNARY_LOG, 1.0f), 0.0f);
    EXPECT_TRUE(std::isnan(value(RONDO_UNARY_LOG, -1.0f)));
    EXPECT_TRUE(std::isnan(value(RONDO_UNARY_LOG, -infinity)));
    EXPECT_FLOAT_EQ(value(RONDO_UNARY_LOG, largest), 88.722839f);
    EXPECT_FLOAT_EQ(value(RONDO_UNARY_LOG, std::numeric_limits<float>::min()), -87.336545f);
    EXPECT_TRUE(std::isnan(value(RONDO_UNARY_SQRT, -1.0f)));
    EXPECT_EQ(value(RONDO_UNARY_RELU, -infinity), 0.0f);
    EXPECT_EQ(value(RONDO_UNARY_RELU, infinity), infinity);
    EXPECT_EQ(value(RONDO_UNARY_SQUARE, -infinity), infinity);
    EXPECT_TRUE(std::signbit(value(RONDO_UNARY_NEGATE, 0.0f)));
    for (const int32_t kind : {RONDO_UNARY_SOFTPLUS, RONDO_UNARY_SILU, RONDO_UNARY_ELU, RONDO_UNARY_GELU}) {
        EXPECT_EQ(value(kind, infinity), infinity) << "kind " << kind;
        EXPECT_EQ(value(kind, 1e30f), 1e30f) << "kind " << kind;
        EXPECT_NEAR(static_cast<double>(value(kind, -infinity)), kind == RONDO_UNARY_ELU ? -1.0 : 0.0, 1e-37);
        EXPECT_NEAR(static_cast<double>(value(kind, -1e30f)), kind == RONDO_UNARY_ELU ? -1.0 : 0.0, 1e-37);
    }
    EXPECT_FLOAT_EQ(value(RONDO_UNARY_ELU, -1e-6f), -1e-6f);
    EXPECT_FLOAT_EQ(value(RONDO_UNARY_SOFTPLUS, -20.0f), 2.0611537e-9f);
}

TEST_P(Unary, logIsPreciseNearOne) {
    const ContextOf context(GetParam().number);
    Random random(5);
    const Floats x = random.floats(10'000, 0.5, 2.0);
    Floats y(x.size());
    unary(context, RONDO_UNARY_LOG, x.size(), x.data(), y.data());
    std::vector<double> expected;
    for (const float v : x) expected.push_back(std::log(static_cast<double>(v)));
    EXPECT_TRUE(close(y, expected, Tolerance{0.0, 3e-7}));
}

double apply(int32_t kind, float a, float b) {
    switch (kind) {
    case RONDO_BINARY_ADD: return static_cast<double>(a + b);
    case RONDO_BINARY_SUBTRACT: return static_cast<double>(a - b);
    case RONDO_BINARY_MULTIPLY: return static_cast<double>(a * b);
    case RONDO_BINARY_DIVIDE: return static_cast<double>(a / b);
    case RONDO_BINARY_MAXIMUM: return static_cast<double>(a > b ? a : b);
    case RONDO_BINARY_MINIMUM: return static_cast<double>(a < b ? a : b);
    default: return a > b ? 1.0 : 0.0;
    }
}

class Binary : public testing::TestWithParam<Isa> {};

TEST_P(Binary, agreesBitForBit) {
    const ContextOf context(GetParam().number, 2);
    struct Shape {
        int64_t rows, columns;
    };
    in_both_placements([&] {
        Random random(3);
        for (const Shape shape :
             {Shape{0, 5}, Shape{1, 1}, Shape{3, 17}, Shape{5, 16}, Shape{2, 9001}, Shape{700, 31}}) {
            for (int32_t kind = RONDO_BINARY_ADD; kind <= RONDO_BINARY_GREATER; kind++) {
                for (int32_t a_extent = 0; a_extent <= 2; a_extent++) {
                    for (int32_t b_extent = 0; b_extent <= 2; b_extent++) {
                        const int64_t count = shape.rows * shape.columns;
                        const auto size = [&](int32_t extent) {
                            return extent == RONDO_EXTENT_FULL ? count : extent == RONDO_EXTENT_ROW ? shape.columns : 1;
                        };
                        const auto at = [&](const Floats &v, int32_t extent, int64_t i) {
                            return v[extent == RONDO_EXTENT_FULL  ? i
                                     : extent == RONDO_EXTENT_ROW ? i % shape.columns
                                                                  : 0];
                        };
                        const Floats a = random.floats(size(a_extent)), b = random.floats(size(b_extent), 0.5, 2.0);
                        Floats y(count, 9.0f);
                        auto call = call_of<rondo_binary>(RONDO_OP_BINARY);
                        call.kind = kind;
                        call.rows = shape.rows;
                        call.columns = shape.columns;
                        call.a_extent = a_extent;
                        call.b_extent = b_extent;
                        call.a = a.data();
                        call.b = b.data();
                        call.y = y.data();
                        run(context, &call);
                        std::vector<double> expected;
                        for (int64_t i = 0; i < count; i++)
                            expected.push_back(apply(kind, at(a, a_extent, i), at(b, b_extent, i)));
                        EXPECT_TRUE(same(y, expected))
                            << "kind " << kind << ", extents " << a_extent << ", " << b_extent;
                        for (const bool into_a : {true, false}) {
                            if ((into_a ? a_extent : b_extent) != RONDO_EXTENT_FULL) continue;
                            Floats in_place((into_a ? a : b).copy());
                            (into_a ? call.a : call.b) = in_place.data();
                            call.y = in_place.data();
                            run(context, &call);
                            EXPECT_TRUE(same(in_place, expected));
                            call.a = a.data();
                            call.b = b.data();
                        }
                    }
                }
            }
        }
    });
}

TEST(ElementwiseErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats x(4);
    auto call = call_of<rondo_unary>(RONDO_OP_UNARY);
    call.kind = 18;
    EXPECT_EQ(error_of(context, call), "unary: kind: expected 0 to 17, got 18");
    call.kind = 0;
    call.count = -1;
    EXPECT_EQ(error_of(context, call), "unary: count: expected 0 to 70368744177664, got -1");
    call.count = 4;
    EXPECT_EQ(error_of(context, call), "unary: x: expected a pointer, got NULL");
    call.x = x.data();
    EXPECT_EQ(error_of(context, call), "unary: y: expected a pointer, got NULL");
    call.y = x.data();
    call.kind = RONDO_UNARY_CLIP;
    call.low = 1.0f;
    EXPECT_EQ(error_of(context, call), "unary: low, high: expected low <= high, got 1, 0");
    call.reserved = 1;
    EXPECT_EQ(error_of(context, call), "unary: reserved: expected 0, got 1");
    auto binary = call_of<rondo_binary>(RONDO_OP_BINARY);
    binary.rows = INT64_MAX;
    binary.columns = 2;
    EXPECT_EQ(error_of(context, binary),
              "binary: y: expected at most 70368744177664 elements, got 9223372036854775807 x 2");
    binary.rows = 2;
    binary.b_extent = 3;
    EXPECT_EQ(error_of(context, binary), "binary: b_extent: expected 0 to 2, got 3");
}

RONDO_EACH_ISA(Unary);
RONDO_EACH_ISA(Binary);

} // namespace
