// The one thread pool of the process.
#pragma once

#include <cstdint>

#include "kernels/table.hpp"

namespace rondo {

// Most slices of one job.
inline constexpr int32_t max_slices = 2047;

// Processors this process may run on.
int32_t processors();

// Threads that the pool has started so far.
int32_t pool_threads();

// Calls function(argument, slice) once for each of `slices` slices, on the calling thread and at most threads - 1 of
// the pool's, and returns when all are done. The caller takes slices like any worker, so it goes on whether or not a
// worker is free. function must not throw.
void run_slices(int32_t slices, int32_t threads, void (*function)(const void *, Slice), const void *argument);

} // namespace rondo
