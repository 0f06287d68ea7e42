// What this machine can do, for benchmarks to be held against. Prints a line for each limit, fields separated by tabs:
//
//   limit  <what>  <threads>  <value>  <unit>
//
//   fma.avx2, fma.avx512    float32 multiply-adds on registers, GFLOP/s
//   bf16.avx512             vdpbf16ps, GFLOP/s; int8.avx512: vpdpbusd, GOP/s; both count a product and its sum as two
//   read.<KiB>              reads of so much memory by each thread, GB/s (1e9 bytes)
//
// Only what the processor and the operating system offer is executed and printed. Each is measured on one thread, and on
// all of them at once, which is the sum over threads. A value is the median over short windows of equal work: the best
// window would be a moment of high clock rate that no long run sees; a mean would count preemptions. Memory is ordinary,
// as the kernels' is: no huge pages are asked for, and threads are not pinned.
//
//   limits [--seconds S]    for about so long altogether, 2 if not said
#include <algorithm>
#include <barrier>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "limits.hpp"

namespace {

using namespace rondo::limits;
using Clock = std::chrono::steady_clock;

constexpr int windows = 31;
constexpr int64_t piece_bytes = 1 << 20; // of memory that is larger a window reads so much at a time, and goes on there

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Work that one thread repeats, in units (operations or bytes) a second.
class Probe {
public:
    Probe() = default;
    Probe(const Probe &) = delete;
    Probe &operator=(const Probe &) = delete;
    virtual ~Probe() = default;

    // Does so many rounds, and returns the units.
    virtual int64_t work(int64_t rounds) = 0;

    // The median rate over windows that together take about so long.
    double median_rate(double seconds) {
        const double window = seconds / windows;
        int64_t rounds = 1;
        double took = timed(rounds);
        while (took < std::min(1e-4, window)) took = timed(rounds *= 2);
        rounds = std::max(int64_t{1}, static_cast<int64_t>(static_cast<double>(rounds) * window / took));
        std::vector<double> rates;
        const Clock::time_point begin = Clock::now();
        do {
            const Clock::time_point from = Clock::now();
            const double units = static_cast<double>(work(rounds));
            rates.push_back(units / std::max(seconds_since(from), 1e-9));
        } while (rates.size() < windows && seconds_since(begin) < 2 * seconds);
        std::nth_element(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2), rates.end());
        return rates[rates.size() / 2];
    }

private:
    double timed(int64_t rounds) {
        const Clock::time_point from = Clock::now();
        work(rounds);
        return seconds_since(from);
    }
};

class ComputeProbe : public Probe {
public:
    explicit ComputeProbe(Compute compute) : compute_(compute) {}
    int64_t work(int64_t rounds) override { return compute_(rounds, sink_); }

private:
    Compute compute_;
    char sink_[sink_bytes];
};

class ReadProbe : public Probe {
public:
    ReadProbe(Read read, int64_t bytes)
        : read_(read), bytes_(bytes), memory_(static_cast<char *>(std::aligned_alloc(64, static_cast<size_t>(bytes)))) {
        if (!memory_) throw std::bad_alloc();
        std::memset(memory_.get(), 1, static_cast<size_t>(bytes)); // pages of its own, by the thread that reads them
    }
    int64_t work(int64_t rounds) override {
        const int64_t piece = std::min(bytes_, piece_bytes);
        if (piece == bytes_) {
            read_(memory_.get(), bytes_, rounds, sink_);
        } else {
            for (int64_t i = 0; i < rounds; i++) {
                read_(memory_.get() + at_, piece, 1, sink_);
                at_ = at_ + piece == bytes_ ? 0 : at_ + piece;
            }
        }
        return rounds * piece;
    }

private:
    struct Free {
        void operator()(char *memory) const { std::free(memory); }
    };
    Read read_;
    int64_t bytes_, at_ = 0;
    std::unique_ptr<char, Free> memory_;
    char sink_[sink_bytes];
};

// What is measured: a name, a unit, and the probe that each thread makes for itself.
struct Limit {
    std::string what;
    const char *unit;
    Compute compute;
    Read read;
    int64_t bytes;

    std::unique_ptr<Probe> probe() const {
        if (compute != nullptr) return std::make_unique<ComputeProbe>(compute);
        return std::make_unique<ReadProbe>(read, bytes);
    }
};

// The sum over threads that begin together.
double measure(const Limit &limit, int threads, double seconds) {
    std::vector<double> rates(static_cast<size_t>(threads));
    std::barrier ready(threads);
    std::vector<std::jthread> running;
    for (double &rate : rates)
        running.emplace_back([&] {
            const std::unique_ptr<Probe> probe = limit.probe();
            ready.arrive_and_wait();
            rate = probe->median_rate(seconds);
        });
    running.clear(); // joins
    double sum = 0.0;
    for (const double rate : rates) sum += rate;
    return sum;
}

// Asks the processor, and of the wide registers whether the operating system saves them.
std::vector<Limit> limits() {
    std::vector<Limit> all;
    const auto compute = [&](const char *what, const char *unit, Compute loop) {
        all.push_back({what, unit, loop, nullptr, 0});
    };
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    if (avx2) compute("fma.avx2", "GFLOP/s", fma_avx2);
    if (avx512) compute("fma.avx512", "GFLOP/s", fma_avx512);
    if (avx512 && __builtin_cpu_supports("avx512bf16")) compute("bf16.avx512", "GFLOP/s", bf16_avx512);
    if (avx512 && __builtin_cpu_supports("avx512vnni")) compute("int8.avx512", "GOP/s", int8_avx512);
    if (avx2) // from L1 to memory
        for (const int64_t kib : {16, 256, 512, 4 << 10, 16 << 10, 128 << 10})
            all.push_back(
                {"read." + std::to_string(kib) + "KiB", "GB/s", nullptr, avx512 ? read_avx512 : read_avx2, kib << 10});
    return all;
}

} // namespace

int main(int count, char **words) {
    double seconds = 2.0;
    if (count == 3 && std::strcmp(words[1], "--seconds") == 0) {
        char *end;
        seconds = std::strtod(words[2], &end);
        if (*end != '\0' || !(seconds > 0.0)) count = 0;
    }
    if (count != 1 && count != 3) {
        std::fprintf(stderr, "Usage: limits [--seconds S]\n");
        return 2;
    }
    const std::vector<Limit> all = limits();
    const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    std::vector<int> numbers = {1};
    if (processors > 1) numbers.push_back(processors);
    const double each = seconds / static_cast<double>(all.size() * numbers.size());
    for (const Limit &limit : all)
        for (const int threads : numbers) {
            std::printf("limit\t%s\t%d\t%.4g\t%s\n", limit.what.c_str(), threads, 1e-9 * measure(limit, threads, each),
                        limit.unit);
            std::fflush(stdout);
        }
    return 0;
}
