// layer_norm and batch_norm, with their gradients.
#include "ops/op.hpp"

namespace rondo {

namespace {

void check_epsilon(float epsilon) {
    if (!(epsilon >= 0.0f)) fail(RONDO_INVALID, "epsilon: expected at least 0, got %g", static_cast<double>(epsilon));
}

struct LayerNorm {
    using Call = rondo_layer_norm;
    static constexpr uint32_t op = RONDO_OP_LAYER_NORM;
    static constexpr const char *name = "layer_norm";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 0);
        require_at_least("columns", call.columns, 1);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        check_epsilon(call.epsilon);
        require("x", call.x, call.rows);
        require("y", call.y, call.rows);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(3 * int64_t{call.rows} * call.columns), context.kernels->layer_norm,
                         LayerNormWork{&call});
    }
};

struct LayerNormGradient {
    using Call = rondo_layer_norm_gradient;
    static constexpr uint32_t op = RONDO_OP_LAYER_NORM_GRADIENT;
    static constexpr const char *name = "layer_norm_gradient";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 0);
        require_at_least("columns", call.columns, 1);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("x", call.x, call.rows);
        require("mean", call.mean, call.rows);
        require("scale", call.scale, call.rows);
        require("dy", call.dy, call.rows);
    }
    static void run(const Context &context, const Call &call) {
        const LayerNormGradientWork work{&call};
        const int32_t slices = context.slices_for(3 * int64_t{call.rows} * call.columns);
        if (call.dx != nullptr) context.parallel(slices, context.kernels->layer_norm_dx, work);
        if (call.dgain != nullptr || call.dbias != nullptr)
            context.parallel(slices, context.kernels->layer_norm_parameters, work);
    }
};

template <class Call> int64_t check_steps(const Call &call) {
    require_at_least("batch_size", call.batch_size, 0);
    require_at_least("time_steps", call.time_steps, 1);
    require_at_least("features", call.features, 1);
    return elements("x", int64_t{call.batch_size} * call.time_steps, call.features);
}

template <class Call> int64_t real_steps(const Call &call) {
    int64_t count = 0;
    for (int64_t b = 0; b < call.batch_size; b++) count += safe_length(call.lengths, b, call.time_steps);
    return count;
}

struct BatchNorm {
    using Call = rondo_batch_norm;
    static constexpr uint32_t op = RONDO_OP_BATCH_NORM;
    static constexpr const char *name = "batch_norm";

    static Needs needs(const Context &, const Call &call) {
        require_between("training", call.training, 0, 1);
        check_steps(call);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        check_epsilon(call.epsilon);
        if (!(call.momentum >= 0.0f && call.momentum <= 1.0f))
            fail(RONDO_INVALID, "momentum: expected 0 to 1, got %g", static_cast<double>(call.momentum));
        require("x", call.x, call.batch_size);
        require("moving_mean", call.moving_mean);
        require("moving_variance", call.moving_variance);
        require("y", call.y, call.batch_size);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(3 * check_steps(call)), context.kernels->batch_norm,
                         BatchNormWork{&call, real_steps(call)});
    }
};

struct BatchNormGradient {
    using Call = rondo_batch_norm_gradient;
    static constexpr uint32_t op = RONDO_OP_BATCH_NORM_GRADIENT;
    static constexpr const char *name = "batch_norm_gradient";

    static Needs needs(const Context &, const Call &call) {
        require_zero("reserved", call.reserved);
        check_steps(call);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("x", call.x, call.batch_size);
        require("mean", call.mean);
        require("scale", call.scale);
        require("dy", call.dy, call.batch_size);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(3 * check_steps(call)), context.kernels->batch_norm_gradient,
                         BatchNormGradientWork{&call, real_steps(call)});
    }
};

} // namespace

constinit const Operation layer_norm_operation = operation_of<LayerNorm>;
constinit const Operation layer_norm_gradient_operation = operation_of<LayerNormGradient>;
constinit const Operation batch_norm_operation = operation_of<BatchNorm>;
constinit const Operation batch_norm_gradient_operation = operation_of<BatchNormGradient>;

} // namespace rondo
