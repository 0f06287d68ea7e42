package dev.rondo.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/// Replaces a file whole or not at all.
///
/// The new content goes to a temporary file in the same folder, is forced to the disk, and takes the old file's name in
/// one step; then the folder is forced too. Whatever happens on the way (a full disk, an exception, a kill, a power
/// cut), the name holds either all of the old content or all of the new. A failure removes the temporary file. A killed
/// process cannot: what it left is removed by the next write of the same file.
final class AtomicFile {
    /// A temporary file untouched for so long, of a process that is gone, is rubbish. (A process of another machine on
    /// a shared folder looks gone from here, but writes.)
    private static final Duration ABANDONED = Duration.ofMinutes(10);

    private static final AtomicLong COUNTER = new AtomicLong();

    private AtomicFile() {}

    /// What to write.
    @FunctionalInterface
    interface Content {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /// Writes `content` under the name `target`. A symbolic link stays, and the file that it points to is replaced.
    ///
    /// @throws IOException if it cannot be written; the old file is then as it was (or the new one is there whole, where
    ///     only the folder could not be forced to the disk)
    static void write(Path target, Content content) throws IOException {
        try {
            Path file = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
            if (Files.isDirectory(file)) {
                throw new FileSystemException(target.toString(), null, "is a folder");
            }
            Path folder = file.getParent();
            Path name = file.getFileName();
            if (folder == null || name == null) {
                throw new FileSystemException(target.toString(), null, "is not the name of a file");
            }
            if (!Files.isDirectory(folder)) {
                throw new NoSuchFileException(folder.toString());
            }
            replace(folder, name, content);
            forceFolder(folder);
        } catch (IOException e) {
            throw new IOException("cannot save " + target + ": " + reason(e), e);
        }
    }

    private static void replace(Path folder, Path name, Content content) throws IOException {
        removeAbandoned(folder, name);
        Path temporary = folder.resolve(temporaryPrefix(name) + ProcessHandle.current().pid() + "-"
                + COUNTER.incrementAndGet() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            move(temporary, folder.resolve(name));
        } catch (IOException | RuntimeException | Error e) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private static void move(Path temporary, Path file) throws IOException {
        try {
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new FileSystemException(file.toString(), null, "this file system cannot replace a file in one step");
        }
    }

    /// Makes the new name itself survive a power cut. Windows cannot open a folder, nor need it.
    private static void forceFolder(Path folder) throws IOException {
        if (System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void removeAbandoned(Path folder, Path name) {
        String prefix = temporaryPrefix(name);
        Instant before = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, AtomicFile::isTemporary)) {
            for (Path entry : entries) {
                String rest = String.valueOf(entry.getFileName());
                if (rest.startsWith(prefix)
                        && !isAlive(rest.substring(prefix.length()))
                        && Files.getLastModifiedTime(entry).toInstant().isBefore(before)) {
                    Files.deleteIfExists(entry);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // A courtesy: whether there is rubbish, and whether it may be removed, does not decide about the write.
        }
    }

    private static boolean isTemporary(Path entry) {
        return entry.toString().endsWith(".tmp");
    }

    private static String temporaryPrefix(Path name) {
        return "." + name + ".";
    }

    /// Whether the process of a temporary file's name, `pid-counter.tmp`, runs. Names of other makers count as alive.
    private static boolean isAlive(String pidAndCounter) {
        int dash = pidAndCounter.indexOf('-');
        try {
            return dash < 0
                    || ProcessHandle.of(Long.parseLong(pidAndCounter, 0, dash, 10)).isPresent();
        } catch (NumberFormatException e) {
            return true;
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "no such file or folder: " + missing.getFile();
            case AccessDeniedException denied -> "permission denied: " + denied.getFile();
            case FileSystemException other when other.getReason() != null -> other.getFile() + " " + other.getReason();
            case ClosedByInterruptException _ -> "the thread was interrupted";
            default -> String.valueOf(e.getMessage());
        };
    }
}
