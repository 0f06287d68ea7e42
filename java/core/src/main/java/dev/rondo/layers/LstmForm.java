package dev.rondo.layers;

/// In what an [Lstm] may differ from the one that its fused kernel runs.
///
/// @param forgetGate whether f is a gate of its own
/// @param cellClip the largest value that c may have, above 0, the least being minus that; infinity bounds nothing
/// @param projection P, the size that h is brought down to; 0: h is as large as c
/// @param gateActivation what i, f and o do to their sums
/// @param candidateActivation what g does to its sum
/// @param outputActivation what h has of c
public record LstmForm(
        ForgetGate forgetGate,
        double cellClip,
        int projection,
        Activation gateActivation,
        Activation candidateActivation,
        Activation outputActivation) {
    /// That of the fused kernel.
    public static final LstmForm STANDARD = new LstmForm(
            ForgetGate.OWN, Double.POSITIVE_INFINITY, 0, Activation.SIGMOID, Activation.TANH, Activation.TANH);

    /// What f is.
    public enum ForgetGate {
        /// A gate with weights of its own.
        OWN,
        /// f = 1 - i, without weights (Greff et al. 2015).
        COUPLED
    }

    public LstmForm {
        Settings.clip("cellClip", cellClip);
        if (projection < 0) {
            throw new IllegalArgumentException("projection: expected at least 1, or 0 for none, got " + projection);
        }
    }

    LstmForm forgetGate(ForgetGate forgetGate) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }

    LstmForm cellClip(double cellClip) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }

    LstmForm projection(int projection) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }

    LstmForm gateActivation(Activation gateActivation) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }

    LstmForm candidateActivation(Activation candidateActivation) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }

    LstmForm outputActivation(Activation outputActivation) {
        return new LstmForm(
                forgetGate, cellClip, projection, gateActivation, candidateActivation, outputActivation);
    }
}
