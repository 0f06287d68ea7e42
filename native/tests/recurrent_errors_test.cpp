// What the recurrent calls refuse, by name.
#include <gtest/gtest.h>
#include <string>

#include "support/recurrent_runner.hpp"

namespace {

using namespace rondo;
using namespace rondo::test;

TEST(RecurrentErrors, nameWhatIsWrong) {
    const ContextOf context(RONDO_ISA_BASELINE);
    auto call = call_of<rondo_recurrent_forward>(RONDO_OP_RECURRENT_FORWARD);
    EXPECT_EQ(error_of(context, call), "recurrent_forward: input_size: expected 1 to 16777216, got 0");
    call.input_size = 1;
    EXPECT_EQ(error_of(context, call), "recurrent_forward: hidden_size: expected 1 to 16777216, got 0");
    call.hidden_size = 1;
    EXPECT_EQ(error_of(context, call), "recurrent_forward: batch_size: expected at least 1, got 0");
    call.batch_size = 1;
    EXPECT_EQ(error_of(context, call), "recurrent_forward: time_steps: expected at least 1, got 0");
    call.time_steps = 1;
    EXPECT_EQ(error_of(context, call), "recurrent_forward: packed: expected 64 bytes, got NULL");
    call.batch_size = INT32_MAX;
    call.time_steps = INT32_MAX;
    call.hidden_size = 1 << 24;
    EXPECT_NE(error_of(context, call).find("expected at most "), std::string::npos);
    auto pack = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
    pack.input_size = pack.hidden_size = 1;
    EXPECT_EQ(error_of(context, pack), "recurrent_pack: parts: expected 1 to 3, got 0");
    pack.parts = 1;
    EXPECT_EQ(error_of(context, pack), "recurrent_pack: weight_ih: expected a pointer, got NULL");
    const Floats weight(64);
    pack.weight_ih = weight.data();
    EXPECT_EQ(error_of(context, pack), "recurrent_pack: weight_hh: expected a pointer, got NULL");
}

TEST(RecurrentErrors, nameUnknownCellsAndDirections) {
    const ContextOf context(RONDO_ISA_BASELINE);
    for (const int32_t cell : {-1, 8, 9}) {
        const std::string text = "cell: expected 0 to 7, got " + std::to_string(cell);
        auto pack = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
        pack.cell = cell;
        pack.input_size = pack.hidden_size = pack.parts = 1;
        EXPECT_EQ(error_of(context, pack), "recurrent_pack: " + text);
        EXPECT_EQ(error_of(context, forward_call({cell, "", 1}, {1, 1, 1, 1})), "recurrent_forward: " + text);
        EXPECT_EQ(error_of(context, backward_call({cell, "", 1}, {1, 1, 1, 1})), "recurrent_backward: " + text);
    }
    for (const int32_t direction : {-1, 2}) {
        const std::string text = "direction: expected 0 to 1, got " + std::to_string(direction);
        auto forward = forward_call(all_cells[0], {1, 1, 1, 1});
        auto backward = backward_call(all_cells[0], {1, 1, 1, 1});
        forward.direction = backward.direction = direction;
        EXPECT_EQ(error_of(context, forward), "recurrent_forward: " + text);
        EXPECT_EQ(error_of(context, backward), "recurrent_backward: " + text);
    }
}

class CellErrors : public testing::TestWithParam<Cell> {};

// All of a call that works, but for one pointer more.
TEST_P(CellErrors, nameWhatTheCellLacks) {
    const Cell &cell = GetParam();
    const RecurrentSizes s = {1, 1, 1, 1};
    const ContextOf context(RONDO_ISA_BASELINE);
    const std::string null = "expected NULL for cell " + std::to_string(cell.number) + ", got a pointer";
    Floats floats(16);
    Guarded<char> memory = aligned_memory(1 << 20), packed = aligned_memory(1 << 20);

    auto pack = call_of<rondo_recurrent_pack>(RONDO_OP_RECURRENT_PACK);
    pack.cell = cell.number;
    pack.input_size = pack.hidden_size = 1;
    pack.parts = RONDO_PACK_FORWARD | RONDO_PACK_BACKWARD;
    pack.weight_ih = pack.weight_hh = floats.data();
    pack.peepholes = cell.peepholes() ? floats.data() : nullptr;
    pack.packed = packed.data();
    pack.packed_bytes = packed.size();
    run(context, &pack);
    if (cell.peepholes()) {
        pack.peepholes = nullptr;
        EXPECT_EQ(error_of(context, pack), "recurrent_pack: peepholes: expected a pointer, got NULL");
        pack.peepholes = floats.data();
    } else {
        pack.peepholes = floats.data();
        EXPECT_EQ(error_of(context, pack), "recurrent_pack: peepholes: " + null);
        pack.peepholes = nullptr;
    }
    pack.bias_hn = floats.data();
    if (cell.reset_after()) {
        run(context, &pack);
        pack.bias_hh = floats.data();
        EXPECT_EQ(error_of(context, pack), "recurrent_pack: bias_hn: expected NULL with bias_hh, got a pointer");
    } else {
        EXPECT_EQ(error_of(context, pack), "recurrent_pack: bias_hn: " + null);
    }

    // Sets one pointer, and expects the error there where the cell has no such thing.
    const auto one = [&](auto &call, auto field, const char *name, bool fits) {
        call.*field = floats.data();
        if (fits) {
            run(context, &call);
        } else {
            EXPECT_EQ(error_of(context, call), std::string(name) + ": " + null);
        }
        call.*field = nullptr;
    };
    auto forward = forward_call(cell, s);
    forward.packed = packed.data();
    forward.packed_bytes = packed.size();
    forward.x = floats.data();
    forward.scratch = memory.data();
    forward.scratch_bytes = memory.size();
    using Forward = rondo_recurrent_forward;
    one(forward, &Forward::c0, "recurrent_forward: c0", cell.lstm());
    one(forward, &Forward::cn, "recurrent_forward: cn", cell.lstm());

    auto backward = backward_call(cell, s);
    Guarded<char> saved = aligned_memory(1 << 20);
    backward.packed = packed.data();
    backward.packed_bytes = packed.size();
    backward.x = floats.data();
    backward.saved = forward.saved = saved.data();
    backward.saved_bytes = forward.saved_bytes = saved.size();
    backward.scratch = memory.data();
    backward.scratch_bytes = memory.size();
    using Backward = rondo_recurrent_backward;
    run(context, &forward);
    one(backward, &Backward::dcn, "recurrent_backward: dcn", cell.lstm());
    one(backward, &Backward::dc0, "recurrent_backward: dc0", cell.lstm());
    one(backward, &Backward::dbias_hn, "recurrent_backward: dbias_hn", cell.reset_after());
    one(backward, &Backward::dpeepholes, "recurrent_backward: dpeepholes", cell.peepholes());
}

INSTANTIATE_TEST_SUITE_P(Cell, CellErrors, testing::ValuesIn(all_cells), cell_test_name);

} // namespace
