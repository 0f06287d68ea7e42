package dev.rondo;

import dev.rondo.plan.Engine;
import java.util.List;

/// What Rondo is on this machine.
public final class Rondo {
    private Rondo() {}

    /// Says in some lines which kernels, instruction set, threads and libraries are in use, and why others are not.
    ///
    /// @throws IllegalStateException if native kernels are demanded by `-Drondo.kernels=native` and cannot be had
    public static String describe() {
        Engine.Description training = Engine.training().engine().description();
        Engine.Description inference = Engine.inference().engine().description();
        StringBuilder text = new StringBuilder();
        line(text, "kernels", training.kernels() + (training.isa().equals("jvm") ? "" : ", " + training.isa()));
        if (!training.library().isEmpty()) {
            line(text, "library", training.library());
        }
        line(text, "threads", "%d for training, %d for inference".formatted(training.threads(), inference.threads()));
        line(
                text,
                "providers",
                training.providers().isEmpty() ? "none" : String.join(", ", training.providers()) + " for training");
        if (!training.products().isEmpty()) {
            line(text, "products", String.join(", ", training.products()));
        }
        if (!training.cpu().isEmpty()) {
            line(text, "processor", training.cpu());
        }
        line(text, "machine", "%s %s, Java %s, %d processors"
                .formatted(
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Runtime.version(),
                        Runtime.getRuntime().availableProcessors()));
        training.reasons().forEach(reason -> line(text, "not used", reason));
        if (training.kernels().equals("native")) {
            for (String provider : List.of("openblas", "onednn")) {
                if (!Engine.training().providers().contains(provider)) {
                    line(text, "not used", provider + ": not allowed by rondo.providers="
                            + System.getProperty("rondo.providers"));
                }
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append("%-10s %s%n".formatted(key, value));
    }
}
