#include "measure.hpp"

#include <algorithm>
#include <ctime>

namespace rondo {

namespace {

constexpr int32_t windows = 31;

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// The median over windows of equal work that together take about so long: what a kernel that runs as long can be held
// against. The best window would be a moment of high clock rate that no long run sees; a mean would count preemptions.
double median_rate(const KernelTable &kernels, double seconds) {
    float sink;
    int64_t rounds = 1000;
    double took = 0.0;
    for (;;) { // until it is long enough to time
        const double from = now();
        kernels.multiply_adds(rounds, &sink);
        took = now() - from;
        if (took >= 1e-4) break;
        rounds *= 2;
    }
    rounds = std::max(rounds, static_cast<int64_t>(static_cast<double>(rounds) * seconds / windows / took));
    double rates[windows];
    for (double &rate : rates) {
        const double from = now();
        const double operations = static_cast<double>(kernels.multiply_adds(rounds, &sink));
        rate = operations / std::max(now() - from, 1e-9);
    }
    std::nth_element(rates, rates + windows / 2, rates + windows);
    return rates[windows / 2];
}

} // namespace

double measure_fma(const Context &context, double seconds) {
    double rates[RONDO_MAX_THREADS];
    context.parallel(context.threads,
                     [&](Slice slice) { rates[slice.index] = median_rate(*context.kernels, seconds); });
    double sum = 0.0;
    for (int32_t i = 0; i < context.threads; i++) sum += rates[i];
    return sum * 1e-9;
}

} // namespace rondo
