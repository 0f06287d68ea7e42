// ctc and crf.
#include <limits>

#include "ops/op.hpp"

namespace rondo {

namespace {

constexpr int64_t cost_of_exp = 6; // elements of light work

int64_t bytes_of_floats(int64_t floats) { return floats * static_cast<int64_t>(sizeof(float)); }

// Puts one array behind another.
class Layout {
public:
    explicit Layout(void *base) : base_(static_cast<char *>(base)) {}
    template <class T> T *take(int64_t count) {
        char *at = base_;
        base_ += aligned(count * static_cast<int64_t>(sizeof(T)));
        return reinterpret_cast<T *>(at);
    }

private:
    char *base_;
};

struct Ctc {
    using Call = rondo_ctc;
    static constexpr uint32_t op = RONDO_OP_CTC;
    static constexpr const char *name = "ctc";

    static CtcRows rows(const Context &context, const Call &call) {
        return {nullptr, CtcRows::width_of(call.label_steps, context.kernels->lanes), call.time_steps};
    }
    static int32_t slices(const Context &context, const Call &call) {
        return context.threads < call.batch_size ? context.threads : call.batch_size;
    }
    // From the rows of a slice to those of the next: apart by whole cache lines.
    static int64_t stride(const CtcRows &rows) {
        return aligned(bytes_of_floats(rows.floats())) / static_cast<int64_t>(sizeof(float));
    }

    static Needs needs(const Context &context, const Call &call) {
        require_at_least("batch_size", call.batch_size, 0);
        require_at_least("time_steps", call.time_steps, 1);
        require_at_least("classes", call.classes, 1);
        require_at_least("label_steps", call.label_steps, 1);
        require_between("blank", call.blank, 0, call.classes - 1);
        require_between("reduction", call.reduction, RONDO_CTC_MEAN, RONDO_CTC_SUM);
        require_between("impossible", call.impossible, RONDO_CTC_REFUSED, RONDO_CTC_ZERO);
        require_zero("reserved", call.reserved);
        elements("logits", int64_t{call.batch_size} * call.time_steps, call.classes);
        const CtcRows one = rows(context, call);
        elements("states", call.time_steps + CtcRows::others, one.row());
        Needs needs;
        needs.scratch = aligned(call.batch_size * static_cast<int64_t>(sizeof(double))) +
                        slices(context, call) * bytes_of_floats(stride(one)) +
                        aligned(slices(context, call) * one.width * static_cast<int64_t>(sizeof(int32_t)));
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("logits", call.logits, call.batch_size);
        require("labels", call.labels, call.batch_size);
        require("label_lengths", call.label_lengths, call.batch_size);
        require("result", call.result);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        require_all_between("label_lengths", call.label_lengths, call.batch_size, call.label_steps);
        for (int64_t b = 0; b < call.batch_size; b++) check_labels(call, b);
    }
    static void check_labels(const Call &call, int64_t b) {
        const int64_t first = b * call.label_steps;
        const int64_t count = length_now(call.label_lengths, b);
        require_all_between("labels", call.labels, first, first + count, call.classes - 1);
        int64_t repeats = 0;
        for (int64_t i = first; i < first + count; i++) {
            if (call.labels[i] == call.blank)
                fail(RONDO_OUT_OF_RANGE, "labels[%lld]: expected no blank, got %d", static_cast<long long>(i),
                     call.blank);
            repeats += i > first && call.labels[i] == call.labels[i - 1];
        }
        const int32_t length = call.lengths == nullptr ? call.time_steps : length_now(call.lengths, b);
        if (call.impossible == RONDO_CTC_REFUSED && count + repeats > length)
            fail(RONDO_OUT_OF_RANGE,
                 "label_lengths[%lld]: expected labels that %d steps have room for, got %lld and %lld between equal "
                 "ones",
                 static_cast<long long>(b), length, static_cast<long long>(count), static_cast<long long>(repeats));
    }
    static void run(const Context &context, const Call &call) {
        const int32_t most = slices(context, call);
        Layout layout(call.scratch);
        CtcWork work = {};
        work.call = &call;
        work.losses = layout.take<double>(call.batch_size);
        work.rows = rows(context, call);
        work.stride = stride(work.rows);
        work.rows.base = layout.take<float>(most * work.stride);
        work.labels = layout.take<int32_t>(most * work.rows.width);
        constexpr int64_t cost_of_state = 8 * cost_of_exp; // forward and back, each three exponentials and a logarithm
        const int64_t steps = int64_t{call.batch_size} * call.time_steps;
        const int64_t cost = steps * (2 * call.classes * cost_of_exp + work.rows.width * cost_of_state);
        const int32_t useful = context.slices_for(cost);
        if (most > 0) context.parallel(useful < most ? useful : most, context.kernels->ctc, work);
        double loss = 0.0;
        for (int64_t b = 0; b < call.batch_size; b++) loss += work.losses[b];
        const bool mean = call.reduction != RONDO_CTC_SUM && call.batch_size > 0;
        call.result[0] = static_cast<float>(mean ? loss / call.batch_size : loss);
        call.result[1] = static_cast<float>(call.batch_size);
    }
};

struct Crf {
    using Call = rondo_crf;
    static constexpr uint32_t op = RONDO_OP_CRF;
    static constexpr const char *name = "crf";

    static int64_t steps(const Call &call) { return int64_t{call.batch_size} * call.time_steps; }
    static int64_t width(const Context &context, const Call &call) {
        const int64_t lanes = context.kernels->lanes;
        return (call.classes + lanes - 1) / lanes * lanes;
    }
    static int32_t slices(const Context &context, const Call &call) {
        return context.threads < call.batch_size ? context.threads : call.batch_size;
    }

    static Needs needs(const Context &context, const Call &call) {
        require_at_least("batch_size", call.batch_size, 0);
        require_at_least("time_steps", call.time_steps, 1);
        require_at_least("classes", call.classes, 1);
        require_zero("reserved", call.reserved);
        const int64_t row = width(context, call);
        const int64_t rows = elements("emissions", steps(call), row);
        const int64_t square = elements("transitions", call.classes, row);
        Needs needs;
        needs.scratch = aligned(call.batch_size * static_cast<int64_t>(sizeof(double))) +
                        2 * aligned(bytes_of_floats(square)) +
                        aligned(bytes_of_floats(slices(context, call) * 2 * row)) + 3 * aligned(bytes_of_floats(rows));
        return needs;
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("emissions", call.emissions, steps(call));
        require("transitions", call.transitions);
        require("start", call.start);
        require("end", call.end);
        require("tags", call.tags, steps(call));
        require("result", call.result);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
        require_lengths(call.lengths, call.batch_size, call.time_steps);
        if (call.lengths == nullptr) {
            require_all_between("tags", call.tags, steps(call), call.classes - 1);
            return;
        }
        for (int64_t b = 0; b < call.batch_size; b++)
            require_all_between("tags", call.tags, b * call.time_steps,
                                b * call.time_steps + length_now(call.lengths, b), call.classes - 1);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t k = call.classes;
        const int32_t most = slices(context, call);
        Layout layout(call.scratch);
        CrfWork work = {};
        work.call = &call;
        work.width = width(context, call);
        work.losses = layout.take<double>(call.batch_size);
        float *from = layout.take<float>(k * work.width);
        float *to = layout.take<float>(k * work.width);
        lay_out(call, work.width, from, to);
        work.from = from;
        work.to = to;
        work.rows = layout.take<float>(most * 2 * work.width);
        work.alphas = layout.take<float>(steps(call) * work.width);
        work.arrivals = layout.take<float>(steps(call) * work.width);
        work.marginals = layout.take<float>(steps(call) * work.width);
        work.backward = call.demissions != nullptr || call.dtransitions != nullptr || call.dstart != nullptr ||
                        call.dend != nullptr;
        work.inverse = call.batch_size > 0 ? 1.0f / static_cast<float>(call.batch_size) : 0.0f;
        const int64_t products = steps(call) * k * work.width;
        const int32_t useful = context.slices_for(products * (work.backward ? 2 : 1) * 2 * cost_of_exp);
        if (most > 0) context.parallel(useful < most ? useful : most, context.kernels->crf, work);
        if (call.dtransitions != nullptr)
            context.parallel(context.slices_for(products * cost_of_exp), context.kernels->crf_transitions, work);
        if (call.dstart != nullptr) ends(work, call.dstart, true);
        if (call.dend != nullptr) ends(work, call.dend, false);
        double loss = 0.0;
        for (int64_t b = 0; b < call.batch_size; b++) loss += work.losses[b];
        call.result[0] = static_cast<float>(call.batch_size > 0 ? loss / call.batch_size : 0.0);
        call.result[1] = static_cast<float>(call.batch_size);
    }

    // The transitions and their transpose in rows of whole vectors.
    static void lay_out(const Call &call, int64_t width, float *from, float *to) {
        const int64_t k = call.classes;
        for (int64_t i = 0; i < k; i++) {
            for (int64_t j = 0; j < width; j++) {
                const bool tag = j < k;
                from[i * width + j] = tag ? call.transitions[i * k + j] : -std::numeric_limits<float>::infinity();
                to[i * width + j] = tag ? call.transitions[j * k + i] : -std::numeric_limits<float>::infinity();
            }
        }
    }

    // The gradient of start or end: what the first or the last tag of each sequence is expected to be less what it is.
    static void ends(const CrfWork &work, float *d, bool first) {
        const Call &call = *work.call;
        for (int32_t j = 0; j < call.classes; j++) {
            double sum = 0.0;
            for (int64_t b = 0; b < call.batch_size; b++) {
                const int32_t length = call.lengths == nullptr ? call.time_steps : length_now(call.lengths, b);
                if (length < 1 || length > call.time_steps) continue; // changed by the caller since it was checked
                const int64_t step = b * call.time_steps + (first ? 0 : length - 1);
                sum += static_cast<double>(work.marginals[step * work.width + j]) - (call.tags[step] == j ? 1.0 : 0.0);
            }
            d[j] = static_cast<float>(sum * static_cast<double>(work.inverse));
        }
    }
};

} // namespace

constinit const Operation ctc_operation = operation_of<Ctc>;
constinit const Operation crf_operation = operation_of<Crf>;

} // namespace rondo
