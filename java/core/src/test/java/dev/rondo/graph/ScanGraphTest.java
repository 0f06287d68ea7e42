package dev.rondo.graph;

import static dev.rondo.graph.Graph.Builder.roles;
import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.cells.RewrittenCell;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.layers.RecordedCells;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/// Scans in graphs: shapes, what is moved out of a step, what becomes one product over all steps, and what is refused.
class ScanGraphTest {
    private final Graph.Builder builder = Graph.builder();
    private final Value x = builder.input("x", DataType.FLOAT32, Shape.of(BATCH, TIME, 5));
    private final Graph.Builder step = Graph.builder();
    private final Value slice = step.input("x", DataType.FLOAT32, Shape.of(BATCH, 5));
    private final Value h = step.input("h", DataType.FLOAT32, Shape.of(BATCH, 5));

    private static void refused(String message, Runnable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
    }

    private Op.Scan scan() {
        return new Op.Scan(step.build(), List.of(slice), Direction.FORWARD);
    }

    private SequencedMap<String, Value> given(Op.Scan scan) {
        SequencedMap<String, Value> inputs = roles("x", x);
        scan.constants().forEach(
                constant -> inputs.put(constant.name(), builder.parameter("p/" + constant.name(), constant.shape())));
        return inputs;
    }

    private static List<Op> ops(Graph graph) {
        return graph.nodes().stream().map(Node::op).toList();
    }

    @Test
    void shapes() {
        Value sum = step.binary("sum", BinaryKind.ADD, slice, h);
        step.carry(h, sum).output("y", sum);
        Node node = builder.add("scan", scan(), roles("x", x));

        assertEquals(Shape.of(BATCH, TIME, 5), node.output("y").shape());
        assertEquals("scan", node.output("y").name());
        assertEquals(Shape.of(BATCH, 5), node.output("hN").shape());
        assertEquals(DataType.OPAQUE, node.output("saved").type());
    }

    /// No product with x is left in the step, nor one of its bias; all products of weights and gradients are of all steps.
    @Test
    void inputProductsLeaveTheStep() {
        for (RecurrentCell cell : List.of(RecurrentCell.LSTM_PEEPHOLES, RecurrentCell.GRU_RESET_AFTER)) {
            Graph.Builder graph = Graph.builder();
            Value input = graph.input("x", DataType.FLOAT32, Shape.of(BATCH, TIME, 5));
            Op.Scan whole = RecordedCells.scan(new RewrittenCell(cell, 3), 5, Direction.FORWARD);
            SequencedMap<String, Value> inputs = new LinkedHashMap<>();
            inputs.put("x", input);
            whole.constants().forEach(constant -> inputs.put(
                    constant.name(), graph.parameter("cell/" + constant.name(), constant.shape())));
            Node node = graph.scan("cell", whole, inputs);
            graph.output("y", node.output("y"));

            Op.Scan left = (Op.Scan) node.op();
            assertEquals(2L * cell.gates(), products(whole.step()));
            assertEquals(cell.gates(), products(left.step()));
            List<Value> inputProducts = graph.build().nodes().stream()
                    .filter(n -> n.op() instanceof Op.MatMul).map(n -> n.output("y")).toList();
            assertEquals(cell.gates(), inputProducts.size());
            inputProducts.forEach(product -> assertEquals(Shape.of(BATCH, TIME, 3), product.shape()));
            for (int gate = 0; gate < cell.gates(); gate++) {
                assertTrue(!left.constants().toString().contains("W" + gate), left.constants().toString());
                assertTrue(!left.constants().toString().contains("b" + gate), left.constants().toString());
            }

            Graph built = graph.build();
            Value loss = graph.reduce("loss", new Op.Reduce(Op.ReduceKind.SUM, 0, 3), node.output("y"));
            Graph gradients = Gradients.of(graph.build(), loss, built.parameters()).graph();
            Op.ScanGradient back = (Op.ScanGradient) gradients.nodes().stream()
                    .map(Node::op).filter(Op.ScanGradient.class::isInstance).findFirst().orElseThrow();
            // Of each U in the step: U times what comes back. Its own gradient is a product of all steps.
            assertEquals(cell.gates(), products(back.back()));
            assertEquals(1, back.back().carried().size() - (cell.hasC() ? 1 : 0), "no sum is taken step by step");
        }
    }

    private static long products(Graph graph) {
        return graph.nodes().stream().filter(node -> node.op() instanceof Op.MatMul).count();
    }

    /// What depends on constants alone is computed once; what depends on a state stays.
    @Test
    void constantsLeaveTheStep() {
        Value w = step.input("w", DataType.FLOAT32, Shape.of(5));
        Value once = step.unary("once", UnaryKind.EXP, step.binary("half", BinaryKind.MULTIPLY, w, step.constant(0.5)));
        Value scaled = step.binary("scaled", BinaryKind.MULTIPLY, slice, once);
        Value sum = step.binary("sum", BinaryKind.ADD, scaled, h);
        Value doubled = step.binary("doubled", BinaryKind.MULTIPLY, sum, step.constant(2));
        step.carry(h, doubled).output("y", sum);
        Op.Scan scan = scan();
        Node node = builder.scan("scan", scan, given(scan));

        Graph left = ((Op.Scan) node.op()).step();
        assertEquals(
                List.of(new Op.Constant(0.5), new Op.Constant(2.0), new Op.Binary(BinaryKind.ADD), new Op.Binary(BinaryKind.MULTIPLY)),
                ops(left).stream().sorted((a, b) -> Boolean.compare(b instanceof Op.Constant, a instanceof Op.Constant)).toList());
        assertEquals(Shape.of(BATCH, TIME, 5), node.input("scaled").shape());
        assertEquals(Shape.of(BATCH, TIME, 5), node.output("y").shape());
    }

    /// A step may give or keep what does not depend on its states.
    @Test
    void outputsAndStatesMayNotDependOnStates() {
        Value twice = step.binary("twice", BinaryKind.MULTIPLY, slice, step.constant(2));
        step.carry(h, twice).output("y", twice).output("same", slice).output("before", h);
        Node node = builder.scan("scan", scan(), roles("x", x));

        assertEquals(List.of(new Op.Unary(UnaryKind.IDENTITY)),
                ops(((Op.Scan) node.op()).step()).stream().filter(op -> !(op instanceof Op.Constant)).toList());
        assertEquals(List.of("y", "same", "before", "hN", "saved"), List.copyOf(node.outputs().keySet()));
    }

    @Test
    void wrongInputsAreRefused() {
        Value w = step.input("w", DataType.FLOAT32, Shape.of(5));
        Value sum = step.binary("sum", BinaryKind.ADD, step.binary("product", BinaryKind.MULTIPLY, slice, w), h);
        step.carry(h, sum).output("y", sum);
        Op.Scan scan = scan();
        Value row = builder.parameter("row", Shape.of(5));
        Value other = builder.parameter("other", Shape.of(4));
        Value state = builder.input("state", DataType.FLOAT32, Shape.of(BATCH, 4));
        refused("a: expected an input w, got [x]", () -> builder.add("a", scan, roles("x", x)));
        refused("a: expected an input w, got [x]", () -> builder.scan("a", scan, roles("x", x)));
        refused("b: x (row): expected [B,T,5], got [5]", () -> builder.add("b", scan, roles("x", row, "w", row)));
        refused("c: w (other): expected FLOAT32 [5], got FLOAT32 [4]",
                () -> builder.add("c", scan, roles("x", x, "w", other)));
        refused("d: h0 (state): expected [B,5], got [B,4]",
                () -> builder.add("d", scan, roles("x", x, "w", row, "h0", state)));
        refused("e: lengths (row): expected INT32 [B], got FLOAT32 [5]",
                () -> builder.add("e", scan, roles("x", x, "w", row, "lengths", row)));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> builder.add("f", scan, roles("x", x, "w", row, "more", row)))
                .getMessage().endsWith(", got more"));
    }

    @Test
    void wrongStepsAreRefused() {
        refused("scan: expected at least one sequence, got none",
                () -> new Op.Scan(step.build(), List.of(), Direction.FORWARD));
        step.carry(h, h);
        refused("h: expected a node of its own to make the state's next value, got h [B,5]", this::scan);
        Value sum = step.binary("sum", BinaryKind.ADD, slice, h);
        step.carry(h, sum);
        refused("h: expected a sequence to be an input of the step that it does not carry",
                () -> new Op.Scan(step.build(), List.of(h), Direction.FORWARD));
        Graph good = step.build();

        Graph.Builder withLoss = good.toBuilder();
        Value targets = withLoss.input("targets", DataType.FLOAT32, Shape.of(BATCH, 5));
        withLoss.elementwiseLoss("loss", Op.LossKind.SQUARED, sum, targets);
        refused("loss: expected an operation that a step can hold: no recurrence, loss or update, got"
                        + " ElementwiseLoss[kind=SQUARED]",
                () -> new Op.Scan(withLoss.build(), List.of(slice), Direction.FORWARD));

        Graph.Builder withParameter = good.toBuilder();
        withParameter.parameter("p", Shape.of(5));
        refused("scan: expected parameters to come from outside of the step, got [p [5]]",
                () -> new Op.Scan(withParameter.build(), List.of(slice), Direction.FORWARD));

        Graph.Builder withConstant = good.toBuilder();
        withConstant.output("y", withConstant.input("w", DataType.FLOAT32, Shape.of(5)));
        refused("w: expected [B,...] in a step, got [5]",
                () -> new Op.Scan(withConstant.build(), List.of(slice), Direction.FORWARD));

        Graph.Builder taken = good.toBuilder();
        taken.input("h0", DataType.FLOAT32, Shape.of(5));
        refused("h0: expected a name of its own for each sequence, constant, state (with 0 or N behind it) and output"
                        + " (with d before it) of a step, and others than lengths and saved",
                () -> new Op.Scan(taken.build(), List.of(slice), Direction.FORWARD));
    }
}
