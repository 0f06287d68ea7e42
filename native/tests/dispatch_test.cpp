// Which instruction set is chosen, and why not another.
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "dispatch.hpp"
#include "error.hpp"
#include "rondo/rondo.h"

namespace {

using namespace rondo;

std::string lacks(const Cpu &cpu, int32_t isa) {
    char text[300];
    isa_lacks(cpu, isa, text, sizeof text);
    return text;
}

// A CPU and an operating system with everything.
Cpu complete() {
    Cpu cpu = {};
    cpu.leaf1_ecx = cpu.leaf7_ebx = cpu.extended1_ecx = ~0u;
    cpu.xcr0 = ~0ull;
    return cpu;
}

TEST(Dispatch, takesTheBestThatIsComplete) {
    EXPECT_EQ(best_isa(complete()), RONDO_ISA_AVX512);
    EXPECT_EQ(usable_isas(complete()), 1u << 1 | 1u << 2 | 1u << 3);
    EXPECT_EQ(lacks(complete(), RONDO_ISA_AVX512), "");
}

TEST(Dispatch, namesWhatTheCpuLacks) {
    Cpu cpu = complete();
    cpu.leaf7_ebx &= ~(1u << 31 | 1u << 28);
    EXPECT_EQ(best_isa(cpu), RONDO_ISA_AVX2);
    EXPECT_EQ(lacks(cpu, RONDO_ISA_AVX512), "the CPU lacks AVX512CD, AVX512VL");
    cpu.extended1_ecx &= ~(1u << 5);
    EXPECT_EQ(best_isa(cpu), RONDO_ISA_BASELINE);
    EXPECT_EQ(lacks(cpu, RONDO_ISA_AVX2), "the CPU lacks LZCNT");
    EXPECT_EQ(usable_isas(Cpu{}), 0u);
    EXPECT_THROW(choose_isa(Cpu{}, RONDO_ISA_BASELINE), Failure);
}

TEST(Dispatch, namesWhatTheOperatingSystemDoesNotSave) {
    for (const int bit : {5, 6, 7}) {
        Cpu cpu = complete();
        cpu.xcr0 &= ~(1ull << bit);
        EXPECT_EQ(best_isa(cpu), RONDO_ISA_AVX2) << "bit " << bit;
        EXPECT_NE(lacks(cpu, RONDO_ISA_AVX512).find("the operating system does not save"), std::string::npos);
    }
    Cpu cpu = complete();
    cpu.xcr0 &= ~4ull;
    EXPECT_EQ(best_isa(cpu), RONDO_ISA_BASELINE);
    EXPECT_EQ(lacks(cpu, RONDO_ISA_AVX2), "the operating system does not save YMM registers");
}

TEST(Dispatch, takesWhatTheEnvironmentForces) {
    for (const int32_t isa : {RONDO_ISA_BASELINE, RONDO_ISA_AVX2, RONDO_ISA_AVX512}) {
        setenv("RONDO_FORCE_ISA", isa_name(isa), 1);
        EXPECT_EQ(choose_isa(complete(), RONDO_ISA_AUTO), isa);
        EXPECT_EQ(choose_isa(complete(), RONDO_ISA_AVX2), RONDO_ISA_AVX2) << "an option goes before the environment";
    }
    setenv("RONDO_FORCE_ISA", "avx9", 1);
    try {
        choose_isa(complete(), RONDO_ISA_AUTO);
        ADD_FAILURE() << "avx9 was accepted";
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.status, RONDO_INVALID);
        EXPECT_STREQ(failure.text, "RONDO_FORCE_ISA: expected baseline, avx2 or avx512, got \"avx9\"");
    }
    setenv("RONDO_FORCE_ISA", "avx512", 1);
    Cpu cpu = complete();
    cpu.leaf7_ebx &= ~(1u << 31);
    try {
        choose_isa(cpu, RONDO_ISA_AUTO);
        ADD_FAILURE() << "avx512 was accepted without AVX512VL";
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.status, RONDO_UNSUPPORTED);
        EXPECT_STREQ(failure.text, "RONDO_FORCE_ISA: avx512 cannot run here: the CPU lacks AVX512VL");
    }
    unsetenv("RONDO_FORCE_ISA");
    EXPECT_EQ(choose_isa(complete(), RONDO_ISA_AUTO), RONDO_ISA_AVX512);
}

} // namespace
