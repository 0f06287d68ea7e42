package dev.rondo.training;

/// Adam (Kingma & Ba 2015): `m = beta1 m + (1-beta1) g`, `v = beta2 v + (1-beta2) g^2`, then as [Form] says.
///
/// @param rate r, above 0
/// @param beta1 how slowly m moves, in [0, 1)
/// @param beta2 how slowly v moves, in [0, 1)
/// @param epsilon what keeps the division finite, above 0
/// @param form where epsilon stands
public record Adam(double rate, double beta1, double beta2, double epsilon, Form form) implements Optimizer {

    /// The two forms in use. They differ in what epsilon means while t is small, so a comparison with another
    /// framework takes that framework's.
    public enum Form {
        /// `w -= r sqrt(1-beta2^t)/(1-beta1^t) m / (sqrt(v) + epsilon)`: the form of Keras, and of the end of section 2
        /// of the paper.
        KERAS,
        /// `w -= r/(1-beta1^t) m / (sqrt(v/(1-beta2^t)) + epsilon)`: the form of PyTorch, and of the paper's
        /// Algorithm 1.
        PYTORCH
    }

    public Adam {
        Check.positive("Adam: rate", rate);
        Check.fraction("Adam: beta1", beta1);
        Check.fraction("Adam: beta2", beta2);
        Check.positive("Adam: epsilon", epsilon);
    }

    /// Keras's settings: rate 0.001, betas 0.9 and 0.999, epsilon 1e-7.
    public static Adam standard() {
        return rate(0.001);
    }

    /// Keras's settings with another rate.
    public static Adam rate(double rate) {
        return new Adam(rate, 0.9, 0.999, 1e-7, Form.KERAS);
    }

    /// With other moving averages.
    public Adam betas(double beta1, double beta2) {
        return new Adam(rate, beta1, beta2, epsilon, form);
    }

    /// With another epsilon.
    public Adam epsilon(double epsilon) {
        return new Adam(rate, beta1, beta2, epsilon, form);
    }

    /// In another form. PyTorch's default epsilon is 1e-8, and is not set by this.
    public Adam form(Form form) {
        return new Adam(rate, beta1, beta2, epsilon, form);
    }
}
