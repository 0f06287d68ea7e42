package dev.rondo.training;

/// A loss, and what it is of.
///
/// @param output the name of a model's output; empty: the only one
/// @param loss what is made small
/// @param weight by which it counts in the sum of all losses, above 0
public record Objective(String output, Loss loss, double weight) {
    public Objective {
        Check.positive("loss: weight", weight);
    }

    /// Of the only output.
    static Objective of(Loss loss) {
        return new Objective("", loss, 1);
    }

    /// As in messages and checkpoints: the loss alone where nothing else is told.
    @Override
    public String toString() {
        return output.isEmpty() && weight == 1 ? loss.toString() : "%s of %s times %s".formatted(loss, output, weight);
    }
}
