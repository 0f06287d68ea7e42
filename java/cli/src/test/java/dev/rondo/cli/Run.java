package dev.rondo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Stream;

/// What a command did, run within this process.
///
/// @param exitCode 0 done, 1 failed, 2 wrong command line
/// @param out what it printed
/// @param err what it said besides
record Run(int exitCode, String out, String err) {
    static Run of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new PrintWriter(out),
                new PrintWriter(err),
                Stream.of(arguments).map(Object::toString).toArray(String[]::new));
        return new Run(exitCode, out.toString(), err.toString());
    }

    /// A run that must succeed, without a word on standard error.
    static String done(Object... arguments) {
        Run run = of(arguments);
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        return run.out();
    }

    /// A run that must fail with one line on standard error.
    static String failed(int exitCode, Object... arguments) {
        Run run = of(arguments);
        assertEquals(exitCode, run.exitCode(), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        return run.err().strip();
    }

    /// A model that has learned a little of the text.
    static Path trained(Path text, Path model, Object... more) {
        done(Stream.concat(
                        Stream.of(
                                "train", "text", "--input", text, "--save", model, "--units", 12, "--embedding", 6,
                                "--steps", 8, "--batch", 4, "--epochs", 2, "--rate", 0.01),
                        Stream.of(more))
                .toArray());
        return model;
    }
}
