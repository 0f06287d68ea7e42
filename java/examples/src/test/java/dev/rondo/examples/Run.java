package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import picocli.CommandLine;

/// What a command did, run within this process.
///
/// @param exitCode 0 done, 1 failed, 2 wrong command line
/// @param out what it printed
/// @param err what it said besides
/// @param scores what an example came to
record Run(int exitCode, String out, String err, List<Score> scores) {
    static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    static Run of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        line.getSubcommands().values().forEach(example ->
                example.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)));
        int exitCode = line.execute(arguments);
        List<Score> scores = new ArrayList<>();
        for (CommandLine example : line.getSubcommands().values()) {
            if (example.getExecutionResult() instanceof List<?> list) {
                list.forEach(score -> scores.add((Score) score));
            }
        }
        return new Run(exitCode, out.toString(), err.toString(), scores);
    }

    /// A run that must succeed, without a word on standard error, and print its scores.
    ///
    /// @return the scores
    static List<Score> done(String... arguments) {
        Run run = of(arguments);
        assertEquals(0, run.exitCode, run.err);
        assertEquals("", run.err);
        for (Score score : run.scores) {
            assertEquals(true, run.out.contains(score.measure()), run.out);
        }
        return run.scores;
    }

    /// As [#done], on data that lie outside the repository.
    ///
    /// @param folder of the data set
    static List<Score> onData(String folder, String... arguments) {
        folder(folder, "example " + arguments[0]);
        return done(Stream.concat(Stream.of(arguments), Stream.of("--data", DATA.toString())).toArray(String[]::new));
    }

    /// The folder of a data set that lies outside the repository: where it is not, the test is skipped, and says so.
    ///
    /// @param what would not run
    static Path folder(String name, String what) {
        Path folder = DATA.resolve(name);
        if (!Files.isDirectory(folder)) {
            System.out.println("Not run: " + what + ": there is no folder " + folder);
            Assumptions.abort("no folder " + folder);
        }
        return folder;
    }
}
