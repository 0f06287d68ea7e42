// recurrent_pack, recurrent_forward and recurrent_backward, for all cells.
//
// Sequences are put into slots by falling length, so that those which have a step are a prefix. The walk through time
// is cut over threads in one of two ways. By sequences: each slice walks its own, and no slice waits for another. By
// hidden units, where weights are large or sequences few: each step is a parallel call of its own, in which a thread
// reads only its units' weights, which then stay in its cache. Either way every element is summed in the same order.
//
// Backward walks the steps in reverse and then does, over all real steps at once, the GEMMs that need not wait for time:
// dW and dU, which share their left-hand side (the gate gradients, whose row sums are db), and dx. Saved memory is
// ordered by step, the caller's x and dx by its strides; lists of row offsets bring them together, and leave out the
// padded steps. Where these GEMMs are large, a provider may do them.
#include <algorithm>
#include <cmath>

#include "ops/op.hpp"
#include "ops/pack.hpp"
#include "ops/provider_gemm.hpp"

namespace rondo {

namespace {

// --------------------------------------------------------------------------------------------------------- checks

void require_layer(int32_t cell, int32_t input_size, int32_t hidden_size) {
    require_between("cell", cell, RONDO_CELL_LSTM, RONDO_CELL_RNN_IDENTITY);
    require_between("input_size", input_size, 1, 1 << 24);
    require_between("hidden_size", hidden_size, 1, 1 << 24);
    elements("weight_ih", 4 * int64_t{hidden_size}, input_size);
    elements("weight_hh", 4 * int64_t{hidden_size}, hidden_size);
}

template <class Call> void require_sequences(const Call &call) {
    require_layer(call.cell, call.input_size, call.hidden_size);
    require_at_least("batch_size", call.batch_size, 1);
    require_at_least("time_steps", call.time_steps, 1);
    require_between("direction", call.direction, RONDO_DIRECTION_FORWARD, RONDO_DIRECTION_REVERSE);
    const int64_t steps = elements("x", call.batch_size, call.time_steps);
    elements("x", steps, call.input_size);
    elements("gates", steps + call.batch_size, 4 * int64_t{call.hidden_size} + 32);
}

void require_strides(const char *name, int64_t batch_stride, int64_t time_stride) {
    if (batch_stride >= 0 && time_stride >= 0) return;
    fail(RONDO_INVALID, "%s: expected strides of at least 0, got batch %lld, time %lld", name,
         static_cast<long long>(batch_stride), static_cast<long long>(time_stride));
}

// What only some cells have.
void require_fits(const char *name, const void *pointer, int32_t cell, bool fits) {
    if (pointer != nullptr && !fits) fail(RONDO_INVALID, "%s: expected NULL for cell %d, got a pointer", name, cell);
}

// --------------------------------------------------------------------------------------------------------- memory

// Where what belongs to a call lies is written to its work in place: structs that are copied as soon as they are filled
// cost a small layer's step a tenth of its time, since a processor does not forward several short stores to one long load.

// Lays out a pack and tells its size.
int64_t carve_pack(const Context &context, int32_t cell, int64_t input, int64_t hidden, uint32_t parts,
                   const void *start, RecurrentPack &pack) {
    const int64_t lanes = context.kernels->lanes;
    const auto units = [&](int64_t blocks) { // both are powers of two
        return (hidden + blocks * lanes - 1) & -(blocks * lanes);
    };
    const int64_t gates = cell_shape(cell).gates;
    pack = {};
    Carver carver(const_cast<void *>(start));
    carver.take<PackHeader>(1);
    if (cell == RONDO_CELL_LSTM_PEEPHOLES) pack.peepholes = carver.take<float>(3 * units(1));
    if (parts & RONDO_PACK_FORWARD) {
        const auto panels = [&](int64_t rows) {
            pack.bias = carver.take<float>(rows);
            pack.weight_ih = carver.take<float>(rows * input);
            pack.weight_hh = carver.take<float>(rows * hidden);
        };
        switch (cell_shape(cell).family) {
        case CellFamily::lstm: panels(4 * units(1)); break;
        case CellFamily::gru:
            panels(2 * units(2));
            pack.bias_in = carver.take<float>(units(4));
            pack.weight_in = carver.take<float>(units(4) * input);
            pack.weight_hn = carver.take<float>(units(4) * hidden);
            break;
        case CellFamily::rnn: panels(units(4));
        }
        if (cell == RONDO_CELL_GRU_RESET_AFTER) pack.bias_hn = carver.take<float>(units(1));
    }
    if (parts & RONDO_PACK_BACKWARD) {
        const bool apart = cell == RONDO_CELL_GRU_RESET_BEFORE;
        pack.backward = carver.take<float>(units(4) * (apart ? 2 : gates) * hidden);
        if (apart) pack.backward_n = carver.take<float>(units(4) * hidden);
    }
    return carver.used();
}

// Checks and opens the pack that a call was given, of which it needs one part.
template <class Call> void open_pack(const Context &context, const Call &call, uint32_t part, RecurrentPack &pack) {
    require_memory("packed", call.packed, call.packed_bytes, static_cast<int64_t>(sizeof(PackHeader)));
    require_pack(context, "packed", call.packed, RONDO_OP_RECURRENT_PACK, call.cell, call.hidden_size, call.input_size,
                 part);
    const uint32_t parts = static_cast<const PackHeader *>(call.packed)->parts;
    const int64_t bytes = carve_pack(context, call.cell, call.input_size, call.hidden_size, parts, call.packed, pack);
    require_memory("packed", call.packed, call.packed_bytes, bytes);
}

// Rows are a cache line longer than they need to be, so that neighbours do not fall on the same cache set.
int64_t row_floats(int64_t n) { return (n + 15) / 16 * 16 + 16; }

// Where forward keeps things for backward: row s*B + slot belongs to step s of the sequence in a slot, so that what one
// step touches lies together whatever the strides of x and y.
struct Saved {
    StepRows gates;
    StepRows h; // before each step; after the last step of a sequence its rows are not written
    StepRows c;
    int64_t bytes;
};

template <class Call> Saved carve_saved(const Call &call, void *start) {
    const CellShape shape = cell_shape(call.cell);
    const int64_t batch = call.batch_size;
    const int64_t steps = call.time_steps * batch;
    const int64_t gates = row_floats(shape.columns * int64_t{call.hidden_size}), state = row_floats(call.hidden_size);
    Carver carver(start);
    Saved saved{};
    saved.gates = {carver.take<float>(steps * gates), batch * gates, gates, -1};
    saved.h = {carver.take<float>((steps + batch) * state), batch * state, state, -1};
    if (shape.has_c) saved.c = {carver.take<float>((steps + batch) * state), batch * state, state, -1};
    saved.bytes = carver.used();
    return saved;
}

// The order of the sequences, in scratch.
struct WalkMemory {
    int32_t *order;
    int32_t *live;
    int32_t *lengths;
};

template <class Call> void carve_walk(const Call &call, Carver &carver, WalkMemory &memory) {
    memory.order = carver.take<int32_t>(call.batch_size);
    memory.live = carver.take<int32_t>(int64_t{call.time_steps} + 2);
    memory.lengths = carver.take<int32_t>(call.batch_size);
}

// Sorts sequences by falling length, those of one length in the caller's order. The lengths are read here once and
// brought within bounds: whoever changes them during the call gets wrong results, but nothing is read or written astray.
template <class Call> Walk plan_walk(const Call &call, const WalkMemory &memory) {
    const int32_t batch = call.batch_size, time = call.time_steps;
    const bool reverse = call.direction == RONDO_DIRECTION_REVERSE;
    int32_t *live = memory.live;
    if (call.lengths == nullptr) {
        for (int32_t b = 0; b < batch; b++) memory.order[b] = b;
        std::fill_n(live, time, batch);
        live[time] = 0;
        return {memory.order, live, nullptr, time, reverse};
    }
    // live[l + 1] counts the sequences of length l; then, from the longest down, where those of length l begin.
    std::fill_n(live, int64_t{time} + 2, 0);
    for (int32_t b = 0; b < batch; b++) {
        memory.lengths[b] = std::clamp(length_now(call.lengths, b), 0, time);
        live[int64_t{memory.lengths[b]} + 1]++;
    }
    int32_t begin = 0;
    for (int64_t l = time; l >= 0; l--) {
        const int32_t count = live[l + 1];
        live[l + 1] = begin;
        begin += count;
    }
    for (int32_t b = 0; b < batch; b++) memory.order[live[int64_t{memory.lengths[b]} + 1]++] = b;
    // Now live[l + 1] is where those of length l end: so many have at least l steps, that is, have step l - 1.
    for (int64_t s = 0; s < time; s++) live[s] = live[s + 2];
    live[time] = 0;
    return {memory.order, live, memory.lengths, time, reverse};
}

// ------------------------------------------------------------------------------------------------------- threading

// How a walk is cut: into groups of slots that walk by themselves, each step of which is cut into parts by units.
struct Split {
    int32_t groups;
    int32_t parts;
};

// The sequences that have a step, on average over the steps.
template <class Call> double mean_live(const Call &call) {
    if (call.lengths == nullptr) return call.batch_size;
    double real = 0;
    for (int32_t b = 0; b < call.batch_size; b++) real += std::clamp(length_now(call.lengths, b), 0, call.time_steps);
    return real / call.time_steps;
}

template <class Call> Split split_of(const Context &context, const Call &call) {
    if (context.threads == 1) return {1, 1};
    const CellShape shape = cell_shape(call.cell);
    const double hidden = call.hidden_size, batch = call.batch_size;
    const double step = batch * shape.gates * hidden * hidden; // multiply-adds
    const double all = call.time_steps * batch * shape.gates * hidden * (hidden + call.input_size);
    const int32_t slices = context.slices_for(static_cast<int64_t>(std::min(all / 16, 1e15)));
    if (slices == 1) return {1, 1};
    // A step cut by units costs a hand-over, some tenths of a microsecond, in which a thread does some ten thousand
    // multiply-adds. With more threads than sequences there is no other way (one sequence on two threads of a shared Xeon:
    // an LSTM of 64 units 0.55 to 0.6 times as fast as on one, of 96 0.9, of 128 1.1 to 1.2, of 160 1.4).
    constexpr double worth_a_part = 65536, worth_a_part_of_few = 32768;
    const double weights = sizeof(float) * shape.gates * hidden * (hidden + call.input_size);
    constexpr double cache = 1 << 20;
    // Groups never wait for each other, but each reads all weights: of rows enough for three tiles, the multiply-adds take
    // longer than that (at least 16 rows a thread, weights of 2 to 32 MiB: 1.0 to 1.2 times as fast as parts on two
    // threads of the Xeon; 8 rows, or 16 of which half have the step: 0.85 to 0.95).
    constexpr double few_rows = 4, rows_for_groups = 16;
    const bool few = batch < few_rows * slices;
    const bool in_parts = few || (weights > cache && mean_live(call) < rows_for_groups * slices);
    if (in_parts && step / slices >= worth_a_part) return {1, slices};
    if (call.batch_size < slices && step / 2 >= worth_a_part_of_few)
        return {1, static_cast<int32_t>(std::min<double>(slices, step / worth_a_part_of_few))};
    return {std::min(slices, call.batch_size), 1};
}

// Where the slots of group i begin: cut so that groups have the same number of real steps.
int64_t group_begin(const Walk &walk, int64_t batch, int64_t i, int64_t groups) {
    if (walk.lengths == nullptr || i == 0 || i == groups) return batch * i / groups;
    int64_t total = 0;
    for (int64_t slot = 0; slot < batch; slot++) total += walk.lengths[walk.order[slot]];
    int64_t before = 0, slot = 0;
    while (slot < batch && before * groups < total * i) before += walk.lengths[walk.order[slot++]];
    return slot;
}

// Calls walk(group, in_parts) for each group of slots, where in_parts(f) calls f(Slice) for each part of the units.
template <class Function>
void for_groups(const Context &context, const Walk &walk, int64_t batch, Split split, const Function &function) {
    if (split.groups == 1) {
        function(int64_t{0}, batch, 0, [&](const auto &part) {
            if (split.parts == 1) {
                part(Slice{0, 1});
            } else {
                context.parallel(split.parts, part);
            }
        });
        return;
    }
    context.parallel(split.groups, [&](Slice slice) {
        const int64_t first = group_begin(walk, batch, slice.index, slice.count);
        const int64_t last = group_begin(walk, batch, slice.index + 1, slice.count);
        if (first < last) function(first, last, slice.index, [](const auto &part) { part(Slice{0, 1}); });
    });
}

void copy_row(float *to, const float *from, int64_t n) {
    if (from != nullptr) {
        std::copy_n(from, n, to);
    } else {
        std::fill_n(to, n, 0.0f);
    }
}

// ----------------------------------------------------------------------------------------------------------- pack

struct RecurrentPackOp {
    using Call = rondo_recurrent_pack;
    static constexpr uint32_t op = RONDO_OP_RECURRENT_PACK;
    static constexpr const char *name = "recurrent_pack";

    static Needs needs(const Context &context, const Call &call) {
        require_layer(call.cell, call.input_size, call.hidden_size);
        require_between("parts", call.parts, RONDO_PACK_FORWARD, RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD);
        RecurrentPack pack;
        return {.packed = carve_pack(context, call.cell, call.input_size, call.hidden_size, call.parts, nullptr, pack)};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        if (call.parts & RONDO_PACK_FORWARD) require("weight_ih", call.weight_ih);
        require("weight_hh", call.weight_hh);
        require_fits("bias_hn", call.bias_hn, call.cell, call.cell == RONDO_CELL_GRU_RESET_AFTER);
        if (call.bias_hn != nullptr && call.bias_hh != nullptr)
            fail(RONDO_INVALID, "bias_hn: expected NULL with bias_hh, got a pointer");
        require_fits("peepholes", call.peepholes, call.cell, call.cell == RONDO_CELL_LSTM_PEEPHOLES);
        if (call.cell == RONDO_CELL_LSTM_PEEPHOLES) require("peepholes", call.peepholes);
        require_memory("packed", call.packed, call.packed_bytes, needed.packed);
    }
    static void run(const Context &context, const Call &call) {
        RecurrentPackWork work;
        work.call = &call;
        const int64_t bytes =
            carve_pack(context, call.cell, call.input_size, call.hidden_size, call.parts, call.packed, work.pack);
        *static_cast<PackHeader *>(call.packed) =
            pack_header(context, op, call.cell, call.hidden_size, call.input_size, call.parts);
        context.parallel(context.slices_for(bytes / static_cast<int64_t>(sizeof(float))),
                         context.kernels->recurrent_pack, work);
    }
};

// -------------------------------------------------------------------------------------------------------- forward

// So many rows of the input projection are computed at once, where there are as many and it is computed before the steps.
constexpr int64_t projection_rows = 96;
// Within the steps it is computed where they have rows enough for a tile, which then read W together, and where W is small
// enough to be at hand again at every step.
constexpr int64_t rows_within = 6;
constexpr int64_t weight_bytes_within = 2 << 20;

struct RecurrentForwardOp {
    using Call = rondo_recurrent_forward;
    static constexpr uint32_t op = RONDO_OP_RECURRENT_FORWARD;
    static constexpr const char *name = "recurrent_forward";

    struct Scratch {
        WalkMemory walk;
        float *h; // of two steps that alternate, of one, of two: what inference needs
        float *c;
        float *masked;
        const float **x; // each slot has its part of these, of `projected` and of `gates`
        float **projected;
        float *gates;
    };

    // Steps projected at once by a group of so many sequences.
    static int64_t chunk_of(const Call &call, int64_t rows) {
        return std::min<int64_t>((projection_rows + rows - 1) / rows, call.time_steps);
    }
    // So many rows at most, by any number of groups up to that of the threads.
    static int64_t projected_rows(const Context &context, const Call &call) {
        const int64_t batch = call.batch_size;
        return std::min(batch + std::min<int64_t>(context.threads, batch) * projection_rows, batch * call.time_steps);
    }
    // From a row of the gates to the next, in scratch.
    static int64_t gates_stride(const Call &call) {
        return row_floats(cell_shape(call.cell).columns * int64_t{call.hidden_size});
    }
    static int64_t carve(const Context &context, const Call &call, void *start, Scratch &s) {
        const int64_t states = call.batch_size * row_floats(call.hidden_size);
        const int64_t rows = projected_rows(context, call);
        Carver carver(start);
        carve_walk(call, carver, s.walk);
        s.h = carver.take<float>(2 * states);
        s.c = cell_shape(call.cell).has_c ? carver.take<float>(states) : nullptr;
        s.masked = carver.take<float>(2 * states);
        s.x = carver.take<const float *>(rows);
        s.projected = carver.take<float *>(rows);
        s.gates = carver.take<float>(rows * gates_stride(call));
        return carver.used();
    }

    static Needs needs(const Context &context, const Call &call) {
        require_sequences(call);
        Scratch scratch;
        return {.saved = carve_saved(call, nullptr).bytes, .scratch = carve(context, call, nullptr, scratch)};
    }
    struct Found {
        RecurrentForwardWork work; // of which check finds call, pack and training
        Saved saved;               // in training
        Scratch scratch;
    };
    static void check(const Context &context, const Call &call, Found &found) {
        require_sequences(call);
        RecurrentForwardWork &work = found.work;
        work.call = &call;
        open_pack(context, call, RONDO_PACK_FORWARD, work.pack);
        require("x", call.x);
        require_strides("x", call.x_batch_stride, call.x_time_stride);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        const bool has_c = cell_shape(call.cell).has_c;
        require_fits("c0", call.c0, call.cell, has_c);
        require_fits("cn", call.cn, call.cell, has_c);
        if (call.y != nullptr) require_strides("y", call.y_batch_stride, call.y_time_stride);
        require_memory("scratch", call.scratch, call.scratch_bytes, carve(context, call, call.scratch, found.scratch));
        work.training = call.saved != nullptr;
        if (!work.training) return;
        found.saved = carve_saved(call, call.saved);
        require_memory("saved", call.saved, call.saved_bytes, found.saved.bytes);
    }

    static void run(const Context &context, const Call &call, Found &found) {
        const Split split = split_of(context, call);
        found.work.down = call.time_steps == 1 && goes_down(call);
        if (call.batch_size == 1 && call.time_steps == 1 && split.parts == 1 && call.lengths == nullptr &&
            call.recurrent_mask == nullptr && !found.work.training) {
            run_single(context, call, found);
            return;
        }
        const Scratch &scratch = found.scratch;
        RecurrentForwardWork &work = found.work;
        work.walk = plan_walk(call, scratch.walk);
        const int64_t state = row_floats(call.hidden_size), states = call.batch_size * state;
        work.h = work.training ? found.saved.h : StepRows{scratch.h, states, state, 1};
        work.c = work.training ? found.saved.c : StepRows{scratch.c, 0, state, 0};
        work.operand = call.recurrent_mask != nullptr ? StepRows{scratch.masked, states, state, 1} : work.h;
        const int64_t stride = gates_stride(call);

        for_groups(context, work.walk, call.batch_size, split,
                   [&](int64_t first, int64_t last, int64_t index, const auto &in_parts) {
                       RecurrentGroup group{};
                       group.first = first;
                       group.last = last;
                       // A group of r sequences has at most r + 96 rows, and no more than all its steps.
                       const int64_t at = std::min(first + index * projection_rows, first * int64_t{call.time_steps});
                       group.x = scratch.x + at;
                       group.projected = scratch.projected + at;
                       if (work.training) group.gates = found.saved.gates;
                       walk_forward(context, work, group, scratch.gates + at * stride, stride, in_parts);
                   });
    }

private:
    // The states stay where the caller has them, but for the new h, which lies in y or scratch until the old is read.
    static void run_single(const Context &context, const Call &call, const Found &found) {
        const int64_t hidden = call.hidden_size;
        const bool has_c = cell_shape(call.cell).has_c;
        float *zeros = found.scratch.masked;
        if (call.h0 == nullptr || (has_c && call.c0 == nullptr)) std::fill_n(zeros, hidden, 0.0f);
        float *h_after = call.y != nullptr ? call.y : found.scratch.h;
        const RecurrentSingleWork work{&call,
                                       &found.work.pack,
                                       call.h0 != nullptr ? call.h0 : zeros,
                                       call.c0 != nullptr ? call.c0 : zeros,
                                       h_after,
                                       call.cn != nullptr ? call.cn : found.scratch.c,
                                       found.scratch.gates,
                                       found.work.down};
        context.kernels->recurrent_single(work);
        if (call.hn != nullptr) std::copy_n(h_after, hidden, call.hn);
    }

    // Of calls of one step every other one that a thread makes on the same weights does, where these are larger than L1:
    // what a cache still holds of one step is what the next begins with (an LSTM of 256 units, whose weights take the 2 MiB
    // of L2: 1.4 times as fast). Of layers whose weights share a bit, all may go one way.
    static bool goes_down(const Call &call) {
        if (call.packed_bytes < 64 << 10) return false;
        thread_local uint64_t ways = 0;
        const uint64_t way = uint64_t{1} << reinterpret_cast<uintptr_t>(call.packed) / 4096 % 64;
        ways ^= way;
        return (ways & way) != 0;
    }

    template <class InParts>
    static void walk_forward(const Context &context, const RecurrentForwardWork &work, RecurrentGroup &group,
                             float *gates, int64_t gates_stride, const InParts &in_parts) {
        const Call &call = *work.call;
        const KernelTable &kernels = *context.kernels;
        const CellShape shape = cell_shape(call.cell);
        const Walk &walk = work.walk;
        const int64_t hidden = call.hidden_size;
        const int64_t rows = group.last - group.first;
        begin(work, group);

        const bool small = int64_t{sizeof(float)} * shape.gates * hidden * call.input_size <= weight_bytes_within;
        const int64_t chunk = chunk_of(call, rows);
        for (int64_t s0 = 0; s0 < call.time_steps && group.live(walk, s0) > 0; s0 += chunk) {
            const int64_t s1 = std::min<int64_t>(s0 + chunk, call.time_steps);
            if (!work.training) { // as if all steps before this chunk lay in front of it
                group.gates = {gates - (s0 * rows + group.first) * gates_stride, rows * gates_stride, gates_stride, -1};
            }
            group.within = call.time_steps == 1 || (small && group.live(walk, s1 - 1) >= rows_within);
            if (!group.within) {
                list_inputs(work, group, s0, s1);
                in_parts([&](Slice part) { kernels.recurrent_project(work, group, part); });
            }
            for (int64_t s = s0; s < s1 && group.live(walk, s) > 0; s++) {
                for (int32_t phase = 0; phase < shape.phases; phase++)
                    in_parts([&](Slice part) { kernels.recurrent_step(work, group, s, phase, part); });
            }
        }

        const auto finish = [&](Slice part) {
            int64_t begin, end;
            part.range(rows, 1, begin, end);
            for (int64_t slot = group.first + begin; slot < group.first + end; slot++) {
                const int64_t b = walk.order[slot], length = walk.length(b);
                if (call.hn != nullptr) copy_row(call.hn + b * hidden, work.h.at(length, slot), hidden);
                if (call.cn != nullptr) copy_row(call.cn + b * hidden, work.c.at(length, slot), hidden);
                if (call.y == nullptr) continue;
                for (int64_t t = length; t < call.time_steps; t++)
                    copy_row(call.y + b * call.y_batch_stride + t * call.y_time_stride, nullptr, hidden);
            }
        };
        if (walk.lengths != nullptr && call.y != nullptr) {
            in_parts(finish);
        } else {
            finish(Slice{0, 1});
        }
    }

    // The inputs of some steps, and where their projections belong.
    static void list_inputs(const RecurrentForwardWork &work, RecurrentGroup &group, int64_t s0, int64_t s1) {
        const Call &call = *work.call;
        group.count = 0;
        for (int64_t s = s0; s < s1; s++) {
            const int64_t live = group.live(work.walk, s);
            for (int64_t slot = group.first; slot < group.first + live; slot++) {
                const int64_t b = work.walk.order[slot];
                group.x[group.count] = call.x + b * call.x_batch_stride + work.walk.time(s, b) * call.x_time_stride;
                group.projected[group.count++] = group.gates.at(s, slot);
            }
        }
    }

    static void begin(const RecurrentForwardWork &work, const RecurrentGroup &group) {
        const Call &call = *work.call;
        const int64_t hidden = call.hidden_size;
        for (int64_t slot = group.first; slot < group.last; slot++) {
            const int64_t b = work.walk.order[slot];
            float *h = work.h.at(0, slot);
            copy_row(h, call.h0 != nullptr ? call.h0 + b * hidden : nullptr, hidden);
            if (cell_shape(call.cell).has_c)
                copy_row(work.c.at(0, slot), call.c0 != nullptr ? call.c0 + b * hidden : nullptr, hidden);
            if (call.recurrent_mask != nullptr) {
                float *masked = work.operand.at(0, slot);
                for (int64_t u = 0; u < hidden; u++) masked[u] = h[u] * call.recurrent_mask[b * hidden + u];
            }
        }
    }
};

// ------------------------------------------------------------------------------------------------------- backward

int64_t panel_columns(const Context &context, int64_t n) {
    const int64_t width = 4 * context.kernels->lanes;
    return (n + width - 1) / width * width;
}

struct RecurrentBackwardOp {
    using Call = rondo_recurrent_backward;
    static constexpr uint32_t op = RONDO_OP_RECURRENT_BACKWARD;
    static constexpr const char *name = "recurrent_backward";

    struct Scratch {
        WalkMemory walk;
        StepRows dc;
        StepRows carry;
        double *norms;
        int64_t *x_rows; // [real steps]: where each real step's row starts in x, in dx, in the gates, in the states
        int64_t *dx_rows;
        int64_t *gate_rows;
        int64_t *state_rows;
        float *x_panels;
        float *h_panels;
        float *weight_panels;
        float *packed_a;
    };

    static int64_t norm_columns(const Context &context, const Call &call) {
        return panel_columns(context, call.hidden_size) / (4 * context.kernels->lanes);
    }
    static int64_t carve(const Context &context, const Call &call, void *start, Scratch &s) {
        const CellShape shape = cell_shape(call.cell);
        const int64_t batch = call.batch_size, steps = batch * call.time_steps;
        const int64_t gates = shape.gates * int64_t{call.hidden_size}, state = row_floats(call.hidden_size);
        Carver carver(start);
        carve_walk(call, carver, s.walk);
        s.dc = {};
        if (shape.has_c) s.dc = {carver.take<float>(batch * state), 0, state, 0};
        s.carry = {carver.take<float>(batch * state), 0, state, 0};
        s.norms = carver.take<double>(steps * norm_columns(context, call));
        s.x_rows = carver.take<int64_t>(steps);
        s.dx_rows = carver.take<int64_t>(steps);
        s.gate_rows = carver.take<int64_t>(steps);
        s.state_rows = carver.take<int64_t>(steps);
        s.x_panels = carver.take<float>(steps * panel_columns(context, call.input_size));
        s.h_panels = carver.take<float>(steps * panel_columns(context, call.hidden_size));
        s.weight_panels = carver.take<float>(gates * panel_columns(context, call.input_size));
        s.packed_a = carver.take<float>(gemm_packed_a_floats(gates, steps, context.kernels->tile_rows));
        return carver.used();
    }

    static Needs needs(const Context &context, const Call &call) {
        require_sequences(call);
        Scratch scratch;
        return {.saved = carve_saved(call, nullptr).bytes, .scratch = carve(context, call, nullptr, scratch)};
    }
    struct Found {
        RecurrentBackwardWork work; // of which check finds all but the walk
        Scratch scratch;
    };
    static void check(const Context &context, const Call &call, Found &found) {
        require_sequences(call);
        RecurrentBackwardWork &work = found.work;
        work.call = &call;
        open_pack(context, call, RONDO_PACK_BACKWARD, work.pack);
        if (call.dweight_ih != nullptr) {
            require("x", call.x);
            require_strides("x", call.x_batch_stride, call.x_time_stride);
        }
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        if (call.dy != nullptr) require_strides("dy", call.dy_batch_stride, call.dy_time_stride);
        const bool has_c = cell_shape(call.cell).has_c;
        require_fits("dcn", call.dcn, call.cell, has_c);
        require_fits("dc0", call.dc0, call.cell, has_c);
        require_fits("dbias_hn", call.dbias_hn, call.cell, call.cell == RONDO_CELL_GRU_RESET_AFTER);
        require_fits("dpeepholes", call.dpeepholes, call.cell, call.cell == RONDO_CELL_LSTM_PEEPHOLES);
        if (call.dx != nullptr) {
            require_strides("dx", call.dx_batch_stride, call.dx_time_stride);
            require("weight_ih", call.weight_ih);
        }
        const Saved saved = carve_saved(call, call.saved);
        require_memory("saved", call.saved, call.saved_bytes, saved.bytes);
        require_memory("scratch", call.scratch, call.scratch_bytes, carve(context, call, call.scratch, found.scratch));
        work.gates = saved.gates;
        work.h = saved.h;
        work.c = saved.c;
        work.dc = found.scratch.dc;
        work.carry = found.scratch.carry;
        work.norms = call.dh_norms != nullptr ? found.scratch.norms : nullptr;
    }

    static void run(const Context &context, const Call &call, Found &found) {
        const KernelTable &kernels = *context.kernels;
        const CellShape shape = cell_shape(call.cell);
        const Scratch &scratch = found.scratch;
        RecurrentBackwardWork &work = found.work;
        work.walk = plan_walk(call, scratch.walk);
        for_groups(context, work.walk, call.batch_size, split_of(context, call),
                   [&](int64_t first, int64_t last, int64_t, const auto &in_parts) {
                       RecurrentGroup group{};
                       group.first = first;
                       group.last = last;
                       walk_backward(kernels, shape, work, group, in_parts);
                   });
        if (call.dh_norms != nullptr) sum_norms(context, work);
        if (call.dpeepholes != nullptr) {
            context.parallel(context.slices_for(int64_t{call.time_steps} * call.batch_size * call.hidden_size),
                             kernels.peephole_gradient, work);
        }

        const int64_t real = list_rows(work, scratch);
        weight_gradients(context, work, scratch, real);
        if (call.dx == nullptr) return;
        input_gradient(context, work, scratch, real);
        clear_padding(context, call, work.walk, real);
    }

private:
    template <class InParts>
    static void walk_backward(const KernelTable &kernels, const CellShape &shape, const RecurrentBackwardWork &work,
                              const RecurrentGroup &group, const InParts &in_parts) {
        const Call &call = *work.call;
        const int64_t hidden = call.hidden_size;
        for (int64_t slot = group.first; slot < group.last; slot++) {
            const int64_t at = work.walk.order[slot] * hidden;
            copy_row(work.carry.at(0, slot), call.dhn != nullptr ? call.dhn + at : nullptr, hidden);
            if (shape.has_c) copy_row(work.dc.at(0, slot), call.dcn != nullptr ? call.dcn + at : nullptr, hidden);
        }
        for (int64_t s = call.time_steps - 1; s >= 0; s--) {
            if (group.live(work.walk, s) == 0) continue;
            for (int32_t phase = 0; phase < shape.phases; phase++)
                in_parts([&](Slice part) { kernels.recurrent_back(work, group, s, phase, part); });
        }
        if (call.dh0 != nullptr) in_parts([&](Slice part) { kernels.recurrent_dh0(work, group, part); });
        if (call.dc0 == nullptr) return;
        for (int64_t slot = group.first; slot < group.last; slot++)
            copy_row(call.dc0 + work.walk.order[slot] * hidden, work.dc.at(0, slot), hidden);
    }

    static void sum_norms(const Context &context, const RecurrentBackwardWork &work) {
        const Call &call = *work.call;
        const int64_t columns = norm_columns(context, call);
        for (int64_t t = 0; t < call.time_steps; t++) {
            double sum = 0.0;
            for (int64_t slot = 0; slot < call.batch_size; slot++) {
                const int64_t b = work.walk.order[slot];
                if (t >= work.walk.length(b)) continue;
                const int64_t s = work.walk.time(t, b); // the walk is its own inverse
                const double *row = work.norms + (s * call.batch_size + slot) * columns;
                for (int64_t i = 0; i < columns; i++) sum += row[i];
            }
            call.dh_norms[t] = static_cast<float>(std::sqrt(sum));
        }
    }

    static GemmTarget target(int64_t n, const float *panels, float *c) {
        return {.n = n, .panels = panels, .bias = nullptr, .accumulate = false, .c = c, .ldc = n, .c_offsets = nullptr};
    }

    // Whether a product over all steps goes to a provider, which wants plain matrices: then no step may be missing.
    static int32_t provider_of_steps(const Context &context, const Call &call, int64_t m, int64_t n, int64_t k) {
        return call.lengths == nullptr ? provider_for(context, false, m, n, k) : -1;
    }

    // Columns of the saved gates, and the gradients that are sums over them: dW += dgates x^T, dU += dgates h'^T,
    // db += dgates, from these rows of the gradient on; null where there is none.
    struct Part {
        int64_t column;
        int64_t count;
        float *dweight_ih;
        float *dbias_ih;
        float *dweight_hh;
        float *dbias_hh;
    };

    // What the panels of right-hand sides hold.
    struct Packed {
        bool x;
        const float *operand; // of U; null: nothing
    };

    static void weight_gradients(const Context &context, const RecurrentBackwardWork &work, const Scratch &scratch,
                                 int64_t real) {
        const Call &call = *work.call;
        const int64_t hidden = call.hidden_size, input = call.input_size;
        // All rows of both gradients from row `row` on, of the gates from column `column` on.
        const auto part = [&](int64_t column, int64_t row, int64_t count, bool ih, bool hh) {
            const auto at = [&](float *gradient, int64_t width, bool wanted) {
                return gradient != nullptr && wanted ? gradient + row * width : nullptr;
            };
            return Part{column,
                        count,
                        at(call.dweight_ih, input, ih),
                        at(call.dbias_ih, 1, ih),
                        at(call.dweight_hh, hidden, hh),
                        at(call.dbias_hh, 1, hh)};
        };
        if (call.dweight_hh != nullptr && call.recurrent_mask != nullptr) apply_mask(context, work);
        const int64_t two = 2 * hidden;
        const float *states = work.h.base;
        Packed packed{};
        switch (call.cell) {
        case RONDO_CELL_GRU_RESET_AFTER: { // r, z; n, which x alone made; q, which h alone made
            gradients_of(context, work, scratch, real, part(0, 0, two, true, true), states, packed);
            gradients_of(context, work, scratch, real, part(two, two, hidden, true, false), states, packed);
            Part q = part(3 * hidden, two, hidden, false, true);
            if (call.dbias_hn != nullptr) q.dbias_ih = call.dbias_hn;
            gradients_of(context, work, scratch, real, q, states, packed);
            break;
        }
        case RONDO_CELL_GRU_RESET_BEFORE: // r, z; n, on which U acts through r*h'
            gradients_of(context, work, scratch, real, part(0, 0, two, true, true), states, packed);
            gradients_of(context, work, scratch, real, part(two, two, hidden, true, true), work.gates.base + 3 * hidden,
                         packed);
            break;
        default:
            gradients_of(context, work, scratch, real, part(0, 0, cell_shape(call.cell).gates * hidden, true, true),
                         states, packed);
        }
    }

    static void gradients_of(const Context &context, const RecurrentBackwardWork &work, const Scratch &scratch,
                             int64_t real, const Part &part, const float *operand, Packed &packed) {
        const Call &call = *work.call;
        const KernelTable &kernels = *context.kernels;
        const int64_t hidden = call.hidden_size, input = call.input_size;
        const int32_t slices = context.slices_for(real * part.count);
        const float *gates = work.gates.base + part.column;
        GemmWork gemm{};
        gemm.a = {gates, 0, scratch.gate_rows};
        gemm.transposed = true;
        gemm.m = part.count;
        gemm.k = real;
        gemm.row_sums = part.dbias_ih != nullptr ? part.dbias_ih : part.dbias_hh;
        gemm.packed_a = scratch.packed_a;
        if (part.dweight_ih != nullptr) {
            const int32_t provider = provider_of_steps(context, call, part.count, input, real);
            if (provider >= 0) {
                gather_x(context, call, scratch, real);
                packed.x = false;
                run_provider(context, provider,
                             {true, false, part.count, input, real, gates, work.gates.row, scratch.x_panels, input,
                              nullptr, false, part.dweight_ih, input});
            } else {
                const GemmPackWork x{{call.x, 0, scratch.x_rows}, false, input, real, scratch.x_panels};
                if (!packed.x) context.parallel(slices, kernels.gemm_pack, x);
                packed.x = true;
                gemm.targets[gemm.target_count++] = target(input, scratch.x_panels, part.dweight_ih);
            }
        }
        if (part.dweight_hh != nullptr) {
            const int32_t provider = provider_of_steps(context, call, part.count, hidden, real);
            if (provider >= 0) {
                run_provider(context, provider,
                             {true, false, part.count, hidden, real, gates, work.gates.row, operand,
                              operand == work.h.base ? work.h.row : work.gates.row, nullptr, false, part.dweight_hh,
                              hidden});
            } else {
                const int64_t *rows = operand == work.h.base ? scratch.state_rows : scratch.gate_rows;
                const GemmPackWork h{{operand, 0, rows}, false, hidden, real, scratch.h_panels};
                if (packed.operand != operand) context.parallel(slices, kernels.gemm_pack, h);
                packed.operand = operand;
                gemm.targets[gemm.target_count++] = target(hidden, scratch.h_panels, part.dweight_hh);
            }
        }
        if (gemm.target_count > 0 || gemm.row_sums != nullptr) {
            context.parallel(slices, kernels.gemm, gemm);
            context.gemms_own.fetch_add(gemm.target_count, std::memory_order_relaxed);
        }
        if (part.dbias_ih != nullptr && part.dbias_hh != nullptr) std::copy_n(part.dbias_ih, part.count, part.dbias_hh);
    }

    // The saved states become what U acted on. Nothing else needs them any more.
    static void apply_mask(const Context &context, const RecurrentBackwardWork &work) {
        const Call &call = *work.call;
        const int64_t hidden = call.hidden_size;
        context.parallel(context.slices_for(int64_t{call.time_steps} * call.batch_size * hidden), [&](Slice slice) {
            int64_t begin, end;
            slice.range(call.time_steps, 1, begin, end);
            for (int64_t s = begin; s < end; s++) {
                for (int64_t slot = 0; slot < work.walk.live[s]; slot++) {
                    float *h = work.h.at(s, slot);
                    const float *mask = call.recurrent_mask + work.walk.order[slot] * hidden;
                    for (int64_t u = 0; u < hidden; u++) h[u] *= mask[u];
                }
            }
        });
    }

    // dx = dgates W.
    static void input_gradient(const Context &context, const RecurrentBackwardWork &work, const Scratch &scratch,
                               int64_t real) {
        const Call &call = *work.call;
        const KernelTable &kernels = *context.kernels;
        const int64_t gates = cell_shape(call.cell).gates * int64_t{call.hidden_size};
        const int64_t input = call.input_size;
        const int32_t provider = provider_of_steps(context, call, real, input, gates);
        if (provider >= 0) {
            run_provider(context, provider,
                         {false, false, real, input, gates, work.gates.base, work.gates.row, call.weight_ih, input,
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
        GemmWork gemm{};
        gemm.a = {work.gates.base, 0, scratch.gate_rows};
        gemm.m = real;
        gemm.k = gates;
        gemm.targets[0] = target(input, scratch.weight_panels, call.dx);
        gemm.targets[0].c_offsets = scratch.dx_rows;
        gemm.target_count = 1;
        context.parallel(context.slices_for(real * gates), kernels.gemm, gemm);
        context.gemms_own.fetch_add(1, std::memory_order_relaxed);
    }

    // x in the order of the saved steps, as a plain matrix in x_panels.
    static void gather_x(const Context &context, const Call &call, const Scratch &scratch, int64_t real) {
        const int64_t input = call.input_size;
        context.parallel(context.slices_for(real * input), [&](Slice slice) {
            int64_t begin, end;
            slice.range(real, 1, begin, end);
            for (int64_t i = begin; i < end; i++)
                std::copy_n(call.x + scratch.x_rows[i], input, scratch.x_panels + i * input);
        });
    }

    // Lists the rows of all real steps and tells how many they are.
    static int64_t list_rows(const RecurrentBackwardWork &work, const Scratch &scratch) {
        const Call &call = *work.call;
        const Walk &walk = work.walk;
        int64_t real = 0;
        for (int64_t s = 0; s < call.time_steps; s++) {
            for (int64_t slot = 0; slot < walk.live[s]; slot++) {
                const int64_t b = walk.order[slot], t = walk.time(s, b), row = s * call.batch_size + slot;
                scratch.x_rows[real] = b * call.x_batch_stride + t * call.x_time_stride;
                scratch.dx_rows[real] = b * call.dx_batch_stride + t * call.dx_time_stride;
                scratch.gate_rows[real] = row * work.gates.row;
                scratch.state_rows[real] = row * work.h.row;
                real++;
            }
        }
        return real;
    }

    // Zeros for dx at the steps that are not real.
    static void clear_padding(const Context &context, const Call &call, const Walk &walk, int64_t real) {
        const int64_t padded = int64_t{call.batch_size} * call.time_steps - real;
        if (padded == 0) return;
        context.parallel(context.slices_for(padded * call.input_size), [&](Slice slice) {
            int64_t begin, end;
            slice.range(call.batch_size, 1, begin, end);
            for (int64_t b = begin; b < end; b++) {
                for (int64_t t = walk.length(b); t < call.time_steps; t++)
                    copy_row(call.dx + b * call.dx_batch_stride + t * call.dx_time_stride, nullptr, call.input_size);
            }
        });
    }
};

} // namespace

constinit const Operation recurrent_pack_operation = operation_of<RecurrentPackOp>;
constinit const Operation recurrent_forward_operation = operation_of<RecurrentForwardOp>;
constinit const Operation recurrent_backward_operation = operation_of<RecurrentBackwardOp>;

} // namespace rondo
