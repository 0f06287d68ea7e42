// What a rondo_context is.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernels/table.hpp"
#include "threads.hpp"

// Immutable apart from the counters, so any number of threads may use one.
struct rondo_context {
    const rondo::KernelTable *kernels;
    int32_t threads;    // configured
    uint32_t providers; // allowed and loaded when the context was made, as bits
    // A GEMM of so many multiply-adds may go to a provider: what is smaller is mostly ours to win, or takes well under
    // a millisecond (measured: benchmarks/README.md). Tests lower it.
    double provider_work = 2e9;
    mutable std::atomic<int64_t> gemms_own{0};
    mutable std::atomic<int64_t> gemms_by_provider[2] = {{0}, {0}};

    // How many slices to cut a call into whose cost is so many elements of light work: the configured number of
    // threads, or fewer where a slice would cost less than handing it over does. Results never depend on it.
    int32_t slices_for(int64_t cost) const {
        constexpr int64_t worth_a_slice = 8192;
        const int64_t useful = cost / worth_a_slice;
        return useful >= threads ? threads : useful < 1 ? 1 : static_cast<int32_t>(useful);
    }

    // Calls function(Slice) for each of `slices` slices (at most max_slices, of which at most the configured number of
    // threads run at once), and returns when all are done. The function must not throw.
    template <class Function> void parallel(int32_t slices, const Function &function) const {
        rondo::run_slices(
            slices, threads, [](const void *f, rondo::Slice slice) { (*static_cast<const Function *>(f))(slice); },
            &function);
    }

    // The same for a kernel.
    template <class Work>
    void parallel(int32_t slices, void (*kernel)(const Work &, rondo::Slice), const Work &work) const {
        parallel(slices, [kernel, &work](rondo::Slice slice) { kernel(work, slice); });
    }
};

namespace rondo {

using Context = rondo_context;

} // namespace rondo
