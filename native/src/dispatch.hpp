// Which instruction sets there are for this architecture (arch/), and which of them this machine runs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/table.hpp"

namespace rondo {

// What CPUID and XGETBV say on x86-64; on other architectures only the name is there.
struct Cpu {
    uint32_t leaf1_ecx;
    uint32_t leaf7_ebx;
    uint32_t extended1_ecx; // leaf 0x80000001
    uint64_t xcr0;          // 0 where the operating system does not use XSAVE
    char name[64];
};

// This machine's.
Cpu detect_cpu();

// RONDO_ISA_*, the least first.
std::span<const int32_t> known_isas();

// "baseline", "avx2", "avx512"; "neon" is the baseline of Arm.
const char *isa_name(int32_t isa);

// The set of that name, or -1.
int32_t isa_of_name(const char *name);

// Writes what the CPU or the operating system lacks for a set ("the CPU lacks AVX512VL") and returns its length: 0
// when nothing is missing. Writes at most size bytes with the terminating zero.
int32_t isa_lacks(const Cpu &cpu, int32_t isa, char *text, int32_t size);

// A bit mask of (1 << RONDO_ISA_*).
uint32_t usable_isas(const Cpu &cpu);

int32_t best_isa(const Cpu &cpu);

// The set to use for an option of a context: RONDO_ISA_AUTO is RONDO_FORCE_ISA of the environment if set, else the best
// usable one. Throws a Failure where it is unknown or cannot run here.
int32_t choose_isa(const Cpu &cpu, int32_t option);

// The kernels of a set.
const KernelTable &kernels(int32_t isa);

} // namespace rondo
