// All kernels, and the table of them for one instruction set and one choice of activations.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/cells.inl.hpp"
#include "kernels/copy.inl.hpp"
#include "kernels/crf.inl.hpp"
#include "kernels/ctc.inl.hpp"
#include "kernels/dropout.inl.hpp"
#include "kernels/elementwise.inl.hpp"
#include "kernels/embedding.inl.hpp"
#include "kernels/gemm.inl.hpp"
#include "kernels/loss.inl.hpp"
#include "kernels/measure.inl.hpp"
#include "kernels/normalization.inl.hpp"
#include "kernels/optimizer.inl.hpp"
#include "kernels/reduce.inl.hpp"
#include "kernels/softmax.inl.hpp"
#include "kernels/table.hpp"
#include "kernels/time.inl.hpp"

namespace {

template <class S, class A>
constexpr rondo::KernelTable kernels_of = {
    .isa = S::isa,
    .lanes = S::lanes,
    .tile_rows = S::tile_rows,
    .gemm_pack = gemm_pack<S>,
    .gemm = gemm<S>,
    .recurrent_pack = recurrent_pack<S>,
    .recurrent_project = recurrent_project<S>,
    .recurrent_step = recurrent_step<S, A>,
    .recurrent_single = recurrent_single<S, A>,
    .recurrent_back = recurrent_back<S, A>,
    .recurrent_dh0 = recurrent_dh0<S>,
    .peephole_gradient = peephole_gradient<S>,
    .gather = gather<S>,
    .scatter_add = scatter_add<S>,
    .softmax = softmax<S>,
    .softmax_gradient = softmax_gradient<S>,
    .softmax_cross_entropy = softmax_cross_entropy<S>,
    .dropout = dropout<S>,
    .unary = unary<S>,
    .unary_gradient = unary_gradient<S>,
    .binary = binary<S>,
    .broadcast = broadcast<S>,
    .copy = copy<S>,
    .time_copy = time_copy<S>,
    .pool_time = pool_time<S>,
    .pool_time_gradient = pool_time_gradient<S>,
    .windows = windows<S>,
    .windows_gradient = windows_gradient<S>,
    .layer_norm = layer_norm<S>,
    .layer_norm_dx = layer_norm_dx<S>,
    .layer_norm_parameters = layer_norm_parameters<S>,
    .batch_norm = batch_norm<S>,
    .batch_norm_gradient = batch_norm_gradient<S>,
    .gaussian_noise = gaussian_noise<S>,
    .reduce = reduce<S>,
    .sum_of_squares = sum_of_squares<S>,
    .sgd = sgd<S>,
    .adam = adam<S>,
    .rmsprop = rmsprop<S>,
    .adagrad = adagrad<S>,
    .clamp = clamp<S>,
    .elementwise_loss = elementwise_loss<S>,
    .ctc = ctc<S>,
    .crf = crf<S>,
    .crf_transitions = crf_transitions<S>,
    .multiply_adds = multiply_adds<S>,
};

} // namespace
