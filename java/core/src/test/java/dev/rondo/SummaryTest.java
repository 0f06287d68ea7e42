package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Value;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What models say of themselves.
class SummaryTest {
    private static void printed(String expected, String actual) {
        assertEquals(expected, actual.replace(System.lineSeparator(), "\n"));
    }

    @Test
    void aChainSaysWhatRunsItsLayers() {
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME),
                Embedding.of(10, 4),
                Lstm.units(5).returnSequences(),
                Lstm.units(5).projection(2).cellClip(3).returnSequences(),
                Bidirectional.of(Gru.units(3).returnSequences(), Bidirectional.Merge.SUM),
                SimpleRnn.units(3).activation(Activation.HARD_SIGMOID).returnSequences(),
                Rnn.of((s, x) -> {
                    Value h = s.state("h", 2);
                    return s.next(h, s.tanh(s.add(s.product("in", x, 2, Initializer.ones()), h)));
                }),
                Dense.units(6))) {
            printed(
                    """
                    layer            kind          gives                  parameters  runs as
                    x                Input         int32 [B,T]                     0
                    embedding        Embedding     float32 [B,T,4]                40
                    lstm             Lstm          float32 [B,T,5]               200  fused LSTM kernel
                    lstm_1           Lstm          float32 [B,T,2]               170  general path: cell clip 3.0, projection 2
                    bidirectional    Bidirectional float32 [B,T,3]               114  fused GRU kernel
                    rnn              SimpleRnn     float32 [B,T,3]                21  general path: activation hard_sigmoid
                    rnn_1            Rnn           float32 [B,2]                   6  general path: cell of states [h] and 3 operations
                    dense            Dense         float32 [B,6]                  18
                                                                                 569
                    569 parameters, all trained
                    """,
                    model.summary());
        }
    }

    @Test
    void aNetworkSaysWhatItsLayersTake() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 2));
        Symbols lstm = b.apply(Lstm.units(3), x);
        Symbols again = b.apply(Lstm.units(3).inputClip(2).returnSequences().named("again"), x, lstm.states());
        try (Functional model = b.output("a", lstm.y()).output("b", again.y()).build()) {
            printed(
                    """
                    layer            kind       gives                  parameters  runs as                       takes
                    x                Input      float32 [B,T,2]                 0
                    lstm             Lstm       float32 [B,3]                  72  fused LSTM kernel             x
                    again            Lstm       float32 [B,T,3]                72  general path: input clip 2.0  x, lstm/h, lstm/c
                    a                output     float32 [B,3]                                                    lstm
                    b                output     float32 [B,T,3]                                                  again
                                                                              144
                    144 parameters, all trained
                    """,
                    model.summary());
        }
    }

    /// Of a dense layer all is known: x `[B,3]` and y `[B,2]`; in training the gradient of y, a scalar of each
    /// operation of the loss, and the gradients in pieces of 64 bytes each.
    @Test
    void memoryIsWhatPlansTake() {
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(2))) {
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.meanSquaredError())
                    .engine(Runs.engine(Choice.JAVA)));
            Memory memory = model.memory(7, 1);
            assertEquals(128, memory.parameters());
            assertEquals(7 * 3 * 4 + 7 * 2 * 4, memory.prediction());
            assertEquals(2 * (6 + 2) * 4, memory.optimizer());
            assertTrue(memory.training() >= memory.prediction() + 7 * 2 * 4 + 128, memory.toString());
            assertTrue(memory.training() <= memory.prediction() + 7 * 2 * 4 + 128 + 10 * 4, memory.toString());
            assertEquals(memory, model.memory(7, 5));
            assertEquals(2 * memory.prediction(), model.memory(14, 1).prediction());
        }
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void memoryGrowsWithBatchAndSteps(Choice kernels) {
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, 3),
                Lstm.units(8).returnSequences(),
                Lstm.units(8).coupled().returnSequences(),
                Dense.units(4))) {
            Memory alone = model.memory(2, 10);
            assertEquals(0, alone.optimizer());
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.meanSquaredError())
                    .engine(Runs.engine(kernels)));
            Memory small = model.memory(2, 10);
            Memory longer = model.memory(2, 100);
            Memory wider = model.memory(20, 10);
            assertEquals(2 * 4 * model.parameterCount(), small.optimizer());
            for (Memory larger : List.of(longer, wider)) {
                assertEquals(small.parameters(), larger.parameters());
                assertTrue(larger.prediction() > 2 * small.prediction(), larger + " after " + small);
                assertTrue(larger.training() > 4 * small.training(), larger + " after " + small);
                assertTrue(larger.training() > larger.prediction(), larger.toString());
            }
            String lines = model.summary(2, 10).substring(model.summary().length());
            printed(
                    String.format(
                            Locale.ROOT,
                            """
                            native memory in bytes, for batches of 2 and 10 steps:
                              parameters   %,18d
                              prediction   %,18d
                              training     %,18d
                              optimizer    %,18d
                            """,
                            small.parameters(), small.prediction(), small.training(), small.optimizer()),
                    lines);
        }
    }

    @Test
    void aModelOfSeveralInputsAndOutputsTakesMemoryToo() {
        Functional.Builder b = Functional.builder();
        Symbol one = b.input(Input.features(Shape.TIME, 2).named("one"));
        Symbol two = b.input(Input.features(Shape.time(1), 2).named("two"));
        Symbols states = b.apply(Lstm.units(3), one);
        Symbol y = b.apply(Lstm.units(3).returnSequences().named("decoder"), two, states.states()).y();
        try (Functional model = b.output("y", y).output("h", states.h()).build()) {
            assertTrue(model.memory(2, 6).training() > model.memory(2, 3).training());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0", "-1, 5", "5, -2147483648"})
    void sizesBelowOneAreRefused(int batch, int steps) {
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(2))) {
            String message = "batch, steps: expected at least 1 each, got " + batch + " and " + steps;
            assertEquals(
                    message,
                    assertThrows(IllegalArgumentException.class, () -> model.memory(batch, steps)).getMessage());
            assertEquals(
                    message,
                    assertThrows(IllegalArgumentException.class, () -> model.summary(batch, steps)).getMessage());
        }
    }

    @Test
    void aClosedModelHasNoMemory() {
        Sequential model = Sequential.of(Input.features(3), Dense.units(2));
        model.close();
        assertThrows(IllegalStateException.class, () -> model.memory(1, 1));
        assertTrue(model.summary().contains("8 parameters, all trained"), model.summary());
    }
}
