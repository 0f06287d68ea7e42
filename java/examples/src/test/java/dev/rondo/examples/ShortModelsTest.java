package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Examples;
import dev.rondo.data.LabelledFolder;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.data.WordVocabulary;
import dev.rondo.decoding.BeamSearch;
import dev.rondo.decoding.BeamStep;
import dev.rondo.decoding.CtcDecoder;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.decoding.Sampler;
import dev.rondo.decoding.Sampling;
import dev.rondo.decoding.Viterbi;
import dev.rondo.inference.DecoderSession;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Each short model learns a small batch of real data by heart.
class ShortModelsTest {
    private static final Path SOURCE = Path.of(System.getProperty("rondo.root"))
            .resolve("java/examples/src/main/java/dev/rondo/examples/ShortModels.java");

    /// From the one with its name to its closing brace.
    @Test
    void eachHasFewerThan30Lines() throws IOException {
        Map<String, Integer> lines = new HashMap<>();
        String name = "";
        for (String line : Files.readAllLines(SOURCE)) {
            if (line.startsWith("    static ")) {
                name = line.substring(0, line.indexOf('(')).replaceFirst(".* ", "");
            }
            if (!name.isEmpty()) {
                lines.merge(name, 1, Integer::sum);
            }
            if (line.equals("    }")) {
                name = "";
            }
        }
        Set<String> methods = Arrays.stream(ShortModels.class.getDeclaredMethods())
                .filter(method -> !method.isSynthetic() && !Modifier.isPrivate(method.getModifiers()))
                .map(Method::getName)
                .collect(Collectors.toSet());
        assertEquals(methods, lines.keySet());
        assertEquals(5, lines.size());
        lines.forEach((method, count) -> assertTrue(count > 5 && count < 30, method + " has " + count));
    }

    /// Beam search gives the captions back, word by word.
    @Test
    void theTranslatorKnowsItsSentences() throws IOException {
        Path folder = Run.folder("translation", "the short translator");
        List<Translate.Pair> pairs = Translate.read(folder, "train").stream()
                .filter(pair -> pair.german().size() <= 8 && pair.english().size() <= 8)
                .limit(16)
                .toList();
        Translate.Vocabularies words = Translate.Vocabularies.of(pairs, 1);
        Examples examples = words.examples(pairs);
        BeamSearch search = BeamSearch.width(3).maxLength(20);
        try (Functional model = ShortModels.translator(examples, words.german().size(), words.english().size());
                InferenceSession session = model.session();
                DecoderSession decoder = session.decoder("target", "logits", search.width())) {
            assertBelow(0.02, model.evaluate(examples).loss());
            for (Translate.Pair pair : pairs) {
                int[] ids = words.german().encode(pair.german());
                decoder.encode(Map.of("source", Tensor.of(ids, 1, ids.length)));
                int[] found = search.search(BeamStep.of(decoder), words.ids()).getFirst().ids();
                assertEquals(pair.english(), words.english().decode(found));
            }
        }
    }

    /// Viterbi's algorithm gives the tags back.
    @Test
    void theTaggerKnowsItsSentences() throws IOException {
        Path folder = Run.folder("atis-pos", "the short tagger");
        List<Tagger.Sentence> sentences = Tagger.read(folder.resolve("en_atis-ud-train.conllu")).subList(0, 16);
        WordVocabulary.Builder words = WordVocabulary.builder().unknown("<unk>");
        WordVocabulary.Builder tags = WordVocabulary.builder().unknown("<unk>");
        sentences.forEach(sentence -> {
            words.count(sentence.words());
            tags.count(sentence.tags());
        });
        Tagger.Encoded encoded = Tagger.Encoded.of(sentences, words.build(), tags.build());
        int[] lengths = encoded.words().lengths();
        try (Sequential model =
                ShortModels.tagger(encoded.examples(), words.build().size(), tags.build().size())) {
            assertBelow(0.1, model.evaluate(encoded.examples()).loss());
            Tensor emissions = model.predict(encoded.words().x(), Tensor.of(lengths, lengths.length));
            int[][] found = Viterbi.of(model.parameters(), "crf").decode(emissions, lengths).stream()
                    .map(Viterbi.Path::tags)
                    .toArray(int[][]::new);
            assertArrayEquals(encoded.right(), found);
        }
    }

    /// The likeliest path spells each word.
    @Test
    void theRecogniserKnowsItsWords() throws IOException {
        Path folder = Run.folder("speech-digits", "the short recogniser");
        Digits.Spoken spoken;
        try (DigitRecordings recordings = DigitRecordings.unpack(folder.resolve("fsdd_recordings.tar.gz"))) {
            // One take of each digit, of several speakers.
            List<LabelledFolder.Entry> first = recordings.parts().training().entries().stream()
                    .filter(entry -> DigitRecordings.isOfFirst(1, entry))
                    .toList();
            spoken = Digits.read(first.stream().filter(entry -> first.indexOf(entry) % 6 == entry.id() % 6).toList());
        }
        int[] lengths = spoken.x().lengths();
        assertEquals(10, lengths.length);
        try (Sequential model =
                ShortModels.recogniser(spoken.examples(), DigitRecordings.BANDS, Digits.CLASSES)) {
            assertBelow(0.1, model.evaluate(spoken.examples()).loss());
            Tensor logits = model.predict(spoken.x().x(), Tensor.of(lengths, lengths.length));
            List<CtcHypothesis> found = CtcDecoder.greedy().decode(logits, lengths);
            for (int n = 0; n < found.size(); n++) {
                assertArrayEquals(Digits.spelled(spoken.digits()[n]), found.get(n).labels());
            }
        }
    }

    /// From its first characters on, the text comes by itself.
    @Test
    void theLanguageModelKnowsItsText() throws IOException {
        Path folder = Run.folder("text", "the short language model");
        String text = Files.readString(folder.resolve("tinyshakespeare.txt")).substring(0, 801);
        CharacterVocabulary characters = CharacterVocabulary.of(text);
        int[] ids = characters.encode(text);
        try (Sequential model = ShortModels.languageModel(ids, characters.size());
                InferenceSession session = model.session();
                StreamingSession stream = session.stream(1)) {
            Sampler greedy = Sampling.greedy().sampler(1);
            float[] logits = new float[characters.size()];
            int[] found = new int[100];
            int next = ids[0];
            for (int i = 0; i < found.length; i++) {
                found[i] = next;
                stream.step(new int[] {next}, logits);
                next = greedy.draw(logits);
            }
            assertEquals(text.substring(0, found.length), characters.decode(found));
        }
    }

    /// Its error is far below that of what stays as it was.
    @Test
    void theForecasterKnowsItsSeries() throws IOException {
        Path folder = Run.folder("series", "the short forecaster");
        double[] all = Csv.column(folder.resolve("monthly-sunspots.csv"), "Sunspots");
        double[] series = Arrays.copyOf(all, 24 + 32);
        Windows windows = Windows.of(24, 1);
        Scaler scaler = Scaler.fit(Scaler.Kind.STANDARD, series);
        Examples examples = windows.examples(scaler.apply(series), 0, series.length);
        try (Sequential model = ShortModels.forecaster(examples, 1)) {
            double persistence = 0;
            for (int row = 24; row < series.length; row++) {
                double change = scaler.apply(series[row]) - scaler.apply(series[row - 1]);
                persistence += change * change / (series.length - 24);
            }
            assertBelow(0.02 * persistence, model.evaluate(examples).loss());
        }
    }

    private static void assertBelow(double bound, double loss) {
        assertTrue(loss < bound, "expected a loss below " + bound + ", got " + loss);
    }
}
