package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.Arrays;
import java.util.Optional;

/// Matrix products, by rows: c_i += sum over k of a_ik b_k, where the inner loop runs along the rows b_k and c_i.
final class ReferenceMatMul {
    private ReferenceMatMul() {}

    static Step matMul(Instruction instruction, Op.MatMul op, Scratch scratch) {
        Buffer a = instruction.input("a");
        Buffer b = instruction.input("b");
        Optional<Buffer> bias = instruction.optionalInput("bias");
        Buffer y = instruction.output("y");
        return extents -> {
            int aRows = Scratch.rows(a, extents);
            int aColumns = Scratch.columns(a, extents);
            int bRows = Scratch.rows(b, extents);
            int bColumns = Scratch.columns(b, extents);
            boolean transposeA = op.transpose().a();
            boolean transposeB = op.transpose().b();
            int m = transposeA ? aColumns : aRows;
            int k = transposeA ? aRows : aColumns;
            int n = transposeB ? bRows : bColumns;
            double[][] as =
                    transposeA ? scratch.loadTransposed(0, a, aRows, aColumns)
                            : scratch.loadMatrix(0, a, aRows, aColumns);
            double[][] bs =
                    transposeB ? scratch.loadTransposed(1, b, bRows, bColumns)
                            : scratch.loadMatrix(1, b, bRows, bColumns);
            double[] start = scratch.array(0, n);
            Arrays.fill(start, 0, n, 0);
            if (bias.isPresent()) {
                scratch.load(bias.get(), 0, start, n);
            }
            double[] row = scratch.array(1, n);
            for (int i = 0; i < m; i++) {
                System.arraycopy(start, 0, row, 0, n);
                addProduct(as[i], k, bs, row, n);
                scratch.store(row, y, (long) i * n, n);
            }
        };
    }

    /// c += a b for a row a of k numbers, k rows b and a row c of n numbers.
    static void addProduct(double[] a, int k, double[][] b, double[] c, int n) {
        int p = 0;
        for (; p + 4 <= k; p += 4) {
            addRows(a[p], b[p], a[p + 1], b[p + 1], a[p + 2], b[p + 2], a[p + 3], b[p + 3], c, n);
        }
        for (; p < k; p++) {
            addRow(a[p], b[p], c, n);
        }
    }

    // Four rows at a time, so that c is loaded and stored once for them.
    private static void addRows(
            double a0, double[] b0, double a1, double[] b1, double a2, double[] b2, double a3, double[] b3, double[] c,
            int n) {
        for (int j = 0; j < n; j++) {
            c[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
        }
    }

    private static void addRow(double a, double[] b, double[] c, int n) {
        for (int j = 0; j < n; j++) {
            c[j] += a * b[j];
        }
    }
}
