package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.layers.Network.Call;
import dev.rondo.layers.Network.Port;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// A network of two parts: an encoder, which is all that does not depend on one of the inputs, and a decoder, which is
/// what does, so that the first is run once and the second step by step. Layers keep their names, and so their
/// parameters; symbols of time are others.
///
/// @param encoder its outputs are what the decoder is given
/// @param decoder it takes the input that it is stepped by, of the symbol [Shape#TIME], and what it is given, by the
///     names of the encoder's outputs
public record NetworkSplit(Network encoder, Network decoder) {

    /// Cuts a network.
    ///
    /// @param target the input that the decoder is stepped by, int32 `[B,T]` of any symbol of time
    /// @param output what the decoder gives
    /// @throws IllegalArgumentException if there is no such input or output, the output does not depend on the input,
    ///     or on nothing else, or a layer between them needs more of the sequence than its steps so far
    public static NetworkSplit of(Network network, String target, String output) {
        return new Cut(network, target, output).split();
    }

    private static final class Cut {
        private final Network network;
        private final Scope scope;
        private final Port end;
        private final String output;
        private final int start;
        private final Set<Integer> stepped = new HashSet<>();
        private final Set<Port> given = new LinkedHashSet<>();

        Cut(Network network, String target, String output) {
            this.network = network;
            this.output = output;
            scope = network.graph(Scope.Variant.PLAIN);
            end = network.outputs().stream()
                    .filter(candidate -> candidate.name().equals(output))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("decoder: expected one of the outputs %s, got %s"
                            .formatted(network.outputs().stream().map(Network.Output::name).toList(), output)))
                    .port();
            start = start(target);
        }

        private int start(String target) {
            for (int i = 0; i < network.calls().size(); i++) {
                if (network.calls().get(i).layer() instanceof Input input && input.name().equals(target)) {
                    boolean steps = input.dataType() == DataType.INT32
                            && input.shape().rank() == 2
                            && Shape.isTime(input.shape().dim(1));
                    if (!steps) {
                        throw new IllegalArgumentException("decoder: %s: expected an input of ids [B,T], got %s %s"
                                .formatted(target, input.dataType(), input.shape()));
                    }
                    return i;
                }
            }
            throw new IllegalArgumentException("decoder: expected one of the inputs %s, got %s"
                    .formatted(network.inputs().stream().map(Input::name).toList(), target));
        }

        NetworkSplit split() {
            stepped.add(start);
            for (int i = 0; i < network.calls().size(); i++) {
                if (network.calls().get(i).inputs().stream().anyMatch(port -> stepped.contains(port.call()))) {
                    stepped.add(i);
                }
            }
            Input target = (Input) network.calls().get(start).layer();
            if (!stepped.contains(end.call())) {
                throw new IllegalArgumentException(
                        "decoder: expected an output that depends on %s, got %s".formatted(target.name(), output));
            }
            List<Integer> decoder = needed(Set.of(end)).stream().filter(stepped::contains).toList();
            for (int call : decoder) {
                checkSteps(network.calls().get(call));
                network.calls().get(call).inputs().stream()
                        .filter(port -> !stepped.contains(port.call()))
                        .forEach(given::add);
            }
            if (given.isEmpty()) {
                throw new IllegalArgumentException(
                        "decoder: expected %s to depend on more than %s, which a stream serves"
                                .formatted(output, target.name()));
            }
            return new NetworkSplit(encoder(), decoder(decoder, target));
        }

        /// The calls that ports depend on, in their order.
        private List<Integer> needed(Set<Port> ports) {
            Set<Integer> needed = new HashSet<>();
            ports.forEach(port -> needed.add(port.call()));
            List<Integer> calls = new ArrayList<>();
            for (int i = network.calls().size() - 1; i >= 0; i--) {
                if (needed.contains(i)) {
                    network.calls().get(i).inputs().forEach(port -> needed.add(port.call()));
                    calls.add(i);
                }
            }
            return calls.reversed();
        }

        /// What is stepped may enter where steps do, and nowhere else.
        private void checkSteps(Call call) {
            Layer layer = WeightNoise.within(call.layer());
            boolean first = layer instanceof Attention || layer instanceof Directed || layer instanceof Bidirectional;
            boolean others = call.inputs().stream().skip(1).anyMatch(port -> stepped.contains(port.call()));
            if (first && others || !layer.isStreamable() && !(layer instanceof Attention)) {
                throw new IllegalArgumentException(
                        "decoder: expected layers that go forward in time and know steps before only by their states, but "
                                + layer.name() + " needs the whole sequence");
            }
        }

        private String name(int place) {
            String name = "given." + place;
            while (taken(name)) {
                name = name + "_";
            }
            return name;
        }

        private boolean taken(String name) {
            return network.layers().stream().anyMatch(layer -> layer.name().equals(name));
        }

        private Network encoder() {
            Map<Integer, Integer> times = new LinkedHashMap<>();
            Map<Port, Port> ports = new HashMap<>();
            List<Call> calls = new ArrayList<>();
            for (int call : needed(given)) {
                Call old = network.calls().get(call);
                Layer layer = old.layer() instanceof Input input
                        ? new Input(input.name(), input.dataType(), renamed(input.shape(), times, 0))
                        : old.layer();
                add(calls, ports, call, layer, old.inputs());
            }
            List<Network.Output> outputs = new ArrayList<>();
            for (Port port : given) {
                outputs.add(new Network.Output(name(outputs.size()), moved(ports, port)));
            }
            return new Network(network.seed(), calls, outputs);
        }

        private Network decoder(List<Integer> decoder, Input target) {
            Map<Port, Port> ports = new HashMap<>();
            List<Call> calls = new ArrayList<>();
            Shape steps = Shape.of(Shape.BATCH, Shape.TIME);
            add(calls, ports, start, new Input(target.name(), target.dataType(), steps), List.of());
            Map<Integer, Integer> times = new LinkedHashMap<>();
            int place = 0;
            for (Port port : given) {
                Value value = Objects.requireNonNull(scope.given().get(port.call()).get(port.output()));
                Input input = new Input(name(place++), value.type(), renamed(value.shape(), times, 1));
                calls.add(new Call(input, List.of()));
                ports.put(port, new Port(calls.size() - 1, Layer.Y));
            }
            for (int call : decoder) {
                if (call != start) {
                    add(calls, ports, call, network.calls().get(call).layer(), network.calls().get(call).inputs());
                }
            }
            return new Network(
                    network.seed(), calls, List.of(new Network.Output(output, moved(ports, end))));
        }

        /// Adds a call, whose ports are then those of the old one.
        private void add(List<Call> calls, Map<Port, Port> ports, int old, Layer layer, List<Port> inputs) {
            calls.add(new Call(layer, inputs.stream().map(port -> moved(ports, port)).toList()));
            for (String name : scope.given().get(old).keySet()) {
                ports.put(new Port(old, name), new Port(calls.size() - 1, name));
            }
        }

        private static Port moved(Map<Port, Port> ports, Port port) {
            return Objects.requireNonNull(ports.get(port));
        }

        /// A shape with symbols of time without a gap, in the order in which they come up.
        private static Shape renamed(Shape shape, Map<Integer, Integer> times, int first) {
            int[] dims = shape.dims();
            for (int axis = 1; axis < dims.length; axis++) {
                if (Shape.isTime(dims[axis])) {
                    int next = Shape.time(first + times.size());
                    dims[axis] = Objects.requireNonNullElse(times.putIfAbsent(dims[axis], next), next);
                }
            }
            return Shape.of(dims);
        }
    }
}
