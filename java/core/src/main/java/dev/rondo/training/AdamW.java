package dev.rondo.training;

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019): the step of [Adam], and besides `w -= r d w` of the w
/// before it. All parameters decay, biases too, as in Keras and PyTorch.
///
/// @param rate r, above 0
/// @param beta1 how slowly m moves, in [0, 1)
/// @param beta2 how slowly v moves, in [0, 1)
/// @param epsilon what keeps the division finite, above 0
/// @param decay d, at least 0
/// @param form where epsilon stands
public record AdamW(double rate, double beta1, double beta2, double epsilon, double decay, Adam.Form form)
        implements Optimizer {
    public AdamW {
        Check.positive("AdamW: rate", rate);
        Check.fraction("AdamW: beta1", beta1);
        Check.fraction("AdamW: beta2", beta2);
        Check.positive("AdamW: epsilon", epsilon);
        Check.notNegative("AdamW: decay", decay);
    }

    /// Keras's settings: rate 0.001, betas 0.9 and 0.999, epsilon 1e-7, decay 0.004.
    public static AdamW standard() {
        return rate(0.001);
    }

    /// Keras's settings with another rate.
    public static AdamW rate(double rate) {
        return new AdamW(rate, 0.9, 0.999, 1e-7, 0.004, Adam.Form.KERAS);
    }

    /// With other moving averages.
    public AdamW betas(double beta1, double beta2) {
        return new AdamW(rate, beta1, beta2, epsilon, decay, form);
    }

    /// With another epsilon.
    public AdamW epsilon(double epsilon) {
        return new AdamW(rate, beta1, beta2, epsilon, decay, form);
    }

    /// With another decay. PyTorch's default is 0.01.
    public AdamW decay(double decay) {
        return new AdamW(rate, beta1, beta2, epsilon, decay, form);
    }

    /// In another form. PyTorch's default epsilon is 1e-8, and is not set by this.
    public AdamW form(Adam.Form form) {
        return new AdamW(rate, beta1, beta2, epsilon, decay, form);
    }
}
