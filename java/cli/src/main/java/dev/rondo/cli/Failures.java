package dev.rondo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Errors as a user meets them: one line that says what is wrong, and an exit code.
final class Failures {
    private Failures() {}

    /// A command line that cannot be understood.
    static int wrongCommandLine(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        String hint = e instanceof UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions().stream()
                        .findFirst()
                        .map(suggestion -> "; did you mean " + suggestion + "?")
                        .orElse("")
                : "";
        String name = command.getCommandSpec().qualifiedName();
        print(command, name + ": " + e.getMessage() + hint + " (see " + name + " --help)");
        return ExitCode.USAGE;
    }

    /// Runs a command. Memory that is not there is an error like any other: sizes come from the command line.
    static int execute(ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (OutOfMemoryError e) {
            CommandLine command = parsed.asCommandLineList().getLast();
            throw new ExecutionException(command, "not enough memory: " + e.getMessage(), e);
        }
    }

    /// Something that went wrong while a command ran. The stack trace is for `--verbose`.
    static int failed(Exception e, CommandLine command, ParseResult parsed) {
        print(command, command.getCommandSpec().qualifiedName() + ": " + message(e));
        if (command.getCommandSpec().root().userObject() instanceof RondoCommand root && root.isVerbose()) {
            e.printStackTrace(command.getErr());
            command.getErr().flush();
        }
        return ExitCode.SOFTWARE;
    }

    private static void print(CommandLine command, String text) {
        PrintWriter err = command.getErr();
        // What an exception says may hold what a file holds.
        String line = Screen.printable(text.lines().map(String::strip).collect(Collectors.joining(" ")));
        err.println(command.getColorScheme().errorText(line));
        err.flush();
    }

    /// What an exception says, with its kind where that is all it says.
    static String message(Throwable e) {
        return switch (e) {
            case UncheckedIOException wrapper when wrapper.getCause() != null -> message(wrapper.getCause());
            case NoSuchFileException missing when missing.getReason() == null ->
                missing.getFile() + ": there is no such file or folder";
            case AccessDeniedException denied when denied.getReason() == null ->
                denied.getFile() + ": permission denied";
            case FileSystemException other -> other.getFile() + ": " + other.getReason();
            case IllegalArgumentException _, IllegalStateException _, IOException _, ExecutionException _
                    when e.getMessage() != null -> e.getMessage();
            default -> e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
        };
    }
}
