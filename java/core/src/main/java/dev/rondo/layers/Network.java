package dev.rondo.layers;

import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What a model is: layers, what each of them is applied to, what the model gives, and the seed of all that is random in
/// it. It holds no parameters. A layer that is applied more than once has the same parameters each time.
///
/// @param seed of first values, shuffles and dropout
/// @param calls applications of layers in an order in which each finds its inputs made
/// @param outputs what the model gives, each under a name of its own
public record Network(long seed, List<Call> calls, List<Output> outputs) {

    /// An application of a layer. An [Input] is applied once, to nothing.
    ///
    /// @param layer with a name
    /// @param inputs what it takes
    public record Call(Layer layer, List<Port> inputs) {
        public Call {
            inputs = List.copyOf(inputs);
        }
    }

    /// What a call gives.
    ///
    /// @param call its place among the calls
    /// @param output which of the layer's outputs
    public record Port(int call, String output) {}

    /// What the model gives.
    ///
    /// @param name by which it is found
    /// @param port what it is
    public record Output(String name, Port port) {}

    /// Checks that names are unique, calls find their inputs, and every call is needed.
    ///
    /// @throws IllegalArgumentException if not: with the layer or the name, what was expected and what came
    public Network {
        calls = List.copyOf(calls);
        outputs = List.copyOf(outputs);
        checkLayers(calls);
        for (int i = 0; i < calls.size(); i++) {
            for (Port port : calls.get(i).inputs()) {
                if (port.call() < 0 || port.call() >= i) {
                    throw new IllegalArgumentException("%s: expected inputs from calls before it, got call %d"
                            .formatted(calls.get(i).layer().name(), port.call()));
                }
            }
        }
        checkTimes(calls);
        checkOutputs(calls, outputs);
        checkUsed(calls, outputs);
    }

    /// Layers one after another: each takes what the one before it gives, and the last gives the output `y`. Names are
    /// given to the layers that have none: that of their kind in lower case, from the second on with a number, as
    /// `lstm`, `lstm_1`.
    ///
    /// @param layers the [Input] first
    /// @throws IllegalArgumentException if the first layer is no input, another is one, or two have the same name
    public static Network chain(long seed, List<? extends Layer> layers) {
        if (layers.isEmpty() || !(layers.getFirst() instanceof Input)) {
            throw new IllegalArgumentException("layers: expected an Input as the first, got " + layers);
        }
        for (Layer layer : layers.subList(1, layers.size())) {
            if (layer instanceof Input) {
                throw new IllegalArgumentException("layers: expected one Input, got more");
            }
        }
        List<Call> calls = new ArrayList<>();
        for (Layer layer : Names.given(layers)) {
            calls.add(new Call(layer, calls.isEmpty() ? List.of() : List.of(new Port(calls.size() - 1, Layer.Y))));
        }
        return new Network(seed, calls, List.of(new Output(Layer.Y, new Port(calls.size() - 1, Layer.Y))));
    }

    /// Begins a network that is more than a chain.
    public static NetworkBuilder builder() {
        return new NetworkBuilder();
    }

    /// Whether it is what [#chain] makes.
    public boolean isChain() {
        boolean chain = outputs.equals(List.of(new Output(Layer.Y, new Port(calls.size() - 1, Layer.Y))))
                && layers().size() == calls.size();
        for (int i = 0; i < calls.size(); i++) {
            chain &= calls.get(i).inputs().equals(i == 0 ? List.of() : List.of(new Port(i - 1, Layer.Y)));
        }
        return chain;
    }

    /// The layers, each once, in the order of their first calls.
    public List<Layer> layers() {
        return List.copyOf(new LinkedHashSet<>(calls.stream().map(Call::layer).toList()));
    }

    /// What the model takes.
    public List<Input> inputs() {
        List<Input> inputs = new ArrayList<>();
        for (Call call : calls) {
            if (call.layer() instanceof Input input) {
                inputs.add(input);
            }
        }
        return List.copyOf(inputs);
    }

    /// How many symbols of time the inputs have, at least 1.
    public int times() {
        int times = 1;
        for (Input input : inputs()) {
            if (input.shape().rank() > 1 && Shape.isTime(input.shape().dim(1))) {
                times = Math.max(times, Shape.TIME - input.shape().dim(1) + 1);
            }
        }
        return times;
    }

    /// The name of a call, under which the graph holds it: the layer's, from the second call of a layer on with a
    /// number, as `lstm`, `lstm:1`.
    public String callName(int call) {
        Layer layer = calls.get(call).layer();
        int before = 0;
        for (Call other : calls.subList(0, call)) {
            before += other.layer().name().equals(layer.name()) ? 1 : 0;
        }
        return before == 0 ? layer.name() : layer.name() + ":" + before;
    }

    /// A graph of the model.
    ///
    /// @throws IllegalArgumentException if a layer does not take what it is applied to
    public Scope graph(Scope.Variant variant) {
        return new Scope(variant, this);
    }

    /// As JSON, for a model file.
    public String toJson() {
        return NetworkJson.write(this);
    }

    /// From JSON.
    ///
    /// @throws IllegalArgumentException if it is none of [#toJson]'s: with the place, what was expected and what came
    public static Network fromJson(String json) {
        return NetworkJson.read(json);
    }

    private static void checkLayers(List<Call> calls) {
        Map<String, Layer> layers = new HashMap<>();
        for (Call call : calls) {
            Layer layer = call.layer();
            if (layer.name().isEmpty()) {
                throw new IllegalArgumentException("layers: expected a name for each, got none for " + layer);
            }
            Layer other = layers.putIfAbsent(layer.name(), layer);
            if (other != null && (!other.equals(layer) || layer instanceof Input)) {
                throw new IllegalArgumentException(
                        "layers: expected a name of its own for each, got %s twice".formatted(layer.name()));
            }
            if (layer instanceof Input != call.inputs().isEmpty()) {
                throw new IllegalArgumentException("%s: expected %s, got %d".formatted(
                        layer.name(), layer instanceof Input ? "no inputs" : "inputs", call.inputs().size()));
            }
        }
    }

    /// Every run needs numbers for the symbols of time up to the last one.
    private static void checkTimes(List<Call> calls) {
        Set<Integer> times = new HashSet<>();
        for (Call call : calls) {
            if (call.layer() instanceof Input input && input.shape().rank() > 1 && Shape.isTime(input.shape().dim(1))) {
                times.add(Shape.TIME - input.shape().dim(1));
            }
        }
        for (int k = 0; k < times.size(); k++) {
            if (!times.contains(k)) {
                throw new IllegalArgumentException(
                        "layers: expected inputs with the symbols of time T, T1, T2 ... without a gap, got none with %s"
                                .formatted(Shape.of(Shape.BATCH, Shape.time(k))));
            }
        }
    }

    private static void checkOutputs(List<Call> calls, List<Output> outputs) {
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("outputs: expected at least one, got none");
        }
        Set<String> names = new HashSet<>();
        for (Output output : outputs) {
            Settings.outputName(output.name());
            if (!names.add(output.name())) {
                throw new IllegalArgumentException(
                        "outputs: expected a name of its own for each, got %s twice".formatted(output.name()));
            }
            if (output.port().call() < 0 || output.port().call() >= calls.size()) {
                throw new IllegalArgumentException(
                        "outputs: %s: expected one of %d calls, got call %d"
                                .formatted(output.name(), calls.size(), output.port().call()));
            }
        }
    }

    private static void checkUsed(List<Call> calls, List<Output> outputs) {
        Set<Integer> used = new HashSet<>();
        for (Output output : outputs) {
            used.add(output.port().call());
        }
        Set<String> unused = new TreeSet<>();
        for (int i = calls.size() - 1; i >= 0; i--) {
            if (used.contains(i)) {
                for (Port port : calls.get(i).inputs()) {
                    used.add(port.call());
                }
            } else {
                unused.add(calls.get(i).layer().name());
            }
        }
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException(
                    "layers: expected outputs %s to depend on every input and layer, got none that depends on %s"
                            .formatted(outputs.stream().map(Output::name).toList(), unused));
        }
    }
}
