#include "measure.hpp"

#include <ctime>

namespace rondo {

namespace {

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double best_rate(const KernelTable &kernels, double seconds) {
    const double begin = now();
    int64_t rounds = 1000;
    double best = 0.0;
    double end = begin;
    do {
        const double from = end;
        float sink;
        const double operations = static_cast<double>(kernels.multiply_adds(rounds, &sink));
        end = now();
        const double took = end - from;
        if (took < 5e-4) {
            rounds *= 2; // too short to time well
        } else if (operations / took > best) {
            best = operations / took;
        }
    } while (end - begin < seconds || best == 0.0);
    return best;
}

} // namespace

double measure_fma(const Context &context, double seconds) {
    double rates[RONDO_MAX_THREADS];
    context.parallel(context.threads,
                     [&](Slice slice) { rates[slice.index] = best_rate(*context.kernels, seconds); });
    double sum = 0.0;
    for (int32_t i = 0; i < context.threads; i++) sum += rates[i];
    return sum * 1e-9;
}

} // namespace rondo
