package dev.rondo.cli;

import dev.rondo.plan.Engine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// The option that says what computes.
class EngineOptions {
    @Option(
            names = "--kernels",
            paramLabel = "auto|native|java",
            converter = Choices.class,
            description = "Native kernels, pure Java, or native where they can be loaded (auto).")
    private Engine.Choice kernels = Engine.Choice.DEFAULT;

    /// For inference: on the caller's thread.
    final Engine.Options inference() {
        return Engine.inference().kernels(kernels);
    }

    /// The same, and on how many threads.
    static final class Training extends EngineOptions {
        @Option(
                names = "--threads",
                paramLabel = "N",
                converter = Converters.Threads.class,
                description = "Threads of the native kernels; 0: as many as processors (${DEFAULT-VALUE}).")
        private int threads;

        /// For training, all providers allowed.
        Engine.Options training() {
            return Engine.training().kernels(inference().kernels()).threads(threads);
        }
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
