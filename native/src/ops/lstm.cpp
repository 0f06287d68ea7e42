// lstm_pack, lstm_forward and lstm_backward.
//
// Forward is one pass of the kernel over slices of the batch. Backward is that and then, over all real steps at once,
// the GEMMs that need not wait for time: dW and dU, which share their left-hand side (the gate gradients, whose row
// sums are db), and dx. Saved memory is ordered by step, the caller's x and dx by its strides; lists of row offsets
// bring them together, and leave out the padded steps. Where these GEMMs are large, a provider may do them.
#include <algorithm>

#include "ops/op.hpp"
#include "ops/pack.hpp"
#include "ops/provider_gemm.hpp"

namespace rondo {

namespace {

void require_lstm_sizes(int32_t input_size, int32_t hidden_size) {
    require_between("input_size", input_size, 1, 1 << 24);
    require_between("hidden_size", hidden_size, 1, 1 << 24);
    elements("weight_ih", 4 * int64_t{hidden_size}, input_size);
    elements("weight_hh", 4 * int64_t{hidden_size}, hidden_size);
}

template <class Call> void require_sequence_sizes(const Call &call) {
    require_at_least("batch_size", call.batch_size, 1);
    require_at_least("time_steps", call.time_steps, 1);
    require_lstm_sizes(call.input_size, call.hidden_size);
    const int64_t steps = elements("x", call.batch_size, call.time_steps);
    elements("x", steps, call.input_size);
    elements("gates", steps + call.batch_size, 4 * int64_t{call.hidden_size} + 32);
}

void require_strides(const char *name, int64_t batch_stride, int64_t time_stride) {
    if (batch_stride >= 0 && time_stride >= 0) return;
    fail(RONDO_INVALID, "%s: expected strides of at least 0, got batch %lld, time %lld", name,
         static_cast<long long>(batch_stride), static_cast<long long>(time_stride));
}

// --------------------------------------------------------------------------------------------------------- memory

struct Pack {
    PackHeader *header;
    float *bias;
    float *weight_ih;
    float *weight_hh;
    float *backward;
    int64_t bytes;
};

Pack carve_pack(const Context &context, int64_t input, int64_t hidden, uint32_t parts, const void *start) {
    const int64_t lanes = context.kernels->lanes;
    const int64_t units = (hidden + lanes - 1) / lanes * lanes;
    const int64_t wide = (hidden + 4 * lanes - 1) / (4 * lanes) * 4 * lanes;
    Carver carver(const_cast<void *>(start));
    Pack pack{};
    pack.header = carver.take<PackHeader>(1);
    if (parts & RONDO_PACK_FORWARD) {
        pack.bias = carver.take<float>(4 * units);
        pack.weight_ih = carver.take<float>(4 * units * input);
        pack.weight_hh = carver.take<float>(4 * units * hidden);
    }
    if (parts & RONDO_PACK_BACKWARD) pack.backward = carver.take<float>(wide * 4 * hidden);
    pack.bytes = carver.used();
    return pack;
}

// The pack that a call was given, of which it needs one part.
Pack open_pack(const Context &context, const void *packed, int64_t packed_bytes, int32_t input, int32_t hidden,
               uint32_t part) {
    require_memory("packed", packed, packed_bytes, static_cast<int64_t>(sizeof(PackHeader)));
    require_pack(context, "packed", packed, RONDO_OP_LSTM_PACK, hidden, input, part);
    const uint32_t parts = static_cast<const PackHeader *>(packed)->parts;
    const Pack pack = carve_pack(context, input, hidden, parts, packed);
    require_memory("packed", packed, packed_bytes, pack.bytes);
    return pack;
}

template <class Call> LstmSaved carve_saved(const Call &call, void *start, int64_t &bytes) {
    const int64_t steps = int64_t{call.time_steps} * call.batch_size;
    const int64_t hidden = call.hidden_size;
    LstmSaved saved{};
    // Rows are a cache line longer than they need to be, so that neighbours do not fall on the same cache set.
    saved.gates_stride = (4 * hidden + 15) / 16 * 16 + 16;
    saved.state_stride = (hidden + 15) / 16 * 16 + 16;
    Carver carver(start);
    saved.gates = carver.take<float>(steps * saved.gates_stride);
    saved.h = carver.take<float>((steps + call.batch_size) * saved.state_stride);
    saved.c = carver.take<float>((steps + call.batch_size) * saved.state_stride);
    bytes = carver.used();
    return saved;
}

template <class Call> LstmSaved carve_saved(const Call &call, void *start) {
    int64_t bytes;
    return carve_saved(call, start, bytes);
}

template <class Call> int64_t saved_bytes(const Call &call) {
    int64_t bytes;
    carve_saved(call, nullptr, bytes);
    return bytes;
}

template <class Call> int32_t slices_for(const Context &context, const Call &call) {
    const double work = static_cast<double>(call.batch_size) * call.time_steps * call.hidden_size *
                        (static_cast<double>(call.input_size) + call.hidden_size) / 4;
    return std::min(context.slices_for(static_cast<int64_t>(std::min(work, 1e15))), call.batch_size);
}

int64_t rows_of(int64_t batch, int64_t slices) { return (batch + slices - 1) / slices; }

// The most that any number of slices needs together, where a slice of so many rows needs bytes(rows). Of the numbers
// that give a slice the same rows only the largest counts.
template <class Bytes> int64_t most_scratch(const Context &context, int64_t batch, const Bytes &bytes) {
    int64_t most = 0;
    for (int64_t slices = std::min<int64_t>(context.threads, batch); slices > 0;) {
        const int64_t rows = rows_of(batch, slices);
        most = std::max(most, slices * bytes(rows));
        slices = (batch - 1) / rows;
    }
    return most;
}

struct LstmPackOp {
    using Call = rondo_lstm_pack;
    static constexpr uint32_t op = RONDO_OP_LSTM_PACK;
    static constexpr const char *name = "lstm_pack";

    static Needs needs(const Context &context, const Call &call) {
        require_lstm_sizes(call.input_size, call.hidden_size);
        require_between("parts", call.parts, RONDO_PACK_FORWARD, RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD);
        require_zero("reserved", call.reserved);
        return {.packed = carve_pack(context, call.input_size, call.hidden_size, call.parts, nullptr).bytes};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        if (call.parts & RONDO_PACK_FORWARD) require("weight_ih", call.weight_ih);
        require("weight_hh", call.weight_hh);
        require_memory("packed", call.packed, call.packed_bytes, needed.packed);
    }
    static void run(const Context &context, const Call &call) {
        const Pack pack = carve_pack(context, call.input_size, call.hidden_size, call.parts, call.packed);
        *pack.header = pack_header(context, op, call.hidden_size, call.input_size, call.parts);
        const LstmPackWork work{&call, pack.bias, pack.weight_ih, pack.weight_hh, pack.backward};
        context.parallel(context.slices_for(pack.bytes / static_cast<int64_t>(sizeof(float))),
                         context.kernels->lstm_pack, work);
    }
};

// -------------------------------------------------------------------------------------------------------- forward

struct LstmForwardOp {
    using Call = rondo_lstm_forward;
    static constexpr uint32_t op = RONDO_OP_LSTM_FORWARD;
    static constexpr const char *name = "lstm_forward";

    // For inference, which needs more scratch than training does.
    static int64_t scratch_of_slice(const Context &context, const Call &call, int32_t slices) {
        return context.kernels->lstm_forward_scratch(call, rows_of(call.batch_size, slices));
    }
    static Needs needs(const Context &context, const Call &call) {
        require_sequence_sizes(call);
        const int64_t scratch = most_scratch(
            context, call.batch_size, [&](int64_t rows) { return context.kernels->lstm_forward_scratch(call, rows); });
        return {.saved = saved_bytes(call), .scratch = scratch};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        open_pack(context, call.packed, call.packed_bytes, call.input_size, call.hidden_size, RONDO_PACK_FORWARD);
        require("x", call.x);
        require_strides("x", call.x_batch_stride, call.x_time_stride);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        if (call.y != nullptr) require_strides("y", call.y_batch_stride, call.y_time_stride);
        if (call.saved != nullptr) require_memory("saved", call.saved, call.saved_bytes, needed.saved);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
    }
    static void run(const Context &context, const Call &call) {
        const Pack pack = carve_pack(context, call.input_size, call.hidden_size,
                                     static_cast<const PackHeader *>(call.packed)->parts, call.packed);
        const int32_t slices = slices_for(context, call);
        const LstmForwardWork work{&call,
                                   pack.bias,
                                   pack.weight_ih,
                                   pack.weight_hh,
                                   call.saved != nullptr ? carve_saved(call, call.saved) : LstmSaved{},
                                   static_cast<char *>(call.scratch),
                                   scratch_of_slice(context, call, slices)};
        context.parallel(slices, context.kernels->lstm_forward, work);
    }
};

// ------------------------------------------------------------------------------------------------------- backward

struct BackwardScratch {
    int64_t *x_rows; // [real steps]: where each real step's row starts in x, in dx, in the gates, in the states
    int64_t *dx_rows;
    int64_t *gate_rows;
    int64_t *state_rows;
    float *x_panels;
    float *h_panels;
    float *weight_panels;
    float *packed_a;
    char *recurrence;
    int64_t bytes;
};

int64_t panel_columns(const Context &context, int64_t n) {
    const int64_t width = 4 * context.kernels->lanes;
    return (n + width - 1) / width * width;
}

BackwardScratch carve_backward(const Context &context, const rondo_lstm_backward &call, void *start) {
    const int64_t steps = int64_t{call.time_steps} * call.batch_size;
    const int64_t gates = 4 * int64_t{call.hidden_size};
    Carver carver(start);
    BackwardScratch scratch{};
    scratch.x_rows = carver.take<int64_t>(steps);
    scratch.dx_rows = carver.take<int64_t>(steps);
    scratch.gate_rows = carver.take<int64_t>(steps);
    scratch.state_rows = carver.take<int64_t>(steps);
    scratch.x_panels = carver.take<float>(steps * panel_columns(context, call.input_size));
    scratch.h_panels = carver.take<float>(steps * panel_columns(context, call.hidden_size));
    scratch.weight_panels = carver.take<float>(gates * panel_columns(context, call.input_size));
    scratch.packed_a = carver.take<float>(gemm_packed_a_floats(gates, steps, context.kernels->tile_rows));
    scratch.recurrence = carver.take<char>(most_scratch(
        context, call.batch_size, [&](int64_t rows) { return context.kernels->lstm_backward_scratch(call, rows); }));
    scratch.bytes = carver.used();
    return scratch;
}

struct LstmBackwardOp {
    using Call = rondo_lstm_backward;
    static constexpr uint32_t op = RONDO_OP_LSTM_BACKWARD;
    static constexpr const char *name = "lstm_backward";

    static Needs needs(const Context &context, const Call &call) {
        require_sequence_sizes(call);
        return {.saved = saved_bytes(call), .scratch = carve_backward(context, call, nullptr).bytes};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        open_pack(context, call.packed, call.packed_bytes, call.input_size, call.hidden_size, RONDO_PACK_BACKWARD);
        if (call.dweight_ih != nullptr) require("x", call.x);
        require_strides("x", call.x_batch_stride, call.x_time_stride);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        if (call.dy != nullptr) require_strides("dy", call.dy_batch_stride, call.dy_time_stride);
        if (call.dx != nullptr) {
            require_strides("dx", call.dx_batch_stride, call.dx_time_stride);
            require("weight_ih", call.weight_ih);
        }
        require_memory("saved", call.saved, call.saved_bytes, needed.saved);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
    }

    static void run(const Context &context, const Call &call) {
        const KernelTable &kernels = *context.kernels;
        const Pack pack = carve_pack(context, call.input_size, call.hidden_size,
                                     static_cast<const PackHeader *>(call.packed)->parts, call.packed);
        const LstmSaved saved = carve_saved(call, call.saved);
        const BackwardScratch scratch = carve_backward(context, call, call.scratch);
        const int32_t slices = slices_for(context, call);
        const LstmBackwardWork recurrence{&call, pack.backward, saved, scratch.recurrence,
                                          kernels.lstm_backward_scratch(call, rows_of(call.batch_size, slices))};
        context.parallel(slices, kernels.lstm_backward, recurrence);

        const int64_t real = list_rows(call, saved, scratch);
        weight_gradients(context, call, saved, scratch, real);
        if (call.dx != nullptr) input_gradient(context, call, saved, scratch, real);
    }

private:
    static GemmTarget target(int64_t n, const float *panels, float *c) {
        return {.n = n, .panels = panels, .bias = nullptr, .accumulate = false, .c = c, .ldc = n, .c_offsets = nullptr};
    }

    // Whether a product over all steps goes to a provider, which wants plain matrices: then no step may be missing.
    static int32_t provider_of_steps(const Context &context, const Call &call, int64_t m, int64_t n, int64_t k) {
        return call.lengths == nullptr ? provider_for(context, false, m, n, k) : -1;
    }

    // dW = sum of dgates x^T, dU = sum of dgates h'^T, db = sum of dgates.
    static void weight_gradients(const Context &context, const Call &call, const LstmSaved &saved,
                                 const BackwardScratch &scratch, int64_t real) {
        const KernelTable &kernels = *context.kernels;
        const int64_t gates = 4 * int64_t{call.hidden_size};
        const int32_t slices = context.slices_for(real * gates);
        GemmWork work{};
        work.a = {saved.gates, 0, scratch.gate_rows};
        work.transposed = true;
        work.m = gates;
        work.k = real;
        work.row_sums = call.dbias;
        work.packed_a = scratch.packed_a;
        if (call.dweight_ih != nullptr) {
            const int32_t provider = provider_of_steps(context, call, gates, call.input_size, real);
            if (provider >= 0) {
                gather_x(context, call, scratch, real);
                run_provider(context, provider,
                             {true, false, gates, call.input_size, real, saved.gates, saved.gates_stride,
                              scratch.x_panels, call.input_size, nullptr, false, call.dweight_ih, call.input_size});
            } else {
                const GemmPackWork x{{call.x, 0, scratch.x_rows}, false, call.input_size, real, scratch.x_panels};
                context.parallel(slices, kernels.gemm_pack, x);
                work.targets[work.target_count++] = target(call.input_size, scratch.x_panels, call.dweight_ih);
            }
        }
        if (call.dweight_hh != nullptr) {
            const int32_t provider = provider_of_steps(context, call, gates, call.hidden_size, real);
            if (provider >= 0) {
                run_provider(context, provider,
                             {true, false, gates, call.hidden_size, real, saved.gates, saved.gates_stride, saved.h,
                              saved.state_stride, nullptr, false, call.dweight_hh, call.hidden_size});
            } else {
                const GemmPackWork h{{saved.h, 0, scratch.state_rows}, false, call.hidden_size, real, scratch.h_panels};
                context.parallel(slices, kernels.gemm_pack, h);
                work.targets[work.target_count++] = target(call.hidden_size, scratch.h_panels, call.dweight_hh);
            }
        }
        if (work.target_count == 0 && work.row_sums == nullptr) return;
        context.parallel(slices, kernels.gemm, work);
        context.gemms_own.fetch_add(work.target_count, std::memory_order_relaxed);
    }

    // dx = dgates W.
    static void input_gradient(const Context &context, const Call &call, const LstmSaved &saved,
                               const BackwardScratch &scratch, int64_t real) {
        const KernelTable &kernels = *context.kernels;
        const int64_t gates = 4 * int64_t{call.hidden_size};
        const int64_t input = call.input_size;
        const int32_t provider = provider_of_steps(context, call, real, input, gates);
        if (provider >= 0) {
            run_provider(context, provider,
                         {false, false, real, input, gates, saved.gates, saved.gates_stride, call.weight_ih, input,
                          nullptr, false, scratch.x_panels, input});
            context.parallel(context.slices_for(real * input), [&](Slice slice) {
                int64_t begin, end;
                slice.range(real, 1, begin, end);
                for (int64_t i = begin; i < end; i++)
                    std::copy_n(scratch.x_panels + i * input, input, call.dx + scratch.dx_rows[i]);
            });
            return;
        }
        const GemmPackWork weights{{call.weight_ih, input, nullptr}, false, input, gates, scratch.weight_panels};
        context.parallel(context.slices_for(gates * input), kernels.gemm_pack, weights);
        GemmWork work{};
        work.a = {saved.gates, 0, scratch.gate_rows};
        work.m = real;
        work.k = gates;
        work.targets[0] = target(input, scratch.weight_panels, call.dx);
        work.targets[0].c_offsets = scratch.dx_rows;
        work.target_count = 1;
        context.parallel(context.slices_for(real * gates), kernels.gemm, work);
        context.gemms_own.fetch_add(1, std::memory_order_relaxed);
    }

    // x in the order of the saved steps, as a plain matrix in x_panels.
    static void gather_x(const Context &context, const Call &call, const BackwardScratch &scratch, int64_t real) {
        const int64_t input = call.input_size;
        context.parallel(context.slices_for(real * input), [&](Slice slice) {
            int64_t begin, end;
            slice.range(real, 1, begin, end);
            for (int64_t i = begin; i < end; i++)
                std::copy_n(call.x + scratch.x_rows[i], input, scratch.x_panels + i * input);
        });
    }

    // Lists the rows of all real steps, clears dx at the others, and tells how many are real.
    static int64_t list_rows(const Call &call, const LstmSaved &saved, const BackwardScratch &scratch) {
        int64_t real = 0;
        for (int64_t t = 0; t < call.time_steps; t++) {
            for (int64_t b = 0; b < call.batch_size; b++) {
                const int64_t dx_row = b * call.dx_batch_stride + t * call.dx_time_stride;
                if (call.lengths != nullptr && t >= call.lengths[b]) {
                    if (call.dx != nullptr) std::fill_n(call.dx + dx_row, call.input_size, 0.0f);
                    continue;
                }
                const int64_t row = t * call.batch_size + b;
                scratch.x_rows[real] = b * call.x_batch_stride + t * call.x_time_stride;
                scratch.dx_rows[real] = dx_row;
                scratch.gate_rows[real] = row * saved.gates_stride;
                scratch.state_rows[real] = row * saved.state_stride;
                real++;
            }
        }
        return real;
    }
};

} // namespace

constinit const Operation lstm_pack_operation = operation_of<LstmPackOp>;
constinit const Operation lstm_forward_operation = operation_of<LstmForwardOp>;
constinit const Operation lstm_backward_operation = operation_of<LstmBackwardOp>;

} // namespace rondo
