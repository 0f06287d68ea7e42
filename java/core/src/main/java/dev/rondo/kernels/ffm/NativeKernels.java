package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_context_info;
import dev.rondo.bindings.rondo_context_options;
import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.KernelOptions;
import dev.rondo.kernels.KernelSelection.Report;
import dev.rondo.kernels.Kernels;
import dev.rondo.kernels.Program;
import dev.rondo.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;

/// Kernels of librondo in a context: an instruction set, a number of threads, and the providers allowed. There is one
/// for each combination asked for; it lives as long as the process, so that no program can outlive it.
public final class NativeKernels implements Kernels {
    /// By instruction set, threads and providers.
    private static final Map<List<Integer>, NativeKernels> CONTEXTS = new HashMap<>();

    private final int isa;
    private final MemorySegment context;

    private NativeKernels(int isa, int threads, int providers) {
        this.isa = isa;
        context = create(isa, threads, providers);
    }

    /// The kernels of the options; providers that cannot be loaded are left out, [#missingProviders] tells why.
    ///
    /// @throws IllegalStateException if the library cannot be loaded or the machine lacks the instruction set
    public static NativeKernels of(KernelOptions options) {
        if (!NativeLibrary.failure().isEmpty()) {
            throw new IllegalStateException("native kernels cannot be used: " + NativeLibrary.failure());
        }
        int providers = 0;
        for (String provider : options.providers()) {
            if (NativeProviders.load(provider).isEmpty()) {
                providers |= 1 << KernelOptions.PROVIDERS.indexOf(provider);
            }
        }
        int isa = KernelOptions.ISAS.indexOf(options.isa());
        List<Integer> key = List.of(isa, options.threads(), providers);
        synchronized (CONTEXTS) {
            NativeKernels kernels = CONTEXTS.get(key);
            if (kernels == null) {
                kernels = new NativeKernels(isa, options.threads(), providers);
                CONTEXTS.put(key, kernels);
            }
            return kernels;
        }
    }

    /// Why providers of the options are left out, a sentence each. Options that differ in these alone share a context.
    public static List<String> missingProviders(KernelOptions options) {
        List<String> reasons = new ArrayList<>();
        for (String provider : new TreeSet<>(options.providers())) {
            String failure = NativeProviders.load(provider);
            if (!failure.isEmpty()) {
                reasons.add(provider + ": " + failure);
            }
        }
        return List.copyOf(reasons);
    }

    private static MemorySegment create(int isa, int threads, int providers) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = rondo_context_options.allocate(arena);
            rondo_context_options.struct_size(options, (int) rondo_context_options.sizeof());
            rondo_context_options.isa(options, isa);
            rondo_context_options.threads(options, threads);
            rondo_context_options.providers(options, providers);
            MemorySegment error = NativeError.allocate(arena);
            MemorySegment context = arena.allocate(ValueLayout.JAVA_LONG);
            int status = RondoNative.rondo_context_create(options, context, error);
            if (status != RondoNative.RONDO_OK()) {
                throw new IllegalStateException("native kernels cannot be used: "
                        + NativeError.text(error));
            }
            return MemorySegment.ofAddress(context.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /// What is in use, as of now.
    public Report report() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = rondo_context_info.allocate(arena);
            rondo_context_info.struct_size(info, (int) rondo_context_info.sizeof());
            int status = RondoNative.rondo_context_describe(context, info);
            if (status != RondoNative.RONDO_OK()) {
                throw new IllegalStateException("native kernels cannot describe their context: status " + status);
            }
            List<String> providers = new ArrayList<>();
            for (int i = 0; i < KernelOptions.PROVIDERS.size(); i++) {
                if ((rondo_context_info.providers(info) & 1 << i) != 0) {
                    providers.add(KernelOptions.PROVIDERS.get(i));
                }
            }
            List<String> reasons = new ArrayList<>(NativeLibrary.reasons());
            String isa = KernelOptions.ISAS.get(rondo_context_info.isa(info));
            String best = NativeLibrary.usableIsas().getLast();
            if (!isa.equals(best)) {
                boolean forced = isa.equals(System.getenv("RONDO_FORCE_ISA"));
                reasons.add(best + ": " + (forced ? "RONDO_FORCE_ISA=" + isa : isa) + " was asked for");
            }
            List<String> products =
                    List.of(
                            "librondo=" + rondo_context_info.gemms_own(info), "openblas="
                                    + rondo_context_info.gemms_openblas(info),
                            "onednn=" + rondo_context_info.gemms_onednn(info));
            return new Report("native", KernelOptions.ISAS.get(rondo_context_info.isa(info)),
                    rondo_context_info.threads(info), List.copyOf(providers), NativeLibrary.cpu(),
                            NativeLibrary.file(), List.copyOf(reasons),
                    products);
        }
    }

    @Override
    public boolean supports(DataType floats) {
        return floats == DataType.FLOAT32;
    }

    /// Runs no calls.
    @Override
    public void prepare() {
        try (Arena arena = Arena.ofConfined()) {
            NativeProgram.run(context, new NativeProgram.Stage.Calls(MemorySegment.NULL, new Instruction[0]),
                    NativeError.allocate(arena), MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL,
                    MemorySegment.NULL);
        }
    }

    @Override
    public Program compile(Compilation compilation) {
        return new NativeCompiler(context, isa, compilation).program();
    }

    @Override
    public OptionalDouble measureFma(double seconds) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment gflops = arena.allocate(RondoNative.C_DOUBLE);
            MemorySegment error = NativeError.allocate(arena);
            int status = RondoNative.rondo_measure_fma(context, seconds, gflops, error);
            if (status != RondoNative.RONDO_OK()) {
                throw new IllegalStateException(
                        "native kernels cannot measure: " + NativeError.text(error));
            }
            return OptionalDouble.of(gflops.get(RondoNative.C_DOUBLE, 0));
        }
    }
}
