// time_copy, pool_time and windows, with their gradients.
#include "ops/op.hpp"

namespace rondo {

namespace {

template <class Call> int64_t steps(const Call &call) { return int64_t{call.batch_size} * call.time_steps; }

template <class Call> void check_sizes(const Call &call, int32_t last_kind) {
    require_between("kind", call.kind, 0, last_kind);
    require_at_least("batch_size", call.batch_size, 0);
    require_at_least("time_steps", call.time_steps, 1);
    require_at_least("features", call.features, 1);
    elements("x", steps(call), call.features);
}

struct TimeCopy {
    using Call = rondo_time_copy;
    static constexpr uint32_t op = RONDO_OP_TIME_COPY;
    static constexpr const char *name = "time_copy";

    static Needs needs(const Context &, const Call &call) {
        check_sizes(call, RONDO_TIME_REVERSE);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("x", call.x, steps(call));
        require("y", call.y, steps(call));
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(steps(call) * call.features), context.kernels->time_copy,
                         TimeCopyWork{&call});
    }
};

struct PoolTime {
    using Call = rondo_pool_time;
    static constexpr uint32_t op = RONDO_OP_POOL_TIME;
    static constexpr const char *name = "pool_time";

    static Needs needs(const Context &, const Call &call) {
        check_sizes(call, RONDO_POOL_LAST);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("x", call.x, call.batch_size);
        require("y", call.y, call.batch_size);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(steps(call) * call.features), context.kernels->pool_time,
                         PoolTimeWork{&call});
    }
};

struct PoolTimeGradient {
    using Call = rondo_pool_time_gradient;
    static constexpr uint32_t op = RONDO_OP_POOL_TIME_GRADIENT;
    static constexpr const char *name = "pool_time_gradient";

    static Needs needs(const Context &, const Call &call) {
        check_sizes(call, RONDO_POOL_LAST);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        if (call.kind == RONDO_POOL_MAX) {
            require("x", call.x, call.batch_size);
            require("y", call.y, call.batch_size);
        }
        require("dy", call.dy, call.batch_size);
        require("dx", call.dx, call.batch_size);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(steps(call) * call.features), context.kernels->pool_time_gradient,
                         PoolTimeGradientWork{&call});
    }
};

template <class Call> int64_t check_windows(const Call &call) {
    require_at_least("batch_size", call.batch_size, 0);
    require_at_least("time_steps", call.time_steps, 1);
    require_at_least("features", call.features, 1);
    require_at_least("size", call.size, 1);
    require_at_least("stride", call.stride, 1);
    require_at_least("dilation", call.dilation, 1);
    require_at_least("before", call.before, 0);
    require_at_least("windows", call.windows, 0);
    elements("x", steps(call), call.features);
    return elements("y", elements("y", call.batch_size, call.windows), elements("y", call.size, call.features));
}

struct Windows {
    using Call = rondo_windows;
    static constexpr uint32_t op = RONDO_OP_WINDOWS;
    static constexpr const char *name = "windows";

    static Needs needs(const Context &, const Call &call) {
        check_windows(call);
        return {};
    }
    static void check(const Context &, const Call &call) {
        const int64_t count = check_windows(call);
        require("x", call.x, count);
        require("y", call.y, count);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(check_windows(call)), context.kernels->windows, WindowsWork{&call});
    }
};

struct WindowsGradient {
    using Call = rondo_windows_gradient;
    static constexpr uint32_t op = RONDO_OP_WINDOWS_GRADIENT;
    static constexpr const char *name = "windows_gradient";

    static Needs needs(const Context &, const Call &call) {
        check_windows(call);
        return {};
    }
    static void check(const Context &, const Call &call) {
        const int64_t count = check_windows(call);
        require("dy", call.dy, count);
        require("dx", call.dx, call.batch_size);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t cost = steps(call) * call.features + check_windows(call);
        context.parallel(context.slices_for(cost), context.kernels->windows_gradient, WindowsGradientWork{&call});
    }
};

} // namespace

constinit const Operation time_copy_operation = operation_of<TimeCopy>;
constinit const Operation pool_time_operation = operation_of<PoolTime>;
constinit const Operation pool_time_gradient_operation = operation_of<PoolTimeGradient>;
constinit const Operation windows_operation = operation_of<Windows>;
constinit const Operation windows_gradient_operation = operation_of<WindowsGradient>;

} // namespace rondo
