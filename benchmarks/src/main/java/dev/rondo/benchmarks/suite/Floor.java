package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Pass;

/// The least time that a task can take on a machine of given limits.
///
/// Of a layer, forward: the operations of the input projection at the peak of multiply-adds, plus T times the larger of
/// the recurrent operations at the peak and the bytes of the recurrent weights over the bandwidth of reading at that
/// size, since every step needs all of them. Training takes three times the operations. The recurrence is walked twice,
/// forward and back, and bound in the same way each time; the gradients of weights and x are at the peak.
///
/// A single step has nothing to hoist out of the loop: it reads both weights, and its floor is the larger of the two
/// terms for both together. A network's floor is that of its layers and of the dense layer, which is at the peak; a
/// thread more than batch rows is no use to it, but the floor does not know.
final class Floor {
    private Floor() {}

    /// In microseconds; NaN if the limits were not measured.
    static double micros(Task task, Limits limits) {
        int threads = task.suite() == Suite.LATENCY ? 1 : task.threads();
        double peak = limits.peak(threads).orElse(Double.NaN) * 1e3;
        return switch (task.subject()) {
            case Task.Layer layer when task.pass() == Pass.STEP -> {
                LayerShape shape = layer.shape();
                int rows = layer.cell().gates() * shape.hidden();
                double bytes = (double) Float.BYTES * rows * (shape.input() + shape.hidden());
                yield Math.max(task.flops() / peak, read(limits, threads, bytes));
            }
            case Task.Layer layer -> {
                double steps = (double) task.tokens() / layer.shape().batch();
                yield layer(layer.cell(), layer.shape().batch(), steps, layer.shape().input(), layer.shape().hidden(),
                        task.pass(), limits, threads);
            }
            case Task.Network network -> {
                double dense = Task.denseFlops(network) / peak;
                double sum = task.pass() == Pass.TRAINING ? 3 * dense : dense;
                for (int i = 0; i < network.model().layers(); i++) {
                    sum += layer(Cell.LSTM, network.batch(), network.time(), network.model().inputOf(i),
                            network.model().hidden(), task.pass(), limits, threads);
                }
                yield sum;
            }
        };
    }

    private static double layer(
            Cell cell, int batch, double steps, int input, int hidden, Pass pass, Limits limits, int threads) {
        double peak = limits.peak(threads).orElse(Double.NaN) * 1e3;
        double rows = (double) cell.gates() * hidden;
        double projection = 2 * batch * steps * rows * input / peak;
        double recurrent = 2 * batch * steps * rows * hidden / peak;
        double walk = Math.max(recurrent, steps * read(limits, threads, Float.BYTES * rows * hidden));
        return pass == Pass.TRAINING ? 3 * projection + 2 * walk + recurrent : projection + walk;
    }

    /// Microseconds to read so many bytes once: GB/s are 1e3 bytes a microsecond.
    private static double read(Limits limits, int threads, double bytes) {
        return bytes / (limits.read(threads, bytes).orElse(Double.NaN) * 1e3);
    }
}
