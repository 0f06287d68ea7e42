package dev.rondo;

import dev.rondo.graph.Value;
import dev.rondo.layers.Layer;
import dev.rondo.layers.LayerStack;
import dev.rondo.layers.Scope;
import java.util.Locale;

/// The table that [Model#summary] prints.
final class Summary {
    private Summary() {}

    static String of(LayerStack stack) {
        StringBuilder table = new StringBuilder();
        line(table, "layer", "kind", "gives", "parameters");
        long total = 0;
        for (int i = 0; i < stack.layers().size(); i++) {
            Layer layer = stack.layers().get(i);
            Scope scope =
                    new LayerStack(stack.seed(), stack.layers().subList(0, i + 1)).graph(Scope.Variant.PLAIN);
            long parameters = scope.parameters().keySet().stream()
                    .filter(parameter -> parameter.name().startsWith(layer.name() + "/"))
                    .mapToLong(parameter -> parameter.shape().elements())
                    .sum();
            total += parameters;
            Value gives = scope.y();
            line(
                    table,
                    layer.name(),
                    layer.getClass().getSimpleName(),
                    gives.type().name().toLowerCase(Locale.ROOT) + " " + gives.shape(),
                    number(parameters));
        }
        line(table, "", "", "", number(total));
        return table.toString();
    }

    private static void line(StringBuilder table, String name, String kind, String gives, String parameters) {
        table.append("%-16s %-10s %-20s %12s%n".formatted(name, kind, gives, parameters));
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
