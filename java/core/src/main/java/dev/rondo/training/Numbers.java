package dev.rondo.training;

import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Looks through numbers in memory. Allocates nothing.
final class Numbers {
    private Numbers() {}

    /// The index of the first of `count` float32 numbers that is NaN or infinite; -1 where all are finite.
    static long firstNonFinite(MemorySegment floats, long count) {
        for (long i = 0; i < count; i++) {
            if (!Float.isFinite(floats.getAtIndex(ValueLayout.JAVA_FLOAT, i))) {
                return i;
            }
        }
        return -1;
    }

    /// The index of the first of `count` float32 numbers that is not in 0..1; -1 where all are.
    static long firstNoProbability(MemorySegment floats, long count) {
        for (long i = 0; i < count; i++) {
            float value = floats.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            if (!(value >= 0 && value <= 1)) {
                return i;
            }
        }
        return -1;
    }

    /// The first index in `from..to-1` at which an int32 number is not in `0..limit-1`; -1 where all are.
    static long firstOutside(MemorySegment ints, long from, long to, int limit) {
        for (long i = from; i < to; i++) {
            if (Integer.compareUnsigned(ints.getAtIndex(ValueLayout.JAVA_INT, i), limit) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /// A flat index as one for each axis: `[3,17,2]`.
    static String place(long index, Shape shape) {
        StringBuilder place = new StringBuilder("]");
        long rest = index;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            place.insert(0, rest % shape.dim(axis)).insert(0, axis == 0 ? "[" : ",");
            rest /= shape.dim(axis);
        }
        return shape.rank() == 0 ? "" : place.toString();
    }
}
