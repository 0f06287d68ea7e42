package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Pass;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// One thing to measure, whoever does it.
///
/// @param suite where it belongs
/// @param workload its name in tables
/// @param subject a layer or a network
/// @param pass what one call does
/// @param threads how many may work; in the suite `latency`, how many call at once
record Task(Suite suite, String workload, Subject subject, Pass pass, int threads) {
    /// What is run.
    sealed interface Subject {}

    /// A recurrent layer.
    ///
    /// @param ragged whether sequences end early, as [Inputs#lengths] says
    record Layer(Cell cell, LayerShape shape, boolean ragged) implements Subject {}

    /// A network.
    record Network(Model model, int batch, int time) implements Subject {}

    /// The cell, as results name it.
    String cell() {
        return switch (subject) {
            case Layer layer -> layer.cell.name();
            case Network _ -> Cell.LSTM.name();
        };
    }

    /// The pass, as results name it.
    String passId() {
        return pass.name().toLowerCase(Locale.ROOT);
    }

    /// What its inputs depend on.
    String dataKey() {
        return workload + "-" + cell();
    }

    /// What its results depend on.
    String resultKey() {
        return dataKey() + "-" + passId();
    }

    /// `kernels M2 LSTM inference 2T`
    @Override
    public String toString() {
        return name(suite.id(), workload, cell(), passId(), threads);
    }

    static String name(String suite, String workload, String cell, String pass, int threads) {
        return "%s %s %s %s %dT".formatted(suite, workload, cell, pass, threads);
    }

    /// The fields of the protocol's `open`.
    Map<String, String> fields(Path data, Path results) {
        Map<String, String> fields = new TreeMap<>();
        switch (subject) {
            case Layer layer -> {
                fields.put("cell", layer.cell.name());
                fields.put("batch", Integer.toString(layer.shape.batch()));
                fields.put("time", Integer.toString(layer.shape.time()));
                fields.put("input", Integer.toString(layer.shape.input()));
                fields.put("hidden", Integer.toString(layer.shape.hidden()));
                if (layer.ragged) {
                    fields.put("lengths", "true");
                }
            }
            case Network network -> {
                fields.put("model", network.model.name().toLowerCase(Locale.ROOT));
                fields.put("batch", Integer.toString(network.batch));
                fields.put("time", Integer.toString(network.time));
            }
        }
        fields.put("pass", passId());
        fields.put("threads", Integer.toString(suite == Suite.LATENCY ? 1 : threads));
        fields.put("data", data.toString());
        fields.put("results", results.toString());
        return fields;
    }

    /// The tokens of one call: steps of sequences that are not padding.
    long tokens() {
        return switch (subject) {
            case Layer layer -> pass == Pass.STEP
                    ? 1
                    : layer.ragged
                            ? Arrays.stream(Inputs.lengths(this)).sum()
                            : (long) layer.shape.batch() * layer.shape.time();
            case Network network -> (long) network.batch * network.time;
        };
    }

    /// The floating-point operations of one call's matrix products, a multiply-add counted as two. Training takes three
    /// times those of inference: forward, the gradient of what came in, the gradient of the weights. What comes on top
    /// (activations, loss, clipping, the optimizer) is not counted, so that who does it fast is seen to be fast.
    double flops() {
        double forward = switch (subject) {
            case Layer layer -> layerFlops(layer.cell, layer.shape.input(), layer.shape.hidden()) * tokens();
            case Network network -> networkFlops(network);
        };
        return pass == Pass.TRAINING ? 3 * forward : forward;
    }

    /// Of one step of one sequence, forward.
    static double layerFlops(Cell cell, int input, int hidden) {
        return 2.0 * cell.gates() * hidden * (input + hidden);
    }

    private double networkFlops(Network network) {
        Model model = network.model;
        double layers = 0;
        for (int i = 0; i < model.layers(); i++) {
            layers += layerFlops(Cell.LSTM, model.inputOf(i), model.hidden());
        }
        return layers * tokens() + denseFlops(network);
    }

    /// Of the dense layer at the end, which a forecaster has once a sequence only.
    static double denseFlops(Network network) {
        long rows = network.model.classifies() ? (long) network.batch * network.time : network.batch;
        return 2.0 * rows * network.model.hidden() * network.model.outputs();
    }
}
