package dev.rondo.plan;

/// How gradients are kept from being too large, between backward and the optimizer.
///
/// @param kind what is held to the bound
/// @param max the bound, above 0
public record Clip(Kind kind, double max) {
    /// What a bound is put on.
    public enum Kind {
        /// Nothing.
        NONE,
        /// The norm of all gradients taken together.
        GLOBAL_NORM,
        /// The norm of each parameter's gradient.
        NORM,
        /// Each number.
        VALUE
    }

    public Clip {
        if (!((float) max > 0)) {
            throw new IllegalArgumentException(
                    switch (kind) {
                                case NONE -> "clip";
                                case GLOBAL_NORM -> "clipGlobalNorm";
                                case NORM -> "clipNorm";
                                case VALUE -> "clipValue";
                            }
                            + ": expected a bound above 0 in float32, got " + max);
        }
    }

    /// Leaves all gradients as they are.
    public static Clip none() {
        return new Clip(Kind.NONE, Double.POSITIVE_INFINITY);
    }

    /// Multiplies all gradients by `max / norm` where their common norm is larger than max (Pascanu, Mikolov & Bengio
    /// 2013).
    public static Clip globalNorm(double max) {
        return new Clip(Kind.GLOBAL_NORM, max);
    }

    /// Multiplies the gradient of each parameter by `max / norm` where its own norm is larger than max.
    public static Clip norm(double max) {
        return new Clip(Kind.NORM, max);
    }

    /// Takes each number of the gradients to the nearest in -max..max.
    public static Clip value(double max) {
        return new Clip(Kind.VALUE, max);
    }
}
