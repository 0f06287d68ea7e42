// The seam between operations and instruction sets: for each instruction set, one table of functions, each of which
// does one slice of an operation. The operations (src/ops) check, lay out memory and cut; the kernels compute.
// Included by per-ISA files: only <cstddef>, <cstdint> and the C ABI may come in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/rondo.h"

// What is defined here is compiled under every instruction set: always inlined, so that the linker has no choice.
#define RONDO_INLINE inline __attribute__((always_inline))

namespace rondo {

// Which piece of the work to do: piece index of count. Pieces are cut by the configured number of threads; no output
// element's order of summation depends on count.
struct Slice {
    int32_t index;
    int32_t count;

    // The part of [0, size) that belongs to this slice, cut at multiples of grain.
    RONDO_INLINE void range(int64_t size, int64_t grain, int64_t &begin, int64_t &end) const {
        if (count == 1) { // without divisions, which a small layer's step would feel
            begin = 0;
            end = size;
            return;
        }
        const int64_t grains = (size + grain - 1) / grain;
        begin = grains * index / count * grain;
        end = grains * (index + 1) / count * grain;
        if (begin > size) begin = size;
        if (end > size) end = size;
    }
};

// A length that was checked, but in memory of the caller, which a defective one may write to meanwhile.
RONDO_INLINE int64_t safe_length(const int32_t *lengths, int64_t i, int64_t most) {
    if (lengths == nullptr) return most;
    const int64_t length = __atomic_load_n(lengths + i, __ATOMIC_RELAXED);
    return length < 0 ? 0 : length > most ? most : length;
}

// Rows of a matrix somewhere in memory: row r starts at base + offsets[r], or at base + r * stride without offsets.
struct Rows {
    const float *base;
    int64_t stride;
    const int64_t *offsets;

    RONDO_INLINE const float *row(int64_t r) const { return base + (offsets ? offsets[r] : r * stride); }
};

// The right-hand side of a GEMM, [k, n], as ceil(n / width) panels (tile.inl.hpp) with zeros beyond n;
// width = 4 * lanes.
struct GemmPackWork {
    Rows b; // k rows of n, or n rows of k when transposed, which then have no offsets
    bool transposed;
    int64_t n;
    int64_t k;
    float *panels;
};

// What a left-hand side is multiplied by and where that goes: c [m, n] = op(a) panels + bias (+ c).
struct GemmTarget {
    int64_t n;
    const float *panels;
    const float *bias; // [n] or null
    bool accumulate;
    float *c;
    int64_t ldc;
    const int64_t *c_offsets; // where given, row r of c starts at c + c_offsets[r]
};

// One left-hand side by up to two right-hand sides of the same k.
struct GemmWork {
    Rows a; // m rows of k; or k rows of m when transposed
    bool transposed;
    int64_t m;
    int64_t k;
    GemmTarget targets[2];
    int32_t target_count;
    float *row_sums; // out [m] where given and a is transposed: the sum of each row of op(a)
    float *packed_a; // where a is transposed: gemm_packed_a_floats() of scratch
};

// k is cut into blocks of so many where the left-hand side is packed.
constexpr int64_t gemm_k_block = 256;

// Scratch for a transposed left-hand side: each row of the product has its place, so that slices never meet, however
// many there are.
RONDO_INLINE constexpr int64_t gemm_packed_a_floats(int64_t m, int64_t k, int64_t tile_rows) {
    return (m + tile_rows - 1) / tile_rows * tile_rows * (k < gemm_k_block ? k : gemm_k_block);
}

// Cells whose kernels are one.
enum class CellFamily { lstm, gru, rnn };

// What differs between cells in memory.
struct CellShape {
    CellFamily family;
    int32_t gates;   // stacked in weights and biases
    int32_t columns; // saved for each step and sequence, of H each: the gates, and for GRUs one more
    int32_t phases;  // of a step, with everybody done before the next
    bool has_c;
    bool carries; // part of dL/dh goes to the step before without passing through U
};

RONDO_INLINE constexpr CellShape cell_shape(int32_t cell) {
    switch (cell) {
    case RONDO_CELL_LSTM:
    case RONDO_CELL_LSTM_PEEPHOLES: return {CellFamily::lstm, 4, 4, 1, true, false};
    case RONDO_CELL_GRU_RESET_AFTER: // r, z, n and q = Un h' + bhn; backward: dr, dz, dn, dq
        return {CellFamily::gru, 3, 4, 1, false, true};
    case RONDO_CELL_GRU_RESET_BEFORE: // r, z, n and r*h'; backward: dr, dz, dn, r*h'
        return {CellFamily::gru, 3, 4, 2, false, true};
    case RONDO_CELL_RNN_TANH:
    case RONDO_CELL_RNN_RELU:
    case RONDO_CELL_RNN_SIGMOID:
    case RONDO_CELL_RNN_IDENTITY: return {CellFamily::rnn, 1, 1, 1, false, false};
    default: // checked before
        __builtin_unreachable();
    }
}

// A recurrent layer's weights, laid out for one instruction set; see recurrent.inl.hpp. A panel holds 4 vectors of
// lanes for each k; where H does not fill the last one, the rest is zero.
struct RecurrentPack {
    float *bias;      // [projection panel][4][lanes]: what starts the projection
    float *bias_in;   // the same for n of a GRU
    float *bias_hn;   // [units]: GRU_RESET_AFTER, else null
    float *peepholes; // [3][units]
    float *weight_ih; // projection panels, k = I: all gates; of a GRU r and z
    float *weight_in; // n of a GRU
    float *weight_hh; // step panels, k = H: all gates; of a GRU r and z
    float *weight_hn; // n of a GRU
    float *backward;  // panels of 4 vectors of units, k = gates * H: for dh = dgates U; GRU_RESET_BEFORE: r and z
    float *backward_n;
};

struct RecurrentPackWork {
    const rondo_recurrent_pack *call;
    RecurrentPack pack;
};

// Rows of one kind for each step and sequence.
struct StepRows {
    float *base;
    int64_t step; // from a step to the next
    int64_t row;  // from a sequence to the next
    int64_t wrap; // -1: each step has its own; 1: two that alternate; 0: one for all

    RONDO_INLINE float *at(int64_t s, int64_t slot) const { return base + (s & wrap) * step + slot * row; }
};

// Sequences stand in slots, in falling order of their lengths, so that those which have a step s are the first live[s].
// Steps count in the order in which they are walked.
struct Walk {
    const int32_t *order;   // [B] which sequence is in a slot
    const int32_t *live;    // [T+1]
    const int32_t *lengths; // [B] or null: all T
    int64_t time_steps;
    bool reverse;

    RONDO_INLINE int64_t length(int64_t b) const { return lengths ? lengths[b] : time_steps; }
    // The place in time of step s of sequence b.
    RONDO_INLINE int64_t time(int64_t s, int64_t b) const { return reverse ? length(b) - 1 - s : s; }
};

// The slots that are walked together, and the chunk of steps that is at hand. Its input projection is computed before its
// steps, or within each of them.
struct RecurrentGroup {
    int64_t first;
    int64_t last;
    const float **x;   // inputs to project before
    float **projected; // where to
    int64_t count;     // of these
    StepRows gates;    // in: the input projection if it is computed before; out, in training: what backward needs
    bool within;       // the projection is computed within the steps

    RONDO_INLINE int64_t live(const Walk &walk, int64_t s) const {
        const int64_t end = walk.live[s] < last ? walk.live[s] : last;
        return end > first ? end - first : 0;
    }
};

struct RecurrentForwardWork {
    const rondo_recurrent_forward *call;
    RecurrentPack pack;
    Walk walk;
    StepRows h; // before each step
    StepRows c;
    StepRows operand; // h, or h times the mask
    bool training;
    bool down; // whether the first step goes through the units downwards
};

// One step of one sequence in inference, which needs no walk: without lengths or a mask.
struct RecurrentSingleWork {
    const rondo_recurrent_forward *call;
    const RecurrentPack *pack;
    const float *h; // before
    const float *c;
    float *h_after; // not h
    float *c_after; // may be c
    float *gates;   // scratch: a row of them
    bool down;      // whether it goes through the units downwards
};

struct RecurrentBackwardWork {
    const rondo_recurrent_backward *call;
    RecurrentPack pack;
    Walk walk;
    StepRows gates;
    StepRows h; // before each step
    StepRows c;
    StepRows dc;    // of the step after
    StepRows carry; // what of dL/dh comes from the step after directly; dhn at first
    double *norms;  // [T*B][ceil(H / (4 lanes))] squares of dL/dh, or null
};

// The rest do what their call says; it has been checked.
struct GatherWork {
    const rondo_gather *call;
};

struct ScatterAddWork {
    const rondo_scatter_add *call;
};

struct SoftmaxWork {
    const rondo_softmax *call;
};

struct SoftmaxGradientWork {
    const rondo_softmax_gradient *call;
};

struct SoftmaxCrossEntropyWork {
    const rondo_softmax_cross_entropy *call;
    float inverse; // 1 / number of real steps
    float *losses; // out [B,T]: of each step, zero at padded ones
    float *right;  // out [B,T]: 1 where the largest logit is at the label
};

struct DropoutWork {
    const rondo_dropout *call;
    uint64_t step;
    uint32_t threshold; // words from here on keep
    float scale;        // 1 / (1 - rate)
};

struct GaussianNoiseWork {
    const rondo_gaussian_noise *call;
    uint64_t step;
};

struct UnaryWork {
    const rondo_unary *call;
};

struct UnaryGradientWork {
    const rondo_unary_gradient *call;
};

struct BinaryWork {
    const rondo_binary *call;
};

// Axes that are walked by the strides of N arrays, from the outermost; at least one.
template <int N> struct Strided {
    int32_t axes;
    int64_t sizes[RONDO_MAX_AXES];
    int64_t strides[N][RONDO_MAX_AXES];

    RONDO_INLINE int64_t columns() const { return sizes[axes - 1]; }
    // All but the innermost axis, as one.
    RONDO_INLINE int64_t rows() const {
        int64_t product = 1;
        for (int32_t i = 0; i < axes - 1; i++) product *= sizes[i];
        return product;
    }
    RONDO_INLINE int64_t step(int array) const { return strides[array][axes - 1]; }
    // Where the arrays have a row.
    RONDO_INLINE void find(int64_t row, int64_t (&at)[N]) const {
        for (int n = 0; n < N; n++) at[n] = 0;
        for (int32_t i = axes - 2; i >= 0; i--) {
            const int64_t index = row % sizes[i];
            row /= sizes[i];
            for (int n = 0; n < N; n++) at[n] += index * strides[n][i];
        }
    }
};

struct BroadcastWork {
    int32_t kind;
    Strided<3> axes; // of a, b, y
    const float *a;
    const float *b;
    float *y;
};

struct CopyWork {
    static constexpr int64_t block = 4096; // columns in a piece
    Strided<2> axes;                       // of x, y
    const float *x;
    float *y;
};

struct TimeCopyWork {
    const rondo_time_copy *call;
};

struct PoolTimeWork {
    const rondo_pool_time *call;
};

struct PoolTimeGradientWork {
    const rondo_pool_time_gradient *call;
};

struct WindowsWork {
    const rondo_windows *call;
};

struct WindowsGradientWork {
    const rondo_windows_gradient *call;
};

struct LayerNormWork {
    const rondo_layer_norm *call;
};

struct LayerNormGradientWork {
    const rondo_layer_norm_gradient *call;
};

struct BatchNormWork {
    const rondo_batch_norm *call;
    int64_t count; // real steps of the batch
};

struct BatchNormGradientWork {
    const rondo_batch_norm_gradient *call;
    int64_t count;
};

struct ReduceWork {
    const rondo_reduce *call;
};

struct SumOfSquaresWork {
    static constexpr int64_t block = 4096;
    const float *x;
    int64_t count;
    double *sums; // out, of each block
};

struct SgdWork {
    const rondo_sgd *call;
    float scale;
};

// w -= rate m / (sqrt(v_correction v) + epsilon), with the corrections of the step and the form.
struct AdamWork {
    const rondo_adam *call;
    float scale;
    float rest1; // 1 - beta1
    float rest2; // 1 - beta2
    float rate;
    float v_correction;
    float decay; // rate * decay
};

struct RmspropWork {
    const rondo_rmsprop *call;
    float scale;
    float rest;  // 1 - rho
    float inner; // what q is multiplied by on its way into the velocity: the rate, or 1
    float outer; // and the velocity on its way into the parameters: 1, or the rate
};

struct AdagradWork {
    const rondo_adagrad *call;
    float scale;
};

// x to -most..most, in place.
struct ClampWork {
    float *x;
    int64_t count;
    float most;
};

struct ElementwiseLossWork {
    static constexpr int64_t block = 4096; // elements
    // What the elements of a block come to.
    struct Sums {
        double loss;
        double squares;
        double absolutes;
        double right;
    };
    const rondo_elementwise_loss *call;
    int64_t sequences; // whose elements follow each other; one where there are no lengths
    int64_t length;    // elements of a sequence, padding included
    int64_t blocks;    // of a sequence
    float inverse;     // 1 / number of real elements
    Sums *sums;        // out [sequences, blocks]
};

// What one slice of a CTC has for itself: rows of states, with room before and behind them for neighbours that are none.
// A row is as wide as the states of the longest labels, rounded up to whole vectors.
struct CtcRows {
    static constexpr int64_t room = 2;
    static constexpr int64_t others = 4; // rows besides those of the steps
    float *base;
    int64_t width;
    int64_t time_steps;

    RONDO_INLINE static constexpr int64_t width_of(int64_t labels, int64_t lanes) {
        return (2 * labels + 1 + lanes - 1) / lanes * lanes;
    }
    RONDO_INLINE int64_t row() const { return width + 2 * room; }
    RONDO_INLINE int64_t floats() const { return (time_steps + others) * row() + 2 * time_steps; }
    RONDO_INLINE float *step(int64_t t) const { return base + t * row() + room; }
    RONDO_INLINE float *other(int64_t i) const { return step(time_steps + i); }
    RONDO_INLINE float *tops() const { return base + (time_steps + others) * row(); } // of the logits of each step
    RONDO_INLINE float *sums() const { return tops() + time_steps; } // of their exponentials, the top taken away
};

struct CtcWork {
    const rondo_ctc *call;
    CtcRows rows;    // of the first slice
    int64_t stride;  // floats from a slice's rows to the next's
    int32_t *labels; // [slices, width]: the class of each state
    double *losses;  // out [B]
};

// Rows are as wide as the tags, rounded up to whole vectors; what is behind the tags stands for none.
struct CrfWork {
    const rondo_crf *call;
    int64_t width;
    float *from;      // [K, width] transitions
    float *to;        // [K, width] transitions, transposed
    float *rows;      // [slices, 2, width]
    float *alphas;    // [B, T, width] log of the sums over the paths to a tag, the largest taken away
    float *arrivals;  // [B, T, width] the same without the emission, the largest of the step before taken away
    float *marginals; // [B, T, width]
    double *losses;   // out [B]
    bool backward;    // a gradient is wanted
    float inverse;    // 1 / B
};

// One instruction set.
struct KernelTable {
    int32_t isa;       // RONDO_ISA_*
    int32_t lanes;     // floats in a vector
    int32_t tile_rows; // rows of a register tile

    void (*gemm_pack)(const GemmPackWork &, Slice);
    void (*gemm)(const GemmWork &, Slice);
    void (*recurrent_pack)(const RecurrentPackWork &, Slice);
    // For one group; a slice is a range of its units.
    void (*recurrent_project)(const RecurrentForwardWork &, const RecurrentGroup &, Slice);
    void (*recurrent_step)(const RecurrentForwardWork &, const RecurrentGroup &, int64_t step, int32_t phase, Slice);
    void (*recurrent_single)(const RecurrentSingleWork &);
    void (*recurrent_back)(const RecurrentBackwardWork &, const RecurrentGroup &, int64_t step, int32_t phase, Slice);
    void (*recurrent_dh0)(const RecurrentBackwardWork &, const RecurrentGroup &, Slice);
    void (*peephole_gradient)(const RecurrentBackwardWork &, Slice);

    void (*gather)(const GatherWork &, Slice);
    void (*scatter_add)(const ScatterAddWork &, Slice);
    void (*softmax)(const SoftmaxWork &, Slice);
    void (*softmax_gradient)(const SoftmaxGradientWork &, Slice);
    void (*softmax_cross_entropy)(const SoftmaxCrossEntropyWork &, Slice);
    void (*dropout)(const DropoutWork &, Slice);
    void (*unary)(const UnaryWork &, Slice);
    void (*unary_gradient)(const UnaryGradientWork &, Slice);
    void (*binary)(const BinaryWork &, Slice);
    void (*broadcast)(const BroadcastWork &, Slice);
    void (*copy)(const CopyWork &, Slice);
    void (*time_copy)(const TimeCopyWork &, Slice);
    void (*pool_time)(const PoolTimeWork &, Slice);
    void (*pool_time_gradient)(const PoolTimeGradientWork &, Slice);
    void (*windows)(const WindowsWork &, Slice);
    void (*windows_gradient)(const WindowsGradientWork &, Slice);
    void (*layer_norm)(const LayerNormWork &, Slice);
    void (*layer_norm_dx)(const LayerNormGradientWork &, Slice);
    void (*layer_norm_parameters)(const LayerNormGradientWork &, Slice);
    void (*batch_norm)(const BatchNormWork &, Slice);
    void (*batch_norm_gradient)(const BatchNormGradientWork &, Slice);
    void (*gaussian_noise)(const GaussianNoiseWork &, Slice);
    void (*reduce)(const ReduceWork &, Slice);
    void (*sum_of_squares)(const SumOfSquaresWork &, Slice);
    void (*sgd)(const SgdWork &, Slice);
    void (*adam)(const AdamWork &, Slice);
    void (*rmsprop)(const RmspropWork &, Slice);
    void (*adagrad)(const AdagradWork &, Slice);
    void (*clamp)(const ClampWork &, Slice);
    void (*elementwise_loss)(const ElementwiseLossWork &, Slice);
    void (*ctc)(const CtcWork &, Slice);
    void (*crf)(const CrfWork &, Slice);                   // a slice is some sequences
    void (*crf_transitions)(const CrfWork &, Slice);       // a slice is some rows of dtransitions
    int64_t (*multiply_adds)(int64_t rounds, float *sink); // returns the float operations done
};

} // namespace rondo
