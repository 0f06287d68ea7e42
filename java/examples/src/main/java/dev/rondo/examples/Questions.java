package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.Tokenizer;
import dev.rondo.data.WordVocabulary;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Bidirectional.Merge;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What does a question ask for (TREC, Li & Roth 2002): an abbreviation, a description, a thing, a human, a place, a
/// number? Word vectors, dropout, an LSTM in each direction whose last outputs are added up, a softmax.
@Command(
        name = "questions",
        description = "TREC questions of six kinds: a bidirectional LSTM over words")
final class Questions extends Example {
    private static final List<String> KINDS = List.of("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM");

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the questions (${DEFAULT-VALUE}).")
    private int epochs = 10;

    private Sequential model(int vocabulary) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary, 100))
                .add(Dropout.rate(0.5))
                .add(Bidirectional.of(Lstm.units(100), Merge.SUM))
                .add(Dropout.rate(0.5))
                .add(Dense.units(KINDS.size()))
                .seed(seed())
                .build();
    }

    /// @param kinds of the questions, numbered as in [#KINDS]
    private record Asked(List<List<String>> questions, int[] kinds) {
        Examples examples(WordVocabulary vocabulary) {
            int[][] ids = questions.stream().map(vocabulary::encode).toArray(int[][]::new);
            return Padding.post().apply(ids).examples(Tensor.of(kinds, kinds.length));
        }
    }

    @Override
    List<Score> run() throws IOException {
        Asked training = read(data("sentiment", "TREC.train"));
        Asked test = read(data("sentiment", "TREC.test"));
        WordVocabulary.Builder words = WordVocabulary.builder().unknown("<unk>").smallestCount(2);
        training.questions.forEach(words::count);
        WordVocabulary vocabulary = words.build();
        print("%d questions to learn from, %d words that occur twice", training.kinds.length, vocabulary.size());
        try (Sequential model = model(vocabulary.size())) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training.examples(vocabulary).bucketed(20), Fit.epochs(epochs).callback(progress()));
            return List.of(Score.higher("accuracy, the 500 test questions",
                            model.evaluate(test.examples(vocabulary)).metric("accuracy"),
                            "always the most frequent kind", Baselines.majority(training.kinds, test.kinds))
                    .published("0.878, on word2vec's vectors 0.938 (Jarvx/text-classification-pytorch, LSTM)"));
        }
    }

    /// A question a line, behind `KIND:detail `. The file is in Latin-1.
    private static Asked read(Path file) throws IOException {
        Tokenizer tokenizer = Tokenizer.whitespace().lowerCase();
        List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        return new Asked(
                lines.stream().map(line -> tokenizer.split(line.substring(line.indexOf(' ')))).toList(),
                lines.stream().mapToInt(line -> KINDS.indexOf(line.substring(0, line.indexOf(':')))).toArray());
    }
}
