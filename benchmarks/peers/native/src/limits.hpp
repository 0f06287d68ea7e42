// The loops that the machine's limits are measured by, one file for each instruction set, each compiled for it. They
// include nothing that the linker could merge with code for other sets.
#pragma once

#include <cstdint>

namespace rondo::limits {

// Does rounds of independent operations on registers alone and returns how many operations that were: two for a multiply
// and an add.
using Compute = int64_t (*)(int64_t rounds, void *sink);

// Reads memory of a multiple of 1024 bytes, aligned to 64, so many times over.
using Read = void (*)(const void *memory, int64_t bytes, int64_t rounds, void *sink);

int64_t fma_avx2(int64_t rounds, void *sink);
int64_t fma_avx512(int64_t rounds, void *sink);
int64_t bf16_avx512(int64_t rounds, void *sink);
int64_t int8_avx512(int64_t rounds, void *sink);
void read_avx2(const void *memory, int64_t bytes, int64_t rounds, void *sink);
void read_avx512(const void *memory, int64_t bytes, int64_t rounds, void *sink);

// A sink takes this many bytes.
constexpr int64_t sink_bytes = 64;

} // namespace rondo::limits
