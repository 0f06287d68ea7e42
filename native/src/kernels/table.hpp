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
        const int64_t grains = (size + grain - 1) / grain;
        begin = grains * index / count * grain;
        end = grains * (index + 1) / count * grain;
        if (begin > size) begin = size;
        if (end > size) end = size;
    }
};

// Rows of a matrix somewhere in memory: row r starts at base + offsets[r], or at base + r * stride without offsets.
struct Rows {
    const float *base;
    int64_t stride;
    const int64_t *offsets;

    RONDO_INLINE const float *row(int64_t r) const { return base + (offsets ? offsets[r] : r * stride); }
};

// The right-hand side of a GEMM, [k, n], as panels [ceil(n / width)][k][width] with zeros beyond n;
// width = 4 * lanes.
struct GemmPackWork {
    Rows b; // k rows of n, or n rows of k when transposed
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

// k is cut into blocks of so many.
constexpr int64_t gemm_k_block = 256;

// Scratch for a transposed left-hand side: each row of the product has its place, so that slices never meet, however
// many there are.
RONDO_INLINE constexpr int64_t gemm_packed_a_floats(int64_t m, int64_t k, int64_t tile_rows) {
    return (m + tile_rows - 1) / tile_rows * tile_rows * (k < gemm_k_block ? k : gemm_k_block);
}

// An LSTM's weights, laid out for one instruction set of `lanes` floats; see lstm.inl.hpp. Blocks of `lanes` hidden
// units: ceil(H / lanes) of them in the forward panels, ceil(H / (4 lanes)) in the backward ones.
struct LstmPackWork {
    const rondo_lstm_pack *call;
    float *bias;      // [unit block][4][lanes]
    float *weight_ih; // [unit block][I][4][lanes]
    float *weight_hh; // [unit block][H][4][lanes]
    float *backward;  // [block of 4 lanes units][4H][4 lanes]: weight_hh for dh = dgates weight_hh
};

// Where forward keeps things for backward: row t*B + b belongs to step t of sequence b, so that what one step touches
// lies together whatever the strides of x and y.
struct LstmSaved {
    float *gates; // [T*B] rows: i, f, g, o at offsets 0, H, 2H, 3H; backward turns them into their gradients
    int64_t gates_stride;
    float *h; // [(T+1)*B] rows: the state before step t; after the last step of a sequence its rows are not written
    float *c; // likewise
    int64_t state_stride;
};

struct LstmForwardWork {
    const rondo_lstm_forward *call;
    const float *bias;
    const float *weight_ih;
    const float *weight_hh;
    LstmSaved saved; // all null in inference
    char *scratch;   // scratch_bytes for each slice
    int64_t scratch_bytes;
};

struct LstmBackwardWork {
    const rondo_lstm_backward *call;
    const float *backward;
    LstmSaved saved;
    char *scratch; // scratch_bytes for each slice
    int64_t scratch_bytes;
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

struct UnaryWork {
    const rondo_unary *call;
};

struct UnaryGradientWork {
    const rondo_unary_gradient *call;
};

struct BinaryWork {
    const rondo_binary *call;
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

// One instruction set.
struct KernelTable {
    int32_t isa;       // RONDO_ISA_*
    int32_t lanes;     // floats in a vector
    int32_t tile_rows; // rows of a register tile

    void (*gemm_pack)(const GemmPackWork &, Slice);
    void (*gemm)(const GemmWork &, Slice);
    void (*lstm_pack)(const LstmPackWork &, Slice);
    int64_t (*lstm_forward_scratch)(const rondo_lstm_forward &, int64_t rows); // bytes for a slice of so many sequences
    void (*lstm_forward)(const LstmForwardWork &, Slice);                      // a slice is a range of sequences
    int64_t (*lstm_backward_scratch)(const rondo_lstm_backward &, int64_t rows);
    void (*lstm_backward)(const LstmBackwardWork &, Slice); // gates to their gradients, dh0, dc0; the rest is GEMM

    void (*gather)(const GatherWork &, Slice);
    void (*scatter_add)(const ScatterAddWork &, Slice);
    void (*softmax)(const SoftmaxWork &, Slice);
    void (*softmax_cross_entropy)(const SoftmaxCrossEntropyWork &, Slice);
    void (*dropout)(const DropoutWork &, Slice);
    void (*unary)(const UnaryWork &, Slice);
    void (*unary_gradient)(const UnaryGradientWork &, Slice);
    void (*binary)(const BinaryWork &, Slice);
    void (*reduce)(const ReduceWork &, Slice);
    void (*sum_of_squares)(const SumOfSquaresWork &, Slice);
    void (*sgd)(const SgdWork &, Slice);
    void (*adam)(const AdamWork &, Slice);
    void (*rmsprop)(const RmspropWork &, Slice);
    void (*adagrad)(const AdagradWork &, Slice);
    void (*clamp)(const ClampWork &, Slice);
    void (*elementwise_loss)(const ElementwiseLossWork &, Slice);
    int64_t (*multiply_adds)(int64_t rounds, float *sink); // returns the float operations done
};

} // namespace rondo
