// What all recurrent layers share: packing, the input projection, and the walk through one step, forward and backward,
// in register tiles. The cells (lstm, gru, rnn) say how the vectors of a tile are laid out over gates and units, what
// the sums start from and what is done with them while they are in registers.
//
// Forward. The panels of a cell hold, for a block of hidden units, the vectors of all gates that its tile needs
// (Layout), so that when the sum over k is complete, activations are applied in registers and only the states (and, in
// training, the gates) are stored. The input projection is the start of these sums. Where a step has rows enough to make
// use of W, it is computed within the step, in the same registers. Else that of a few steps is computed first, over all
// their rows at once, into the place of the gates; so W is read once for a chunk of steps, and what it made is still in
// cache when it is needed. Either way a sum is the bias, then W x by rising k, then U h, and comes to the same bits.
//
// Backward walks the steps in reverse: dh_s = dy_s + dgates_{s+1} U is the same tile product on U itself (panels of 4
// vectors of units), and the gate derivatives are formed in its registers. They replace the gates in the saved memory;
// dW, dU, dx and the biases' gradients are GEMMs over all steps afterwards (ops/recurrent.cpp).
//
// Every other step goes through the units downwards: of weights that are larger than a cache, what it still holds of one
// step is what the next begins with (an LSTM of 256 units and one sequence with 512 KiB of L2: 4 to 6 % of the time). So
// does every other call of one step on the same weights.
//
// A slice is a range of units. Who calls sees to it that a step's phases follow each other, and splits the batch
// instead where that is better.
#pragma once

#include "kernels/activation.inl.hpp"
#include "kernels/table.hpp"
#include "kernels/tile.inl.hpp"

namespace {

// How a panel's vectors lie over gates and units: vector v belongs to gate v / Blocks and to the v % Blocks-th vector
// of units.
template <int Gates, int Blocks> struct Layout {
    static constexpr int gates = Gates;
    static constexpr int blocks = Blocks;
    static constexpr int vectors = Gates * Blocks;
    static_assert(vectors == 4); // as a tile has
    template <class S> static constexpr int64_t units = Blocks *S::lanes;
    // Where slices are cut: r and z of a GRU as n is, which needs them.
    template <class S> static constexpr int64_t grain = (Gates == 2 ? 4 : Blocks) * S::lanes;
};

// ------------------------------------------------------------------------------------------------------- packing

// Column k0 of the rows of a panel.
template <class S, class L>
RONDO_INLINE void prefetch_rows(const float *weight, int64_t u0, int64_t hidden, int64_t k, int64_t k0) {
    for (int64_t gate = 0; gate < L::gates; gate++) {
        for (int64_t u = u0; u < u0 + L::template units<S> && u < hidden; u++) {
            S::prefetch(weight + (gate * hidden + u) * k + k0);
        }
    }
}

// Rows of weight [gates * H, k], from row `first` on, as panels of a layout, by squares that are transposed in
// registers.
template <class S, class L>
void pack_panels(const float *weight, int64_t first, int64_t hidden, int64_t k, float *panels, rondo::Slice slice) {
    int64_t begin, end;
    slice.range(hidden, L::template units<S>, begin, end);
    for (int64_t u0 = begin; u0 < end; u0 += L::template units<S>) {
        const Panel<S> panel(panels + u0 * L::gates * k, k);
        for (int64_t k0 = 0; k0 < k; k0 += S::lanes) {
            const int columns = lanes_at<S>(k0, k);
            if (k0 % 16 == 0) prefetch_rows<S, L>(weight + first * k, u0, hidden, k, k0 + 64);
            for (int64_t v = 0; v < L::vectors; v++) {
                const int64_t u = u0 + v % L::blocks * S::lanes;
                const float *from = weight + (first + v / L::blocks * hidden + u) * k + k0;
                pack_square<S>(from, k, lanes_at<S>(u, hidden), columns, panel, k0, v);
            }
        }
    }
}

// Rows of U in the panels of RecurrentPack::backward.
RONDO_INLINE constexpr int64_t backward_rows(int32_t cell, int64_t hidden) {
    return (cell == RONDO_CELL_GRU_RESET_BEFORE ? 2 : rondo::cell_shape(cell).gates) * hidden;
}

// U as the right-hand side of dgates U: rows `first` to `first + k` of weight [.., H] as panels of 4 vectors.
template <class S>
void pack_rows(const float *weight, int64_t first, int64_t k, int64_t hidden, float *panels, rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    int64_t begin, end;
    slice.range(k, 1, begin, end);
    for (int64_t i = begin; i < end; i++) {
        const float *from = weight + (first + i) * hidden;
        for (int64_t u = 0; u < round_up(hidden, width); u += S::lanes) {
            const Panel<S> panel(panels + u / width * width * k, k);
            S::store(panel.at(i, u % width / S::lanes),
                     load_lanes<S>(from + (u < hidden ? u : 0), lanes_at<S>(u, hidden)));
        }
    }
}

// n numbers, or zeros where there are none, filled up with zeros to the next vector.
template <class S> void pack_vector(const float *from, int64_t n, float *to) {
    for (int64_t i = 0; i < n; i += S::lanes) {
        S::store(to + i, from ? load_lanes<S>(from + i, lanes_at<S>(i, n)) : S::zero());
    }
}

// What starts the projection's sums: the biases of each panel's vectors, for gates from `first` on.
template <class S, class L>
void pack_bias(const float *bias_ih, const float *bias_hh, int64_t first, int64_t hidden, float *to) {
    for (int64_t u0 = 0; u0 < hidden; u0 += L::template units<S>) {
        for (int64_t v = 0; v < L::vectors; v++) {
            const int64_t u = u0 + v % L::blocks * S::lanes;
            const int64_t at = (first + v / L::blocks) * hidden + u;
            const int n = lanes_at<S>(u, hidden);
            auto sum = bias_ih ? load_lanes<S>(bias_ih + at, n) : S::zero();
            if (bias_hh) sum = S::add(sum, load_lanes<S>(bias_hh + at, n));
            S::store(to + u0 * L::gates + v * S::lanes, sum);
        }
    }
}

using LstmLayout = Layout<4, 1>;
using ResetUpdateLayout = Layout<2, 2>; // r and z of a GRU
using UnitsLayout = Layout<1, 4>;       // n of a GRU, and a simple RNN

template <class S> void recurrent_pack(const rondo::RecurrentPackWork &w, rondo::Slice slice) {
    const rondo_recurrent_pack &call = *w.call;
    const rondo::RecurrentPack &pack = w.pack;
    const int64_t hidden = call.hidden_size;
    const int64_t input = call.input_size;
    const bool after = call.cell == RONDO_CELL_GRU_RESET_AFTER;
    const bool first = slice.index == 0;
    if (first && pack.peepholes) {
        for (int64_t i = 0; i < 3; i++) {
            pack_vector<S>(call.peepholes + i * hidden, hidden, pack.peepholes + i * round_up(hidden, S::lanes));
        }
    }
    if (call.parts & RONDO_PACK_FORWARD) {
        switch (rondo::cell_shape(call.cell).family) {
        case rondo::CellFamily::gru:
            if (first) {
                pack_bias<S, ResetUpdateLayout>(call.bias_ih, call.bias_hh, 0, hidden, pack.bias);
                pack_bias<S, UnitsLayout>(call.bias_ih, after ? nullptr : call.bias_hh, 2, hidden, pack.bias_in);
                if (after) {
                    pack_vector<S>(call.bias_hh ? call.bias_hh + 2 * hidden : call.bias_hn, hidden, pack.bias_hn);
                }
            }
            pack_panels<S, ResetUpdateLayout>(call.weight_ih, 0, hidden, input, pack.weight_ih, slice);
            pack_panels<S, UnitsLayout>(call.weight_ih, 2 * hidden, hidden, input, pack.weight_in, slice);
            pack_panels<S, ResetUpdateLayout>(call.weight_hh, 0, hidden, hidden, pack.weight_hh, slice);
            pack_panels<S, UnitsLayout>(call.weight_hh, 2 * hidden, hidden, hidden, pack.weight_hn, slice);
            break;
        case rondo::CellFamily::lstm:
            if (first) pack_bias<S, LstmLayout>(call.bias_ih, call.bias_hh, 0, hidden, pack.bias);
            pack_panels<S, LstmLayout>(call.weight_ih, 0, hidden, input, pack.weight_ih, slice);
            pack_panels<S, LstmLayout>(call.weight_hh, 0, hidden, hidden, pack.weight_hh, slice);
            break;
        case rondo::CellFamily::rnn:
            if (first) pack_bias<S, UnitsLayout>(call.bias_ih, call.bias_hh, 0, hidden, pack.bias);
            pack_panels<S, UnitsLayout>(call.weight_ih, 0, hidden, input, pack.weight_ih, slice);
            pack_panels<S, UnitsLayout>(call.weight_hh, 0, hidden, hidden, pack.weight_hh, slice);
        }
    }
    if (call.parts & RONDO_PACK_BACKWARD) {
        const int64_t k = backward_rows(call.cell, hidden);
        pack_rows<S>(call.weight_hh, 0, k, hidden, pack.backward, slice);
        if (pack.backward_n) pack_rows<S>(call.weight_hh, k, hidden, hidden, pack.backward_n, slice);
    }
}

// ------------------------------------------------------------------------------------------------------- forward

// The input's share of the gates of one layout, whose first lies at `column` of the gates.
struct InputPart {
    const float *biases;
    const float *panels;
    int64_t column;
};

template <class S, class L> RONDO_INLINE Panel<S> input_panel(const InputPart &part, int64_t u0, int64_t input) {
    return Panel<S>(part.panels + u0 * L::gates * input, input);
}

// tiles = W x + b for the panels from unit u0 on.
template <class S, class L, int N, int R>
RONDO_INLINE void input_sums(Tile<S, R> (&tiles)[N], const float *const (&x)[R], const InputPart &part, int64_t u0,
                             int64_t input, Next next) {
    for (int n = 0; n < N; n++) {
        for (int v = 0; v < L::vectors; v++) {
            const auto bias = S::load(part.biases + u0 * L::gates + (n * L::vectors + v) * S::lanes);
            for (int r = 0; r < R; r++) tiles[n].v[r][v] = bias;
        }
    }
    multiply_add<1>(tiles, x, input_panel<S, L>(part, u0, input), input, next);
}

// Calls f(vector of tiles[n] for row r, its place in the row's gates, its unit).
template <class S, class L, int N, int R, class Function>
RONDO_INLINE void each_gate(Tile<S, R> (&tiles)[N], float *const *gates, int64_t column, int64_t u0, int64_t hidden,
                            const Function &f) {
    for (int n = 0; n < N; n++) {
        for (int v = 0; v < L::vectors; v++) {
            const int64_t u = u0 + (n * L::blocks + v % L::blocks) * S::lanes;
            for (int r = 0; r < R; r++) f(tiles[n].v[r][v], gates[r] + column + v / L::blocks * hidden + u, u);
        }
    }
}

// projected[i] = W x[i] + b
template <class S, class L>
void project(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, const InputPart &part,
             rondo::Slice slice) {
    const int64_t hidden = w.call->hidden_size;
    int64_t begin, end;
    slice.range(hidden, L::template units<S>, begin, end);
    for_panels<S>(
        begin, end, L::template units<S>, group.count, false,
        [&](int64_t u0, auto panel_count, int64_t first, auto rows, Next next) {
            constexpr int N = panel_count.value, R = rows.value;
            Tile<S, R> tiles[N];
            float *const *gates = group.projected + first;
            const float *x[R];
            for (int r = 0; r < R; r++) x[r] = group.x[first + r];
            each_gate<S, L>(tiles, gates, part.column, u0, hidden, [](auto &, float *to, int64_t) { S::prefetch(to); });
            const int64_t input = w.call->input_size;
            input_sums<S, L>(tiles, x, part, u0, input, next);
            each_gate<S, L>(tiles, gates, part.column, u0, hidden,
                            [&](auto &sum, float *to, int64_t u) { store_lanes<S>(to, sum, lanes_at<S>(u, hidden)); });
        });
}

// Of all gates; of a GRU of r and z.
RONDO_INLINE InputPart gates_input(const rondo::RecurrentPack &pack) { return {pack.bias, pack.weight_ih, 0}; }

// Of n of a GRU.
RONDO_INLINE InputPart candidate_input(const rondo::RecurrentPack &pack, int64_t hidden) {
    return {pack.bias_in, pack.weight_in, 2 * hidden};
}

template <class S>
void recurrent_project(const rondo::RecurrentForwardWork &w, const rondo::RecurrentGroup &group, rondo::Slice slice) {
    const rondo::RecurrentPack &pack = w.pack;
    switch (rondo::cell_shape(w.call->cell).family) {
    case rondo::CellFamily::lstm: project<S, LstmLayout>(w, group, gates_input(pack), slice); break;
    case rondo::CellFamily::gru:
        project<S, ResetUpdateLayout>(w, group, gates_input(pack), slice);
        project<S, UnitsLayout>(w, group, candidate_input(pack, w.call->hidden_size), slice);
        break;
    case rondo::CellFamily::rnn: project<S, UnitsLayout>(w, group, gates_input(pack), slice);
    }
}

// The rows of one register tile at one step.
template <int R> struct ForwardRows {
    const float *x[R];
    const float *operand[R]; // what U acts on: h before, times the mask if there is one
    const float *h[R];       // before
    const float *c[R];       // before
    float *gates[R];         // in: the input projection, if before; out, in training: what backward needs
    float *h_after[R];
    float *c_after[R];
    float *operand_after[R]; // null: it is h
    const float *mask[R];
    float *y[R]; // null where not wanted
};

// A step of a group, of which a slice is done.
struct GroupStep {
    static constexpr bool single = false;
    const rondo::RecurrentForwardWork &w;
    const rondo::RecurrentGroup &group;
    int64_t s;
    rondo::Slice slice;

    RONDO_INLINE const rondo_recurrent_forward &call() const { return *w.call; }
    RONDO_INLINE const rondo::RecurrentPack &pack() const { return w.pack; }
    RONDO_INLINE bool training() const { return w.training; }
    RONDO_INLINE bool projects_within() const { return group.within; }
    RONDO_INLINE bool goes_down() const { return (s % 2 != 0) != w.down; }
    RONDO_INLINE int64_t live() const { return group.live(w.walk, s); }

    // R sequences that have the step, from one of the group's on.
    template <int R> RONDO_INLINE void find(ForwardRows<R> &rows, int64_t first) const {
        for (int r = 0; r < R; r++) {
            const int64_t slot = group.first + first + r;
            const int64_t b = w.walk.order[slot];
            const int64_t t = w.walk.time(s, b);
            rows.x[r] = call().x + b * call().x_batch_stride + t * call().x_time_stride;
            rows.operand[r] = w.operand.at(s, slot);
            rows.h[r] = w.h.at(s, slot);
            rows.c[r] = w.c.at(s, slot);
            rows.gates[r] = group.gates.at(s, slot);
            rows.h_after[r] = w.h.at(s + 1, slot);
            rows.c_after[r] = w.c.at(s + 1, slot);
            rows.operand_after[r] = call().recurrent_mask ? w.operand.at(s + 1, slot) : nullptr;
            rows.mask[r] = call().recurrent_mask ? call().recurrent_mask + b * call().hidden_size : nullptr;
            rows.y[r] = call().y ? call().y + b * call().y_batch_stride + t * call().y_time_stride : nullptr;
        }
    }
};

// The only step of the only sequence.
struct SingleStep {
    static constexpr bool single = true;
    const rondo::RecurrentSingleWork &w;
    static constexpr rondo::Slice slice{0, 1};

    RONDO_INLINE const rondo_recurrent_forward &call() const { return *w.call; }
    RONDO_INLINE const rondo::RecurrentPack &pack() const { return *w.pack; }
    static constexpr bool training() { return false; }
    static constexpr bool projects_within() { return true; }
    RONDO_INLINE bool goes_down() const { return w.down; }
    static constexpr int64_t live() { return 1; }

    RONDO_INLINE void find(ForwardRows<1> &row, int64_t) const {
        row = {{call().x}, {w.h}, {w.h}, {w.c}, {w.gates}, {w.h_after}, {w.c_after}, {nullptr}, {nullptr}, {nullptr}};
    }
};

// n units of the new state, from u on.
template <class S, int R>
RONDO_INLINE void store_state(const ForwardRows<R> &rows, int r, int64_t u, typename S::F h, int n) {
    store_lanes<S>(rows.h_after[r] + u, h, n);
    if (rows.operand_after[r]) {
        store_lanes<S>(rows.operand_after[r] + u, S::mul(h, load_lanes<S>(rows.mask[r] + u, n)), n);
    }
    if (rows.y[r]) store_lanes<S>(rows.y[r] + u, h, n);
}

// Where one row's vectors of a single panel are enough for the multiply-adds in flight, it takes panels smaller than this
// one by one: what is made of a panel's sums is then done while the next one's are summed. Larger ones come sooner as two
// streams.
constexpr int64_t panel_bytes_in_pairs = 32 << 10;

// One phase of a step of a cell. Phase says: the Layout of its panels; operand(rows, r), what U acts on; and what is made
// of the sums and stored: finish(tile, rows, u0), where what U makes is added to the input's share, or where they are
// apart, and what U makes begins with a bias of its own, finish(tile, input tile, rows, u0).
template <class S, class Phase, class Step>
void step_phase(const Phase &phase, const InputPart &input, const float *panels, const Step &step) {
    using L = typename Phase::L;
    const int64_t hidden = step.call().hidden_size, inputs = step.call().input_size;
    int64_t begin, end;
    step.slice.range(hidden, L::template grain<S>, begin, end);
    const auto tile_of = [&](const auto &rows, int64_t u0, auto panel_count, auto count, Next next)
        __attribute__((always_inline)) {
        constexpr int N = panel_count.value, R = count.value;
        Tile<S, R> tiles[N];
        const float *operand[R];
        for (int r = 0; r < R; r++) {
            operand[r] = phase.operand(rows, r);
            if constexpr (Step::single) continue;
            for (int v = 0; v < N * L::blocks; v++) {
                const int64_t u = u0 + v * S::lanes;
                S::prefetch(rows.h_after[r] + u);
                if (rows.c_after[r]) S::prefetch(rows.c_after[r] + u);
                if (rows.y[r]) S::prefetch(rows.y[r] + u);
            }
        }
        const Panel<S> panel(panels + u0 * L::gates * hidden, hidden);
        if (step.projects_within()) {
            input_sums<S, L>(tiles, rows.x, input, u0, inputs, next);
        } else {
            each_gate<S, L>(tiles, rows.gates, input.column, u0, hidden, [&](auto &sum, const float *from, int64_t u) {
                sum = load_lanes<S>(from, lanes_at<S>(u, hidden));
            });
        }
        if constexpr (Phase::apart) {
            Tile<S, R> products[N];
            for (int n = 0; n < N; n++) {
                for (int v = 0; v < L::vectors; v++) {
                    const int64_t u = u0 + (n * L::vectors + v) * S::lanes;
                    const auto bias = load_lanes<S>(phase.bias + u, lanes_at<S>(u, hidden));
                    for (int r = 0; r < R; r++) products[n].v[r][v] = bias;
                }
            }
            multiply_add<1>(products, operand, panel, hidden, next);
            for (int n = 0; n < N; n++) phase.finish(products[n], tiles[n], rows, u0 + n * L::template units<S>);
        } else {
            multiply_add<1>(tiles, operand, panel, hidden, next);
            for (int n = 0; n < N; n++) phase.finish(tiles[n], rows, u0 + n * L::template units<S>);
        }
    };
    const int64_t live = step.live();
    const int64_t panel_bytes = int64_t{sizeof(float)} * L::vectors * S::lanes * hidden;
    if (live == 1) {
        constexpr int64_t units = L::template units<S>;
        ForwardRows<1> row;
        step.find(row, 0);
        // Two loops: in one, the choice within it costs small layers 3 to 6 %.
        if (S::sums_in_flight <= L::vectors && panel_bytes < panel_bytes_in_pairs) {
            for_units(begin, end, units, step.goes_down(),
                      [&](int64_t u0) { tile_of(row, u0, Constant<1>{}, Constant<1>{}, Next{}); });
            return;
        }
        for_units(begin, end, 2 * units, step.goes_down(), [&](int64_t u0) {
            if (u0 + units < end) {
                tile_of(row, u0, Constant<2>{}, Constant<1>{}, Next{});
            } else {
                tile_of(row, u0, Constant<1>{}, Constant<1>{}, Next{});
            }
        });
        return;
    }
    if constexpr (!Step::single) {
        for_panels<S>(begin, end, L::template units<S>, live, step.goes_down(),
                      [&](int64_t u0, auto panel_count, int64_t first, auto count, Next next) {
                          ForwardRows<count.value> rows;
                          step.find(rows, first);
                          tile_of(rows, u0, panel_count, count, next);
                      });
    }
}

// ------------------------------------------------------------------------------------------------------- backward

// The rows of one register tile at one step of the way back.
template <int R> struct BackwardRows {
    const float *dy[R];    // null: zeros
    const float *carry[R]; // what of dL/dh does not come through U; null: nothing
    float *carry_out[R];   // for the step before
    const float *mask[R];  // null: ones
    float *gates[R];       // in: the gates; out: their gradients
    const float *h_before[R];
    const float *h[R];
    const float *c_before[R];
    const float *c[R];
    float *dc[R]; // in: from the step after; out: for the step before
    double *norms[R];
};

// dL/dh of a vector of units: what came through U, which the mask has to pass, and the rest.
template <class S, int R>
RONDO_INLINE typename S::F gradient_of_h(typename S::F through, const BackwardRows<R> &rows, int r, int64_t u, int n) {
    if (rows.mask[r]) through = S::mul(through, load_lanes<S>(rows.mask[r] + u, n));
    if (rows.dy[r]) through = S::add(through, load_lanes<S>(rows.dy[r] + u, n));
    if (rows.carry[r]) through = S::add(through, load_lanes<S>(rows.carry[r] + u, n));
    return through;
}

template <class S, int R> RONDO_INLINE void clear(Tile<S, R> &tile) {
    for (int r = 0; r < R; r++) {
        for (int v = 0; v < 4; v++) tile.v[r][v] = S::zero();
    }
}

// tiles[n][r] += dgates[r] U for the units of panel n. GRU_RESET_AFTER has dq, which U made, behind dn, which it did not.
template <class S, int N, int R>
RONDO_INLINE void multiply_gates(Tile<S, R> (&tiles)[N], const float *(&dgates)[R], const float *panels, int32_t cell,
                                 int64_t hidden, Next next) {
    const bool gap = cell == RONDO_CELL_GRU_RESET_AFTER;
    const Panel<S> panel(panels, backward_rows(cell, hidden));
    const int64_t k = gap ? 2 * hidden : backward_rows(cell, hidden);
    multiply_add<1>(tiles, dgates, panel, k, next);
    if (!gap) return;
    for (int r = 0; r < R; r++) dgates[r] += 3 * hidden;
    multiply_add<1>(tiles, dgates, panel.from(k), hidden, next);
}

// The sum of squares of a row's dL/dh. In double: what vanishes and what explodes is what the norms are for.
template <class S, int R>
void store_norm(const Tile<S, R> &tile, const BackwardRows<R> &rows, int r, int64_t u0, int64_t hidden) {
    double total = 0.0;
    for (int v = 0; v < 4; v++) {
        float lanes[S::lanes];
        S::store(lanes, tile.v[r][v]);
        const int n = lanes_at<S>(u0 + v * S::lanes, hidden);
        for (int lane = 0; lane < n; lane++)
            total += static_cast<double>(lanes[lane]) * static_cast<double>(lanes[lane]);
    }
    rows.norms[r][u0 / (4 * S::lanes)] = total;
}

// One step of the way back for the cell whose gate derivatives finish(rows, r, u, n, dh) forms, for n units from u on.
template <class S, class Finish>
void back_phase(const Finish &finish, const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group,
                int64_t s, rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    const rondo_recurrent_backward &call = *w.call;
    const int64_t hidden = call.hidden_size;
    const int64_t k = backward_rows(call.cell, hidden);
    const bool carries = rondo::cell_shape(call.cell).carries;
    // Sequences that have the step after this one too, and those for which this is the last.
    const int64_t going = group.live(w.walk, s + 1);
    const int64_t live = group.live(w.walk, s);
    int64_t begin, end;
    slice.range(hidden, width, begin, end);
    const auto back = [&](int64_t from, int64_t row_count, bool ends) {
        const auto tile_of = [&](int64_t u0, auto panel_count, int64_t first, auto of, Next next) {
            constexpr int N = panel_count.value, R = of.value;
            BackwardRows<R> rows;
            const float *dgates[R];
            for (int r = 0; r < R; r++) {
                const int64_t slot = group.first + from + first + r;
                const int64_t b = w.walk.order[slot];
                dgates[r] = ends ? nullptr : w.gates.at(s + 1, slot);
                rows.dy[r] =
                    call.dy ? call.dy + b * call.dy_batch_stride + w.walk.time(s, b) * call.dy_time_stride : nullptr;
                rows.carry[r] = ends || carries ? w.carry.at(s, slot) : nullptr;
                rows.carry_out[r] = w.carry.at(s, slot);
                rows.mask[r] = call.recurrent_mask ? call.recurrent_mask + b * hidden : nullptr;
                rows.gates[r] = w.gates.at(s, slot);
                rows.h_before[r] = w.h.at(s, slot);
                rows.h[r] = w.h.at(s + 1, slot);
                rows.c_before[r] = w.c.at(s, slot);
                rows.c[r] = w.c.at(s + 1, slot);
                rows.dc[r] = w.dc.at(s, slot);
                rows.norms[r] =
                    w.norms ? w.norms + (s * call.batch_size + slot) * ((hidden + width - 1) / width) : nullptr;
            }
            Tile<S, R> tiles[N];
            for (int n = 0; n < N; n++) clear(tiles[n]);
            if (!ends) multiply_gates(tiles, dgates, w.pack.backward + u0 * k, call.cell, hidden, next);
            for (int n = 0; n < N; n++) {
                for (int v = 0; v < 4; v++) {
                    const int64_t u = u0 + n * width + v * S::lanes;
                    with_lanes<S>(u, hidden, [&](auto count) {
                        for (int r = 0; r < R; r++) {
                            auto &dh = tiles[n].v[r][v];
                            dh = gradient_of_h<S>(dh, rows, r, u, count);
                            finish(rows, r, u, count, dh);
                        }
                    });
                }
                if (!w.norms) continue;
                for (int r = 0; r < R; r++) store_norm<S>(tiles[n], rows, r, u0 + n * width, hidden);
            }
        };
        for_panels<S>(begin, end, width, row_count, s % 2 != 0, tile_of);
    };
    back(0, going, false);
    back(going, live - going, true);
}

// dh0: what reaches the state before the first step. An empty sequence hands dhn on, which is its carry.
template <class S>
void recurrent_dh0(const rondo::RecurrentBackwardWork &w, const rondo::RecurrentGroup &group, rondo::Slice slice) {
    constexpr int64_t width = 4 * S::lanes;
    const rondo_recurrent_backward &call = *w.call;
    const int64_t hidden = call.hidden_size;
    const int64_t k = backward_rows(call.cell, hidden);
    const bool carries = rondo::cell_shape(call.cell).carries;
    const int64_t live = group.live(w.walk, 0);
    int64_t begin, end;
    slice.range(hidden, width, begin, end);
    for (int64_t u0 = begin; u0 < end; u0 += width) {
        for_tiles<S>(live, [&](int64_t first, auto of) {
            constexpr int R = of.value;
            BackwardRows<R> rows{};
            const float *dgates[R];
            float *dh0[R];
            for (int r = 0; r < R; r++) {
                const int64_t slot = group.first + first + r;
                const int64_t b = w.walk.order[slot];
                dgates[r] = w.gates.at(0, slot);
                rows.carry[r] = carries ? w.carry.at(0, slot) : nullptr;
                rows.mask[r] = call.recurrent_mask ? call.recurrent_mask + b * hidden : nullptr;
                dh0[r] = call.dh0 + b * hidden;
            }
            Tile<S, R> tiles[1];
            Tile<S, R> &tile = tiles[0];
            clear(tile);
            multiply_gates(tiles, dgates, w.pack.backward + u0 * k, call.cell, hidden, Next{});
            for (int r = 0; r < R; r++) {
                for (int v = 0; v < 4; v++) {
                    const int64_t u = u0 + v * S::lanes;
                    const int n = lanes_at<S>(u, hidden);
                    if (n == 0) continue;
                    store_lanes<S>(dh0[r] + u, gradient_of_h<S>(tile.v[r][v], rows, r, u, n), n);
                }
            }
        });
        for (int64_t slot = group.first + live; slot < group.last; slot++) {
            for (int64_t u = u0; u < u0 + width && u < hidden; u++) {
                call.dh0[w.walk.order[slot] * hidden + u] = w.carry.at(0, slot)[u];
            }
        }
    }
}

} // namespace
