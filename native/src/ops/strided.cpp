// copy and broadcast: arrays by strides.
#include "ops/op.hpp"

namespace rondo {

namespace {

// Leaves out axes of one element and joins neighbours that every array walks in one stride: the fewer and longer rows
// are, the less each costs. None becomes one of one element.
template <int N> Strided<N> joined(int32_t axes, const int64_t *sizes, const int64_t *const (&strides)[N]) {
    Strided<N> result = {};
    for (int32_t i = 0; i < axes; i++) {
        if (sizes[i] == 1) continue;
        const int32_t last = result.axes - 1;
        bool joins = last >= 0;
        for (int n = 0; joins && n < N; n++) joins = result.strides[n][last] == sizes[i] * strides[n][i];
        const int32_t to = joins ? last : result.axes++;
        result.sizes[to] = joins ? result.sizes[to] * sizes[i] : sizes[i];
        for (int n = 0; n < N; n++) result.strides[n][to] = strides[n][i];
    }
    if (result.axes == 0) {
        result.axes = 1;
        result.sizes[0] = 1;
        for (int n = 0; n < N; n++) result.strides[n][0] = 1;
    }
    return result;
}

int64_t check_sizes(int32_t axes, const int64_t *sizes) {
    require_between("axes", axes, 0, RONDO_MAX_AXES);
    int64_t count = 1;
    for (int32_t i = 0; i < axes; i++) {
        require_between("sizes", sizes[i], 0, most_elements);
        count = elements("sizes", count, sizes[i]);
    }
    return count;
}

void check_strides(const char *name, int32_t axes, const int64_t *strides) {
    for (int32_t i = 0; i < axes; i++) require_between(name, strides[i], 0, most_elements);
}

struct Copy {
    using Call = rondo_copy;
    static constexpr uint32_t op = RONDO_OP_COPY;
    static constexpr const char *name = "copy";

    static Needs needs(const Context &, const Call &call) {
        check_sizes(call.axes, call.sizes);
        require_zero("reserved", call.reserved);
        check_strides("x_strides", call.axes, call.x_strides);
        check_strides("y_strides", call.axes, call.y_strides);
        require_between("x_offset", call.x_offset, 0, most_elements);
        require_between("y_offset", call.y_offset, 0, most_elements);
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        const int64_t count = check_sizes(call.axes, call.sizes);
        require("x", call.x, count);
        require("y", call.y, count);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t count = check_sizes(call.axes, call.sizes);
        if (count == 0) return;
        const int64_t *strides[] = {call.x_strides, call.y_strides};
        const CopyWork work{joined<2>(call.axes, call.sizes, strides), call.x + call.x_offset, call.y + call.y_offset};
        context.parallel(context.slices_for(count), context.kernels->copy, work);
    }
};

struct Broadcast {
    using Call = rondo_broadcast;
    static constexpr uint32_t op = RONDO_OP_BROADCAST;
    static constexpr const char *name = "broadcast";

    static Needs needs(const Context &, const Call &call) {
        require_between("kind", call.kind, RONDO_BINARY_ADD, RONDO_BINARY_GREATER);
        check_sizes(call.axes, call.sizes);
        check_strides("a_strides", call.axes, call.a_strides);
        check_strides("b_strides", call.axes, call.b_strides);
        int32_t last = call.axes - 1;
        while (last >= 0 && call.sizes[last] == 1) last--;
        if (last >= 0) {
            require_between("a_strides of the last axis", call.a_strides[last], 0, 1);
            require_between("b_strides of the last axis", call.b_strides[last], 0, 1);
        }
        return {};
    }
    static void check(const Context &context, const Call &call) {
        needs(context, call);
        const int64_t count = check_sizes(call.axes, call.sizes);
        require("a", call.a, count);
        require("b", call.b, count);
        require("y", call.y, count);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t count = check_sizes(call.axes, call.sizes);
        if (count == 0) return;
        int64_t dense[RONDO_MAX_AXES];
        for (int64_t i = call.axes - 1, stride = 1; i >= 0; stride *= call.sizes[i--]) dense[i] = stride;
        const int64_t *strides[] = {call.a_strides, call.b_strides, dense};
        const BroadcastWork work{call.kind, joined<3>(call.axes, call.sizes, strides), call.a, call.b, call.y};
        context.parallel(context.slices_for(count), context.kernels->broadcast, work);
    }
};

} // namespace

constinit const Operation copy_operation = operation_of<Copy>;
constinit const Operation broadcast_operation = operation_of<Broadcast>;

} // namespace rondo
