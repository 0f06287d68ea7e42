package dev.rondo;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Value;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Network;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.Scope;
import dev.rondo.layers.SimpleRnn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/// What [Model#summary], [Model#toDot] and [Model#operations] tell of a network.
final class Summary {
    private Summary() {}

    /// A line for each call of a layer, and for each output where there is more than a chain's.
    static String of(Network network) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        Graph graph = scope.graph().build();
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {
            "layer", "kind", "gives", "parameters", "runs as", network.isChain() ? "" : "takes"
        });
        for (int i = 0; i < network.calls().size(); i++) {
            Network.Call call = network.calls().get(i);
            rows.add(new String[] {
                network.callName(i),
                call.layer().getClass().getSimpleName(),
                form(scope.given().get(i).firstEntry().getValue()),
                number(isFirst(network, i) ? parameters(scope, call.layer()) : 0),
                runsAs(call.layer()),
                network.isChain() ? "" : takes(network, call)
            });
        }
        if (!network.isChain()) {
            for (Network.Output output : network.outputs()) {
                String gives = form(Objects.requireNonNull(scope.outputs().get(output.name())));
                rows.add(new String[] {output.name(), "output", gives, "", "", name(network, output.port())});
            }
        }
        long total = graph.parameters().stream().mapToLong(value -> value.shape().elements()).sum();
        long trained = graph.trained().stream().mapToLong(value -> value.shape().elements()).sum();
        rows.add(new String[] {"", "", "", number(total), "", ""});
        String split = trained == total
                ? "%s parameters, all trained"
                : "%s parameters: %s trained, %s frozen";
        return table(rows)
                + String.format(split, number(total), number(trained), number(total - trained))
                + System.lineSeparator();
    }

    /// What runs a recurrent layer; empty of others.
    private static String runsAs(Layer layer) {
        return switch (layer) {
            case Recurrent<?> recurrent -> {
                String kernel = switch (recurrent) {
                    case Lstm _ -> "LSTM";
                    case Gru _ -> "GRU";
                    case SimpleRnn _ -> "RNN";
                };
                yield recurrent.beyondKernels().isEmpty()
                        ? "fused " + kernel + " kernel"
                        : "general path: " + String.join(", ", recurrent.beyondKernels());
            }
            case Bidirectional bidirectional -> runsAs(bidirectional.layer());
            case Rnn rnn -> "general path: " + rnn.cell();
            default -> "";
        };
    }

    /// What a model takes for batches of a size.
    static String memory(Memory memory, int batch, int steps) {
        Map<String, Long> lines = new LinkedHashMap<>();
        lines.put("parameters", memory.parameters());
        lines.put("prediction", memory.prediction());
        lines.put("training", memory.training());
        if (memory.optimizer() > 0) {
            lines.put("optimizer", memory.optimizer());
        }
        StringBuilder text = new StringBuilder(
                "native memory in bytes, for batches of %d and %d steps:%n".formatted(batch, steps));
        lines.forEach((name, bytes) -> text.append("  %-12s %18s%n".formatted(name, number(bytes))));
        return text.toString();
    }

    private static String takes(Network network, Network.Call call) {
        return call.inputs().stream().map(port -> name(network, port)).collect(Collectors.joining(", "));
    }

    private static String name(Network network, Network.Port port) {
        String call = network.callName(port.call());
        return port.output().equals(Layer.Y) ? call : call + "/" + port.output();
    }

    private static boolean isFirst(Network network, int call) {
        return network.callName(call).equals(network.calls().get(call).layer().name());
    }

    private static long parameters(Scope scope, Layer layer) {
        return scope.parameters().keySet().stream()
                .filter(parameter -> parameter.name().startsWith(layer.name() + "/"))
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
    }

    private static String form(Value value) {
        return value.type().name().toLowerCase(Locale.ROOT) + " " + value.shape();
    }

    private static String table(List<String[]> rows) {
        int[] widths = {16, 10, 20, 12, 0};
        for (String[] row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        String format = "%%-%ds %%-%ds %%-%ds %%%ds  %%-%ds  %%s"
                .formatted(widths[0], widths[1], widths[2], widths[3], widths[4]);
        return rows.stream()
                .map(row -> String.format(format, (Object[]) row).stripTrailing() + System.lineSeparator())
                .collect(Collectors.joining());
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// The network as a graph in the language of Graphviz. Names hold nothing that would have to be escaped there.
    static String dot(Network network) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        StringBuilder dot = new StringBuilder("digraph model {\n  node [shape=box];\n");
        for (int i = 0; i < network.calls().size(); i++) {
            Network.Call call = network.calls().get(i);
            String name = network.callName(i);
            Value gives = scope.given().get(i).firstEntry().getValue();
            dot.append("  \"%s\" [label=\"%s\\n%s\\n%s\"];\n".formatted(
                    name, name, call.layer().getClass().getSimpleName(), form(gives)));
            for (Network.Port port : call.inputs()) {
                edge(dot, network, port, name);
            }
        }
        for (Network.Output output : network.outputs()) {
            String name = "output " + output.name();
            dot.append("  \"%s\" [shape=ellipse];\n".formatted(name));
            edge(dot, network, output.port(), name);
        }
        return dot.append("}\n").toString();
    }

    private static void edge(StringBuilder dot, Network network, Network.Port from, String to) {
        String label = from.output().equals(Layer.Y) ? "" : " [label=\"%s\"]".formatted(from.output());
        dot.append("  \"%s\" -> \"%s\"%s;\n".formatted(network.callName(from.call()), to, label));
    }

    /// The operations of a prediction in their order, a line each: what is made, of which shape, by what, and of what.
    static String operations(Network network) {
        Graph graph = network.graph(Scope.Variant.PLAIN).graph().build();
        StringBuilder text = new StringBuilder();
        for (Node node : graph.nodes()) {
            Value made = node.outputs().firstEntry().getValue();
            text.append("%s %s = %s(%s)%n".formatted(
                    made.name(),
                    made.shape(),
                    node.op(),
                    node.inputs().entrySet().stream()
                            .map(input -> input.getKey() + "=" + input.getValue().name())
                            .collect(Collectors.joining(", "))));
        }
        return text.toString();
    }
}
