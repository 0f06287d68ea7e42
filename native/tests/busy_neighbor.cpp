// An LSTM layer on two threads beside a process that never rests, on two processors: a thread that loses its processor
// in the middle of a slice must not hold up the others for long. Speed is measured, which takes a machine that does
// nothing else, so this is none of CTest's tests: ./rondo test --busy runs it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <ostream>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/recurrent_runner.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

constexpr double seconds_each = 10.0;     // on two threads; on one it takes about as long
constexpr double seconds_a_turn = 0.2;    // of one thread, then of two
constexpr double largest_ratio = 2.0;     // of the time of a pass on two threads to that on one
constexpr uint32_t seconds_at_most = 300; // the neighbor ends by itself after so many
constexpr Cell lstm = all_cells[0];

// --------------------------------------------------------------------------------------------------- the neighbor

// The first processors that this thread may run on, and so many at most.
std::vector<int32_t> first_processors(size_t most) {
    cpu_set_t set;
    std::vector<int32_t> found;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return found;
    for (int32_t i = 0; i < CPU_SETSIZE && found.size() < most; i++)
        if (CPU_ISSET(static_cast<size_t>(i), &set)) found.push_back(i);
    return found;
}

// Binds this thread, and those that it starts from now on.
bool bind_to(const std::vector<int32_t> &processors) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int32_t i : processors) CPU_SET(static_cast<size_t>(i), &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

// A process that spins on one processor as long as the object lives.
class Neighbor {
public:
    explicit Neighbor(int32_t processor) : process_(fork()) {
        if (process_ != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(seconds_at_most);
        if (!bind_to({processor})) _exit(1);
        for (std::atomic<uint64_t> turns{0};;) turns.fetch_add(1, std::memory_order_relaxed);
    }
    ~Neighbor() {
        if (!spins()) return;
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    Neighbor(const Neighbor &) = delete;
    Neighbor &operator=(const Neighbor &) = delete;

    bool spins() {
        if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) != 0) process_ = 0;
        return process_ > 0;
    }

private:
    pid_t process_;
};

// ------------------------------------------------------------------------------------------------------ the layer

// The passes of a layer over the same data again and again: forward, and backward in training.
class Layer {
public:
    Layer(RecurrentSizes s, bool training, int32_t threads)
        : context_(RONDO_ISA_AUTO, threads), training_(training), in_(random_input(lstm, s, {}, 1)),
          weight_ih_(floats_of(in_.weight_ih)), weight_hh_(floats_of(in_.weight_hh)), x_(floats_of(in_.x)),
          dy_(floats_of(in_.dy)), y_(dy_.size()), dx_(x_.size()), dweight_ih_(weight_ih_.size()),
          dweight_hh_(weight_hh_.size()), dbias_(4 * s.hidden), forward_(forward_call(lstm, s)),
          backward_(backward_call(lstm, s)), packed_(pack()), saved_(memory(needs_of(context_, &forward_).saved_bytes)),
          scratch_(memory(
              std::max(needs_of(context_, &forward_).scratch_bytes, needs_of(context_, &backward_).scratch_bytes))) {
        const auto common = [&](auto &call) {
            call.packed = packed_.data();
            call.packed_bytes = packed_.size();
            call.x = x_.data();
            call.x_batch_stride = int64_t{s.steps} * s.input;
            call.x_time_stride = s.input;
            call.saved = training ? saved_.data() : nullptr;
            call.saved_bytes = saved_.size();
            call.scratch = scratch_.data();
            call.scratch_bytes = scratch_.size();
        };
        common(forward_);
        forward_.y = y_.data();
        forward_.y_batch_stride = int64_t{s.steps} * s.hidden;
        forward_.y_time_stride = s.hidden;
        common(backward_);
        backward_.weight_ih = weight_ih_.data();
        backward_.dy = dy_.data();
        backward_.dy_batch_stride = forward_.y_batch_stride;
        backward_.dy_time_stride = forward_.y_time_stride;
        backward_.dx = dx_.data();
        backward_.dx_batch_stride = forward_.x_batch_stride;
        backward_.dx_time_stride = forward_.x_time_stride;
        backward_.dweight_ih = dweight_ih_.data();
        backward_.dweight_hh = dweight_hh_.data();
        backward_.dbias_ih = dbias_.data();
    }

    // What passes took, and how many there were.
    struct Time {
        double seconds = 0.0;
        int64_t passes = 0;
        double each() const { return seconds / static_cast<double>(passes); }
    };

    // Works for a turn.
    void take_turn(Time &time) {
        const auto begin = std::chrono::steady_clock::now();
        double seconds = 0.0;
        for (; seconds < seconds_a_turn; time.passes++) {
            run(context_, &forward_);
            if (training_) run(context_, &backward_);
            seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        }
        time.seconds += seconds;
    }

    const Floats &y() const { return y_; }
    const Floats &dweight_hh() const { return dweight_hh_; }

private:
    ContextOf context_;
    bool training_;
    RecurrentInput in_;
    Floats weight_ih_, weight_hh_, x_, dy_, y_, dx_, dweight_ih_, dweight_hh_, dbias_;
    rondo_recurrent_forward forward_;
    rondo_recurrent_backward backward_;
    Guarded<char> packed_, saved_, scratch_;

    static Guarded<char> memory(int64_t bytes) { return aligned_memory(bytes); }

    Guarded<char> pack() {
        auto call = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
        call.cell = lstm.number;
        call.input_size = in_.sizes.input;
        call.hidden_size = in_.sizes.hidden;
        call.parts = RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD;
        call.weight_ih = weight_ih_.data();
        call.weight_hh = weight_hh_.data();
        Guarded<char> packed = aligned_memory(needs_of(context_, &call).packed_bytes);
        call.packed = packed.data();
        call.packed_bytes = packed.size();
        run(context_, &call);
        return packed;
    }
};

// -------------------------------------------------------------------------------------------------------- the test

struct Case {
    const char *name;
    RecurrentSizes sizes;
    bool training;
    friend std::ostream &operator<<(std::ostream &out, const Case &c) { return out << c.name; }
};

class BusyNeighbor : public testing::TestWithParam<Case> {};

TEST_P(BusyNeighbor, doesNotHoldUpTwoThreads) {
    static const std::vector<int32_t> processors = first_processors(2);
    if (processors.size() < 2) {
        std::printf("Not run: %s beside a busy neighbor, as it takes two processors\n", GetParam().name);
        return;
    }
    ASSERT_TRUE(bind_to(processors)); // before the library starts threads
    Neighbor neighbor(processors[1]);
    Layer one(GetParam().sizes, GetParam().training, 1), two(GetParam().sizes, GetParam().training, 2);
    Layer::Time warmup, on_one, on_two;
    one.take_turn(warmup);
    two.take_turn(warmup);
    while (on_two.seconds < seconds_each) {
        one.take_turn(on_one);
        two.take_turn(on_two);
    }
    ASSERT_TRUE(neighbor.spins());
    EXPECT_TRUE(same(two.y().copy(), one.y().copy()));
    EXPECT_TRUE(same(two.dweight_hh().copy(), one.dweight_hh().copy()));
    const double ratio = on_two.each() / on_one.each();
    std::printf("Promise: %s beside a busy neighbor: %.3g ms on two threads, %.3g ms on one, ratio %.2f\n",
                GetParam().name, on_two.each() * 1e3, on_one.each() * 1e3, ratio);
    EXPECT_LE(ratio, largest_ratio);
}

constexpr RecurrentSizes s2 = {1, 100, 256, 256}, m2 = {32, 100, 256, 256};

INSTANTIATE_TEST_SUITE_P(Lstm, BusyNeighbor,
                         testing::Values(Case{"S2 inference", s2, false}, Case{"S2 training", s2, true},
                                         Case{"M2 inference", m2, false}, Case{"M2 training", m2, true}));

} // namespace
