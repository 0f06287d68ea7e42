package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.TextLines;
import dev.rondo.data.WordVocabulary;
import dev.rondo.decoding.Viterbi;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Parts of speech of questions about flights (ATIS, with the tags of Universal Dependencies), as Huang, Xu & Yu 2015
/// tag words: an LSTM in each direction, what each tag scores at each word, and a conditional random field, which knows
/// how tags follow one another. The best tags of a whole sentence are found by Viterbi's algorithm.
@Command(
        name = "tagger",
        description = "Parts of speech of ATIS sentences: a bidirectional LSTM and a CRF")
final class Tagger extends Example {
    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the sentences (${DEFAULT-VALUE}).")
    private int epochs = 5;

    @Option(
            names = "--sentences",
            paramLabel = "N",
            description = "Learn from the first so many (${DEFAULT-VALUE}).")
    private int sentences = 4274;

    @Option(names = "--overfit", description = "Score on the sentences learned from: can the model learn them at all?")
    private boolean overfit;

    private Sequential model(int words, int tags) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(words, 64))
                .add(Dropout.rate(0.2))
                .add(Bidirectional.of(Lstm.units(64).returnSequences()))
                .add(Dropout.rate(0.2))
                .add(Dense.units(tags))
                .add(Crf.of())
                .seed(seed())
                .build();
    }

    /// Sentences as ids, padded.
    record Encoded(Padding.Padded words, Padding.Padded tags) {
        static Encoded of(List<Sentence> sentences, WordVocabulary words, WordVocabulary tags) {
            return new Encoded(
                    Padding.post().apply(sentences.stream().map(s -> words.encode(s.words)).toArray(int[][]::new)),
                    Padding.post().apply(sentences.stream().map(s -> tags.encode(s.tags)).toArray(int[][]::new)));
        }

        Examples examples() {
            return words.examples(tags.x());
        }

        /// The tags of each sentence, without padding.
        int[][] right() {
            int steps = tags.x().shape().dim(1);
            int[] all = tags.x().toInts();
            int[][] right = new int[tags.lengths().length][];
            Arrays.setAll(right, n -> Arrays.copyOfRange(all, n * steps, n * steps + tags.lengths()[n]));
            return right;
        }
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--sentences", sentences);
        List<Sentence> all = read(data("atis-pos", "en_atis-ud-train.conllu"));
        List<Sentence> learned = all.subList(0, Math.min(sentences, all.size()));
        List<Sentence> held = overfit ? learned : read(data("atis-pos", "en_atis-ud-test.conllu"));
        WordVocabulary.Builder wordCounts = WordVocabulary.builder().unknown("<unk>");
        WordVocabulary.Builder tagCounts = WordVocabulary.builder().unknown("<unk>");
        learned.forEach(sentence -> {
            wordCounts.count(sentence.words);
            tagCounts.count(sentence.tags);
        });
        WordVocabulary every = wordCounts.build();
        WordVocabulary words = overfit ? every : wordCounts.smallestCount(2).build();
        WordVocabulary tags = tagCounts.build();
        Encoded training = Encoded.of(learned, words, tags);
        Encoded test = Encoded.of(held, words, tags);
        print("%d sentences to learn from, %d words, %d tags", learned.size(), words.size(), tags.size());
        try (Sequential model = model(words.size(), tags.size())) {
            model.compile(Training.optimizer(Adam.rate(5e-3))
                    .loss(Loss.crf())
                    .clipGlobalNorm(5)
                    .engine(engine()));
            model.fit(training.examples().bucketed(20), Fit.epochs(epochs).callback(progress()));
            int[] lengths = test.words.lengths();
            Tensor emissions = model.predict(test.words.x(), Tensor.of(lengths, lengths.length));
            int[][] found = Viterbi.of(model.parameters(), "crf").decode(emissions, lengths).stream()
                    .map(Viterbi.Path::tags)
                    .toArray(int[][]::new);
            String what = overfit ? "the sentences learned from" : "the test sentences";
            return List.of(Score.higher("token accuracy, " + what, agreement(test.right(), found),
                    "of each word its most frequent tag",
                    agreement(test.right(), mostFrequent(
                            Encoded.of(learned, every, tags), Encoded.of(held, every, tags), every, tags))));
        }
    }

    /// The share of steps that are the same. Tags that were never learned from are `<unk>` on the left, which no model
    /// gives: they count as wrong.
    private static double agreement(int[][] right, int[][] found) {
        long same = 0;
        long all = 0;
        for (int n = 0; n < right.length; n++) {
            for (int t = 0; t < right[n].length; t++) {
                same += right[n][t] == found[n][t] && right[n][t] != 0 ? 1 : 0;
                all++;
            }
        }
        return same / (double) all;
    }

    /// For each word of the test sentences the tag that it has most often in those learned from; for one that is not
    /// there the most frequent of all.
    private static int[][] mostFrequent(
            Encoded training, Encoded test, WordVocabulary words, WordVocabulary tags) {
        int[] trained = training.words.x().toInts();
        int[] tagged = training.tags.x().toInts();
        int[][] counts = new int[words.size()][tags.size()];
        int steps = training.words.x().shape().dim(1);
        for (int i = 0; i < trained.length; i++) {
            counts[trained[i]][tagged[i]] += i % steps < training.words.lengths()[i / steps] ? 1 : 0;
        }
        int[] best = new int[words.size()];
        Arrays.setAll(best, word -> most(counts[word]));
        int[] given = test.words.x().toInts();
        int width = test.words.x().shape().dim(1);
        int[][] found = new int[test.words.lengths().length][];
        for (int n = 0; n < found.length; n++) {
            int first = n * width;
            found[n] = new int[test.words.lengths()[n]];
            Arrays.setAll(found[n], t -> best[given[first + t]]);
        }
        return found;
    }

    /// The tag counted most; of several, and where none is counted, the more frequent one of all, which has the smaller
    /// id. The first id is no tag.
    private static int most(int[] counts) {
        int most = 1;
        for (int tag = 2; tag < counts.length; tag++) {
            most = counts[tag] > counts[most] ? tag : most;
        }
        return most;
    }

    record Sentence(List<String> words, List<String> tags) {}

    /// Reads CoNLL-U: a word a line, its form in the second and its tag in the fourth column, sentences apart by empty
    /// lines; lines of contracted words, whose number is a range, are left out.
    static List<Sentence> read(Path file) throws IOException {
        List<Sentence> sentences = new ArrayList<>();
        List<String> words = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        try (Stream<String> lines = TextLines.of(file)) {
            Stream.concat(lines, Stream.of("")).forEach(line -> {
                String[] columns = line.split("\t");
                if (columns.length > 3 && columns[0].chars().allMatch(Character::isDigit)) {
                    words.add(columns[1]);
                    tags.add(columns[3]);
                } else if (line.isBlank() && !words.isEmpty()) {
                    sentences.add(new Sentence(List.copyOf(words), List.copyOf(tags)));
                    words.clear();
                    tags.clear();
                }
            });
        }
        return sentences;
    }
}
