// librondo allocates nothing when calls run: every way to the heap is counted during a training step's worth of calls.
// The linker leads malloc and its kin of everything in this program to the functions here (CMakeLists.txt).
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <vector>

#include "support/random.hpp"
#include "support/recurrent_runner.hpp"

namespace {

std::atomic<int64_t> allocations{0};

} // namespace

extern "C" {
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_aligned_alloc(size_t, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void *__real__Znwm(size_t); // operator new

void *__wrap_malloc(size_t bytes) {
    allocations++;
    return __real_malloc(bytes);
}
void *__wrap_calloc(size_t count, size_t bytes) {
    allocations++;
    return __real_calloc(count, bytes);
}
void *__wrap_realloc(void *memory, size_t bytes) {
    allocations++;
    return __real_realloc(memory, bytes);
}
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    allocations++;
    return __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes) {
    allocations++;
    return __real_posix_memalign(memory, alignment, bytes);
}
void *__wrap__Znwm(size_t bytes) {
    allocations++;
    return __real__Znwm(bytes);
}
}

namespace {

using namespace rondo::test;

TEST(Allocation, isCounted) {
    const int64_t before = allocations;
    void *volatile memory = std::malloc(1);
    std::free(memory);
    const std::vector<int> numbers(3);
    EXPECT_EQ(numbers.size(), 3u);
    EXPECT_EQ(allocations, before + 2);
}

class Allocation : public testing::TestWithParam<IsaAndCell> {};

TEST_P(Allocation, isNoneInRuns) {
    const Cell &cell = GetParam().cell;
    const ContextOf context(GetParam().isa.number, 2);
    constexpr int32_t batch = 9, time = 40, input = 33, hidden = 70, classes = 21, vocabulary = 50;
    constexpr RecurrentSizes sizes = {batch, time, input, hidden};
    constexpr int64_t steps = batch * time;
    const int64_t gates = cell.gates * hidden;
    Random random(20);
    Floats table = random.floats(vocabulary * input), x(steps * input), y(steps * hidden), logits(steps * classes);
    Floats weight_ih = random.floats(gates * input), weight_hh = random.floats(gates * hidden),
           weight = random.floats(classes * hidden);
    Floats dy(steps * hidden), dx(steps * input), dtable(vocabulary * input), dweight_ih(gates * input);
    Floats dweight_hh(gates * hidden), dbias_ih(gates), dbias_hh(gates), dbias_hn(hidden), dpeepholes(3 * hidden);
    Floats bias = random.floats(gates), peepholes = random.floats(3 * hidden), mask = random.floats(batch * hidden);
    Floats dh_norms(time), m(gates * hidden), v(gates * hidden), norm(1), scale(1), result(3);
    const Ints lengths = random.ints(batch, 0, time), ids = random.ints(steps, 0, vocabulary - 1),
               labels = random.ints(steps, 0, classes - 1);

    auto gather = call_of<rondo_gather>(RONDO_OP_GATHER);
    gather.rows = vocabulary, gather.columns = input, gather.count = steps;
    gather.table = table.data(), gather.ids = ids.data(), gather.y = x.data();

    auto pack = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
    pack.cell = cell.number;
    pack.input_size = input, pack.hidden_size = hidden, pack.parts = RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD;
    pack.weight_ih = weight_ih.data(), pack.weight_hh = weight_hh.data();
    pack.bias_ih = pack.bias_hh = bias.data(), pack.peepholes = cell.peepholes() ? peepholes.data() : nullptr;
    Guarded<char> packed = aligned_memory(needs_of(context, &pack).packed_bytes);
    pack.packed = packed.data(), pack.packed_bytes = packed.size();

    auto forward = forward_call(cell, sizes, true);
    forward.packed = packed.data(), forward.packed_bytes = packed.size();
    forward.x = x.data(), forward.x_batch_stride = time * input, forward.x_time_stride = input;
    forward.lengths = lengths.data(), forward.recurrent_mask = mask.data();
    forward.y = y.data(), forward.y_batch_stride = time * hidden, forward.y_time_stride = hidden;
    const rondo_memory_needs forward_needs = needs_of(context, &forward);
    Guarded<char> saved = aligned_memory(forward_needs.saved_bytes);
    Guarded<char> forward_scratch = aligned_memory(forward_needs.scratch_bytes);
    forward.saved = saved.data(), forward.saved_bytes = saved.size();
    forward.scratch = forward_scratch.data(), forward.scratch_bytes = forward_scratch.size();

    auto dense = call_of<rondo_gemm>(RONDO_OP_GEMM);
    dense.m = steps, dense.n = classes, dense.k = hidden, dense.transpose_b = 1;
    dense.a = y.data(), dense.lda = hidden, dense.b = weight.data(), dense.ldb = hidden;
    dense.c = logits.data(), dense.ldc = classes;
    Guarded<char> dense_scratch = aligned_memory(needs_of(context, &dense).scratch_bytes);
    dense.scratch = dense_scratch.data(), dense.scratch_bytes = dense_scratch.size();

    auto loss = call_of<rondo_softmax_cross_entropy>(RONDO_OP_SOFTMAX_CROSS_ENTROPY);
    loss.batch_size = batch, loss.time_steps = time, loss.classes = classes;
    loss.logits = logits.data(), loss.labels = labels.data(), loss.dlogits = logits.data(), loss.result = result.data();
    Guarded<char> loss_scratch = aligned_memory(needs_of(context, &loss).scratch_bytes);
    loss.scratch = loss_scratch.data(), loss.scratch_bytes = loss_scratch.size();

    auto dense_back = call_of<rondo_gemm>(RONDO_OP_GEMM);
    dense_back.m = steps, dense_back.n = hidden, dense_back.k = classes;
    dense_back.a = logits.data(), dense_back.lda = classes, dense_back.b = weight.data(), dense_back.ldb = hidden;
    dense_back.c = dy.data(), dense_back.ldc = hidden;
    Guarded<char> dense_back_scratch = aligned_memory(needs_of(context, &dense_back).scratch_bytes);
    dense_back.scratch = dense_back_scratch.data(), dense_back.scratch_bytes = dense_back_scratch.size();

    auto backward = backward_call(cell, sizes, true);
    backward.packed = packed.data(), backward.packed_bytes = packed.size(), backward.weight_ih = weight_ih.data();
    backward.x = x.data(), backward.x_batch_stride = time * input, backward.x_time_stride = input;
    backward.lengths = lengths.data(), backward.recurrent_mask = mask.data();
    backward.dy = dy.data(), backward.dy_batch_stride = time * hidden, backward.dy_time_stride = hidden;
    backward.dx = dx.data(), backward.dx_batch_stride = time * input, backward.dx_time_stride = input;
    backward.dweight_ih = dweight_ih.data(), backward.dweight_hh = dweight_hh.data();
    backward.dbias_ih = dbias_ih.data(), backward.dbias_hh = dbias_hh.data(), backward.dh_norms = dh_norms.data();
    if (cell.reset_after()) backward.dbias_hn = dbias_hn.data();
    if (cell.peepholes()) backward.dpeepholes = dpeepholes.data();
    backward.saved = saved.data(), backward.saved_bytes = saved.size();
    Guarded<char> backward_scratch = aligned_memory(needs_of(context, &backward).scratch_bytes);
    backward.scratch = backward_scratch.data(), backward.scratch_bytes = backward_scratch.size();

    auto scatter = call_of<rondo_scatter_add>(RONDO_OP_SCATTER_ADD);
    scatter.rows = vocabulary, scatter.columns = input, scatter.count = steps;
    scatter.ids = ids.data(), scatter.dy = dx.data(), scatter.dtable = dtable.data();

    auto clip = call_of<rondo_global_norm>(RONDO_OP_GLOBAL_NORM);
    clip.count = gates * hidden, clip.x = dweight_hh.data(), clip.norm = norm.data(), clip.scale = scale.data();
    clip.max_norm = 5.0f;
    Guarded<char> clip_scratch = aligned_memory(needs_of(context, &clip).scratch_bytes);
    clip.scratch = clip_scratch.data(), clip.scratch_bytes = clip_scratch.size();

    auto adam = call_of<rondo_adam>(RONDO_OP_ADAM);
    adam.count = gates * hidden, adam.parameters = weight_hh.data(), adam.gradients = dweight_hh.data();
    adam.m = m.data(), adam.v = v.data(), adam.scale = scale.data(), adam.step = 1, adam.rate = 1e-3f;
    adam.beta1 = 0.9f, adam.beta2 = 0.999f, adam.epsilon = 1e-7f;

    const void *calls[] = {&gather, &pack, &forward, &dense, &loss, &dense_back, &backward, &scatter, &clip, &adam};
    rondo_error error;
    const auto step = [&] {
        return rondo_run(context, calls, std::size(calls), &error, nullptr, nullptr, nullptr, nullptr);
    };
    ASSERT_EQ(step(), RONDO_OK) << error.text; // starts the pool
    const int64_t before = allocations;
    for (int i = 0; i < 20; i++) ASSERT_EQ(step(), RONDO_OK) << error.text;
    EXPECT_EQ(allocations - before, 0);
}

RONDO_EACH_ISA_AND_CELL(Allocation);

class AllocationOfLosses : public testing::TestWithParam<Isa> {};

TEST_P(AllocationOfLosses, isNoneInLossesAndOptimizers) {
    const ContextOf context(GetParam().number, 2);
    constexpr int64_t count = 20'000;
    Random random(21);
    Floats w = random.floats(count), dx(count), v(count), m(count), velocity(count), sum(count, 0.1f), result(5);
    const Floats targets = random.floats(count);
    const Guarded<int64_t> bounds = {0, 5, 64, count};

    auto loss = call_of<rondo_elementwise_loss>(RONDO_OP_ELEMENTWISE_LOSS);
    loss.kind = RONDO_LOSS_BINARY_LOGITS, loss.batch_size = 2, loss.time_steps = count / 2, loss.features = 1;
    loss.x = w.data(), loss.targets = targets.data(), loss.dx = dx.data(), loss.result = result.data();
    Guarded<char> loss_scratch = aligned_memory(needs_of(context, &loss).scratch_bytes);
    loss.scratch = loss_scratch.data(), loss.scratch_bytes = loss_scratch.size();

    auto norms = call_of<rondo_clip>(RONDO_OP_CLIP);
    norms.kind = RONDO_CLIP_NORM, norms.tensors = 2, norms.count = count, norms.x = dx.data(), norms.max = 1e-3f;
    norms.bounds = bounds.data();
    Guarded<char> norms_scratch = aligned_memory(needs_of(context, &norms).scratch_bytes);
    norms.scratch = norms_scratch.data(), norms.scratch_bytes = norms_scratch.size();

    auto values = call_of<rondo_clip>(RONDO_OP_CLIP);
    values.kind = RONDO_CLIP_VALUE, values.count = count, values.x = dx.data(), values.max = 1e-6f;

    auto rmsprop = call_of<rondo_rmsprop>(RONDO_OP_RMSPROP);
    rmsprop.count = count, rmsprop.parameters = w.data(), rmsprop.gradients = dx.data();
    rmsprop.v = v.data(), rmsprop.m = m.data(), rmsprop.velocity = velocity.data();
    rmsprop.rate = 1e-3f, rmsprop.rho = 0.9f, rmsprop.epsilon = 1e-7f, rmsprop.momentum = 0.5f;

    auto adagrad = call_of<rondo_adagrad>(RONDO_OP_ADAGRAD);
    adagrad.count = count, adagrad.parameters = w.data(), adagrad.gradients = dx.data(), adagrad.sum = sum.data();
    adagrad.rate = 1e-3f, adagrad.epsilon = 1e-7f;

    auto ctc = call_of<rondo_ctc>(RONDO_OP_CTC);
    const Ints labels = random.ints(20, 1, 9), label_lengths(2, 10), tags = random.ints(count / 10, 0, 9);
    ctc.batch_size = 2, ctc.time_steps = count / 20, ctc.classes = 10, ctc.label_steps = 10;
    ctc.logits = w.data(), ctc.dlogits = dx.data(), ctc.labels = labels.data(), ctc.result = result.data();
    ctc.label_lengths = label_lengths.data();
    Guarded<char> ctc_scratch = aligned_memory(needs_of(context, &ctc).scratch_bytes);
    ctc.scratch = ctc_scratch.data(), ctc.scratch_bytes = ctc_scratch.size();

    auto crf = call_of<rondo_crf>(RONDO_OP_CRF);
    Floats square = random.floats(100), row = random.floats(10);
    crf.batch_size = 2, crf.time_steps = count / 20, crf.classes = 10;
    crf.emissions = w.data(), crf.transitions = square.data(), crf.start = crf.end = row.data();
    crf.tags = tags.data(), crf.demissions = dx.data(), crf.result = result.data();
    Guarded<char> crf_scratch = aligned_memory(needs_of(context, &crf).scratch_bytes);
    crf.scratch = crf_scratch.data(), crf.scratch_bytes = crf_scratch.size();

    const void *calls[] = {&loss, &norms, &values, &rmsprop, &adagrad, &ctc, &crf};
    rondo_error error;
    const auto step = [&] {
        return rondo_run(context, calls, std::size(calls), &error, nullptr, nullptr, nullptr, nullptr);
    };
    ASSERT_EQ(step(), RONDO_OK) << error.text; // starts the pool
    const int64_t before = allocations;
    for (int i = 0; i < 20; i++) ASSERT_EQ(step(), RONDO_OK) << error.text;
    EXPECT_EQ(allocations - before, 0);
}

RONDO_EACH_ISA(AllocationOfLosses);

} // namespace
