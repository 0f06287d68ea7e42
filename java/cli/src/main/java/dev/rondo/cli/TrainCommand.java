package dev.rondo.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `rondo train`: what to train is its subcommand.
@Command(
        name = "train",
        description = "Train a model.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = {TrainTextCommand.class, TrainSeriesCommand.class})
final class TrainCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "what to train is missing: text or series");
    }
}
