// ctc and crf.
#include <limits>

#include "ops/op.hpp"
#include "ops/pack.hpp"

namespace rondo {

namespace {

// What a kernel works on, laid out in scratch, and the bytes that it takes there.
template <class Work> struct Carved {
    Work work;
    int64_t bytes;
};

struct Ctc {
    using Call = rondo_ctc;
    static constexpr uint32_t op = RONDO_OP_CTC;
    static constexpr const char *name = "ctc";

    static int32_t slices(const Context &context, const Call &call) {
        return context.threads < call.batch_size ? context.threads : call.batch_size;
    }
    // Slices' rows are apart by whole cache lines.
    static Carved<CtcWork> carve(const Context &context, const Call &call, void *start) {
        const int32_t most = slices(context, call);
        const int64_t width = CtcRows::width_of(call.label_steps, context.kernels->lanes);
        Carver carver(start);
        CtcWork work = {};
        work.call = &call;
        work.losses = carver.take<double>(call.batch_size);
        work.rows = {nullptr, width, call.time_steps};
        constexpr int64_t float_bytes = sizeof(float);
        work.stride = aligned(work.rows.floats() * float_bytes) / float_bytes;
        work.rows.base = carver.take<float>(most * work.stride);
        work.labels = carver.take<int32_t>(most * width);
        return {work, carver.used()};
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
        const int64_t width = CtcRows::width_of(call.label_steps, context.kernels->lanes);
        elements("states", call.time_steps + CtcRows::others, width + 2 * CtcRows::room);
        return {.scratch = carve(context, call, nullptr).bytes};
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
        const CtcWork work = carve(context, call, call.scratch).work;
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

    static Carved<CrfWork> carve(const Context &context, const Call &call, void *start) {
        Carver carver(start);
        CrfWork work = {};
        work.call = &call;
        work.width = width(context, call);
        work.losses = carver.take<double>(call.batch_size);
        work.from = carver.take<float>(call.classes * work.width);
        work.to = carver.take<float>(call.classes * work.width);
        work.rows = carver.take<float>(slices(context, call) * 2 * work.width);
        work.alphas = carver.take<float>(steps(call) * work.width);
        work.arrivals = carver.take<float>(steps(call) * work.width);
        work.marginals = carver.take<float>(steps(call) * work.width);
        return {work, carver.used()};
    }

    static Needs needs(const Context &context, const Call &call) {
        require_at_least("batch_size", call.batch_size, 0);
        require_at_least("time_steps", call.time_steps, 1);
        require_at_least("classes", call.classes, 1);
        require_zero("reserved", call.reserved);
        const int64_t row = width(context, call);
        elements("emissions", steps(call), row);
        elements("transitions", call.classes, row);
        return {.scratch = carve(context, call, nullptr).bytes};
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
        CrfWork work = carve(context, call, call.scratch).work;
        lay_out(work);
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
    static void lay_out(const CrfWork &work) {
        const int64_t k = work.call->classes;
        const float *transitions = work.call->transitions;
        for (int64_t i = 0; i < k; i++) {
            for (int64_t j = 0; j < work.width; j++) {
                const bool tag = j < k;
                work.from[i * work.width + j] = tag ? transitions[i * k + j] : -std::numeric_limits<float>::infinity();
                work.to[i * work.width + j] = tag ? transitions[j * k + i] : -std::numeric_limits<float>::infinity();
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
