package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// Sets a random part of its input to zero while the model trains, and scales the rest up so that the mean stays
/// (Srivastava et al. 2014). Elsewhere it does nothing.
///
/// Gives what it takes, of any shape. Which elements go is drawn from the model's seed, the layer's place and the
/// number of the training step, the same with all kernels.
///
/// @param name how it is called in graphs; empty: `dropout`, and `dropout_1`, `dropout_2` for further ones
/// @param rate the part that is set to zero, in [0, 1)
/// @param masks whether steps of a sequence lose the same features
public record Dropout(String name, double rate, Masks masks) implements UnaryLayer {
    /// What is drawn.
    public enum Masks {
        /// Each element for itself.
        PER_STEP,
        /// The features of a sequence, the same at all of its steps: takes `[B,T,n]` (Gal & Ghahramani 2016).
        PER_SEQUENCE
    }

    public Dropout {
        Settings.name("Dropout", name);
        if (!(rate >= 0 && (float) rate < 1)) {
            throw new IllegalArgumentException("Dropout: rate: expected a number in [0, 1) in float32, got " + rate);
        }
    }

    /// Of this rate.
    public static Dropout rate(double rate) {
        return new Dropout("", rate, Masks.PER_STEP);
    }

    /// Dropping the same features at all steps of a sequence, others in each sequence and batch: with
    /// [Recurrent#recurrentDropout] the dropout of Gal & Ghahramani (2016). Takes `[B,T,n]` only.
    public Dropout perSequence() {
        return new Dropout(name, rate, Masks.PER_SEQUENCE);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32) {
            throw scope.wrong("FLOAT32", x);
        }
        return switch (masks) {
            case PER_STEP -> scope.dropout(rate, x);
            case PER_SEQUENCE -> perSequence(scope, x);
        };
    }

    private Value perSequence(Scope scope, Value x) {
        if (x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,n]", x);
        }
        if (!scope.dropsOut(rate)) {
            return x;
        }
        Graph.Builder graph = scope.graph();
        int features = x.shape().dim(-1);
        Value mask = scope.mask("mask", rate, features);
        Value step = graph.reshape(scope.path() + "/mask.step", mask, Shape.of(Shape.BATCH, 1, features));
        return graph.binary(scope.path(), BinaryKind.MULTIPLY, x, step);
    }

    @Override
    public Dropout named(String name) {
        return new Dropout(name, rate, masks);
    }
}
