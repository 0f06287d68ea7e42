#include "ops/op.hpp"

#include <iterator>

namespace rondo {

namespace {

// At the index of its number.
constexpr const Operation *operations[] = {
    nullptr,
    &recurrent_pack_operation,
    &recurrent_forward_operation,
    &recurrent_backward_operation,
    &gemm_pack_operation,
    &gemm_operation,
    &gather_operation,
    &scatter_add_operation,
    &softmax_operation,
    &softmax_cross_entropy_operation,
    &dropout_operation,
    &unary_operation,
    &unary_gradient_operation,
    &binary_operation,
    &reduce_operation,
    &global_norm_operation,
    &sgd_operation,
    &adam_operation,
    &rmsprop_operation,
    &adagrad_operation,
    &clip_operation,
    &elementwise_loss_operation,
    &ctc_operation,
    &crf_operation,
    &copy_operation,
    &broadcast_operation,
    &batch_gemm_operation,
    &softmax_gradient_operation,
    &time_copy_operation,
    &pool_time_operation,
    &pool_time_gradient_operation,
    &layer_norm_operation,
    &layer_norm_gradient_operation,
    &batch_norm_operation,
    &batch_norm_gradient_operation,
    &windows_operation,
    &windows_gradient_operation,
    &gaussian_noise_operation,
};

} // namespace

const Operation *operation(uint32_t op) { return op < std::size(operations) ? operations[op] : nullptr; }

void require_all_between(const char *name, const int32_t *values, int64_t begin, int64_t end, int32_t most) {
    const uint32_t limit = static_cast<uint32_t>(most);
    uint32_t outside = 0;
    for (int64_t i = begin; i < end; i++) outside |= static_cast<uint32_t>(values[i]) > limit;
    if (outside == 0) return;
    for (int64_t i = begin; i < end; i++)
        if (values[i] < 0 || values[i] > most)
            fail(RONDO_OUT_OF_RANGE, "%s[%lld]: expected 0 to %d, got %d", name, static_cast<long long>(i), most,
                 values[i]);
}

} // namespace rondo
