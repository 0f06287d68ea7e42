package dev.rondo.inference;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// A plan that works on its callers' memory: native memory as it is, heap memory and mapped files by a copy. Used by one thread at a
/// time. After a call of a size, further ones of that size or less allocate nothing.
final class CallPlan implements AutoCloseable {
    /// How many arenas of callers are used as they are; what lies in others is copied, since a plan takes memory of few.
    private static final int MAX_CALLERS = Plan.MAX_LENDERS - 1;

    private final Value x;
    private final Value y;
    private final Optional<Value> lengths;
    private final Value[] inputs;
    private final Value[] outputs;
    private final Value[] values; // inputs and outputs
    private final MemorySegment[] segments; // and their memory in a call
    private final Optional<Value>[] lengthsByTime;
    private final MemorySegment[] callers = new MemorySegment[MAX_CALLERS];
    private int callerCount;
    private final Plan plan;
    private final Staging xStaging = new Staging();
    private final Staging yStaging = new Staging();
    private final Area area;
    /// The size of the last call, and the bytes that it takes.
    private Extents sized = Extents.of(1, 1);
    private long xBytes;
    private long yBytes;

    CallPlan(Scope scope, Parameters parameters, Engine engine, Extents extents) {
        x = scope.x();
        lengths = Optional.ofNullable(scope.lengths().get(Shape.TIME));
        inputs = scope.inputs().values().toArray(new Value[0]);
        outputs = results(scope);
        y = outputs[0];
        lengthsByTime = lengthsByTime(scope, extents.times());
        values = Arrays.copyOf(inputs, inputs.length + outputs.length);
        System.arraycopy(outputs, 0, values, inputs.length, outputs.length);
        segments = new MemorySegment[values.length];
        area = new Area(values);
        Graph graph = scope.graph().build();
        plan = Plan.inference(graph, parameters, engine, extents);
    }

    /// What the model gives, each in memory that is free to be the callers'. Where it is a state, which stays in the plan
    /// for the next call, an input, or another output too, it is a copy.
    private static Value[] results(Scope scope) {
        Graph graph = scope.graph().build();
        Set<Value> taken = new HashSet<>(graph.carried().values());
        taken.addAll(graph.inputs());
        List<Value> results = new ArrayList<>();
        for (Map.Entry<String, Value> output : scope.outputs().entrySet()) {
            String name = output.getKey();
            Value given = output.getValue();
            // No layer's name has a slash.
            Value result = taken.add(given) ? given : scope.graph().unary("output/" + name, Op.UnaryKind.IDENTITY, given);
            scope.graph().output(name, result);
            results.add(result);
        }
        return results.toArray(new Value[0]);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Optional<Value>[] lengthsByTime(Scope scope, int times) {
        Optional<Value>[] lengths = new Optional[times];
        for (int k = 0; k < times; k++) {
            lengths[k] = Optional.ofNullable(scope.lengths().get(Shape.time(k)));
        }
        return lengths;
    }

    /// Runs the model once, for inputs and outputs by name.
    ///
    /// @throws IllegalArgumentException if an output overlaps other memory
    void run(InferenceRequest request) {
        Extents extents = request.extents();
        if (!plan.capacity().holds(extents)) {
            plan.reserve(extents);
        }
        area.reserve(plan.capacity());
        callerCount = 0;
        for (int i = 0; i < inputs.length; i++) {
            MemorySegment memory = request.input(i);
            if (!isTaken(memory)) {
                MemorySegment.copy(memory, 0, area.segment(i), 0, bytes(inputs[i], extents));
                memory = area.segment(i);
            }
            segments[i] = memory;
        }
        for (int i = 0; i < outputs.length; i++) {
            MemorySegment memory = request.output(i);
            int place = inputs.length + i;
            segments[place] = memory != MemorySegment.NULL && isTaken(memory) ? memory : area.segment(place);
        }
        for (int k = 0; k < lengthsByTime.length; k++) {
            if (lengthsByTime[k].isPresent()) {
                lengths(plan.memory(lengthsByTime[k].get()), request.lengths(k), extents.batch(), extents.time(k));
            }
        }
        plan.run(extents, values, segments);
        for (int i = 0; i < outputs.length; i++) {
            MemorySegment memory = request.output(i);
            MemorySegment result = segments[inputs.length + i];
            if (memory != MemorySegment.NULL && result != memory) {
                MemorySegment.copy(result, 0, memory, 0, bytes(outputs[i], extents));
            }
        }
    }

    private static void lengths(MemorySegment target, MemorySegment own, int batch, int time) {
        if (own != MemorySegment.NULL) {
            MemorySegment.copy(own, 0, target, 0, (long) batch * Integer.BYTES);
        } else {
            for (int b = 0; b < batch; b++) {
                target.setAtIndex(ValueLayout.JAVA_INT, b, time);
            }
        }
    }

    /// Whether kernels work on a caller's memory: where they may, and there are not too many arenas already.
    private boolean isTaken(MemorySegment memory) {
        if (!isUsable(memory)) {
            return false;
        }
        for (int i = 0; i < callerCount; i++) {
            if (callers[i].scope().equals(memory.scope())) {
                return true;
            }
        }
        if (callerCount == MAX_CALLERS) {
            return false;
        }
        callers[callerCount++] = memory;
        return true;
    }

    private static long bytes(Value value, Extents extents) {
        return value.shape().elements(extents) * value.type().bytes();
    }

    /// Runs the model once.
    ///
    /// @param ownLengths int32 `[B]`; of no meaning where the plan has no lengths
    /// @throws IllegalArgumentException if input and output are native memory and overlap
    void run(MemorySegment input, MemorySegment ownLengths, MemorySegment output, int batch, int time) {
        if (input == segments[0] && output == segments[1] && isSized(batch, time) && lengths.isEmpty()) {
            plan.run(sized, values, segments); // as the call before
            return;
        }
        size(batch, time);
        if (isUsable(input)
                && isUsable(output)
                && input.address() < output.address() + yBytes
                && output.address() < input.address() + xBytes) {
            throw new IllegalArgumentException("y: expected memory apart from x's");
        }
        segments[0] = xStaging.in(input, xBytes);
        if (lengths.isPresent()) {
            // A copy, which stays as it was checked whatever the call writes.
            MemorySegment.copy(
                    ownLengths, 0, plan.memory(lengths.get()), 0, bytes(lengths.get(), batch, time));
        }
        MemorySegment result = yStaging.of(output, yBytes);
        segments[1] = result;
        plan.run(sized, values, segments);
        if (result != output) {
            MemorySegment.copy(result, 0, output, 0, yBytes);
        }
    }

    /// Runs the model once for one sequence in Java arrays.
    ///
    /// @param input `int[]` or `float[]`, as the model's input is
    void run(Object input, float[] output, int time) {
        size(1, time);
        MemorySegment in = xStaging.memory(xBytes);
        MemorySegment out = yStaging.memory(yBytes);
        // These copies make no segment of the array, as MemorySegment.ofArray would for each call.
        MemorySegment.copy(input, 0, in, x.type().layout(), 0, (int) x.shape().elements(1, time));
        segments[0] = in;
        segments[1] = out;
        plan.run(sized, values, segments);
        MemorySegment.copy(out, y.type().layout(), 0, output, 0, output.length);
    }

    /// Has the plan hold a call of a size, and says what it takes; where it is that of the call before, all is as it was.
    private void size(int batch, int time) {
        if (isSized(batch, time)) {
            return;
        }
        Extents extents = Extents.of(batch, time);
        yBytes = 0; // should reserving fail
        if (!plan.capacity().holds(extents)) {
            plan.reserve(extents);
        }
        sized = extents;
        xBytes = bytes(x, batch, time);
        yBytes = bytes(y, plan.graph().complete(extents));
    }

    private boolean isSized(int batch, int time) {
        return batch == sized.batch() && time == sized.time() && yBytes > 0;
    }

    /// Zeros the states.
    void clearCarried() {
        plan.clearCarried();
    }

    /// Zeros the states of one row.
    void clearCarried(int row) {
        plan.clearCarried(row);
    }

    /// The states where they lie, by names such as `lstm/h`: the inputs that carry them have a 0 behind.
    SequencedMap<String, Tensor> carried() {
        SequencedMap<String, Tensor> states = new LinkedHashMap<>();
        for (Value state : plan.graph().carried().keySet()) {
            String name = state.name();
            states.put(
                    name.endsWith("0") ? name.substring(0, name.length() - 1) : name,
                    plan.tensor(state, plan.capacity().batch(), 1));
        }
        return states;
    }

    /// Takes over the states of another plan of the same model and batch.
    void copyCarried(CallPlan other) {
        SequencedMap<String, Tensor> from = other.carried();
        carried().forEach((name, state) -> state.copyFrom(from.getOrDefault(name, state)));
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
        area.close();
    }

    /// Memory of one arena that stands in for that of all inputs and outputs.
    private static final class Area implements AutoCloseable {
        private final Value[] values;
        private final MemorySegment[] segments;
        private Optional<Arena> arena = Optional.empty();
        private Extents capacity = Extents.of(1, 1);

        Area(Value[] values) {
            this.values = values;
            segments = new MemorySegment[values.length];
        }

        void reserve(Extents largest) {
            if (arena.isPresent() && capacity.equals(largest)) {
                return;
            }
            Arena larger = Arena.ofShared();
            try {
                for (int i = 0; i < values.length; i++) {
                    segments[i] = larger.allocate(bytes(values[i], largest), Tensor.ALIGNMENT);
                }
            } catch (RuntimeException | Error e) {
                larger.close();
                throw e;
            }
            close();
            capacity = largest;
            arena = Optional.of(larger);
        }

        MemorySegment segment(int place) {
            return segments[place];
        }

        @Override
        public void close() {
            if (arena.isPresent()) {
                arena.get().close();
                arena = Optional.empty();
            }
        }
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
                MemorySegment more;
                try {
                    more = larger.allocate(bytes, Tensor.ALIGNMENT);
                } catch (RuntimeException | Error e) {
                    larger.close();
                    throw e;
                }
                close();
                arena = Optional.of(larger);
                memory = more;
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
            if (arena.isPresent()) {
                arena.get().close();
                arena = Optional.empty();
            }
            memory = MemorySegment.NULL;
        }
    }
}
