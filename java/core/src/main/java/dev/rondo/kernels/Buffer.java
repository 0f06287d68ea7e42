package dev.rondo.kernels;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Where a value lies while a program runs. The memory may change between runs; for a value that fills less than the
/// largest shape, the numbers lie dense at its beginning.
public final class Buffer {
    /// What a program may assume of a buffer.
    public enum Role {
        /// Memory of the plan.
        OWN,
        /// A parameter: it changes only when the version of the [WeightPacks] does.
        PARAMETER,
        /// Opaque bytes, held by the program itself.
        SAVED
    }

    /// Where a program keeps the address of a buffer's memory: in a call struct.
    public interface Place {
        /// Takes the address.
        void put(MemorySegment memory);
    }

    private final String name;
    private final DataType type;
    private final Shape shape;
    private final Role role;
    private MemorySegment segment;
    private Place[] places = {};

    /// A buffer for a value of a type and shape.
    public Buffer(String name, DataType type, Shape shape, Role role, MemorySegment segment) {
        this.name = name;
        this.type = type;
        this.shape = shape;
        this.role = role;
        this.segment = segment;
    }

    /// The value's name, for messages.
    public String name() {
        return name;
    }

    /// The type of the elements as they lie in memory.
    public DataType type() {
        return type;
    }

    /// The shape, with symbols.
    public Shape shape() {
        return shape;
    }

    /// What the buffer holds.
    public Role role() {
        return role;
    }

    /// The memory of the next run.
    public MemorySegment segment() {
        return segment;
    }

    /// Changes the memory, also in all places that keep its address.
    public void segment(MemorySegment memory) {
        segment = memory;
        for (Place place : places) {
            place.put(memory);
        }
    }

    /// Has a place keep the address of the memory, now and when it changes.
    public void keepAt(Place place) {
        places = Arrays.copyOf(places, places.length + 1);
        places[places.length - 1] = place;
        place.put(segment);
    }

    /// The number of bytes at the given extents.
    public long bytes(Extents extents) {
        return shape.elements(extents) * type.bytes();
    }

    @Override
    public String toString() {
        return name + " " + type + " " + shape;
    }
}
