// ctc and crf against sums over all paths, and against the same recursions in double.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

using Doubles = std::vector<double>;
using Numbers = std::vector<float>;

constexpr double infinity = std::numeric_limits<double>::infinity();

double log_sum(double a, double b) {
    const double top = std::max(a, b);
    return top == -infinity ? top : top + std::log(std::exp(a - top) + std::exp(b - top));
}

// ---------------------------------------------------------------------------------------------------------------- ctc

struct CtcCase {
    int32_t batch, steps, classes, label_steps, blank;
    int32_t reduction = RONDO_CTC_MEAN;
    int32_t impossible = RONDO_CTC_ZERO;
    Numbers logits;
    std::vector<int32_t> labels, lengths, label_lengths; // no lengths: all steps

    int32_t length(int32_t b) const { return lengths.empty() ? steps : lengths[static_cast<size_t>(b)]; }
    std::vector<int32_t> labels_of(int32_t b) const {
        const auto first = labels.begin() + int64_t{b} * label_steps;
        return {first, first + label_lengths[static_cast<size_t>(b)]};
    }
    Doubles log_probabilities(int32_t b) const {
        Doubles all;
        for (int32_t t = 0; t < length(b); t++) {
            const float *x = logits.data() + (int64_t{b} * steps + t) * classes;
            double sum = -infinity;
            for (int32_t j = 0; j < classes; j++) sum = log_sum(sum, static_cast<double>(x[j]));
            for (int32_t j = 0; j < classes; j++) all.push_back(static_cast<double>(x[j]) - sum);
        }
        return all;
    }
};

// A sequence's loss, and for each step and class the expected number of times that a path of the labels is there.
struct Paths {
    double loss = infinity;
    Doubles visits;
};

std::vector<int32_t> collapsed(const std::vector<int32_t> &path, int32_t blank) {
    std::vector<int32_t> labels;
    for (size_t t = 0; t < path.size(); t++)
        if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) labels.push_back(path[t]);
    return labels;
}

// Every path there is, one after another.
Paths by_all_paths(const CtcCase &c, int32_t b) {
    const int32_t steps = c.length(b);
    const Doubles p = c.log_probabilities(b);
    const std::vector<int32_t> wanted = c.labels_of(b);
    std::vector<int32_t> path(static_cast<size_t>(steps), 0);
    Paths all;
    all.visits.assign(p.size(), 0.0);
    double total = 0.0;
    while (true) {
        if (collapsed(path, c.blank) == wanted) {
            double log = 0.0;
            for (size_t t = 0; t < path.size(); t++)
                log += p[t * static_cast<size_t>(c.classes) + static_cast<size_t>(path[t])];
            total += std::exp(log);
            for (size_t t = 0; t < path.size(); t++)
                all.visits[t * static_cast<size_t>(c.classes) + static_cast<size_t>(path[t])] += std::exp(log);
        }
        size_t t = 0;
        while (t < path.size() && ++path[t] == c.classes) path[t++] = 0;
        if (t == path.size()) break;
    }
    all.loss = total > 0.0 ? -std::log(total) : infinity;
    for (double &v : all.visits) v = total > 0.0 ? v / total : 0.0;
    return all;
}

Paths by_recursion(const CtcCase &c, int32_t b) {
    const int32_t steps = c.length(b);
    const Doubles p = c.log_probabilities(b);
    std::vector<int32_t> states = {c.blank};
    for (const int32_t label : c.labels_of(b)) states.insert(states.end(), {label, c.blank});
    const int64_t count = static_cast<int64_t>(states.size());
    const auto state = [&](int64_t s) { return states[static_cast<size_t>(s)]; };
    const auto emitted = [&](int32_t t, int64_t s) { return p[static_cast<size_t>(t * c.classes + state(s))]; };
    const auto at = [&](int32_t t, int64_t s) { return static_cast<size_t>(t * count + s); };
    Paths all;
    all.visits.assign(p.size(), 0.0);
    if (steps == 0) {
        all.loss = count == 1 ? 0.0 : infinity;
        return all;
    }
    Doubles alpha(static_cast<size_t>(steps * count), -infinity), beta(alpha);
    for (int64_t s = 0; s < std::min<int64_t>(count, 2); s++) {
        alpha[at(0, s)] = emitted(0, s);
        beta[at(steps - 1, count - 1 - s)] = 0.0;
    }
    for (int32_t t = 1; t < steps; t++)
        for (int64_t s = 0; s < count; s++)
            for (int64_t from = std::max<int64_t>(0, s - 2); from <= s; from++)
                if (from > s - 2 || (state(s) != c.blank && state(s) != state(from)))
                    alpha[at(t, s)] = log_sum(alpha[at(t, s)], alpha[at(t - 1, from)] + emitted(t, s));
    for (int32_t t = steps - 2; t >= 0; t--)
        for (int64_t s = 0; s < count; s++)
            for (int64_t to = s; to < std::min(count, s + 3); to++)
                if (to < s + 2 || (state(to) != c.blank && state(s) != state(to)))
                    beta[at(t, s)] = log_sum(beta[at(t, s)], beta[at(t + 1, to)] + emitted(t + 1, to));
    double log = alpha[at(steps - 1, count - 1)];
    if (count > 1) log = log_sum(log, alpha[at(steps - 1, count - 2)]);
    all.loss = -log;
    if (log == -infinity) return all;
    for (int32_t t = 0; t < steps; t++)
        for (int64_t s = 0; s < count; s++)
            all.visits[static_cast<size_t>(t * c.classes + state(s))] +=
                std::exp(alpha[at(t, s)] + beta[at(t, s)] - log);
    return all;
}

struct CtcResult {
    Numbers result, per_sequence, gradient;
};

rondo_ctc call_for(const CtcCase &c, const float *logits, const Ints &labels, const Ints &lengths,
                   const Ints &label_lengths) {
    auto call = call_of<rondo_ctc>(RONDO_OP_CTC);
    call.batch_size = c.batch, call.time_steps = c.steps, call.classes = c.classes, call.label_steps = c.label_steps;
    call.blank = c.blank, call.reduction = c.reduction, call.impossible = c.impossible;
    call.logits = logits, call.labels = labels.data(), call.label_lengths = label_lengths.data();
    call.lengths = c.lengths.empty() ? nullptr : lengths.data();
    return call;
}

CtcResult run_ctc(rondo_context *context, const CtcCase &c) {
    const Floats logits(c.logits);
    const Ints labels(c.labels), lengths(c.lengths), label_lengths(c.label_lengths);
    Floats gradient(logits.size(), 9.0f), result(2, -1.0f), per_sequence(c.batch, -1.0f);
    auto call = call_for(c, logits.data(), labels, lengths, label_lengths);
    call.dlogits = gradient.data(), call.result = result.data(), call.per_sequence = per_sequence.data();
    run_with_scratch(context, call);

    Floats in_place(c.logits), again(2, -1.0f);
    call.logits = call.dlogits = in_place.data(), call.result = again.data(), call.per_sequence = nullptr;
    run_with_scratch(context, call);
    EXPECT_TRUE(same(in_place, gradient)) << "in place";
    EXPECT_TRUE(same(again, result)) << "in place";
    call.logits = logits.data(), call.dlogits = nullptr;
    run_with_scratch(context, call);
    EXPECT_TRUE(same(again, result)) << "without a gradient";
    return {result.copy(), per_sequence.copy(), gradient.copy()};
}

// A step's part of the loss is a log-probability, off by a few eps of its own size or of one, whichever is larger; as
// many of them as there are steps add up, errors of either sign. A visit is a share, whose two logarithms are off by as
// much, seen from the likeliest path.
void expect_close(const CtcCase &c, const CtcResult &r, Paths (*oracle)(const CtcCase &, int32_t),
                  double magnitude = 1.0) {
    double loss = 0.0;
    const double error = 8.0 * float_epsilon * magnitude * std::sqrt(static_cast<double>(c.steps) + 1.0);
    for (int32_t b = 0; b < c.batch; b++) {
        const auto u = static_cast<size_t>(b);
        const Paths all = oracle(c, b);
        const bool zero = all.loss == infinity && c.impossible == RONDO_CTC_ZERO;
        const double own = zero ? 0.0 : all.loss;
        EXPECT_TRUE(close(&r.per_sequence[u], &own, 1, Tolerance{error, error})) << "sequence " << b;
        const double labels = std::max(1.0, static_cast<double>(c.label_lengths[u]));
        double weight = c.reduction == RONDO_CTC_SUM ? 1.0 : 1.0 / c.batch;
        if (c.reduction == RONDO_CTC_MEAN_PER_LABEL) weight /= labels;
        loss += own * weight;
        Doubles expected(static_cast<size_t>(c.steps * c.classes), 0.0);
        const Doubles p = c.log_probabilities(b);
        for (size_t i = 0; !zero && i < p.size(); i++) expected[i] = (std::exp(p[i]) - all.visits[i]) * weight;
        EXPECT_TRUE(close(r.gradient.data() + u * expected.size(), expected.data(),
                          static_cast<int64_t>(expected.size()), Tolerance{4.0 * error * weight, error}))
            << "gradient of sequence " << b;
    }
    EXPECT_TRUE(close(&r.result[0], &loss, 1, Tolerance{error * c.batch, error}));
    EXPECT_EQ(r.result[1], static_cast<float>(c.batch));
}

// Labels of random lengths from none to as many as there are, with and without equal neighbours.
CtcCase random_ctc(Random &random, int32_t batch, int32_t steps, int32_t classes, int32_t label_steps, bool ragged,
                   double size = 3.0) {
    CtcCase c = {batch,
                 steps,
                 classes,
                 label_steps,
                 random.integer(0, classes - 1),
                 RONDO_CTC_MEAN,
                 RONDO_CTC_ZERO,
                 random.floats(int64_t{batch} * steps * classes, -size, size).copy(),
                 {},
                 {},
                 {}};
    for (int32_t b = 0; b < batch; b++) {
        const int32_t count = classes == 1 ? 0 : b == 0 ? label_steps : random.integer(0, label_steps);
        for (int32_t i = 0; i < label_steps; i++) {
            const int32_t label = random.integer(0, std::max(classes - 2, 0));
            const bool repeat = i > 0 && random.integer(0, 2) == 0;
            c.labels.push_back(i >= count ? -7 : repeat ? c.labels.back() : label + (label >= c.blank));
        }
        c.label_lengths.push_back(count);
        if (ragged) c.lengths.push_back(b == 0 ? steps : random.integer(0, steps));
    }
    return c;
}

class Ctc : public testing::TestWithParam<Isa> {};

TEST_P(Ctc, isTheSumOverAllPaths) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        for (uint64_t seed = 1; seed <= 40; seed++) {
            SCOPED_TRACE(testing::Message() << "seed " << seed);
            Random random(seed);
            CtcCase c =
                random_ctc(random, 4, random.integer(1, 6), random.integer(1, 4), random.integer(1, 4), seed % 2 == 0);
            c.reduction = static_cast<int32_t>(seed % 3);
            expect_close(c, run_ctc(context, c), by_all_paths);
        }
    });
}

TEST_P(Ctc, agrees) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        uint64_t seed = 100;
        for (const int32_t classes : tail_sizes(lanes_of(GetParam()))) {
            for (const int32_t labels : {1, 7, 8, 20}) { // 2 L + 1 states
                SCOPED_TRACE(testing::Message() << classes << " classes, " << labels << " labels, seed " << seed);
                Random random(seed++);
                const CtcCase c = random_ctc(random, 3, 31, classes, labels, true);
                expect_close(c, run_ctc(context, c), by_recursion);
            }
        }
    });
}

// Over 1500 steps the probabilities of paths leave what floats and doubles hold; those of beginnings of paths differ by
// more than exp(700) within a step.
TEST_P(Ctc, isPreciseOverManySteps) {
    const ContextOf context(GetParam().number, 2);
    Random random(5);
    const CtcCase c = random_ctc(random, 2, 1500, 30, 90, true);
    expect_close(c, run_ctc(context, c), by_recursion);
    CtcCase late = random_ctc(random, 1, 400, 5, 100, false, 12.0);
    for (int32_t t = 0; t < 200; t++) late.logits[static_cast<size_t>(t * 5 + late.blank)] += 40.0f;
    expect_close(late, run_ctc(context, late), by_recursion, 40.0);
}

TEST_P(Ctc, isZeroOrInfiniteWithoutPaths) {
    const ContextOf context(GetParam().number);
    CtcCase c = {3,         2,        3, 2, 0, RONDO_CTC_MEAN, RONDO_CTC_ZERO, Numbers(18, 0.5f), {1, 1, 1, 2, 2, 2},
                 {2, 2, 0}, {2, 2, 1}};
    CtcResult r = run_ctc(context, c); // 1 1 takes three steps; 1 2 takes two; the last one has none
    EXPECT_EQ(r.per_sequence[0], 0.0f);
    EXPECT_NEAR(r.per_sequence[1], std::log(9.0), 1e-6);
    EXPECT_EQ(r.per_sequence[2], 0.0f);
    EXPECT_NEAR(r.result[0], std::log(9.0) / 3.0, 1e-6);
    EXPECT_EQ(Numbers(r.gradient.begin(), r.gradient.begin() + 6), Numbers(6, 0.0f));
    EXPECT_EQ(Numbers(r.gradient.begin() + 12, r.gradient.end()), Numbers(6, 0.0f));
    // A label of no probability.
    c = {1, 3, 3, 1, 0, RONDO_CTC_MEAN, RONDO_CTC_REFUSED, Numbers(9, 0.5f), {1}, {2}, {1}};
    for (const size_t t : {0u, 1u, 2u}) c.logits[t * 3 + 1] = -std::numeric_limits<float>::infinity();
    r = run_ctc(context, c);
    EXPECT_EQ(r.result[0], std::numeric_limits<float>::infinity());
    for (size_t i = 0; i < 9; i++) EXPECT_EQ(std::isnan(r.gradient[i]), i < 6) << i;
    c.impossible = RONDO_CTC_ZERO;
    r = run_ctc(context, c);
    EXPECT_EQ(r.result[0], 0.0f);
    EXPECT_EQ(r.gradient, Numbers(9, 0.0f));
}

TEST_P(Ctc, carriesNaN) {
    const ContextOf context(GetParam().number);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        for (const size_t at : {0u, 19u, 20u, 159u}) {
            Random random(6);
            CtcCase c = random_ctc(random, 2, 8, 20, 3, false);
            c.logits[at] = bad;
            const CtcResult r = run_ctc(context, c);
            EXPECT_TRUE(std::isnan(r.result[0])) << bad << " at " << at;
            EXPECT_TRUE(std::isnan(r.gradient[at])) << bad << " at " << at;
            EXPECT_FALSE(std::isnan(r.gradient[160])) << "another sequence";
        }
    }
}

TEST_P(Ctc, isTheSameWhateverTheThreads) {
    Random random(7);
    const CtcCase c = random_ctc(random, 9, 60, 33, 12, true);
    const CtcResult expected = run_ctc(ContextOf(GetParam().number, 1), c);
    for (const int32_t threads : {2, 3, 8}) {
        const CtcResult r = run_ctc(ContextOf(GetParam().number, threads), c);
        EXPECT_TRUE(same(r.gradient, expected.gradient)) << threads;
        EXPECT_TRUE(same(r.result, expected.result)) << threads;
    }
}

TEST(CtcErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    const Floats logits(2 * 3 * 4);
    Floats result(2);
    Ints labels = {1, 1, 2, 3}, lengths = {3, 3}, label_lengths = {2, 2};
    CtcCase c = {2, 3, 4, 2, 0, RONDO_CTC_MEAN, RONDO_CTC_REFUSED, {}, {}, {1, 1}, {}};
    auto call = call_for(c, logits.data(), labels, lengths, label_lengths);
    call.result = result.data();
    EXPECT_EQ(error_of(context, call).substr(0, 22), "ctc: scratch: expected");
    const auto scratch = aligned_memory(needs_of(context, &call).scratch_bytes);
    call.scratch = const_cast<char *>(scratch.data()), call.scratch_bytes = scratch.size();
    rondo_error error;
    EXPECT_EQ(run_call(context, &call, &error), RONDO_OK) << error.text;
    lengths[0] = 2;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE),
              "ctc: label_lengths[0]: expected labels that 2 steps have room for, got 2 and 1 between equal ones");
    lengths[0] = 4;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "ctc: lengths[0]: expected 0 to 3, got 4");
    lengths[0] = 3;
    label_lengths[1] = 3;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "ctc: label_lengths[1]: expected 0 to 2, got 3");
    label_lengths[1] = 2;
    labels[3] = 0;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "ctc: labels[3]: expected no blank, got 0");
    labels[3] = 4;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "ctc: labels[3]: expected 0 to 3, got 4");
    label_lengths[1] = 1; // nobody looks at it
    EXPECT_EQ(run_call(context, &call, &error), RONDO_OK) << error.text;
    call.blank = 4;
    EXPECT_EQ(error_of(context, call), "ctc: blank: expected 0 to 3, got 4");
    call.blank = 0, call.reduction = 3;
    EXPECT_EQ(error_of(context, call), "ctc: reduction: expected 0 to 2, got 3");
    call.reduction = 0, call.impossible = 2;
    EXPECT_EQ(error_of(context, call), "ctc: impossible: expected 0 to 1, got 2");
    call.impossible = 0, call.label_lengths = nullptr;
    EXPECT_EQ(error_of(context, call), "ctc: label_lengths: expected a pointer, got NULL");
    call.label_steps = 0;
    EXPECT_EQ(error_of(context, call), "ctc: label_steps: expected at least 1, got 0");
}

// ---------------------------------------------------------------------------------------------------------------- crf

struct CrfCase {
    int32_t batch, steps, classes;
    Numbers emissions, transitions, start, end;
    std::vector<int32_t> tags, lengths;

    int32_t length(int32_t b) const { return lengths.empty() ? steps : lengths[static_cast<size_t>(b)]; }
    double emission(int32_t b, int32_t t, int32_t j) const {
        return static_cast<double>(emissions[static_cast<size_t>((b * steps + t) * classes + j)]);
    }
    double transition(int32_t i, int32_t j) const {
        return static_cast<double>(transitions[static_cast<size_t>(i * classes + j)]);
    }
    const int32_t *tags_of(int32_t b) const { return tags.data() + int64_t{b} * steps; }
    double score(int32_t b, const int32_t *y) const {
        const int32_t n = length(b);
        double sum = static_cast<double>(start[static_cast<size_t>(y[0])]);
        for (int32_t t = 0; t < n; t++) sum += emission(b, t, y[t]) + (t > 0 ? transition(y[t - 1], y[t]) : 0.0);
        return sum + static_cast<double>(end[static_cast<size_t>(y[n - 1])]);
    }
};

struct CrfResult {
    Numbers result, per_sequence, demissions, dtransitions, dstart, dend;
};

struct CrfExpected {
    Doubles per_sequence, demissions, dtransitions, dstart, dend;

    explicit CrfExpected(const CrfCase &c)
        : demissions(c.emissions.size(), 0.0), dtransitions(c.transitions.size(), 0.0), dstart(c.start.size(), 0.0),
          dend(c.start.size(), 0.0) {}

    // Adds a path with its weight to the gradients.
    void add(const CrfCase &c, int32_t b, const int32_t *y, double weight) {
        const int32_t n = c.length(b);
        for (int32_t t = 0; t < n; t++) {
            demissions[static_cast<size_t>((b * c.steps + t) * c.classes + y[t])] += weight;
            if (t > 0) dtransitions[static_cast<size_t>(y[t - 1] * c.classes + y[t])] += weight;
        }
        dstart[static_cast<size_t>(y[0])] += weight;
        dend[static_cast<size_t>(y[n - 1])] += weight;
    }
};

CrfExpected by_all_paths(const CrfCase &c) {
    CrfExpected e(c);
    for (int32_t b = 0; b < c.batch; b++) {
        const int32_t n = c.length(b);
        e.per_sequence.push_back(0.0);
        if (n == 0) continue;
        const auto each = [&](const auto &visit) {
            std::vector<int32_t> path(static_cast<size_t>(n), 0);
            while (true) {
                visit(path.data());
                size_t t = 0;
                while (t < path.size() && ++path[t] == c.classes) path[t++] = 0;
                if (t == path.size()) return;
            }
        };
        double all = -infinity;
        each([&](const int32_t *y) { all = log_sum(all, c.score(b, y)); });
        each([&](const int32_t *y) { e.add(c, b, y, std::exp(c.score(b, y) - all) / c.batch); });
        e.add(c, b, c.tags_of(b), -1.0 / c.batch);
        e.per_sequence.back() = all - c.score(b, c.tags_of(b));
    }
    return e;
}

CrfExpected by_recursion(const CrfCase &c) {
    CrfExpected e(c);
    const int32_t k = c.classes;
    for (int32_t b = 0; b < c.batch; b++) {
        const int32_t n = c.length(b);
        e.per_sequence.push_back(0.0);
        if (n == 0) continue;
        const auto at = [&](int32_t t, int32_t j) { return static_cast<size_t>(t * k + j); };
        Doubles alpha(static_cast<size_t>(n * k), -infinity), beta(alpha);
        for (int32_t j = 0; j < k; j++) {
            alpha[at(0, j)] = static_cast<double>(c.start[static_cast<size_t>(j)]) + c.emission(b, 0, j);
            beta[at(n - 1, j)] = static_cast<double>(c.end[static_cast<size_t>(j)]);
        }
        for (int32_t t = 1; t < n; t++)
            for (int32_t j = 0; j < k; j++)
                for (int32_t i = 0; i < k; i++)
                    alpha[at(t, j)] =
                        log_sum(alpha[at(t, j)], alpha[at(t - 1, i)] + c.transition(i, j) + c.emission(b, t, j));
        for (int32_t t = n - 2; t >= 0; t--)
            for (int32_t i = 0; i < k; i++)
                for (int32_t j = 0; j < k; j++)
                    beta[at(t, i)] =
                        log_sum(beta[at(t, i)], c.transition(i, j) + c.emission(b, t + 1, j) + beta[at(t + 1, j)]);
        double all = -infinity;
        for (int32_t j = 0; j < k; j++) all = log_sum(all, alpha[at(n - 1, j)] + beta[at(n - 1, j)]);
        for (int32_t t = 0; t < n; t++) {
            for (int32_t j = 0; j < k; j++) {
                const double p = std::exp(alpha[at(t, j)] + beta[at(t, j)] - all) / c.batch;
                e.demissions[static_cast<size_t>((b * c.steps + t) * k + j)] += p;
                if (t == 0) e.dstart[static_cast<size_t>(j)] += p;
                if (t == n - 1) e.dend[static_cast<size_t>(j)] += p;
                for (int32_t i = 0; t > 0 && i < k; i++)
                    e.dtransitions[static_cast<size_t>(i * k + j)] +=
                        std::exp(alpha[at(t - 1, i)] + c.transition(i, j) + c.emission(b, t, j) + beta[at(t, j)] -
                                 all) /
                        c.batch;
            }
        }
        e.add(c, b, c.tags_of(b), -1.0 / c.batch);
        e.per_sequence.back() = all - c.score(b, c.tags_of(b));
    }
    return e;
}

CrfResult run_crf(rondo_context *context, const CrfCase &c) {
    const Floats emissions(c.emissions), transitions(c.transitions), start(c.start), end(c.end);
    const Ints tags(c.tags), lengths(c.lengths);
    Floats demissions(emissions.size(), 9.0f), dtransitions(transitions.size(), 9.0f), dstart(start.size(), 9.0f),
        dend(end.size(), 9.0f), result(2, -1.0f), per_sequence(c.batch, -1.0f);
    auto call = call_of<rondo_crf>(RONDO_OP_CRF);
    call.batch_size = c.batch, call.time_steps = c.steps, call.classes = c.classes;
    call.emissions = emissions.data(), call.transitions = transitions.data(), call.start = start.data();
    call.end = end.data(), call.tags = tags.data(), call.lengths = c.lengths.empty() ? nullptr : lengths.data();
    call.demissions = demissions.data(), call.dtransitions = dtransitions.data(), call.dstart = dstart.data();
    call.dend = dend.data(), call.per_sequence = per_sequence.data(), call.result = result.data();
    run_with_scratch(context, call);

    Floats in_place(c.emissions), again(2, -1.0f), alone(transitions.size(), 9.0f);
    call.emissions = call.demissions = in_place.data(), call.result = again.data(), call.per_sequence = nullptr;
    call.dtransitions = call.dstart = call.dend = nullptr;
    run_with_scratch(context, call);
    EXPECT_TRUE(same(in_place, demissions)) << "in place";
    EXPECT_TRUE(same(again, result)) << "in place";
    call.emissions = emissions.data(), call.demissions = nullptr, call.dtransitions = alone.data();
    run_with_scratch(context, call);
    EXPECT_TRUE(same(alone, dtransitions)) << "alone";
    call.dtransitions = nullptr;
    run_with_scratch(context, call);
    EXPECT_TRUE(same(again, result)) << "without gradients";
    return {result.copy(), per_sequence.copy(), demissions.copy(), dtransitions.copy(), dstart.copy(), dend.copy()};
}

// As for ctc: the score of a step is a sum of a few numbers of a magnitude.
void expect_close(const CrfCase &c, const CrfResult &r, const CrfExpected &e, double magnitude) {
    const double steps = static_cast<double>(c.steps);
    const double error = 8.0 * float_epsilon * magnitude * std::sqrt(steps + 1.0);
    double loss = 0.0;
    for (const double own : e.per_sequence) loss += own / c.batch;
    EXPECT_TRUE(close(&r.result[0], &loss, 1, Tolerance{error, error}));
    EXPECT_EQ(r.result[1], static_cast<float>(c.batch));
    EXPECT_TRUE(close(r.per_sequence, e.per_sequence, Tolerance{error, error}));
    EXPECT_TRUE(close(r.demissions, e.demissions, Tolerance{error / c.batch, error})) << "demissions";
    const double sums = error * std::sqrt(steps * c.batch) / c.batch; // each over all steps
    EXPECT_TRUE(close(r.dtransitions, e.dtransitions, Tolerance{sums, error})) << "dtransitions";
    EXPECT_TRUE(close(r.dstart, e.dstart, Tolerance{error, error})) << "dstart";
    EXPECT_TRUE(close(r.dend, e.dend, Tolerance{error, error})) << "dend";
}

CrfCase random_crf(Random &random, int32_t batch, int32_t steps, int32_t classes, bool ragged, double size = 2.0) {
    CrfCase c = {batch,
                 steps,
                 classes,
                 random.floats(int64_t{batch} * steps * classes, -size, size).copy(),
                 random.floats(int64_t{classes} * classes, -size, size).copy(),
                 random.floats(classes, -size, size).copy(),
                 random.floats(classes, -size, size).copy(),
                 random.ints(int64_t{batch} * steps, 0, classes - 1).copy(),
                 {}};
    for (int32_t b = 0; ragged && b < batch; b++) {
        c.lengths.push_back(b == 0 ? steps : random.integer(0, steps));
        for (int32_t t = c.lengths.back(); t < steps; t++) c.tags[static_cast<size_t>(b * steps + t)] = -1;
    }
    return c;
}

class Crf : public testing::TestWithParam<Isa> {};

TEST_P(Crf, isTheSumOverAllPaths) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        for (uint64_t seed = 1; seed <= 30; seed++) {
            SCOPED_TRACE(testing::Message() << "seed " << seed);
            Random random(seed);
            const CrfCase c = random_crf(random, 3, random.integer(1, 5), random.integer(1, 4), seed % 2 == 0);
            expect_close(c, run_crf(context, c), by_all_paths(c), 2.0);
        }
    });
}

TEST_P(Crf, agrees) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        uint64_t seed = 200;
        for (const int32_t classes : tail_sizes(lanes_of(GetParam()))) {
            SCOPED_TRACE(testing::Message() << classes << " tags, seed " << seed);
            Random random(seed++);
            const CrfCase c = random_crf(random, 5, 13, classes, true);
            expect_close(c, run_crf(context, c), by_recursion(c), 2.0);
        }
    });
}

// Transitions of -10000, as they are used to forbid, scores far apart, and many steps.
TEST_P(Crf, bearsExtremes) {
    const ContextOf context(GetParam().number, 2);
    Random random(8);
    CrfCase c = random_crf(random, 2, 700, 9, true, 10.0);
    expect_close(c, run_crf(context, c), by_recursion(c), 20.0);
    c = random_crf(random, 3, 20, 5, true);
    for (int32_t j = 0; j < 5; j++) c.transitions[static_cast<size_t>(j * 5 + 2)] = -10000.0f;
    c.start[3] = -10000.0f;
    for (int32_t &tag : c.tags) tag = tag > 1 ? 4 : tag; // neither 2 nor 3
    for (int32_t b = 0; b < 3; b++)
        for (int32_t t = c.lengths[static_cast<size_t>(b)]; t < 20; t++) c.tags[static_cast<size_t>(b * 20 + t)] = -1;
    for (int32_t b = 0; b < 3; b++)
        for (int32_t t = 0; t < c.lengths[static_cast<size_t>(b)]; t++)
            if (c.tags[static_cast<size_t>(b * 20 + t)] < 0) c.tags[static_cast<size_t>(b * 20 + t)] = 0;
    expect_close(c, run_crf(context, c), by_recursion(c), 2.0);
    for (int32_t j = 0; j < 5; j++)
        c.transitions[static_cast<size_t>(j * 5 + 2)] = -std::numeric_limits<float>::infinity();
    expect_close(c, run_crf(context, c), by_recursion(c), 2.0);
}

TEST_P(Crf, carriesNaN) {
    const ContextOf context(GetParam().number);
    for (const size_t at : {0u, 8u, 16u, 17u, 67u}) {
        Random random(9);
        CrfCase c = random_crf(random, 2, 4, 17, false);
        c.emissions[at] = std::numeric_limits<float>::quiet_NaN();
        const CrfResult r = run_crf(context, c);
        EXPECT_TRUE(std::isnan(r.result[0])) << at;
        EXPECT_TRUE(std::isnan(r.per_sequence[0])) << at;
        EXPECT_FALSE(std::isnan(r.per_sequence[1])) << at;
        EXPECT_TRUE(std::isnan(r.demissions[at])) << at;
        EXPECT_FALSE(std::isnan(r.demissions[4 * 17])) << at;
    }
}

TEST_P(Crf, isTheSameWhateverTheThreads) {
    Random random(10);
    const CrfCase c = random_crf(random, 9, 30, 19, true);
    const CrfResult expected = run_crf(ContextOf(GetParam().number, 1), c);
    for (const int32_t threads : {2, 3, 8}) {
        const CrfResult r = run_crf(ContextOf(GetParam().number, threads), c);
        EXPECT_TRUE(same(r.demissions, expected.demissions)) << threads;
        EXPECT_TRUE(same(r.dtransitions, expected.dtransitions)) << threads;
        EXPECT_TRUE(same(r.result, expected.result)) << threads;
    }
}

TEST(CrfErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    const Floats emissions(2 * 3 * 4), square(16), row(4);
    Floats result(2);
    Ints tags = {0, 1, 2, 3, 0, 4}, lengths = {3, 3};
    auto call = call_of<rondo_crf>(RONDO_OP_CRF);
    call.batch_size = 2, call.time_steps = 3;
    EXPECT_EQ(error_of(context, call), "crf: classes: expected at least 1, got 0");
    call.classes = 4;
    call.emissions = emissions.data(), call.transitions = square.data(), call.start = row.data();
    call.tags = tags.data(), call.lengths = lengths.data(), call.result = result.data();
    EXPECT_EQ(error_of(context, call), "crf: end: expected a pointer, got NULL");
    call.end = row.data();
    EXPECT_EQ(error_of(context, call).substr(0, 22), "crf: scratch: expected");
    const auto scratch = aligned_memory(needs_of(context, &call).scratch_bytes);
    call.scratch = const_cast<char *>(scratch.data()), call.scratch_bytes = scratch.size();
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "crf: tags[5]: expected 0 to 3, got 4");
    call.lengths = nullptr;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "crf: tags[5]: expected 0 to 3, got 4");
    call.lengths = lengths.data();
    lengths[1] = 2;
    rondo_error error;
    EXPECT_EQ(run_call(context, &call, &error), RONDO_OK) << error.text;
    lengths[0] = -1;
    EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE), "crf: lengths[0]: expected 0 to 3, got -1");
}

RONDO_EACH_ISA(Ctc);
RONDO_EACH_ISA(Crf);

} // namespace
