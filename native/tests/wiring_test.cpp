// The LSTM with identities in place of its activations, on small integers: every sum is exact, so a wrong wire between
// gates, rows or steps shows as a wrong bit. The kernels are the same source, instantiated once more for each
// instruction set in wiring_<isa>.cpp.
//
// Weights are signed permutations: each gate sees one input and one state, by a sign. With all four gates live, numbers
// grow by squares, so these runs have two steps; with two live gates (the others are held at -1 or 1 by their bias)
// three steps stay below 2^24.
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "context.hpp"
#include "support/lstm.hpp"

namespace rondo {

const KernelTable &baseline_wiring_kernels();
const KernelTable &avx2_wiring_kernels();
const KernelTable &avx512_wiring_kernels();

} // namespace rondo

namespace {

using namespace rondo;
using namespace rondo::test;

const KernelTable &wiring_kernels(Isa isa) {
    switch (isa.number) {
    case RONDO_ISA_AVX512: return avx512_wiring_kernels();
    case RONDO_ISA_AVX2: return avx2_wiring_kernels();
    default: return baseline_wiring_kernels();
    }
}

// Rows u of each live gate: one weight of -1 or 1, at the place of u in a random permutation; other gates: zero.
Doubles signed_permutations(Random &random, int32_t hidden, int32_t columns, uint32_t live) {
    Doubles weights(static_cast<size_t>(4 * hidden * columns), 0.0);
    for (int32_t gate = 0; gate < 4; gate++) {
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

LstmInput integer_input(LstmSizes s, uint32_t live, bool ragged, uint64_t seed) {
    Random random(seed);
    LstmInput in = {};
    in.sizes = s;
    const int32_t period = live == 15 ? 3 : 2;
    in.weight_ih = signed_permutations(random, s.hidden, s.input, live);
    in.weight_hh = signed_permutations(random, s.hidden, s.hidden, live);
    for (int32_t gate = 0; gate < 4; gate++)
        for (int32_t u = 0; u < s.hidden; u++)
            in.bias.push_back((live >> gate & 1u) != 0    ? small_integer(random, 2 * period)
                              : random.integer(0, 1) == 0 ? -1
                                                          : 1);
    in.x = small_integers(random, int64_t{s.batch} * s.steps * s.input, period);
    in.h0 = small_integers(random, s.batch * s.hidden, period);
    in.c0 = small_integers(random, s.batch * s.hidden, period);
    in.dy = small_integers(random, int64_t{s.batch} * s.steps * s.hidden, period);
    in.dhn = small_integers(random, s.batch * s.hidden, period);
    in.dcn = small_integers(random, s.batch * s.hidden, period);
    if (ragged)
        for (int32_t b = 0; b < s.batch; b++) in.lengths.push_back(random.integer(0, s.steps));
    return in;
}

class Wiring : public testing::TestWithParam<Isa> {
protected:
    void isExact(LstmSizes s, uint32_t live, bool ragged, int32_t threads, uint64_t seed) {
        const LstmInput in = integer_input(s, live, ragged, seed);
        const LstmOutput expected = lstm_in_double<IdentityMaths>(in);
        ASSERT_LT(expected.largest, 0x1p24) << "the oracle's numbers must be exact in float";
        rondo_context context;
        context.kernels = &wiring_kernels(GetParam());
        context.threads = threads;
        context.providers = 0;
        LstmForm form;
        form.time_major_x = seed % 2 == 0;
        form.time_major_y = seed % 3 == 0;
        LstmRunner runner(&context, in, form);
        const std::string trace = "live gates " + std::to_string(live) + ", B " + std::to_string(s.batch) + ", T " +
                                  std::to_string(s.steps) + ", I " + std::to_string(s.input) + ", H " +
                                  std::to_string(s.hidden) + ", seed " + std::to_string(seed);
        const auto exact = [&](const char *name, const Doubles &a, const Doubles &e) {
            EXPECT_TRUE(close(a, e, Tolerance{0.0, 0.0})) << name << ": " << trace;
        };
        for_each_output(runner.infer(), expected, exact);
        for_each_output(runner.train(), expected, exact);
    }
};

TEST_P(Wiring, isExact) {
    const int32_t lanes = lanes_of(GetParam()), rows = kernels(GetParam().number).tile_rows;
    const uint32_t i = 1, f = 2, g = 4, o = 8;
    uint64_t seed = 1;
    for (const int32_t hidden : {1, lanes - 1, lanes, lanes + 1, 4 * lanes + 1}) {
        for (const int32_t input : {1, 5, lanes + 2}) {
            for (const int32_t batch : {1, rows, rows + 2}) {
                for (const bool ragged : {false, true}) {
                    seed++;
                    isExact({batch, 1, input, hidden}, i | f | g | o, ragged, 1 + static_cast<int32_t>(seed % 3), seed);
                    isExact({batch, 2, input, hidden}, i | f | g | o, ragged, 1 + static_cast<int32_t>(seed % 3), seed);
                    for (const uint32_t live : {i | f, i | g, i | o, f | g, f | o, g | o})
                        isExact({batch, 3, input, hidden}, live, ragged, 1 + static_cast<int32_t>(seed % 3), seed);
                }
            }
        }
    }
}

RONDO_EACH_ISA(Wiring);

} // namespace
