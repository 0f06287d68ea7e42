package dev.rondo.training;

/// RMSProp (Tieleman & Hinton 2012): `a = rho a + (1-rho) g^2`, then a step along g over the root of a, as [Form] says.
///
/// @param rate r, above 0
/// @param rho how slowly a moves, in [0, 1)
/// @param epsilon what keeps the division finite, above 0
/// @param momentum how much of the last step is kept, in [0, 1)
/// @param centering what the average square is taken of
/// @param form where epsilon and the rate stand
public record RmsProp(
        double rate, double rho, double epsilon, double momentum, Centering centering, Form form)
        implements Optimizer {

    /// What the average square is taken of.
    public enum Centering {
        /// The gradient.
        NONE,
        /// The gradient less its own moving average, whose square is taken off a: its variance (Graves 2013).
        MEAN
    }

    /// The two forms in use. They are the same up to epsilon while the rate stays the same.
    public enum Form {
        /// `v = momentum v + r g / sqrt(a + epsilon)`, `w -= v`: the form of Keras.
        KERAS,
        /// `v = momentum v + g / (sqrt(a) + epsilon)`, `w -= r v`: the form of PyTorch.
        PYTORCH
    }

    public RmsProp {
        Check.positive("RmsProp: rate", rate);
        Check.fraction("RmsProp: rho", rho);
        Check.positive("RmsProp: epsilon", epsilon);
        Check.fraction("RmsProp: momentum", momentum);
    }

    /// Keras's settings: rate 0.001, rho 0.9, epsilon 1e-7, no momentum, not centered.
    public static RmsProp standard() {
        return rate(0.001);
    }

    /// Keras's settings with another rate.
    public static RmsProp rate(double rate) {
        return new RmsProp(rate, 0.9, 1e-7, 0, Centering.NONE, Form.KERAS);
    }

    /// With another moving average.
    public RmsProp rho(double rho) {
        return new RmsProp(rate, rho, epsilon, momentum, centering, form);
    }

    /// With another epsilon.
    public RmsProp epsilon(double epsilon) {
        return new RmsProp(rate, rho, epsilon, momentum, centering, form);
    }

    /// With momentum.
    public RmsProp momentum(double momentum) {
        return new RmsProp(rate, rho, epsilon, momentum, centering, form);
    }

    /// With the variance of the gradient in place of its mean square.
    public RmsProp centered() {
        return new RmsProp(rate, rho, epsilon, momentum, Centering.MEAN, form);
    }

    /// In another form. PyTorch's defaults are rate 0.01, rho (its alpha) 0.99 and epsilon 1e-8, and are not set by
    /// this.
    public RmsProp form(Form form) {
        return new RmsProp(rate, rho, epsilon, momentum, centering, form);
    }
}
