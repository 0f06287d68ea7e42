// The thread pool.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "context.hpp"
#include "float_control.hpp"
#include "threads.hpp"

namespace {

using namespace rondo;

template <class Function> void run(int32_t slices, int32_t threads, const Function &function) {
    Context context;
    context.kernels = nullptr;
    context.threads = threads;
    context.providers = 0;
    context.parallel(slices, function);
}

void each_slice_once(int32_t slices, int32_t threads) {
    std::vector<std::atomic<int>> times(static_cast<size_t>(slices));
    std::atomic<int> wrong{0};
    run(slices, threads, [&](Slice slice) {
        times[static_cast<size_t>(slice.index)]++;
        if (slice.count != slices) wrong++;
    });
    EXPECT_EQ(wrong, 0);
    for (const auto &t : times) ASSERT_EQ(t, 1) << slices << " slices, " << threads << " threads";
}

TEST(Threads, doEachSliceOnce) {
    for (const int32_t slices : {1, 2, 3, 7, 64, 1000, max_slices})
        for (const int32_t threads : {1, 2, 3, 8, 256}) each_slice_once(slices, threads);
}

TEST(Threads, doEachSliceOnceManyTimes) {
    for (int i = 0; i < 20'000; i++) each_slice_once(2 + i % 5, 2 + i % 3);
}

TEST(Threads, wakeAfterParking) {
    for (int i = 0; i < 20; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        each_slice_once(3, 3);
    }
}

TEST(Threads, useNoMoreThanConfigured) {
    for (const int32_t threads : {1, 2, 3}) {
        std::atomic<int> now{0}, most{0};
        run(40, threads, [&](Slice) {
            const int n = ++now;
            int m = most;
            while (n > m && !most.compare_exchange_weak(m, n)) {
            }
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            now--;
        });
        EXPECT_LE(most, threads);
    }
}

// Each slice waits for the others to have begun, which takes as many threads.
TEST(Threads, useAsManyAsConfigured) {
    for (const int32_t threads : {2, 3, 8}) {
        std::atomic<int> begun{0}, missed{0};
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        run(threads, threads, [&](Slice) {
            begun++;
            while (begun < threads && std::chrono::steady_clock::now() < end) std::this_thread::yield();
            if (begun < threads) missed++;
        });
        EXPECT_EQ(missed, 0) << threads << " threads";
    }
}

TEST(Threads, serveSeveralCallersAtOnce) {
    std::vector<std::thread> callers;
    std::atomic<int64_t> sum{0};
    for (int c = 0; c < 6; c++) {
        callers.emplace_back([&, c] {
            for (int i = 0; i < 3000; i++) {
                int64_t parts[4] = {};
                run(4, 1 + c % 4, [&](Slice slice) { parts[slice.index] = slice.index + 1; });
                sum += parts[0] + parts[1] + parts[2] + parts[3];
            }
        });
    }
    for (std::thread &caller : callers) caller.join();
    EXPECT_EQ(sum, 6 * 3000 * 10);
}

TEST(Threads, letACallerGoOnWhenAllWorkersAreHeldUp) {
    std::atomic<bool> release{false};
    std::atomic<int> held{0};
    std::thread holder([&] {
        run(8, 8, [&](Slice) {
            held++;
            while (!release) std::this_thread::yield();
        });
    });
    while (held == 0) std::this_thread::yield();
    each_slice_once(5, 2);
    release = true;
    holder.join();
    EXPECT_EQ(held, 8);
}

TEST(Threads, mayBeUsedFromASlice) {
    std::atomic<int> inner{0};
    run(3, 3, [&](Slice) { run(3, 3, [&](Slice) { inner++; }); });
    EXPECT_EQ(inner, 9);
}

TEST(Threads, runUnderTheFloatControlOfTheLibrary) {
    std::atomic<int> wrong{0};
    const FloatControl control;
    run(64, 3, [&](Slice) {
        if ((read_float_control() & ~FloatControlWord{0x3F}) != float_control) wrong++; // without the status flags
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    });
    EXPECT_EQ(wrong, 0);
}

// Runs a check in a child, where the pool begins anew, and expects it to hold there. The parent has threads, which the
// child has not.
void expect_in_the_child_of_a_fork(const std::function<bool()> &check) {
    each_slice_once(4, 2);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        alarm(20);
        _exit(check() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    each_slice_once(4, 2);
}

TEST(Threads, workInTheChildOfAFork) {
    expect_in_the_child_of_a_fork([] {
        std::atomic<int> done{0};
        for (int i = 0; i < 100; i++) run(4, 2, [&](Slice) { done++; });
        return done == 400 && pool_threads() >= 1;
    });
}

// Where a thread may run.
cpu_set_t allowed(pid_t thread) {
    cpu_set_t set;
    EXPECT_EQ(sched_getaffinity(thread, sizeof set, &set), 0);
    return set;
}

struct Worker {
    pid_t thread;
    cpu_set_t allowed; // while it works
};

// Has a worker take one of two slices: that of the caller ends when the other has begun.
Worker let_a_worker_work() {
    const pid_t caller = gettid();
    Worker worker{};
    std::atomic<bool> begun{false};
    run(2, 2, [&](Slice) {
        if (gettid() != caller) {
            worker = {gettid(), allowed(0)};
            begun = true;
        }
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!begun && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    });
    EXPECT_TRUE(begun);
    return worker;
}

bool soon(const std::function<bool()> &condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return condition();
}

// Waits until a worker may run on all processors but one, or on the only one there is.
bool parks_off_a_processor(pid_t worker, const cpu_set_t &all) {
    return soon([&] {
        const cpu_set_t parked = allowed(worker);
        return CPU_COUNT(&parked) == std::max(1, CPU_COUNT(&all) - 1);
    });
}

TEST(Threads, parkWhereTheirCallerIsNot) {
    const cpu_set_t all = allowed(0);
    for (int i = 0; i < 5; i++) {
        const Worker worker = let_a_worker_work();
        EXPECT_TRUE(CPU_EQUAL(&worker.allowed, &all)) << CPU_COUNT(&worker.allowed) << " of " << CPU_COUNT(&all);
        EXPECT_TRUE(parks_off_a_processor(worker.thread, all));
    }
}

// There the pool has one worker.
TEST(Threads, runWhereTheyAreToldInTheChildOfAFork) {
    expect_in_the_child_of_a_fork([] {
        const cpu_set_t all = allowed(0);
        const pid_t thread = let_a_worker_work().thread;
        if (!parks_off_a_processor(thread, all)) return false;
        const cpu_set_t parked = allowed(thread);
        cpu_set_t told;
        CPU_XOR(&told, &all, &parked); // the caller's processor alone
        if (CPU_COUNT(&told) == 0) told = all;
        if (sched_setaffinity(thread, sizeof told, &told) != 0) return false;
        const Worker worker = let_a_worker_work();
        return worker.thread == thread && CPU_EQUAL(&worker.allowed, &told);
    });
}

TEST(Threads, countProcessors) { EXPECT_GE(processors(), 1); }

} // namespace
