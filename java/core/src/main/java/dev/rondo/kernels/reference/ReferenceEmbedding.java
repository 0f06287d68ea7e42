package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Rows of a table by id, and the gradient.
final class ReferenceEmbedding {
    private ReferenceEmbedding() {}

    static Step gather(Instruction instruction, Scratch scratch) {
        Buffer table = instruction.input("table");
        Buffer ids = instruction.input("ids");
        Buffer y = instruction.output("y");
        int rows = table.shape().dim(0);
        long rowBytes = (long) table.shape().dim(1) * table.type().bytes();
        return extents -> {
            int count = Scratch.elements(ids, extents);
            int[] values = scratch.loadIntegers(0, ids, count);
            for (int i = 0; i < count; i++) {
                check(ids, values[i], i, rows);
                MemorySegment.copy(table.segment(), values[i] * rowBytes, y.segment(), i * rowBytes, rowBytes);
            }
        };
    }

    static Step scatterAdd(Instruction instruction, Op.ScatterAdd op, Scratch scratch) {
        Buffer ids = instruction.input("ids");
        Buffer dy = instruction.input("dy");
        Buffer dtable = instruction.output("dtable");
        int columns = dtable.shape().dim(1);
        return extents -> {
            int count = Scratch.elements(ids, extents);
            int[] values = scratch.loadIntegers(0, ids, count);
            double[][] sums = scratch.matrix(0, op.rows(), columns);
            for (int row = 0; row < op.rows(); row++) {
                Arrays.fill(sums[row], 0, columns, 0);
            }
            double[] addend = scratch.array(0, columns);
            for (int i = 0; i < count; i++) {
                check(ids, values[i], i, op.rows());
                scratch.load(dy, (long) i * columns, addend, columns);
                double[] sum = sums[values[i]];
                for (int j = 0; j < columns; j++) {
                    sum[j] += addend[j];
                }
            }
            scratch.storeMatrix(sums, dtable, op.rows(), columns);
        };
    }

    private static void check(Buffer ids, int id, int position, int rows) {
        if (id < 0 || id >= rows) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected 0 to %d, got %d".formatted(ids.name(), position, rows - 1, id));
        }
    }
}
