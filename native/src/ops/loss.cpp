// elementwise_loss.
#include "ops/op.hpp"

namespace rondo {

namespace {

struct ElementwiseLoss {
    using Call = rondo_elementwise_loss;
    using Work = ElementwiseLossWork;
    static constexpr uint32_t op = RONDO_OP_ELEMENTWISE_LOSS;
    static constexpr const char *name = "elementwise_loss";

    static int64_t steps(const Call &call) { return int64_t{call.batch_size} * call.time_steps; }

    // Most blocks, with lengths or without.
    static int64_t blocks(const Call &call) {
        const int64_t length = int64_t{call.time_steps} * call.features;
        return call.batch_size * ((length + Work::block - 1) / Work::block) + 1;
    }

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_LOSS_SQUARED, RONDO_LOSS_BINARY_LOGITS);
        require_at_least("batch_size", call.batch_size, 0);
        require_at_least("time_steps", call.time_steps, 1);
        require_at_least("features", call.features, 1);
        elements("x", steps(call), call.features);
        Needs needs;
        needs.scratch = aligned(blocks(call) * static_cast<int64_t>(sizeof(Work::Sums)));
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("x", call.x, steps(call));
        require("targets", call.targets, steps(call));
        require("result", call.result);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
    }
    static void run(const Context &context, const Call &call) {
        int64_t real = steps(call);
        Work work = {};
        work.call = &call;
        work.sequences = 1;
        work.length = real * call.features;
        if (call.lengths != nullptr) {
            real = 0;
            for (int64_t b = 0; b < call.batch_size; b++) real += call.lengths[b];
            work.sequences = call.batch_size;
            work.length = int64_t{call.time_steps} * call.features;
        }
        const double count = static_cast<double>(real * call.features);
        work.blocks = (work.length + Work::block - 1) / Work::block;
        work.inverse = real > 0 ? static_cast<float>(1.0 / count) : 0.0f;
        work.sums = static_cast<Work::Sums *>(call.scratch);
        const int64_t cost = call.kind >= RONDO_LOSS_BINARY ? 12 : 2; // elements of light work that one costs
        context.parallel(context.slices_for(steps(call) * call.features * cost), context.kernels->elementwise_loss,
                         work);
        Work::Sums all = {};
        for (int64_t i = 0; i < work.sequences * work.blocks; i++) {
            all.loss += work.sums[i].loss;
            all.squares += work.sums[i].squares;
            all.absolutes += work.sums[i].absolutes;
            all.right += work.sums[i].right;
        }
        call.result[0] = real > 0 ? static_cast<float>(all.loss / count) : 0.0f;
        call.result[1] = real > 0 ? static_cast<float>(all.squares / count) : 0.0f;
        call.result[2] = real > 0 ? static_cast<float>(all.absolutes / count) : 0.0f;
        call.result[3] = static_cast<float>(all.right);
        call.result[4] = static_cast<float>(real);
    }
};

} // namespace

constinit const Operation elementwise_loss_operation = operation_of<ElementwiseLoss>;

} // namespace rondo
