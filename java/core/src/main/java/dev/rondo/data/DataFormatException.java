package dev.rondo.data;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/// A data file's content is not what it must be. The message names the file, the place in it (a line or a byte), what
/// was expected there and what came.
///
/// Failures of the file system itself are other [IOException]s.
public final class DataFormatException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient Path file;

    /// A problem in `file`, told as `place: expected ..., got ...`.
    public DataFormatException(Path file, String problem) {
        super(file + ": " + problem);
        this.file = file;
    }

    /// As above, with what brought the problem to light.
    public DataFormatException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
        this.file = file;
    }

    /// The file at fault.
    public Path file() {
        return file;
    }
}
