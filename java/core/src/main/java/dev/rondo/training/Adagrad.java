package dev.rondo.training;

/// Adagrad (Duchi, Hazan & Singer 2011): `a += g^2`, then a step along g over the root of a, as [Form] says.
///
/// @param rate r, above 0
/// @param start what a begins with, at least 0
/// @param epsilon what keeps the division finite, above 0
/// @param form where epsilon stands
public record Adagrad(double rate, double start, double epsilon, Form form) implements Optimizer {

    /// The two forms in use.
    public enum Form {
        /// `w -= r g / sqrt(a + epsilon)`: the form of Keras.
        KERAS,
        /// `w -= r g / (sqrt(a) + epsilon)`: the form of PyTorch.
        PYTORCH
    }

    public Adagrad {
        Check.positive("Adagrad: rate", rate);
        Check.notNegative("Adagrad: start", start);
        Check.positive("Adagrad: epsilon", epsilon);
    }

    /// Keras's settings: rate 0.001, start 0.1, epsilon 1e-7.
    public static Adagrad standard() {
        return rate(0.001);
    }

    /// Keras's settings with another rate.
    public static Adagrad rate(double rate) {
        return new Adagrad(rate, 0.1, 1e-7, Form.KERAS);
    }

    /// With another start.
    public Adagrad start(double start) {
        return new Adagrad(rate, start, epsilon, form);
    }

    /// With another epsilon.
    public Adagrad epsilon(double epsilon) {
        return new Adagrad(rate, start, epsilon, form);
    }

    /// In another form. PyTorch's defaults are rate 0.01, start 0 and epsilon 1e-10, and are not set by this.
    public Adagrad form(Form form) {
        return new Adagrad(rate, start, epsilon, form);
    }
}
