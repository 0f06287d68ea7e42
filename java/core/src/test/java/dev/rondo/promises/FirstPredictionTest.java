package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.graph.Op;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A first prediction waits for the classes that it loads, up to half a millisecond for each: it loads none that it has
/// no use for.
class FirstPredictionTest {
    private static final Pattern LOADED = Pattern.compile("] (dev\\.rondo\\.\\S+) source: ");
    /// What a first prediction has no use for.
    private static final List<String> FOREIGN = List.of(
            "dev.rondo.data.", "dev.rondo.decoding.", "dev.rondo.kernels.reference.", "dev.rondo.metrics.",
            "dev.rondo.training.");
    /// The one operation that is asked for beside its family, by graphs that look for it.
    private static final String LOOKED_FOR = Op.Windows.class.getName();
    /// As many as there were when this was written.
    private static final int LAMBDAS = 12;

    @TempDir
    Path folder;

    /// Predicts as a user's first program does.
    static final class Reader {
        private Reader() {}

        /// Run with the model's file.
        public static void main(String[] arguments) throws IOException {
            float[] y = new float[1];
            try (InferenceSession session = InferenceSession.open(Path.of(arguments[0]))) {
                session.run(new float[5 * 3], y);
            }
            System.out.println("predicted " + y[0]);
        }
    }

    @Test
    void loadsNothingThatItHasNoUseFor() throws Exception {
        Path file = folder.resolve("model.safetensors");
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), Lstm.units(8), Dense.units(1))) {
            model.save(file);
        }
        List<String> lines = Child.lines(
                Child.java(List.of("-Xlog:class+load"), Reader.class, List.of(file.toString())));
        assertEquals(1, lines.stream().filter(line -> line.startsWith("predicted ")).count());
        Set<String> classes = new TreeSet<>();
        for (String line : lines) {
            Matcher loaded = LOADED.matcher(line);
            if (loaded.find()) {
                classes.add(loaded.group(1));
            }
        }
        List<String> useless = new ArrayList<>();
        List<String> lambdas = new ArrayList<>();
        for (String name : classes) {
            if (FOREIGN.stream().anyMatch(name::startsWith) || isOfAFamily(name) && !name.equals(LOOKED_FOR)) {
                useless.add(name);
            }
            if (name.contains("$$Lambda/")) {
                lambdas.add(name);
            }
        }
        assertTrue(classes.contains(Op.Recurrent.class.getName()), classes.toString());
        assertEquals(List.of(), useless);
        assertTrue(lambdas.size() <= LAMBDAS, lambdas.toString());
        Child.report(
                "a first prediction loads %d classes of Rondo, %d of them lambdas", classes.size(), lambdas.size());
    }

    /// Whether it is an operation of a family, of which the model has none.
    private static boolean isOfAFamily(String name) throws ClassNotFoundException {
        if (!name.startsWith(Op.class.getName() + "$")) {
            return false;
        }
        Class<?> type = Class.forName(name);
        return type.isRecord() && Op.class.isAssignableFrom(type) && !List.of(type.getInterfaces()).contains(Op.class);
    }
}
