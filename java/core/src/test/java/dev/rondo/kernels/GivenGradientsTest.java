package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Gradients from given ones are those of the sum of their products with the values they are of.
class GivenGradientsTest {
    private static final Extents EXTENTS = Extents.of(3, 4);
    private final Graph.Builder builder = Graph.builder();
    private final Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, 5));
    private final Value dy = builder.input("dy", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, 2));
    private final Value weightIh = builder.input("weightIh", DataType.FLOAT32, Shape.of(8, 5));
    private final Value weightHh = builder.input("weightHh", DataType.FLOAT32, Shape.of(8, 2));
    private final RecurrentOutputs outputs = builder.recurrent(
            "lstm", new Op.Recurrent(RecurrentCell.LSTM), RecurrentInputs.of(x, weightIh, weightHh));

    @Test
    void areThoseOfTheSumOfProducts() {
        List<Value> wanted = List.of(x, weightIh, weightHh);
        builder.output("y", outputs.y());
        Graph graph = builder.build();
        Gradients given = Gradients.of(graph, Map.of(outputs.y(), dy), wanted);
        Value product = builder.binary("product", Op.BinaryKind.MULTIPLY, outputs.y(), dy);
        Value loss = builder.reduce("loss", new Op.Reduce(Op.ReduceKind.SUM, 0, 3), product);
        Gradients ofSum = Gradients.of(builder.build(), loss, wanted);

        SplittableRandom random = new SplittableRandom(5);
        Map<Value, double[]> feed = new HashMap<>();
        Map.of(x, 3 * 4 * 5, dy, 3 * 4 * 2, weightIh, 40, weightHh, 16)
                .forEach((value, size) -> feed.put(value, random.doubles(size, -1, 1).toArray()));
        Map<String, double[]> expected = Probe.run(ofSum, feed, Engines.reference(), DataType.FLOAT64, EXTENTS);
        Map<String, double[]> actual = Probe.run(given, feed, Engines.reference(), DataType.FLOAT64, EXTENTS);
        for (Value value : wanted) {
            String name = "d" + value.name();
            assertArrayEquals(expected.get(name), actual.get(name), 1e-15, name);
        }
    }

    @Test
    void areRefusedInAnotherShape() {
        builder.output("y", outputs.y());
        Graph graph = builder.build();
        assertEquals(
                "lstm: expected a gradient FLOAT32 [B,T,2], got FLOAT32 [B,T,5]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Gradients.of(graph, Map.of(outputs.y(), x), List.of(weightIh)))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> Gradients.of(graph, Map.of(), List.of(weightIh)));
    }
}
