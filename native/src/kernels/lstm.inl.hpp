// LSTM, forward and backward.
//
// i = s(Wi x + Ui h' + bi), f, o likewise, g = tanh(Wg x + Ug h' + bg), c = f*c' + i*g, h = o*tanh(c)
//
// Forward. Weights lie in panels of one vector of hidden units times the four gates, so that a register tile holds all
// gates of its units when the sum over k is complete: activations are applied in registers and only c, h (and, in
// training, the gates) are stored. The input projection of a few time steps is computed first, over all their rows at
// once, into the place of the gates, whence the recurrence takes it as the start of its sums; so W is read once for a
// chunk of steps, and what it made is still in cache when it is needed.
//
// Backward walks time in reverse: dh_t = dy_t + dgates_{t+1} U is the same tile product on U itself (backward panels:
// 4 vectors of hidden units, k = 4H), and the gate derivatives are formed in its registers. They replace the gates in
// the saved memory; dW, dU, dx and db are GEMMs over all steps afterwards (ops/lstm.cpp).
//
// A slice is a range of sequences: sequences never meet in the recurrence, so slices need no barrier. Sequences that
// have ended drop out of the tiles.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/table.hpp"
#include "kernels/tile.inl.hpp"

namespace {

// ------------------------------------------------------------------------------------------------------- packing

// Rows u0 .. u0 + lanes of the four gates of weight [4H, columns], as [column][gate][lanes]. Goes by cache lines of
// columns, so that a line is read once and what is written stays in the L1 cache until it is complete.
template <class S>
void lstm_pack_units(const float *weight, int64_t hidden, int64_t columns, int64_t u0, float *panel) {
    constexpr int64_t line = 16;
    const int64_t units = hidden - u0 < S::lanes ? hidden - u0 : S::lanes;
    for (int64_t k0 = 0; k0 < columns; k0 += line) {
        const int64_t k1 = k0 + line < columns ? k0 + line : columns;
        for (int64_t gate = 0; gate < 4; gate++) {
            for (int64_t u = 0; u < S::lanes; u++) {
                float *to = panel + gate * S::lanes + u;
                const float *from = u < units ? weight + (gate * hidden + u0 + u) * columns : nullptr;
                for (int64_t k = k0; k < k1; k++) to[k * 4 * S::lanes] = from ? from[k] : 0.0f;
            }
        }
    }
}

template <class S> void lstm_pack(const rondo::LstmPackWork &w, rondo::Slice slice) {
    const int64_t hidden = w.call->hidden_size;
    const int64_t input = w.call->input_size;
    if (w.call->parts & RONDO_PACK_FORWARD) {
        int64_t begin, end;
        slice.range(hidden, S::lanes, begin, end);
        for (int64_t u0 = begin; u0 < end; u0 += S::lanes) {
            const int64_t block = u0 / S::lanes;
            const int n = lanes_at<S>(u0, hidden);
            for (int gate = 0; gate < 4; gate++) {
                S::store(w.bias + (block * 4 + gate) * S::lanes,
                         w.call->bias ? load_lanes<S>(w.call->bias + gate * hidden + u0, n) : S::zero());
            }
            lstm_pack_units<S>(w.call->weight_ih, hidden, input, u0, w.weight_ih + block * input * 4 * S::lanes);
            lstm_pack_units<S>(w.call->weight_hh, hidden, hidden, u0, w.weight_hh + block * hidden * 4 * S::lanes);
        }
    }
    if (w.call->parts & RONDO_PACK_BACKWARD) {
        constexpr int64_t width = 4 * S::lanes;
        int64_t begin, end;
        slice.range(4 * hidden, 1, begin, end);
        for (int64_t k = begin; k < end; k++) {
            const float *from = w.call->weight_hh + k * hidden;
            for (int64_t u = 0; u < round_up(hidden, width); u += S::lanes) {
                S::store(w.backward + u / width * width * 4 * hidden + k * width + u % width,
                         load_lanes<S>(from + (u < hidden ? u : 0), lanes_at<S>(u, hidden)));
            }
        }
    }
}

// -------------------------------------------------------------------------------------------------------- forward

// Hands out aligned pieces of scratch; with a null start it only counts.
struct Carver {
    char *start;
    int64_t used;

    template <class T> T *take(int64_t count) {
        T *piece = start ? reinterpret_cast<T *>(start + used) : nullptr;
        used += round_up(count * static_cast<int64_t>(sizeof(T)), RONDO_ALIGNMENT);
        return piece;
    }
};

// So many rows of the input projection are computed at once, where there are as many.
constexpr int64_t lstm_projection_rows = 96;

struct LstmForwardScratch {
    int64_t chunk;     // time steps projected at once
    int32_t *live;     // [rows] sequences that have the step
    const float **x;   // [rows * chunk] inputs to project
    float **projected; // [rows * chunk] where to
    float *gates;      // inference: [rows * chunk] rows of gates_stride
    int64_t gates_stride;
    float *h[2]; // inference: [rows] states, before and after a step
    float *c;    // inference: [rows] states
    int64_t state_stride;
    int64_t bytes;
};

inline LstmForwardScratch lstm_carve(const rondo_lstm_forward &call, int64_t rows, bool training, char *start) {
    LstmForwardScratch s{};
    Carver carver{start, 0};
    s.chunk = rows > 0 ? (lstm_projection_rows + rows - 1) / rows : 1;
    if (s.chunk > call.time_steps) s.chunk = call.time_steps;
    // Fewer sequences take more steps at once: never more rows than this.
    int64_t most = rows + lstm_projection_rows;
    if (most > rows * call.time_steps) most = rows * call.time_steps;
    s.live = carver.take<int32_t>(rows);
    s.x = carver.take<const float *>(most);
    s.projected = carver.take<float *>(most);
    if (!training) {
        s.gates_stride = round_up(4 * static_cast<int64_t>(call.hidden_size), 16) + 16;
        s.state_stride = round_up(call.hidden_size, 16) + 16;
        s.gates = carver.take<float>(most * s.gates_stride);
        s.h[0] = carver.take<float>(rows * s.state_stride);
        s.h[1] = carver.take<float>(rows * s.state_stride);
        s.c = carver.take<float>(rows * s.state_stride);
    }
    s.bytes = carver.used;
    return s;
}

template <class S> int64_t lstm_forward_scratch(const rondo_lstm_forward &call, int64_t rows) {
    return lstm_carve(call, rows, false, nullptr).bytes; // inference, which needs more than training does
}

inline void copy_floats(float *to, const float *from, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = from ? from[i] : 0.0f;
}

// The rows of one register tile at one step.
template <int R> struct LstmStepRows {
    const float *h[R]; // before
    const float *c[R]; // before
    float *gates[R];   // in: the input projection; out, in training: the activated gates
    float *h_after[R];
    float *c_after[R];
    float *y[R]; // null where not wanted
};

// One step for one block of units: the recurrent product on top of the projection, then the cell.
template <class S, class A, bool Training, int R>
RONDO_INLINE void lstm_step_tile(const LstmStepRows<R> &rows, const float *panel, int64_t hidden, int64_t u0, int n) {
    Tile<S, R> tile;
    for (int r = 0; r < R; r++) {
        for (int gate = 0; gate < 4; gate++) {
            tile.v[r][gate] = load_lanes<S>(rows.gates[r] + gate * hidden + u0, n);
        }
    }
    multiply_add<1>(tile, rows.h, panel, hidden);
    for (int r = 0; r < R; r++) {
        const auto i = A::sigmoid(tile.v[r][0]);
        const auto f = A::sigmoid(tile.v[r][1]);
        const auto g = A::tanh(tile.v[r][2]);
        const auto o = A::sigmoid(tile.v[r][3]);
        const auto c = S::fma(f, load_lanes<S>(rows.c[r] + u0, n), S::mul(i, g));
        const auto h = S::mul(o, A::tanh(c));
        store_lanes<S>(rows.c_after[r] + u0, c, n);
        store_lanes<S>(rows.h_after[r] + u0, h, n);
        if (rows.y[r]) store_lanes<S>(rows.y[r] + u0, h, n);
        if constexpr (Training) {
            store_lanes<S>(rows.gates[r] + u0, i, n);
            store_lanes<S>(rows.gates[r] + hidden + u0, f, n);
            store_lanes<S>(rows.gates[r] + 2 * hidden + u0, g, n);
            store_lanes<S>(rows.gates[r] + 3 * hidden + u0, o, n);
        }
    }
}

// projected[i] = W x[i] + b for all gates.
template <class S>
void lstm_project(const rondo::LstmForwardWork &w, const LstmForwardScratch &scratch, int64_t count) {
    const int64_t hidden = w.call->hidden_size;
    const int64_t input = w.call->input_size;
    for (int64_t u0 = 0; u0 < hidden; u0 += S::lanes) {
        const int64_t block = u0 / S::lanes;
        const float *bias = w.bias + block * 4 * S::lanes;
        const float *panel = w.weight_ih + block * input * 4 * S::lanes;
        const int n = lanes_at<S>(u0, hidden);
        for_tiles<S>(count, [&](int64_t first, auto rows) {
            constexpr int R = rows.value;
            Tile<S, R> tile;
            const float *x[R];
            for (int r = 0; r < R; r++) {
                x[r] = scratch.x[first + r];
                for (int gate = 0; gate < 4; gate++) tile.v[r][gate] = S::load(bias + gate * S::lanes);
            }
            multiply_add<1>(tile, x, panel, input);
            for (int r = 0; r < R; r++) {
                for (int gate = 0; gate < 4; gate++) {
                    store_lanes<S>(scratch.projected[first + r] + gate * hidden + u0, tile.v[r][gate], n);
                }
            }
        });
    }
}

template <class S, class A, bool Training>
void lstm_sequences(const rondo::LstmForwardWork &w, int64_t b0, int64_t b1) {
    const rondo_lstm_forward &call = *w.call;
    const int64_t batch = call.batch_size;
    const int64_t time = call.time_steps;
    const int64_t hidden = call.hidden_size;
    const LstmForwardScratch scratch = lstm_carve(call, b1 - b0, Training, w.scratch);
    const rondo::LstmSaved &saved = w.saved;
    const int64_t gates_stride = Training ? saved.gates_stride : scratch.gates_stride;
    const int64_t state_stride = Training ? saved.state_stride : scratch.state_stride;
    const auto length = [&](int64_t b) -> int64_t { return call.lengths ? call.lengths[b] : time; };
    // The states of sequence b before step t. In inference h is kept twice, since other units still read the old one;
    // c is not: each element is read and written by one tile only.
    const auto h_before = [&](int64_t t, int64_t b) {
        return Training ? saved.h + (t * batch + b) * state_stride : scratch.h[t & 1] + (b - b0) * state_stride;
    };
    const auto c_before = [&](int64_t t, int64_t b) {
        return Training ? saved.c + (t * batch + b) * state_stride : scratch.c + (b - b0) * state_stride;
    };

    for (int64_t b = b0; b < b1; b++) {
        copy_floats(h_before(0, b), call.h0 ? call.h0 + b * hidden : nullptr, hidden);
        copy_floats(c_before(0, b), call.c0 ? call.c0 + b * hidden : nullptr, hidden);
    }

    for (int64_t t0 = 0; t0 < time; t0 += scratch.chunk) {
        const int64_t t1 = t0 + scratch.chunk < time ? t0 + scratch.chunk : time;
        const auto gates_of = [&](int64_t t, int64_t b) {
            return Training ? saved.gates + (t * batch + b) * gates_stride
                            : scratch.gates + ((t - t0) * (b1 - b0) + b - b0) * gates_stride;
        };
        int64_t count = 0;
        for (int64_t t = t0; t < t1; t++) {
            for (int64_t b = b0; b < b1; b++) {
                if (t >= length(b)) continue;
                scratch.x[count] = call.x + b * call.x_batch_stride + t * call.x_time_stride;
                scratch.projected[count] = gates_of(t, b);
                count++;
            }
        }
        lstm_project<S>(w, scratch, count);

        for (int64_t t = t0; t < t1; t++) {
            int64_t live = 0;
            for (int64_t b = b0; b < b1; b++) {
                if (t < length(b)) scratch.live[live++] = static_cast<int32_t>(b);
            }
            for (int64_t u0 = 0; u0 < hidden; u0 += S::lanes) {
                const float *panel = w.weight_hh + u0 * hidden * 4;
                const int n = lanes_at<S>(u0, hidden);
                for_tiles<S>(live, [&](int64_t first, auto rows) {
                    constexpr int R = rows.value;
                    LstmStepRows<R> step;
                    for (int r = 0; r < R; r++) {
                        const int64_t b = scratch.live[first + r];
                        step.h[r] = h_before(t, b);
                        step.c[r] = c_before(t, b);
                        step.gates[r] = gates_of(t, b);
                        step.h_after[r] = h_before(t + 1, b);
                        step.c_after[r] = c_before(t + 1, b);
                        step.y[r] = call.y ? call.y + b * call.y_batch_stride + t * call.y_time_stride : nullptr;
                    }
                    lstm_step_tile<S, A, Training, R>(step, panel, hidden, u0, n);
                });
            }
        }
    }

    for (int64_t b = b0; b < b1; b++) {
        if (call.hn) copy_floats(call.hn + b * hidden, h_before(length(b), b), hidden);
        if (call.cn) copy_floats(call.cn + b * hidden, c_before(length(b), b), hidden);
        if (!call.y) continue;
        for (int64_t t = length(b); t < time; t++) {
            copy_floats(call.y + b * call.y_batch_stride + t * call.y_time_stride, nullptr, hidden);
        }
    }
}

template <class S, class A> void lstm_forward(const rondo::LstmForwardWork &w, rondo::Slice slice) {
    int64_t begin, end;
    slice.range(w.call->batch_size, 1, begin, end);
    if (begin == end) return;
    rondo::LstmForwardWork mine = w;
    mine.scratch = w.scratch + slice.index * w.scratch_bytes;
    if (w.call->saved) {
        lstm_sequences<S, A, true>(mine, begin, end);
    } else {
        lstm_sequences<S, A, false>(mine, begin, end);
    }
}

// ------------------------------------------------------------------------------------------------------- backward

struct LstmBackwardScratch {
    int32_t *live; // [rows]: sequences that have the step after this one too, then those for which it is the last
    float *dc;     // [rows] gradients of the cell state, coming from the step after
    int64_t stride;
    int64_t bytes;
};

inline LstmBackwardScratch lstm_carve(const rondo_lstm_backward &call, int64_t rows, char *start) {
    LstmBackwardScratch s{};
    Carver carver{start, 0};
    s.stride = round_up(call.hidden_size, 16) + 16;
    s.live = carver.take<int32_t>(rows);
    s.dc = carver.take<float>(rows * s.stride);
    s.bytes = carver.used;
    return s;
}

template <class S> int64_t lstm_backward_scratch(const rondo_lstm_backward &call, int64_t rows) {
    return lstm_carve(call, rows, nullptr).bytes;
}

// The rows of one register tile at one step of the way back.
template <int R> struct LstmBackRows {
    const float *dh[R];     // from dy or dhn; null: zeros
    const float *dh_too[R]; // likewise, added to it
    const float *dgates_next[R];
    float *gates[R]; // in: gates; out: their gradients
    const float *c_before[R];
    const float *c[R];
    float *dc[R]; // in: from the step after; out: for the step before
};

// dh of four vectors of units: what comes from above, and from the step after through U.
template <class S, int R>
RONDO_INLINE void lstm_dh_tile(Tile<S, R> &dh, const LstmBackRows<R> &rows, const float *panel, int64_t k, int64_t u0,
                               const int (&n)[4]) {
    for (int r = 0; r < R; r++) {
        for (int v = 0; v < 4; v++) {
            const int64_t u = u0 + v * S::lanes;
            dh.v[r][v] = rows.dh[r] ? load_lanes<S>(rows.dh[r] + u, n[v]) : S::zero();
            if (rows.dh_too[r]) dh.v[r][v] = S::add(dh.v[r][v], load_lanes<S>(rows.dh_too[r] + u, n[v]));
        }
    }
    multiply_add<1>(dh, rows.dgates_next, panel, k);
}

template <class S, class A, int R>
RONDO_INLINE void lstm_back_tile(const LstmBackRows<R> &rows, const float *panel, int64_t k, int64_t hidden,
                                 int64_t u0) {
    int n[4];
    for (int v = 0; v < 4; v++) n[v] = lanes_at<S>(u0 + v * S::lanes, hidden);
    Tile<S, R> tile;
    lstm_dh_tile<S>(tile, rows, panel, k, u0, n);
    for (int r = 0; r < R; r++) {
        for (int v = 0; v < 4; v++) {
            if (n[v] == 0) continue;
            const int64_t u = u0 + v * S::lanes;
            float *gates = rows.gates[r] + u;
            const auto i = load_lanes<S>(gates, n[v]);
            const auto f = load_lanes<S>(gates + hidden, n[v]);
            const auto g = load_lanes<S>(gates + 2 * hidden, n[v]);
            const auto o = load_lanes<S>(gates + 3 * hidden, n[v]);
            const auto dh = tile.v[r][v];
            const auto squashed = A::tanh(load_lanes<S>(rows.c[r] + u, n[v]));
            const auto dc = S::fma(S::mul(dh, o), A::tanh_gradient(squashed), load_lanes<S>(rows.dc[r] + u, n[v]));
            const auto df = S::mul(dc, load_lanes<S>(rows.c_before[r] + u, n[v]));
            store_lanes<S>(rows.dc[r] + u, S::mul(dc, f), n[v]);
            store_lanes<S>(gates, S::mul(S::mul(dc, g), A::sigmoid_gradient(i)), n[v]);
            store_lanes<S>(gates + hidden, S::mul(df, A::sigmoid_gradient(f)), n[v]);
            store_lanes<S>(gates + 2 * hidden, S::mul(S::mul(dc, i), A::tanh_gradient(g)), n[v]);
            store_lanes<S>(gates + 3 * hidden, S::mul(S::mul(dh, squashed), A::sigmoid_gradient(o)), n[v]);
        }
    }
}

template <class S, class A> void lstm_backward(const rondo::LstmBackwardWork &w, rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    const rondo_lstm_backward &call = *w.call;
    int64_t b0, b1;
    slice.range(call.batch_size, 1, b0, b1);
    if (b0 == b1) return;
    const int64_t batch = call.batch_size;
    const int64_t time = call.time_steps;
    const int64_t hidden = call.hidden_size;
    const rondo::LstmSaved &saved = w.saved;
    const LstmBackwardScratch scratch = lstm_carve(call, b1 - b0, w.scratch + slice.index * w.scratch_bytes);
    const auto length = [&](int64_t b) -> int64_t { return call.lengths ? call.lengths[b] : time; };
    const auto gates_of = [&](int64_t t, int64_t b) { return saved.gates + (t * batch + b) * saved.gates_stride; };
    const auto c_before = [&](int64_t t, int64_t b) { return saved.c + (t * batch + b) * saved.state_stride; };
    const auto dc_of = [&](int64_t b) { return scratch.dc + (b - b0) * scratch.stride; };
    const auto dhn_of = [&](int64_t b) { return call.dhn ? call.dhn + b * hidden : nullptr; };

    for (int64_t b = b0; b < b1; b++) copy_floats(dc_of(b), call.dcn ? call.dcn + b * hidden : nullptr, hidden);

    for (int64_t t = time - 1; t >= 0; t--) {
        int64_t going = 0;
        for (int64_t b = b0; b < b1; b++) {
            if (t + 1 < length(b)) scratch.live[going++] = static_cast<int32_t>(b);
        }
        int64_t live = going;
        for (int64_t b = b0; b < b1; b++) {
            if (t + 1 == length(b)) scratch.live[live++] = static_cast<int32_t>(b);
            if (t >= length(b)) {
                copy_floats(gates_of(t, b), nullptr, 4 * hidden);
            }
        }
        for (int64_t u0 = 0; u0 < hidden; u0 += width) {
            const float *panel = w.backward + u0 * 4 * hidden;
            const auto back = [&](int64_t begin, int64_t count, int64_t k) {
                for_tiles<S>(count, [&](int64_t first, auto rows) {
                    constexpr int R = rows.value;
                    LstmBackRows<R> step;
                    for (int r = 0; r < R; r++) {
                        const int64_t b = scratch.live[begin + first + r];
                        step.dh[r] = call.dy ? call.dy + b * call.dy_batch_stride + t * call.dy_time_stride : nullptr;
                        step.dh_too[r] = k == 0 ? dhn_of(b) : nullptr;
                        step.dgates_next[r] = k == 0 ? nullptr : gates_of(t + 1, b);
                        step.gates[r] = gates_of(t, b);
                        step.c_before[r] = c_before(t, b);
                        step.c[r] = c_before(t + 1, b);
                        step.dc[r] = dc_of(b);
                    }
                    lstm_back_tile<S, A, R>(step, panel, k, hidden, u0);
                });
            };
            back(0, going, 4 * hidden);
            back(going, live - going, 0);
        }
    }

    if (call.dh0) {
        for (int64_t u0 = 0; u0 < hidden; u0 += width) {
            int n[4];
            for (int v = 0; v < 4; v++) n[v] = lanes_at<S>(u0 + v * S::lanes, hidden);
            for_tiles<S>(b1 - b0, [&](int64_t first, auto rows) {
                // Row by row where lengths differ: an empty sequence hands dhn on.
                constexpr int R = rows.value;
                LstmBackRows<R> step{};
                for (int r = 0; r < R; r++) {
                    const int64_t b = b0 + first + r;
                    step.dh[r] = length(b) == 0 ? dhn_of(b) : nullptr;
                    step.dgates_next[r] = gates_of(0, b);
                }
                Tile<S, R> tile;
                // The gates of an empty sequence are zero by now, and add nothing.
                lstm_dh_tile<S>(tile, step, w.backward + u0 * 4 * hidden, 4 * hidden, u0, n);
                for (int r = 0; r < R; r++) {
                    for (int v = 0; v < 4; v++) {
                        store_lanes<S>(call.dh0 + (b0 + first + r) * hidden + u0 + v * S::lanes, tile.v[r][v], n[v]);
                    }
                }
            });
        }
    }
    if (call.dc0) {
        for (int64_t b = b0; b < b1; b++) copy_floats(call.dc0 + b * hidden, dc_of(b), hidden);
    }
}

} // namespace
