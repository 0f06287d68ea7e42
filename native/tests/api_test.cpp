// The exported functions: contexts, lists of calls, errors, and what they leave behind.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "float_control.hpp"
#include "ops/op.hpp"
#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"
#include "threads.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

TEST(Api, hasTheVersionOfTheHeader) { EXPECT_EQ(rondo_abi, static_cast<uint32_t>(RONDO_ABI_VERSION)); }

TEST(Api, describesTheMachine) {
    rondo_machine machine = {};
    machine.struct_size = sizeof machine;
    ASSERT_EQ(rondo_machine_describe(&machine), RONDO_OK);
    EXPECT_EQ(machine.abi_version, static_cast<uint32_t>(RONDO_ABI_VERSION));
    EXPECT_GE(machine.processors, 1);
    EXPECT_EQ(machine.best_isa, best_isa(detect_cpu()));
    EXPECT_EQ(machine.usable_isas, usable_isas(detect_cpu()));
    EXPECT_GT(std::strlen(machine.cpu), 0u);
    for (const int32_t isa : known_isas()) {
        const bool usable = (machine.usable_isas >> isa & 1u) != 0;
        EXPECT_EQ(std::string(machine.reasons).find(isa_name(isa)) == std::string::npos, usable);
    }
    machine.struct_size--;
    EXPECT_EQ(rondo_machine_describe(&machine), RONDO_INVALID);
    EXPECT_EQ(rondo_machine_describe(nullptr), RONDO_INVALID);
}

TEST(Api, knowsEachOperationByItsNumber) {
    for (uint32_t op = RONDO_OP_RECURRENT_PACK; op <= RONDO_OP_GAUSSIAN_NOISE; op++) {
        ASSERT_NE(operation(op), nullptr) << op;
        EXPECT_EQ(operation(op)->op, op);
    }
    EXPECT_EQ(operation(0), nullptr);
    EXPECT_EQ(operation(RONDO_OP_GAUSSIAN_NOISE + 1), nullptr);
    EXPECT_EQ(operation(UINT32_MAX), nullptr);
}

rondo_context_info info_of(rondo_context *context) {
    rondo_context_info info = {};
    info.struct_size = sizeof info;
    EXPECT_EQ(rondo_context_describe(context, &info), RONDO_OK);
    return info;
}

TEST(Api, makesContextsAsAsked) {
    for (const Isa isa : runnable_isas()) {
        const ContextOf context(isa.number, 3);
        EXPECT_EQ(info_of(context).isa, isa.number);
        EXPECT_EQ(info_of(context).threads, 3);
        EXPECT_EQ(info_of(context).gemms_own, 0);
    }
    const ContextOf automatic(RONDO_ISA_AUTO, 0);
    EXPECT_EQ(info_of(automatic).isa, best_isa(detect_cpu()));
    EXPECT_EQ(info_of(automatic).threads, processors());
    rondo_context_destroy(nullptr);
}

TEST(Api, obeysTheEnvironment) {
    for (const Isa isa : runnable_isas()) {
        setenv("RONDO_FORCE_ISA", isa_name(isa.number), 1);
        EXPECT_EQ(info_of(ContextOf(RONDO_ISA_AUTO)).isa, isa.number);
        EXPECT_EQ(info_of(ContextOf(RONDO_ISA_BASELINE)).isa, RONDO_ISA_BASELINE);
    }
    unsetenv("RONDO_FORCE_ISA");
}

std::string context_error(rondo_context_options options, int32_t status = RONDO_INVALID) {
    rondo_context *context = reinterpret_cast<rondo_context *>(8);
    rondo_error error;
    EXPECT_EQ(rondo_context_create(&options, &context, &error), status);
    EXPECT_EQ(error.call, -1);
    EXPECT_EQ(context, nullptr);
    return error.text;
}

TEST(Api, refusesWrongOptions) {
    const rondo_context_options good = {sizeof good, RONDO_ISA_AUTO, 1, 0};
    rondo_context_options options = good;
    options.struct_size = 12;
    EXPECT_EQ(context_error(options), "options.struct_size: expected 16, got 12");
    options = good;
    options.isa = 4;
    EXPECT_EQ(context_error(options), "isa: expected 0 to 3, got 4");
    options = good;
    options.threads = -1;
    EXPECT_EQ(context_error(options), "options.threads: expected 0 to 256, got -1");
    options = good;
    options.threads = 257;
    EXPECT_EQ(context_error(options), "options.threads: expected 0 to 256, got 257");
    options = good;
    options.providers = 8;
    EXPECT_EQ(context_error(options), "options.providers: expected a mask within 3, got 8");
    setenv("RONDO_FORCE_ISA", "sse9", 1);
    EXPECT_TRUE(context_error(good).starts_with("RONDO_FORCE_ISA: expected ")) << context_error(good);
    EXPECT_TRUE(context_error(good).ends_with(", got \"sse9\"")) << context_error(good);
    unsetenv("RONDO_FORCE_ISA");
    rondo_error error;
    EXPECT_EQ(rondo_context_create(nullptr, nullptr, &error), RONDO_INVALID);
    EXPECT_STREQ(error.text, "options: expected a pointer, got NULL");
    EXPECT_EQ(rondo_context_create(&good, nullptr, nullptr), RONDO_INVALID);
}

// y = x squared, one element.
struct Square {
    float x;
    float y = -1.0f;
    rondo_unary call = call_of<rondo_unary>(RONDO_OP_UNARY);

    explicit Square(float of) : x(of) {
        call.kind = RONDO_UNARY_SQUARE;
        call.count = 1;
        call.x = &x;
        call.y = &y;
    }
    Square(const Square &) = delete;
    Square &operator=(const Square &) = delete;
};

TEST(Api, runsCallsInOrderUpToTheFailingOne) {
    const ContextOf context(RONDO_ISA_AUTO);
    Square first(2.0f), second(3.0f), third(4.0f), fourth(5.0f);
    second.call.x = &first.y; // reads what the first wrote
    third.call.kind = 99;
    const void *calls[] = {&first.call, &second.call, &third.call, &fourth.call};
    rondo_error error;
    EXPECT_EQ(rondo_run(context, calls, 4, &error, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
    EXPECT_EQ(error.status, RONDO_INVALID);
    EXPECT_EQ(error.call, 2);
    EXPECT_STREQ(error.text, "unary: kind: expected 0 to 17, got 99");
    EXPECT_EQ(first.y, 4.0f);
    EXPECT_EQ(second.y, 16.0f);
    EXPECT_EQ(fourth.y, -1.0f);
    EXPECT_EQ(rondo_run(context, calls, 2, &error, nullptr, nullptr, nullptr, nullptr), RONDO_OK);
    EXPECT_EQ(error.status, RONDO_OK);
    EXPECT_EQ(error.call, -1);
    EXPECT_STREQ(error.text, "");
    EXPECT_EQ(rondo_run(context, nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr), RONDO_OK);
    EXPECT_EQ(rondo_run(context, calls, 4, nullptr, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
}

TEST(Api, refusesMisuse) {
    const ContextOf context(RONDO_ISA_AUTO);
    Square square(2.0f);
    rondo_error error;
    const void *calls[] = {&square.call, nullptr};
    EXPECT_EQ(rondo_run(nullptr, calls, 1, &error, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
    EXPECT_STREQ(error.text, "context: expected a pointer, got NULL");
    EXPECT_EQ(error.call, -1);
    EXPECT_EQ(rondo_run(context, nullptr, 1, &error, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
    EXPECT_STREQ(error.text, "calls: expected a pointer, got NULL");
    EXPECT_EQ(rondo_run(context, calls, -1, &error, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
    EXPECT_STREQ(error.text, "count: expected at least 0, got -1");
    EXPECT_EQ(rondo_run(context, calls, 2, &error, nullptr, nullptr, nullptr, nullptr), RONDO_INVALID);
    EXPECT_STREQ(error.text, "call: expected a pointer, got NULL");
    EXPECT_EQ(error.call, 1);
    square.call.head.op = 77;
    EXPECT_EQ(error_of(context, square.call), "head.op: expected a RONDO_OP_* number, got 77");
    square.call.head.op = RONDO_OP_ADAM; // the struct of another operation
    EXPECT_EQ(error_of(context, square.call), "adam: head.struct_size: expected " + std::to_string(sizeof(rondo_adam)) +
                                                  ", got " + std::to_string(sizeof(rondo_unary)));
    rondo_memory_needs needs = {&square.call, 0, 0, 0}, needs_of_none = {};
    EXPECT_EQ(rondo_memory(nullptr, &needs, &error), RONDO_INVALID);
    EXPECT_EQ(rondo_memory(context, &needs_of_none, &error), RONDO_INVALID);
    EXPECT_STREQ(error.text, "call: expected a pointer, got NULL");
    EXPECT_EQ(rondo_memory(context, nullptr, &error), RONDO_INVALID);
    EXPECT_STREQ(error.text, "needs: expected a pointer, got NULL");
    EXPECT_EQ(rondo_context_describe(nullptr, nullptr), RONDO_INVALID);
    double gflops = 0.0;
    EXPECT_EQ(rondo_measure_fma(context, 0.0, &gflops, &error), RONDO_INVALID);
    EXPECT_EQ(rondo_measure_fma(context, std::nan(""), &gflops, &error), RONDO_INVALID);
    EXPECT_EQ(rondo_measure_fma(context, 0.01, nullptr, &error), RONDO_INVALID);
}

TEST(Api, measuresMultiplyAdds) {
    for (const Isa isa : runnable_isas()) {
        double gflops = 0.0;
        rondo_error error;
        ASSERT_EQ(rondo_measure_fma(ContextOf(isa.number, 2), 0.02, &gflops, &error), RONDO_OK);
        std::printf("%s: %.1f GFLOP/s on two threads\n", isa_name(isa.number), gflops);
        EXPECT_GT(gflops, 0.001); // an emulator does some 0.05
    }
}

TEST(Api, leavesTheFloatControlOfTheCaller) {
    Random random(1);
    const Floats x = random.floats(60'000);
    for (const Isa isa : runnable_isas()) {
        const ContextOf context(isa.number, 2);
        std::vector<std::vector<float>> results;
#if defined(__x86_64__)
        // To nearest; toward zero; with the status flags of some earlier division; denormals flushed.
        const FloatControlWord controls[] = {0x1F80u, 0x7F80u, 0x1F84u, 0x9FC0u};
#else
        // To nearest; toward zero; denormals flushed.
        const FloatControlWord controls[] = {0, 3u << 22, 1u << 24};
#endif
        for (const FloatControlWord control : controls) {
            Floats y(x.size());
            auto call = call_of<rondo_unary>(RONDO_OP_UNARY);
            call.kind = RONDO_UNARY_TANH;
            call.count = x.size();
            call.x = x.data();
            call.y = y.data();
            const FloatControlWord before = read_float_control();
            write_float_control(control);
            rondo_error error;
            const int32_t status = run_call(context, &call, &error);
            const FloatControlWord after = read_float_control();
            call.kind = 99;
            run_call(context, &call, &error);
            const FloatControlWord after_failure = read_float_control();
            write_float_control(before);
            EXPECT_EQ(status, RONDO_OK);
            EXPECT_EQ(after, control);
            EXPECT_EQ(after_failure, control);
            results.push_back(y.copy());
        }
        for (const auto &result : results) EXPECT_TRUE(same(result, results[0]));
    }
}

TEST(Api, flushesDenormalsOnEveryThread) {
    const Floats x(100'000, 1e-40f), one(100'000, 1.0f);
    for (const Isa isa : runnable_isas()) {
        const ContextOf context(isa.number, 3);
        Floats y(x.size(), 9.0f);
        auto call = call_of<rondo_binary>(RONDO_OP_BINARY);
        call.kind = RONDO_BINARY_MULTIPLY;
        call.rows = 1;
        call.columns = x.size();
        call.a = x.data();
        call.b = one.data();
        call.y = y.data();
        for (int i = 0; i < 10; i++) {
            run(context, &call);
            for (const float v : y) ASSERT_EQ(v, 0.0f);
        }
    }
}

TEST(Api, servesSeveralThreadsInOneContext) {
    const ContextOf context(RONDO_ISA_AUTO, 2);
    Random random(2);
    const Floats x = random.floats(30'000);
    Floats expected(x.size());
    auto call = call_of<rondo_unary>(RONDO_OP_UNARY);
    call.kind = RONDO_UNARY_SIGMOID;
    call.count = x.size();
    call.x = x.data();
    call.y = expected.data();
    run(context, &call);
    std::vector<std::thread> callers;
    for (int c = 0; c < 4; c++) {
        callers.emplace_back([&, call]() mutable {
            Floats y(x.size());
            call.y = y.data();
            for (int i = 0; i < 30; i++) run(context, &call);
            EXPECT_TRUE(same(y, expected));
        });
    }
    for (std::thread &caller : callers) caller.join();
}

} // namespace
