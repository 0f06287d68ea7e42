package dev.rondo.parity;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.parity.TrainingCase.Head;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// A [TrainingCase] as a user of Rondo writes it.
final class RondoTraining {
    private RondoTraining() {}

    /// The parameters after the last step.
    static Map<String, double[]> run(TrainingCase run, String isa) {
        Map<String, float[]> numbers = run.numbers();
        Sequential.Builder builder = Sequential.builder().add(Input.features(Shape.TIME, run.input()));
        for (int layer = 0; layer < run.layers(); layer++) {
            boolean last = layer == run.layers() - 1;
            Recurrent<?> recurrent =
                    layer(run.cell(), run.hidden()).biases(run.biases() == 2 ? Bias.TWO : Bias.NONE);
            builder.add((last && run.head() == Head.LAST ? recurrent : recurrent.returnSequences())
                    .named("layer" + layer));
        }
        builder.add(Dense.units(run.outputs()));
        try (Sequential model = builder.build()) {
            run.shapes().forEach((name, dims) -> model.setParameter(name, Tensor.of(numbers.get(name), dims)));
            model.compile(Training.optimizer(run.optimizer())
                    .loss(Loss.meanSquaredError())
                    .engine(Engine.training()
                            .kernels(Choice.NATIVE)
                            .isa(isa)
                            .threads(run.threads())
                            .providers(Set.of())));
            int examples = TrainingCase.STEPS * run.batch();
            Tensor x = Tensor.of(numbers.get("x"), examples, run.time(), run.input());
            Tensor y = run.head() == Head.LAST
                    ? Tensor.of(numbers.get("y"), examples, run.outputs())
                    : Tensor.of(numbers.get("y"), examples, run.time(), run.outputs());
            model.fit(Dataset.of(x, y), Fit.epochs(1).batchSize(run.batch()).order(Order.SEQUENTIAL));
            Map<String, double[]> parameters = new LinkedHashMap<>();
            model.parameters().forEach((name, tensor) -> parameters.put(name, tensor.toDoubles()));
            return parameters;
        }
    }

    private static Recurrent<?> layer(RecurrentCell cell, int units) {
        return switch (cell) {
            case LSTM -> Lstm.units(units);
            case GRU_RESET_AFTER -> Gru.units(units);
            case RNN_TANH -> SimpleRnn.units(units);
            default -> throw new IllegalArgumentException("cell: got " + cell);
        };
    }
}
