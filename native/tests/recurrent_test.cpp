// The recurrent cells against their equations in double, and their promises of identical bits.
#include <atomic>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "support/recurrent_runner.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

class Recurrent : public testing::TestWithParam<IsaAndCell> {
protected:
    int32_t isa() const { return GetParam().isa.number; }
    const Cell &cell() const { return GetParam().cell; }

    RecurrentInput input(RecurrentSizes s, const Given &given, bool reverse, uint64_t seed) const {
        RecurrentInput in = random_input(cell(), s, given, seed);
        in.reverse = reverse;
        return in;
    }

    // Register tiles have 4 to 14 rows.
    std::vector<RecurrentSizes> sizes() const {
        const int32_t lanes = lanes_of(GetParam().isa);
        return {{1, 1, 1, 1},
                {1, 1, lanes, lanes},
                {1, 5, lanes - 1, lanes + 1},
                {7, 1, lanes + 1, lanes - 1},
                {6, 7, 3, 2 * lanes + 1},
                {13, 3, 17, 4 * lanes + 1},
                {12, 4, 1, 4 * lanes - 1},
                {29, 2, 2, 3},
                {5, 11, 67, 1},
                {3, 2, 300, 67}, // I beyond a block of k
                {32, 8, 5, 7},   // the steps projected at once do not divide T
                {30, 40, 5, 7},  // B T beyond a block of k, and beyond the steps projected at once
                {7, 9, 31, 4 * lanes}};
    }
};

const char *text_of(bool reverse) { return reverse ? "reverse" : "forward"; }

double largest_of(const Doubles &values) {
    double most = 0.1;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
}

// Sums of I + H terms in float (each of about 1 in all), activations within 2e-7, and what T steps hand on, which
// shrinks as fast as it grows with these weights; gradients of weights sum B T of these. Against the largest element,
// or a tenth of what goes in, where that cancels (one unit's gradient may).
void expect_agreement(const RecurrentOutput &actual, const RecurrentOutput &expected, RecurrentSizes s,
                      const std::string &trace) {
    const double terms = static_cast<double>(s.input + s.hidden) * s.steps + 2.0;
    const double error = 16.0 * float_epsilon * std::log2(terms) * std::sqrt(1.0 + std::log2(1.0 + s.steps));
    for_each_output(actual, expected, [&](const char *name, const Doubles &a, const Doubles &e) {
        EXPECT_TRUE(close(a, e, Tolerance{error * largest_of(e), error})) << name << " of " << trace;
    });
}

void expect_same(const RecurrentOutput &actual, const RecurrentOutput &expected, const std::string &trace) {
    for_each_output(actual, expected, [&](const char *name, const Doubles &a, const Doubles &e) {
        EXPECT_TRUE(same(a, e)) << name << ": " << trace;
    });
}

TEST_P(Recurrent, agrees) {
    in_both_placements([&] {
        uint64_t seed = 100;
        for (const RecurrentSizes s : sizes()) {
            for (int32_t turn = 0; turn < 4; turn++) {
                seed++;
                const auto bit = [&](int32_t period) { return static_cast<int32_t>(seed) % period != 0; };
                Given given = {.bias_ih = bit(2),
                               .bias_hh = bit(5),
                               .bias_hn = !bit(3),
                               .mask = bit(7),
                               .lengths = turn % 2 == 0,
                               .h0 = bit(3),
                               .c0 = bit(4),
                               .dy = bit(5),
                               .dhn = bit(2),
                               .dcn = bit(3)};
                if (!given.dy && !given.dhn && !given.dcn) given.dy = true;
                RecurrentForm form;
                form.time_major_x = (turn & 1) != 0;
                form.time_major_y = (turn & 2) != 0;
                form.gap = turn == 0 ? 0 : turn;
                const bool reverse = turn == 1 || turn == 2;
                const RecurrentInput in = input(s, given, reverse, seed);
                const RecurrentOutput expected = recurrent_in_double<StandardMaths>(in);
                const ContextOf context(isa(), 1 + turn % 3);
                RecurrentRunner runner(context, in, form);
                const std::string trace = text_of(s) + ", " + text_of(reverse) + ", seed " + std::to_string(seed);
                expect_agreement(runner.infer(), expected, s, trace);
                expect_agreement(runner.train(), expected, s, trace);
            }
        }
    });
}

// Each optional input alone, and all but it.
TEST_P(Recurrent, agreesWithoutEachOptionalInput) {
    const RecurrentSizes s = {7, 3, 5, 19};
    const ContextOf context(isa());
    uint64_t seed = 150;
    for (bool Given::*field : {&Given::bias_ih, &Given::bias_hh, &Given::mask, &Given::lengths, &Given::h0, &Given::c0,
                               &Given::dy, &Given::dhn, &Given::dcn}) {
        for (const bool others : {false, true}) {
            Given given = {others, others, false, others, others, others, others, others, others, others};
            given.*field = !others;
            if (!others) given.dy = true; // some gradient must come
            const bool reverse = ++seed % 2 == 0;
            const RecurrentInput in = input(s, given, reverse, seed);
            const RecurrentOutput expected = recurrent_in_double<StandardMaths>(in);
            RecurrentRunner runner(context, in);
            const std::string trace = "seed " + std::to_string(seed);
            expect_agreement(runner.infer(), expected, s, trace);
            expect_agreement(runner.train(), expected, s, trace);
        }
    }
}

TEST_P(Recurrent, givesWhatIsWantedWithoutTheRest) {
    const RecurrentSizes s = {5, 6, 9, 19};
    for (const bool reverse : {false, true}) {
        const RecurrentInput in = input(s, {.bias_hn = reverse}, reverse, 7);
        const ContextOf context(isa(), 2);
        const RecurrentOutput whole = RecurrentRunner(context, in).train();
        for (const OutputField &field : output_fields) {
            if (!field.fits(cell())) continue;
            const RecurrentOutput alone = RecurrentRunner(context, in, {.only = field.name}).train();
            int32_t outputs = 0;
            for_each_output(alone, whole, [&](const char *name, const Doubles &a, const Doubles &e) {
                outputs++;
                EXPECT_TRUE(same(a, e)) << name << ", " << text_of(reverse);
            });
            EXPECT_EQ(outputs, 1) << field.name;
        }
    }
}

// ------------------------------------------------------------------------------------------------------ same bits

// Whether cut by sequences or, where weights are many and sequences few, by units.
TEST_P(Recurrent, isTheSameWhateverTheThreads) {
    for (const RecurrentSizes s :
         {RecurrentSizes{21, 30, 40, 70}, RecurrentSizes{6, 5, 30, 243}, RecurrentSizes{24, 40, 67, 9}}) {
        for (const bool ragged : {false, true}) {
            const RecurrentInput in = input(s, {.lengths = ragged}, ragged, 11);
            const ContextOf one(isa(), 1);
            RecurrentRunner alone(one, in);
            const RecurrentOutput inferred = alone.infer(), trained = alone.train();
            for (const int32_t threads : {2, 3, 8}) {
                const ContextOf context(isa(), threads);
                RecurrentRunner runner(context, in);
                const std::string trace = std::to_string(threads) + " threads, " + text_of(s);
                expect_same(runner.infer(), inferred, trace);
                expect_same(runner.train(), trained, trace);
            }
        }
    }
}

// Fewer slices than threads, with rows that do not divide: what each slice takes of the scratch must still fit.
TEST_P(Recurrent, hasScratchForAnyNumberOfSlices) {
    std::vector<RecurrentInput> inputs;
    std::vector<RecurrentOutput> inferred, trained;
    const ContextOf one(isa(), 1);
    for (const int32_t batch : {5, 11, 17}) {
        for (const int32_t hidden : {40, 60, 75, 90, 110, 130}) {
            inputs.push_back(input({batch, 1, hidden, hidden}, {}, hidden % 20 == 0, 13));
            RecurrentRunner runner(one, inputs.back());
            inferred.push_back(runner.infer());
            trained.push_back(runner.train());
        }
    }
    for (int32_t threads = 2; threads <= 9; threads++) {
        const ContextOf context(isa(), threads);
        for (size_t i = 0; i < inputs.size(); i++) {
            RecurrentRunner runner(context, inputs[i]);
            const std::string trace = std::to_string(threads) + " threads, " + text_of(inputs[i].sizes);
            expect_same(runner.infer(), inferred[i], trace);
            expect_same(runner.train(), trained[i], trace);
        }
    }
}

// Sequence b of [B, each].
Doubles part_of(const Doubles &all, int32_t b, int64_t each) {
    return all.empty() ? Doubles() : Doubles(all.begin() + b * each, all.begin() + (b + 1) * each);
}

// One sequence of a batch by itself.
RecurrentInput sequence_of(const RecurrentInput &in, int32_t b) {
    RecurrentInput one = in;
    one.sizes.batch = 1;
    const RecurrentSizes s = in.sizes;
    one.x = part_of(in.x, b, int64_t{s.steps} * s.input);
    one.h0 = part_of(in.h0, b, s.hidden);
    one.c0 = part_of(in.c0, b, s.hidden);
    one.recurrent_mask = part_of(in.recurrent_mask, b, s.hidden);
    one.dy = part_of(in.dy, b, int64_t{s.steps} * s.hidden);
    one.dhn = part_of(in.dhn, b, s.hidden);
    one.dcn = part_of(in.dcn, b, s.hidden);
    if (!in.lengths.empty()) one.lengths = {in.lengths[static_cast<size_t>(b)]};
    return one;
}

TEST_P(Recurrent, givesASequenceTheSameWhateverTheOthers) {
    for (const bool reverse : {false, true}) {
        for (const bool ragged : {false, true}) {
            const RecurrentSizes s = {14, 12, 33, 37};
            const RecurrentInput in = input(s, {.lengths = ragged}, reverse, 17);
            const ContextOf context(isa(), 2);
            const RecurrentOutput whole = RecurrentRunner(context, in).train();
            for (int32_t b = 0; b < s.batch; b++) {
                const RecurrentInput one = sequence_of(in, b);
                const RecurrentOutput alone = RecurrentRunner(context, one).train();
                const auto check = [&](const char *name, const Doubles &a, const Doubles &all, int64_t each) {
                    EXPECT_TRUE(same(a, part_of(all, b, each)))
                        << name << " of sequence " << b << ", " << text_of(reverse);
                };
                check("y", alone.y, whole.y, int64_t{s.steps} * s.hidden);
                check("hn", alone.hn, whole.hn, s.hidden);
                check("cn", alone.cn, whole.cn, s.hidden);
                check("dx", alone.dx, whole.dx, int64_t{s.steps} * s.input);
                check("dh0", alone.dh0, whole.dh0, s.hidden);
                check("dc0", alone.dc0, whole.dc0, s.hidden);
            }
        }
    }
}

TEST_P(Recurrent, isTheSameInStepsAndInTraining) {
    const RecurrentSizes s = {9, 25, 20, 43};
    for (const bool reverse : {false, true}) {
        const RecurrentInput in = input(s, {.lengths = false}, reverse, 19);
        const ContextOf context(isa(), 2);
        const RecurrentOutput whole = RecurrentRunner(context, in).infer();
        const RecurrentOutput trained = RecurrentRunner(context, in).train();
        EXPECT_TRUE(same(trained.y, whole.y));
        EXPECT_TRUE(same(trained.hn, whole.hn));
        EXPECT_TRUE(same(trained.cn, whole.cn));
        for (const int32_t chunk : {1, 4}) {
            Doubles h = in.h0, c = in.c0;
            for (int32_t walked = 0; walked < s.steps; walked += chunk) {
                RecurrentInput part = in;
                const int32_t steps = std::min(chunk, s.steps - walked);
                const int32_t t = reverse ? s.steps - walked - steps : walked;
                part.sizes.steps = steps;
                part.h0 = h;
                part.c0 = c;
                part.dy.clear();
                part.x.clear();
                for (int64_t b = 0; b < s.batch; b++)
                    part.x.insert(part.x.end(), in.x.begin() + (b * s.steps + t) * s.input,
                                  in.x.begin() + (b * s.steps + t + steps) * s.input);
                const RecurrentOutput out = RecurrentRunner(context, part).infer();
                for (int64_t b = 0; b < s.batch; b++)
                    for (int64_t i = 0; i < int64_t{steps} * s.hidden; i++)
                        ASSERT_EQ(out.y[static_cast<size_t>(b * steps * s.hidden + i)],
                                  whole.y[static_cast<size_t>((b * s.steps + t) * s.hidden + i)])
                            << "from step " << t << " in chunks of " << chunk << ", " << text_of(reverse);
                h = out.hn;
                c = out.cn;
            }
            EXPECT_TRUE(same(h, whole.hn));
            EXPECT_TRUE(same(c, whole.cn));
        }
    }
}

// A single step has a way of its own in inference; training goes the way of all others. Every other step on the same
// weights goes through the units downwards.
TEST_P(Recurrent, isTheSameInASingleStep) {
    const int32_t lanes = lanes_of(GetParam().isa);
    const ContextOf context(isa());
    uint64_t seed = 500;
    // In the last one two panels are summed together.
    for (const int32_t hidden : {1, lanes - 1, 4 * lanes + 1, 2048 / lanes + 3 * lanes}) {
        for (const bool given : {false, true}) {
            const RecurrentSizes s = {1, 1, 2 * lanes + 3, hidden};
            const RecurrentInput in =
                input(s, {.mask = false, .lengths = false, .h0 = given, .c0 = given}, given, ++seed);
            const RecurrentOutput expected = RecurrentRunner(context, in).train();
            const std::string trace = text_of(s) + ", seed " + std::to_string(seed);
            expect_agreement(expected, recurrent_in_double<StandardMaths>(in), s, trace);
            RecurrentRunner runner(context, in);
            for (const char *way : {" one way", " the other"}) expect_same(runner.infer(), expected, trace + way);
            for (const char *wanted : {"y", "hn", "cn"}) {
                if (std::string(wanted) == "cn" && !cell().lstm()) continue;
                expect_same(RecurrentRunner(context, in, {.only = wanted}).infer(), expected, trace + ", " + wanted);
            }
        }
    }
}

// [B,T,F] with each sequence turned round within its own length.
Doubles turned_round(const Doubles &values, const RecurrentInput &in, int32_t features) {
    Doubles turned = values;
    for (int32_t b = 0; b < in.sizes.batch && !values.empty(); b++) {
        const auto row = [&](int32_t t) { return (int64_t{b} * in.sizes.steps + t) * features; };
        for (int32_t t = 0; t < in.length(b); t++)
            std::copy(values.begin() + row(t), values.begin() + row(t) + features,
                      turned.begin() + row(in.length(b) - 1 - t));
    }
    return turned;
}

TEST_P(Recurrent, readsInReverseWhatForwardReadsTurnedRound) {
    for (const bool ragged : {false, true}) {
        const RecurrentSizes s = {9, 13, 6, 21};
        const RecurrentInput in = input(s, {.lengths = ragged}, true, 41);
        RecurrentInput turned = in;
        turned.reverse = false;
        turned.x = turned_round(in.x, in, s.input);
        turned.dy = turned_round(in.dy, in, s.hidden);
        const ContextOf context(isa(), 2);
        RecurrentOutput expected = RecurrentRunner(context, turned).train();
        expected.y = turned_round(expected.y, in, s.hidden);
        expected.dx = turned_round(expected.dx, in, s.input);
        RecurrentOutput actual = RecurrentRunner(context, in).train();
        // Norms go by the place of a step, which sequences of other lengths reach at another time.
        if (ragged) actual.dh_norms.clear();
        std::reverse(expected.dh_norms.begin(), expected.dh_norms.end());
        expect_same(actual, expected, ragged ? "ragged" : "whole");
        const RecurrentOutput inferred = RecurrentRunner(context, in).infer();
        expect_same(inferred, actual, "inference");
    }
}

TEST_P(Recurrent, takesAMaskOfOnesForNone) {
    for (const bool ragged : {false, true}) {
        RecurrentInput in = input({9, 6, 6, 21}, {.mask = false, .lengths = ragged}, ragged, 43);
        const ContextOf context(isa(), 2);
        const RecurrentOutput inferred = RecurrentRunner(context, in).infer();
        const RecurrentOutput trained = RecurrentRunner(context, in).train();
        in.recurrent_mask.assign(9 * 21, 1.0);
        expect_same(RecurrentRunner(context, in).infer(), inferred, "inference");
        expect_same(RecurrentRunner(context, in).train(), trained, "training");
    }
}

TEST_P(Recurrent, takesTwoBiasesForTheirSum) {
    const RecurrentSizes s = {9, 6, 6, 21};
    const RecurrentInput in = input(s, {}, false, 47);
    RecurrentInput summed = in;
    // Of n in GRU_RESET_AFTER the parts stay apart.
    const size_t apart = cell().reset_after() ? static_cast<size_t>(2 * s.hidden) : in.bias_ih.size();
    for (size_t q = 0; q < apart; q++) summed.bias_ih[q] += in.bias_hh[q];
    summed.bias_hh.clear();
    if (cell().reset_after())
        summed.bias_hn = Doubles(in.bias_hh.begin() + static_cast<std::ptrdiff_t>(apart), in.bias_hh.end());
    const ContextOf context(isa());
    expect_agreement(RecurrentRunner(context, summed).train(), RecurrentRunner(context, in).train(), s, "the sum");
    // And bias_hh alone for bias_ih alone.
    if (cell().reset_after()) return;
    std::swap(summed.bias_ih, summed.bias_hh);
    RecurrentInput other = summed;
    std::swap(other.bias_ih, other.bias_hh);
    expect_same(RecurrentRunner(context, summed).train(), RecurrentRunner(context, other).train(), "one bias");
}

// ------------------------------------------------------------------------------------------------- unusual numbers

// What a padded step holds must not matter, whatever it is.
TEST_P(Recurrent, ignoresPadding) {
    const RecurrentSizes s = {6, 8, 7, 18};
    for (const bool reverse : {false, true}) {
        RecurrentInput in = input(s, {}, reverse, 23);
        const ContextOf context(isa(), 2);
        const RecurrentOutput expected = RecurrentRunner(context, in).train();
        for (int32_t b = 0; b < s.batch; b++) {
            for (int32_t t = in.length(b); t < s.steps; t++) {
                const auto row = static_cast<size_t>(b * s.steps + t);
                for (size_t j = 0; j < 7; j++) in.x[row * 7 + j] = std::nan("");
                for (size_t j = 0; j < 18; j++) in.dy[row * 18 + j] = std::nan("");
            }
        }
        expect_same(RecurrentRunner(context, in).train(), expected, "NaN in the padding");
    }
}

TEST_P(Recurrent, keepsNanToItsSequenceFromItsStepOn) {
    const RecurrentSizes s = {8, 5, 6, 21};
    for (const bool reverse : {false, true}) {
        RecurrentInput in = input(s, {.mask = false, .lengths = false}, reverse, 29);
        const ContextOf context(isa());
        const RecurrentOutput clean = RecurrentRunner(context, in).infer();
        in.x[static_cast<size_t>((3 * 5 + 2) * 6 + 1)] = std::nan("");
        const RecurrentOutput out = RecurrentRunner(context, in).infer();
        for (int32_t b = 0; b < s.batch; b++)
            for (int32_t t = 0; t < s.steps; t++)
                for (int32_t u = 0; u < s.hidden; u++) {
                    const auto at = static_cast<size_t>((b * s.steps + t) * s.hidden + u);
                    if (b == 3 && (reverse ? t <= 2 : t >= 2)) {
                        ASSERT_TRUE(std::isnan(out.y[at])) << "step " << t << ", " << text_of(reverse);
                    } else {
                        ASSERT_EQ(out.y[at], clean.y[at]) << "step " << t << ", " << text_of(reverse);
                    }
                }
    }
}

// Weights of thousands. An activation is 0 or 1 but for a few whose sum is near zero, which float rounds by 1e-3; what
// no activation bounds grows by as much at each step, to 1e28.
TEST_P(Recurrent, saturates) {
    const RecurrentSizes s = {3, 6, 4, 17};
    RecurrentInput in = input(s, {}, false, 31);
    for (double &w : in.weight_ih) w *= 1e4;
    for (double &w : in.weight_hh) w *= 1e4;
    const RecurrentOutput expected = recurrent_in_double<StandardMaths>(in);
    const ContextOf context(isa());
    const RecurrentOutput out = RecurrentRunner(context, in).infer();
    int64_t far = 0;
    for (size_t i = 0; i < out.y.size(); i++) {
        ASSERT_TRUE(std::isfinite(out.y[i]));
        far += std::abs(out.y[i] - expected.y[i]) > 1e-2 + (cell().unbounded() ? 1e-4 * std::abs(expected.y[i]) : 0.0);
    }
    EXPECT_LE(far, static_cast<int64_t>(out.y.size()) / 50);
    EXPECT_GT(largest_of(out.y), cell().unbounded() ? 1e20 : 0.9);
}

// ------------------------------------------------------------------------------------------------ memory and packs

// Gradients that vanish or explode: their squares leave the range of float, their norms do not.
TEST_P(Recurrent, normsReachAsFarAsGradients) {
    if (cell().number != RONDO_CELL_RNN_IDENTITY) return; // of which they are powers
    const RecurrentSizes s = {2, 40, 1, 1};
    for (const double weight : {0.2, 5.0}) {
        RecurrentInput in = input(s, {.mask = false, .lengths = false}, false, 41);
        in.weight_hh = {weight};
        in.dy.assign(in.dy.size(), 0.0);
        in.dhn = {3.0, 4.0};
        const ContextOf context(isa());
        const RecurrentOutput out = RecurrentRunner(context, in).train();
        for (int32_t t = 0; t < s.steps; t++) {
            const double expected = 5.0 * std::pow(weight, s.steps - 1 - t);
            EXPECT_NEAR(out.dh_norms[static_cast<size_t>(t)] / expected, 1.0, 1e-4) << "step " << t;
        }
    }
}

// Whoever changes the lengths during a call gets an error or wrong results, and no more than that.
TEST_P(Recurrent, survivesLengthsThatChange) {
    const RecurrentSizes s = {40, 30, 3, 5};
    const RecurrentInput in = input(s, {.mask = false}, false, 43);
    const ContextOf context(isa(), 2);
    RecurrentRunner runner(context, in, {}, RONDO_PACK_FORWARD);
    runner.infer();
    auto call = forward_call(cell(), s);
    Guarded<char> scratch = aligned_memory(needs_of(context, &call).scratch_bytes);
    const Floats x = floats_of(in.x);
    std::vector<int32_t> lengths(40, 30);
    Floats y(int64_t{s.batch} * s.steps * s.hidden), hn(int64_t{s.batch} * s.hidden);
    call.packed = runner.packed().data();
    call.packed_bytes = runner.packed().size();
    call.x = x.data();
    call.x_batch_stride = s.steps * s.input;
    call.x_time_stride = s.input;
    call.lengths = lengths.data();
    call.y = y.data();
    call.y_batch_stride = s.steps * s.hidden;
    call.y_time_stride = s.hidden;
    call.hn = hn.data();
    call.scratch = scratch.data();
    call.scratch_bytes = scratch.size();
    std::atomic<bool> stop = false;
    std::thread other([&] {
        for (int32_t i = 0; !stop; i++)
            __atomic_store_n(&lengths[static_cast<size_t>(i % 40)], i % 7919, __ATOMIC_RELAXED);
    });
    int32_t ran = 0;
    for (int32_t i = 0; i < 300; i++) {
        if (i % 3 == 0)
            for (int32_t &length : lengths) __atomic_store_n(&length, i % 31, __ATOMIC_RELAXED);
        const void *calls[] = {&call};
        ran += rondo_run(context, calls, 1, nullptr, nullptr, nullptr, nullptr, nullptr) == RONDO_OK;
    }
    stop = true;
    other.join();
    RecordProperty("ran", ran);
}

TEST_P(Recurrent, mayReplaceItsState) {
    for (const RecurrentSizes s : {RecurrentSizes{7, 4, 5, 19}, RecurrentSizes{1, 1, 5, 19}}) {
        const RecurrentInput in = input(s, {.mask = false, .lengths = s.steps > 1}, false, 37);
        const ContextOf context(isa(), 2);
        RecurrentRunner runner(context, in, {}, RONDO_PACK_FORWARD);
        const RecurrentOutput expected = runner.infer();
        for (const bool wants_y : {false, true}) {
            auto call = forward_call(cell(), s);
            Guarded<char> scratch = aligned_memory(needs_of(context, &call).scratch_bytes);
            const Floats x = floats_of(in.x);
            const Ints lengths(in.lengths);
            Floats h = floats_of(in.h0), c = floats_of(in.c0);
            Floats y(static_cast<size_t>(s.batch * s.steps * s.hidden));
            call.packed = runner.packed().data();
            call.packed_bytes = runner.packed().size();
            call.x = x.data();
            call.x_batch_stride = s.steps * s.input;
            call.x_time_stride = s.input;
            call.lengths = in.lengths.empty() ? nullptr : lengths.data();
            call.h0 = call.hn = h.data();
            if (cell().lstm()) call.c0 = call.cn = c.data();
            if (wants_y) call.y = y.data();
            call.y_batch_stride = s.steps * s.hidden;
            call.y_time_stride = s.hidden;
            call.scratch = scratch.data();
            call.scratch_bytes = scratch.size();
            run(context, &call);
            EXPECT_TRUE(same(h, expected.hn)) << text_of(s);
            EXPECT_TRUE(same(c, expected.cn)) << text_of(s);
            if (!wants_y) continue;
            EXPECT_TRUE(same(y, expected.y)) << text_of(s);
        }
    }
}

TEST_P(Recurrent, refusesAPackOfSomethingElse) {
    const RecurrentSizes s = {7, 4, 5, 19};
    const RecurrentInput in = input(s, {.mask = false}, false, 37);
    const ContextOf context(isa(), 2);
    RecurrentRunner runner(context, in, {}, RONDO_PACK_FORWARD);
    const Guarded<char> &packed = runner.packed();
    auto call = forward_call(cell(), s);
    call.packed = packed.data();
    call.packed_bytes = packed.size();

    // The forward pack serves no backward pass, no other shape, no other cell and no other instruction set.
    auto back = backward_call(cell(), s);
    back.packed = packed.data();
    back.packed_bytes = packed.size();
    const auto refused = [](const std::string &text, const char *start) {
        EXPECT_EQ(text.rfind(start, 0), 0u) << text;
    };
    refused(error_of(context, back), "recurrent_backward: packed: expected a pack of op 1 ");
    const char *expected_start = "recurrent_forward: packed: expected a pack of op 1 ";
    call.hidden_size--;
    refused(error_of(context, call), expected_start);
    call.hidden_size++;
    call.input_size++;
    refused(error_of(context, call), expected_start);
    call.input_size--;
    for (const Isa other : runnable_isas())
        if (other.number != isa()) refused(error_of(ContextOf(other.number), call), expected_start);
    call.packed_bytes -= 64;
    refused(error_of(context, call), "recurrent_forward: packed: expected at least ");
    call.packed_bytes += 64;
    call.c0 = call.cn = nullptr;
    for (const Cell &other : all_cells) {
        if (other.number == cell().number) continue;
        call.cell = other.number;
        refused(error_of(context, call), expected_start);
    }
}

TEST_P(Recurrent, needsNoMoreForLess) {
    const ContextOf context(isa(), 3);
    const auto needs = [&](int32_t batch, int32_t steps) {
        const RecurrentSizes s = {batch, steps, 9, 21};
        const auto forward = forward_call(cell(), s);
        const auto backward = backward_call(cell(), s);
        const rondo_memory_needs f = needs_of(context, &forward), b = needs_of(context, &backward);
        EXPECT_EQ(f.saved_bytes, b.saved_bytes);
        return std::vector<int64_t>{f.scratch_bytes, b.scratch_bytes, f.saved_bytes};
    };
    for (int32_t batch = 1; batch <= 40; batch++) {
        for (const int32_t steps : {1, 2, 3, 10, 50, 97}) {
            const std::vector<int64_t> small = needs(batch, steps), wide = needs(batch + 1, steps),
                                       tall = needs(batch, steps + 1);
            for (size_t i = 0; i < small.size(); i++) {
                EXPECT_LE(small[i], wide[i]) << "need " << i << ", batch " << batch << ", steps " << steps;
                EXPECT_LE(small[i], tall[i]) << "need " << i << ", batch " << batch << ", steps " << steps;
            }
        }
    }
}

RONDO_EACH_ISA_AND_CELL(Recurrent);

} // namespace
