package dev.rondo.graph;

import static dev.rondo.graph.Graph.Builder.roles;
import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Op.AdamForm;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.LossKind;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.RootForm;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/// Shapes that are inferred, and what is said when they do not fit.
class GraphTest {
    private final Graph.Builder builder = Graph.builder();
    private final Value x = builder.input("x", DataType.FLOAT32, Shape.of(BATCH, TIME, 5));
    private final Value lengths = builder.input("lengths", DataType.INT32, Shape.of(BATCH));
    private final Value weightIh = builder.parameter("ih", Shape.of(12, 5));
    private final Value weightHh = builder.parameter("hh", Shape.of(12, 3));
    private final Value gruIh = builder.parameter("gruIh", Shape.of(12, 5));
    private final Value gruHh = builder.parameter("gruHh", Shape.of(12, 4));

    private static void refused(String message, Runnable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
    }

    private RecurrentOutputs add(String name, RecurrentCell cell, RecurrentInputs inputs) {
        return builder.recurrent(name, new Op.Recurrent(cell), inputs);
    }

    @Test
    void recurrent() {
        RecurrentOutputs outputs =
                add("lstm", RecurrentCell.LSTM, RecurrentInputs.of(x, weightIh, weightHh).lengths(lengths));
        assertEquals(Shape.of(BATCH, TIME, 3), outputs.y().shape());
        assertEquals("lstm", outputs.y().name());
        assertEquals(Shape.of(BATCH, 3), outputs.hN().shape());
        assertEquals("lstm.cN", outputs.cN().orElseThrow().name());
        RecurrentOutputs gru = add("gru", RecurrentCell.GRU_RESET_AFTER, RecurrentInputs.of(x, gruIh, gruHh));
        assertEquals(Shape.of(BATCH, TIME, 4), gru.y().shape());
        assertTrue(gru.cN().isEmpty());
    }

    @Test
    void recurrentOfWrongShapes() {
        RecurrentInputs inputs = RecurrentInputs.of(x, weightIh, weightHh);
        refused("a: x (ih): expected [B,T,I], got [12,5]",
                () -> add("a", RecurrentCell.LSTM, RecurrentInputs.of(weightIh, weightIh, weightHh)));
        refused("b: weightHh (ih): expected [4*H,H] of LSTM = [20,5], got [12,5]",
                () -> add("b", RecurrentCell.LSTM, RecurrentInputs.of(x, weightIh, weightIh)));
        refused("c: weightIh (hh): expected [12,5], got [12,3]",
                () -> add("c", RecurrentCell.LSTM, RecurrentInputs.of(x, weightHh, weightHh)));
        refused("d: biasIh (x): expected [12], got [B,T,5]", () -> add("d", RecurrentCell.LSTM, inputs.biasIh(x)));
        refused("d: biasHh (x): expected [12], got [B,T,5]", () -> add("d", RecurrentCell.LSTM, inputs.biasHh(x)));
        refused("e: h0 (x): expected [B,3], got [B,T,5]", () -> add("e", RecurrentCell.LSTM, inputs.h0(x)));
        refused("e: c0 (x): expected [B,3], got [B,T,5]", () -> add("e", RecurrentCell.LSTM, inputs.c0(x)));
        refused("f: lengths (x): expected INT32 [B], got FLOAT32 [B,T,5]",
                () -> add("f", RecurrentCell.LSTM, inputs.lengths(x)));
        refused("g: x (lengths): expected FLOAT32, got INT32",
                () -> add("g", RecurrentCell.LSTM, RecurrentInputs.of(lengths, weightIh, weightHh)));
        refused("h: recurrentMask (x): expected [B,3], got [B,T,5]",
                () -> add("h", RecurrentCell.LSTM, inputs.recurrentMask(x)));
        refused("i: weightHh (hh): expected [3*H,H] of GRU_RESET_AFTER = [9,3], got [12,3]",
                () -> add("i", RecurrentCell.GRU_RESET_AFTER, inputs));
        refused("j: weightHh (hh): expected [1*H,H] of RNN_TANH = [3,3], got [12,3]",
                () -> add("j", RecurrentCell.RNN_TANH, inputs));
    }

    /// What a cell does not have cannot be given to it, and what it must have must be.
    @Test
    void recurrentOfOtherCells() {
        Value state = builder.input("state", DataType.FLOAT32, Shape.of(BATCH, 4));
        Value bias = builder.parameter("bias", Shape.of(12));
        Value vector = builder.parameter("vector", Shape.of(4));
        RecurrentInputs gru = RecurrentInputs.of(x, gruIh, gruHh);
        RecurrentInputs lstm = RecurrentInputs.of(x, weightIh, weightHh);
        for (String role : List.of("c0", "biasHn", "peepholes")) {
            RecurrentInputs inputs = switch (role) {
                case "c0" -> gru.c0(state);
                case "biasHn" -> gru.biasHn(vector);
                default -> gru.peepholes(bias);
            };
            String message = assertThrows(IllegalArgumentException.class,
                    () -> add("a", RecurrentCell.GRU_RESET_BEFORE, inputs)).getMessage();
            assertTrue(message.startsWith("a: expected inputs [") && message.endsWith("], got " + role), message);
        }
        refused("b: biasHn (vector): expected none beside biasHh, which holds it, got both",
                () -> add("b", RecurrentCell.GRU_RESET_AFTER, gru.biasHh(bias).biasHn(vector)));
        refused("c: biasHn (bias): expected [4], got [12]",
                () -> add("c", RecurrentCell.GRU_RESET_AFTER, gru.biasHn(bias)));
        refused("d: expected an input peepholes, got [x, weightIh, weightHh]",
                () -> add("d", RecurrentCell.LSTM_PEEPHOLES, lstm));
        refused("e: peepholes (bias): expected [9], got [12]",
                () -> add("e", RecurrentCell.LSTM_PEEPHOLES, lstm.peepholes(bias)));
    }

    @Test
    void aRecurrentMaskHasNoGradient() {
        Value mask = builder.input("mask", DataType.FLOAT32, Shape.of(BATCH, 3));
        RecurrentOutputs outputs =
                add("lstm", RecurrentCell.LSTM, RecurrentInputs.of(x, weightIh, weightHh).recurrentMask(mask));
        Value sum = builder.reduce("sum", new Op.Reduce(ReduceKind.SUM, 0, 3), outputs.y());
        Graph graph = builder.build();
        refused("lstm: recurrentMask has no gradient", () -> Gradients.of(graph, sum, List.of(mask)));
        assertEquals(List.of("lstm"), List.copyOf(Gradients.of(graph, sum, List.of(x)).stateNorms().keySet()));
    }

    @Test
    void products() {
        assertEquals(Shape.of(BATCH, TIME, 12), builder.dense("dense", x, weightIh).shape());
        Value y = builder.input("dy", DataType.FLOAT32, Shape.of(BATCH, TIME, 12));
        assertEquals(Shape.of(12, 5), builder.matMul("dw", Transpose.A, y, x).shape());
        refused("bad: b (hh): expected [5], got [3]", () -> builder.dense("bad", x, weightHh));
        refused("bias: bias (hh): expected [12], got [12,3]", () -> builder.dense("bias", x, weightIh, weightHh));
        refused("three: b (x): expected a matrix, got [B,T,5]", () -> builder.dense("three", x, x));
    }

    @Test
    void elementwise() {
        Value row = builder.parameter("row", Shape.of(5));
        assertEquals(x.shape(), builder.binary("sum", BinaryKind.ADD, row, x).shape());
        assertEquals(x.shape(), builder.binary("product", BinaryKind.MULTIPLY, x, builder.constant(2)).shape());
        refused("bad: b (ih): expected extents as in [B,T,5], of 1, or none in front, got [12,5]",
                () -> builder.binary("bad", BinaryKind.ADD, x, weightIh));
        assertEquals(Shape.of(BATCH, 5), builder.reduce("mean", new Op.Reduce(ReduceKind.MEAN, 1, 2), x).shape());
        refused("high: x (x): expected a rank of at least 4, got [B,T,5]",
                () -> builder.reduce("high", new Op.Reduce(ReduceKind.SUM, 2, 4), x));
    }

    @Test
    void losses() {
        Value labels = builder.input("labels", DataType.INT32, Shape.of(BATCH, TIME));
        assertEquals(Shape.scalar(), builder.softmaxCrossEntropy("loss", x, labels, lengths).loss().shape());
        refused("bad: labels (lengths): expected INT32 [B,T], got INT32 [B]",
                () -> builder.softmaxCrossEntropy("bad", x, lengths));
        refused("none: labels, targets: expected one of both, got [logits]",
                () -> builder.add("none", new Op.SoftmaxCrossEntropy(), roles("logits", x)));
        refused("rank: logits (lengths): expected FLOAT32, got INT32",
                () -> builder.softmaxCrossEntropy("rank", lengths, labels));
    }

    @Test
    void lossesThatCompareNumbers() {
        Graph.Builder graph = Graph.builder();
        Value x = graph.input("x", DataType.FLOAT32, Shape.of(BATCH, TIME, 3));
        Value targets = graph.input("targets", DataType.FLOAT32, Shape.of(BATCH, TIME, 3));
        Value one = graph.input("one", DataType.FLOAT32, Shape.of(BATCH, TIME, 1));
        Value flat = graph.input("flat", DataType.FLOAT32, Shape.of(BATCH));
        Value labels = graph.input("labels", DataType.INT32, Shape.of(BATCH, TIME));
        assertEquals(Shape.scalar(), graph.elementwiseLoss("loss", LossKind.SQUARED, x, targets).loss().shape());
        refused("a: targets (one): expected [B,T,3], got [B,T,1]",
                () -> graph.elementwiseLoss("a", LossKind.SQUARED, x, one));
        refused("b: x (flat): expected [B,T,n] or [B,n], got [B]",
                () -> graph.elementwiseLoss("b", LossKind.SQUARED, flat, flat));
        refused("c: targets (labels): expected FLOAT32, got INT32",
                () -> graph.elementwiseLoss("c", LossKind.BINARY, x, labels));
        refused("d: lengths (labels): expected INT32 [B], got INT32 [B,T]",
                () -> graph.elementwiseLoss("d", LossKind.BINARY, x, targets, labels));
    }

    @Test
    void optimizersTakeTheStatesThatTheirSettingsAskFor() {
        Graph.Builder graph = Graph.builder();
        Value w = graph.input("w", DataType.FLOAT32, Shape.of(5));
        Value rate = graph.input("rate", DataType.FLOAT32, Shape.scalar());
        Op centered = new Op.RmsProp(0.9f, 1e-7f, 0, true, RootForm.KERAS);
        Op plain = new Op.RmsProp(0.9f, 1e-7f, 0, false, RootForm.KERAS);
        Op momentum = new Op.RmsProp(0.9f, 1e-7f, 0.5f, false, RootForm.KERAS);
        SequencedMap<String, Value> v = roles("parameters", w, "gradients", w, "v", w, "rate", rate);
        graph.add("plain", plain, v);
        refused("a: expected an input m, got [parameters, gradients, v, rate]", () -> graph.add("a", centered, v));
        refused("b: expected an input velocity, got [parameters, gradients, v, rate]",
                () -> graph.add("b", momentum, v));
        refused("c: gradients (w): expected at least [6] for the tensors, got [5]",
                () -> graph.add("c", new Op.ClipNorms(1, List.of(new Op.Range(2, 6))),
                        roles("gradients", w)));
        assertThrows(IllegalArgumentException.class, () -> new Op.ClipNorms(0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new Op.ClipValues(Float.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Op.Range(3, 2));
        assertThrows(IllegalArgumentException.class, () -> new Op.RmsProp(1, 1e-7f, 0, false, RootForm.KERAS));
        assertThrows(IllegalArgumentException.class, () -> new Op.Adagrad(-1, 1e-7f, RootForm.KERAS));
        assertThrows(IllegalArgumentException.class, () -> new Op.Adam(0.9f, 0.9f, 1e-7f, -1, AdamForm.KERAS));
    }

    @Test
    void rolesAreChecked() {
        refused("a: expected an input x, got []", () -> builder.add("a", new Op.Softmax(), roles()));
        refused("b: expected inputs [x], got z",
                () -> builder.add("b", new Op.Unary(UnaryKind.TANH), roles("x", x, "z", x)));
    }

    @Test
    void namesAreUnique() {
        builder.softmax("same", x);
        refused("same: expected a name of its own for each node", () -> builder.softmax("same", x));
        refused("x: expected a name of its own for each value",
                () -> builder.input("x", DataType.FLOAT32, Shape.scalar()));
        builder.output("y", x);
        refused("y: expected a name of its own for each output", () -> builder.output("y", x));
    }

    @Test
    void valuesOfOtherGraphsAreRefused() {
        Value foreign = Graph.builder().input("foreign", DataType.FLOAT32, Shape.of(1));
        refused("a: expected a value of this graph, got foreign [1]", () -> builder.softmax("a", foreign));
        refused("foreign: expected a value of this graph, got foreign [1]", () -> builder.output("z", foreign));
    }

    @Test
    void carriedPairsAreAlike() {
        RecurrentOutputs outputs = add("lstm", RecurrentCell.LSTM, RecurrentInputs.of(x, weightIh, weightHh));
        refused("x: expected an input FLOAT32 [B,T,5] carried from one like it, got FLOAT32 lstm.hN [B,3]",
                () -> builder.carry(x, outputs.hN()));
    }

    @Test
    void parametersAndInputsAreOfFewTypes() {
        refused("p: expected a parameter's shape without symbols, got [B]",
                () -> builder.parameter("p", Shape.of(BATCH)));
        refused("q: expected FLOAT32, INT32, INT64 or BOOL, got FLOAT64 (a plan widens FLOAT32 to FLOAT64)",
                () -> builder.input("q", DataType.FLOAT64, Shape.of(1)));
    }

    @Test
    void gradientsWantAScalarThatDependsOnTheWanted() {
        Value sum = builder.reduce("sum", new Op.Reduce(ReduceKind.SUM, 0, 3), x);
        Value max = builder.reduce("max", new Op.Reduce(ReduceKind.MAX, 0, 3), x);
        Graph graph = builder.build();
        refused("x: expected a scalar to take gradients of, got [B,T,5]", () -> Gradients.of(graph, x, List.of(x)));
        refused("sum: expected to depend on ih", () -> Gradients.of(graph, sum, List.of(weightIh)));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Gradients.of(graph, max, List.of(x)))
                .getMessage().contains("has no gradient"));
        assertEquals(x.shape(), Gradients.of(graph, sum, List.of(x)).of(x).shape());
    }

    /// A node that no gradient flows through may be of any kind.
    @Test
    void whatTheLossDoesNotDependOnNeedsNoGradient() {
        builder.reduce("max", new Op.Reduce(ReduceKind.MAX, 0, 3), x);
        Value y = builder.unary("y", UnaryKind.TANH, x);
        Value sum = builder.reduce("sum", new Op.Reduce(ReduceKind.SUM, 0, 3), y);
        assertEquals(x.shape(), Gradients.of(builder.build(), sum, List.of(x)).of(x).shape());
    }
}
