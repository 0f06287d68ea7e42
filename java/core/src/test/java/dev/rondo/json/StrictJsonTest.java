package dev.rondo.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
    @Test
    void aNumberIsWhatItIsWrittenAs() throws IOException {
        String text = "[0, -0, 42, -9223372036854775808, 9223372036854775807, 9223372036854775808, 1.0, -2.5e-3, 1E2]";
        Number[] expected = {
            0L, 0L, 42L, Long.MIN_VALUE, Long.MAX_VALUE, new BigInteger("9223372036854775808"), 1.0, -0.0025, 100.0
        };
        try (JsonReader in = StrictJson.reader(text, 1)) {
            in.beginArray();
            for (Number number : expected) {
                assertEquals(number, StrictJson.number(in.nextString()));
            }
            in.endArray();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "[1,]", "[,1]", "[01]", "[+1]", "[.5]", "[1.]", "[NaN]", "[Infinity]", "['a']", "[a]", "[TRUE]", "{a:1}",
        "{'a':1}", "{\"a\"=1}", "{\"a\":1;\"b\":2}", "[1] 2", "[1] [", "[\"\t\"]", "[\"\\x\"]", "[\"\\'\"]", "[1 2]",
        "[1 /* two */]", "[1] // one", "# []", ")]}'\n[]", "[", "[\"a", "{\"a\"", "[[[[1]]]]", "[1}", "{\"a\":1]"
    })
    void nothingElseIsJson(String text) {
        IOException e = assertThrows(IOException.class, () -> {
            try (JsonReader in = StrictJson.reader(text, 3)) {
                read(in);
                in.peek();
            }
        });

        StrictJson.Problem problem = StrictJson.Problem.of(e, text);

        // Without a word about Gson and its settings.
        assertEquals(-1, problem.text().indexOf("Json"), problem.text());
        assertEquals(-1, problem.text().indexOf(" at line "), problem.text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"a\" 1}        | Expected ':' | 6",
        "[1, 2,\\n3, x]   | malformed text | 10",
        "[1,\\n\\n\\n\"\\q\"] | Invalid escape sequence | 9",
        "[1, 2            | End of input | 5",
        "[1, 2] 3         | malformed text | 8"
    })
    void aProblemHasItsPlace(String escaped, String expected, int offset) {
        String text = escaped.replace("\\n", "\n");
        IOException e = assertThrows(IOException.class, () -> {
            try (JsonReader in = StrictJson.reader(text, 3)) {
                read(in);
                in.peek();
            }
        });

        assertEquals(new StrictJson.Problem(expected, offset), StrictJson.Problem.of(e, text));
    }

    private static void read(JsonReader in) throws IOException {
        switch (in.peek()) {
            case BEGIN_ARRAY -> {
                in.beginArray();
                while (in.hasNext()) {
                    read(in);
                }
                in.endArray();
            }
            case BEGIN_OBJECT -> {
                in.beginObject();
                while (in.hasNext()) {
                    in.nextName();
                    read(in);
                }
                in.endObject();
            }
            default -> in.nextString();
        }
    }
}
