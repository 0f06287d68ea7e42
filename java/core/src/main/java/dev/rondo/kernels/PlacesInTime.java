package dev.rondo.kernels;

import dev.rondo.graph.Op;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// Where the real steps of sequences are, and moving them, for both kernel sets: nothing is calculated, so that there
/// is nothing for native code to be faster at but copies. After a first run they allocate nothing.
public final class PlacesInTime {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private PlacesInTime() {}

    /// Zeros to be copied: a slice to be filled would be an object of each call.
    private static final class Zeros {
        private MemorySegment memory = MemorySegment.NULL;

        void copy(MemorySegment to, long at, long bytes) {
            if (memory.byteSize() < bytes) {
                memory = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
            }
            MemorySegment.copy(memory, 0, to, at, bytes);
        }
    }

    /// What runs in one go.
    private interface Run {
        void run(Extents extents);
    }

    /// @param run asks its buffers for their memory each time
    private record Whole(Run run) implements Program {
        @Override
        public void run(Extents extents, MemorySegment[] lent) {
            run.run(extents);
        }
    }

    /// The program of an [Op.RealSteps].
    public static Program find(Instruction instruction, Op.RealSteps op) {
        Buffer x = instruction.input("x");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        Optional<Buffer> counts = instruction.optionalOutput("counts");
        Optional<Buffer> places = instruction.optionalOutput("places");
        boolean skips = op.holes() == Op.Holes.SKIPPED;
        return new Whole(extents -> {
            int batch = extents(x.shape(), 0, extents);
            int steps = extents(x.shape(), 1, extents);
            int features = (int) x.shape().product(2, x.shape().rank(), extents);
            for (int b = 0; b < batch; b++) {
                int length = lengths.isPresent() ? length(lengths.get(), b, steps) : steps;
                int count = 0;
                for (int t = 0; t < length; t++) {
                    if (isPadding(x, ((long) b * steps + t) * features, features, op.padding())) {
                        continue;
                    }
                    if (!skips && t > count) {
                        throw new IllegalArgumentException(
                                "%s[%d]: expected padding behind the last real step only, got step %d of padding before %d"
                                        .formatted(x.name(), b, count, t));
                    }
                    if (places.isPresent()) {
                        places.get().segment().setAtIndex(INT, (long) b * steps + count, t);
                    }
                    count++;
                }
                if (counts.isPresent()) {
                    counts.get().segment().setAtIndex(INT, b, count);
                }
                for (int t = count; t < steps && places.isPresent(); t++) {
                    places.get().segment().setAtIndex(INT, (long) b * steps + t, -1);
                }
            }
        });
    }

    private static int length(Buffer lengths, int b, int steps) {
        int length = lengths.segment().getAtIndex(INT, b);
        if (length < 0 || length > steps) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected 0 to %d, got %d".formatted(lengths.name(), b, steps, length));
        }
        return length;
    }

    private static boolean isPadding(Buffer x, long from, int count, float padding) {
        for (long i = from; i < from + count; i++) {
            double number = switch (x.type()) {
                case FLOAT32 -> x.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i);
                case FLOAT64 -> x.segment().getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                case INT32 -> x.segment().getAtIndex(INT, i);
                case INT64, BOOL, OPAQUE -> throw new IllegalStateException(x + " has no steps");
            };
            if (number != padding) {
                return false;
            }
        }
        return true;
    }

    /// The program of an [Op.CompactTime].
    public static Program take(Instruction instruction) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        Buffer places = instruction.input("places");
        Zeros zeros = new Zeros();
        return new Whole(extents -> {
            long bytes = rowBytes(x, extents);
            int steps = extents(x.shape(), 1, extents);
            int rows = extents(x.shape(), 0, extents) * steps;
            for (int row = 0; row < rows; row++) {
                int place = places.segment().getAtIndex(INT, row);
                if (place < 0) {
                    zeros.copy(y.segment(), row * bytes, bytes);
                } else {
                    long from = (long) (row / steps) * steps + place;
                    MemorySegment.copy(x.segment(), from * bytes, y.segment(), row * bytes, bytes);
                }
            }
        });
    }

    /// The program of an [Op.CompactTimeGradient].
    public static Program put(Instruction instruction) {
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Buffer places = instruction.input("places");
        Zeros zeros = new Zeros();
        return new Whole(extents -> {
            long bytes = rowBytes(dy, extents);
            int steps = extents(dy.shape(), 1, extents);
            int rows = extents(dy.shape(), 0, extents) * steps;
            for (int row = 0; row < rows; row++) {
                zeros.copy(dx.segment(), row * bytes, bytes);
            }
            for (int row = 0; row < rows; row++) {
                int place = places.segment().getAtIndex(INT, row);
                if (place >= 0) {
                    long to = (long) (row / steps) * steps + place;
                    MemorySegment.copy(dy.segment(), row * bytes, dx.segment(), to * bytes, bytes);
                }
            }
        });
    }

    private static int extents(Shape shape, int axis, Extents extents) {
        return (int) shape.product(axis, axis + 1, extents);
    }

    private static long rowBytes(Buffer buffer, Extents extents) {
        return buffer.shape().product(2, buffer.shape().rank(), extents) * buffer.type().bytes();
    }
}
