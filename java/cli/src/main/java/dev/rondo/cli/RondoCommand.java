package dev.rondo.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The command without a subcommand.
@Command(
        name = "rondo",
        description = "Recurrent networks on the JVM at the speed of the machine.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Version.class,
        sortOptions = false,
        usageHelpWidth = 100,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            GenerateCommand.class,
            EvaluateCommand.class,
            ForecastCommand.class,
            InspectCommand.class,
            DescribeCommand.class
        },
        footerHeading = "%n",
        footer = {
            "Start with 'rondo demo'. 'rondo COMMAND --help' tells more of each command.",
            "Exit codes: 0 done, 1 failed, 2 wrong command line."
        })
final class RondoCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean verbose;

    private final Screen screen;

    RondoCommand(Screen screen) {
        this.screen = screen;
    }

    /// The command at the root of a subcommand.
    static RondoCommand of(CommandSpec spec) {
        return (RondoCommand) spec.root().userObject();
    }

    Screen screen() {
        return screen;
    }

    boolean isVerbose() {
        return verbose;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
