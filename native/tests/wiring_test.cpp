// The recurrent cells with identities in place of their activations, on small integers: every sum is exact, so a wrong
// wire between gates, rows or steps shows as a wrong bit. The kernels are the same source, instantiated once more for
// each instruction set in wiring_<isa>.cpp.
//
// Weights are signed permutations: each gate sees one input and one state, by a sign. With all gates live, numbers grow
// by squares (of an LSTM) or cubes (of a GRU), so these runs have two steps; with two live gates (the others are held at
// -1 or 1 by their bias) three steps stay below 2^24.
#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "context.hpp"
#include "support/recurrent_runner.hpp"

namespace rondo {

const KernelTable &baseline_wiring_kernels();
const KernelTable &avx2_wiring_kernels();
const KernelTable &avx512_wiring_kernels();
const KernelTable &neon_wiring_kernels();

} // namespace rondo

namespace {

using namespace rondo;
using namespace rondo::test;

const KernelTable &wiring_kernels(Isa isa) {
#if defined(__x86_64__)
    switch (isa.number) {
    case RONDO_ISA_AVX512: return avx512_wiring_kernels();
    case RONDO_ISA_AVX2: return avx2_wiring_kernels();
    default: return baseline_wiring_kernels();
    }
#else
    (void)isa;
    return neon_wiring_kernels();
#endif
}

// Rows u of each live gate: one weight of -1 or 1, at the place of u in a random permutation; other gates: zero.
Doubles signed_permutations(Random &random, int32_t gates, int32_t hidden, int32_t columns, uint32_t live) {
    Doubles weights(static_cast<size_t>(gates * hidden * columns), 0.0);
    for (int32_t gate = 0; gate < gates; gate++) {
        std::vector<int32_t> order;
        for (int32_t i = 0; i < std::max(hidden, columns); i++) order.push_back(i);
        for (size_t i = order.size(); i > 1; i--)
            std::swap(order[i - 1], order[static_cast<size_t>(random.integer(0, static_cast<int32_t>(i) - 1))]);
        for (int32_t u = 0; u < hidden; u++) {
            const int32_t column = order[static_cast<size_t>(u)] % columns;
            const double sign = random.integer(0, 1) == 0 ? -1.0 : 1.0;
            if ((live >> gate & 1u) != 0) weights[static_cast<size_t>((gate * hidden + u) * columns + column)] = sign;
        }
    }
    return weights;
}

// -1 or 1, one in `period`, else 0.
double small_integer(Random &random, int32_t period) {
    return random.integer(1, period) > 1 ? 0.0 : random.integer(0, 1) == 0 ? -1.0 : 1.0;
}

Doubles small_integers(Random &random, int64_t count, int32_t period) {
    Doubles values;
    for (int64_t i = 0; i < count; i++) values.push_back(small_integer(random, period));
    return values;
}

struct Wires {
    RecurrentSizes sizes;
    uint32_t live; // bit mask of gates
    bool ragged;
    uint64_t seed;
};

// One number in `period` is not zero.
RecurrentInput integer_input(const Cell &cell, const Wires &wires, int32_t period) {
    Random random(wires.seed);
    const RecurrentSizes s = wires.sizes;
    const auto is_live = [&](int32_t gate) { return (wires.live >> gate & 1u) != 0; };
    const int64_t units = int64_t{s.batch} * s.hidden;
    RecurrentInput in = {};
    in.cell = cell;
    in.sizes = s;
    in.reverse = wires.seed % 2 == 0;
    in.weight_ih = signed_permutations(random, cell.gates, s.hidden, s.input, wires.live);
    in.weight_hh = signed_permutations(random, cell.gates, s.hidden, s.hidden, wires.live);
    const bool hn_alone = cell.reset_after() && wires.seed % 5 == 0;
    for (int32_t gate = 0; gate < cell.gates; gate++) {
        for (int32_t u = 0; u < s.hidden; u++) {
            const double held = random.integer(0, 1) == 0 ? -1.0 : 1.0;
            in.bias_ih.push_back(is_live(gate) ? small_integer(random, 4 * period) : held);
            in.bias_hh.push_back(is_live(gate) ? small_integer(random, 4 * period) : 0.0);
        }
    }
    if (hn_alone) {
        in.bias_hn = Doubles(in.bias_hh.end() - s.hidden, in.bias_hh.end());
        in.bias_hh.clear();
    }
    if (cell.peepholes()) in.peepholes = small_integers(random, 3 * s.hidden, 2 * period);
    in.x = small_integers(random, int64_t{s.batch} * s.steps * s.input, period);
    in.h0 = small_integers(random, units, period);
    if (cell.lstm()) in.c0 = small_integers(random, units, period);
    if (wires.seed % 3 != 0)
        for (int64_t i = 0; i < units; i++) in.recurrent_mask.push_back(random.integer(-1, 1));
    in.dy = small_integers(random, int64_t{s.batch} * s.steps * s.hidden, period);
    in.dhn = small_integers(random, units, period);
    if (cell.lstm()) in.dcn = small_integers(random, units, period);
    if (wires.ragged)
        for (int32_t b = 0; b < s.batch; b++) in.lengths.push_back(random.integer(0, s.steps));
    return in;
}

class Wiring : public testing::TestWithParam<IsaAndCell> {
protected:
    void isExact(const Wires &wires) {
        // As dense as stays exact in float.
        int32_t period = 2;
        RecurrentInput in = integer_input(GetParam().cell, wires, period);
        RecurrentOutput expected = recurrent_in_double<IdentityMaths>(in);
        while (expected.largest >= 0x1p24 && period < 32) {
            period *= 2;
            in = integer_input(GetParam().cell, wires, period);
            expected = recurrent_in_double<IdentityMaths>(in);
        }
        periods_.push_back(period);
        const std::string trace = "live gates " + std::to_string(wires.live) + ", " + text_of(wires.sizes) + ", seed " +
                                  std::to_string(wires.seed);
        ASSERT_LT(expected.largest, 0x1p24) << "the oracle's numbers must be exact in float: " << trace;
        rondo_context context;
        context.kernels = &wiring_kernels(GetParam().isa);
        context.threads = 1 + static_cast<int32_t>(wires.seed % 3);
        context.providers = 0;
        RecurrentForm form;
        form.time_major_x = wires.seed % 4 < 2;
        form.time_major_y = wires.seed % 5 < 2;
        RecurrentRunner runner(&context, in, form);
        const auto exact = [&](const char *name, const Doubles &a, const Doubles &e) {
            // A root is rounded, and its sum of squares may be.
            const double rounding = std::string(name) == "dh_norms" ? 1e-6 : 0.0;
            EXPECT_TRUE(close(a, e, Tolerance{0.0, rounding})) << name << ": " << trace;
        };
        for_each_output(runner.infer(), expected, exact);
        for_each_output(runner.train(), expected, exact);
    }

    std::vector<int32_t> periods_;
};

TEST_P(Wiring, isExact) {
    const int32_t lanes = lanes_of(GetParam().isa);
    const Cell &cell = GetParam().cell;
    std::vector<uint32_t> pairs;
    for (uint32_t live = 0; live < 1u << cell.gates; live++)
        if (__builtin_popcount(live) == 2) pairs.push_back(live);
    const uint32_t all = (1u << cell.gates) - 1u;
    if (pairs.empty()) pairs.push_back(all);
    uint64_t seed = 1;
    for (const int32_t hidden : {1, lanes - 1, lanes, lanes + 1, 4 * lanes + 1}) {
        for (const int32_t input : {1, 5, lanes + 2}) {
            for (const int32_t batch : {1, 6, 14}) {
                for (const bool ragged : {false, true}) {
                    isExact({{batch, 1, input, hidden}, all, ragged, ++seed});
                    isExact({{batch, 2, input, hidden}, all, ragged, ++seed});
                    for (const uint32_t live : pairs) isExact({{batch, 3, input, hidden}, live, ragged, ++seed});
                }
            }
        }
    }
    const auto dense = std::count(periods_.begin(), periods_.end(), 2);
    EXPECT_GT(4 * dense, 3 * static_cast<std::ptrdiff_t>(periods_.size())) << "most runs must be dense";
}

RONDO_EACH_ISA_AND_CELL(Wiring);

} // namespace
