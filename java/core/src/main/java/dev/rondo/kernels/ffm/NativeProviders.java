package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.kernels.KernelOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// OpenBLAS and oneDNN from their jars, of which only the shared libraries are used. Loaded when first asked for, once
/// a process.
final class NativeProviders {
    /// The folder of each provider's jar and the libraries in it, dependencies first.
    private static final Map<String, List<String>> LIBRARIES =
            Map.of(
                    "openblas",
                    List.of("org/bytedeco/openblas/", "libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5",
                            "libopenblas.so.0"),
                    "onednn",
                    List.of("org/bytedeco/dnnl/", "libgomp.so.1", "libdnnl.so.3"));

    /// Why a provider is not loaded, by its name; empty if it is.
    private static final Map<String, String> TRIED = new HashMap<>();

    private NativeProviders() {}

    /// Loads a provider.
    ///
    /// @return why it cannot be loaded; empty if it is
    static String load(String provider) {
        synchronized (TRIED) {
            return TRIED.computeIfAbsent(provider, NativeProviders::tryLoading);
        }
    }

    private static String tryLoading(String provider) {
        List<String> names = LIBRARIES.getOrDefault(provider, List.of());
        String folder = names.getFirst() + NativeLibrary.PLATFORM + "/";
        List<URL> resources = new ArrayList<>();
        for (String name : names.subList(1, names.size())) {
            URL resource = LibraryCache.resource(folder + name);
            if (resource == null) {
                return folder + name + " is not on the class path";
            }
            resources.add(resource);
        }
        try (Arena arena = Arena.ofConfined()) {
            List<Path> files = LibraryCache.file(resources);
            MemorySegment paths = arena.allocate(RondoNative.C_POINTER, files.size());
            for (int i = 0; i < files.size(); i++) {
                paths.setAtIndex(RondoNative.C_POINTER, i, arena.allocateFrom(files.get(i).toString()));
            }
            MemorySegment error = NativeError.allocate(arena);
            int status =
                    RondoNative.rondo_provider_load(KernelOptions.PROVIDERS.indexOf(provider), paths, files.size(),
                            error);
            return status == RondoNative.RONDO_OK() ? "" : NativeError.text(error);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
