package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Takes steps for padding whose features all are one number, as Keras's layer of the name does.
///
/// Takes float32 `[B,T,F]`; gives the same with zeros as padding. All layers behind it, and the loss, take the
/// sequences with the symbol of time T to have as many steps as the layer has found to be real: recurrent states stay
/// where they are, and outputs of padded steps are zeros. Sequences may have lengths besides, within which padding is
/// looked for.
///
/// Padding between real steps fails the run with an [IllegalArgumentException], unless the layer is told to leave it
/// out ([#holes]): then real steps move together and padding lies behind them. Recurrent states and what is made of
/// whole sequences are those of sequences without holes; outputs of each step stand at the places that the steps have
/// moved to, and so must targets and weights of steps.
///
/// It has no parameters.
///
/// @param name of the layer; empty: `masking`, and `masking_1`, `masking_2` for further ones
/// @param padding what all features of a padded step are
/// @param mask where padding may be; not NONE
public record Masking(String name, double padding, Mask mask) implements UnaryLayer {
    public Masking {
        Settings.name("Masking", name);
        if (!Float.isFinite((float) padding)) {
            throw new IllegalArgumentException("Masking: padding: expected a finite number in float32, got " + padding);
        }
        if (mask == Mask.NONE) {
            throw new IllegalArgumentException("Masking: mask: expected TRAILING or ANYWHERE, got NONE");
        }
    }

    /// Padding of one number behind sequences. Keras's default is 0.
    public static Masking value(double padding) {
        return new Masking("", padding, Mask.TRAILING);
    }

    /// With padding between real steps left out, too.
    public Masking holes() {
        return new Masking(name, padding, Mask.ANYWHERE);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,F]", x);
        }
        return scope.withoutPadding((float) padding, mask, x, x);
    }

    @Override
    public boolean isStreamable() {
        return mask != Mask.ANYWHERE;
    }

    @Override
    public Masking named(String name) {
        return new Masking(name, padding, mask);
    }
}
