package dev.rondo.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// `rondo example`.
@Command(
        name = "rondo example",
        description = "Train a small model and score it beside a plain baseline and published numbers.",
        scope = ScopeType.INHERIT,
        sortOptions = false,
        usageHelpWidth = 100,
        synopsisSubcommandLabel = "NAME",
        commandListHeading = "%nExamples:%n",
        footerHeading = "%n",
        footer = "Exit codes: 0 done, 1 failed, 2 wrong command line.")
public final class Main implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and end.")
    private boolean help;

    @Option(names = "--list", description = "List the examples.")
    private boolean list;

    private Main() {}

    /// Runs an example and ends the process: 0 when done, 1 when it failed, 2 when the command line was wrong.
    ///
    /// @param arguments what stands behind `rondo example` on the command line
    public static void main(String[] arguments) {
        System.exit(commandLine()
                .setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
                .execute(arguments));
    }

    /// The command, with each example of the catalog as a subcommand.
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        Catalog.examples().forEach(line::addSubcommand);
        line.setUsageHelpAutoWidth(true);
        line.setParameterExceptionHandler(Main::wrongCommandLine);
        line.setExecutionExceptionHandler((e, command, _) -> failed(e, command));
        return line;
    }

    @Override
    public void run() {
        if (!list) {
            throw new ParameterException(spec.commandLine(), "the name of an example is missing");
        }
        PrintWriter out = spec.commandLine().getOut();
        spec.subcommands().forEach((name, command) -> out.printf(
                Locale.ROOT, "%-14s %s%n", name, command.getCommandSpec().usageMessage().description()[0]));
        out.flush();
    }

    private static int wrongCommandLine(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String hint = command.getSubcommands().isEmpty() ? "--help" : "--list";
        print(command, "%s: %s (see %s %s)".formatted(name, e.getMessage(), name, hint));
        return ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command) {
        print(command, "%s: %s".formatted(command.getCommandSpec().qualifiedName(), message(e)));
        return ExitCode.SOFTWARE;
    }

    private static void print(CommandLine command, String text) {
        command.getErr().println(text.lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse(""));
        command.getErr().flush();
    }

    private static String message(Throwable e) {
        return switch (e) {
            case UncheckedIOException wrapper when wrapper.getCause() != null -> message(wrapper.getCause());
            case NoSuchFileException missing ->
                missing.getFile() + ": there is no such file; --data says where data are";
            case IllegalArgumentException _, IllegalStateException _, IOException _
                    when e.getMessage() != null -> e.getMessage();
            default -> e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
        };
    }
}
