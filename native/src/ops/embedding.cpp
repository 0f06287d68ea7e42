// gather and scatter_add.
#include "ops/op.hpp"

namespace rondo {

namespace {

struct Gather {
    using Call = rondo_gather;
    static constexpr uint32_t op = RONDO_OP_GATHER;
    static constexpr const char *name = "gather";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 1);
        require_at_least("columns", call.columns, 1);
        require_at_least("count", call.count, 0);
        elements("y", call.count, call.columns);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("table", call.table);
        require("ids", call.ids, call.count);
        require("y", call.y, call.count);
        require_all_between("ids", call.ids, call.count, call.rows - 1);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(call.count * call.columns), context.kernels->gather, GatherWork{&call});
    }
};

struct ScatterAdd {
    using Call = rondo_scatter_add;
    static constexpr uint32_t op = RONDO_OP_SCATTER_ADD;
    static constexpr const char *name = "scatter_add";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 1);
        require_at_least("columns", call.columns, 1);
        require_at_least("count", call.count, 0);
        require_between("accumulate", call.accumulate, 0, 1);
        require_zero("reserved", call.reserved);
        elements("dy", call.count, call.columns);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("ids", call.ids, call.count);
        require("dy", call.dy, call.count);
        require("dtable", call.dtable);
        require_all_between("ids", call.ids, call.count, call.rows - 1);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t cost = (call.count + call.rows) * call.columns;
        context.parallel(context.slices_for(cost), context.kernels->scatter_add, ScatterAddWork{&call});
    }
};

} // namespace

constinit const Operation gather_operation = operation_of<Gather>;
constinit const Operation scatter_add_operation = operation_of<ScatterAdd>;

} // namespace rondo
