// Layer and batch normalization. Sums are taken in double, in an order that depends on the sizes alone: along a row as
// reductions do (reduce.inl.hpp), over rows from the first to the last, for a block of columns at a time.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/reduce.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> void layer_norm(const rondo::LayerNormWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_layer_norm &call = *work.call;
    const int64_t n = call.columns;
    int64_t begin, end;
    slice.range(call.rows, 1, begin, end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = call.x + r * n;
        float *y = call.y + r * n;
        const double mean = sum_in_lanes(x, n, [](double v) { return v; }) / static_cast<double>(n);
        const double variance =
            sum_in_lanes(x, n, [mean](double v) { return (v - mean) * (v - mean); }) / static_cast<double>(n);
        const float scale = static_cast<float>(1.0 / __builtin_sqrt(variance + static_cast<double>(call.epsilon)));
        if (call.mean) call.mean[r] = static_cast<float>(mean);
        if (call.scale) call.scale[r] = scale;
        const F means = S::broadcast(static_cast<float>(mean)), scales = S::broadcast(scale);
        for_vectors<S>(0, n, [&](auto load, auto store) {
            F value = S::mul(S::sub(load(x), means), scales);
            if (call.gain) value = S::mul(value, load(call.gain));
            store(y, call.bias ? S::add(value, load(call.bias)) : value);
        });
    }
}

// dx = scale (g - mean of g - xhat mean of g xhat), with g = gain dy and xhat = (x - mean) scale.
template <class S> void layer_norm_dx(const rondo::LayerNormGradientWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_layer_norm_gradient &call = *work.call;
    const int64_t n = call.columns;
    int64_t begin, end;
    slice.range(call.rows, 1, begin, end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = call.x + r * n, *dy = call.dy + r * n;
        float *dx = call.dx + r * n;
        const float mean = call.mean[r], scale = call.scale[r];
        double sums[sum_lanes] = {}, products[sum_lanes] = {};
        for (int64_t i = 0; i < n; i += sum_lanes) {
            const int64_t rest = n - i < sum_lanes ? n - i : sum_lanes;
            for (int64_t l = 0; l < rest; l++) {
                const double g = static_cast<double>(call.gain ? dy[i + l] * call.gain[i + l] : dy[i + l]);
                sums[l] += g;
                products[l] += g * static_cast<double>((x[i + l] - mean) * scale);
            }
        }
        const F sum = S::broadcast(static_cast<float>(sum_of(sums) / static_cast<double>(n)));
        const F product = S::broadcast(static_cast<float>(sum_of(products) / static_cast<double>(n)));
        const F means = S::broadcast(mean), scales = S::broadcast(scale);
        for_vectors<S>(0, n, [&](auto load, auto store) {
            const F g = call.gain ? S::mul(load(dy), load(call.gain)) : load(dy);
            const F xhat = S::mul(S::sub(load(x), means), scales);
            store(dx, S::mul(S::fnma(xhat, product, S::sub(g, sum)), scales));
        });
    }
}

// Calls use(column, width) for each block of columns of a slice.
template <class Use> inline void for_columns(int64_t columns, rondo::Slice slice, const Use &use) {
    int64_t begin, end;
    slice.range(columns, reduce_width, begin, end);
    for (int64_t j = begin; j < end; j += reduce_width)
        use(j, static_cast<int>(end - j < reduce_width ? end - j : reduce_width));
}

template <class S> void layer_norm_parameters(const rondo::LayerNormGradientWork &work, rondo::Slice slice) {
    const rondo_layer_norm_gradient &call = *work.call;
    for_columns(call.columns, slice, [&](int64_t column, int width) {
        double gains[reduce_width] = {}, biases[reduce_width] = {};
        for (int64_t r = 0; r < call.rows; r++) {
            const float *x = call.x + r * call.columns + column, *dy = call.dy + r * call.columns + column;
            const float mean = call.mean[r], scale = call.scale[r];
            for (int l = 0; l < width; l++) {
                biases[l] += static_cast<double>(dy[l]);
                gains[l] += static_cast<double>(dy[l]) * static_cast<double>((x[l] - mean) * scale);
            }
        }
        for (int l = 0; l < width; l++) {
            if (call.dgain) call.dgain[column + l] = static_cast<float>(gains[l]);
            if (call.dbias) call.dbias[column + l] = static_cast<float>(biases[l]);
        }
    });
}

// Calls use(row) for each real step, and rest(row) for each padded one.
template <class Call, class Use, class Rest> inline void for_steps(const Call &call, const Use &use, const Rest &rest) {
    for (int64_t b = 0; b < call.batch_size; b++) {
        const int64_t length = rondo::safe_length(call.lengths, b, call.time_steps);
        for (int64_t t = 0; t < length; t++) use(b * call.time_steps + t);
        for (int64_t t = length; t < call.time_steps; t++) rest(b * call.time_steps + t);
    }
}

template <class S> void batch_norm(const rondo::BatchNormWork &work, rondo::Slice slice) {
    const rondo_batch_norm &call = *work.call;
    const int64_t n = call.features;
    const double count = work.count > 0 ? static_cast<double>(work.count) : 1.0;
    const auto nothing = [](int64_t) {};
    for_columns(n, slice, [&](int64_t column, int width) {
        double mean[reduce_width] = {}, variance[reduce_width] = {};
        if (call.training) {
            for_steps(
                call,
                [&](int64_t r) {
                    for (int l = 0; l < width; l++) mean[l] += static_cast<double>(call.x[r * n + column + l]);
                },
                nothing);
            for (int l = 0; l < width; l++) mean[l] /= count;
            for_steps(
                call,
                [&](int64_t r) {
                    for (int l = 0; l < width; l++) {
                        const double d = static_cast<double>(call.x[r * n + column + l]) - mean[l];
                        variance[l] += d * d;
                    }
                },
                nothing);
            for (int l = 0; l < width; l++) variance[l] /= count;
            const double momentum = static_cast<double>(call.momentum);
            for (int l = 0; l < width && work.count > 0; l++) {
                float &moving_mean = call.moving_mean[column + l], &moving_variance = call.moving_variance[column + l];
                moving_mean =
                    static_cast<float>(momentum * static_cast<double>(moving_mean) + (1.0 - momentum) * mean[l]);
                moving_variance = static_cast<float>(momentum * static_cast<double>(moving_variance) +
                                                     (1.0 - momentum) * variance[l]);
            }
        } else {
            for (int l = 0; l < width; l++) {
                mean[l] = static_cast<double>(call.moving_mean[column + l]);
                variance[l] = static_cast<double>(call.moving_variance[column + l]);
            }
        }
        float means[reduce_width], scales[reduce_width], gains[reduce_width], biases[reduce_width];
        for (int l = 0; l < width; l++) {
            means[l] = static_cast<float>(mean[l]);
            scales[l] = static_cast<float>(1.0 / __builtin_sqrt(variance[l] + static_cast<double>(call.epsilon)));
            gains[l] = call.gain ? call.gain[column + l] : 1.0f;
            biases[l] = call.bias ? call.bias[column + l] : 0.0f;
            if (call.mean) call.mean[column + l] = means[l];
            if (call.scale) call.scale[column + l] = scales[l];
        }
        for_steps(
            call,
            [&](int64_t r) {
                const float *x = call.x + r * n + column;
                float *y = call.y + r * n + column;
                for (int l = 0; l < width; l++) y[l] = (x[l] - means[l]) * scales[l] * gains[l] + biases[l];
            },
            [&](int64_t r) {
                for (int l = 0; l < width; l++) call.y[r * n + column + l] = 0.0f;
            });
    });
}

// dx = gain scale (dy - mean of dy - xhat mean of dy xhat) over the real steps.
template <class S> void batch_norm_gradient(const rondo::BatchNormGradientWork &work, rondo::Slice slice) {
    const rondo_batch_norm_gradient &call = *work.call;
    const int64_t n = call.features;
    const double count = work.count > 0 ? static_cast<double>(work.count) : 1.0;
    for_columns(n, slice, [&](int64_t column, int width) {
        const float *mean = call.mean + column, *scale = call.scale + column;
        double gains[reduce_width] = {}, biases[reduce_width] = {};
        for_steps(
            call,
            [&](int64_t r) {
                const float *x = call.x + r * n + column, *dy = call.dy + r * n + column;
                for (int l = 0; l < width; l++) {
                    biases[l] += static_cast<double>(dy[l]);
                    gains[l] += static_cast<double>(dy[l]) * static_cast<double>((x[l] - mean[l]) * scale[l]);
                }
            },
            [](int64_t) {});
        float sums[reduce_width], products[reduce_width], factors[reduce_width];
        for (int l = 0; l < width; l++) {
            if (call.dgain) call.dgain[column + l] = static_cast<float>(gains[l]);
            if (call.dbias) call.dbias[column + l] = static_cast<float>(biases[l]);
            sums[l] = static_cast<float>(biases[l] / count);
            products[l] = static_cast<float>(gains[l] / count);
            factors[l] = call.gain ? call.gain[column + l] * scale[l] : scale[l];
        }
        if (!call.dx) return;
        for_steps(
            call,
            [&](int64_t r) {
                const float *x = call.x + r * n + column, *dy = call.dy + r * n + column;
                float *dx = call.dx + r * n + column;
                for (int l = 0; l < width; l++)
                    dx[l] = (dy[l] - sums[l] - (x[l] - mean[l]) * scale[l] * products[l]) * factors[l];
            },
            [&](int64_t r) {
                for (int l = 0; l < width; l++) call.dx[r * n + column + l] = 0.0f;
            });
    });
}

} // namespace
