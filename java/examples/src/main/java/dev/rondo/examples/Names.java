package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.Split;
import dev.rondo.data.TextLines;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Of which of 18 languages is a surname? Its characters, each a vector of 32 numbers, go through a GRU of 128 units,
/// and its last state through a softmax. A fifth of the names of each language is held out; almost half of all names
/// are Russian.
@Command(
        name = "names",
        description = "Surnames of 18 languages, told apart character by character")
final class Names extends Example {
    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the names (${DEFAULT-VALUE}).")
    private int epochs = 10;

    private Sequential model(int characters, int languages) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(characters, 32))
                .add(Gru.units(128))
                .add(Dense.units(languages))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(data("names", "names"))) {
            files = all.filter(file -> file.toString().endsWith(".txt")).sorted().toList();
        }
        List<String> names = new ArrayList<>();
        List<Integer> languages = new ArrayList<>();
        for (int language = 0; language < files.size(); language++) {
            int label = language;
            try (Stream<String> lines = TextLines.of(files.get(language))) {
                lines.map(String::strip).filter(name -> !name.isEmpty()).forEach(name -> {
                    names.add(name);
                    languages.add(label);
                });
            }
        }
        int[] labels = languages.stream().mapToInt(Integer::intValue).toArray();
        CharacterVocabulary vocabulary = CharacterVocabulary.of(String.join("", names));
        Examples examples = Padding.post()
                .apply(names.stream().map(vocabulary::encode).toArray(int[][]::new))
                .examples(Tensor.of(labels, labels.length));
        Split split = Split.stratified(labels, 0.2, seed());
        print("%d names of %d languages, %d characters", labels.length, files.size(), vocabulary.size());
        try (Sequential model = model(vocabulary.size(), files.size())) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            Examples heldOut = examples.select(split.heldOut());
            model.fit(examples.select(split.training()).bucketed(20),
                    Fit.epochs(epochs).batchSize(64).validation(heldOut).callback(progress()));
            return List.of(Score.higher("accuracy, a fifth held out", model.evaluate(heldOut).metric("accuracy"),
                    "always the language with most names",
                    Baselines.majority(labels(labels, split.training()), labels(labels, split.heldOut()))));
        }
    }

    private static int[] labels(int[] all, int[] rows) {
        return Arrays.stream(rows).map(row -> all[row]).toArray();
    }
}
