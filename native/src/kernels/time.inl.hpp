// Operations over the real steps of sequences [B,T,F]. A slice is a range of sequences and blocks of features.
#pragma once

#include "kernels/map.inl.hpp"
#include "kernels/reduce.inl.hpp"
#include "kernels/table.hpp"

namespace {

template <class S> void time_copy(const rondo::TimeCopyWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_time_copy &call = *work.call;
    const int64_t features = call.features;
    int64_t begin, end;
    slice.range(int64_t{call.batch_size} * call.time_steps, 1, begin, end);
    for (int64_t step = begin; step < end; step++) {
        const int64_t b = step / call.time_steps, t = step % call.time_steps;
        const int64_t length = rondo::safe_length(call.lengths, b, call.time_steps);
        float *y = call.y + step * features;
        if (t < length) {
            const int64_t from = call.kind == RONDO_TIME_REVERSE ? length - 1 - t : t;
            map<S>(0, features, call.x + (b * call.time_steps + from) * features, y, [](F v) { return v; });
        } else {
            map<S>(0, features, y, y, [](F) { return S::zero(); });
        }
    }
}

// Calls use(b, length, feature, width) for each block of features of a slice.
template <class Call, class Use> inline void for_pools(const Call &call, rondo::Slice slice, const Use &use) {
    const int64_t blocks = (int64_t{call.features} + reduce_width - 1) / reduce_width;
    int64_t begin, end;
    slice.range(call.batch_size * blocks, 1, begin, end);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t b = tile / blocks;
        const int64_t feature = tile % blocks * reduce_width;
        const int64_t rest = call.features - feature;
        use(b, rondo::safe_length(call.lengths, b, call.time_steps), feature,
            static_cast<int>(rest < reduce_width ? rest : reduce_width));
    }
}

inline int32_t reduce_kind(int32_t pool) {
    return pool == RONDO_POOL_MEAN ? RONDO_REDUCE_MEAN : pool == RONDO_POOL_MAX ? RONDO_REDUCE_MAX : RONDO_REDUCE_SUM;
}

template <class S> void pool_time(const rondo::PoolTimeWork &work, rondo::Slice slice) {
    const rondo_pool_time &call = *work.call;
    for_pools(call, slice, [&](int64_t b, int64_t length, int64_t feature, int width) {
        const float *x = call.x + b * call.time_steps * call.features + feature;
        float *y = call.y + b * call.features + feature;
        if (length == 0) {
            for (int l = 0; l < width; l++) y[l] = 0.0f;
        } else if (call.kind == RONDO_POOL_FIRST || call.kind == RONDO_POOL_LAST) {
            const float *row = x + (call.kind == RONDO_POOL_FIRST ? 0 : length - 1) * call.features;
            for (int l = 0; l < width; l++) y[l] = row[l];
        } else if (width == reduce_width) {
            reduce_rows<reduce_width>(x, length, call.features, width, reduce_kind(call.kind), y);
        } else {
            reduce_rows<0>(x, length, call.features, width, reduce_kind(call.kind), y);
        }
    });
}

template <class S> void pool_time_gradient(const rondo::PoolTimeGradientWork &work, rondo::Slice slice) {
    const rondo_pool_time_gradient &call = *work.call;
    for_pools(call, slice, [&](int64_t b, int64_t length, int64_t feature, int width) {
        const int64_t start = b * call.time_steps * call.features + feature;
        const float *dy = call.dy + b * call.features + feature;
        int32_t found[reduce_width] = {};
        for (int64_t t = 0; t < call.time_steps; t++) {
            float *dx = call.dx + start + t * call.features;
            if (t < length && call.kind == RONDO_POOL_MAX) {
                const float *x = call.x + start + t * call.features;
                const float *y = call.y + b * call.features + feature;
                for (int l = 0; l < width; l++) {
                    const int32_t here = x[l] == y[l] && !found[l];
                    found[l] |= here;
                    dx[l] = here ? dy[l] : 0.0f;
                }
                continue;
            }
            const bool counts = t < length && (call.kind == RONDO_POOL_FIRST  ? t == 0
                                               : call.kind == RONDO_POOL_LAST ? t == length - 1
                                                                              : true);
            const float divisor = call.kind == RONDO_POOL_MEAN ? static_cast<float>(length) : 1.0f;
            for (int l = 0; l < width; l++) dx[l] = counts ? dy[l] / divisor : 0.0f;
        }
    });
}

template <class S> void windows(const rondo::WindowsWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_windows &call = *work.call;
    const int64_t features = call.features;
    int64_t begin, end;
    slice.range(int64_t{call.batch_size} * call.windows, 1, begin, end);
    for (int64_t window = begin; window < end; window++) {
        const int64_t b = window / call.windows;
        const int64_t first = window % call.windows * call.stride - call.before;
        for (int64_t k = 0; k < call.size; k++) {
            const int64_t t = first + k * call.dilation;
            float *y = call.y + (window * call.size + k) * features;
            if (t >= 0 && t < call.time_steps) {
                map<S>(0, features, call.x + (b * call.time_steps + t) * features, y, [](F v) { return v; });
            } else {
                map<S>(0, features, y, y, [](F) { return S::zero(); });
            }
        }
    }
}

// Each step gathers what its places in windows got, in their order in a window.
template <class S> void windows_gradient(const rondo::WindowsGradientWork &work, rondo::Slice slice) {
    using F = typename S::F;
    const rondo_windows_gradient &call = *work.call;
    const int64_t features = call.features;
    int64_t begin, end;
    slice.range(int64_t{call.batch_size} * call.time_steps, 1, begin, end);
    for (int64_t step = begin; step < end; step++) {
        const int64_t b = step / call.time_steps, t = step % call.time_steps;
        float *dx = call.dx + step * features;
        map<S>(0, features, dx, dx, [](F) { return S::zero(); });
        for (int64_t k = 0; k < call.size; k++) {
            const int64_t start = t + call.before - k * call.dilation;
            if (start < 0 || start % call.stride != 0 || start / call.stride >= call.windows) continue;
            const float *dy = call.dy + ((b * call.windows + start / call.stride) * call.size + k) * features;
            map<S>(0, features, dx, dy, dx, [](F sum, F v) { return S::add(sum, v); });
        }
    }
}

} // namespace
