package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_machine;
import dev.rondo.kernels.KernelOptions;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// librondo, loaded once a process from the first of these places that names one: the file in the system property
/// `rondo.library.path`; a folder of `java.library.path`; the resources of module `dev.rondo.natives`, copied to the
/// [LibraryCache] if they lie in a jar. Whatever goes wrong there is the reason given; no other place is tried then.
public final class NativeLibrary {
    /// `linux-x86_64` for instance: where native libraries lie in jars.
    static final String PLATFORM = platform();

    private static final String VERSION = "rondo_abi";
    private static final String PATH_PROPERTY = "rondo.library.path";

    private final String file;
    private final String failure;

    private NativeLibrary(String file, String failure) {
        this.file = file;
        this.failure = failure;
    }

    private static final class Holder {
        static final NativeLibrary LIBRARY = load();
    }

    /// What the library says of the machine. Most programs never ask, and the first prediction is sooner without.
    private record Machine(String cpu, int usableIsas, List<String> reasons) {
        private static final class Holder {
            static final Machine MACHINE = describe();
        }
    }

    /// Why the library cannot be used; empty if it can.
    public static String failure() {
        return Holder.LIBRARY.failure;
    }

    /// The names of the instruction sets that this machine can use, the best last.
    public static List<String> usableIsas() {
        List<String> names = new ArrayList<>();
        for (int isa = RondoNative.RONDO_ISA_BASELINE(); isa < KernelOptions.ISAS.size(); isa++) {
            if ((Machine.Holder.MACHINE.usableIsas() & 1 << isa) != 0) {
                names.add(KernelOptions.ISAS.get(isa));
            }
        }
        return List.copyOf(names);
    }

    /// The file that was loaded.
    static String file() {
        return Holder.LIBRARY.file;
    }

    /// The processor's own name.
    static String cpu() {
        return Machine.Holder.MACHINE.cpu();
    }

    /// Why instruction sets that are built are not usable.
    static List<String> reasons() {
        return Machine.Holder.MACHINE.reasons();
    }

    private static NativeLibrary load() {
        try {
            Path file = find();
            System.load(file.toString());
            if (SymbolLookup.loaderLookup().find(VERSION).isEmpty()) {
                return failed(file + " is no librondo: it lacks " + VERSION);
            }
            int version = RondoNative.rondo_abi();
            if (version != RondoNative.RONDO_ABI_VERSION()) {
                return failed("%s has ABI version %d, expected %d".formatted(file, version,
                        RondoNative.RONDO_ABI_VERSION()));
            }
            return new NativeLibrary(file.toString(), "");
        } catch (IOException | UnsatisfiedLinkError | RuntimeException e) {
            return failed(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private static NativeLibrary failed(String reason) {
        return new NativeLibrary("", reason);
    }

    private static Path find() throws IOException {
        String explicit = System.getProperty(PATH_PROPERTY, "");
        if (!explicit.isEmpty()) {
            Path file = Path.of(explicit).toAbsolutePath();
            if (!Files.isRegularFile(file)) {
                throw new IOException(PATH_PROPERTY + ": expected a file, got " + file);
            }
            return file;
        }
        String name = System.mapLibraryName("rondo");
        for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
            Path file = Path.of(folder, name).toAbsolutePath();
            if (!folder.isEmpty() && Files.isRegularFile(file)) {
                return file;
            }
        }
        String resource = "META-INF/native/" + PLATFORM + "/" + name;
        URL url = LibraryCache.resource(resource);
        if (url == null) {
            throw new IOException(
                    "no " + name + " for " + PLATFORM + " is named by " + PATH_PROPERTY
                            + ", lies in java.library.path or is in "
                            + resource);
        }
        return LibraryCache.file(List.of(url)).getFirst();
    }

    private static Machine describe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment machine = rondo_machine.allocate(arena);
            rondo_machine.struct_size(machine, (int) rondo_machine.sizeof());
            int status = RondoNative.rondo_machine_describe(machine);
            if (status != RondoNative.RONDO_OK()) {
                throw new IllegalStateException(file() + " cannot describe this machine: status " + status);
            }
            List<String> reasons = rondo_machine.reasons(machine).getString(0).lines().toList();
            return new Machine(
                    rondo_machine.cpu(machine).getString(0).strip(), rondo_machine.usable_isas(machine), reasons);
        }
    }

    private static String platform() {
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch", "");
        return os + "-" + (arch.equals("amd64") ? "x86_64" : arch);
    }
}
