// The exported functions: they check what is common to all calls, hand over, and turn failures into status and text.
// Nothing is caught anywhere else.
#include "rondo/rondo.h"

#include <cstdio>
#include <cstring>
#include <new>

#include "context.hpp"
#include "dispatch.hpp"
#include "error.hpp"
#include "float_control.hpp"
#include "measure.hpp"
#include "ops/op.hpp"
#include "providers.hpp"
#include "threads.hpp"

using namespace rondo;

namespace {

constexpr int32_t no_call = -1;

void set_error(rondo_error *error, int32_t status, int32_t call, const char *text) {
    if (error == nullptr) return;
    error->status = status;
    error->call = call;
    if (text[0] == '\0') {
        error->text[0] = '\0'; // the usual case, which costs no formatting
    } else {
        std::snprintf(error->text, sizeof error->text, "%s", text);
    }
}

// Runs body, which says through `call` which call it is at, and turns what it throws into a status.
template <class Body> int32_t guarded(rondo_error *error, const Body &body) {
    int32_t call = no_call;
    try {
        body(call);
        set_error(error, RONDO_OK, no_call, "");
        return RONDO_OK;
    } catch (const Failure &failure) {
        set_error(error, failure.status, call, failure.text);
        return failure.status;
    } catch (const std::bad_alloc &) {
        set_error(error, RONDO_NO_MEMORY, call, "the operating system gave no memory");
        return RONDO_NO_MEMORY;
    } catch (...) {
        set_error(error, RONDO_INTERNAL, call, "a defect in librondo: an unknown exception");
        return RONDO_INTERNAL;
    }
}

void require_struct(const char *name, uint32_t given, size_t expected) {
    if (given != expected) fail(RONDO_INVALID, "%s.struct_size: expected %zu, got %u", name, expected, given);
}

const Context &context_of(const rondo_context *context) {
    require("context", context);
    return *context;
}

const Operation &operation_of_call(const void *call) {
    require("call", call);
    rondo_head head;
    std::memcpy(&head, call, sizeof head);
    const Operation *found = operation(head.op);
    if (found == nullptr) fail(RONDO_INVALID, "head.op: expected a RONDO_OP_* number, got %u", head.op);
    return *found;
}

void require_call_size(const Operation &op, const void *call) {
    rondo_head head;
    std::memcpy(&head, call, sizeof head);
    if (head.struct_size != op.struct_size)
        fail(RONDO_INVALID, "head.struct_size: expected %u, got %u", op.struct_size, head.struct_size);
}

// Puts the name of the operation in front of what body says when it fails.
template <class Body> void named(const Operation &op, const Body &body) {
    try {
        body();
    } catch (const Failure &failure) {
        fail(failure.status, "%s: %s", op.name, failure.text);
    }
}

} // namespace

extern "C" {

const uint32_t rondo_abi = RONDO_ABI_VERSION;

int32_t rondo_machine_describe(rondo_machine *machine) {
    return guarded(nullptr, [&](int32_t &) {
        require("machine", machine);
        require_struct("machine", machine->struct_size, sizeof *machine);
        const Cpu cpu = detect_cpu();
        machine->abi_version = RONDO_ABI_VERSION;
        machine->processors = processors();
        machine->best_isa = best_isa(cpu);
        machine->usable_isas = usable_isas(cpu);
        machine->providers = providers::loaded();
        std::memcpy(machine->cpu, cpu.name, sizeof machine->cpu);
        int32_t length = 0;
        machine->reasons[0] = '\0';
        for (const int32_t isa : known_isas()) {
            char text[300];
            if (isa_lacks(cpu, isa, text, sizeof text) == 0) continue;
            const int32_t room = static_cast<int32_t>(sizeof machine->reasons) - length;
            const int written = std::snprintf(machine->reasons + length, static_cast<size_t>(room), "%s%s: %s",
                                              length > 0 ? "\n" : "", isa_name(isa), text);
            length += written < room ? written : room - 1;
        }
    });
}

int32_t rondo_provider_load(int32_t provider, const char *const *paths, int32_t count, rondo_error *error) {
    return guarded(error, [&](int32_t &) { providers::load(provider, paths, count); });
}

int32_t rondo_context_create(const rondo_context_options *options, rondo_context **context, rondo_error *error) {
    return guarded(error, [&](int32_t &) {
        require("options", options);
        require("context", context);
        *context = nullptr;
        require_struct("options", options->struct_size, sizeof *options);
        require_between("options.threads", options->threads, 0, RONDO_MAX_THREADS);
        const uint32_t known = 1u << RONDO_PROVIDER_OPENBLAS | 1u << RONDO_PROVIDER_ONEDNN;
        if ((options->providers & ~known) != 0)
            fail(RONDO_INVALID, "options.providers: expected a mask within %u, got %u", known, options->providers);
        const int32_t isa = choose_isa(detect_cpu(), options->isa);
        const int32_t all = processors() < RONDO_MAX_THREADS ? processors() : RONDO_MAX_THREADS;
        auto *made = new Context;
        made->kernels = &kernels(isa);
        made->threads = options->threads == 0 ? all : options->threads;
        made->providers = options->providers & providers::loaded();
        *context = made;
    });
}

void rondo_context_destroy(rondo_context *context) { delete context; }

int32_t rondo_context_describe(const rondo_context *context, rondo_context_info *info) {
    return guarded(nullptr, [&](int32_t &) {
        const Context &c = context_of(context);
        require("info", info);
        require_struct("info", info->struct_size, sizeof *info);
        info->isa = c.kernels->isa;
        info->threads = c.threads;
        info->providers = c.providers;
        info->gemms_own = c.gemms_own.load(std::memory_order_relaxed);
        info->gemms_openblas = c.gemms_by_provider[RONDO_PROVIDER_OPENBLAS].load(std::memory_order_relaxed);
        info->gemms_onednn = c.gemms_by_provider[RONDO_PROVIDER_ONEDNN].load(std::memory_order_relaxed);
    });
}

int32_t rondo_memory(const rondo_context *context, rondo_memory_needs *needs, rondo_error *error) {
    return guarded(error, [&](int32_t &) {
        const Context &c = context_of(context);
        require("needs", needs);
        const void *call = needs->call;
        const Operation &op = operation_of_call(call);
        named(op, [&] {
            require_call_size(op, call);
            const Needs found = op.needs(c, call);
            *needs = {call, found.saved, found.scratch, found.packed};
        });
    });
}

int32_t rondo_run(rondo_context *context, const void *const *calls, int32_t count, rondo_error *error, const void *,
                  const void *, const void *, const void *) {
    return guarded(error, [&](int32_t &index) {
        const Context &c = context_of(context);
        require_at_least("count", count, 0);
        require("calls", calls, count);
        const FloatControl control;
        for (int32_t i = 0; i < count; i++) {
            index = i;
            const void *call = calls[i];
            const Operation &op = operation_of_call(call);
            named(op, [&] {
                require_call_size(op, call);
                op.run(c, call);
            });
        }
    });
}

int32_t rondo_measure_fma(rondo_context *context, double seconds, double *gflops, rondo_error *error) {
    return guarded(error, [&](int32_t &) {
        const Context &c = context_of(context);
        require("gflops", gflops);
        if (!(seconds > 0.0 && seconds <= 60.0)) fail(RONDO_INVALID, "seconds: expected up to 60, got %g", seconds);
        const FloatControl control;
        *gflops = measure_fma(c, seconds);
    });
}

} // extern "C"
