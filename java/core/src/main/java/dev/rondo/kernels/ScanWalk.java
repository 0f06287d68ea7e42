package dev.rondo.kernels;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Direction;
import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/// Runs the program of a step once for each step, forth or back.
///
/// The walk's step s of a sequence is that many steps from where its direction begins; forth they count up, back down.
/// The memory of a step is dense, a row for each sequence that has this step, in the order of a [SequenceOrder]; rows
/// are copied from and to the sequences. A row that no later step touches keeps the last state of its sequence.
final class ScanWalk implements Program {
    /// In which order the steps are taken.
    enum Way {
        /// As the scan's direction says.
        FORTH,
        /// The other way round.
        BACK
    }

    /// A value of the step with memory for several steps.
    ///
    /// @param buffer the program's
    /// @param slices the memory
    /// @param offset the slice of step 0; they repeat
    record Moving(Buffer buffer, MemorySegment[] slices, int offset) {
        MemorySegment slice(int s) {
            return slices[(s + offset) % slices.length];
        }

        void move(int s) {
            buffer.segment(slice(s));
        }
    }

    /// What steps leave to each other.
    ///
    /// @param from what a step finds
    /// @param given the role that has it before the first step; where it is absent, zeros
    /// @param made the role that gets it after the last step
    record State(Moving from, Optional<String> given, String made) {}

    /// A constant `[B,...]` that is copied to the order of the walk.
    record Constant(Buffer from, Buffer to) {}

    /// A sequence `[B,T,...]` and its slice at a step.
    record Slices(Buffer sequence, Buffer step) {}

    /// A state with its memory outside.
    private record Carried(Moving from, Optional<Buffer> given, Optional<Buffer> made) {
        /// Where step s finds it.
        MemorySegment slice(int s) {
            return from.slice(s);
        }

        static Carried[] of(List<State> states, Instruction instruction) {
            return states.stream()
                    .map(state -> new Carried(
                            state.from(), state.given().flatMap(instruction::optionalInput),
                            instruction.optionalOutput(state.made())))
                    .toArray(Carried[]::new);
        }
    }

    /// What a walk moves.
    ///
    /// @param movings values with memory for several steps
    /// @param states `[B,...]`
    /// @param sums states of any shape without a batch, zero at first
    /// @param constants to be put in order
    /// @param reads sequences that steps read
    /// @param writes sequences that steps write
    record Parts(
            List<Moving> movings, List<State> states, List<State> sums, List<Constant> constants, List<Slices> reads,
            List<Slices> writes) {}

    private final Way way;
    private final Direction direction;
    private final SequenceOrder order;
    private final Program program;
    private final Optional<WeightPacks> packs;
    private final MemorySegment zeros;
    private final Moving[] movings;
    private final Carried[] states;
    private final Carried[] sums;
    private final Constant[] constants;
    private final Slices[] reads;
    private final Slices[] writes;

    /// @param program of one step
    /// @param packs of the program, if they are its own: to be made anew at each run
    /// @param zeros as many bytes of zero as the longest row has
    ScanWalk(
            Way way, Instruction instruction, SequenceOrder order, Program program, Optional<WeightPacks> packs,
            MemorySegment zeros, Parts parts) {
        this.way = way;
        this.order = order;
        this.program = program;
        this.packs = packs;
        this.zeros = zeros;
        direction = direction(instruction.op());
        movings = parts.movings().toArray(Moving[]::new);
        states = Carried.of(parts.states(), instruction);
        sums = Carried.of(parts.sums(), instruction);
        constants = parts.constants().toArray(Constant[]::new);
        reads = parts.reads().toArray(Slices[]::new);
        writes = parts.writes().toArray(Slices[]::new);
    }

    private static Direction direction(Op op) {
        return op instanceof Op.ScanGradient gradient ? gradient.scan().direction() : ((Op.Scan) op).direction();
    }

    @Override
    public void run(Extents extents, MemorySegment[] lent) {
        if (packs.isPresent()) {
            packs.get().changed();
        }
        // The way back uses the order of the way forth, which has been checked.
        if (way == Way.FORTH) {
            order.load(extents);
        }
        int batch = order.batch();
        int longest = order.longest();
        for (Constant constant : constants) {
            long bytes = rowBytes(constant.to(), extents);
            for (int rank = 0; rank < batch; rank++) {
                copy(constant.from(), order.sequence(rank) * bytes, constant.to().segment(), rank * bytes, bytes);
            }
        }
        for (Carried sum : sums) {
            sum.slice(longest - 1).fill((byte) 0);
        }
        switch (way) {
            case FORTH -> {
                join(0, 0, batch, extents);
                for (int s = 0; s < longest; s++) {
                    step(s, extents, lent);
                }
            }
            case BACK -> {
                int joined = 0;
                for (int s = longest - 1; s >= 0; s--) {
                    join(s, joined, order.active(s), extents);
                    joined = order.active(s);
                    step(s, extents, lent);
                }
                // Sequences without a step: as if the step before the first had left it to them.
                join(-1, joined, batch, extents);
            }
        }
        finish(extents);
    }

    private void step(int s, Extents extents, MemorySegment[] lent) {
        int active = order.active(s);
        for (Moving moving : movings) {
            moving.move(s);
        }
        for (Slices slices : reads) {
            long bytes = rowBytes(slices.step(), extents);
            for (int rank = 0; rank < active; rank++) {
                copy(slices.sequence(), place(rank, s) * bytes, slices.step().segment(), rank * bytes, bytes);
            }
        }
        program.run(extents.batch(active), lent);
        for (Slices slices : writes) {
            long bytes = rowBytes(slices.step(), extents);
            for (int rank = 0; rank < active; rank++) {
                copy(slices.step(), rank * bytes, slices.sequence().segment(), place(rank, s) * bytes, bytes);
            }
        }
    }

    /// The row of a sequence's memory that the walk's step s of a sequence is.
    private long place(int rank, int s) {
        long first = (long) order.sequence(rank) * order.steps();
        return switch (direction) {
            case FORWARD -> first + s;
            case REVERSE -> first + order.length(rank) - 1 - s;
        };
    }

    /// Gives sequences the states that they begin with, where step s finds them.
    private void join(int s, int from, int to, Extents extents) {
        for (Carried state : states) {
            MemorySegment slice = state.slice(s);
            long bytes = rowBytes(state.from().buffer(), extents);
            for (int rank = from; rank < to; rank++) {
                if (state.given().isPresent()) {
                    copy(state.given().get(), order.sequence(rank) * bytes, slice, rank * bytes, bytes);
                } else {
                    MemorySegment.copy(zeros, 0, slice, rank * bytes, bytes);
                }
            }
        }
    }

    /// Gives what the steps have left, and zeros for padded steps.
    private void finish(Extents extents) {
        for (Carried state : states) {
            if (state.made().isPresent()) {
                Buffer made = state.made().get();
                long bytes = rowBytes(made, extents);
                for (int rank = 0; rank < order.batch(); rank++) {
                    MemorySegment slice = state.slice(way == Way.FORTH ? order.length(rank) : -1);
                    MemorySegment.copy(slice, rank * bytes, made.segment(), order.sequence(rank) * bytes, bytes);
                }
            }
        }
        for (Carried sum : sums) {
            if (sum.made().isPresent()) {
                Buffer made = sum.made().get();
                MemorySegment.copy(sum.slice(-1), 0, made.segment(), 0, made.bytes(extents));
            }
        }
        for (Slices slices : writes) {
            long bytes = rowBytes(slices.step(), extents);
            MemorySegment to = slices.sequence().segment();
            for (int rank = 0; rank < order.batch(); rank++) {
                long first = (long) order.sequence(rank) * order.steps();
                for (int t = order.length(rank); t < order.steps(); t++) {
                    MemorySegment.copy(zeros, 0, to, (first + t) * bytes, bytes);
                }
            }
        }
    }

    private static void copy(Buffer from, long fromByte, MemorySegment to, long toByte, long bytes) {
        MemorySegment.copy(from.segment(), fromByte, to, toByte, bytes);
    }

    /// The bytes of a row, all but the first extent, of a value of the step.
    static long rowBytes(Buffer step, Extents extents) {
        return step.shape().product(1, step.shape().rank(), extents) * step.type().bytes();
    }
}
