// The thread pool.
//
// A job is a function and a number of slices. It is posted in one of 64 slots of static memory, so that a worker which
// comes late looks at a slot that is free or belongs to another job, never at freed memory. All that changes while a
// job runs is in one 64-bit word: generation | seats | slices | next. Who swaps in next + 1 owns that slice; a worker
// also takes one of the job's seats with its first slice, so that a job never has more helpers than it was configured
// for. As the generation is part of the word, a swap succeeds only if the function and argument read before it belong
// to the job that is swapped.
//
// Idle workers spin for a fifth of a millisecond and then park on a futex, so that an idle pool costs nothing and a
// neighbour gets the processor. It takes that long: a worker that wakes late finds its slice done by the caller, and must
// still be there for the next step, or comes late to all of them. Callers that wait for a last slice park after a
// millisecond: who wakes them draws them onto its own processor, which the two share from then on. They park at once
// where whoever has the slice may need their processor.
//
// A worker may come to share the caller's processor, when another process had the others, and would keep it from the
// caller by spinning: it moves on, or parks where there is no other or it has just moved.
//
// Threads are started when first needed and then stay. They are not shut down: the library is linked with nodelete. In
// the child of a fork the pool starts anew.
#include "threads.hpp"

#include <atomic>
#include <bit>
#include <climits>
#include <cstdio>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "float_control.hpp"
#include "rondo/rondo.h"

namespace rondo {
namespace {

constexpr int64_t idle_spin_nanoseconds = 200'000;
constexpr int64_t wait_spin_nanoseconds = 1'000'000;
constexpr int32_t slot_count = 64;

struct alignas(64) Slot {
    std::atomic<uint64_t> word{0};
    std::atomic<void (*)(const void *, Slice)> function{nullptr};
    std::atomic<const void *> argument{nullptr};
    alignas(64) std::atomic<uint32_t> done{0};
    std::atomic<uint32_t> owner_waits{0};
    std::atomic<int32_t> helper{-1}; // the processor on which a worker took a slice last
};

// generation: 33 bits, seats: 9, slices: 11, next: 11.
struct Word {
    static constexpr uint64_t make(uint64_t generation, int32_t seats, int32_t slices, int32_t next) {
        return generation << 31 | static_cast<uint64_t>(seats) << 22 | static_cast<uint64_t>(slices) << 11 |
               static_cast<uint64_t>(next);
    }
    static constexpr uint64_t one_seat = 1ull << 22;
    static uint64_t generation(uint64_t w) { return w >> 31; }
    static int32_t seats(uint64_t w) { return static_cast<int32_t>(w >> 22 & 511); }
    static int32_t slices(uint64_t w) { return static_cast<int32_t>(w >> 11 & 2047); }
    static int32_t next(uint64_t w) { return static_cast<int32_t>(w & 2047); }
};

struct Pool {
    std::atomic<uint64_t> used{0};               // a bit for each slot that is taken
    alignas(64) std::atomic<uint32_t> posted{0}; // counts jobs; workers park on it
    std::atomic<int32_t> parked{0};              // workers parked on it
    std::atomic<int32_t> poster{-1};             // the processor of whoever posted or began to wait last
    alignas(64) std::atomic<int32_t> wanted{0};  // helpers that the running jobs together could use
    std::atomic<int32_t> started{0};             // worker threads
    pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
    Slot slots[slot_count];
};

constinit Pool pool;
constinit pthread_once_t fork_handler = PTHREAD_ONCE_INIT;

void futex_wait(std::atomic<uint32_t> &word, uint32_t value) {
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t> &word, int32_t count) {
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

int64_t nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

// Tells the processor that this is a loop that waits.
void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    asm volatile("yield");
#endif
}

// Spins until the condition holds, for so long at most; tells whether it does.
template <class Condition> bool spin(int64_t most_nanoseconds, const Condition &condition) {
    if (condition()) return true;
    const int64_t end = nanoseconds() + most_nanoseconds;
    do {
        for (int i = 0; i < 16; i++) {
            pause();
            if (condition()) return true;
        }
    } while (nanoseconds() < end);
    return false;
}

void finish_slice(Slot &slot, int32_t slices) {
    if (slot.done.fetch_add(1) + 1 == static_cast<uint32_t>(slices) && slot.owner_waits.load() != 0)
        futex_wake(slot.done, 1);
}

// Works on a job as long as it has slices; tells whether there was one.
bool help(Slot &slot) {
    uint64_t word = slot.word.load(std::memory_order_acquire);
    const uint64_t generation = Word::generation(word);
    uint64_t seat = Word::one_seat;
    bool any = false;
    while (Word::generation(word) == generation && Word::next(word) < Word::slices(word)) {
        if (seat != 0 && Word::seats(word) == 0) return any;
        const auto function = slot.function.load(std::memory_order_relaxed);
        const void *argument = slot.argument.load(std::memory_order_relaxed);
        if (slot.word.compare_exchange_weak(word, word - seat + 1, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
            const int32_t slices = Word::slices(word);
            slot.helper.store(sched_getcpu(), std::memory_order_relaxed);
            function(argument, Slice{Word::next(word), slices});
            // Read first: once the slice is finished, the slot may go to another job.
            word = slot.word.load(std::memory_order_acquire);
            finish_slice(slot, slices);
            seat = 0;
            any = true;
        }
    }
    return any;
}

// Keeps the calling thread off a processor as long as it lives, if there is another one; a thread that is on it moves.
class OffProcessor {
public:
    explicit OffProcessor(int32_t processor) {
        if (processor < 0 || processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof all_, &all_) != 0) return;
        others_ = all_;
        CPU_CLR(static_cast<unsigned>(processor), &others_);
        holds_ = CPU_COUNT(&others_) > 0 && sched_setaffinity(0, sizeof others_, &others_) == 0;
    }

    // Whoever has told the thread meanwhile where to run is obeyed.
    ~OffProcessor() {
        cpu_set_t now;
        if (holds_ && sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &others_))
            sched_setaffinity(0, sizeof all_, &all_);
    }

    OffProcessor(const OffProcessor &) = delete;
    OffProcessor &operator=(const OffProcessor &) = delete;

    bool holds() const { return holds_; }

private:
    cpu_set_t all_;
    cpu_set_t others_;
    bool holds_ = false;
};

int32_t callers_processor() { return pool.poster.load(std::memory_order_relaxed); }

bool shares_processor() { return sched_getcpu() == callers_processor(); }

// Sleeps until another job is posted. Where Linux wakes a thread is its own choice, often the processor of who wakes it,
// in a virtual machine even if another is idle. There the worker would wait until its caller has done all.
void park(uint32_t seen) {
    const OffProcessor elsewhere(callers_processor());
    pool.parked.fetch_add(1);
    if (pool.posted.load() == seen) futex_wait(pool.posted, seen);
    pool.parked.fetch_sub(1);
}

void *work(void *) {
    write_float_control(float_control);
    bool moved = false; // since it last had work
    for (;;) {
        const uint32_t seen = pool.posted.load();
        bool any = false;
        for (uint64_t used = pool.used.load(); used != 0; used &= used - 1)
            any |= help(pool.slots[std::countr_zero(used)]);
        if (any) {
            moved = false;
            continue;
        }
        const auto posted = [&] { return pool.posted.load(std::memory_order_relaxed) != seen; };
        if (spin(idle_spin_nanoseconds, [&] { return posted() || shares_processor(); }) && posted()) continue;
        if (!moved && shares_processor() && OffProcessor(callers_processor()).holds()) {
            moved = true;
            continue;
        }
        park(seen);
    }
}

void begin_anew_in_child() { new (&pool) Pool; }

bool start_thread(int32_t number) {
    // Signals are for the threads of the host, apart from those that a fault raises in the thread itself.
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    pthread_t thread;
    const bool started = pthread_create(&thread, nullptr, work, nullptr) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!started) return false;
    char name[24];
    std::snprintf(name, sizeof name, "rondo-%d", number); // the kernel takes 15 characters
    pthread_setname_np(thread, name);
    pthread_detach(thread);
    return true;
}

// Starts workers up to a number. Where the operating system gives none, the callers do the work.
void start_threads(int32_t number) {
    if (pool.started.load(std::memory_order_acquire) >= number) return;
    pthread_once(&fork_handler, [] { pthread_atfork(nullptr, nullptr, begin_anew_in_child); });
    pthread_mutex_lock(&pool.starting);
    int32_t started = pool.started.load(std::memory_order_relaxed);
    while (started < number && start_thread(started + 1)) pool.started.store(++started, std::memory_order_release);
    pthread_mutex_unlock(&pool.starting);
}

// Takes a free slot, or null.
Slot *take_slot(uint64_t &bit) {
    uint64_t used = pool.used.load(std::memory_order_relaxed);
    while (used != ~0ull) {
        bit = ~used & (used + 1);
        if (pool.used.compare_exchange_weak(used, used | bit)) return &pool.slots[std::countr_zero(bit)];
    }
    return nullptr;
}

void run_alone(int32_t slices, void (*function)(const void *, Slice), const void *argument) {
    for (int32_t i = 0; i < slices; i++) function(argument, Slice{i, slices});
}

} // namespace

int32_t processors() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); // more processors than the set can name
    return online < 1 ? 1 : static_cast<int32_t>(online < INT_MAX ? online : INT_MAX);
}

int32_t pool_threads() { return pool.started.load(std::memory_order_acquire); }

void run_slices(int32_t slices, int32_t threads, void (*function)(const void *, Slice), const void *argument) {
    const int32_t most = threads < slices ? threads : slices;
    const int32_t helpers = (most < RONDO_MAX_THREADS ? most : RONDO_MAX_THREADS) - 1;
    uint64_t bit = 0;
    Slot *slot = helpers > 0 ? take_slot(bit) : nullptr;
    if (slot == nullptr) {
        run_alone(slices, function, argument);
        return;
    }
    // As many workers as the running jobs could use together, yet no more than there are processors for them, except
    // that a caller who asked for more gets them.
    const int32_t wanted = pool.wanted.fetch_add(helpers) + helpers;
    if (wanted > pool.started.load(std::memory_order_relaxed)) {
        const int32_t enough = processors() - 1 > helpers ? processors() - 1 : helpers;
        start_threads(wanted < enough ? wanted : enough);
    }

    slot->function.store(function, std::memory_order_relaxed);
    slot->argument.store(argument, std::memory_order_relaxed);
    slot->done.store(0, std::memory_order_relaxed);
    slot->owner_waits.store(0, std::memory_order_relaxed);
    slot->helper.store(-1, std::memory_order_relaxed);
    const uint64_t generation = Word::generation(slot->word.load(std::memory_order_relaxed)) + 1;
    slot->word.store(Word::make(generation, helpers, slices, 1), std::memory_order_release); // slice 0 is the caller's
    pool.poster.store(sched_getcpu(), std::memory_order_relaxed);
    pool.posted.fetch_add(1);
    if (pool.parked.load() > 0) futex_wake(pool.posted, helpers);

    int32_t next = 0;
    while (next < slices) {
        function(argument, Slice{next, slices});
        slot->done.fetch_add(1, std::memory_order_release);
        uint64_t word = slot->word.load(std::memory_order_relaxed);
        while ((next = Word::next(word)) < slices &&
               !slot->word.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel)) {
        }
    }
    const int32_t processor = sched_getcpu(); // Linux may have moved it
    pool.poster.store(processor, std::memory_order_relaxed);
    const auto finished = [&] { return slot->done.load() == static_cast<uint32_t>(slices); };
    const bool alone = slot->helper.load(std::memory_order_relaxed) != processor;
    if (!spin(alone ? wait_spin_nanoseconds : 0, finished)) {
        slot->owner_waits.store(1);
        for (uint32_t done = slot->done.load(); done != static_cast<uint32_t>(slices); done = slot->done.load())
            futex_wait(slot->done, done);
    }
    pool.wanted.fetch_sub(helpers, std::memory_order_relaxed);
    pool.used.fetch_and(~bit);
}

} // namespace rondo
