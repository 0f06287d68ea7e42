// sgd, adam, rmsprop, adagrad and clip.
#include "ops/op.hpp"

#include <cmath>

namespace rondo {

namespace {

void require_finite(const char *name, float value) {
    if (!std::isfinite(value))
        fail(RONDO_INVALID, "%s: expected a finite number, got %g", name, static_cast<double>(value));
}

// In [0, 1).
void require_decay(const char *name, float value) {
    if (!(value >= 0.0f && value < 1.0f))
        fail(RONDO_INVALID, "%s: expected at least 0 and less than 1, got %g", name, static_cast<double>(value));
}

float scale_of(const float *scale) { return scale != nullptr ? *scale : 1.0f; }

struct Sgd {
    using Call = rondo_sgd;
    static constexpr uint32_t op = RONDO_OP_SGD;
    static constexpr const char *name = "sgd";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, most_elements);
        require_between("nesterov", call.nesterov, 0, 1);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require_finite("rate", call.rate);
        require_decay("momentum", call.momentum);
        require("parameters", call.parameters, call.count);
        require("gradients", call.gradients, call.count);
        if (call.momentum != 0.0f) require("velocity", call.velocity, call.count);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(call.count), context.kernels->sgd, SgdWork{&call, scale_of(call.scale)});
    }
};

struct Adam {
    using Call = rondo_adam;
    static constexpr uint32_t op = RONDO_OP_ADAM;
    static constexpr const char *name = "adam";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, most_elements);
        require_between("form", call.form, RONDO_ADAM_KERAS, RONDO_ADAM_PYTORCH);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require_at_least("step", call.step, 1);
        require_finite("rate", call.rate);
        require_decay("beta1", call.beta1);
        require_decay("beta2", call.beta2);
        require_finite("epsilon", call.epsilon);
        require_finite("decay", call.decay);
        if (call.decay < 0.0f)
            fail(RONDO_INVALID, "decay: expected at least 0, got %g", static_cast<double>(call.decay));
        require("parameters", call.parameters, call.count);
        require("gradients", call.gradients, call.count);
        require("m", call.m, call.count);
        require("v", call.v, call.count);
    }
    static void run(const Context &context, const Call &call) {
        const double beta1 = static_cast<double>(call.beta1);
        const double beta2 = static_cast<double>(call.beta2);
        const double step = static_cast<double>(call.step);
        const double correction1 = 1.0 - std::pow(beta1, step);
        const double correction2 = 1.0 - std::pow(beta2, step);
        double rate = static_cast<double>(call.rate) / correction1;
        double v_correction = 1.0;
        if (call.form == RONDO_ADAM_KERAS) {
            rate *= std::sqrt(correction2);
        } else {
            v_correction = 1.0 / correction2;
        }
        AdamWork work = {};
        work.call = &call;
        work.scale = scale_of(call.scale);
        work.rest1 = static_cast<float>(1.0 - beta1);
        work.rest2 = static_cast<float>(1.0 - beta2);
        work.rate = static_cast<float>(rate);
        work.v_correction = static_cast<float>(v_correction);
        work.decay = static_cast<float>(static_cast<double>(call.rate) * static_cast<double>(call.decay));
        context.parallel(context.slices_for(2 * call.count), context.kernels->adam, work);
    }
};

struct Rmsprop {
    using Call = rondo_rmsprop;
    static constexpr uint32_t op = RONDO_OP_RMSPROP;
    static constexpr const char *name = "rmsprop";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, most_elements);
        require_between("form", call.form, RONDO_ROOT_KERAS, RONDO_ROOT_PYTORCH);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require_finite("rate", call.rate);
        require_decay("rho", call.rho);
        require_finite("epsilon", call.epsilon);
        require_decay("momentum", call.momentum);
        require("parameters", call.parameters, call.count);
        require("gradients", call.gradients, call.count);
        require("v", call.v, call.count);
        if (call.momentum != 0.0f) require("velocity", call.velocity, call.count);
    }
    static void run(const Context &context, const Call &call) {
        RmspropWork work = {};
        work.call = &call;
        work.scale = scale_of(call.scale);
        work.rest = static_cast<float>(1.0 - static_cast<double>(call.rho));
        const bool keras = call.form == RONDO_ROOT_KERAS;
        work.inner = keras ? call.rate : 1.0f;
        work.outer = keras ? 1.0f : call.rate;
        context.parallel(context.slices_for(2 * call.count), context.kernels->rmsprop, work);
    }
};

struct Adagrad {
    using Call = rondo_adagrad;
    static constexpr uint32_t op = RONDO_OP_ADAGRAD;
    static constexpr const char *name = "adagrad";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, most_elements);
        require_between("form", call.form, RONDO_ROOT_KERAS, RONDO_ROOT_PYTORCH);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require_finite("rate", call.rate);
        require_finite("epsilon", call.epsilon);
        require("parameters", call.parameters, call.count);
        require("gradients", call.gradients, call.count);
        require("sum", call.sum, call.count);
    }
    static void run(const Context &context, const Call &call) {
        const AdagradWork work = {&call, scale_of(call.scale)};
        context.parallel(context.slices_for(2 * call.count), context.kernels->adagrad, work);
    }
};

struct Clip {
    using Call = rondo_clip;
    static constexpr uint32_t op = RONDO_OP_CLIP;
    static constexpr const char *name = "clip";

    // Of the largest tensor that x can hold.
    static int64_t blocks(int64_t count) { return (count + SumOfSquaresWork::block - 1) / SumOfSquaresWork::block; }

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_CLIP_NORM, RONDO_CLIP_VALUE);
        require_between("count", call.count, 0, most_elements);
        require_at_least("tensors", call.tensors, 0);
        require_zero("reserved", call.reserved);
        Needs needs;
        if (call.kind == RONDO_CLIP_NORM)
            needs.scratch = aligned(blocks(call.count) * static_cast<int64_t>(sizeof(double)));
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        if (!(call.max > 0.0f)) fail(RONDO_INVALID, "max: expected more than 0, got %g", static_cast<double>(call.max));
        require("x", call.x, call.count);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
        if (call.kind != RONDO_CLIP_NORM) return;
        require("bounds", call.bounds, call.tensors);
        for (int64_t i = 0; i < call.tensors; i++) tensor(call, i);
    }
    static void run(const Context &context, const Call &call) {
        if (call.kind == RONDO_CLIP_VALUE) {
            const ClampWork work = {call.x, call.count, call.max};
            context.parallel(context.slices_for(call.count), context.kernels->clamp, work);
            return;
        }
        for (int64_t i = 0; i < call.tensors; i++) {
            const Tensor t = tensor(call, i);
            const SumOfSquaresWork work = {call.x + t.begin, t.count, static_cast<double *>(call.scratch)};
            context.parallel(context.slices_for(t.count), context.kernels->sum_of_squares, work);
            double sum = 0.0;
            for (int64_t b = 0; b < blocks(t.count); b++) sum += work.sums[b];
            const double norm = std::sqrt(sum);
            const double most = static_cast<double>(call.max);
            if (!(norm > most)) continue;
            const float factor = static_cast<float>(most / norm);
            rondo_binary scaling = {};
            scaling.kind = RONDO_BINARY_MULTIPLY;
            scaling.rows = 1;
            scaling.columns = t.count;
            scaling.b_extent = RONDO_EXTENT_SCALAR;
            scaling.a = call.x + t.begin;
            scaling.b = &factor;
            scaling.y = call.x + t.begin;
            context.parallel(context.slices_for(t.count), context.kernels->binary, BinaryWork{&scaling});
        }
    }

private:
    struct Tensor {
        int64_t begin;
        int64_t count;
    };

    // Looked at again in run: the bounds are in memory of the caller, which a defective one may write to meanwhile.
    static Tensor tensor(const Call &call, int64_t i) {
        const int64_t begin = __atomic_load_n(call.bounds + 2 * i, __ATOMIC_RELAXED);
        const int64_t end = __atomic_load_n(call.bounds + 2 * i + 1, __ATOMIC_RELAXED);
        if (begin < 0 || end < begin || end > call.count)
            fail(RONDO_OUT_OF_RANGE, "bounds[%lld]: expected 0 <= begin <= end <= %lld, got %lld and %lld",
                 static_cast<long long>(i), static_cast<long long>(call.count), static_cast<long long>(begin),
                 static_cast<long long>(end));
        return {begin, end - begin};
    }
};

} // namespace

constinit const Operation sgd_operation = operation_of<Sgd>;
constinit const Operation adam_operation = operation_of<Adam>;
constinit const Operation rmsprop_operation = operation_of<Rmsprop>;
constinit const Operation adagrad_operation = operation_of<Adagrad>;
constinit const Operation clip_operation = operation_of<Clip>;

} // namespace rondo
