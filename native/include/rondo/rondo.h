/*
 * rondo.h - the C ABI of librondo: recurrent-network kernels for training and inference.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it works
 *   Work is described by *call structs*: one struct type per kind of operation, each of which begins with a
 *   rondo_head {struct_size, op}. rondo_run() executes a list of them in order. A caller that runs the same
 *   model again and again builds the list once and calls rondo_run() once per pass: nothing is allocated then.
 *
 * Conventions, for everything below
 *   Numbers   float is IEEE binary32. Sizes and strides count elements; fields named *_bytes count bytes.
 *   Shapes    B batch, T time steps, I input size, H hidden size. Matrices are row-major; ld* is the distance
 *             between the starts of two rows. Sequences have a batch stride and a time stride, so that [B,T,F]
 *             and [T,B,F] are both taken as they are; the F elements of one step are contiguous.
 *   Gates     i, f, g, o and r, z, n, in this order, wherever gates are stacked (PyTorch's order).
 *   Names     weight_ih acts on the input, weight_hh on the state. A gradient of q is dq.
 *             saved = kept from forward for backward; scratch = free for reuse as soon as the call returns.
 *   Memory    The caller owns all memory and keeps it alive until the call returns. saved, scratch and packed
 *             must be aligned to RONDO_ALIGNMENT bytes; rondo_memory() tells their sizes. Anything else needs
 *             only the alignment of its element type. Outputs must not overlap inputs unless a field says so.
 *   NULL      allowed only where a field says so.
 *   Threads   Any number of threads may use one context at once. A call is cut into pieces by the context's
 *             configured number of threads, and every output element is summed in one fixed order, so results
 *             do not depend on that number, nor on which thread was free.
 *   Errors    Every function returns a RONDO_* status and never throws, aborts or prints. Where a rondo_error is
 *             taken (it may be NULL), it receives the status, the index of the failing call and an English
 *             sentence with expected and actual values. A failing call leaves its outputs unspecified; calls
 *             before it in the list have been carried out, calls after it have not.
 *   NaN       NaN and Inf propagate. Denormals are flushed to zero inside calls; the caller's floating-point
 *             control word is restored.
 */
#ifndef RONDO_H
#define RONDO_H

#include <stdint.h>

#if defined(__GNUC__)
#define RONDO_API __attribute__((visibility("default")))
#else
#define RONDO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ constants */

/* Changes whenever a struct or the meaning of a field changes. Compare with rondo_abi. */
#define RONDO_ABI_VERSION 4

/* Alignment, in bytes, of saved, scratch and packed memory. */
#define RONDO_ALIGNMENT 64

/* Most threads a context can be configured with. */
#define RONDO_MAX_THREADS 256

/* Most axes of an array that is taken by strides. */
#define RONDO_MAX_AXES 8

/* Status codes. */
#define RONDO_OK 0
#define RONDO_INVALID 1      /* an argument is wrong: a size, a null pointer, a misaligned or too small buffer */
#define RONDO_OUT_OF_RANGE 2 /* an id, a label or a length lies outside its range */
#define RONDO_UNSUPPORTED 3  /* this machine or this build cannot do it */
#define RONDO_NO_MEMORY 4    /* the operating system gave no memory or no thread */
#define RONDO_INTERNAL 5     /* a defect in librondo */

/* Instruction sets. The baseline is x86-64-v2. */
#define RONDO_ISA_AUTO 0
#define RONDO_ISA_BASELINE 1
#define RONDO_ISA_AVX2 2   /* x86-64-v3 */
#define RONDO_ISA_AVX512 3 /* x86-64-v4 */

/* Providers of large GEMMs in training. A set of them is a bit mask of (1 << provider). */
#define RONDO_PROVIDER_OPENBLAS 0
#define RONDO_PROVIDER_ONEDNN 1

/* Operations: the value of rondo_head.op that belongs to each call struct. */
#define RONDO_OP_RECURRENT_PACK 1
#define RONDO_OP_RECURRENT_FORWARD 2
#define RONDO_OP_RECURRENT_BACKWARD 3
#define RONDO_OP_GEMM_PACK 4
#define RONDO_OP_GEMM 5
#define RONDO_OP_GATHER 6
#define RONDO_OP_SCATTER_ADD 7
#define RONDO_OP_SOFTMAX 8
#define RONDO_OP_SOFTMAX_CROSS_ENTROPY 9
#define RONDO_OP_DROPOUT 10
#define RONDO_OP_UNARY 11
#define RONDO_OP_UNARY_GRADIENT 12
#define RONDO_OP_BINARY 13
#define RONDO_OP_REDUCE 14
#define RONDO_OP_GLOBAL_NORM 15
#define RONDO_OP_SGD 16
#define RONDO_OP_ADAM 17
#define RONDO_OP_RMSPROP 18
#define RONDO_OP_ADAGRAD 19
#define RONDO_OP_CLIP 20
#define RONDO_OP_ELEMENTWISE_LOSS 21
#define RONDO_OP_CTC 22
#define RONDO_OP_CRF 23
#define RONDO_OP_COPY 24
#define RONDO_OP_BROADCAST 25
#define RONDO_OP_BATCH_GEMM 26
#define RONDO_OP_SOFTMAX_GRADIENT 27
#define RONDO_OP_TIME_COPY 28
#define RONDO_OP_POOL_TIME 29
#define RONDO_OP_POOL_TIME_GRADIENT 30
#define RONDO_OP_LAYER_NORM 31
#define RONDO_OP_LAYER_NORM_GRADIENT 32
#define RONDO_OP_BATCH_NORM 33
#define RONDO_OP_BATCH_NORM_GRADIENT 34
#define RONDO_OP_WINDOWS 35
#define RONDO_OP_WINDOWS_GRADIENT 36
#define RONDO_OP_GAUSSIAN_NOISE 37

/* Recurrent cells; their equations stand with rondo_recurrent_pack. */
#define RONDO_CELL_LSTM 0
#define RONDO_CELL_LSTM_PEEPHOLES 1
#define RONDO_CELL_GRU_RESET_AFTER 2
#define RONDO_CELL_GRU_RESET_BEFORE 3
#define RONDO_CELL_RNN_TANH 4
#define RONDO_CELL_RNN_RELU 5
#define RONDO_CELL_RNN_SIGMOID 6
#define RONDO_CELL_RNN_IDENTITY 7

/* rondo_recurrent_forward.direction */
#define RONDO_DIRECTION_FORWARD 0
#define RONDO_DIRECTION_REVERSE 1

/* rondo_recurrent_pack.parts: what to pack, any sum of these. */
#define RONDO_PACK_FORWARD 1
#define RONDO_PACK_BACKWARD 2

/* rondo_unary.kind */
#define RONDO_UNARY_IDENTITY 0
#define RONDO_UNARY_NEGATE 1
#define RONDO_UNARY_SIGMOID 2
#define RONDO_UNARY_TANH 3
#define RONDO_UNARY_RELU 4
#define RONDO_UNARY_EXP 5
#define RONDO_UNARY_LOG 6
#define RONDO_UNARY_SQRT 7
#define RONDO_UNARY_SQUARE 8
#define RONDO_UNARY_ABS 9
#define RONDO_UNARY_SOFTPLUS 10            /* log(1 + exp(x)) */
#define RONDO_UNARY_SILU 11                /* x s(x), s the logistic function */
#define RONDO_UNARY_ELU 12                 /* x above 0, else exp(x) - 1 */
#define RONDO_UNARY_GELU 13                /* x P(x), P the normal distribution function (its erf form) */
#define RONDO_UNARY_HARD_SIGMOID 14        /* (x + 3) / 6, from 0 to 1 (Keras 3) */
#define RONDO_UNARY_HARD_SIGMOID_KERAS2 15 /* 0.2 x + 0.5, from 0 to 1 (Keras 2, ONNX) */
#define RONDO_UNARY_LEAKY_RELU 16          /* x above 0, else 0.2 x */
#define RONDO_UNARY_CLIP 17                /* x, from low to high */

/* rondo_binary.kind, rondo_broadcast.kind */
#define RONDO_BINARY_ADD 0
#define RONDO_BINARY_SUBTRACT 1
#define RONDO_BINARY_MULTIPLY 2
#define RONDO_BINARY_DIVIDE 3
#define RONDO_BINARY_MAXIMUM 4 /* NaN where either is */
#define RONDO_BINARY_MINIMUM 5
#define RONDO_BINARY_GREATER 6 /* 1 where a > b, else 0 */

/* rondo_binary.a_extent, b_extent: how an operand is laid over y [rows, columns]. */
#define RONDO_EXTENT_FULL 0   /* [rows, columns] */
#define RONDO_EXTENT_ROW 1    /* [columns], the same for every row */
#define RONDO_EXTENT_SCALAR 2 /* [1] */

/* rondo_reduce.kind */
#define RONDO_REDUCE_SUM 0
#define RONDO_REDUCE_MEAN 1
#define RONDO_REDUCE_MAX 2

/* rondo_time_copy.kind */
#define RONDO_TIME_MASK 0    /* y[t] = x[t] */
#define RONDO_TIME_REVERSE 1 /* y[t] = x[length - 1 - t] */

/* rondo_pool_time.kind: over the real steps of each sequence */
#define RONDO_POOL_SUM 0
#define RONDO_POOL_MEAN 1
#define RONDO_POOL_MAX 2
#define RONDO_POOL_FIRST 3
#define RONDO_POOL_LAST 4

/* rondo_adam.form: where epsilon stands. */
#define RONDO_ADAM_KERAS 0   /* w -= rate sqrt(1-beta2^t)/(1-beta1^t) m / (sqrt(v) + epsilon) */
#define RONDO_ADAM_PYTORCH 1 /* w -= rate/(1-beta1^t) m / (sqrt(v/(1-beta2^t)) + epsilon) */

/* rondo_rmsprop.form, rondo_adagrad.form: where epsilon stands. */
#define RONDO_ROOT_KERAS 0   /* g / sqrt(a + epsilon) */
#define RONDO_ROOT_PYTORCH 1 /* g / (sqrt(a) + epsilon) */

/* rondo_clip.kind */
#define RONDO_CLIP_NORM 0  /* x *= max / |x| for each tensor x whose norm |x| is larger than max */
#define RONDO_CLIP_VALUE 1 /* each number to -max..max */

/* rondo_elementwise_loss.kind: what an element of prediction x and target t costs. A log of a probability is taken for
 * at least -100, and x(1-x) in the derivative for at least 1e-12. */
#define RONDO_LOSS_SQUARED 0       /* (x - t)^2 */
#define RONDO_LOSS_ABSOLUTE 1      /* |x - t|; its derivative at 0 is 0 */
#define RONDO_LOSS_BINARY 2        /* -t log x - (1-t) log(1-x), of a probability x */
#define RONDO_LOSS_BINARY_LOGITS 3 /* the same of the probability s(x) = 1/(1 + exp(-x)) */

/* rondo_ctc.reduction: what the loss of B sequences is, by the loss of each */
#define RONDO_CTC_MEAN 0           /* their mean (Keras) */
#define RONDO_CTC_MEAN_PER_LABEL 1 /* the mean of each over the number of its labels, at least 1 (PyTorch's "mean") */
#define RONDO_CTC_SUM 2            /* their sum */

/* rondo_ctc.impossible: what becomes of a sequence with fewer steps than its labels take */
#define RONDO_CTC_REFUSED 0 /* the call is RONDO_OUT_OF_RANGE */
#define RONDO_CTC_ZERO 1 /* its loss and gradient are zero, as are those of labels that come to have no probability */

/* -------------------------------------------------------------------------------------- errors and machine */

typedef struct rondo_error {
    int32_t status; /* RONDO_* */
    int32_t call;   /* index of the failing call in rondo_run's list, -1 where there is none */
    char text[504]; /* NUL-terminated UTF-8; empty when status is RONDO_OK */
} rondo_error;

/* What this machine offers, by the CPU and by what the operating system saves. */
typedef struct rondo_machine {
    uint32_t struct_size; /* in: sizeof(rondo_machine) */
    uint32_t abi_version; /* RONDO_ABI_VERSION of the library */
    int32_t processors;   /* processors this process may run on */
    int32_t best_isa;     /* the best usable RONDO_ISA_* */
    uint32_t usable_isas; /* bit mask of (1 << RONDO_ISA_*) */
    uint32_t providers;   /* bit mask of loaded providers */
    char cpu[64];         /* the processor's own name */
    char reasons[512];    /* a line for each instruction set that is built but not usable: which and why */
} rondo_machine;

typedef struct rondo_context rondo_context;

typedef struct rondo_context_options {
    uint32_t struct_size; /* sizeof(rondo_context_options) */
    int32_t isa;          /* RONDO_ISA_*; AUTO: the environment's RONDO_FORCE_ISA (baseline, avx2, avx512) if set,
                             else the best usable one */
    int32_t threads;      /* 1 to RONDO_MAX_THREADS; 0: as many as processors */
    uint32_t providers;   /* bit mask: providers that calls of this context may use where they allow it */
} rondo_context_options;

typedef struct rondo_context_info {
    uint32_t struct_size;   /* in: sizeof(rondo_context_info) */
    int32_t isa;            /* in use */
    int32_t threads;        /* configured */
    uint32_t providers;     /* allowed and loaded */
    int64_t gemms_own;      /* number of GEMMs done by librondo's own kernel since the context was made */
    int64_t gemms_openblas; /* by OpenBLAS */
    int64_t gemms_onednn;   /* by oneDNN */
} rondo_context_info;

/* The first field of every call struct. */
typedef struct rondo_head {
    uint32_t struct_size; /* sizeof the call struct */
    uint32_t op;          /* the RONDO_OP_* that belongs to it */
} rondo_head;

/* How much memory a call needs, in bytes, whichever of its optional pointers are given; 0 where it needs none. */
typedef struct rondo_memory_needs {
    const void *call; /* in */
    int64_t saved_bytes;
    int64_t scratch_bytes;
    int64_t packed_bytes;
} rondo_memory_needs;

/* ------------------------------------------------------------------------------------------ recurrent layers
 * W = weight_ih acts on the input x, U = weight_hh on the state h' of the step before, b is the sum of the biases,
 * s the logistic function, * elementwise. G gates a cell:
 *
 *   LSTM              4  i = s(Wi x + Ui h' + bi), f, o likewise, g = tanh(Wg x + Ug h' + bg), c = f*c' + i*g,
 *                        h = o*tanh(c)   (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000)
 *   LSTM_PEEPHOLES    4  pi*c' and pf*c' are added inside i and f, po*c inside o   (Gers & Schmidhuber 2000)
 *   GRU_RESET_AFTER   3  r = s(Wr x + Ur h' + br), z likewise, n = tanh(Wn x + bn + r*(Un h' + bhn)),
 *                        h = (1-z)*n + z*h'   (PyTorch; ONNX linear_before_reset = 1)
 *   GRU_RESET_BEFORE  3  n = tanh(Wn x + Un (r*h') + bn), the rest as above   (Cho et al. 2014)
 *   RNN_*             1  h = f(W x + U h' + b), f one of tanh, relu, sigmoid, identity   (Elman 1990)
 */

/* Lays weights out for the kernels of the context's instruction set. A pack serves contexts of that set only;
 * another refuses it. It is written whole by each call and may be read by any number of threads afterwards. */
typedef struct rondo_recurrent_pack {
    rondo_head head;
    int32_t cell; /* RONDO_CELL_* */
    int32_t input_size;
    int32_t hidden_size;
    uint32_t parts;         /* RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD */
    const float *weight_ih; /* [G*H, I]; NULL only without RONDO_PACK_FORWARD */
    const float *weight_hh; /* [G*H, H] */
    const float *bias_ih;   /* [G*H]; NULL: none */
    const float *bias_hh;   /* [G*H]; NULL: none */
    const float *bias_hn;   /* [H], bhn of RONDO_CELL_GRU_RESET_AFTER where bias_hh is NULL; NULL: none */
    const float *peepholes; /* [3*H], pi, pf, po of RONDO_CELL_LSTM_PEEPHOLES, else NULL */
    void *packed;           /* out, packed_bytes */
    int64_t packed_bytes;
} rondo_recurrent_pack;

/* A whole sequence, or one step with time_steps = 1. With saved it is the forward pass of training. In the reverse
 * direction each sequence is read from its own last real step to its first; x and y keep their places. */
typedef struct rondo_recurrent_forward {
    rondo_head head;
    int32_t cell;
    int32_t batch_size;
    int32_t time_steps;
    int32_t input_size;
    int32_t hidden_size;
    int32_t direction;  /* RONDO_DIRECTION_* */
    const void *packed; /* made with RONDO_PACK_FORWARD */
    int64_t packed_bytes;
    const float *x; /* [B,T,I] by strides */
    int64_t x_batch_stride;
    int64_t x_time_stride;
    const int32_t *lengths;      /* [B], each in 0..T; NULL: all T. Steps from a length on leave the state alone, and
                                    their y is zero */
    const float *h0;             /* [B,H]; NULL: zeros */
    const float *c0;             /* [B,H], LSTM only; NULL: zeros */
    const float *recurrent_mask; /* [B,H], multiplies h' wherever U acts on it, the same at every step: recurrent
                                    dropout (Gal & Ghahramani 2016). NULL: none */
    float *y;                    /* out [B,T,H] by strides; NULL: not wanted */
    int64_t y_batch_stride;
    int64_t y_time_stride;
    float *hn;   /* out [B,H], the state after each sequence's own last step of the walk; NULL: not wanted; may be h0 */
    float *cn;   /* out [B,H], LSTM only; NULL: not wanted; may be c0 */
    void *saved; /* out, for rondo_recurrent_backward of the same sizes, lengths and direction; NULL: inference */
    int64_t saved_bytes;
    void *scratch;
    int64_t scratch_bytes;
} rondo_recurrent_forward;

/* The gradients of one rondo_recurrent_forward with saved. All outputs are overwritten, none is added to. dx and the
 * gradients of weights are large GEMMs, which a provider of the context may do, in an order of summation of its own. */
typedef struct rondo_recurrent_backward {
    rondo_head head;
    int32_t cell;
    int32_t batch_size;
    int32_t time_steps;
    int32_t input_size;
    int32_t hidden_size;
    int32_t direction;  /* as in forward */
    const void *packed; /* made with RONDO_PACK_BACKWARD, of the weights that forward used */
    int64_t packed_bytes;
    const float *weight_ih; /* [G*H, I], the same weights; NULL only if dx is NULL */
    const float *x;         /* as in forward; NULL only if dweight_ih is NULL */
    int64_t x_batch_stride;
    int64_t x_time_stride;
    const int32_t *lengths;      /* as in forward */
    const float *recurrent_mask; /* as in forward */
    const float *dy;             /* [B,T,H] by strides; values at padded steps are ignored; NULL: zeros */
    int64_t dy_batch_stride;
    int64_t dy_time_stride;
    const float *dhn; /* [B,H]; NULL: zeros */
    const float *dcn; /* [B,H], LSTM only; NULL: zeros */
    float *dx;        /* out [B,T,I] by strides, zero at padded steps; NULL: not wanted */
    int64_t dx_batch_stride;
    int64_t dx_time_stride;
    float *dweight_ih; /* out [G*H, I]; NULL: not wanted */
    float *dweight_hh; /* out [G*H, H]; NULL: not wanted */
    float *dbias_ih;   /* out [G*H]; NULL: not wanted */
    float *dbias_hh;   /* out [G*H]; NULL: not wanted */
    float *dbias_hn;   /* out [H], RONDO_CELL_GRU_RESET_AFTER only; NULL: not wanted */
    float *dpeepholes; /* out [3*H], RONDO_CELL_LSTM_PEEPHOLES only; NULL: not wanted */
    float *dh0;        /* out [B,H]; NULL: not wanted */
    float *dc0;        /* out [B,H], LSTM only; NULL: not wanted */
    float *dh_norms;   /* out [T], the norm over batch and units of dL/dh_t, all that reaches the state after step t,
                          from y_t as well as from later steps; padded steps count as zero; NULL: not wanted */
    void *saved;       /* in, and used up: backward runs once for each forward */
    int64_t saved_bytes;
    void *scratch;
    int64_t scratch_bytes;
} rondo_recurrent_backward;

/* ----------------------------------------------------------------------------------------------------- GEMM */

/* Lays op(b) [k,n] out once for many rondo_gemm calls of the same instruction set. */
typedef struct rondo_gemm_pack {
    rondo_head head;
    int32_t n;
    int32_t k;
    int32_t transpose_b; /* 0: b is [k,n]; 1: b is [n,k] */
    int32_t reserved;    /* 0 */
    const float *b;
    int64_t ldb;
    void *packed; /* out, packed_bytes */
    int64_t packed_bytes;
} rondo_gemm_pack;

/* c = op(a) op(b) + bias (+ c): op(a) [m,k], op(b) [k,n], c [m,n], bias [n] added to every row. */
typedef struct rondo_gemm {
    rondo_head head;
    int32_t m;
    int32_t n;
    int32_t k;
    int32_t transpose_a;     /* 0: a is [m,k]; 1: a is [k,m] */
    int32_t transpose_b;     /* 0: b is [k,n]; 1: b is [n,k]; ignored with packed_b */
    int32_t accumulate;      /* 1: add to what c holds */
    int32_t allow_providers; /* 1: a provider may do it, in an order of summation of its own */
    int32_t reserved;        /* 0 */
    const float *a;
    int64_t lda;
    const float *b; /* NULL only with packed_b */
    int64_t ldb;
    const void *packed_b; /* from rondo_gemm_pack; NULL: b is packed into scratch on each call */
    int64_t packed_b_bytes;
    const float *bias; /* [n]; NULL: none */
    float *c;
    int64_t ldc;
    void *scratch;
    int64_t scratch_bytes;
} rondo_gemm;

/* c[i] = op(a[i]) op(b[i]) for each i of a batch: op(a) [m,k], op(b) [k,n], c [m,n], all of them dense. */
typedef struct rondo_batch_gemm {
    rondo_head head;
    int32_t batch;
    int32_t m;
    int32_t n;
    int32_t k;
    int32_t transpose_a; /* 0: a is [m,k]; 1: a is [k,m] */
    int32_t transpose_b; /* 0: b is [k,n]; 1: b is [n,k] */
    const float *a;      /* [batch, m, k] or [batch, k, m] */
    const float *b;      /* [batch, k, n] or [batch, n, k] */
    float *c;            /* out [batch, m, n] */
    void *scratch;
    int64_t scratch_bytes;
} rondo_batch_gemm;

/* ------------------------------------------------------------------------------------------------ embedding */

/* y[i] = table[ids[i]]. An id outside 0..rows-1 is RONDO_OUT_OF_RANGE, named with its position. */
typedef struct rondo_gather {
    rondo_head head;
    int32_t rows;
    int32_t columns;
    int64_t count;
    const float *table; /* [rows, columns] */
    const int32_t *ids; /* [count] */
    float *y;           /* out [count, columns] */
} rondo_gather;

/* dtable[ids[i]] += dy[i], in the order of i for each row of the table: the gradient of rondo_gather. */
typedef struct rondo_scatter_add {
    rondo_head head;
    int32_t rows;
    int32_t columns;
    int64_t count;
    int32_t accumulate; /* 0: dtable is set to zero first; 1: it is added to */
    int32_t reserved;   /* 0 */
    const int32_t *ids; /* [count] */
    const float *dy;    /* [count, columns] */
    float *dtable;      /* in/out [rows, columns] */
} rondo_scatter_add;

/* -------------------------------------------------------------------------------------------------- softmax */

/* y = exp(x - max x) / sum, for each row. With lengths, over the first columns of a row only: the rest of y is zero. */
typedef struct rondo_softmax {
    rondo_head head;
    int32_t rows;
    int32_t columns;
    int32_t rows_per_length; /* the rows that share a length; at least 1 with lengths */
    int32_t reserved;        /* 0 */
    const float *x;          /* [rows, columns] */
    const int32_t *lengths;  /* [rows / rows_per_length], each in 0..columns; NULL: all columns */
    float *y;                /* out [rows, columns]; may be x */
} rondo_softmax;

/* dx = y * (dy - sum(y * dy)), for each row of a rondo_softmax. */
typedef struct rondo_softmax_gradient {
    rondo_head head;
    int32_t rows;
    int32_t columns;
    int32_t rows_per_length; /* as in rondo_softmax */
    int32_t reserved;        /* 0 */
    const float *y;          /* [rows, columns] */
    const float *dy;         /* [rows, columns]; ignored from a length on */
    const int32_t *lengths;  /* as in rondo_softmax */
    float *dx;               /* out [rows, columns], zero from a length on; may be dy */
} rondo_softmax_gradient;

/* Mean over the real steps of -sum target log softmax(logits), with its gradient in the same pass. A step of
 * sequence b is real when it lies before lengths[b]. */
typedef struct rondo_softmax_cross_entropy {
    rondo_head head;
    int32_t batch_size;
    int32_t time_steps; /* 1 where there is no time */
    int32_t classes;
    int32_t reserved;       /* 0 */
    const float *logits;    /* [B,T,classes] */
    const int32_t *labels;  /* [B,T], each in 0..classes-1 at real steps, ignored elsewhere; NULL with targets */
    const float *targets;   /* [B,T,classes] probabilities, e.g. one-hot; NULL with labels */
    const int32_t *lengths; /* [B], each in 0..T; NULL: all T */
    float *dlogits;         /* out [B,T,classes], of the mean; zero at padded steps; NULL: not wanted; may be logits */
    float *result;          /* out [3]: mean loss in nats (0 without real steps), number of real steps whose largest
                               logit is at the label (or at the largest target), number of real steps */
    void *scratch;
    int64_t scratch_bytes;
} rondo_softmax_cross_entropy;

/* A mean over the elements of the real steps, with its gradient in the same pass. A step of sequence b is real when it
 * lies before lengths[b]. The sums are taken in double. */
typedef struct rondo_elementwise_loss {
    rondo_head head;
    int32_t kind; /* RONDO_LOSS_* */
    int32_t batch_size;
    int32_t time_steps;     /* 1 where there is no time */
    int32_t features;       /* elements of a step */
    const float *x;         /* [B,T,features] predictions; with BINARY_LOGITS, what the sigmoid takes */
    const float *targets;   /* [B,T,features]; ignored at padded steps */
    const int32_t *lengths; /* [B], each in 0..T; NULL: all T */
    float *dx;              /* out [B,T,features], of the mean; zero at padded steps; NULL: not wanted; may be x */
    float *result;          /* out [5]: mean loss; mean of (p - t)^2 and of |p - t|, where p is x, or s(x) of logits;
                               number of elements on whose side of 1/2 the target is too, with BINARY and
                               BINARY_LOGITS, else 0; number of real steps. The means are 0 without real steps */
    void *scratch;
    int64_t scratch_bytes;
} rondo_elementwise_loss;

/* ------------------------------------------------------------------------------------------ losses of sequences
 * Both walk over the steps of each sequence forward and back in logarithms, from which the largest of each step is
 * taken; these are summed in double. */

/* Connectionist temporal classification (Graves et al. 2006): the loss of a sequence is -log of the probability of its
 * labels, which is the sum over all paths that give them: those that become the labels when runs of equal classes are
 * made one and blanks then left out. A path's probability is the product of softmax(logits) over its steps. The
 * gradient comes in the same pass. Labels take as many steps as they are, and one for each that equals the one
 * before it. A sequence of no labels is all blanks. */
typedef struct rondo_ctc {
    rondo_head head;
    int32_t batch_size;
    int32_t time_steps;
    int32_t classes;              /* with the blank */
    int32_t label_steps;          /* L, the most labels of a sequence; at least 1 */
    int32_t blank;                /* the class that stands for none, in 0..classes-1 */
    int32_t reduction;            /* RONDO_CTC_MEAN, _MEAN_PER_LABEL, _SUM */
    int32_t impossible;           /* RONDO_CTC_REFUSED, _ZERO */
    int32_t reserved;             /* 0 */
    const float *logits;          /* [B,T,classes] */
    const int32_t *labels;        /* [B,L], each in 0..classes-1 and not the blank, ignored behind its label length */
    const int32_t *lengths;       /* [B], each in 0..T; NULL: all T */
    const int32_t *label_lengths; /* [B], each in 0..L */
    float *dlogits;               /* out [B,T,classes], of the loss; zero at padded steps; NULL: not wanted; may be
                                     logits. NaN at the real steps of a sequence whose loss is infinite */
    float *per_sequence;          /* out [B], the loss of each; NULL: not wanted */
    float *result;                /* out [2]: the loss in nats (0 without sequences), number of sequences */
    void *scratch;
    int64_t scratch_bytes;
} rondo_ctc;

/* A linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) over the tags y of a sequence of length n:
 * score(y) = start[y_0] + sum of emissions[t][y_t] + sum of transitions[y_(t-1)][y_t] + end[y_(n-1)], and the loss of a
 * sequence is -log of exp(score(tags)) / sum over all y of exp(score(y)); 0 for n = 0. The gradients come in the same
 * pass. */
typedef struct rondo_crf {
    rondo_head head;
    int32_t batch_size;
    int32_t time_steps;
    int32_t classes;          /* K, number of tags */
    int32_t reserved;         /* 0 */
    const float *emissions;   /* [B,T,K] */
    const float *transitions; /* [K,K], from the tag of the row to that of the column */
    const float *start;       /* [K] */
    const float *end;         /* [K] */
    const int32_t *tags;      /* [B,T], each in 0..K-1 at real steps, ignored elsewhere */
    const int32_t *lengths;   /* [B], each in 0..T; NULL: all T */
    float *demissions;        /* out [B,T,K], of the mean; zero at padded steps; NULL: not wanted; may be emissions */
    float *dtransitions;      /* out [K,K]; NULL: not wanted */
    float *dstart;            /* out [K]; NULL: not wanted */
    float *dend;              /* out [K]; NULL: not wanted */
    float *per_sequence;      /* out [B], the loss of each; NULL: not wanted */
    float *result;            /* out [2]: mean loss of the sequences in nats (0 without any), number of sequences */
    void *scratch;
    int64_t scratch_bytes;
} rondo_crf;

/* -------------------------------------------------------------------------------------------------- dropout */

/* y = x / (1 - rate) with probability 1 - rate, else 0. Element e is kept when word e%4 of
 * Philox4x32-10(counter = {e/4, stream, low(step), high(step)}, key = {low(seed), high(seed)}) is at least
 * floor(rate * 2^32) (Salmon et al. 2011). The same call on dy gives dx. */
typedef struct rondo_dropout {
    rondo_head head;
    int64_t count; /* at most 2^34 */
    uint64_t seed;
    const uint64_t *step; /* [1] */
    uint32_t stream;
    float rate;     /* 0 <= rate < 1 */
    const float *x; /* [count] */
    float *y;       /* out [count]; may be x */
} rondo_dropout;

/* y = x + deviation n, with n normally distributed: n = sqrt(-2 log u) cos(2 pi v) (Box & Muller 1958). Of element e, u
 * is 2^-24 (1 + the upper 24 bits of word e%4 of Philox4x32-10(counter = {e/4, stream, low(step), high(step)}, key =
 * {low(seed), high(seed)})), and v is 2^-24 times those of the same word with stream + 2^31. */
typedef struct rondo_gaussian_noise {
    rondo_head head;
    int64_t count; /* at most 2^34 */
    uint64_t seed;
    const uint64_t *step; /* [1] */
    uint32_t stream;      /* below 2^31 */
    float deviation;      /* at least 0 */
    const float *x;       /* [count] */
    float *y;             /* out [count]; may be x */
} rondo_gaussian_noise;

/* --------------------------------------------------------------------------------------- elementwise families */

/* y = kind(x) */
typedef struct rondo_unary {
    rondo_head head;
    int32_t kind;     /* RONDO_UNARY_* */
    int32_t reserved; /* 0 */
    int64_t count;
    float low;      /* RONDO_UNARY_CLIP only */
    float high;     /* at least low */
    const float *x; /* [count] */
    float *y;       /* out [count]; may be x */
} rondo_unary;

/* dx = kind'(x) * dy, from x and y = kind(x), of which each kind needs only one: SIGMOID, TANH, EXP, SQRT, ELU read y;
 * IDENTITY, NEGATE neither; the others x. Where a kind has a corner, its derivative there is that of the side on which
 * it is flatter (of ABS 0, of CLIP 1, of ELU 1). */
typedef struct rondo_unary_gradient {
    rondo_head head;
    int32_t kind;
    int32_t reserved; /* 0 */
    int64_t count;
    float low; /* as in rondo_unary */
    float high;
    const float *x;  /* [count]; NULL where not read */
    const float *y;  /* [count]; NULL where not read */
    const float *dy; /* [count] */
    float *dx;       /* out [count]; may be dy */
} rondo_unary_gradient;

/* y = a kind b, over [rows, columns] */
typedef struct rondo_binary {
    rondo_head head;
    int32_t kind; /* RONDO_BINARY_* */
    int32_t reserved;
    int64_t rows;
    int64_t columns;
    int32_t a_extent; /* RONDO_EXTENT_* */
    int32_t b_extent;
    const float *a;
    const float *b;
    float *y; /* out [rows, columns]; may be an operand of full extent */
} rondo_binary;

/* y = a kind b, over any number of axes: an operand that an axis repeats has the stride 0 there. */
typedef struct rondo_broadcast {
    rondo_head head;
    int32_t kind;                      /* RONDO_BINARY_* */
    int32_t axes;                      /* 0 to RONDO_MAX_AXES */
    int64_t sizes[RONDO_MAX_AXES];     /* of y, which is dense */
    int64_t a_strides[RONDO_MAX_AXES]; /* that of the last axis longer than 1 is 0 or 1 */
    int64_t b_strides[RONDO_MAX_AXES];
    const float *a;
    const float *b;
    float *y; /* out */
} rondo_broadcast;

/* y[offset + i . y_strides] = x[offset + i . x_strides] for each i within sizes; of any type of 4 bytes. */
typedef struct rondo_copy {
    rondo_head head;
    int32_t axes;     /* 0 to RONDO_MAX_AXES */
    int32_t reserved; /* 0 */
    int64_t sizes[RONDO_MAX_AXES];
    int64_t x_strides[RONDO_MAX_AXES]; /* at least 0; 0 repeats x */
    int64_t y_strides[RONDO_MAX_AXES]; /* at least 0, and such that no two i meet */
    int64_t x_offset;
    int64_t y_offset;
    const float *x;
    float *y; /* out */
} rondo_copy;

/* y[outer, inner] = kind over axis of x[outer, axis, inner] */
typedef struct rondo_reduce {
    rondo_head head;
    int32_t kind; /* RONDO_REDUCE_* */
    int32_t reserved;
    int64_t outer;
    int64_t axis;
    int64_t inner;
    const float *x;
    float *y; /* out */
} rondo_reduce;

/* ----------------------------------------------------------------------------------------------------- time */

/* Copies the real steps of each sequence; y is zero from a length on. */
typedef struct rondo_time_copy {
    rondo_head head;
    int32_t kind; /* RONDO_TIME_* */
    int32_t batch_size;
    int32_t time_steps;
    int32_t features;
    const float *x;         /* [B,T,features] */
    const int32_t *lengths; /* [B], each in 0..T; NULL: all T */
    float *y;               /* out [B,T,features]; may be x with RONDO_TIME_MASK */
} rondo_time_copy;

/* y = kind over the real steps of each sequence, zero where there are none. Sums are taken in double. */
typedef struct rondo_pool_time {
    rondo_head head;
    int32_t kind; /* RONDO_POOL_* */
    int32_t batch_size;
    int32_t time_steps;
    int32_t features;
    const float *x;         /* [B,T,features]; padded steps are not read */
    const int32_t *lengths; /* [B], each in 0..T; NULL: all T */
    float *y;               /* out [B,features] */
} rondo_pool_time;

/* The gradient of a rondo_pool_time; that of MAX goes to the first of the largest. */
typedef struct rondo_pool_time_gradient {
    rondo_head head;
    int32_t kind;
    int32_t batch_size;
    int32_t time_steps;
    int32_t features;
    const float *x;         /* as in rondo_pool_time; NULL only without RONDO_POOL_MAX */
    const float *y;         /* its result; likewise */
    const float *dy;        /* [B,features] */
    const int32_t *lengths; /* as in rondo_pool_time */
    float *dx;              /* out [B,T,features], zero at padded steps */
} rondo_pool_time_gradient;

/* Lays the windows of a convolution over time side by side: y[s, k] = x[s stride + k dilation - before], zero where there
 * is no such step. */
typedef struct rondo_windows {
    rondo_head head;
    int32_t batch_size;
    int32_t time_steps;
    int32_t features;
    int32_t size;     /* steps of a window, at least 1 */
    int32_t stride;   /* at least 1 */
    int32_t dilation; /* at least 1 */
    int32_t before;   /* steps of padding before the first, at least 0 */
    int32_t windows;  /* S, how many there are of a sequence */
    const float *x;   /* [B,T,features] */
    float *y;         /* out [B,S,size,features] */
} rondo_windows;

/* The gradient of a rondo_windows. */
typedef struct rondo_windows_gradient {
    rondo_head head;
    int32_t batch_size; /* these as in rondo_windows */
    int32_t time_steps;
    int32_t features;
    int32_t size;
    int32_t stride;
    int32_t dilation;
    int32_t before;
    int32_t windows;
    const float *dy; /* [B,S,size,features] */
    float *dx;       /* out [B,T,features] */
} rondo_windows_gradient;

/* ---------------------------------------------------------------------------------------------- normalization
 * Sums are taken in double. */

/* y = gain * (x - mean) * scale + bias for each row, with scale = 1 / sqrt(variance + epsilon) (Ba, Kiros & Hinton 2016). */
typedef struct rondo_layer_norm {
    rondo_head head;
    int32_t rows;
    int32_t columns; /* at least 1 */
    float epsilon;
    int32_t reserved;  /* 0 */
    const float *x;    /* [rows, columns] */
    const float *gain; /* [columns]; NULL: ones */
    const float *bias; /* [columns]; NULL: zeros */
    float *y;          /* out [rows, columns]; may be x */
    float *mean;       /* out [rows]; NULL: not wanted */
    float *scale;      /* out [rows]; NULL: not wanted */
} rondo_layer_norm;

/* The gradients of a rondo_layer_norm. */
typedef struct rondo_layer_norm_gradient {
    rondo_head head;
    int32_t rows;
    int32_t columns;
    const float *x; /* these five as in rondo_layer_norm */
    const float *gain;
    const float *mean;
    const float *scale;
    const float *dy; /* [rows, columns] */
    float *dx;       /* out [rows, columns]; NULL: not wanted */
    float *dgain;    /* out [columns]; NULL: not wanted */
    float *dbias;    /* out [columns]; NULL: not wanted */
} rondo_layer_norm_gradient;

/* y = gain * (x - mean) * scale + bias for each feature, with scale = 1 / sqrt(variance + epsilon), at the real steps;
 * zero at padded ones (Ioffe & Szegedy 2015). In training mean and variance are those of the real steps of the batch
 * (zero without any), and what moves becomes momentum moving + (1 - momentum) times them, if there are any; otherwise
 * they are the moving ones. */
typedef struct rondo_batch_norm {
    rondo_head head;
    int32_t training; /* 0 or 1 */
    int32_t batch_size;
    int32_t time_steps; /* 1 where there is no time */
    int32_t features;
    float epsilon;
    float momentum;         /* 0 to 1 */
    const float *x;         /* [B,T,features] */
    const int32_t *lengths; /* [B], each in 0..T; NULL: all T */
    const float *gain;      /* [features]; NULL: ones */
    const float *bias;      /* [features]; NULL: zeros */
    float *moving_mean;     /* [features], in/out in training */
    float *moving_variance; /* [features], likewise; the variance is that by the number of steps, not by one less */
    float *y;               /* out [B,T,features]; may be x */
    float *mean;            /* out [features]; NULL: not wanted */
    float *scale;           /* out [features]; NULL: not wanted */
} rondo_batch_norm;

/* The gradients of a rondo_batch_norm in training. */
typedef struct rondo_batch_norm_gradient {
    rondo_head head;
    int32_t batch_size; /* these as in rondo_batch_norm */
    int32_t time_steps;
    int32_t features;
    int32_t reserved; /* 0 */
    const float *x;
    const int32_t *lengths;
    const float *gain;
    const float *mean;
    const float *scale;
    const float *dy; /* [B,T,features]; ignored at padded steps */
    float *dx;       /* out [B,T,features], zero at padded steps; NULL: not wanted */
    float *dgain;    /* out [features]; NULL: not wanted */
    float *dbias;    /* out [features]; NULL: not wanted */
} rondo_batch_norm_gradient;

/* ------------------------------------------------------------------------------------------------ optimizers */

/* norm = sqrt(sum x^2), summed in double; scale = max_norm / norm where norm > max_norm, else 1. */
typedef struct rondo_global_norm {
    rondo_head head;
    int64_t count;
    const float *x;   /* [count] */
    float *norm;      /* out [1] */
    float *scale;     /* out [1], for the optimizers; NULL: not wanted */
    float max_norm;   /* > 0; infinity: never clip */
    int32_t reserved; /* 0 */
    void *scratch;
    int64_t scratch_bytes;
} rondo_global_norm;

/* Makes gradients smaller, in place. Norms are summed in double. */
typedef struct rondo_clip {
    rondo_head head;
    int32_t kind;    /* RONDO_CLIP_* */
    int32_t tensors; /* number of them */
    int64_t count;
    float *x;              /* in/out [count] */
    const int64_t *bounds; /* [tensors, 2]: where each tensor begins and ends in x; NULL only with VALUE, which looks at
                              all of x */
    float max;             /* > 0; infinity: nothing is clipped */
    int32_t reserved;      /* 0 */
    void *scratch;
    int64_t scratch_bytes;
} rondo_clip;

/* g = scale * gradient; v = momentum v - rate g; w += v, or with Nesterov w += momentum v - rate g. */
typedef struct rondo_sgd {
    rondo_head head;
    int64_t count;
    float *parameters;      /* in/out [count] */
    const float *gradients; /* [count] */
    float *velocity;        /* in/out [count]; NULL only if momentum is 0 */
    const float *scale;     /* [1]; NULL: 1 */
    float rate;
    float momentum;
    int32_t nesterov; /* 0 or 1 */
    int32_t reserved; /* 0 */
} rondo_sgd;

/* g = scale * gradient; m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2; then w as form says
 * (Kingma & Ba 2015), and w -= rate decay w of the w before (AdamW, Loshchilov & Hutter 2019). */
typedef struct rondo_adam {
    rondo_head head;
    int64_t count;
    float *parameters;      /* in/out [count] */
    const float *gradients; /* [count] */
    float *m;               /* in/out [count] */
    float *v;               /* in/out [count] */
    const float *scale;     /* [1]; NULL: 1 */
    int64_t step;           /* t, from 1 */
    float rate;
    float beta1;
    float beta2;
    float epsilon;
    int32_t form; /* RONDO_ADAM_* */
    float decay;  /* at least 0; 0: Adam */
} rondo_adam;

/* g = scale * gradient; v = rho v + (1-rho) g^2; with m, m = rho m + (1-rho) g and a = v - m^2, else a = v;
 * q = g / sqrt(a + epsilon) or as form says. With RONDO_ROOT_KERAS velocity = momentum velocity + rate q, w -= velocity;
 * with RONDO_ROOT_PYTORCH velocity = momentum velocity + q, w -= rate velocity (Tieleman & Hinton 2012; centred: Graves
 * 2013). */
typedef struct rondo_rmsprop {
    rondo_head head;
    int64_t count;
    float *parameters;      /* in/out [count] */
    const float *gradients; /* [count] */
    float *v;               /* in/out [count] */
    float *m;               /* in/out [count]; NULL: not centred */
    float *velocity;        /* in/out [count]; NULL only if momentum is 0 */
    const float *scale;     /* [1]; NULL: 1 */
    float rate;
    float rho;
    float epsilon;
    float momentum;
    int32_t form;     /* RONDO_ROOT_* */
    int32_t reserved; /* 0 */
} rondo_rmsprop;

/* g = scale * gradient; sum += g^2; w -= rate g / sqrt(sum + epsilon) or as form says (Duchi, Hazan & Singer 2011). */
typedef struct rondo_adagrad {
    rondo_head head;
    int64_t count;
    float *parameters;      /* in/out [count] */
    const float *gradients; /* [count] */
    float *sum;             /* in/out [count] */
    const float *scale;     /* [1]; NULL: 1 */
    float rate;
    float epsilon;
    int32_t form;     /* RONDO_ROOT_* */
    int32_t reserved; /* 0 */
} rondo_adagrad;

/* ------------------------------------------------------------------------------------------------- functions */

/* RONDO_ABI_VERSION of the library. No function, for a language may take longer to link one than to read this. */
RONDO_API extern const uint32_t rondo_abi;

/* Fills in what the machine offers. */
RONDO_API int32_t rondo_machine_describe(rondo_machine *machine);

/* Loads a provider for the whole process: opens the shared libraries in this order (dependencies first, the
 * provider last) and takes its function table. Loading twice is RONDO_OK. A library that cannot be opened or lacks
 * a function is RONDO_UNSUPPORTED, with the loader's reason. */
RONDO_API int32_t rondo_provider_load(int32_t provider, const char *const *paths, int32_t count, rondo_error *error);

/* Makes a context. Asking for an instruction set that the machine cannot run is RONDO_UNSUPPORTED, with the reason. */
RONDO_API int32_t rondo_context_create(const rondo_context_options *options, rondo_context **context,
                                       rondo_error *error);

/* Frees a context; NULL is ignored. No call may be in flight in it. */
RONDO_API void rondo_context_destroy(rondo_context *context);

RONDO_API int32_t rondo_context_describe(const rondo_context *context, rondo_context_info *info);

/* Tells what memory a call needs, from its head and sizes alone; its pointers are not looked at. The needs of a
 * smaller batch or of fewer time steps never exceed those of a larger. */
RONDO_API int32_t rondo_memory(const rondo_context *context, rondo_memory_needs *needs, rondo_error *error);

/* Executes calls[0..count-1] in order. The lent pointers are not looked at: a language whose memory manager guards
 * only what is passed to a function directly (Java's foreign function interface) passes here the buffers that the
 * calls point to; NULL where there is none. */
RONDO_API int32_t rondo_run(rondo_context *context, const void *const *calls, int32_t count, rondo_error *error,
                            const void *lent0, const void *lent1, const void *lent2, const void *lent3);

/* Measures the machine: multiply-adds on registers for about the given time on each of the context's threads, in
 * 1e9 float operations a second over all of them (a multiply-add counts two). */
RONDO_API int32_t rondo_measure_fma(rondo_context *context, double seconds, double *gflops, rondo_error *error);

#ifdef __cplusplus
}
#endif

#endif
