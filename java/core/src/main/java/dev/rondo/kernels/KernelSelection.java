package dev.rondo.kernels;

import dev.rondo.kernels.ffm.NativeKernels;
import dev.rondo.kernels.ffm.NativeLibrary;
import dev.rondo.kernels.reference.ReferenceKernels;
import java.util.ArrayList;
import java.util.List;

/// The choice between the two kernel sets, with its reasons.
public final class KernelSelection {
    private final Kernels kernels;
    private final List<String> reasons;

    /// What is in use.
    ///
    /// @param kernels `native` or `java`
    /// @param isa the instruction set, `jvm` for pure Java
    /// @param threads that a run is cut for
    /// @param providers that large matrix products may go to
    /// @param cpu the processor's own name; empty for pure Java
    /// @param library the native library's file; empty for pure Java
    /// @param reasons why other things are not in use
    /// @param products how many matrix products went where
    public record Report(String kernels, String isa, int threads, List<String> providers, String cpu, String library,
            List<String> reasons, List<String> products) {}

    private KernelSelection(Kernels kernels, List<String> reasons) {
        this.kernels = kernels;
        this.reasons = reasons;
    }

    /// The kernels of the options.
    ///
    /// @throws IllegalStateException if native kernels are demanded and cannot be had
    public static KernelSelection of(KernelOptions options) {
        return switch (options.choice()) {
            case JAVA ->
                    new KernelSelection(
                            ReferenceKernels.INSTANCE,
                                    List.of("native kernels: pure Java was asked for"));
            case NATIVE -> natives(options);
            case AUTO -> {
                String failure = NativeLibrary.failure();
                yield failure.isEmpty()
                        ? natives(options)
                        : new KernelSelection(ReferenceKernels.INSTANCE, List.of("native kernels: " + failure));
            }
        };
    }

    private static KernelSelection natives(KernelOptions options) {
        return new KernelSelection(NativeKernels.of(options), NativeKernels.missingProviders(options));
    }

    /// The instruction sets that native kernels can use here, the best last.
    public static List<String> usableIsas() {
        return NativeLibrary.failure().isEmpty() ? NativeLibrary.usableIsas() : List.of();
    }

    /// The kernels chosen.
    public Kernels kernels() {
        return kernels;
    }

    /// What is in use, as of now.
    public Report report() {
        return switch (kernels) {
            case ReferenceKernels _ -> new Report("java", "jvm", 1, List.of(), "", "", reasons, List.of());
            case NativeKernels natives -> {
                Report report = natives.report();
                List<String> all = new ArrayList<>(report.reasons());
                all.addAll(reasons);
                yield new Report(report.kernels(), report.isa(), report.threads(), report.providers(), report.cpu(),
                        report.library(), List.copyOf(all), report.products());
            }
        };
    }
}
