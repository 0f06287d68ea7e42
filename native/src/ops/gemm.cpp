// gemm_pack, gemm and batch_gemm.
#include <cstring>

#include "ops/op.hpp"
#include "ops/pack.hpp"
#include "ops/provider_gemm.hpp"

namespace rondo {

namespace {

// Floats of the panels of a right-hand side.
int64_t panel_floats(const Context &context, int64_t n, int64_t k) {
    const int64_t width = 4 * context.kernels->lanes;
    return (n + width - 1) / width * width * k;
}

struct GemmPack {
    using Call = rondo_gemm_pack;
    static constexpr uint32_t op = RONDO_OP_GEMM_PACK;
    static constexpr const char *name = "gemm_pack";

    static Needs needs(const Context &context, const Call &call) {
        require_at_least("n", call.n, 1);
        require_at_least("k", call.k, 0);
        require_between("transpose_b", call.transpose_b, 0, 1);
        require_zero("reserved", call.reserved);
        return {.packed = static_cast<int64_t>(sizeof(PackHeader)) +
                          aligned(panel_floats(context, call.n, call.k) * static_cast<int64_t>(sizeof(float)))};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("b", call.b, call.k);
        require_at_least("ldb", call.ldb, call.transpose_b ? call.k : call.n);
        require_memory("packed", call.packed, call.packed_bytes, needed.packed);
    }
    static void run(const Context &context, const Call &call) {
        const PackHeader header = pack_header(context, op, 0, call.k, call.n, 0);
        std::memcpy(call.packed, &header, sizeof header);
        float *panels = reinterpret_cast<float *>(static_cast<char *>(call.packed) + sizeof header);
        const GemmPackWork work{{call.b, call.ldb, nullptr}, call.transpose_b != 0, call.n, call.k, panels};
        context.parallel(context.slices_for(panel_floats(context, call.n, call.k)), context.kernels->gemm_pack, work);
    }
};

struct GemmScratch {
    float *panels;
    float *packed_a;
    int64_t bytes;
};

GemmScratch carve(const Context &context, const rondo_gemm &call, void *start) {
    GemmScratch scratch{};
    Carver carver(start);
    if (call.packed_b_bytes == 0) scratch.panels = carver.take<float>(panel_floats(context, call.n, call.k));
    if (call.transpose_a) {
        scratch.packed_a = carver.take<float>(gemm_packed_a_floats(call.m, call.k, context.kernels->tile_rows));
    }
    scratch.bytes = carver.used();
    return scratch;
}

struct Gemm {
    using Call = rondo_gemm;
    static constexpr uint32_t op = RONDO_OP_GEMM;
    static constexpr const char *name = "gemm";

    static Needs needs(const Context &context, const Call &call) {
        require_at_least("m", call.m, 0);
        require_at_least("n", call.n, 1);
        require_at_least("k", call.k, 0);
        require_between("transpose_a", call.transpose_a, 0, 1);
        require_between("transpose_b", call.transpose_b, 0, 1);
        require_between("accumulate", call.accumulate, 0, 1);
        require_between("allow_providers", call.allow_providers, 0, 1);
        require_zero("reserved", call.reserved);
        return {.scratch = carve(context, call, nullptr).bytes};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        require("a", call.a, int64_t{call.m} * call.k);
        require_at_least("lda", call.lda, call.transpose_a ? call.m : call.k);
        require("c", call.c, call.m);
        require_at_least("ldc", call.ldc, call.n);
        if (call.packed_b != nullptr) {
            require_memory("packed_b", call.packed_b, call.packed_b_bytes,
                           static_cast<int64_t>(sizeof(PackHeader)) +
                               aligned(panel_floats(context, call.n, call.k) * static_cast<int64_t>(sizeof(float))));
            require_pack(context, "packed_b", call.packed_b, RONDO_OP_GEMM_PACK, 0, call.k, call.n, 0);
        } else {
            if (call.packed_b_bytes != 0) require("packed_b", call.packed_b);
            require("b", call.b, call.k);
            require_at_least("ldb", call.ldb, call.transpose_b ? call.k : call.n);
        }
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
    }
    static void run(const Context &context, const Call &call) {
        const bool provided = call.allow_providers && call.packed_b == nullptr;
        const int32_t provider = provided ? provider_for(context, call.transpose_b != 0, call.m, call.n, call.k) : -1;
        if (provider >= 0) {
            run_provider(context, provider,
                         {call.transpose_a != 0, call.transpose_b != 0, call.m, call.n, call.k, call.a, call.lda,
                          call.b, call.ldb, call.bias, call.accumulate != 0, call.c, call.ldc});
            return;
        }
        const GemmScratch scratch = carve(context, call, call.scratch);
        const float *panels;
        if (call.packed_b != nullptr) {
            panels = reinterpret_cast<const float *>(static_cast<const char *>(call.packed_b) + sizeof(PackHeader));
        } else {
            const GemmPackWork pack{{call.b, call.ldb, nullptr}, call.transpose_b != 0, call.n, call.k, scratch.panels};
            context.parallel(context.slices_for(panel_floats(context, call.n, call.k)), context.kernels->gemm_pack,
                             pack);
            panels = scratch.panels;
        }
        const GemmWork work{.a = {call.a, call.lda, nullptr},
                            .transposed = call.transpose_a != 0,
                            .m = call.m,
                            .k = call.k,
                            .targets = {{.n = call.n,
                                         .panels = panels,
                                         .bias = call.bias,
                                         .accumulate = call.accumulate != 0,
                                         .c = call.c,
                                         .ldc = call.ldc,
                                         .c_offsets = nullptr}},
                            .target_count = 1,
                            .row_sums = nullptr,
                            .packed_a = scratch.packed_a};
        context.parallel(context.slices_for(int64_t{call.m} * call.n * call.k / 16), context.kernels->gemm, work);
        context.gemms_own.fetch_add(1, std::memory_order_relaxed);
    }
};

// A product is the work of one thread where there are enough of them to go round; fewer are cut, one after the other.
struct BatchGemm {
    using Call = rondo_batch_gemm;
    static constexpr uint32_t op = RONDO_OP_BATCH_GEMM;
    static constexpr const char *name = "batch_gemm";

    // What one product at a time needs of scratch.
    struct Place {
        float *panels;
        float *packed_a;
        int64_t bytes;
    };
    static Place place(const Context &context, const Call &call, void *start) {
        Place place{};
        Carver carver(start);
        place.panels = carver.take<float>(panel_floats(context, call.n, call.k));
        if (call.transpose_a) {
            place.packed_a = carver.take<float>(gemm_packed_a_floats(call.m, call.k, context.kernels->tile_rows));
        }
        place.bytes = carver.used();
        return place;
    }
    static Needs needs(const Context &context, const Call &call) {
        require_at_least("batch", call.batch, 0);
        require_at_least("m", call.m, 0);
        require_at_least("n", call.n, 1);
        require_at_least("k", call.k, 0);
        require_between("transpose_a", call.transpose_a, 0, 1);
        require_between("transpose_b", call.transpose_b, 0, 1);
        elements("c", call.batch, elements("c", call.m, call.n));
        elements("a", call.batch, elements("a", call.m, call.k));
        elements("b", call.batch, elements("b", call.k, call.n));
        return {.scratch = elements("scratch", context.threads, place(context, call, nullptr).bytes)};
    }
    static void check(const Context &context, const Call &call) {
        const Needs needed = needs(context, call);
        const int64_t batch = call.batch;
        require("a", call.a, batch * call.m * call.k);
        require("b", call.b, batch * call.k);
        require("c", call.c, batch * call.m);
        require_memory("scratch", call.scratch, call.scratch_bytes, needed.scratch);
    }
    static void run(const Context &context, const Call &call) {
        const int64_t m = call.m, n = call.n, k = call.k;
        const int64_t bytes = place(context, call, nullptr).bytes;
        const auto at = [&](int64_t slice) {
            return place(context, call, static_cast<char *>(call.scratch) + slice * bytes);
        };
        const auto pack = [&](int64_t i, const Place &to) {
            return GemmPackWork{
                {call.b + i * k * n, call.transpose_b ? k : n, nullptr}, call.transpose_b != 0, n, k, to.panels};
        };
        const auto multiply = [&](int64_t i, const Place &with) {
            return GemmWork{.a = {call.a + i * m * k, call.transpose_a ? m : k, nullptr},
                            .transposed = call.transpose_a != 0,
                            .m = m,
                            .k = k,
                            .targets = {{.n = n,
                                         .panels = with.panels,
                                         .bias = nullptr,
                                         .accumulate = false,
                                         .c = call.c + i * m * n,
                                         .ldc = n,
                                         .c_offsets = nullptr}},
                            .target_count = 1,
                            .row_sums = nullptr,
                            .packed_a = with.packed_a};
        };
        const int32_t slices = context.slices_for(call.batch * (m * n * k / 16 + k * n + m * n));
        if (call.batch >= slices) {
            context.parallel(slices, [&](Slice slice) {
                const Place mine = at(slice.index);
                int64_t begin, end;
                slice.range(call.batch, 1, begin, end);
                for (int64_t i = begin; i < end; i++) {
                    context.kernels->gemm_pack(pack(i, mine), {0, 1});
                    context.kernels->gemm(multiply(i, mine), {0, 1});
                }
            });
        } else {
            const Place shared = at(0);
            for (int64_t i = 0; i < call.batch; i++) {
                context.parallel(slices, context.kernels->gemm_pack, pack(i, shared));
                context.parallel(slices, context.kernels->gemm, multiply(i, shared));
            }
        }
        context.gemms_own.fetch_add(call.batch, std::memory_order_relaxed);
    }
};

} // namespace

constinit const Operation gemm_pack_operation = operation_of<GemmPack>;
constinit const Operation gemm_operation = operation_of<Gemm>;
constinit const Operation batch_gemm_operation = operation_of<BatchGemm>;

} // namespace rondo
