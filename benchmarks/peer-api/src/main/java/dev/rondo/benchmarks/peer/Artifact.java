package dev.rondo.benchmarks.peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/// What Maven leaves in a jar about itself.
public final class Artifact {
    private Artifact() {}

    /// The version of a library on the class path, for one that does not say it itself.
    ///
    /// @throws IllegalArgumentException if it is not there, or was packed without
    public static String version(String group, String artifact) {
        String name = "META-INF/maven/%s/%s/pom.properties".formatted(group, artifact);
        try (InputStream file = ClassLoader.getSystemResourceAsStream(name)) {
            if (file == null) {
                throw new IllegalArgumentException("class path: expected " + name);
            }
            Properties properties = new Properties();
            properties.load(file);
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
