// An operation: what rondo_run does with one kind of call struct.
//
// Each family has its file in src/ops, in which a class says what an operation needs, checks and does:
//
//     struct Gather {
//         using Call = rondo_gather;
//         static constexpr uint32_t op = RONDO_OP_GATHER;
//         static constexpr const char *name = "gather";
//         static Needs needs(const Context &, const Call &);      // checks the sizes; looks at no pointer
//         static void check(const Context &, const Call &);       // checks everything; begins with needs()
//         static void run(const Context &, const Call &);         // on a call that was checked
//     };
//     constinit const Operation gather_operation = operation_of<Gather>;
//
// and its declaration at the end of this file and its entry in the list of operations.cpp make it known. Where check finds
// out what run needs too, memory laid out for instance, the class has a struct Found, which both take as a third argument.
// needs and check throw by fail() with what was expected and what came; the caller puts the name of the operation in
// front and has compared struct_size. check runs on every rondo_run, so it must be cheap. run throws only where
// a library outside refuses.
#pragma once

#include <cstdint>

#include "context.hpp"
#include "error.hpp"
#include "rondo/rondo.h"

namespace rondo {

// Bytes; those of scratch are free for run to lay out.
struct Needs {
    int64_t saved = 0;
    int64_t scratch = 0;
    int64_t packed = 0;
};

struct Operation {
    uint32_t op;
    uint32_t struct_size;
    const char *name;
    Needs (*needs)(const Context &, const void *call);
    void (*run)(const Context &, const void *call); // checks everything first
};

template <class Op>
inline constexpr Operation operation_of = {
    Op::op,
    sizeof(typename Op::Call),
    Op::name,
    [](const Context &context, const void *call) {
        return Op::needs(context, *static_cast<const typename Op::Call *>(call));
    },
    [](const Context &context, const void *memory) {
        const auto &call = *static_cast<const typename Op::Call *>(memory);
        if constexpr (requires { typename Op::Found; }) {
            typename Op::Found found;
            Op::check(context, call, found);
            Op::run(context, call, found);
        } else {
            Op::check(context, call);
            Op::run(context, call);
        }
    },
};

// The operation of a number, or null.
const Operation *operation(uint32_t op);

// ------------------------------------------------------------------------------------------------- checks for needs

// What an exponential costs, in elements of light work, for Context::slices_for.
inline constexpr int64_t cost_of_exp = 6;

// Most elements of one array: far beyond any memory, and products of two sizes up to it stay within 64 bits.
inline constexpr int64_t most_elements = int64_t{1} << 46;

inline void require_between(const char *name, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most)
        fail(RONDO_INVALID, "%s: expected %lld to %lld, got %lld", name, static_cast<long long>(least),
             static_cast<long long>(most), static_cast<long long>(value));
}

inline void require_at_least(const char *name, int64_t value, int64_t least) {
    if (value < least)
        fail(RONDO_INVALID, "%s: expected at least %lld, got %lld", name, static_cast<long long>(least),
             static_cast<long long>(value));
}

inline void require_zero(const char *name, int64_t value) {
    if (value != 0) fail(RONDO_INVALID, "%s: expected 0, got %lld", name, static_cast<long long>(value));
}

// The product of two sizes that were checked, as a number of elements.
inline int64_t elements(const char *name, int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product) || product > most_elements)
        fail(RONDO_INVALID, "%s: expected at most %lld elements, got %lld x %lld", name,
             static_cast<long long>(most_elements), static_cast<long long>(a), static_cast<long long>(b));
    return product;
}

// A size in bytes, rounded up so that what follows it is aligned; without a division of signed numbers, since every call
// lays out its memory.
inline constexpr int64_t aligned(int64_t bytes) {
    static_assert((RONDO_ALIGNMENT & (RONDO_ALIGNMENT - 1)) == 0);
    return (bytes + RONDO_ALIGNMENT - 1) & -int64_t{RONDO_ALIGNMENT};
}

// ------------------------------------------------------------------------------------------------- checks for check

inline void require(const char *name, const void *pointer) {
    if (pointer == nullptr) fail(RONDO_INVALID, "%s: expected a pointer, got NULL", name);
}

// An array that may be null only when nothing is in it.
inline void require(const char *name, const void *pointer, int64_t count) {
    if (count > 0) require(name, pointer);
}

// Aligned memory of at least so many bytes; needed = 0 asks for nothing.
inline void require_memory(const char *name, const void *pointer, int64_t bytes, int64_t needed) {
    if (needed == 0) return;
    if (pointer == nullptr)
        fail(RONDO_INVALID, "%s: expected %lld bytes, got NULL", name, static_cast<long long>(needed));
    if (reinterpret_cast<uintptr_t>(pointer) % RONDO_ALIGNMENT != 0)
        fail(RONDO_INVALID, "%s: expected an address that is a multiple of %d, got %p", name, RONDO_ALIGNMENT, pointer);
    if (bytes < needed)
        fail(RONDO_INVALID, "%s: expected at least %lld bytes, got %lld", name, static_cast<long long>(needed),
             static_cast<long long>(bytes));
}

// Each of values[begin..end-1] lies in 0..most.
void require_all_between(const char *name, const int32_t *values, int64_t begin, int64_t end, int32_t most);

inline void require_all_between(const char *name, const int32_t *values, int64_t count, int32_t most) {
    require_all_between(name, values, 0, count, most);
}

// A length that the caller may be changing.
inline int32_t length_now(const int32_t *lengths, int64_t i) { return __atomic_load_n(lengths + i, __ATOMIC_RELAXED); }

// Lengths of count sequences; null is allowed.
inline void require_lengths(const int32_t *lengths, int64_t count, int32_t time_steps) {
    if (lengths == nullptr) return;
    for (int64_t i = 0; i < count; i++) {
        const int32_t length = length_now(lengths, i);
        if (length < 0 || length > time_steps)
            fail(RONDO_OUT_OF_RANGE, "lengths[%lld]: expected 0 to %d, got %d", static_cast<long long>(i), time_steps,
                 length);
    }
}

// --------------------------------------------------------------------------------------------------- all operations

extern const Operation recurrent_pack_operation;
extern const Operation recurrent_forward_operation;
extern const Operation recurrent_backward_operation;
extern const Operation gemm_pack_operation;
extern const Operation gemm_operation;
extern const Operation gather_operation;
extern const Operation scatter_add_operation;
extern const Operation softmax_operation;
extern const Operation softmax_cross_entropy_operation;
extern const Operation dropout_operation;
extern const Operation unary_operation;
extern const Operation unary_gradient_operation;
extern const Operation binary_operation;
extern const Operation reduce_operation;
extern const Operation global_norm_operation;
extern const Operation sgd_operation;
extern const Operation adam_operation;
extern const Operation rmsprop_operation;
extern const Operation adagrad_operation;
extern const Operation clip_operation;
extern const Operation elementwise_loss_operation;
extern const Operation ctc_operation;
extern const Operation crf_operation;
extern const Operation copy_operation;
extern const Operation broadcast_operation;
extern const Operation batch_gemm_operation;
extern const Operation softmax_gradient_operation;
extern const Operation time_copy_operation;
extern const Operation pool_time_operation;
extern const Operation pool_time_gradient_operation;
extern const Operation layer_norm_operation;
extern const Operation layer_norm_gradient_operation;
extern const Operation batch_norm_operation;
extern const Operation batch_norm_gradient_operation;
extern const Operation windows_operation;
extern const Operation windows_gradient_operation;
extern const Operation gaussian_noise_operation;

} // namespace rondo
