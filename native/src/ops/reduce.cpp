// reduce and global_norm.
#include "ops/op.hpp"

#include <cmath>

namespace rondo {

namespace {

struct Reduce {
    using Call = rondo_reduce;
    static constexpr uint32_t op = RONDO_OP_REDUCE;
    static constexpr const char *name = "reduce";

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_REDUCE_SUM, RONDO_REDUCE_MAX);
        require_zero("reserved", call.reserved);
        require_at_least("outer", call.outer, 0);
        require_at_least("axis", call.axis, 1);
        require_at_least("inner", call.inner, 0);
        elements("x", elements("y", call.outer, call.inner), call.axis);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        const int64_t count = call.outer * call.inner;
        require("x", call.x, count);
        require("y", call.y, count);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t cost = call.outer * call.axis * call.inner;
        context.parallel(context.slices_for(cost), context.kernels->reduce, ReduceWork{&call});
    }
};

struct GlobalNorm {
    using Call = rondo_global_norm;
    static constexpr uint32_t op = RONDO_OP_GLOBAL_NORM;
    static constexpr const char *name = "global_norm";

    static int64_t blocks(const Call &call) {
        return (call.count + SumOfSquaresWork::block - 1) / SumOfSquaresWork::block;
    }
    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, most_elements);
        require_zero("reserved", call.reserved);
        Needs needs;
        needs.scratch = aligned(blocks(call) * static_cast<int64_t>(sizeof(double)));
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        if (!(call.max_norm > 0.0f))
            fail(RONDO_INVALID, "max_norm: expected more than 0, got %g", static_cast<double>(call.max_norm));
        require("x", call.x, call.count);
        require("norm", call.norm);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
    }
    static void run(const Context &context, const Call &call) {
        const SumOfSquaresWork work = {call.x, call.count, static_cast<double *>(call.scratch)};
        context.parallel(context.slices_for(call.count), context.kernels->sum_of_squares, work);
        double sum = 0.0;
        for (int64_t b = 0; b < blocks(call); b++) sum += work.sums[b];
        const double norm = std::sqrt(sum);
        const double most = static_cast<double>(call.max_norm);
        *call.norm = static_cast<float>(norm);
        if (call.scale != nullptr) *call.scale = norm > most ? static_cast<float>(most / norm) : 1.0f;
    }
};

} // namespace

constinit const Operation reduce_operation = operation_of<Reduce>;
constinit const Operation global_norm_operation = operation_of<GlobalNorm>;

} // namespace rondo
