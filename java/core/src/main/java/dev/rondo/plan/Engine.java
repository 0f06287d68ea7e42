package dev.rondo.plan;

import dev.rondo.kernels.Kernels;
import dev.rondo.kernels.KernelOptions;
import dev.rondo.kernels.KernelSelection;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/// The kernels that plans run on, with the instruction set, the number of threads and the providers they use.
/// Immutable; any thread may use it. Engines of equal options share one native context, which lives as long as the
/// process.
public final class Engine {
    private static final AtomicBoolean PREPARED = new AtomicBoolean();

    private final Options options;
    private final KernelSelection selection;

    private Engine(Options options) {
        this.options = options;
        selection = KernelSelection.of(options.kernelOptions());
    }

    /// Which kernels to use.
    public enum Choice {
        /// What the system property `rondo.kernels` says: `auto`, `native` or `java`; `auto` if it is not set.
        DEFAULT,
        /// Native kernels, or pure Java where they cannot be loaded; [#description] gives the reason.
        AUTO,
        /// Native kernels, or an exception with the reason.
        NATIVE,
        /// Pure Java.
        JAVA
    }

    /// What an engine is asked to be.
    ///
    /// @param kernels the kernel set
    /// @param isa the instruction set: `auto`, `baseline`, `avx2` or `avx512`
    /// @param threads 1 to 256, or 0 for as many as processors; pure Java uses one
    /// @param providers libraries that large matrix products of training may go to: of `openblas`, `onednn`, those that
    ///     are there are used; none for inference
    public record Options(Choice kernels, String isa, int threads, Set<String> providers) {
        /// Checks the options.
        public Options {
            KernelOptions.check(isa, threads, providers);
            providers = Set.copyOf(providers);
        }

        /// These with another kernel set.
        public Options kernels(Choice choice) {
            return new Options(choice, isa, threads, providers);
        }

        /// These with another instruction set.
        public Options isa(String name) {
            return new Options(kernels, name, threads, providers);
        }

        /// These with another number of threads.
        public Options threads(int number) {
            return new Options(kernels, isa, number, providers);
        }

        /// These with other providers.
        public Options providers(Set<String> names) {
            return new Options(kernels, isa, threads, names);
        }

        /// The engine of these options.
        ///
        /// @throws IllegalStateException if native kernels are demanded and cannot be had, with the reason
        public Engine engine() {
            return new Engine(this);
        }

        /// Begins, if it is the first time in this process, to load what an engine of these options needs, in a thread
        /// that ends when it is done, and returns. For a caller that has a file to read meanwhile: linking native
        /// functions takes about as long. Nothing is thrown; what goes wrong is told when an engine is made.
        public void prepare() {
            if (!PREPARED.compareAndSet(false, true)) {
                return;
            }
            try {
                Thread.ofPlatform()
                        .name("rondo-prepare")
                        .uncaughtExceptionHandler((thread, e) -> {})
                        .start(() -> engine().kernels().prepare());
            } catch (OutOfMemoryError e) {
                // No thread to be had: then whoever makes the engine loads it.
            }
        }

        KernelOptions kernelOptions() {
            KernelOptions.Choice choice =
                    switch (kernels) {
                        case DEFAULT -> KernelOptions.Choice.ofProperty();
                        case AUTO -> KernelOptions.Choice.AUTO;
                        case NATIVE -> KernelOptions.Choice.NATIVE;
                        case JAVA -> KernelOptions.Choice.JAVA;
                    };
            return new KernelOptions(choice, isa, threads, providers);
        }
    }

    /// What an engine is.
    ///
    /// @param kernels `native` or `java`
    /// @param isa the instruction set in use, `jvm` for pure Java
    /// @param threads the number of threads that a run is cut for
    /// @param providers the libraries that large matrix products may go to
    /// @param cpu the processor's own name; empty for pure Java
    /// @param library the native library's file; empty for pure Java
    /// @param reasons why other kernels, instruction sets or providers are not in use, a sentence each
    /// @param products how many matrix products went where since the engine's context was made, `librondo=12` for
    ///     instance
    public record Description(String kernels, String isa, int threads, List<String> providers, String cpu,
            String library,
            List<String> reasons, List<String> products) {}

    /// Options for inference: default kernels, the best instruction set, the caller's thread, no providers.
    public static Options inference() {
        return new Options(Choice.DEFAULT, "auto", 1, Set.of());
    }

    /// Options for training: default kernels, the best instruction set, all processors, and the providers that the
    /// system property `rondo.providers` (`auto`, `none`, `openblas` or `onednn`) allows.
    public static Options training() {
        return new Options(Choice.DEFAULT, "auto", 0, KernelOptions.defaultProviders());
    }

    /// Options for pure Java.
    public static Options java() {
        return inference().kernels(Choice.JAVA);
    }

    /// The instruction sets that the native kernels can use on this machine, the best last; empty where they cannot be
    /// loaded.
    public static List<String> usableIsas() {
        return KernelSelection.usableIsas();
    }

    /// What was asked for.
    public Options options() {
        return options;
    }

    /// What is in use and why, as of now.
    public Description description() {
        KernelSelection.Report report = selection.report();
        return new Description(report.kernels(), report.isa(), report.threads(), report.providers(), report.cpu(),
                report.library(), report.reasons(), report.products());
    }

    /// Measures the machine's limit: the most multiply-adds that the engine's threads can do, in 1e9 floating-point
    /// operations a second, a multiply-add counted as two. Empty for pure Java, which cannot tell.
    ///
    /// @param seconds about how long to measure; above 0
    public OptionalDouble measureFma(double seconds) {
        return kernels().measureFma(seconds);
    }

    Kernels kernels() {
        return selection.kernels();
    }
}
