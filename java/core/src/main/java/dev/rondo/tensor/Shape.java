package dev.rondo.tensor;

import java.util.Arrays;

/// The extents of a tensor, outermost first. An extent is a positive or zero number of elements or one of the symbols
/// [#BATCH], [#TIME] and [#time], whose numbers are told at each run ([Extents]). Immutable; printed as `[B,T,64]`.
public final class Shape {
    /// The number of sequences in a batch, printed as `B`.
    public static final int BATCH = -1;

    /// The number of time steps of the batch's longest sequence, printed as `T`.
    public static final int TIME = -2;

    /// How many symbols of time there are.
    public static final int TIMES = 8;

    private static final Shape SCALAR = new Shape(new int[0]);

    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
    }

    /// The symbol of a number of time steps: [#TIME] of 0, and others for a model whose inputs differ in their steps, as
    /// the source and the target of a translation do. Printed as `T`, `T1`, `T2` ...
    ///
    /// @param k from 0, below [#TIMES]
    /// @throws IllegalArgumentException if k is none of these
    public static int time(int k) {
        if (k < 0 || k >= TIMES) {
            throw new IllegalArgumentException("time: expected 0..%d, got %d".formatted(TIMES - 1, k));
        }
        return TIME - k;
    }

    /// True if an extent is a symbol of time.
    public static boolean isTime(int dim) {
        return dim <= TIME;
    }

    /// A shape of the given extents.
    ///
    /// @throws IllegalArgumentException if an extent is negative and no symbol
    public static Shape of(int... dims) {
        for (int dim : dims) {
            if (dim <= TIME - TIMES) {
                throw new IllegalArgumentException(
                        "shape: expected extents of 0 or more, BATCH or a TIME, got " + Arrays.toString(dims));
            }
        }
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    /// The shape `[]` of a single number.
    public static Shape scalar() {
        return SCALAR;
    }

    /// The number of extents.
    public int rank() {
        return dims.length;
    }

    /// The extent of an axis; a negative axis counts from the end, so that -1 is the last.
    public int dim(int axis) {
        return dims[axis < 0 ? dims.length + axis : axis];
    }

    /// The extents, in a new array.
    public int[] dims() {
        return dims.clone();
    }

    /// True if an extent is a symbol.
    public boolean isSymbolic() {
        for (int dim : dims) {
            if (dim < 0) {
                return true;
            }
        }
        return false;
    }

    /// True if an extent is the given one, a symbol for instance.
    public boolean contains(int dim) {
        for (int d : dims) {
            if (d == dim) {
                return true;
            }
        }
        return false;
    }

    /// This shape with numbers for the symbols [#BATCH] and [#TIME].
    public Shape resolve(int batch, int time) {
        return resolve(Extents.of(batch, time));
    }

    /// This shape with numbers for its symbols.
    ///
    /// @throws IllegalArgumentException if one has none
    public Shape resolve(Extents extents) {
        if (!isSymbolic()) {
            return this;
        }
        int[] resolved = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            resolved[i] = extents.number(dims[i]);
        }
        return of(resolved);
    }

    /// The number of elements of a shape without symbols.
    ///
    /// @throws IllegalStateException if an extent is a symbol
    public long elements() {
        if (isSymbolic()) {
            throw new IllegalStateException("shape " + this
                    + " has no number of elements before its symbols have numbers");
        }
        long elements = 1;
        for (int dim : dims) {
            elements = Math.multiplyExact(elements, dim);
        }
        return elements;
    }

    /// The number of elements with numbers for the symbols [#BATCH] and [#TIME].
    public long elements(int batch, int time) {
        return elements(Extents.of(batch, time));
    }

    /// The number of elements with numbers for the symbols. Allocates nothing.
    ///
    /// @throws IllegalArgumentException if one has none
    public long elements(Extents extents) {
        return product(0, dims.length, extents);
    }

    /// The product of the extents `from` (inclusive) to `to` (exclusive) with numbers for the symbols. Allocates
    /// nothing.
    public long product(int from, int to, Extents extents) {
        long product = 1;
        for (int i = from; i < to; i++) {
            product = Math.multiplyExact(product, extents.number(dims[i]));
        }
        return product;
    }

    /// The axes `from` (inclusive) to `to` (exclusive) as a shape.
    public Shape slice(int from, int to) {
        return of(Arrays.copyOfRange(dims, from, to));
    }

    /// This shape without its last axis.
    public Shape leading() {
        return slice(0, dims.length - 1);
    }

    /// This shape with one more axis at its end.
    public Shape append(int dim) {
        int[] appended = Arrays.copyOf(dims, dims.length + 1);
        appended[dims.length] = dim;
        return of(appended);
    }

    /// How an extent is printed.
    static String symbol(int dim) {
        return dim >= 0 ? Integer.toString(dim) : dim == BATCH ? "B" : dim == TIME ? "T" : "T" + (TIME - dim);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < dims.length; i++) {
            text.append(i == 0 ? "" : ",").append(symbol(dims[i]));
        }
        return text.append(']').toString();
    }
}
