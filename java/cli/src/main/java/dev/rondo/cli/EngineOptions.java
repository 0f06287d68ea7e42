package dev.rondo.cli;

import dev.rondo.plan.Engine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// The options that say what computes.
final class EngineOptions {
    @Option(
            names = "--kernels",
            paramLabel = "auto|native|java",
            converter = Choices.class,
            description = "Native kernels, pure Java, or native where they can be loaded (auto).")
    private Engine.Choice kernels = Engine.Choice.DEFAULT;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Converters.Threads.class,
            description = "Threads of the native kernels; 0: as many as processors (${DEFAULT-VALUE}).")
    private int threads;

    /// For training: all providers allowed.
    Engine.Options training() {
        return Engine.training().kernels(kernels).threads(threads);
    }

    /// For inference: on the caller's thread.
    Engine.Options inference() {
        return Engine.inference().kernels(kernels);
    }

    private static final class Choices implements ITypeConverter<Engine.Choice> {
        @Override
        public Engine.Choice convert(String value) {
            return switch (value) {
                case "auto" -> Engine.Choice.AUTO;
                case "native" -> Engine.Choice.NATIVE;
                case "java" -> Engine.Choice.JAVA;
                default -> throw new TypeConversionException("expected auto, native or java, got '" + value + "'");
            };
        }
    }
}
