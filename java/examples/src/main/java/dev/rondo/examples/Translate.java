package dev.rondo.examples;

import dev.rondo.Functional;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.Tokenizer;
import dev.rondo.data.WordVocabulary;
import dev.rondo.decoding.BeamSearch;
import dev.rondo.decoding.BeamStep;
import dev.rondo.inference.DecoderSession;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Concat;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.metrics.Bleu;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.Fit;
import dev.rondo.training.Monitor;
import dev.rondo.training.Training;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Captions of pictures from German into English (Multi30k, Elliott et al. 2016). A GRU in each direction reads the
/// German words; a second one, which begins with what the backward one ended with, writes the English words, and looks
/// at each step for the German ones that matter (additive attention, Bahdanau, Cho & Bengio 2015); a third puts both
/// together. It learns with the right words before each (teacher forcing), and writes by beam search.
///
/// Not as in the papers: the attention asks with the words written so far, not with what it saw before; and by default
/// only captions of few words are learned from and scored on.
@Command(
        name = "translate",
        description = "German captions into English: an encoder and a decoder with attention, beam search")
final class Translate extends Example {
    private static final String BEGIN = "<s>";
    private static final String END = "</s>";
    private static final int SHOWN = 5;

    @Option(names = "--epochs", paramLabel = "N", description = "At most so many passes (${DEFAULT-VALUE}).")
    private int epochs = 12;

    @Option(
            names = "--longest",
            paramLabel = "N",
            description = "Captions of at most so many words, punctuation included: to learn from in both languages, "
                    + "to be scored on in German (${DEFAULT-VALUE}).")
    private int longest = 12;

    @Option(
            names = "--sentences",
            paramLabel = "N",
            description = "Learn from the first so many of them (${DEFAULT-VALUE}).")
    private int sentences = 29_000;

    @Option(names = "--units", paramLabel = "N", description = "Of each GRU and embedding (${DEFAULT-VALUE}).")
    private int units = 128;

    @Option(names = "--rate", paramLabel = "X", description = "Of Adam (${DEFAULT-VALUE}).")
    private double rate = 2e-3;

    @Option(names = "--beam", paramLabel = "N", description = "Hypotheses that beam search keeps (${DEFAULT-VALUE}).")
    private int beam = 5;

    @Option(names = "--overfit", description = "Score on the captions learned from: can the model learn them at all?")
    private boolean overfit;

    private Functional model(int german, int english) {
        double dropped = overfit ? 0 : 0.3;
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbol read = b.add(Dropout.rate(dropped), b.add(Embedding.of(german, units), source));
        Symbols encoder = b.apply(Bidirectional.of(Gru.units(units).returnSequences()), read);
        Symbol first = b.add(Dense.units(units).activation(Activation.TANH), encoder.output("backward.h"));
        Symbol written = b.add(Dropout.rate(dropped), b.add(Embedding.of(english, units), target));
        Symbol asking = b.apply(Gru.units(units).returnSequences(), written, List.of(first)).y();
        Symbol seen = b.add(Attention.additive(units), asking, encoder.y());
        Symbol both = b.add(Gru.units(units).returnSequences(), b.add(Concat.of(), asking, seen));
        Symbol logits = b.add(Dense.units(english), b.add(Dropout.rate(dropped), b.add(Concat.of(), both, seen)));
        return b.output("logits", logits).seed(seed()).build();
    }

    /// A caption in both languages.
    record Pair(List<String> german, List<String> english) {}

    /// What words are called.
    record Vocabularies(WordVocabulary german, WordVocabulary english) {
        static Vocabularies of(List<Pair> pairs, int smallestCount) {
            WordVocabulary.Builder german = WordVocabulary.builder().unknown("<unk>").smallestCount(smallestCount);
            WordVocabulary.Builder english = WordVocabulary.builder().unknown("<unk>").smallestCount(smallestCount);
            pairs.forEach(pair -> {
                german.count(pair.german);
                english.count(marked(pair.english));
            });
            return new Vocabularies(german.build(), english.build());
        }

        static List<String> marked(List<String> words) {
            List<String> marked = new ArrayList<>(words);
            marked.addFirst(BEGIN);
            marked.addLast(END);
            return marked;
        }

        BeamSearch.Ids ids() {
            return new BeamSearch.Ids(
                    english.size(), english.find(BEGIN).orElseThrow(), english.find(END).orElseThrow());
        }

        /// The decoder takes each caption without its end, and is to give it without its beginning.
        Examples examples(List<Pair> pairs) {
            int[][] marked = pairs.stream().map(pair -> english.encode(marked(pair.english))).toArray(int[][]::new);
            Padding.Padded source = Padding.post()
                    .apply(pairs.stream().map(pair -> german.encode(pair.german)).toArray(int[][]::new));
            Padding.Padded target = Padding.post()
                    .apply(Arrays.stream(marked).map(ids -> Arrays.copyOf(ids, ids.length - 1)).toArray(int[][]::new));
            Padding.Padded next = Padding.post().apply(
                    Arrays.stream(marked).map(ids -> Arrays.copyOfRange(ids, 1, ids.length)).toArray(int[][]::new));
            return Dataset.of(Map.of("source", source.x(), "target", target.x()), Map.of("logits", next.x()))
                    .lengths("source", source.lengths())
                    .lengths("target", target.lengths());
        }
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--sentences", sentences);
        checkAtLeast(1, "--longest", longest);
        checkAtLeast(1, "--beam", beam);
        List<Pair> all = read(data("translation"), "train");
        List<Pair> training = all.stream()
                .filter(pair -> pair.german.size() <= longest && pair.english.size() <= longest)
                .limit(sentences)
                .toList();
        List<Pair> unseen = read(data("translation"), "test_2016_flickr");
        List<Pair> test = overfit
                ? training
                : unseen.stream().filter(pair -> pair.german.size() <= longest).toList();
        if (training.isEmpty() || test.isEmpty()) {
            throw new IllegalArgumentException(
                    "--longest: expected captions to learn from and to be scored on, got none of up to %d words"
                            .formatted(longest));
        }
        Vocabularies words = Vocabularies.of(training, overfit ? 1 : 2);
        print("%d of %d captions to learn from, %d of %d to be scored on; %d German and %d English words",
                training.size(), all.size(), test.size(), overfit ? all.size() : unseen.size(),
                words.german.size(), words.english.size());
        try (Functional model = model(words.german.size(), words.english.size())) {
            model.compile(Training.optimizer(Adam.rate(rate)).clipGlobalNorm(1).engine(engine()));
            Fit fit = Fit.epochs(epochs).callback(progress());
            if (!overfit) {
                List<Pair> valid = read(data("translation"), "val").stream()
                        .filter(pair -> pair.german.size() <= longest)
                        .toList();
                fit = fit.validation(words.examples(valid)).callback(EarlyStopping.on(Monitor.validationLoss(), 2));
            }
            model.fit(words.examples(training).bucketed(20), fit);
            return List.of(Score.higher(
                            "BLEU-4 in lower case, %s".formatted(overfit ? "captions learned from" : "test captions"),
                            bleu(test, translated(model, words, test)),
                            "each word by the one that it comes with most", bleu(test, wordByWord(training, test)))
                    .published("0.288 on all 1000 captions (bentrevett/pytorch-seq2seq, attention, greedy)"));
        }
    }

    private List<List<String>> translated(Functional model, Vocabularies words, List<Pair> pairs) {
        BeamSearch search = BeamSearch.width(beam).maxLength(2 * longest + 10).lengthPenalty(0.6);
        List<List<String>> translated = new ArrayList<>();
        try (InferenceSession session = model.session();
                DecoderSession decoder = session.decoder("target", "logits", beam)) {
            for (Pair pair : pairs) {
                int[] ids = words.german.encode(pair.german);
                decoder.encode(Map.of("source", Tensor.of(ids, 1, ids.length)));
                int[] best = search.search(BeamStep.of(decoder), words.ids()).getFirst().ids();
                translated.add(words.english.decode(best));
            }
        }
        for (int n = 0; n < Math.min(SHOWN, pairs.size()); n++) {
            print("");
            print("  German   %s", String.join(" ", pairs.get(n).german));
            print("  English  %s", String.join(" ", pairs.get(n).english));
            print("  Rondo    %s", String.join(" ", translated.get(n)));
        }
        return translated;
    }

    /// Of all captions together, with the smoothing of sacreBLEU.
    private static double bleu(List<Pair> pairs, List<List<String>> translated) {
        Bleu bleu = new Bleu(4, new Bleu.Smoothing.Exponential());
        for (int n = 0; n < pairs.size(); n++) {
            bleu.add(List.of(pairs.get(n).english), translated.get(n));
        }
        return bleu.value();
    }

    /// For each German word the English one with which it shares most captions by Dice's coefficient,
    /// `2 together / (own + other's)`, in the German order; unknown words stay as they are.
    private static List<List<String>> wordByWord(List<Pair> training, List<Pair> test) {
        Map<String, Map<String, Integer>> together = new HashMap<>();
        Map<String, Integer> german = new HashMap<>();
        Map<String, Integer> english = new HashMap<>();
        for (Pair pair : training) {
            new HashSet<>(pair.english).forEach(word -> english.merge(word, 1, Integer::sum));
            for (String word : new HashSet<>(pair.german)) {
                german.merge(word, 1, Integer::sum);
                Map<String, Integer> with = together.computeIfAbsent(word, _ -> new HashMap<>());
                new HashSet<>(pair.english).forEach(other -> with.merge(other, 1, Integer::sum));
            }
        }
        Map<String, String> dictionary = new HashMap<>();
        together.forEach((word, with) -> {
            double most = 0;
            for (Map.Entry<String, Integer> other : with.entrySet()) {
                double dice = 2.0 * other.getValue()
                        / (german.getOrDefault(word, 0) + english.getOrDefault(other.getKey(), 0));
                String before = dictionary.getOrDefault(word, "");
                if (dice > most || dice == most && other.getKey().compareTo(before) < 0) {
                    most = dice;
                    dictionary.put(word, other.getKey());
                }
            }
        });
        return test.stream()
                .map(pair -> pair.german.stream().map(word -> dictionary.getOrDefault(word, word)).toList())
                .toList();
    }

    /// @param folder of the data set
    static List<Pair> read(Path folder, String part) throws IOException {
        List<List<String>> german = lines(folder.resolve(part + ".de.gz"));
        List<List<String>> english = lines(folder.resolve(part + ".en.gz"));
        if (german.size() != english.size()) {
            throw new IOException("%s: expected as many German as English captions, got %d and %d"
                    .formatted(part, german.size(), english.size()));
        }
        List<Pair> pairs = new ArrayList<>();
        for (int n = 0; n < german.size(); n++) {
            if (!german.get(n).isEmpty() && !english.get(n).isEmpty()) {
                pairs.add(new Pair(german.get(n), english.get(n)));
            }
        }
        return pairs;
    }

    private static List<List<String>> lines(Path file) throws IOException {
        Tokenizer tokenizer = Tokenizer.words().lowerCase();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            return reader.lines().map(tokenizer::split).toList();
        }
    }
}
