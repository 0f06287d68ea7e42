package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Model;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.io.ModelFile;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The gradients of a whole model's training step in double, held against central differences of its loss. For models
/// whose inputs and targets are ids, which double leaves as they are.
final class Slopes implements AutoCloseable {
    private static final double STEP = 1e-5;

    private final Parameters parameters;
    private final Pass pass;

    /// @param model closed here
    /// @param batchSize of the batch that is looked at, the first
    Slopes(Model model, Training training, Dataset data, int batchSize) {
        Network network = network(model);
        List<Objective> losses = LossNode.named(network, training.losses());
        parameters = Parameters.of(network.graph(Scope.Variant.PLAIN).graph().build(), DataType.FLOAT64);
        RandomGenerator random = Seeds.generator(11, "slopes", 0);
        for (Tensor tensor : parameters.tensors().values()) {
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.set(i, random.nextGaussian() * 0.5);
            }
        }
        parameters.changed();
        pass = Pass.of(
                new Pass.Setting(network, parameters, losses, Engine.java().engine()),
                Scope.Purpose.TRAINING,
                data,
                new Dataset.Request(LossNode.signature(network, losses), batchSize, Order.SEQUENTIAL, 1),
                Set.of());
        pass.begin(1);
    }

    /// By way of its file, the only one that tells its network.
    private static Network network(Model model) {
        try (model) {
            Path file = Files.createTempFile("slopes", ".safetensors");
            model.save(file);
            ModelFile.Content content = ModelFile.read(file);
            content.parameters().close();
            Files.delete(file);
            return content.network();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private double loss() {
        pass.run(0, 1);
        return pass.loss();
    }

    private double at(Tensor parameter, int i, double step) {
        double value = parameter.get(i);
        parameter.set(i, value + step);
        parameters.changed();
        double loss = loss();
        parameter.set(i, value);
        return loss;
    }

    /// Every parameter's, each of which the loss must depend on.
    void check() {
        loss();
        Map<String, double[]> gradients = new LinkedHashMap<>();
        parameters.views(pass.gradients()).forEach((name, gradient) -> gradients.put(name, gradient.toDoubles()));
        gradients.forEach((name, gradient) -> {
            Tensor parameter = parameters.tensor(name);
            boolean reached = false;
            for (int i = 0; i < gradient.length; i++) {
                double slope = (at(parameter, i, STEP) - at(parameter, i, -STEP)) / (2 * STEP);
                assertEquals(slope, gradient[i], 1e-8 * (1 + Math.abs(slope)), name + "[" + i + "]");
                reached |= slope != 0;
            }
            assertTrue(reached, name);
        });
    }

    @Override
    public void close() {
        pass.close();
        parameters.close();
    }
}
