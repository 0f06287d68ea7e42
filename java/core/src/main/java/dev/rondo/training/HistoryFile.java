package dev.rondo.training;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import dev.rondo.json.StrictJson;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A file with a line for each epoch: what [Callback#csv] and [Callback#jsonLines] give.
record HistoryFile(Path file, Format format) implements Callback {
    private static final String EPOCH = "epoch";

    /// How a line is written.
    enum Format {
        CSV,
        JSON_LINES
    }

    @Override
    public Callback begin(TrainingRun run) {
        InRun begun = new InRun(run.names());
        if (run.fit().start().isEmpty()) {
            begun.create();
        }
        return begun;
    }

    /// In one run.
    private final class InRun implements Callback {
        private final List<String> names;

        InRun(List<String> names) {
            this.names = names;
        }

        void create() {
            write(header(), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        }

        private String header() {
            return switch (format) {
                case CSV ->
                    Stream.concat(Stream.of(EPOCH), names.stream())
                                    .map(HistoryFile::quoted)
                                    .collect(Collectors.joining(","))
                            + "\n";
                case JSON_LINES -> "";
            };
        }

        /// Keeps the lines of the epochs that are done.
        @Override
        public void onResume(Resumption resumption) {
            if (!Files.exists(file)) {
                create();
                return;
            }
            try {
                byte[] bytes = Files.readAllBytes(file);
                long kept = kept(bytes, resumption.epoch());
                if (kept == 0) {
                    create();
                } else {
                    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                        channel.truncate(kept);
                    }
                }
            } catch (IOException e) {
                throw failed("read", e);
            }
        }

        /// @return how many bytes are whole lines of epochs before
        private long kept(byte[] bytes, int epoch) {
            int from = 0;
            for (int at = 0, line = 1; at < bytes.length; at++) {
                if (bytes[at] == '\n') {
                    String text = new String(bytes, from, at - from, StandardCharsets.UTF_8);
                    boolean first = format == Format.CSV && line == 1;
                    if (first && !header().equals(text + "\n")) {
                        throw new IllegalArgumentException("%s: expected the columns %s, got %s"
                                .formatted(file, header().strip(), text));
                    }
                    if (!first && epochOf(text, line) >= epoch) {
                        break;
                    }
                    from = at + 1;
                    line++;
                }
            }
            return from;
        }

        @Override
        public Next onEpoch(EpochReport report) {
            SequencedMap<String, Double> values = report.values();
            String line = switch (format) {
                case CSV ->
                    report.epoch() + ","
                            + names.stream()
                                    .map(name -> values.containsKey(name) ? String.valueOf(values.get(name)) : "")
                                    .collect(Collectors.joining(","));
                case JSON_LINES -> json(report.epoch(), values);
            };
            write(line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return Next.CONTINUE;
        }
    }

    private static String json(int epoch, SequencedMap<String, Double> values) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            json.name(EPOCH).value(epoch);
            for (var entry : values.entrySet()) {
                json.name(entry.getKey());
                if (Double.isFinite(entry.getValue())) {
                    json.value(entry.getValue());
                } else {
                    json.nullValue();
                }
            }
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail", e);
        }
        return text.toString();
    }

    private int epochOf(String text, int line) {
        try {
            return switch (format) {
                case CSV -> Integer.parseInt(text.substring(0, Math.max(0, text.indexOf(','))));
                case JSON_LINES -> jsonEpoch(text);
            };
        } catch (NumberFormatException | IOException e) {
            throw new IllegalArgumentException(
                    "%s: line %d: expected a line of an epoch, got %s".formatted(file, line, text), e);
        }
    }

    private static int jsonEpoch(String text) throws IOException {
        try (JsonReader json = StrictJson.reader(text, 1)) {
            json.beginObject();
            if (json.nextName().equals(EPOCH) && json.peek() == JsonToken.NUMBER
                    && StrictJson.number(json.nextString()) instanceof Long epoch) {
                return Math.toIntExact(epoch);
            }
            throw new IOException("no epoch");
        } catch (IllegalStateException | ArithmeticException e) {
            throw new IOException("other JSON", e);
        }
    }

    private static String quoted(String name) {
        return name.matches("[^,\"\r\n]*") ? name : "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private void write(String text, StandardOpenOption... options) {
        StandardOpenOption[] all = Stream.concat(Stream.of(StandardOpenOption.WRITE), Stream.of(options))
                .toArray(StandardOpenOption[]::new);
        try (FileChannel channel = FileChannel.open(file, all)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw failed("write", e);
        }
    }

    private UncheckedIOException failed(String what, IOException e) {
        String reason = e instanceof NoSuchFileException ? "no such folder" : String.valueOf(e.getMessage());
        return new UncheckedIOException("cannot %s %s: %s".formatted(what, file, reason), e);
    }
}
