// Recurrent layers as the tests see them: what goes in, what comes out, and the cells' equations in double, plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

#include "rondo/rondo.h"
#include "support/random.hpp"

namespace rondo::test {

using Doubles = std::vector<double>;

// ----------------------------------------------------------------------------------------------------------- cells

struct Cell {
    int32_t number; // RONDO_CELL_*
    const char *name;
    int32_t gates;

    bool lstm() const { return number == RONDO_CELL_LSTM || number == RONDO_CELL_LSTM_PEEPHOLES; }
    bool peepholes() const { return number == RONDO_CELL_LSTM_PEEPHOLES; }
    bool gru() const { return number == RONDO_CELL_GRU_RESET_AFTER || number == RONDO_CELL_GRU_RESET_BEFORE; }
    bool reset_after() const { return number == RONDO_CELL_GRU_RESET_AFTER; }
    // Whether a state may leave -1..1.
    bool unbounded() const { return number == RONDO_CELL_RNN_RELU || number == RONDO_CELL_RNN_IDENTITY; }
    friend std::ostream &operator<<(std::ostream &out, const Cell &cell) { return out << cell.name; }
};

inline constexpr Cell all_cells[] = {
    {RONDO_CELL_LSTM, "lstm", 4},
    {RONDO_CELL_LSTM_PEEPHOLES, "lstm_peepholes", 4},
    {RONDO_CELL_GRU_RESET_AFTER, "gru_reset_after", 3},
    {RONDO_CELL_GRU_RESET_BEFORE, "gru_reset_before", 3},
    {RONDO_CELL_RNN_TANH, "rnn_tanh", 1},
    {RONDO_CELL_RNN_RELU, "rnn_relu", 1},
    {RONDO_CELL_RNN_SIGMOID, "rnn_sigmoid", 1},
    {RONDO_CELL_RNN_IDENTITY, "rnn_identity", 1},
};

inline std::string cell_test_name(const testing::TestParamInfo<Cell> &info) { return info.param.name; }

// ---------------------------------------------------------------------------------------------------- in and out

struct RecurrentSizes {
    int32_t batch, steps, input, hidden;
};

inline std::string text_of(RecurrentSizes s) {
    return "B " + std::to_string(s.batch) + ", T " + std::to_string(s.steps) + ", I " + std::to_string(s.input) +
           ", H " + std::to_string(s.hidden);
}

// What a layer gets; plain [B,T,I] order. Empty where it is not given.
struct RecurrentInput {
    Cell cell;
    RecurrentSizes sizes;
    bool reverse;
    Doubles weight_ih, weight_hh, bias_ih, bias_hh, bias_hn, peepholes;
    Doubles x, h0, c0, recurrent_mask;
    std::vector<int32_t> lengths;
    Doubles dy, dhn, dcn; // gradients of the outputs

    int32_t length(int32_t b) const { return lengths.empty() ? sizes.steps : lengths[static_cast<size_t>(b)]; }
};

struct RecurrentOutput {
    Doubles y, hn, cn;
    Doubles dx, dweight_ih, dweight_hh, dbias_ih, dbias_hh, dbias_hn, dpeepholes, dh0, dc0, dh_norms;
    double largest = 0.0; // magnitude of any number on the way, sums counted as the sums of magnitudes
};

struct OutputField {
    const char *name;
    Doubles RecurrentOutput::*values;

    bool fits(const Cell &cell) const {
        const std::string called = name;
        if (called == "cn" || called == "dc0") return cell.lstm();
        if (called == "dbias_hn") return cell.reset_after();
        if (called == "dpeepholes") return cell.peepholes();
        return true;
    }
};

inline constexpr OutputField output_fields[] = {
    {"y", &RecurrentOutput::y},
    {"hn", &RecurrentOutput::hn},
    {"cn", &RecurrentOutput::cn},
    {"dx", &RecurrentOutput::dx},
    {"dweight_ih", &RecurrentOutput::dweight_ih},
    {"dweight_hh", &RecurrentOutput::dweight_hh},
    {"dbias_ih", &RecurrentOutput::dbias_ih},
    {"dbias_hh", &RecurrentOutput::dbias_hh},
    {"dbias_hn", &RecurrentOutput::dbias_hn},
    {"dpeepholes", &RecurrentOutput::dpeepholes},
    {"dh0", &RecurrentOutput::dh0},
    {"dc0", &RecurrentOutput::dc0},
    {"dh_norms", &RecurrentOutput::dh_norms},
};

// Calls check(name, actual, expected) for each output that was wanted.
template <class Check>
void for_each_output(const RecurrentOutput &actual, const RecurrentOutput &expected, const Check &check) {
    for (const OutputField &field : output_fields)
        if (!(actual.*field.values).empty()) check(field.name, actual.*field.values, expected.*field.values);
}

// ---------------------------------------------------------------------------------------------------- random data

inline Doubles random_doubles(Random &random, int64_t count, double scale = 1.0) {
    Doubles values;
    for (int64_t i = 0; i < count; i++) values.push_back(static_cast<double>(random.uniform(-scale, scale)));
    return values;
}

// Which optional inputs are given. bias_hn counts only where a cell takes it, and rules bias_hh out.
struct Given {
    bool bias_ih = true, bias_hh = true, bias_hn = false, mask = true, lengths = true, h0 = true, c0 = true;
    bool dy = true, dhn = true, dcn = true;
};

inline RecurrentInput random_input(const Cell &cell, RecurrentSizes s, const Given &given, uint64_t seed) {
    Random random(seed);
    const double scale = 3.0 / std::sqrt(static_cast<double>(s.input + s.hidden)); // sums of about 1
    const int32_t rows = cell.gates * s.hidden;
    RecurrentInput in = {};
    in.cell = cell;
    in.sizes = s;
    in.weight_ih = random_doubles(random, rows * s.input, scale);
    // What no activation bounds must not grow over many steps.
    in.weight_hh = random_doubles(random, rows * s.hidden, cell.unbounded() ? scale / 2.0 : scale);
    in.x = random_doubles(random, int64_t{s.batch} * s.steps * s.input);
    if (given.bias_ih) in.bias_ih = random_doubles(random, rows, 0.7);
    if (given.bias_hn && cell.reset_after()) {
        in.bias_hn = random_doubles(random, s.hidden);
    } else if (given.bias_hh) {
        in.bias_hh = random_doubles(random, rows, 0.7);
    }
    if (cell.peepholes()) in.peepholes = random_doubles(random, 3 * s.hidden);
    if (given.mask)
        for (int32_t i = 0; i < s.batch * s.hidden; i++)
            in.recurrent_mask.push_back(random.integer(0, 2) == 0 ? 0.0 : random.unit() + 0.5);
    for (double &m : in.recurrent_mask) m = static_cast<double>(static_cast<float>(m));
    if (given.h0) in.h0 = random_doubles(random, s.batch * s.hidden);
    if (given.c0 && cell.lstm()) in.c0 = random_doubles(random, s.batch * s.hidden, 2.0);
    if (given.dy) in.dy = random_doubles(random, int64_t{s.batch} * s.steps * s.hidden);
    if (given.dhn) in.dhn = random_doubles(random, s.batch * s.hidden);
    if (given.dcn && cell.lstm()) in.dcn = random_doubles(random, s.batch * s.hidden);
    if (given.lengths) {
        for (int32_t b = 0; b < s.batch; b++) in.lengths.push_back(random.integer(0, s.steps));
        in.lengths[0] = s.steps;
        if (s.batch > 1) in.lengths[1] = 0;
    }
    return in;
}

// --------------------------------------------------------------------------------------------------------- oracle

// Activations, and their derivatives from their values.
struct StandardMaths {
    static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
    static double tanh(double x) { return std::tanh(x); }
    static double relu(double x) { return x > 0.0 ? x : 0.0; }
    static double sigmoid_gradient(double y) { return y * (1.0 - y); }
    static double tanh_gradient(double y) { return 1.0 - y * y; }
    static double relu_gradient(double y) { return y > 0.0 ? 1.0 : 0.0; }
};

struct IdentityMaths {
    static double sigmoid(double x) { return x; }
    static double tanh(double x) { return x; }
    static double relu(double x) { return x; }
    static double sigmoid_gradient(double) { return 1.0; }
    static double tanh_gradient(double) { return 1.0; }
    static double relu_gradient(double) { return 1.0; }
};

// The equations of rondo.h, and back. All cells share the frame: row q of the gates is W x + bias_ih, and U times the
// masked state + bias_hh; a cell says what it makes of the two.
template <class Maths> class RecurrentOracle {
public:
    explicit RecurrentOracle(const RecurrentInput &in)
        : in_(in), B(static_cast<size_t>(in.sizes.batch)), T(static_cast<size_t>(in.sizes.steps)),
          I(static_cast<size_t>(in.sizes.input)), H(static_cast<size_t>(in.sizes.hidden)),
          rows_(static_cast<size_t>(in.cell.gates) * H), dweight_ih_(rows_ * I), dweight_hh_(rows_ * H),
          dbias_ih_(rows_), dbias_hh_(rows_), dpeepholes_(3 * H), norms_(T) {}

    RecurrentOutput run() {
        out_.y.assign(B * T * H, 0.0);
        out_.hn.assign(B * H, 0.0);
        out_.cn.assign(B * H, 0.0);
        out_.dx.assign(B * T * I, 0.0);
        out_.dh0.assign(B * H, 0.0);
        out_.dc0.assign(B * H, 0.0);
        for (size_t b = 0; b < B; b++) sequence(b);
        out_.dweight_ih = values(dweight_ih_);
        out_.dweight_hh = values(dweight_hh_);
        out_.dbias_ih = values(dbias_ih_);
        out_.dbias_hh = values(dbias_hh_);
        if (in_.cell.reset_after())
            out_.dbias_hn.assign(out_.dbias_hh.begin() + static_cast<std::ptrdiff_t>(2 * H), out_.dbias_hh.end());
        if (in_.cell.peepholes()) out_.dpeepholes = values(dpeepholes_);
        for (const double square : norms_) out_.dh_norms.push_back(std::sqrt(square));
        if (!in_.cell.lstm()) {
            out_.cn.clear();
            out_.dc0.clear();
        }
        return out_;
    }

private:
    // A sum, and that of its terms' magnitudes.
    struct Sum {
        double value = 0.0, magnitude = 0.0;

        void add(double term) {
            value += term;
            magnitude += std::abs(term);
        }
        void add(double factor, const Sum &sum) {
            value += factor * sum.value;
            magnitude += std::abs(factor) * sum.magnitude;
        }
    };
    using Sums = std::vector<Sum>;

    // One step of one sequence, kept for the way back.
    struct Step {
        const double *x;
        Doubles h_before, c_before, masked;
        Doubles gates;       // activated
        Doubles recurrent_n; // GRU_RESET_AFTER: Un h' + bhn
        Doubles reset;       // GRU_RESET_BEFORE: r * h'
        Doubles h, c;
        Doubles dinput, drecurrent; // of the rows' two parts
    };

    const RecurrentInput &in_;
    const size_t B, T, I, H;
    const size_t rows_;
    Sums dweight_ih_, dweight_hh_, dbias_ih_, dbias_hh_, dpeepholes_;
    Doubles norms_;
    RecurrentOutput out_;

    double seen(double value) {
        out_.largest = std::max(out_.largest, std::abs(value));
        return value;
    }
    double seen(const Sum &sum) {
        seen(sum.magnitude);
        return sum.value;
    }
    Doubles values(const Sums &sums) {
        Doubles all;
        for (const Sum &sum : sums) all.push_back(seen(sum));
        return all;
    }
    static Doubles part(const Doubles &all, size_t index, size_t count) {
        if (all.empty()) return Doubles(count, 0.0);
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(index * count);
        return Doubles(begin, begin + static_cast<std::ptrdiff_t>(count));
    }

    // ---- the frame

    void sequence(size_t b) {
        const auto length = static_cast<size_t>(in_.length(static_cast<int32_t>(b)));
        const Doubles mask = in_.recurrent_mask.empty() ? Doubles(H, 1.0) : part(in_.recurrent_mask, b, H);
        const auto place = [&](size_t s) { return b * T + (in_.reverse ? length - 1 - s : s); };
        Doubles h = part(in_.h0, b, H), c = part(in_.c0, b, H);
        std::vector<Step> steps(length);
        for (size_t s = 0; s < length; s++) {
            Step &step = steps[s];
            step.x = in_.x.data() + place(s) * I;
            step.h_before = h;
            step.c_before = c;
            step.masked = h;
            for (size_t u = 0; u < H; u++) step.masked[u] *= mask[u];
            step.gates.assign(rows_, 0.0);
            step.recurrent_n = step.reset = step.h = step.c = Doubles(H, 0.0);
            step.dinput = step.drecurrent = Doubles(rows_, 0.0);
            forward(step);
            h = step.h;
            c = step.c;
            for (size_t u = 0; u < H; u++) out_.y[place(s) * H + u] = seen(h[u]);
        }
        std::copy(h.begin(), h.end(), out_.hn.begin() + static_cast<std::ptrdiff_t>(b * H));
        std::copy(c.begin(), c.end(), out_.cn.begin() + static_cast<std::ptrdiff_t>(b * H));

        Doubles dh = part(in_.dhn, b, H), dc = part(in_.dcn, b, H);
        for (size_t s = length; s-- > 0;) {
            for (size_t u = 0; u < H; u++) {
                if (!in_.dy.empty()) dh[u] += in_.dy[place(s) * H + u];
                norms_[place(s) - b * T] += dh[u] * dh[u];
                seen(dh[u]);
            }
            // Of the state before, through U and past it.
            Sums dmasked(H);
            Doubles direct(H, 0.0);
            back(steps[s], dh, dc, dmasked, direct);
            gather(steps[s], dmasked, out_.dx.data() + place(s) * I);
            for (size_t u = 0; u < H; u++) {
                Sum sum;
                sum.add(direct[u]);
                sum.add(mask[u], dmasked[u]);
                dh[u] = seen(sum);
            }
        }
        std::copy(dh.begin(), dh.end(), out_.dh0.begin() + static_cast<std::ptrdiff_t>(b * H));
        std::copy(dc.begin(), dc.end(), out_.dc0.begin() + static_cast<std::ptrdiff_t>(b * H));
    }

    // W x + bias_ih of row q.
    Sum input(const Step &step, size_t q) const {
        Sum sum;
        if (!in_.bias_ih.empty()) sum.add(in_.bias_ih[q]);
        for (size_t j = 0; j < I; j++) sum.add(in_.weight_ih[q * I + j] * step.x[j]);
        return sum;
    }
    // U state + bias_hh of row q.
    Sum recurrent(const Doubles &state, size_t q) const {
        Sum sum;
        if (!in_.bias_hh.empty()) sum.add(in_.bias_hh[q]);
        if (!in_.bias_hn.empty() && q >= 2 * H) sum.add(in_.bias_hn[q - 2 * H]);
        for (size_t j = 0; j < H; j++) sum.add(in_.weight_hh[q * H + j] * state[j]);
        return sum;
    }
    Sum both(const Step &step, size_t q) const {
        Sum sum = input(step, q);
        sum.add(1.0, recurrent(step.masked, q));
        return sum;
    }

    // From the gradients of the rows those of weights, biases, input and masked state.
    void gather(const Step &step, Sums &dmasked, double *dx) {
        Sums dinputs(I);
        for (size_t q = 0; q < rows_; q++) {
            const bool on_reset = in_.cell.number == RONDO_CELL_GRU_RESET_BEFORE && q >= 2 * H;
            const Doubles &state = on_reset ? step.reset : step.masked;
            const double di = seen(step.dinput[q]), dr = seen(step.drecurrent[q]);
            dbias_ih_[q].add(di);
            dbias_hh_[q].add(dr);
            for (size_t j = 0; j < I; j++) {
                dinputs[j].add(di * in_.weight_ih[q * I + j]);
                dweight_ih_[q * I + j].add(di * step.x[j]);
            }
            for (size_t j = 0; j < H; j++) {
                if (!on_reset) dmasked[j].add(dr * in_.weight_hh[q * H + j]);
                dweight_hh_[q * H + j].add(dr * state[j]);
            }
        }
        for (size_t j = 0; j < I; j++) dx[j] = seen(dinputs[j]);
    }

    void forward(Step &step) {
        if (in_.cell.lstm()) {
            lstm(step);
        } else if (in_.cell.gru()) {
            gru(step);
        } else {
            for (size_t u = 0; u < H; u++) step.h[u] = step.gates[u] = activated(seen(both(step, u)));
        }
    }

    // dh and dc are those of the state after the step; dc becomes that of the state before.
    void back(Step &step, const Doubles &dh, Doubles &dc, Sums &dmasked, Doubles &direct) {
        if (in_.cell.lstm()) {
            lstm_back(step, dh, dc);
        } else if (in_.cell.gru()) {
            gru_back(step, dh, dmasked, direct);
        } else {
            for (size_t u = 0; u < H; u++) step.dinput[u] = step.drecurrent[u] = dh[u] * gradient(step.h[u]);
        }
    }

    // ---- the simple cells

    double activated(double x) const {
        switch (in_.cell.number) {
        case RONDO_CELL_RNN_TANH: return Maths::tanh(x);
        case RONDO_CELL_RNN_RELU: return Maths::relu(x);
        case RONDO_CELL_RNN_SIGMOID: return Maths::sigmoid(x);
        default: return x;
        }
    }
    double gradient(double y) const {
        switch (in_.cell.number) {
        case RONDO_CELL_RNN_TANH: return Maths::tanh_gradient(y);
        case RONDO_CELL_RNN_RELU: return Maths::relu_gradient(y);
        case RONDO_CELL_RNN_SIGMOID: return Maths::sigmoid_gradient(y);
        default: return 1.0;
        }
    }

    // ---- LSTM: i, f, g, o

    double peephole(size_t which, size_t u) const { return in_.peepholes.empty() ? 0.0 : in_.peepholes[which * H + u]; }

    void lstm(Step &step) {
        for (size_t u = 0; u < H; u++) {
            const double before = step.c_before[u];
            Sum i = both(step, u), f = both(step, H + u), o = both(step, 3 * H + u);
            i.add(peephole(0, u) * before);
            f.add(peephole(1, u) * before);
            double *gates = step.gates.data() + u;
            gates[0] = Maths::sigmoid(seen(i));
            gates[H] = Maths::sigmoid(seen(f));
            gates[2 * H] = Maths::tanh(seen(both(step, 2 * H + u)));
            Sum c;
            c.add(gates[H] * before);
            c.add(gates[0] * gates[2 * H]);
            step.c[u] = seen(c);
            o.add(peephole(2, u) * step.c[u]);
            gates[3 * H] = Maths::sigmoid(seen(o));
            step.h[u] = gates[3 * H] * Maths::tanh(step.c[u]);
        }
    }

    void lstm_back(Step &step, const Doubles &dh, Doubles &dc) {
        for (size_t u = 0; u < H; u++) {
            const double *gates = step.gates.data() + u;
            const double i = gates[0], f = gates[H], g = gates[2 * H], o = gates[3 * H];
            const double squashed = Maths::tanh(step.c[u]);
            const double d_o = dh[u] * squashed * Maths::sigmoid_gradient(o);
            Sum dcu;
            dcu.add(dc[u]);
            dcu.add(dh[u] * o * Maths::tanh_gradient(squashed));
            dcu.add(d_o * peephole(2, u));
            const double d = seen(dcu);
            const double di = d * g * Maths::sigmoid_gradient(i);
            const double df = d * step.c_before[u] * Maths::sigmoid_gradient(f);
            const double dg = d * i * Maths::tanh_gradient(g);
            Sum before;
            before.add(d * f);
            before.add(di * peephole(0, u));
            before.add(df * peephole(1, u));
            dc[u] = seen(before);
            dpeepholes_[u].add(di * step.c_before[u]);
            dpeepholes_[H + u].add(df * step.c_before[u]);
            dpeepholes_[2 * H + u].add(d_o * step.c[u]);
            step.dinput[u] = di;
            step.dinput[H + u] = df;
            step.dinput[2 * H + u] = dg;
            step.dinput[3 * H + u] = d_o;
        }
        step.drecurrent = step.dinput;
    }

    // ---- GRU: r, z, n

    void gru(Step &step) {
        double *r = step.gates.data(), *z = r + H, *n = z + H;
        for (size_t u = 0; u < H; u++) {
            r[u] = Maths::sigmoid(seen(both(step, u)));
            z[u] = Maths::sigmoid(seen(both(step, H + u)));
            step.reset[u] = seen(r[u] * step.masked[u]);
        }
        for (size_t u = 0; u < H; u++) {
            Sum sum = input(step, 2 * H + u);
            if (in_.cell.reset_after()) {
                const Sum recurrent_n = recurrent(step.masked, 2 * H + u);
                step.recurrent_n[u] = seen(recurrent_n);
                sum.add(r[u], recurrent_n);
            } else {
                sum.add(1.0, recurrent(step.reset, 2 * H + u));
            }
            n[u] = Maths::tanh(seen(sum));
            Sum h;
            h.add(n[u]);
            h.add(-z[u] * n[u]);
            h.add(z[u] * step.h_before[u]);
            step.h[u] = seen(h);
        }
    }

    void gru_back(Step &step, const Doubles &dh, Sums &dmasked, Doubles &direct) {
        const double *r = step.gates.data(), *z = r + H, *n = z + H;
        for (size_t u = 0; u < H; u++) {
            Sum difference, rest;
            difference.add(step.h_before[u]);
            difference.add(-n[u]);
            rest.add(1.0);
            rest.add(-z[u]);
            seen(std::abs(dh[u]) * std::max(difference.magnitude, rest.magnitude));
            direct[u] = dh[u] * z[u];
            step.dinput[H + u] = step.drecurrent[H + u] = dh[u] * difference.value * Maths::sigmoid_gradient(z[u]);
            step.dinput[2 * H + u] = step.drecurrent[2 * H + u] = dh[u] * rest.value * Maths::tanh_gradient(n[u]);
        }
        Sums dreset(H); // of r * h', RESET_BEFORE
        if (!in_.cell.reset_after())
            for (size_t q = 0; q < H; q++)
                for (size_t j = 0; j < H; j++)
                    dreset[j].add(step.drecurrent[2 * H + q] * in_.weight_hh[(2 * H + q) * H + j]);
        for (size_t u = 0; u < H; u++) {
            double dr = 0.0;
            if (in_.cell.reset_after()) {
                dr = step.dinput[2 * H + u] * step.recurrent_n[u];
                step.drecurrent[2 * H + u] *= r[u];
            } else {
                dr = seen(dreset[u]) * step.masked[u];
                dmasked[u].add(r[u], dreset[u]);
            }
            step.dinput[u] = step.drecurrent[u] = dr * Maths::sigmoid_gradient(r[u]);
        }
    }
};

template <class Maths> RecurrentOutput recurrent_in_double(const RecurrentInput &in) {
    return RecurrentOracle<Maths>(in).run();
}

} // namespace rondo::test
