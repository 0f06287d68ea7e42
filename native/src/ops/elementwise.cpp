// unary, unary_gradient and binary.
#include "ops/op.hpp"

namespace rondo {

namespace {

// Elements of light work that one of such a kind costs.
int64_t cost_of(int32_t kind) {
    switch (kind) {
    case RONDO_UNARY_SIGMOID:
    case RONDO_UNARY_TANH:
    case RONDO_UNARY_EXP:
    case RONDO_UNARY_LOG:
    case RONDO_UNARY_SILU:
    case RONDO_UNARY_ELU: return 4;
    case RONDO_UNARY_SOFTPLUS:
    case RONDO_UNARY_GELU: return 8;
    default: return 1;
    }
}

template <class Call> void check_bounds(const Call &call) {
    if (call.kind == RONDO_UNARY_CLIP && !(call.low <= call.high))
        fail(RONDO_INVALID, "low, high: expected low <= high, got %g, %g", static_cast<double>(call.low),
             static_cast<double>(call.high));
}

struct Unary {
    using Call = rondo_unary;
    static constexpr uint32_t op = RONDO_OP_UNARY;
    static constexpr const char *name = "unary";

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_UNARY_IDENTITY, RONDO_UNARY_CLIP);
        require_zero("reserved", call.reserved);
        require_between("count", call.count, 0, most_elements);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        check_bounds(call);
        require("x", call.x, call.count);
        require("y", call.y, call.count);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(call.count * cost_of(call.kind)), context.kernels->unary, UnaryWork{&call});
    }
};

struct UnaryGradient {
    using Call = rondo_unary_gradient;
    static constexpr uint32_t op = RONDO_OP_UNARY_GRADIENT;
    static constexpr const char *name = "unary_gradient";

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_UNARY_IDENTITY, RONDO_UNARY_CLIP);
        require_zero("reserved", call.reserved);
        require_between("count", call.count, 0, most_elements);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        check_bounds(call);
        switch (call.kind) {
        case RONDO_UNARY_SIGMOID:
        case RONDO_UNARY_TANH:
        case RONDO_UNARY_EXP:
        case RONDO_UNARY_SQRT:
        case RONDO_UNARY_ELU: require("y", call.y, call.count); break;
        case RONDO_UNARY_IDENTITY:
        case RONDO_UNARY_NEGATE: break;
        default: require("x", call.x, call.count); break;
        }
        require("dy", call.dy, call.count);
        require("dx", call.dx, call.count);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(call.count * cost_of(call.kind)), context.kernels->unary_gradient,
                         UnaryGradientWork{&call});
    }
};

struct Binary {
    using Call = rondo_binary;
    static constexpr uint32_t op = RONDO_OP_BINARY;
    static constexpr const char *name = "binary";

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_BINARY_ADD, RONDO_BINARY_GREATER);
        require_zero("reserved", call.reserved);
        require_at_least("rows", call.rows, 0);
        require_at_least("columns", call.columns, 0);
        require_between("a_extent", call.a_extent, RONDO_EXTENT_FULL, RONDO_EXTENT_SCALAR);
        require_between("b_extent", call.b_extent, RONDO_EXTENT_FULL, RONDO_EXTENT_SCALAR);
        elements("y", call.rows, call.columns);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        const int64_t count = call.rows * call.columns;
        require("a", call.a, count);
        require("b", call.b, count);
        require("y", call.y, count);
    }
    static void run(const Context &context, const Call &call) {
        rondo_binary flat = call;
        if (call.a_extent != RONDO_EXTENT_ROW && call.b_extent != RONDO_EXTENT_ROW) {
            flat.rows = 1; // one long row, so that short ones cost no tail each
            flat.columns = call.rows * call.columns;
        }
        context.parallel(context.slices_for(call.rows * call.columns), context.kernels->binary, BinaryWork{&flat});
    }
};

} // namespace

constinit const Operation unary_operation = operation_of<Unary>;
constinit const Operation unary_gradient_operation = operation_of<UnaryGradient>;
constinit const Operation binary_operation = operation_of<Binary>;

} // namespace rondo
