// The LSTM against its equations in double, its promises of identical bits, and its errors.
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/lstm.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

double loss_of(const LstmInput &in) {
    const LstmOutput out = lstm_in_double<StandardMaths>(in);
    double loss = 0.0;
    for (size_t i = 0; i < in.dy.size(); i++) loss += in.dy[i] * out.y[i]; // y is zero at padded steps
    for (size_t i = 0; i < in.dhn.size(); i++) loss += in.dhn[i] * out.hn[i];
    for (size_t i = 0; i < in.dcn.size(); i++) loss += in.dcn[i] * out.cn[i];
    return loss;
}

// The oracle's gradients are those of its own forward pass.
TEST(LstmOracle, agreesWithFiniteDifferences) {
    LstmInput in = random_input({3, 4, 3, 2}, {}, 5);
    in.lengths = {4, 0, 2};
    const LstmOutput out = lstm_in_double<StandardMaths>(in);
    const auto check = [&](const char *name, Doubles &values, const Doubles &gradient) {
        ASSERT_EQ(values.size(), gradient.size());
        for (size_t i = 0; i < values.size(); i++) {
            const double before = values[i], step = 1e-5;
            values[i] = before + step;
            const double above = loss_of(in);
            values[i] = before - step;
            const double below = loss_of(in);
            values[i] = before;
            EXPECT_NEAR(gradient[i], (above - below) / (2.0 * step), 1e-8) << name << "[" << i << "]";
        }
    };
    check("x", in.x, out.dx);
    check("weight_ih", in.weight_ih, out.dweight_ih);
    check("weight_hh", in.weight_hh, out.dweight_hh);
    check("bias", in.bias, out.dbias);
    check("h0", in.h0, out.dh0);
    check("c0", in.c0, out.dc0);
}

double largest_of(const Doubles &values) {
    double most = 1e-3;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
}

// Sums of I + H terms in float (each of about 1 in all), activations within 2e-7, and what T steps hand on, which
// shrinks as fast as it grows with these weights; gradients of weights sum B T of these. Against the largest element.
void expect_agreement(const LstmOutput &actual, const LstmOutput &expected, LstmSizes s, const std::string &trace) {
    const double terms = static_cast<double>(s.input + s.hidden) * s.steps + 2.0;
    const double error = 16.0 * float_epsilon * std::log2(terms) * std::sqrt(1.0 + std::log2(1.0 + s.steps));
    for_each_output(actual, expected, [&](const char *name, const Doubles &a, const Doubles &e) {
        EXPECT_TRUE(close(a, e, Tolerance{error * largest_of(e), error})) << name << " of " << trace;
    });
}

std::string text_of(LstmSizes s) {
    return "B " + std::to_string(s.batch) + ", T " + std::to_string(s.steps) + ", I " + std::to_string(s.input) +
           ", H " + std::to_string(s.hidden);
}

class Lstm : public testing::TestWithParam<Isa> {
protected:
    std::vector<LstmSizes> sizes() const {
        const int32_t lanes = lanes_of(GetParam()), rows = kernels(GetParam().number).tile_rows;
        return {{1, 1, 1, 1},
                {1, 1, lanes, lanes},
                {1, 5, lanes - 1, lanes + 1},
                {rows + 1, 1, lanes + 1, lanes - 1},
                {rows, 7, 3, 2 * lanes + 1},
                {2 * rows + 1, 3, 17, 4 * lanes + 1},
                {13, 4, 1, 4 * lanes - 1},
                {5, 11, 67, 1},
                {3, 2, 300, 67}, // I beyond a block of k
                {30, 40, 5, 7},  // B T beyond a block of k, and beyond the steps projected at once
                {7, 9, 31, 4 * lanes}};
    }
};

TEST_P(Lstm, agrees) {
    in_both_placements([&] {
        uint64_t seed = 100;
        for (const LstmSizes s : sizes()) {
            for (int32_t turn = 0; turn < 4; turn++) {
                seed++;
                const auto bit = [&](int32_t period) { return static_cast<int32_t>(seed) % period != 0; };
                Given given = {bit(2), turn % 2 == 0, bit(3), bit(4), bit(5), bit(2), bit(3)};
                if (!given.dy && !given.dhn && !given.dcn) given.dy = true;
                LstmForm form;
                form.time_major_x = (turn & 1) != 0;
                form.time_major_y = (turn & 2) != 0;
                form.gap = turn == 0 ? 0 : turn;
                const LstmInput in = random_input(s, given, seed);
                const LstmOutput expected = lstm_in_double<StandardMaths>(in);
                const ContextOf context(GetParam().number, 1 + turn % 3);
                LstmRunner runner(context, in, form);
                expect_agreement(runner.infer(), expected, s, text_of(s));
                expect_agreement(runner.train(), expected, s, text_of(s));
            }
        }
    });
}

TEST_P(Lstm, givesWhatIsWantedWithoutTheRest) {
    const LstmSizes s = {5, 6, 9, 19};
    const LstmInput in = random_input(s, {}, 7);
    const ContextOf context(GetParam().number, 2);
    const LstmOutput whole = LstmRunner(context, in).train();
    const auto one = [](bool LstmForm::*field) {
        LstmForm form;
        for (bool LstmForm::*each : {&LstmForm::y, &LstmForm::hn, &LstmForm::cn, &LstmForm::dx, &LstmForm::dweight_ih,
                                     &LstmForm::dweight_hh, &LstmForm::dbias, &LstmForm::dh0, &LstmForm::dc0})
            form.*each = each == field;
        return form;
    };
    for (bool LstmForm::*field : {&LstmForm::y, &LstmForm::hn, &LstmForm::cn, &LstmForm::dx, &LstmForm::dweight_ih,
                                  &LstmForm::dweight_hh, &LstmForm::dbias, &LstmForm::dh0, &LstmForm::dc0}) {
        const LstmOutput alone = LstmRunner(context, in, one(field)).train();
        int32_t outputs = 0;
        for_each_output(alone, whole, [&](const char *name, const Doubles &a, const Doubles &e) {
            outputs++;
            EXPECT_TRUE(same(a, e)) << name;
        });
        EXPECT_EQ(outputs, 1);
    }
}

void expect_same(const LstmOutput &actual, const LstmOutput &expected, const std::string &trace) {
    for_each_output(actual, expected, [&](const char *name, const Doubles &a, const Doubles &e) {
        EXPECT_TRUE(same(a, e)) << name << ": " << trace;
    });
}

TEST_P(Lstm, isTheSameWhateverTheThreads) {
    for (const bool ragged : {false, true}) {
        const LstmSizes s = {21, 30, 40, 70};
        Given given;
        given.lengths = ragged;
        const LstmInput in = random_input(s, given, 11);
        const ContextOf alone(GetParam().number, 1);
        LstmRunner expected(alone, in);
        for (const int32_t threads : {2, 3, 8}) {
            const ContextOf context(GetParam().number, threads);
            LstmRunner runner(context, in);
            expect_same(runner.infer(), expected.infer(), std::to_string(threads) + " threads");
            expect_same(runner.train(), expected.train(), std::to_string(threads) + " threads");
        }
    }
}

// Fewer slices than threads, with rows that do not divide: what each slice takes of the scratch must still fit.
TEST_P(Lstm, hasScratchForAnyNumberOfSlices) {
    for (int32_t threads = 1; threads <= 9; threads++) {
        const ContextOf context(GetParam().number, threads), alone(GetParam().number, 1);
        for (const int32_t batch : {5, 11, 17}) {
            for (const int32_t hidden : {40, 60, 75, 90, 110, 130}) {
                const LstmInput in = random_input({batch, 1, hidden, hidden}, {}, 13);
                LstmRunner runner(context, in), expected(alone, in);
                expect_same(runner.infer(), expected.infer(), std::to_string(threads) + " threads");
                expect_same(runner.train(), expected.train(), std::to_string(threads) + " threads");
            }
        }
    }
}

// One sequence of a batch by itself.
LstmInput sequence_of(const LstmInput &in, int32_t b) {
    LstmInput one = in;
    one.sizes.batch = 1;
    const auto part = [b](const Doubles &all, int64_t each) {
        return all.empty() ? Doubles() : Doubles(all.begin() + b * each, all.begin() + (b + 1) * each);
    };
    const LstmSizes s = in.sizes;
    one.x = part(in.x, int64_t{s.steps} * s.input);
    one.h0 = part(in.h0, s.hidden);
    one.c0 = part(in.c0, s.hidden);
    one.dy = part(in.dy, int64_t{s.steps} * s.hidden);
    one.dhn = part(in.dhn, s.hidden);
    one.dcn = part(in.dcn, s.hidden);
    if (!in.lengths.empty()) one.lengths = {in.lengths[static_cast<size_t>(b)]};
    return one;
}

TEST_P(Lstm, givesASequenceTheSameWhateverTheOthers) {
    for (const bool ragged : {false, true}) {
        const LstmSizes s = {14, 12, 33, 37};
        Given given;
        given.lengths = ragged;
        const LstmInput in = random_input(s, given, 17);
        const ContextOf context(GetParam().number, 2);
        const LstmOutput whole = LstmRunner(context, in).infer();
        for (int32_t b = 0; b < s.batch; b++) {
            const LstmInput one = sequence_of(in, b);
            const LstmOutput alone = LstmRunner(context, one).infer();
            const auto part = [b](const Doubles &all, int64_t each) {
                return Doubles(all.begin() + b * each, all.begin() + (b + 1) * each);
            };
            EXPECT_TRUE(same(alone.y, part(whole.y, int64_t{s.steps} * s.hidden))) << "sequence " << b;
            EXPECT_TRUE(same(alone.hn, part(whole.hn, s.hidden))) << "sequence " << b;
            EXPECT_TRUE(same(alone.cn, part(whole.cn, s.hidden))) << "sequence " << b;
        }
    }
}

TEST_P(Lstm, isTheSameInStepsAndInTraining) {
    const LstmSizes s = {9, 25, 20, 43};
    Given given;
    given.lengths = false;
    const LstmInput in = random_input(s, given, 19);
    const ContextOf context(GetParam().number, 2);
    const LstmOutput whole = LstmRunner(context, in).infer();
    const LstmOutput trained = LstmRunner(context, in).train();
    EXPECT_TRUE(same(trained.y, whole.y));
    EXPECT_TRUE(same(trained.hn, whole.hn));
    EXPECT_TRUE(same(trained.cn, whole.cn));
    for (const int32_t chunk : {1, 4}) {
        Doubles h = in.h0, c = in.c0;
        for (int32_t t = 0; t < s.steps; t += chunk) {
            LstmInput part = in;
            part.sizes.steps = std::min(chunk, s.steps - t);
            part.h0 = h;
            part.c0 = c;
            part.dy.clear();
            part.x.clear();
            for (int64_t b = 0; b < s.batch; b++)
                part.x.insert(part.x.end(), in.x.begin() + (b * s.steps + t) * s.input,
                              in.x.begin() + (b * s.steps + t + part.sizes.steps) * s.input);
            const LstmOutput out = LstmRunner(context, part).infer();
            for (int64_t b = 0; b < s.batch; b++)
                for (int64_t i = 0; i < int64_t{part.sizes.steps} * s.hidden; i++)
                    ASSERT_EQ(out.y[static_cast<size_t>(b * part.sizes.steps * s.hidden + i)],
                              whole.y[static_cast<size_t>((b * s.steps + t) * s.hidden + i)])
                        << "from step " << t << " in chunks of " << chunk;
            h = out.hn;
            c = out.cn;
        }
        EXPECT_TRUE(same(h, whole.hn));
        EXPECT_TRUE(same(c, whole.cn));
    }
}

// What a padded step holds must not matter, whatever it is.
TEST_P(Lstm, ignoresPadding) {
    const LstmSizes s = {6, 8, 7, 18};
    LstmInput in = random_input(s, {}, 23);
    const ContextOf context(GetParam().number, 2);
    const LstmOutput expected = LstmRunner(context, in).train();
    for (int32_t b = 0; b < s.batch; b++) {
        for (int32_t t = in.length(b); t < s.steps; t++) {
            const auto row = static_cast<size_t>(b * s.steps + t);
            for (size_t j = 0; j < 7; j++) in.x[row * 7 + j] = std::nan("");
            for (size_t j = 0; j < 18; j++) in.dy[row * 18 + j] = std::nan("");
        }
    }
    expect_same(LstmRunner(context, in).train(), expected, "NaN in the padding");
}

TEST_P(Lstm, keepsNanToItsSequenceFromItsStepOn) {
    const LstmSizes s = {8, 5, 6, 21};
    LstmInput in = random_input(s, {.lengths = false}, 29);
    const ContextOf context(GetParam().number);
    const LstmOutput clean = LstmRunner(context, in).infer();
    in.x[static_cast<size_t>((3 * 5 + 2) * 6 + 1)] = std::nan("");
    const LstmOutput out = LstmRunner(context, in).infer();
    for (int32_t b = 0; b < s.batch; b++)
        for (int32_t t = 0; t < s.steps; t++)
            for (int32_t u = 0; u < s.hidden; u++) {
                const auto at = static_cast<size_t>((b * s.steps + t) * s.hidden + u);
                if (b == 3 && t >= 2) {
                    ASSERT_TRUE(std::isnan(out.y[at]));
                } else {
                    ASSERT_EQ(out.y[at], clean.y[at]);
                }
            }
}

TEST_P(Lstm, saturates) {
    const LstmSizes s = {3, 6, 4, 17};
    LstmInput in = random_input(s, {}, 31);
    for (double &w : in.weight_ih) w *= 1e4;
    for (double &w : in.weight_hh) w *= 1e4;
    const LstmOutput expected = lstm_in_double<StandardMaths>(in);
    const ContextOf context(GetParam().number);
    // Sums of thousands: an activation is 0 or 1 but for a few whose sum is near zero, which float rounds by 1e-3.
    const LstmOutput out = LstmRunner(context, in).infer();
    int64_t far = 0;
    for (size_t i = 0; i < out.y.size(); i++) {
        ASSERT_TRUE(std::isfinite(out.y[i]));
        far += std::abs(out.y[i] - expected.y[i]) > 1e-2;
    }
    EXPECT_LE(far, static_cast<int64_t>(out.y.size()) / 50);
}

TEST_P(Lstm, mayReplaceItsState) {
    const LstmSizes s = {7, 4, 5, 19};
    const LstmInput in = random_input(s, {}, 37);
    const ContextOf context(GetParam().number, 2);
    const LstmOutput expected = LstmRunner(context, in).infer();
    const Floats weight_ih = floats_of(in.weight_ih), weight_hh = floats_of(in.weight_hh), bias = floats_of(in.bias);
    auto pack = call_of<rondo_lstm_pack>(RONDO_OP_LSTM_PACK);
    pack.input_size = s.input;
    pack.hidden_size = s.hidden;
    pack.parts = RONDO_PACK_FORWARD;
    Guarded<char> packed = aligned_memory(needs_of(context, &pack).packed_bytes);
    pack.weight_ih = weight_ih.data();
    pack.weight_hh = weight_hh.data();
    pack.bias = bias.data();
    pack.packed = packed.data();
    pack.packed_bytes = packed.size();
    run(context, &pack);
    auto call = call_of<rondo_lstm_forward>(RONDO_OP_LSTM_FORWARD);
    call.batch_size = s.batch;
    call.time_steps = s.steps;
    call.input_size = s.input;
    call.hidden_size = s.hidden;
    const rondo_memory_needs needs = needs_of(context, &call);
    Guarded<char> scratch = aligned_memory(needs.scratch_bytes);
    const Floats x = floats_of(in.x);
    const Ints lengths(in.lengths);
    Floats h = floats_of(in.h0), c = floats_of(in.c0);
    call.packed = packed.data();
    call.packed_bytes = packed.size();
    call.x = x.data();
    call.x_batch_stride = s.steps * s.input;
    call.x_time_stride = s.input;
    call.lengths = lengths.data();
    call.h0 = call.hn = h.data();
    call.c0 = call.cn = c.data();
    call.scratch = scratch.data();
    call.scratch_bytes = scratch.size();
    run(context, &call);
    EXPECT_TRUE(same(h, expected.hn));
    EXPECT_TRUE(same(c, expected.cn));

    // The forward pack serves no backward pass, and no other shape.
    auto back = call_of<rondo_lstm_backward>(RONDO_OP_LSTM_BACKWARD);
    back.batch_size = s.batch;
    back.time_steps = s.steps;
    back.input_size = s.input;
    back.hidden_size = s.hidden;
    back.packed = packed.data();
    back.packed_bytes = packed.size();
    EXPECT_NE(error_of(context, back).find("lstm_backward: packed: expected a pack of op 1 "), std::string::npos);
    call.hidden_size--;
    EXPECT_NE(error_of(context, call).find("lstm_forward: packed: expected a pack of op 1 "), std::string::npos);
    call.hidden_size++;
    for (const Isa other : runnable_isas()) {
        if (other.number == GetParam().number) continue;
        EXPECT_NE(error_of(ContextOf(other.number), call).find("lstm_forward: packed: expected a pack of op 1 "),
                  std::string::npos);
    }
    call.packed_bytes -= 64;
    EXPECT_NE(error_of(context, call).find("lstm_forward: packed: expected at least "), std::string::npos);
}

TEST_P(Lstm, needsNoMoreForLess) {
    const ContextOf context(GetParam().number, 3);
    const auto needs = [&](int32_t batch, int32_t steps) {
        auto forward = call_of<rondo_lstm_forward>(RONDO_OP_LSTM_FORWARD);
        auto backward = call_of<rondo_lstm_backward>(RONDO_OP_LSTM_BACKWARD);
        forward.batch_size = backward.batch_size = batch;
        forward.time_steps = backward.time_steps = steps;
        forward.input_size = backward.input_size = 9;
        forward.hidden_size = backward.hidden_size = 21;
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

TEST(LstmErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    auto call = call_of<rondo_lstm_forward>(RONDO_OP_LSTM_FORWARD);
    EXPECT_EQ(error_of(context, call), "lstm_forward: batch_size: expected at least 1, got 0");
    call.batch_size = 1;
    EXPECT_EQ(error_of(context, call), "lstm_forward: time_steps: expected at least 1, got 0");
    call.time_steps = 1;
    EXPECT_EQ(error_of(context, call), "lstm_forward: input_size: expected 1 to 16777216, got 0");
    call.input_size = 1;
    EXPECT_EQ(error_of(context, call), "lstm_forward: hidden_size: expected 1 to 16777216, got 0");
    call.hidden_size = 1;
    EXPECT_EQ(error_of(context, call), "lstm_forward: packed: expected 64 bytes, got NULL");
    call.batch_size = INT32_MAX;
    call.time_steps = INT32_MAX;
    call.hidden_size = 1 << 24;
    EXPECT_NE(error_of(context, call).find("expected at most "), std::string::npos);
    auto pack = call_of<rondo_lstm_pack>(RONDO_OP_LSTM_PACK);
    pack.input_size = pack.hidden_size = 1;
    EXPECT_EQ(error_of(context, pack), "lstm_pack: parts: expected 1 to 3, got 0");
    pack.parts = 1;
    EXPECT_EQ(error_of(context, pack), "lstm_pack: weight_ih: expected a pointer, got NULL");
}

RONDO_EACH_ISA(Lstm);

} // namespace
