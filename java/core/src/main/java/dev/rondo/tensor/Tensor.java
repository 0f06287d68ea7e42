package dev.rondo.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A row-major, contiguous view of numbers in memory. A tensor owns nothing: it lives as long as the memory it views,
/// and whoever opened the arena of that memory closes it.
///
/// Tensors made of arrays view these arrays; kernels take a copy of them. Tensors made by [#allocate] or [#wrap] over
/// native memory go to the kernels as they are. Access is by flat index; a bad index is an
/// [IndexOutOfBoundsException], closed memory an [IllegalStateException]. Threads may share a tensor as far as its
/// memory allows.
public final class Tensor {
    /// The alignment in bytes of what [#allocate] gives.
    public static final int ALIGNMENT = 64;

    /// What every virtual machine has room for in an array.
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final DataType type;
    private final Shape shape;
    private final MemorySegment segment;

    private Tensor(DataType type, Shape shape, MemorySegment segment) {
        this.type = type;
        this.shape = shape;
        this.segment = segment;
    }

    /// A view of float32 values.
    ///
    /// @throws IllegalArgumentException if the extents do not multiply to the number of values
    public static Tensor of(float[] values, int... dims) {
        return wrap(MemorySegment.ofArray(values), DataType.FLOAT32, Shape.of(dims));
    }

    /// A view of float64 values.
    ///
    /// @throws IllegalArgumentException if the extents do not multiply to the number of values
    public static Tensor of(double[] values, int... dims) {
        return wrap(MemorySegment.ofArray(values), DataType.FLOAT64, Shape.of(dims));
    }

    /// A view of int32 values.
    ///
    /// @throws IllegalArgumentException if the extents do not multiply to the number of values
    public static Tensor of(int[] values, int... dims) {
        return wrap(MemorySegment.ofArray(values), DataType.INT32, Shape.of(dims));
    }

    /// A view of int64 values.
    ///
    /// @throws IllegalArgumentException if the extents do not multiply to the number of values
    public static Tensor of(long[] values, int... dims) {
        return wrap(MemorySegment.ofArray(values), DataType.INT64, Shape.of(dims));
    }

    /// Zeros in a new array.
    ///
    /// @throws IllegalArgumentException if there are more than an array holds, or an extent is negative
    /// @throws IllegalStateException if the shape has symbols
    public static Tensor zeros(DataType type, int... dims) {
        Shape shape = Shape.of(dims);
        if (bytes(type, shape) / Math.max(1, type.bytes()) > LARGEST_ARRAY) {
            throw new IllegalArgumentException(
                    "shape: expected at most %d elements in an array, got %s".formatted(LARGEST_ARRAY, shape));
        }
        int elements = (int) shape.elements();
        MemorySegment segment =
                switch (type) {
                    case FLOAT32 -> MemorySegment.ofArray(new float[elements]);
                    case FLOAT64 -> MemorySegment.ofArray(new double[elements]);
                    case INT32 -> MemorySegment.ofArray(new int[elements]);
                    case INT64 -> MemorySegment.ofArray(new long[elements]);
                    case BOOL -> MemorySegment.ofArray(new byte[elements]);
                    case OPAQUE -> throw new IllegalArgumentException("type: expected a type of numbers, got OPAQUE");
                };
        return wrap(segment, type, shape);
    }

    /// Zeros in native memory of the arena, aligned to [#ALIGNMENT] bytes.
    ///
    /// @throws IllegalArgumentException if there are more than 2^63-1 bytes
    /// @throws IllegalStateException if the shape has symbols
    public static Tensor allocate(Arena arena, DataType type, Shape shape) {
        return wrap(arena.allocate(bytes(type, shape), ALIGNMENT), type, shape);
    }

    /// A view of memory, heap or native, that holds exactly the shape's elements in native byte order.
    ///
    /// @throws IllegalArgumentException if the shape has symbols or its size is not the segment's
    public static Tensor wrap(MemorySegment segment, DataType type, Shape shape) {
        if (type == DataType.OPAQUE) {
            throw new IllegalArgumentException("type: expected a type of numbers, got OPAQUE");
        }
        if (shape.isSymbolic()) {
            throw new IllegalArgumentException("shape: expected numbers, got " + shape);
        }
        long bytes = bytes(type, shape);
        if (segment.byteSize() != bytes) {
            throw new IllegalArgumentException(
                    "segment: expected %d bytes for %s %s, got %d".formatted(bytes, type, shape, segment.byteSize()));
        }
        return new Tensor(type, shape, segment);
    }

    private static long bytes(DataType type, Shape shape) {
        try {
            return Math.multiplyExact(shape.elements(), (long) type.bytes());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "shape: expected at most 2^63-1 bytes of %s, got %s".formatted(type, shape), e);
        }
    }

    /// The type of the elements.
    public DataType type() {
        return type;
    }

    /// The extents; none is a symbol.
    public Shape shape() {
        return shape;
    }

    /// The memory viewed.
    public MemorySegment segment() {
        return segment;
    }

    /// The number of elements.
    public long elements() {
        return segment.byteSize() / type.bytes();
    }

    /// True if the memory is native, so that kernels use it without a copy.
    public boolean isNative() {
        return segment.isNative();
    }

    /// The element at a flat index as a double; a BOOL is 0 or 1.
    public double get(long index) {
        return switch (type) {
            case FLOAT32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
            case FLOAT64 -> segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, index * Double.BYTES);
            case INT32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES);
            case INT64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED, index * Long.BYTES);
            case BOOL, OPAQUE -> segment.get(ValueLayout.JAVA_BYTE, index);
        };
    }

    /// Sets the element at a flat index, converted to the tensor's type as a Java cast does.
    public void set(long index, double value) {
        switch (type) {
            case FLOAT32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES, (float) value);
            case FLOAT64 -> segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, index * Double.BYTES, value);
            case INT32 -> segment.set(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES, (int) value);
            case INT64 -> segment.set(ValueLayout.JAVA_LONG_UNALIGNED, index * Long.BYTES, (long) value);
            case BOOL, OPAQUE -> segment.set(ValueLayout.JAVA_BYTE, index, (byte) value);
        }
    }

    /// Overwrites this tensor with another of the same type and number of elements.
    ///
    /// @throws IllegalArgumentException if type or number of elements differ
    public void copyFrom(Tensor source) {
        if (source.type != type || source.elements() != elements()) {
            throw new IllegalArgumentException(
                    "source: expected %s %s, got %s %s".formatted(type, shape, source.type, source.shape));
        }
        MemorySegment.copy(source.segment, 0, segment, 0, segment.byteSize());
    }

    /// A copy of a FLOAT32 tensor in a new array.
    ///
    /// @throws IllegalArgumentException if the type is another
    public float[] toFloats() {
        expect(DataType.FLOAT32);
        return segment.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    /// A copy of an INT32 tensor in a new array.
    ///
    /// @throws IllegalArgumentException if the type is another
    public int[] toInts() {
        expect(DataType.INT32);
        return segment.toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }

    /// The elements of a tensor of any type, as doubles in a new array.
    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i);
        }
        return values;
    }

    private void expect(DataType expected) {
        if (type != expected) {
            throw new IllegalArgumentException("type: expected %s, got %s".formatted(expected, type));
        }
    }

    @Override
    public String toString() {
        return "Tensor(" + type + " " + shape + ")";
    }
}
