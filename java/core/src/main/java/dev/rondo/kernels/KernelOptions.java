package dev.rondo.kernels;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// What kernels are asked for.
///
/// @param choice the kernel set
/// @param isa one of [#ISAS]
/// @param threads 1 to [#MAX_THREADS], or 0 for as many as processors
/// @param providers of [#PROVIDERS]
public record KernelOptions(Choice choice, String isa, int threads, Set<String> providers) {
    /// Names of instruction sets; the index is the number of the C ABI.
    public static final List<String> ISAS = List.of("auto", "baseline", "avx2", "avx512");

    /// Names of providers; the index is the number of the C ABI.
    public static final List<String> PROVIDERS = List.of("openblas", "onednn");

    /// The most threads.
    public static final int MAX_THREADS = 256;

    private static final String KERNELS_PROPERTY = "rondo.kernels";
    private static final String PROVIDERS_PROPERTY = "rondo.providers";

    /// Which kernel set.
    public enum Choice {
        /// Native kernels if they can be loaded.
        AUTO,
        /// Native kernels or an exception.
        NATIVE,
        /// Pure Java.
        JAVA;

        /// What the system property `rondo.kernels` says.
        public static Choice ofProperty() {
            String text = System.getProperty(KERNELS_PROPERTY, "auto");
            return switch (text) {
                case "auto" -> AUTO;
                case "native" -> NATIVE;
                case "java" -> JAVA;
                default ->
                        throw new IllegalArgumentException(
                                KERNELS_PROPERTY + ": expected auto, native or java, got " + text);
            };
        }
    }

    /// Checks the options.
    public KernelOptions {
        check(isa, threads, providers);
        providers = Set.copyOf(providers);
    }

    /// Checks names and numbers.
    public static void check(String isa, int threads, Set<String> providers) {
        if (!ISAS.contains(isa)) {
            throw new IllegalArgumentException("isa: expected one of " + ISAS + ", got " + isa);
        }
        if (threads < 0 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads: expected 0 to " + MAX_THREADS + ", got " + threads);
        }
        if (!PROVIDERS.containsAll(providers)) {
            throw new IllegalArgumentException(
                    "providers: expected some of " + PROVIDERS + ", got " + new TreeSet<>(providers));
        }
    }

    /// The providers that the system property `rondo.providers` allows.
    public static Set<String> defaultProviders() {
        String text = System.getProperty(PROVIDERS_PROPERTY, "auto");
        return switch (text) {
            case "auto" -> Set.copyOf(PROVIDERS);
            case "none" -> Set.of();
            default -> {
                if (!PROVIDERS.contains(text)) {
                    throw new IllegalArgumentException(
                            PROVIDERS_PROPERTY + ": expected auto, none, openblas or onednn, got " + text);
                }
                yield Set.of(text);
            }
        };
    }
}
