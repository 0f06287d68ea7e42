package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.io.Serial;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a NumPy array file says of its array: magic, version, and a Python dictionary of `descr`, `fortran_order` and
/// `shape` (NumPy Enhancement Proposal 1 and `numpy.lib.format`).
///
/// @param type of the numbers in the file
/// @param order of their bytes
/// @param layout which index runs fastest
/// @param shape of the array
/// @param bytes where the numbers begin in the file
record NpyHeader(Type type, ByteOrder order, Layout layout, Shape shape, int bytes) {
    /// The magic and the version.
    static final int PREFIX = 8;

    /// Far beyond what an array of plain numbers needs.
    static final int LONGEST = 1 << 16;

    /// Of the header and what is in front of it, so that the numbers can be mapped.
    private static final int ALIGNMENT = 64;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    /// How numbers lie in a file, and the type of tensors that hold all of them.
    enum Type {
        B1(1, DataType.BOOL),
        I1(1, DataType.INT32),
        U1(1, DataType.INT32),
        I2(2, DataType.INT32),
        U2(2, DataType.INT32),
        I4(4, DataType.INT32),
        U4(4, DataType.INT64),
        I8(8, DataType.INT64),
        F2(2, DataType.FLOAT32),
        F4(4, DataType.FLOAT32),
        F8(8, DataType.FLOAT64);

        private final int bytes;
        private final DataType tensor;

        Type(int bytes, DataType tensor) {
            this.bytes = bytes;
            this.tensor = tensor;
        }

        /// Size of a number in the file.
        int bytes() {
            return bytes;
        }

        /// Of the tensors it is read into.
        DataType tensor() {
            return tensor;
        }

        /// That a tensor is written as.
        static Type of(DataType type) {
            return switch (type) {
                case FLOAT32 -> F4;
                case FLOAT64 -> F8;
                case INT32 -> I4;
                case INT64 -> I8;
                case BOOL -> B1;
                case OPAQUE -> throw new IllegalArgumentException("type: expected a type of numbers, got OPAQUE");
            };
        }
    }

    /// Which index runs fastest.
    enum Layout {
        /// The last: as tensors are.
        C,
        /// The first.
        FORTRAN
    }

    /// Number of the array's numbers.
    long elements() {
        return shape.elements();
    }

    /// What is wrong with a header, and where.
    static final class Problem extends Exception {
        @Serial
        private static final long serialVersionUID = 1;

        Problem(String message) {
            super(message);
        }
    }

    /// The number of bytes in front of the dictionary: magic, version and the dictionary's length.
    ///
    /// @param prefix the first [#PREFIX] bytes
    static int start(byte[] prefix) throws Problem {
        for (int i = 0; i < MAGIC.length; i++) {
            if (prefix[i] != MAGIC[i]) {
                throw new Problem(
                        "byte %d: expected 0x%02X of the magic \\x93NUMPY, got 0x%02X".formatted(i, MAGIC[i], prefix[i]));
            }
        }
        int major = prefix[6] & 0xff;
        int minor = prefix[7] & 0xff;
        if (major < 1 || major > 3 || minor != 0) {
            throw new Problem("byte 6: expected format 1.0, 2.0 or 3.0, got %d.%d".formatted(major, minor));
        }
        return PREFIX + (major == 1 ? Short.BYTES : Integer.BYTES);
    }

    /// The length of the dictionary in bytes.
    ///
    /// @param start the first [#start] bytes
    static int length(byte[] start) throws Problem {
        ByteBuffer buffer = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        long length = start.length - PREFIX == Short.BYTES
                ? Short.toUnsignedLong(buffer.getShort(PREFIX))
                : Integer.toUnsignedLong(buffer.getInt(PREFIX));
        if (length > LONGEST) {
            throw new Problem(
                    "byte %d: expected a header of at most %d bytes, got %d".formatted(PREFIX, LONGEST, length));
        }
        return (int) length;
    }

    /// The header of a dictionary.
    ///
    /// @param dictionary its bytes
    /// @param start where it begins in the file
    static NpyHeader parse(byte[] dictionary, int start) throws Problem {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(dictionary))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Problem("byte %d: expected a header in UTF-8, got other bytes".formatted(start));
        }
        return new Parser(text, start).header(start + dictionary.length);
    }

    /// All bytes in front of a tensor's numbers, in format 1.0, little-endian and in C order.
    static byte[] write(DataType type, Shape shape) {
        StringBuilder text = new StringBuilder("{'descr': '")
                .append(type == DataType.BOOL ? '|' : '<')
                .append(Type.of(type).name().toLowerCase(Locale.ROOT))
                .append("', 'fortran_order': False, 'shape': (");
        for (int axis = 0; axis < shape.rank(); axis++) {
            text.append(axis == 0 ? "" : " ").append(shape.dim(axis)).append(',');
        }
        if (shape.rank() > 1) {
            text.setLength(text.length() - 1);
        }
        text.append("), }");
        int start = PREFIX + Short.BYTES;
        while ((start + text.length() + 1) % ALIGNMENT != 0) {
            text.append(' ');
        }
        text.append('\n');
        return ByteBuffer.allocate(start + text.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) text.length())
                .put(text.toString().getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    /// Reads what NumPy writes, and any spacing and order of it: no other Python.
    private static final class Parser {
        private final String text;
        private final int start;
        private int at;

        Parser(String text, int start) {
            this.text = text;
            this.start = start;
        }

        NpyHeader header(int end) throws Problem {
            String descr = "";
            int descrAt = 0;
            String fortran = "";
            List<Integer> dims = List.of();
            List<String> seen = new ArrayList<>();
            expect('{');
            while (!next('}')) {
                spaces();
                int keyAt = at;
                String key = string("a key");
                if (seen.contains(key)) {
                    throw problem(keyAt, "expected each key once, got '" + key + "' again");
                }
                seen.add(key);
                expect(':');
                spaces();
                switch (key) {
                    case "descr" -> {
                        descrAt = at;
                        descr = string("a type such as '<f4', not a structured one,");
                    }
                    case "fortran_order" -> fortran = word();
                    case "shape" -> dims = tuple();
                    default -> throw problem(keyAt, "expected descr, fortran_order or shape, got '" + key + "'");
                }
                if (!next(',')) {
                    expect('}');
                    break;
                }
            }
            if (seen.size() != 3) {
                throw problem(at, "expected descr, fortran_order and shape, got only " + seen);
            }
            spaces();
            if (at < text.length()) {
                throw problem(at, "expected the header's end, got " + found());
            }
            Shape shape = Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
            return new NpyHeader(
                    type(descr, descrAt),
                    descr.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
                    fortran.equals("True") ? Layout.FORTRAN : Layout.C,
                    shape,
                    end);
        }

        private Type type(String descr, int place) throws Problem {
            for (Type type : Type.values()) {
                String name = type.name().toLowerCase(Locale.ROOT);
                boolean order = descr.startsWith("<") || descr.startsWith(">")
                        || (type.bytes() == 1 && descr.startsWith("|"));
                if (order && descr.length() == 3 && descr.endsWith(name)) {
                    return type;
                }
            }
            throw problem(place, "expected numbers (f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 b1, with < or > in front), got '"
                    + descr + "'" + (descr.contains("O") ? ": pickled objects are not read" : ""));
        }

        private List<Integer> tuple() throws Problem {
            List<Integer> dims = new ArrayList<>();
            long elements = 1;
            expect('(');
            while (!next(')')) {
                spaces();
                int place = at;
                while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                    at++;
                }
                String digits = text.substring(place, at);
                if (digits.isEmpty() || digits.length() > 10 || Long.parseLong(digits) > Integer.MAX_VALUE) {
                    throw problem(place, "expected an extent from 0 to %d, got %s"
                            .formatted(Integer.MAX_VALUE, digits.isEmpty() ? found() : digits));
                }
                int dim = Integer.parseInt(digits);
                try {
                    // As if no extent were 0, so that none hides how large the others are.
                    elements = Math.multiplyExact(elements, Math.max(1L, dim));
                    Math.multiplyExact(elements, Long.BYTES);
                } catch (ArithmeticException e) {
                    throw problem(place, "expected at most 2^63-1 bytes, got more");
                }
                dims.add(dim);
                if (!next(',')) {
                    expect(')');
                    break;
                }
            }
            return dims;
        }

        private String word() throws Problem {
            for (String word : List.of("True", "False")) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word;
                }
            }
            throw problem(at, "expected True or False, got " + found());
        }

        private String string(String what) throws Problem {
            if (at < text.length() && (text.charAt(at) == '\'' || text.charAt(at) == '"')) {
                int close = text.indexOf(text.charAt(at), at + 1);
                if (close > at) {
                    String string = text.substring(at + 1, close);
                    at = close + 1;
                    return string;
                }
            }
            throw problem(at, "expected " + what + " in quotes, got " + found());
        }

        private void expect(char c) throws Problem {
            if (!next(c)) {
                throw problem(at, "expected '" + c + "', got " + found());
            }
        }

        private boolean next(char c) {
            spaces();
            boolean there = at < text.length() && text.charAt(at) == c;
            at += there ? 1 : 0;
            return there;
        }

        private void spaces() {
            while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
                at++;
            }
        }

        private String found() {
            return at < text.length() ? "'" + Character.toString(text.codePointAt(at)) + "'" : "the header's end";
        }

        private Problem problem(int place, String problem) {
            int offset = start + text.substring(0, place).getBytes(StandardCharsets.UTF_8).length;
            return new Problem("byte " + offset + ": " + problem);
        }
    }
}
