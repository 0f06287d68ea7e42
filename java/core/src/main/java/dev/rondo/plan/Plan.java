package dev.rondo.plan;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Compilation.Purpose;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.Program;
import dev.rondo.kernels.SoleGate;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A graph made ready to run again and again: its nodes as a list of calls over one arena, for batches up to a
/// capacity. After the first run nothing is allocated, in Java or native code.
///
/// Write the inputs to their [#memory], call [#run], read the outputs from theirs. The numbers of a value lie dense and
/// row-major from the beginning of its memory, for the batch and time of the run, however large the capacity is.
/// Instead of copying, [#bind] has a value use other memory. A pair that the graph carries shares its memory, so
/// that the state goes from run to run by itself; zeros at first.
///
/// A plan serves one thread at a time: a second thread gets an [IllegalStateException], as does a call after [#close].
/// Closing waits for a run in flight. The parameters must be open; they are shared with other plans.
public final class Plan implements AutoCloseable {
    /// The most arenas that bound memory may come from.
    public static final int MAX_LENDERS = 4;

    private final Graph graph;
    private final SequencedMap<Value, Value> parameterGradients;
    private final Parameters parameters;
    private final Engine engine;
    private final Purpose purpose;
    private final List<Node> nodes;
    private final Counted[] counted;
    private final Set<Value> written;
    private final MemorySegment[] lent = new MemorySegment[MAX_LENDERS];
    private final SoleGate gate = new SoleGate("Plan");

    private Extents capacity;
    private Memory memory;
    private Extents given;
    private Extents completed;
    private Binding[] bindings = new Binding[0];
    /// The run for which bindings know their bytes; null after a first binding.
    private @Nullable Extents bytesOf;
    private boolean lendersChanged = true;
    /// The run that was found right; what is bound, and the memory, have not changed since. Null if they have.
    private @Nullable Extents checked;
    private int pairsCheckedOf;
    /// Rows of a state as they were before they were reordered.
    private MemorySegment staging = MemorySegment.NULL;

    /// What depends on the capacity.
    private record Memory(CountingArena arena, Map<Value, Buffer> buffers, MemorySegment gradients, Program program) {}

    /// Memory that a value is bound to.
    private static final class Binding {
        private final Value value;
        private final boolean output;
        private Buffer buffer;
        private MemorySegment segment;
        private long bytes; // that a run needs

        private Binding(Value value, boolean output, Buffer buffer, MemorySegment segment) {
            this.value = value;
            this.output = output;
            this.buffer = buffer;
            this.segment = segment;
        }
    }

    private Plan(Graph graph, SequencedMap<Value, Value> parameterGradients, Parameters parameters, Engine engine,
            Purpose purpose, Extents capacity) {
        this.graph = graph;
        this.parameterGradients = parameterGradients;
        this.parameters = parameters;
        this.engine = engine;
        this.purpose = purpose;
        List<Counted> windows = new ArrayList<>();
        for (Map.Entry<Value, Graph.WindowLengths> lengths : graph.windowLengths().entrySet()) {
            windows.add(new Counted(lengths.getKey(), lengths.getValue()));
        }
        counted = windows.toArray(new Counted[0]);
        given = capacity;
        completed = graph.complete(capacity);
        this.capacity = completed;
        for (Value parameter : graph.parameters()) {
            Shape shape = parameters.tensor(parameter.name()).shape();
            if (!shape.equals(parameter.shape())) {
                throw new IllegalArgumentException(parameter.name() + ": expected " + parameter.shape() + ", got "
                        + shape);
            }
        }
        if (!engine.kernels().supports(parameters.type())) {
            throw new IllegalArgumentException(
                    "parameters: expected FLOAT32 for " + engine.description().kernels() + " kernels, got "
                            + parameters.type());
        }
        nodes = liveNodes();
        written = new HashSet<>();
        for (Node node : nodes) {
            written.addAll(node.outputs().values());
        }
        // A new state may be copied to where the old one was read.
        written.addAll(graph.carried().keySet());
        memory = allocate(completed);
    }

    /// As [Graph#complete], without an allocation where they are those of the last time.
    private Extents completed(Extents extents) {
        if (!extents.equals(given)) {
            completed = graph.complete(extents);
            given = extents;
        }
        return completed;
    }

    /// How many windows each sequence has, and what they are counted of. Runs go over an array of these: a list's iterator
    /// takes heap where the compiler does not see through it.
    private record Counted(Value counts, Graph.WindowLengths of) {}

    /// Counts the windows of each sequence.
    ///
    /// @throws IllegalArgumentException if there are fewer steps than one window takes
    private void countWindows(Extents extents) {
        graph.checkSteps(extents);
        for (Counted windows : counted) {
            MemorySegment counts = buffer(windows.counts()).segment();
            MemorySegment lengths = buffer(windows.of().lengths()).segment();
            for (int b = 0; b < extents.batch(); b++) {
                int steps = lengths.getAtIndex(ValueLayout.JAVA_INT, b);
                counts.setAtIndex(ValueLayout.JAVA_INT, b, windows.of().count(steps));
            }
        }
    }

    /// A plan that computes the graph's outputs. Dropout lets everything pass. Packed parameters are shared with other
    /// plans of the same parameters, and results do not depend on batch, threads or providers.
    ///
    /// @throws IllegalArgumentException if the parameters are not those of the graph or of a type that the engine lacks
    public static Plan inference(Graph graph, Parameters parameters, Engine engine, Extents capacity) {
        return new Plan(graph, new LinkedHashMap<>(), parameters, engine, Purpose.INFERENCE, capacity);
    }

    /// A plan that computes the graph's outputs and the gradients.
    ///
    /// @throws IllegalArgumentException if the parameters are not those of the graph or of a type that the engine lacks
    public static Plan training(Gradients gradients, Parameters parameters, Engine engine, Extents capacity) {
        return new Plan(
                gradients.graph(), gradients.byValue(), parameters, engine, Purpose.TRAINING, capacity);
    }

    /// A plan of a graph without symbols and parameters of its own, an update of the parameters for instance.
    static Plan of(Graph graph, Parameters parameters, Engine engine) {
        return new Plan(graph, new LinkedHashMap<>(), parameters, engine, Purpose.TRAINING, Extents.of(1, 1));
    }

    /// The graph that is run.
    public Graph graph() {
        return graph;
    }

    /// The largest batch and time that fit now.
    public Extents capacity() {
        return capacity;
    }

    /// The native memory that the plan has at its capacity, in bytes: of values and gradients, and what kernels keep or
    /// work in. Neither the parameters nor what is packed of them, see [Parameters#bytes], nor bound memory.
    public long bytes() {
        gate.enter();
        try {
            return memory.arena().bytes();
        } finally {
            gate.exit();
        }
    }

    /// The plan's own memory of an input, an output or a gradient, at its capacity. Valid until the plan is closed or
    /// grows.
    ///
    /// @throws IllegalArgumentException if the value is none of these or lies in bound memory
    public MemorySegment memory(Value value) {
        gate.enter();
        try {
            return ownBuffer(value).segment();
        } finally {
            gate.exit();
        }
    }

    /// True if a value has memory that holds it after a run: not one that nobody wants, nor opaque bytes.
    public boolean keeps(Value value) {
        gate.enter();
        try {
            return memory.buffers().containsKey(value) && value.type() != DataType.OPAQUE;
        } finally {
            gate.exit();
        }
    }

    /// A view of the plan's own memory of a value, for the given batch and time. Valid as [#memory] is.
    public Tensor tensor(Value value, int batch, int time) {
        return tensor(value, Extents.of(batch, time));
    }

    /// A view of the plan's own memory of a value, for the given extents. Valid as [#memory] is.
    public Tensor tensor(Value value, Extents extents) {
        gate.enter();
        try {
            Buffer buffer = ownBuffer(value);
            Shape shape = buffer.shape().resolve(completed(extents));
            return Tensor.wrap(
                    buffer.segment().asSlice(0, shape.elements() * buffer.type().bytes()), buffer.type(), shape);
        } finally {
            gate.exit();
        }
    }

    /// The gradients of all trained parameters, laid out as these are in [Parameters]; zero where none was wanted. Valid
    /// as [#memory] is.
    public MemorySegment gradients() {
        gate.enter();
        try {
            return memory.gradients();
        } finally {
            gate.exit();
        }
    }

    /// A scalar output as a double.
    ///
    /// @throws IllegalArgumentException if the value is no scalar of the plan
    public double scalar(Value value) {
        gate.enter();
        try {
            Buffer buffer = buffer(value);
            if (buffer.shape().rank() != 0) {
                throw new IllegalArgumentException(value.name() + ": expected a scalar, got " + buffer.shape());
            }
            MemorySegment segment = buffer.segment();
            return switch (buffer.type()) {
                case FLOAT32 -> segment.get(ValueLayout.JAVA_FLOAT, 0);
                case FLOAT64 -> segment.get(ValueLayout.JAVA_DOUBLE, 0);
                case INT32 -> segment.get(ValueLayout.JAVA_INT, 0);
                case INT64 -> segment.get(ValueLayout.JAVA_LONG, 0);
                case BOOL, OPAQUE -> segment.get(ValueLayout.JAVA_BYTE, 0);
            };
        } finally {
            gate.exit();
        }
    }

    /// Has an input or output use the given native memory in the runs to come, without a copy. Its numbers lie there as
    /// they would in the plan's own. The segment is the caller's, who keeps its arena open; a run over closed memory,
    /// or from a thread that may not touch it, throws what access to it throws. Bound memory may come from at most
    /// [#MAX_LENDERS] arenas. Binding the segment of the last time again costs nothing.
    ///
    /// For a carried pair bind both values, to the same or to different memory; a run with one of them bound is an
    /// [IllegalStateException].
    ///
    /// @throws IllegalArgumentException if the value is neither input nor output, or the memory is on the heap,
    ///     misaligned or, for an output, read-only
    public void bind(Value value, MemorySegment segment) {
        gate.enter();
        try {
            bindNow(value, segment);
        } finally {
            gate.exit();
        }
    }

    private void bindNow(Value value, MemorySegment segment) {
        int index = bindingOf(value);
        if (index < 0 || bindings[index].segment != segment) {
            rebind(value, index, segment);
        }
    }

    /// Grows the plan, if need be, so that a run of the given extents fits. Memory taken before is invalid afterwards;
    /// what is written to inputs is lost, carried states are kept. Bound memory stays bound.
    public void reserve(Extents extents) {
        gate.enter();
        try {
            Extents all = completed(extents);
            if (capacity.holds(all)) {
                return;
            }
            Memory old = memory;
            memory = allocate(capacity.max(all));
            capacity = capacity.max(all);
            for (Value carried : graph.carried().keySet()) {
                if (!isBound(carried)) {
                    MemorySegment from = buffer(old, carried).segment();
                    MemorySegment.copy(from, 0, buffer(carried).segment(), 0, from.byteSize());
                }
            }
            lendersChanged = true;
            checked = null;
            old.arena().close();
        } finally {
            gate.exit();
        }
    }

    /// Zeros the carried states that lie in the plan's own memory.
    public void clearCarried() {
        gate.enter();
        try {
            for (Value carried : graph.carried().keySet()) {
                if (!isBound(carried)) {
                    buffer(carried).segment().fill((byte) 0);
                }
            }
        } finally {
            gate.exit();
        }
    }

    /// Has the frozen parameters that the graph renews take what the last run made for them. Whoever calls it says so by
    /// [Parameters#changed], as an [Update] does.
    public void renew() {
        gate.enter();
        try {
            parameters.gate().enter();
            try {
                graph.renewed().forEach((parameter, value) -> {
                    MemorySegment to = parameters.tensor(parameter.name()).segment();
                    MemorySegment.copy(buffer(value).segment(), 0, to, 0, to.byteSize());
                });
            } finally {
                parameters.gate().exit();
            }
        } finally {
            gate.exit();
        }
    }

    /// Zeros a row of the carried states that lie in the plan's own memory. Scalars, which are all rows', stay.
    ///
    /// @throws IllegalArgumentException if the capacity has no such row, or a state is not by batch
    public void clearCarried(int row) {
        gate.enter();
        try {
            if (row < 0 || row >= capacity.batch()) {
                throw new IllegalArgumentException("row: expected one of " + capacity + ", got " + row);
            }
            for (Value carried : graph.carried().keySet()) {
                if (carried.shape().rank() > 0 && !isBound(carried)) {
                    long bytes = rowBytes(carried);
                    buffer(carried).segment().asSlice(row * bytes, bytes).fill((byte) 0);
                }
            }
        } finally {
            gate.exit();
        }
    }

    /// Has each row of the carried states, whose first extent is the batch, take that of another row as it was. Of states
    /// that lie in the plan's own memory; rows that stay where they are are not moved.
    ///
    /// @param parents for each of the first rows the one whose state it takes
    /// @throws IllegalArgumentException if there are more rows than the capacity has, one takes that of none, or a state
    ///     is not by batch
    public void reorderCarried(int[] parents) {
        gate.enter();
        try {
            for (int parent : parents) {
                if (parents.length > capacity.batch() || parent < 0 || parent >= capacity.batch()) {
                    throw new IllegalArgumentException(
                            "parents: expected rows of " + capacity + ", got " + Arrays.toString(parents));
                }
            }
            for (Value carried : graph.carried().keySet()) {
                // A scalar is all rows'.
                if (carried.shape().rank() > 0) {
                    long bytes = rowBytes(carried);
                    if (!isBound(carried)) {
                        reorder(buffer(carried).segment(), bytes, parents);
                    }
                }
            }
        } finally {
            gate.exit();
        }
    }

    private long rowBytes(Value carried) {
        Shape shape = carried.shape();
        if (shape.dim(0) != Shape.BATCH || shape.slice(1, shape.rank()).isSymbolic()) {
            throw new IllegalArgumentException(carried.name() + ": expected a state [B,...], got " + shape);
        }
        return shape.slice(1, shape.rank()).elements() * widened(carried.type()).bytes();
    }

    private void reorder(MemorySegment rows, long rowBytes, int[] parents) {
        if (staging.byteSize() < parents.length * rowBytes) {
            staging = MemorySegment.ofArray(new byte[Math.toIntExact(capacity.batch() * rowBytes)]);
        }
        for (int row = 0; row < parents.length; row++) {
            if (parents[row] != row) {
                MemorySegment.copy(rows, parents[row] * rowBytes, staging, row * rowBytes, rowBytes);
            }
        }
        for (int row = 0; row < parents.length; row++) {
            if (parents[row] != row) {
                MemorySegment.copy(staging, row * rowBytes, rows, row * rowBytes, rowBytes);
            }
        }
    }

    /// Runs the graph once, for a batch and one kind of time steps.
    ///
    /// @throws IllegalArgumentException as [#run(Extents)]
    /// @throws IllegalStateException as [#run(Extents)]
    /// @throws WrongThreadException as [#run(Extents)]
    public void run(int batch, int time) {
        run(Extents.of(batch, time));
    }

    /// Runs the graph once.
    ///
    /// @throws IllegalArgumentException if the extents exceed the capacity or are too few steps for a window, bound
    ///     memory is too small, what is bound to an output overlaps what is bound to another value (but for a carried
    ///     pair in one place), or an id, label or length is out of range; outputs are then unspecified
    /// @throws IllegalStateException if the plan, its parameters or bound memory are closed, one value of a carried pair
    ///     is bound and the other is not, or another thread uses the plan
    /// @throws WrongThreadException if bound memory is confined to another thread
    public void run(Extents extents) {
        gate.enter();
        try {
            runNow(extents);
        } finally {
            gate.exit();
        }
    }

    /// Runs the graph once on memory that it is given: [#bind] of each value and [#run(Extents)] in one, which small
    /// models feel.
    ///
    /// @param values inputs and outputs
    /// @param segments the memory of each
    /// @throws IllegalArgumentException as [#bind] and [#run(Extents)], or if there are not as many segments as values
    /// @throws IllegalStateException as [#run(Extents)]
    /// @throws WrongThreadException as [#run(Extents)]
    public void run(Extents extents, Value[] values, MemorySegment[] segments) {
        if (values.length != segments.length) {
            throw new IllegalArgumentException(
                    "segments: expected one for each of %d values, got %d".formatted(values.length, segments.length));
        }
        gate.enter();
        try {
            for (int i = 0; i < values.length; i++) {
                bindNow(values[i], segments[i]);
            }
            runNow(extents);
        } finally {
            gate.exit();
        }
    }

    private void runNow(Extents extents) {
        parameters.gate().enter();
        try {
            Extents all = completed(extents);
            if (all != checked) {
                checked = null;
                check(all);
                checked = all;
            }
            countWindows(all);
            memory.program().run(all, lent);
        } finally {
            parameters.gate().exit();
        }
    }

    /// Waits for a run in flight and frees the memory. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            memory.arena().close();
        }
    }

    private Buffer ownBuffer(Value value) {
        if (isBound(value)) {
            throw new IllegalArgumentException(value.name() + ": expected memory of the plan, but it is bound");
        }
        return buffer(value);
    }

    private Buffer buffer(Value value) {
        return buffer(memory, value);
    }

    private static Buffer buffer(Memory memory, Value value) {
        Buffer buffer = memory.buffers().get(value);
        if (buffer == null) {
            throw new IllegalArgumentException(value.name() + ": expected an input, output or gradient of the plan");
        }
        return buffer;
    }

    private void check(Extents extents) {
        if (!capacity.holds(extents)) {
            throw new IllegalArgumentException(
                    "run: expected at most " + capacity + ", got " + extents);
        }
        if (lendersChanged) {
            if (bindings.length != pairsCheckedOf) {
                checkCarried();
                pairsCheckedOf = bindings.length;
            }
            collectLenders();
        }
        if (!extents.equals(bytesOf)) {
            for (Binding binding : bindings) {
                binding.bytes = binding.buffer.bytes(extents);
            }
            bytesOf = extents;
        }
        for (Binding binding : bindings) {
            Buffer buffer = binding.buffer;
            if (buffer.segment().byteSize() < binding.bytes) {
                throw new IllegalArgumentException(
                        "%s: expected at least %d bytes for %s %s, got %d"
                                .formatted(buffer.name(), buffer.bytes(extents), buffer.type(),
                                        buffer.shape().resolve(extents), buffer.segment().byteSize()));
            }
        }
        checkApart();
    }

    /// No output may lie where other bound memory does: a node would read, or have checked, what another one overwrites.
    private void checkApart() {
        for (int i = 1; i < bindings.length; i++) {
            for (int j = 0; j < i; j++) {
                Binding one = bindings[i];
                Binding other = bindings[j];
                if ((one.output || other.output)
                        && one.segment.address() < other.segment.address() + other.bytes
                        && other.segment.address() < one.segment.address() + one.bytes
                        && !isPairInPlace(one, other)) {
                    Binding output = one.output ? one : other;
                    throw new IllegalArgumentException("%s: expected memory apart from that of %s"
                            .formatted(output.value.name(), (output == one ? other : one).value.name()));
                }
            }
        }
    }

    private boolean isPairInPlace(Binding one, Binding other) {
        return one.segment.address() == other.segment.address()
                && (one.value.equals(graph.carried().get(other.value))
                        || other.value.equals(graph.carried().get(one.value)));
    }

    /// Finds one segment for each arena that memory is bound from.
    private void collectLenders() {
        Arrays.fill(lent, MemorySegment.NULL);
        int count = 0;
        for (Binding binding : bindings) {
            boolean known = false;
            for (int i = 0; i < count; i++) {
                known |= lent[i].scope().equals(binding.segment.scope());
            }
            if (!known) {
                if (count == MAX_LENDERS) {
                    throw new IllegalArgumentException(
                            binding.value.name() + ": expected bound memory of at most " + MAX_LENDERS
                                    + " arenas, got more");
                }
                lent[count++] = binding.segment;
            }
        }
        lendersChanged = false;
    }

    private void checkCarried() {
        for (Map.Entry<Value, Value> pair : graph.carried().entrySet()) {
            Value input = pair.getKey();
            Value output = pair.getValue();
            if (isBound(input) != isBound(output)) {
                Value missing = isBound(input) ? output : input;
                throw new IllegalStateException(
                        missing.name() + ": expected both values of a carried pair to be bound, or neither");
            }
        }
    }

    private boolean isBound(Value value) {
        return bindingOf(value) >= 0;
    }

    private int bindingOf(Value value) {
        for (int i = 0; i < bindings.length; i++) {
            if (bindings[i].value.equals(value)) {
                return i;
            }
        }
        return -1;
    }

    private void rebind(Value value, int index, MemorySegment segment) {
        Binding binding = index < 0 ? firstBinding(value, segment) : bindings[index];
        if (!segment.isNative()) {
            throw new IllegalArgumentException(value.name() + ": expected native memory, got memory on the heap");
        }
        int alignment = binding.buffer.type().bytes(); // a power of two
        if ((segment.address() & (alignment - 1)) != 0) {
            throw new IllegalArgumentException(value.name() + ": expected memory aligned to " + alignment + " bytes");
        }
        if (segment.isReadOnly() && written.contains(value)) {
            throw new IllegalArgumentException(value.name() + ": expected writable memory, got read-only memory");
        }
        if (index < 0) {
            bindings = Arrays.copyOf(bindings, bindings.length + 1);
            bindings[bindings.length - 1] = binding;
            bytesOf = null;
        }
        // One segment of an arena keeps it open as well as another.
        lendersChanged |= index < 0 || segment.scope() != binding.segment.scope();
        checked = null;
        binding.segment = segment;
        binding.buffer.segment(segment);
    }

    private Binding firstBinding(Value value, MemorySegment segment) {
        Buffer buffer = buffer(value);
        boolean output = graph.outputs().containsValue(value) || graph.carried().containsValue(value);
        if (!output && !graph.inputs().contains(value)) {
            throw new IllegalArgumentException(value.name() + ": expected an input or output of the graph");
        }
        return new Binding(value, output, buffer, segment);
    }

    /// The nodes that an output, a carried state or a gradient depends on, and those that change their inputs.
    private List<Node> liveNodes() {
        Set<Value> wanted = new HashSet<>(graph.outputs().values());
        wanted.addAll(graph.carried().values());
        wanted.addAll(parameterGradients.values());
        wanted.addAll(graph.renewed().values());
        List<Node> live = new ArrayList<>();
        for (Node node : graph.nodes().reversed()) {
            if (node.outputs().isEmpty() || !Collections.disjoint(node.outputs().values(), wanted)) {
                live.add(node);
                wanted.addAll(node.inputs().values());
            }
        }
        return live.reversed();
    }

    // ------------------------------------------------------------------------------------------------------- lowering

    private Memory allocate(Extents largest) {
        parameters.gate().enter();
        CountingArena arena = new CountingArena();
        try {
            Lowering lowering = new Lowering(arena, largest);
            lowering.place();
            for (Binding binding : bindings) {
                lowering.find(binding.value).segment(binding.segment);
            }
            Program program =
                    engine.kernels().compile(
                            new Compilation(lowering.instructions(), parameters.type(), purpose, largest,
                                    parameters.packs(), arena));
            for (Binding binding : bindings) {
                binding.buffer = lowering.find(binding.value);
            }
            return new Memory(arena, lowering.buffers, lowering.gradients, program);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        } finally {
            parameters.gate().exit();
        }
    }

    /// Gives every value a buffer, and every node an instruction.
    private final class Lowering {
        final Arena arena;
        final Extents largest;
        final Map<Value, Buffer> buffers = new HashMap<>();
        final MemorySegment gradients;
        private final List<Instruction> copies = new ArrayList<>();

        Lowering(Arena arena, Extents largest) {
            this.arena = arena;
            this.largest = largest;
            gradients = parameterGradients.isEmpty() ? MemorySegment.NULL : parameters.allocateLike(arena);
        }

        void place() {
            for (Value parameter : graph.parameters()) {
                buffers.put(parameter, buffer(parameter, Buffer.Role.PARAMETER,
                        parameters.tensor(parameter.name()).segment()));
            }
            for (Value input : graph.inputs()) {
                buffers.put(input, own(input));
            }
            for (Map.Entry<Value, Value> entry : parameterGradients.entrySet()) {
                Parameters.Slot slot = parameters.slots().get(entry.getKey().name());
                Value gradient = entry.getValue();
                if (slot != null && parameters.isTrained(slot)) {
                    buffers.put(gradient, buffer(gradient, Buffer.Role.OWN, parameters.slice(gradients, slot)));
                }
            }
            for (Map.Entry<Value, Value> pair : graph.carried().entrySet()) {
                placeCarried(pair.getKey(), pair.getValue());
            }
            Set<Value> used = new HashSet<>(graph.outputs().values());
            used.addAll(parameterGradients.values());
            used.addAll(graph.renewed().values());
            for (Node node : nodes) {
                used.addAll(node.inputs().values());
            }
            for (Node node : nodes) {
                placeOutputs(node, used);
            }
        }

        /// The two values of a carried pair share their memory where only the node that makes the new state reads the
        /// old one, which recurrent operations allow; otherwise the new state is copied at the end of the run.
        private void placeCarried(Value input, Value output) {
            boolean alone =
                    nodes.stream().filter(node -> node.inputs().containsValue(input)).allMatch(
                            node -> isRecurrent(node.op()) && isState(node, input, output));
            boolean free = !buffers.containsKey(output) && !graph.outputs().containsValue(input);
            if (alone && free) {
                buffers.put(output, buffer(output, Buffer.Role.OWN, find(input).segment()));
            } else {
                buffers.computeIfAbsent(output, this::own);
                SequencedMap<String, Buffer> from = new LinkedHashMap<>();
                from.put("x", find(output));
                SequencedMap<String, Buffer> to = new LinkedHashMap<>();
                to.put("y", find(input));
                copies.add(new Instruction(input.name(), new Op.Unary(Op.UnaryKind.IDENTITY), from, to));
            }
        }

        /// Outputs that are used get memory. Where a node makes several scalars they all do, side by side.
        private void placeOutputs(Node node, Set<Value> used) {
            List<Value> scalars = new ArrayList<>();
            for (Value value : node.outputs().values()) {
                if (isScalar(value)) {
                    scalars.add(value);
                }
            }
            if (scalars.size() > 1) {
                int bytes = parameters.type().bytes();
                MemorySegment segment = arena.allocate((long) scalars.size() * bytes, Tensor.ALIGNMENT);
                for (int i = 0; i < scalars.size(); i++) {
                    Value value = scalars.get(i);
                    buffers.put(value, buffer(value, Buffer.Role.OWN, segment.asSlice((long) i * bytes, bytes)));
                }
            }
            for (Value value : node.outputs().values()) {
                if (used.contains(value) && !buffers.containsKey(value)) {
                    buffers.put(value, own(value));
                }
            }
            if (node.op() instanceof Op.Constant constant) {
                Buffer buffer = buffers.get(node.output("y"));
                if (buffer != null) {
                    Tensor.wrap(buffer.segment(), buffer.type(), buffer.shape()).set(0, constant.number());
                }
            }
        }

        List<Instruction> instructions() {
            List<Instruction> instructions = new ArrayList<>();
            for (Node node : nodes) {
                if (node.op() instanceof Op.Constant) {
                    continue;
                }
                SequencedMap<String, Buffer> inputs = new LinkedHashMap<>();
                for (Map.Entry<String, Value> input : node.inputs().entrySet()) {
                    inputs.put(input.getKey(), find(input.getValue()));
                }
                SequencedMap<String, Buffer> outputs = new LinkedHashMap<>();
                for (Map.Entry<String, Value> output : node.outputs().entrySet()) {
                    Buffer buffer = buffers.get(output.getValue());
                    if (buffer != null) {
                        outputs.put(output.getKey(), buffer);
                    }
                }
                Op op = node.op();
                if (op instanceof Op.Noise && purpose == Purpose.INFERENCE) {
                    op = new Op.Unary(Op.UnaryKind.IDENTITY);
                    inputs.remove("step");
                }
                instructions.add(new Instruction(node.name(), op, inputs, outputs));
            }
            instructions.addAll(copies);
            return instructions;
        }

        Buffer find(Value value) {
            Buffer buffer = buffers.get(value);
            if (buffer == null) {
                throw new IllegalStateException(value.name() + " has no place");
            }
            return buffer;
        }

        private Buffer own(Value value) {
            if (value.type() == DataType.OPAQUE) {
                return new Buffer(value.name(), value.type(), value.shape(), Buffer.Role.SAVED, MemorySegment.NULL);
            }
            long elements = value.shape().elements(largest);
            long bytes = Math.multiplyExact(elements, (long) widened(value.type()).bytes());
            return buffer(value, Buffer.Role.OWN, arena.allocate(bytes, Tensor.ALIGNMENT));
        }

        private Buffer buffer(Value value, Buffer.Role role, MemorySegment segment) {
            return new Buffer(value.name(), widened(value.type()), value.shape(), role, segment);
        }
    }

    private static boolean isRecurrent(Op op) {
        return op instanceof Op.Recurrent || op instanceof Op.Scan;
    }

    /// True if a value is nothing to a recurrent node but a state before its first step, and the other the same state
    /// after its last.
    private static boolean isState(Node node, Value before, Value after) {
        List<String> roles =
                node.inputs().entrySet().stream()
                        .filter(input -> input.getValue().equals(before))
                        .map(Map.Entry::getKey)
                        .toList();
        String role = roles.getFirst();
        String state = role.substring(0, role.length() - 1);
        return roles.size() == 1 && role.equals(state + "0") && after.equals(node.outputs().get(state + "N"));
    }

    private static boolean isScalar(Value value) {
        return value.shape().rank() == 0 && value.type() == DataType.FLOAT32;
    }

    private DataType widened(DataType type) {
        return type == DataType.FLOAT32 ? parameters.type() : type;
    }
}
