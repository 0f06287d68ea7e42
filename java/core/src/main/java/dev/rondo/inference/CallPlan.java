package dev.rondo.inference;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A plan that works on its callers' memory: native memory as it is, heap memory and mapped files by a copy. Used by one thread at a
/// time. After a call of a size, further ones of that size or less allocate nothing.
final class CallPlan implements AutoCloseable {
    private final Value x;
    private final Value y;
    private final Optional<Value> lengths;
    private final Plan plan;
    private final Staging xStaging = new Staging();
    private final Staging yStaging = new Staging();

    CallPlan(Scope scope, Parameters parameters, Engine engine, Extents extents) {
        x = scope.x();
        y = result(scope);
        lengths = scope.lengths().values().stream().findFirst();
        Graph graph = scope.graph().output("y", y).build();
        plan = Plan.inference(graph, parameters, engine, extents);
    }

    /// What the model gives, in memory that is free to be the callers'. Where it is a state, which stays in the plan
    /// for the next call, or the input itself, it is a copy.
    private static Value result(Scope scope) {
        Value y = scope.y();
        Graph graph = scope.graph().build();
        return graph.carried().containsValue(y) || graph.inputs().contains(y)
                // No layer's name has a slash.
                ? scope.graph().unary("output/y", Op.UnaryKind.IDENTITY, y)
                : y;
    }

    /// Runs the model once.
    ///
    /// @param ownLengths int32 `[B]`; of no meaning where the plan has no lengths
    /// @throws IllegalArgumentException if input and output are native memory and overlap
    void run(MemorySegment input, MemorySegment ownLengths, MemorySegment output, int batch, int time) {
        reserve(batch, time);
        long xBytes = bytes(x, batch, time);
        long yBytes = bytes(y, batch, time);
        if (isUsable(input)
                && isUsable(output)
                && input.address() < output.address() + yBytes
                && output.address() < input.address() + xBytes) {
            throw new IllegalArgumentException("y: expected memory apart from x's");
        }
        plan.bind(x, xStaging.in(input, xBytes));
        if (lengths.isPresent()) {
            // A copy, which stays as it was checked whatever the call writes.
            MemorySegment.copy(
                    ownLengths, 0, plan.memory(lengths.get()), 0, bytes(lengths.get(), batch, time));
        }
        MemorySegment result = yStaging.of(output, yBytes);
        plan.bind(y, result);
        plan.run(batch, time);
        if (result != output) {
            MemorySegment.copy(result, 0, output, 0, yBytes);
        }
    }

    /// Runs the model once for one sequence in Java arrays.
    ///
    /// @param input `int[]` or `float[]`, as the model's input is
    void run(Object input, float[] output, int time) {
        reserve(1, time);
        MemorySegment in = xStaging.memory(bytes(x, 1, time));
        MemorySegment out = yStaging.memory(bytes(y, 1, time));
        // These copies make no segment of the array, as MemorySegment.ofArray would for each call.
        MemorySegment.copy(input, 0, in, x.type().layout(), 0, (int) x.shape().elements(1, time));
        plan.bind(x, in);
        plan.bind(y, out);
        plan.run(1, time);
        MemorySegment.copy(out, y.type().layout(), 0, output, 0, output.length);
    }

    private void reserve(int batch, int time) {
        if (!plan.capacity().holds(Extents.of(batch, time))) {
            plan.reserve(Extents.of(batch, time));
        }
    }

    /// Zeros the states.
    void clearCarried() {
        plan.clearCarried();
    }

    /// Has each row of the states take that of another; see [Plan#reorderCarried].
    void reorderCarried(int[] parents) {
        plan.reorderCarried(parents);
    }

    /// Whether kernels may work on memory. A mapped file is left to Java, whose accesses outlive its being cut short.
    private static boolean isUsable(MemorySegment callers) {
        return callers.isNative() && !callers.isMapped();
    }

    private static long bytes(Value value, int batch, int time) {
        return value.shape().elements(batch, time) * value.type().bytes();
    }

    @Override
    public void close() {
        plan.close();
        xStaging.close();
        yStaging.close();
    }

    /// Native memory that stands in for other memory.
    private static final class Staging implements AutoCloseable {
        private Optional<Arena> arena = Optional.empty();
        private MemorySegment memory = MemorySegment.NULL;

        /// The caller's memory if it is usable, else memory of as many bytes.
        MemorySegment of(MemorySegment callers, long bytes) {
            return isUsable(callers) ? callers : memory(bytes);
        }

        /// Memory of at least so many bytes.
        MemorySegment memory(long bytes) {
            if (memory.byteSize() < bytes) {
                Arena larger = Arena.ofShared();
                try {
                    memory = larger.allocate(bytes, Tensor.ALIGNMENT);
                } catch (RuntimeException | Error e) {
                    larger.close();
                    throw e;
                }
                arena.ifPresent(Arena::close);
                arena = Optional.of(larger);
            }
            return memory;
        }

        /// As [#of], with the caller's numbers in it.
        MemorySegment in(MemorySegment callers, long bytes) {
            MemorySegment segment = of(callers, bytes);
            if (segment != callers) {
                MemorySegment.copy(callers, 0, segment, 0, bytes);
            }
            return segment;
        }

        @Override
        public void close() {
            arena.ifPresent(Arena::close);
            arena = Optional.empty();
            memory = MemorySegment.NULL;
        }
    }
}
