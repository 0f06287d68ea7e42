package dev.rondo;

import dev.rondo.graph.Value;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import java.util.Locale;

/// The table that [Model#summary] prints.
final class Summary {
    private Summary() {}

    static String of(Network network) {
        StringBuilder table = new StringBuilder();
        line(table, "layer", "kind", "gives", "parameters");
        long total = 0;
        Scope scope = network.graph(Scope.Variant.PLAIN);
        for (int i = 0; i < network.calls().size(); i++) {
            Layer layer = network.calls().get(i).layer();
            long parameters = network.callName(i).equals(layer.name()) ? parameters(scope, layer) : 0;
            total += parameters;
            Value gives = scope.given().get(i).firstEntry().getValue();
            line(
                    table,
                    network.callName(i),
                    layer.getClass().getSimpleName(),
                    gives.type().name().toLowerCase(Locale.ROOT) + " " + gives.shape(),
                    number(parameters));
        }
        line(table, "", "", "", number(total));
        return table.toString();
    }

    private static long parameters(Scope scope, Layer layer) {
        return scope.parameters().keySet().stream()
                .filter(parameter -> parameter.name().startsWith(layer.name() + "/"))
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
    }

    private static void line(StringBuilder table, String name, String kind, String gives, String parameters) {
        table.append("%-16s %-10s %-20s %12s%n".formatted(name, kind, gives, parameters));
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
