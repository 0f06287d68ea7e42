package dev.rondo.plan;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.kernels.CallGate;
import dev.rondo.kernels.WeightPacks;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The parameters of a graph in one contiguous piece of native memory: each begins at a multiple of 64 bytes, and what
/// lies between is zero. Those that are trained lie in front of the frozen ones. Gradients and optimizer states have the
/// layout of the trained ones, so that an update is one call over all of these.
///
/// Any number of plans on any threads may read the same parameters. Whoever writes to them calls [#changed]
/// afterwards; no plan may run meanwhile. Closing waits for runs in flight; plans over closed parameters are refused.
public final class Parameters implements AutoCloseable {
    private final DataType type;
    private final long elements;
    private final long trainedElements;
    private final CountingArena arena;
    private final MemorySegment segment;
    private final WeightPacks packs;
    private final CallGate gate = new CallGate("Parameters");
    private final SequencedMap<String, Slot> slots;
    private final SequencedMap<String, Tensor> tensors;

    /// Where a parameter lies.
    ///
    /// @param offset in elements from the beginning
    /// @param shape without symbols
    public record Slot(long offset, Shape shape) {}

    private Parameters(SequencedMap<String, Slot> slots, long trainedElements, long elements, DataType type) {
        this.slots = Collections.unmodifiableSequencedMap(slots);
        this.elements = elements;
        this.trainedElements = trainedElements;
        this.type = type;
        arena = new CountingArena();
        segment = arena.allocate(elements * type.bytes(), Tensor.ALIGNMENT);
        packs = new WeightPacks(arena);
        tensors = views(segment, elements);
    }

    /// Zeros for the parameters of a graph, in float32.
    public static Parameters of(Graph graph) {
        return of(graph, DataType.FLOAT32);
    }

    /// Zeros for the parameters of a graph, in FLOAT32 or FLOAT64.
    public static Parameters of(Graph graph, DataType type) {
        if (!type.isFloat()) {
            throw new IllegalArgumentException("type: expected FLOAT32 or FLOAT64, got " + type);
        }
        SequencedMap<String, Slot> slots = new LinkedHashMap<>();
        long trained = place(slots, 0, graph.trained(), type);
        List<Value> frozen = new ArrayList<>();
        for (Value parameter : graph.parameters()) {
            if (graph.isFrozen(parameter)) {
                frozen.add(parameter);
            }
        }
        long all = place(slots, trained, frozen, type);
        return new Parameters(slots, trained, all, type);
    }

    /// Gives parameters their places behind others.
    ///
    /// @return the elements of all together
    private static long place(SequencedMap<String, Slot> slots, long begin, List<Value> parameters, DataType type) {
        int step = Tensor.ALIGNMENT / type.bytes();
        long elements = begin;
        for (Value parameter : parameters) {
            slots.put(parameter.name(), new Slot(elements, parameter.shape()));
            elements += Math.ceilDiv(parameter.shape().elements(), (long) step) * step;
        }
        return elements;
    }

    /// FLOAT32 or FLOAT64.
    public DataType type() {
        return type;
    }

    /// The number of elements of the whole, what lies between parameters included.
    public long elements() {
        return elements;
    }

    /// The number of elements of that part in front whose parameters are trained, what lies between included.
    public long trainedElements() {
        return trainedElements;
    }

    /// The number of elements of the parameters alone.
    public long count() {
        return slots.values().stream().mapToLong(slot -> slot.shape().elements()).sum();
    }

    /// The number of elements of the trained parameters alone.
    public long trainedCount() {
        return slots.values().stream().filter(this::isTrained).mapToLong(slot -> slot.shape().elements()).sum();
    }

    /// Whether the parameter of a slot is trained, or else frozen.
    public boolean isTrained(Slot slot) {
        return slot.offset() + slot.shape().elements() <= trainedElements;
    }

    /// The native memory of the parameters and of what kernels have packed of them so far, in bytes.
    public long bytes() {
        return arena.bytes();
    }

    /// The whole memory.
    public MemorySegment segment() {
        return segment;
    }

    /// Where each parameter lies, by name.
    public SequencedMap<String, Slot> slots() {
        return slots;
    }

    /// Where each parameter that is trained lies, by name.
    public SequencedMap<String, Slot> trainedSlots() {
        SequencedMap<String, Slot> trained = new LinkedHashMap<>();
        slots.forEach((name, slot) -> {
            if (isTrained(slot)) {
                trained.put(name, slot);
            }
        });
        return trained;
    }

    /// Views of the parameters by name.
    public SequencedMap<String, Tensor> tensors() {
        return tensors;
    }

    /// A view of a parameter.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("parameters: expected one of " + tensors.keySet() + ", got " + name);
        }
        return tensor;
    }

    /// Zeros of the layout of the trained parameters, for gradients or optimizer states.
    public MemorySegment allocateLike(Arena owner) {
        return owner.allocate(trainedElements * type.bytes(), Tensor.ALIGNMENT);
    }

    /// Views of memory of the layout of the trained parameters by their names.
    ///
    /// @throws IllegalArgumentException if its size is another
    public SequencedMap<String, Tensor> views(MemorySegment flat) {
        if (flat.byteSize() != trainedElements * type.bytes()) {
            throw new IllegalArgumentException(
                    "parameters: expected %d bytes, got %d".formatted(trainedElements * type.bytes(), flat.byteSize()));
        }
        return views(flat, trainedElements);
    }

    private SequencedMap<String, Tensor> views(MemorySegment flat, long end) {
        SequencedMap<String, Tensor> views = new LinkedHashMap<>();
        for (Map.Entry<String, Slot> entry : slots.entrySet()) {
            Slot slot = entry.getValue();
            if (slot.offset() + slot.shape().elements() <= end) {
                views.put(entry.getKey(), Tensor.wrap(slice(flat, slot), type, slot.shape()));
            }
        }
        return Collections.unmodifiableSequencedMap(views);
    }

    /// Overwrites all with the parameters of another set of the same names and shapes, and counts the change.
    ///
    /// @throws IllegalArgumentException if names, shapes or type differ
    public void copyFrom(Parameters source) {
        if (!source.slots.equals(slots) || source.trainedElements != trainedElements || source.type != type) {
            throw new IllegalArgumentException(
                    "parameters: expected " + type + " " + slots + ", got " + source.type + " " + source.slots);
        }
        segment.copyFrom(source.segment);
        changed();
    }

    /// How often the parameters have changed.
    public long version() {
        return packs.version();
    }

    /// Says that the parameters have been written to.
    public void changed() {
        packs.changed();
    }

    /// Waits for runs in flight and frees the memory; views of it cannot be used any more. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            arena.close();
        }
    }

    /// True once closing has begun.
    public boolean isClosed() {
        return gate.isClosed();
    }

    MemorySegment slice(MemorySegment flat, Slot slot) {
        return flat.asSlice(slot.offset() * type.bytes(), slot.shape().elements() * type.bytes());
    }

    CallGate gate() {
        return gate;
    }

    WeightPacks packs() {
        return packs;
    }
}
