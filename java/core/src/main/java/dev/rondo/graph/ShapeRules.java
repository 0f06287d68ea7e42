package dev.rondo.graph;

import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What operations on shapes give, where they are possible.
final class ShapeRules {
    private ShapeRules() {}

    /// The shape of two operands laid over each other by NumPy's rule, if they fit.
    static Optional<Shape> broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            int ofA = aligned(a, rank, i);
            int ofB = aligned(b, rank, i);
            if (ofA != ofB && ofA != 1 && ofB != 1) {
                return Optional.empty();
            }
            dims[i] = ofA == 1 ? ofB : ofA;
        }
        return Optional.of(Shape.of(dims));
    }

    /// The extent of an operand at an axis of a result of a larger rank: 1 where it lacks the axis.
    private static int aligned(Shape operand, int rank, int axis) {
        int own = axis - (rank - operand.rank());
        return own < 0 ? 1 : operand.dim(own);
    }

    /// True if an operand of a result of the given shape is repeated along an axis of it.
    static boolean isRepeated(Shape operand, Shape result, int axis) {
        return axis < result.rank() - operand.rank()
                || aligned(operand, result.rank(), axis) == 1 && result.dim(axis) != 1;
    }

    /// True if the elements of one shape are those of another, whatever the symbols stand for, with none that crosses
    /// a symbol.
    static boolean isReshaped(Shape one, Shape other) {
        return symbols(one).equals(symbols(other)) && products(one).equals(products(other));
    }

    private static List<Integer> symbols(Shape shape) {
        return Arrays.stream(shape.dims()).filter(dim -> dim < 0).boxed().toList();
    }

    /// The products of the extents before the first symbol, between two, and behind the last.
    private static List<Long> products(Shape shape) {
        List<Long> products = new ArrayList<>(List.of(1L));
        for (int dim : shape.dims()) {
            if (dim < 0) {
                products.add(1L);
            } else {
                products.add(Math.multiplyExact(products.removeLast(), dim));
            }
        }
        return products;
    }

    /// A shape with another extent at an axis.
    static Shape with(Shape shape, int axis, int dim) {
        int[] dims = shape.dims();
        dims[axis] = dim;
        return Shape.of(dims);
    }

    /// The extent of a slice of an axis, if it is known.
    static Optional<Integer> sliced(Op.Slice slice, int dim) {
        int from = slice.from();
        int to = slice.to();
        if (dim >= 0) {
            int begin = slice.begin(dim);
            int end = slice.end(dim);
            return begin >= 0 && begin < end && end <= dim ? Optional.of(end - begin) : Optional.empty();
        }
        if (to == Op.Slice.END) {
            return from == 0 ? Optional.of(dim) : from < 0 ? Optional.of(-from) : Optional.empty();
        }
        return from < 0 == to < 0 ? Optional.of(to - from) : Optional.empty();
    }
}
