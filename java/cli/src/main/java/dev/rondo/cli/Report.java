package dev.rondo.cli;

import dev.rondo.plan.Engine;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Numbers as they are printed.
final class Report {
    private Report() {}

    /// `Text        1,115,394 characters`
    static String line(String key, String format, Object... values) {
        return "%-12s%s".formatted(key, String.format(Locale.ROOT, format, values));
    }

    /// `loss 1.7012   perplexity 5.48`
    static String loss(double nats) {
        return String.format(Locale.ROOT, "loss %.4f   perplexity %.2f", nats, Math.exp(nats));
    }

    /// `61,234 tokens/s`
    static String speed(double charactersPerSecond) {
        return String.format(Locale.ROOT, "%,.0f tokens/s", charactersPerSecond);
    }

    /// `1.4 MB`
    static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " bytes";
        }
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes * 1e-3)
                : String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6);
    }

    /// `48 s` or `2 min 5 s`
    static String time(Duration time) {
        long seconds = Math.round(time.toMillis() * 1e-3);
        return seconds < 60 ? seconds + " s" : seconds / 60 + " min " + seconds % 60 + " s";
    }

    /// `native, avx512, 2 threads, openblas for large products`
    static String engine(Engine engine) {
        Engine.Description description = engine.description();
        if (description.kernels().equals("java")) {
            return "pure Java";
        }
        List<String> providers = description.providers();
        return "%s, %s, %d thread%s%s"
                .formatted(
                        description.kernels(),
                        description.isa(),
                        description.threads(),
                        description.threads() == 1 ? "" : "s",
                        providers.isEmpty() ? "" : ", " + String.join(" and ", providers) + " for large products");
    }
}
