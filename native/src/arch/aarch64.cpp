// The instruction set of 64-bit Arm: Armv8-A with Advanced SIMD, which all of them have.
#include <cstdio>
#include <cstring>

#include "dispatch.hpp"
#include "rondo/rondo.h"

namespace rondo {

const KernelTable &neon_kernels();

namespace {

// Where the kernel tells it; mostly it does not.
void name_cpu(char (&name)[64]) {
    std::strcpy(name, "AArch64");
    std::FILE *file = std::fopen("/proc/cpuinfo", "r");
    if (file == nullptr) return;
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr) {
        const char *colon = std::strchr(line, ':');
        if (colon == nullptr || std::strncmp(line, "model name", 10) != 0) continue;
        std::snprintf(name, sizeof name, "%.63s", colon + 1 + std::strspn(colon + 1, " "));
        name[std::strcspn(name, "\n")] = '\0';
        break;
    }
    std::fclose(file);
}

} // namespace

std::span<const int32_t> known_isas() {
    static constexpr int32_t isas[] = {RONDO_ISA_BASELINE};
    return isas;
}

Cpu detect_cpu() {
    Cpu cpu = {};
    name_cpu(cpu.name);
    return cpu;
}

const char *isa_name(int32_t isa) { return isa == RONDO_ISA_BASELINE ? "neon" : "unknown"; }

int32_t isa_lacks(const Cpu &, int32_t isa, char *text, int32_t size) {
    if (isa == RONDO_ISA_BASELINE) return 0;
    return std::snprintf(text, static_cast<size_t>(size), "the CPU is no x86-64");
}

const KernelTable &kernels(int32_t) { return neon_kernels(); }

} // namespace rondo
