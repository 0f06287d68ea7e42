package dev.rondo.kernels.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.jar.JarEntry;
import org.jspecify.annotations.Nullable;

/// Native libraries out of jars, as files. They are kept in folders named after their contents (length and CRC-32, as
/// the jar's directory has them: hashing 90 MB anew at each start would take longer than loading them) under the system
/// property `rondo.cache`, or else the user's cache folder, or else a temporary folder. A file appears there under its
/// name only when it is whole, by an atomic rename, so that any number of processes may start at once.
final class LibraryCache {
    private static final String CACHE_PROPERTY = "rondo.cache";

    private LibraryCache() {}

    /// Where a resource of the class path or of a module lies.
    static @Nullable URL resource(String name) {
        ClassLoader loader = LibraryCache.class.getClassLoader();
        return loader == null ? ClassLoader.getSystemResource(name) : loader.getResource(name);
    }

    /// The resources as files next to each other.
    static List<Path> file(List<URL> resources) throws IOException {
        List<Path> files = new ArrayList<>();
        StringBuilder key = new StringBuilder();
        for (URL resource : resources) {
            if (resource.getProtocol().equals("file")) {
                files.add(path(resource));
            } else {
                key.append(key.isEmpty() ? "" : "-").append(contents(resource));
            }
        }
        if (files.size() == resources.size()) {
            return files;
        }
        Path folder = folder(key.toString());
        files.clear();
        for (URL resource : resources) {
            Path file = folder.resolve(Path.of(resource.getPath()).getFileName().toString());
            if (!Files.exists(file)) {
                copy(resource, file);
            }
            files.add(file);
        }
        return files;
    }

    private static Path path(URL resource) throws IOException {
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException e) {
            throw new IOException(resource + " is no file", e);
        }
    }

    private static String contents(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        if (connection instanceof JarURLConnection jar) {
            // The jar belongs to the class loader, which keeps it open.
            JarEntry entry = jar.getJarEntry();
            // Not by a format, for whose classes the first prediction of a process would wait.
            return Long.toHexString(entry.getSize()) + "." + HexFormat.of().toHexDigits(entry.getCrc(), 8);
        }
        throw new IOException(resource + ": expected a resource in a jar or folder");
    }

    private static Path folder(String key) throws IOException {
        String explicit = System.getProperty(CACHE_PROPERTY, "");
        String user = System.getenv("XDG_CACHE_HOME");
        Path base =
                !explicit.isEmpty()
                        ? Path.of(explicit)
                        : user != null && !user.isEmpty()
                                ? Path.of(user, "rondo")
                                : Path.of(System.getProperty("user.home", ""), ".cache", "rondo");
        try {
            return Files.createDirectories(base.resolve("native").resolve(key));
        } catch (IOException e) {
            if (!explicit.isEmpty()) {
                throw e;
            }
            return Files.createTempDirectory("rondo-native");
        }
    }

    private static void copy(URL resource, Path file) throws IOException {
        Path part = Files.createTempFile(file.toAbsolutePath().getParent(), file.getFileName().toString(), ".part");
        try {
            try (InputStream in = resource.openStream()) {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
