package dev.rondo.kernels.reference;

import static dev.rondo.kernels.reference.ReferenceMatMul.addProduct;

import dev.rondo.kernels.Instruction;
import java.util.Arrays;

/// The simple recurrent cell, h = f(W x + U h' + b).
final class ReferenceRnn extends ReferenceCell {
    static final Activation TANH = new Activation() {
        @Override
        public double of(double a) {
            return Math.tanh(a);
        }

        @Override
        public double slopeAt(double h) {
            return 1 - h * h;
        }
    };

    static final Activation RELU = new Activation() {
        @Override
        public double of(double a) {
            return Math.max(a, 0);
        }

        @Override
        public double slopeAt(double h) {
            return h > 0 ? 1 : 0;
        }
    };

    static final Activation SIGMOID = new Activation() {
        @Override
        public double of(double a) {
            return ReferenceElementwise.sigmoid(a);
        }

        @Override
        public double slopeAt(double h) {
            return h * (1 - h);
        }
    };

    static final Activation IDENTITY = new Activation() {
        @Override
        public double of(double a) {
            return a;
        }

        @Override
        public double slopeAt(double h) {
            return 1;
        }
    };

    private final Activation activation;
    private double[][] u = {};

    /// f, with its derivative by its value.
    interface Activation {
        double of(double a);

        double slopeAt(double h);
    }

    ReferenceRnn(Activation activation, Instruction instruction, Scratch scratch) {
        super(instruction, scratch);
        this.activation = activation;
    }

    @Override
    void loadForward() {
        u = loadColumns(2, 0, 1);
    }

    @Override
    void loadBackward() {
        u = loadRows(2, 0, 1);
    }

    @Override
    void forward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] h = step.hAfter;
        addProduct(step.seen, hidden, u, gates, hidden);
        for (int j = 0; j < hidden; j++) {
            gates[j] = activation.of(gates[j]);
            h[j] = gates[j];
        }
    }

    @Override
    void backward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] dh = step.dh;
        double[] dgates = step.dgates;
        for (int j = 0; j < hidden; j++) {
            dgates[j] = dh[j] * activation.slopeAt(gates[j]);
            dh[j] = 0;
        }
        Arrays.fill(step.dseen, 0, hidden, 0);
        addProduct(dgates, hidden, u, step.dseen, hidden);
    }
}
