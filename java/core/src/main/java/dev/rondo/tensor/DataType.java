package dev.rondo.tensor;

import java.lang.foreign.ValueLayout;

/// The type of a tensor's elements.
public enum DataType {
    /// IEEE binary32, the type that models are trained and served in.
    FLOAT32(4, ValueLayout.JAVA_FLOAT_UNALIGNED),
    /// IEEE binary64, of plans that check gradients; only the pure-Java kernels compute in it.
    FLOAT64(8, ValueLayout.JAVA_DOUBLE_UNALIGNED),
    /// Signed 32-bit integers: ids, labels, lengths.
    INT32(4, ValueLayout.JAVA_INT_UNALIGNED),
    /// Signed 64-bit integers: counters.
    INT64(8, ValueLayout.JAVA_LONG_UNALIGNED),
    /// One byte, 0 or 1.
    BOOL(1, ValueLayout.JAVA_BYTE),
    /// Bytes that only the kernels which wrote them can read, and whose number only they know: what a forward op saves
    /// for its gradient. No [Tensor] has this type.
    OPAQUE(1, ValueLayout.JAVA_BYTE);

    private final int bytes;
    private final ValueLayout layout;

    DataType(int bytes, ValueLayout layout) {
        this.bytes = bytes;
        this.layout = layout;
    }

    /// The size of one element in bytes.
    public int bytes() {
        return bytes;
    }

    /// The layout of one element, in native byte order and without an alignment.
    public ValueLayout layout() {
        return layout;
    }

    /// True for [#FLOAT32] and [#FLOAT64].
    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }
}
