package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ScalerTest {
    @Test
    void eachKindDoesWhatItSays() {
        assertEquals(new Scaler(Scaler.Kind.MIN_MAX, -2, 8), Scaler.fit(Scaler.Kind.MIN_MAX, 0, 6, -2));
        // Mean 5, squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 over 8.
        assertEquals(
                new Scaler(Scaler.Kind.STANDARD, 5, 2), Scaler.fit(Scaler.Kind.STANDARD, 2, 4, 4, 4, 5, 5, 7, 9));
        Scaler log = Scaler.fit(Scaler.Kind.LOG, Math.exp(1), Math.exp(5));
        assertEquals(3, log.offset(), 1e-15);
        assertEquals(2, log.scale(), 1e-15);
        assertEquals(0.5, log.apply(Math.exp(4)), 1e-15);
    }

    /// The way back rounds a few times, and exp makes a relative error of the exponent's absolute one, below 8 ulp here.
    @ParameterizedTest
    @EnumSource
    void theWayBackIsExactToRounding(Scaler.Kind kind) {
        Random random = new Random(5);
        double[] values = random.doubles(100, 1, 700).toArray();
        Scaler scaler = Scaler.fit(kind, values);
        double[] scaled = scaler.apply(values);
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], scaler.invert(scaled[i]), 1e-13 * 700);
        }
        if (kind == Scaler.Kind.MIN_MAX) {
            assertEquals(0, Arrays.stream(scaled).min().orElseThrow(), 0);
            assertEquals(1, Arrays.stream(scaled).max().orElseThrow(), 1e-15);
        } else {
            assertEquals(0, Arrays.stream(scaled).average().orElseThrow(), 1e-13);
            assertEquals(1, Arrays.stream(scaled).map(x -> x * x).average().orElseThrow(), 1e-13);
        }
    }

    @ParameterizedTest
    @EnumSource
    void textIsReadBackBitForBit(Scaler.Kind kind) {
        Scaler scaler = new Scaler(kind, -1.0 / 3, Math.nextUp(1e-300));
        assertEquals(scaler, Scaler.ofText(scaler.text()));
        assertArrayEquals(new double[0], scaler.apply());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            standard 1          | expected one of standard, min_max, log, offset and scale, got 'standard 1'
            robust 1 2          | expected one of standard
            STANDARD 1 2        | expected one of standard
            standard one 2      | expected a number, got 'one'
            standard NaN 2      | offset: expected a finite number, got NaN
            standard 1 0        | scale: expected a finite number above 0, got 0.0
            standard 1 -3       | scale: expected a finite number above 0, got -3.0
            standard 1 Infinity | scale: expected a finite number above 0, got Infinity""")
    void anyOtherTextIsRefused(String text, String message) {
        refused(message, () -> Scaler.ofText(text));
    }

    @Test
    void whatCannotBeScaledIsRefused() {
        refused("values: expected at least one, got none", () -> Scaler.fit(Scaler.Kind.STANDARD));
        refused("values: expected different ones, got 3 times 4.0", () -> Scaler.fit(Scaler.Kind.STANDARD, 4, 4, 4));
        refused("values: expected different ones, got 1 times 4.0", () -> Scaler.fit(Scaler.Kind.MIN_MAX, 4));
        refused("values[1]: expected a finite number, got NaN", () -> Scaler.fit(Scaler.Kind.STANDARD, 1, Double.NaN));
        refused("values[0]: expected a finite number above 0, got 0.0", () -> Scaler.fit(Scaler.Kind.LOG, 0, 1));
        refused("scale: expected a finite number above 0, got Infinity",
                () -> Scaler.fit(Scaler.Kind.MIN_MAX, -Double.MAX_VALUE, Double.MAX_VALUE));
        Scaler log = new Scaler(Scaler.Kind.LOG, 0, 1);
        refused("value: expected a finite number above 0, got -1.0", () -> log.apply(-1));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
