// librondo as the tests use it: contexts for an instruction set, and calls with the memory they need.
#pragma once

#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "rondo/rondo.h"
#include "support/guarded.hpp"

namespace rondo::test {

// An instruction set as the parameter of a test, printed by name.
struct Isa {
    int32_t number;
    friend std::ostream &operator<<(std::ostream &out, Isa isa) { return out << isa_name(isa.number); }
};

// Those that this machine runs; the others are printed with the reason, once.
inline std::vector<Isa> runnable_isas() {
    static const std::vector<Isa> isas = [] {
        const Cpu cpu = detect_cpu();
        std::vector<Isa> found;
        for (const int32_t isa : known_isas()) {
            char text[300];
            if (isa_lacks(cpu, isa, text, sizeof text) == 0) {
                found.push_back({isa});
            } else {
                std::printf("Not run: %s, as %s\n", isa_name(isa), text);
            }
        }
        return found;
    }();
    return isas;
}

inline std::string isa_test_name(const testing::TestParamInfo<Isa> &info) { return isa_name(info.param.number); }

// A fixture whose tests run on each runnable instruction set.
#define RONDO_EACH_ISA(Fixture)                                                                                        \
    INSTANTIATE_TEST_SUITE_P(Isa, Fixture, testing::ValuesIn(::rondo::test::runnable_isas()),                          \
                             ::rondo::test::isa_test_name)

class ContextOf {
public:
    explicit ContextOf(int32_t isa, int32_t threads = 1, uint32_t providers = 0) {
        const rondo_context_options options = {sizeof options, isa, threads, providers};
        rondo_error error;
        if (rondo_context_create(&options, &context_, &error) != RONDO_OK) ADD_FAILURE() << error.text;
    }
    ~ContextOf() { rondo_context_destroy(context_); }
    ContextOf(const ContextOf &) = delete;
    ContextOf &operator=(const ContextOf &) = delete;
    operator rondo_context *() const { return context_; }

private:
    rondo_context *context_ = nullptr;
};

template <class Call> Call call_of(uint32_t op) {
    Call call = {};
    call.head = {sizeof(Call), op};
    return call;
}

inline rondo_memory_needs needs_of(rondo_context *context, const void *call) {
    rondo_memory_needs needs = {call, 0, 0, 0};
    rondo_error error;
    if (rondo_memory(context, &needs, &error) != RONDO_OK) ADD_FAILURE() << error.text;
    return needs;
}

inline Guarded<char> aligned_memory(int64_t bytes) { return Guarded<char>(bytes, '\x7F', RONDO_ALIGNMENT); }

inline int32_t run_call(rondo_context *context, const void *call, rondo_error *error) {
    const void *calls[] = {call};
    return rondo_run(context, calls, 1, error, nullptr, nullptr, nullptr, nullptr);
}

// Runs one call that must succeed.
inline void run(rondo_context *context, const void *call) {
    rondo_error error;
    if (run_call(context, call, &error) != RONDO_OK) ADD_FAILURE() << error.text;
}

// Runs one call that needs scratch and nothing else.
template <class Call> void run_with_scratch(rondo_context *context, Call call) {
    const rondo_memory_needs needs = needs_of(context, &call);
    const Guarded<char> scratch = aligned_memory(needs.scratch_bytes);
    call.scratch = const_cast<char *>(scratch.data());
    call.scratch_bytes = needs.scratch_bytes;
    run(context, &call);
}

// What a call that must fail says.
template <class Call> std::string error_of(rondo_context *context, const Call &call, int32_t status = RONDO_INVALID) {
    rondo_error error;
    EXPECT_EQ(run_call(context, &call, &error), status);
    EXPECT_EQ(error.status, status);
    EXPECT_EQ(error.call, 0);
    return error.text;
}

// Sizes that leave every kind of tail for vectors of so many lanes.
inline std::vector<int32_t> tail_sizes(int32_t lanes) {
    return {1, lanes - 1, lanes, lanes + 1, 4 * lanes - 1, 4 * lanes + 1, 67};
}

inline int32_t lanes_of(Isa isa) { return kernels(isa.number).lanes; }

// Runs a body with arrays against an unmapped page behind them, then before them.
template <class Body> void in_both_placements(const Body &body) {
    for (const Against against : {Against::end, Against::start}) {
        placement() = against;
        body();
    }
    placement() = Against::end;
}

} // namespace rondo::test
