package dev.rondo.layers;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Numbers that a parameter begins with. Immutable; equal if the numbers are, which a digest tells, so that those of a
/// file, which holds them as the parameter's and not a second time, are equal to the ones that it was made from.
public final class GivenValues {
    private final int rows;
    private final int columns;
    private final String digest;
    private final Optional<float[]> values;

    private GivenValues(int rows, int columns, String digest, Optional<float[]> values) {
        this.rows = rows;
        this.columns = columns;
        this.digest = digest;
        this.values = values;
    }

    static GivenValues of(Tensor tensor) {
        if (tensor.type() != DataType.FLOAT32 || tensor.shape().rank() != 2 || tensor.elements() == 0) {
            throw new IllegalArgumentException(
                    "vectors: expected FLOAT32 [rows,columns], got %s %s".formatted(tensor.type(), tensor.shape()));
        }
        float[] values = tensor.toFloats();
        int columns = tensor.shape().dim(1);
        ByteBuffer row = ByteBuffer.allocate(columns * Float.BYTES);
        MessageDigest sha = sha256();
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("vectors[%d,%d]: expected a finite number, got %s"
                        .formatted(i / columns, i % columns, values[i]));
            }
            row.putFloat(values[i]);
            if (!row.hasRemaining()) {
                sha.update(row.flip());
                row.clear();
            }
        }
        String digest = HexFormat.of().formatHex(sha.digest());
        return new GivenValues(tensor.shape().dim(0), columns, digest, Optional.of(values));
    }

    /// Those that a file tells of.
    static GivenValues named(int rows, int columns, String digest) {
        if (rows < 1 || columns < 1 || !digest.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("given: expected rows, columns and a SHA-256, got %d, %d, \"%s\""
                    .formatted(rows, columns, digest));
        }
        return new GivenValues(rows, columns, digest, Optional.empty());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    float[] values(int wantedRows, int wantedColumns) {
        if (wantedRows != rows || wantedColumns != columns) {
            throw new IllegalArgumentException("weights: expected [%d,%d] numbers, got [%d,%d]"
                    .formatted(wantedRows, wantedColumns, rows, columns));
        }
        return values.orElseThrow(() -> new IllegalStateException(
                        "weights: expected the numbers that the layer was made with, but a file holds those of the"
                                + " parameter only: make the layer anew"))
                .clone();
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /// SHA-256 of the numbers, big-endian, in hexadecimal digits.
    String digest() {
        return digest;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof GivenValues given
                && rows == given.rows
                && columns == given.columns
                && digest.equals(given.digest);
    }

    @Override
    public int hashCode() {
        return digest.hashCode();
    }

    @Override
    public String toString() {
        return "[%d,%d] %s".formatted(rows, columns, digest);
    }
}
