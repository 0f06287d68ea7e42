// gather and scatter_add.
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "support/compare.hpp"
#include "support/library.hpp"
#include "support/random.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

class Embedding : public testing::TestWithParam<Isa> {};

Floats gather(rondo_context *context, const Floats &table, int32_t rows, int32_t columns, const Ints &ids) {
    Floats y(ids.size() * columns, -7.0f);
    auto call = call_of<rondo_gather>(RONDO_OP_GATHER);
    call.rows = rows;
    call.columns = columns;
    call.count = ids.size();
    call.table = table.data();
    call.ids = ids.data();
    call.y = y.data();
    run(context, &call);
    return y;
}

void scatter(rondo_context *context, int32_t rows, int32_t columns, const Ints &ids, const Floats &dy, bool accumulate,
             Floats &dtable) {
    auto call = call_of<rondo_scatter_add>(RONDO_OP_SCATTER_ADD);
    call.rows = rows;
    call.columns = columns;
    call.count = ids.size();
    call.accumulate = accumulate;
    call.ids = ids.data();
    call.dy = dy.data();
    call.dtable = dtable.data();
    run(context, &call);
}

TEST_P(Embedding, gathersRows) {
    const ContextOf context(GetParam().number, 2);
    in_both_placements([&] {
        Random random(1);
        for (const int32_t columns : tail_sizes(lanes_of(GetParam()))) {
            for (const int32_t count : {0, 1, 5, 300}) {
                const int32_t rows = 11;
                const Floats table = random.floats(rows * columns);
                const Ints ids = random.ints(count, 0, rows - 1);
                const Floats y = gather(context, table, rows, columns, ids);
                std::vector<float> expected;
                for (const int32_t id : ids)
                    for (int32_t j = 0; j < columns; j++) expected.push_back(table[id * columns + j]);
                EXPECT_TRUE(same(y, expected)) << columns << " columns, " << count << " ids";
            }
        }
    });
}

TEST_P(Embedding, addsRowsInTheOrderOfIds) {
    in_both_placements([&] {
        Random random(2);
        for (const int32_t columns : tail_sizes(lanes_of(GetParam()))) {
            for (const bool accumulate : {false, true}) {
                const int32_t rows = 7, count = 200;
                const Ints ids = random.ints(count, 0, rows - 2); // the last row has no gradient
                const Floats dy = random.floats(count * columns);
                Floats before = random.floats(rows * columns);
                // Two rows are zero before, one of them with the other sign; one is not a number.
                for (int32_t j = 0; j < columns; j++) {
                    before.data()[(rows - 3) * columns + j] = 0.0f;
                    before.data()[(rows - 2) * columns + j] = -0.0f;
                }
                before.data()[(rows - 1) * columns] = std::numeric_limits<float>::quiet_NaN();
                // In float, in the same order: the same bits.
                std::vector<float> expected(before.begin(), before.end());
                if (!accumulate) expected.assign(expected.size(), 0.0f);
                for (int32_t i = 0; i < count; i++)
                    for (int32_t j = 0; j < columns; j++)
                        expected[static_cast<size_t>(ids[i] * columns + j)] += dy[i * columns + j];
                for (const int32_t threads : {1, 2, 3, 8}) {
                    const ContextOf context(GetParam().number, threads);
                    Floats dtable(before.copy());
                    scatter(context, rows, columns, ids, dy, accumulate, dtable);
                    EXPECT_TRUE(same(dtable, expected)) << columns << " columns, " << threads << " threads";
                }
            }
        }
    });
}

TEST_P(Embedding, addsTheSameWhateverTheThreads) {
    Random random(3);
    for (const int32_t columns : {16, 64, 256}) { // cut by rows, and by columns
        const int32_t rows = 65, count = 2048;
        const Ints ids = random.ints(count, 0, rows - 1);
        const Floats dy = random.floats(count * columns);
        const ContextOf alone(GetParam().number, 1);
        Floats expected(rows * columns);
        scatter(alone, rows, columns, ids, dy, false, expected);
        for (const int32_t threads : {2, 3, 8}) {
            const ContextOf context(GetParam().number, threads);
            Floats dtable(rows * columns, 3.0f);
            scatter(context, rows, columns, ids, dy, false, dtable);
            EXPECT_TRUE(same(dtable, expected)) << columns << " columns, " << threads << " threads";
        }
    }
}

TEST(EmbeddingErrors, nameTheId) {
    const ContextOf context(RONDO_ISA_BASELINE);
    Floats table(6), y(8);
    for (const int32_t wrong : {3, -1, INT32_MAX, INT32_MIN}) {
        const Ints ids = {0, 2, wrong, 1};
        auto call = call_of<rondo_gather>(RONDO_OP_GATHER);
        call.rows = 3;
        call.columns = 2;
        call.count = 4;
        call.table = table.data();
        call.ids = ids.data();
        call.y = y.data();
        EXPECT_EQ(error_of(context, call, RONDO_OUT_OF_RANGE),
                  "gather: ids[2]: expected 0 to 2, got " + std::to_string(wrong));
        auto scatter_call = call_of<rondo_scatter_add>(RONDO_OP_SCATTER_ADD);
        scatter_call.rows = 3;
        scatter_call.columns = 2;
        scatter_call.count = 4;
        scatter_call.ids = ids.data();
        scatter_call.dy = y.data();
        scatter_call.dtable = table.data();
        EXPECT_EQ(error_of(context, scatter_call, RONDO_OUT_OF_RANGE),
                  "scatter_add: ids[2]: expected 0 to 2, got " + std::to_string(wrong));
    }
}

RONDO_EACH_ISA(Embedding);

} // namespace
