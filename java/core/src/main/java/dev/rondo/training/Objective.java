package dev.rondo.training;

import java.util.List;

/// A loss, and what it is of.
///
/// @param output the name of a model's output; empty: the only one
/// @param loss what is made small
/// @param weight by which it counts in the sum of all losses, above 0
/// @param classWeights how much each class counts, see [Training#classWeights(float...)]; empty: all alike
public record Objective(String output, Loss loss, double weight, List<Float> classWeights) {
    public Objective {
        Check.positive("loss: weight", weight);
        classWeights = List.copyOf(classWeights);
        for (int c = 0; c < classWeights.size(); c++) {
            Check.notNegative("classWeights[" + c + "]", classWeights.get(c));
        }
        if (!classWeights.isEmpty() && !(loss instanceof Loss.CategoricalCrossEntropy)) {
            throw new IllegalArgumentException("classWeights: expected a cross-entropy of classes, got " + loss);
        }
    }

    /// Without weights of classes.
    public Objective(String output, Loss loss, double weight) {
        this(output, loss, weight, List.of());
    }

    /// The same of an output.
    Objective of(String name) {
        return new Objective(name, loss, weight, classWeights);
    }

    /// Of the only output.
    static Objective of(Loss loss) {
        return new Objective("", loss, 1);
    }

    /// As in messages and checkpoints: the loss alone where nothing else is told.
    @Override
    public String toString() {
        String classes = classWeights.isEmpty() ? "" : " with classes " + classWeights;
        return (output.isEmpty() && weight == 1 ? loss.toString() : "%s of %s times %s".formatted(loss, output, weight))
                + classes;
    }
}
