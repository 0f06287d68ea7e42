// softmax, softmax_gradient and softmax_cross_entropy.
#include "ops/op.hpp"

namespace rondo {

namespace {

// The lengths of rows.
template <class Call> void check_row_lengths(const Call &call) {
    if (call.lengths == nullptr) return;
    require_at_least("rows_per_length", call.rows_per_length, 1);
    if (call.rows % call.rows_per_length != 0)
        fail(RONDO_INVALID, "rows: expected a multiple of rows_per_length %d, got %d", call.rows_per_length, call.rows);
    require_lengths(call.lengths, call.rows / call.rows_per_length, call.columns);
}

struct Softmax {
    using Call = rondo_softmax;
    static constexpr uint32_t op = RONDO_OP_SOFTMAX;
    static constexpr const char *name = "softmax";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 0);
        require_at_least("columns", call.columns, 1);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("x", call.x, call.rows);
        require("y", call.y, call.rows);
        check_row_lengths(call);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t cost = int64_t{call.rows} * call.columns * cost_of_exp;
        context.parallel(context.slices_for(cost), context.kernels->softmax, SoftmaxWork{&call});
    }
};

struct SoftmaxGradient {
    using Call = rondo_softmax_gradient;
    static constexpr uint32_t op = RONDO_OP_SOFTMAX_GRADIENT;
    static constexpr const char *name = "softmax_gradient";

    static Needs needs(const Context &, const Call &call) {
        require_at_least("rows", call.rows, 0);
        require_at_least("columns", call.columns, 1);
        require_zero("reserved", call.reserved);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        require("y", call.y, call.rows);
        require("dy", call.dy, call.rows);
        require("dx", call.dx, call.rows);
        check_row_lengths(call);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t cost = int64_t{call.rows} * call.columns * 2;
        context.parallel(context.slices_for(cost), context.kernels->softmax_gradient, SoftmaxGradientWork{&call});
    }
};

struct SoftmaxCrossEntropy {
    using Call = rondo_softmax_cross_entropy;
    static constexpr uint32_t op = RONDO_OP_SOFTMAX_CROSS_ENTROPY;
    static constexpr const char *name = "softmax_cross_entropy";

    static int64_t steps(const Call &call) { return int64_t{call.batch_size} * call.time_steps; }

    // In scratch: losses [B,T], then right [B,T].
    static int64_t row_bytes(const Call &call) { return aligned(steps(call) * static_cast<int64_t>(sizeof(float))); }

    static Needs needs(const Context &, const Call &call) {
        require_at_least("batch_size", call.batch_size, 0);
        require_at_least("time_steps", call.time_steps, 1);
        require_at_least("classes", call.classes, 1);
        require_zero("reserved", call.reserved);
        elements("logits", steps(call), call.classes);
        Needs needs;
        needs.scratch = 2 * row_bytes(call);
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("logits", call.logits, steps(call));
        require("result", call.result);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        if (steps(call) == 0) return;
        if ((call.labels == nullptr) == (call.targets == nullptr))
            fail(RONDO_INVALID, "labels, targets: expected one of them, got %s",
                 call.labels == nullptr ? "none" : "both");
        if (call.labels == nullptr) return;
        if (call.lengths == nullptr) {
            require_all_between("labels", call.labels, steps(call), call.classes - 1);
            return;
        }
        for (int64_t b = 0; b < call.batch_size; b++)
            require_all_between("labels", call.labels, b * call.time_steps, b * call.time_steps + call.lengths[b],
                                call.classes - 1);
    }
    static void run(const Context &context, const Call &call) {
        int64_t real = steps(call);
        if (call.lengths != nullptr) {
            real = 0;
            for (int64_t b = 0; b < call.batch_size; b++) real += call.lengths[b];
        }
        SoftmaxCrossEntropyWork work = {};
        work.call = &call;
        work.inverse = real > 0 ? static_cast<float>(1.0 / static_cast<double>(real)) : 0.0f;
        work.losses = static_cast<float *>(call.scratch);
        work.right = reinterpret_cast<float *>(static_cast<char *>(call.scratch) + row_bytes(call));
        context.parallel(context.slices_for(steps(call) * call.classes * cost_of_exp),
                         context.kernels->softmax_cross_entropy, work);
        double loss = 0.0;
        int64_t right = 0;
        for (int64_t r = 0; r < steps(call); r++) {
            loss += static_cast<double>(work.losses[r]);
            right += work.right[r] != 0.0f;
        }
        call.result[0] = real > 0 ? static_cast<float>(loss / static_cast<double>(real)) : 0.0f;
        call.result[1] = static_cast<float>(right);
        call.result[2] = static_cast<float>(real);
    }
};

} // namespace

constinit const Operation softmax_operation = operation_of<Softmax>;
constinit const Operation softmax_gradient_operation = operation_of<SoftmaxGradient>;
constinit const Operation softmax_cross_entropy_operation = operation_of<SoftmaxCrossEntropy>;

} // namespace rondo
