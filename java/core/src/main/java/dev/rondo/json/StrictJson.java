package dev.rondo.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads JSON as RFC 8259 has it and nothing beside it but a byte order mark in front.
///
/// Of the readers of JSON Gson's loads the fewest classes: the first prediction of a process waits for it.
public final class StrictJson {
    private StrictJson() {}

    /// A reader of a text. Whoever reads it sees to names that stand twice.
    ///
    /// @param depth how deep objects and arrays may nest
    public static JsonReader reader(String text, int depth) {
        JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        reader.setNestingLimit(depth);
        return reader;
    }

    /// What a number is written as, as a [Long] or, beyond its range, a [BigInteger] if it has neither a fraction nor an
    /// exponent, else as a [Double].
    public static Number number(String literal) {
        if (literal.contains(".") || literal.contains("e") || literal.contains("E")) {
            return Double.parseDouble(literal);
        }
        try {
            return Long.parseLong(literal);
        } catch (NumberFormatException e) {
            return new BigInteger(literal);
        }
    }

    /// What a reader found wrong and where.
    ///
    /// @param text what is wrong
    /// @param offset where, in characters from the start of what was read: at the fault or just behind it
    public record Problem(String text, int offset) {
        private static final Pattern PLACE = Pattern.compile("(.*?) at line (\\d+) column (\\d+) path .*", Pattern.DOTALL);

        /// What a reader of [#reader] threw while it read a text.
        public static Problem of(IOException e, String text) {
            String message = String.valueOf(e.getMessage());
            Matcher place = PLACE.matcher(message);
            if (!place.matches()) {
                return new Problem(message, 0);
            }
            int start = 0;
            for (int line = Integer.parseInt(place.group(2)); line > 1; line--) {
                start = text.indexOf('\n', start) + 1;
            }
            // What else Gson reads if it is asked to is no advice for who has a file.
            String problem = place.group(1).startsWith("Use JsonReader") ? "malformed text" : place.group(1);
            int column = Integer.parseInt(place.group(3));
            return new Problem(problem, Math.min(start + column - 1, text.length()));
        }
    }
}
