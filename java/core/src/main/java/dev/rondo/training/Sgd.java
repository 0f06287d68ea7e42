package dev.rondo.training;

/// Stochastic gradient descent: `v = momentum v - r g`, then as [Form] says.
///
/// @param rate r, above 0
/// @param momentum how much of the last step is kept, in [0, 1)
/// @param form what is added to the parameters
public record Sgd(double rate, double momentum, Form form) implements Optimizer {

    /// The two forms.
    public enum Form {
        /// `w += v`
        CLASSICAL,
        /// `w += momentum v - r g` (Nesterov 1983, as Sutskever et al. 2013 write it)
        NESTEROV
    }

    public Sgd {
        Check.positive("Sgd: rate", rate);
        Check.fraction("Sgd: momentum", momentum);
    }

    /// Keras's settings: rate 0.01, no momentum.
    public static Sgd standard() {
        return rate(0.01);
    }

    /// Plain gradient descent.
    public static Sgd rate(double rate) {
        return new Sgd(rate, 0, Form.CLASSICAL);
    }

    /// With momentum.
    public Sgd momentum(double momentum) {
        return new Sgd(rate, momentum, form);
    }

    /// In Nesterov's form.
    public Sgd nesterov() {
        return new Sgd(rate, momentum, Form.NESTEROV);
    }
}
