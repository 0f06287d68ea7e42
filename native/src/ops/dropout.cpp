#include "ops/op.hpp"

namespace rondo {

namespace {

struct Dropout {
    using Call = rondo_dropout;
    static constexpr uint32_t op = RONDO_OP_DROPOUT;
    static constexpr const char *name = "dropout";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, int64_t{1} << 34); // 4 elements for each 32-bit counter
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        if (!(call.rate >= 0.0f && call.rate < 1.0f))
            fail(RONDO_INVALID, "rate: expected at least 0 and less than 1, got %g", static_cast<double>(call.rate));
        require("step", call.step);
        require("x", call.x, call.count);
        require("y", call.y, call.count);
    }
    static void run(const Context &context, const Call &call) {
        const double rate = static_cast<double>(call.rate);
        DropoutWork work = {};
        work.call = &call;
        work.step = *call.step;
        work.threshold = static_cast<uint32_t>(rate * 4294967296.0);
        work.scale = static_cast<float>(1.0 / (1.0 - rate));
        context.parallel(context.slices_for(4 * call.count), context.kernels->dropout, work);
    }
};

struct GaussianNoise {
    using Call = rondo_gaussian_noise;
    static constexpr uint32_t op = RONDO_OP_GAUSSIAN_NOISE;
    static constexpr const char *name = "gaussian_noise";

    static Needs needs(const Context &, const Call &call) {
        require_between("count", call.count, 0, int64_t{1} << 34); // 4 elements for each 32-bit counter
        require_between("stream", call.stream, 0, INT32_MAX);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        if (!(call.deviation >= 0.0f))
            fail(RONDO_INVALID, "deviation: expected at least 0, got %g", static_cast<double>(call.deviation));
        require("step", call.step);
        require("x", call.x, call.count);
        require("y", call.y, call.count);
    }
    static void run(const Context &context, const Call &call) {
        context.parallel(context.slices_for(16 * call.count), context.kernels->gaussian_noise,
                         GaussianNoiseWork{&call, *call.step});
    }
};

} // namespace

constinit const Operation dropout_operation = operation_of<Dropout>;
constinit const Operation gaussian_noise_operation = operation_of<GaussianNoise>;

} // namespace rondo
