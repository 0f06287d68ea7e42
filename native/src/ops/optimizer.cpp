// sgd and adam.
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
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require_at_least("step", call.step, 1);
        require_finite("rate", call.rate);
        require_decay("beta1", call.beta1);
        require_decay("beta2", call.beta2);
        require_finite("epsilon", call.epsilon);
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
        context.parallel(context.slices_for(2 * call.count), context.kernels->adam, work);
    }
};

} // namespace

constinit const Operation sgd_operation = operation_of<Sgd>;
constinit const Operation adam_operation = operation_of<Adam>;

} // namespace rondo
