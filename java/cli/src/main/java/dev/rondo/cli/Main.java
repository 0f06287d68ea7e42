package dev.rondo.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/// The command's entry.
public final class Main {
    private Main() {}

    /// Runs the command and ends the process: 0 when done, 1 when it failed, 2 when the command line was wrong.
    ///
    /// @param arguments what stands behind `rondo` on the command line
    public static void main(String[] arguments) {
        Console console = System.console();
        Screen screen = console != null && console.isTerminal() ? Screen.terminal() : Screen.log();
        System.exit(commandLine(screen)
                .setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
                .execute(arguments));
    }

    /// Runs the command within this process, as if its output went to a file.
    ///
    /// @param out where results go
    /// @param err where errors go
    /// @return the exit code
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return commandLine(Screen.log()).setOut(out).setErr(err).execute(arguments);
    }

    private static CommandLine commandLine(Screen screen) {
        CommandLine line = new CommandLine(new RondoCommand(screen));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setParameterExceptionHandler(Failures::wrongCommandLine);
        line.setExecutionExceptionHandler(Failures::failed);
        line.setExecutionStrategy(Failures::execute);
        return line;
    }
}
