package dev.rondo;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// What several tests of training and serving need.
public final class Runs {
    private Runs() {}

    /// Both kernel sets: tests that run on each take their engine from here. Without native kernels such a test fails.
    public static Engine.Options engine(Choice kernels) {
        return Engine.training().kernels(kernels).threads(kernels == Choice.JAVA ? 0 : 2);
    }

    /// A small model of characters.
    ///
    /// @param dropout its rate; 0 for none
    public static Sequential characterModel(int vocabulary, double dropout) {
        Sequential.Builder builder = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary, 12))
                .add(Lstm.units(24).returnSequences());
        if (dropout > 0) {
            builder.add(Dropout.rate(dropout));
        }
        return builder.add(Lstm.units(20).returnSequences())
                .add(Dense.units(vocabulary))
                .seed(7)
                .build();
    }

    /// The usual way to train it.
    public static Training training(Choice kernels) {
        return Training.optimizer(Adam.rate(5e-3))
                .metrics(Metric.accuracy(), Metric.perplexity())
                .clipGlobalNorm(5)
                .engine(engine(kernels));
    }

    /// Generated characters in streams.
    public static Dataset streams(int words, int timeSteps) {
        String text = TestText.words(words, 3);
        return Dataset.streams(CharacterVocabulary.of(text).encode(text), timeSteps);
    }

    /// The number of characters that the generated text has.
    public static int vocabulary() {
        return CharacterVocabulary.of(TestText.words(1000, 3)).size();
    }

    /// Adds the loss of each step to a list.
    public static Callback lossesTo(List<Double> losses) {
        return Callback.eachBatch(report -> losses.add(report.loss()));
    }

    /// The losses of each step of a run.
    public static List<Double> losses(Model model, Dataset data, Fit fit) {
        List<Double> losses = new ArrayList<>();
        model.fit(data, fit.callback(lossesTo(losses)));
        return losses;
    }

    /// Copies of a model's parameters.
    public static Map<String, List<Float>> parameters(Model model) {
        Map<String, List<Float>> copies = new LinkedHashMap<>();
        model.parameters().forEach((name, tensor) -> copies.put(name, floats(tensor)));
        return copies;
    }

    /// A float32 tensor as a list, which compares bit for bit.
    public static List<Float> floats(Tensor tensor) {
        List<Float> list = new ArrayList<>();
        for (float value : tensor.toFloats()) {
            list.add(value);
        }
        return list;
    }

    /// Random features.
    public static Tensor features(RandomGenerator random, int... dims) {
        Tensor tensor = Tensor.zeros(DataType.FLOAT32, dims);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, 2 * random.nextDouble() - 1);
        }
        return tensor;
    }

    /// Random ids.
    public static Tensor ids(RandomGenerator random, int limit, int... dims) {
        Tensor tensor = Tensor.zeros(DataType.INT32, dims);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextInt(limit));
        }
        return tensor;
    }
}
