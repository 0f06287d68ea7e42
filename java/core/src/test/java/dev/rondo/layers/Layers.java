package dev.rondo.layers;

import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.util.List;

/// A few layers at work alone.
final class Layers {
    /// Both kernel sets.
    static final List<Choice> KERNELS = List.of(Choice.JAVA, Choice.NATIVE);

    private Layers() {}

    static Sequential model(Input input, Layer... layers) {
        Sequential.Builder builder = Sequential.builder().seed(3).add(input);
        for (Layer layer : layers) {
            builder.add(layer);
        }
        return builder.build();
    }

    /// What a model gives of sequences of these lengths.
    static float[] run(Sequential model, Choice kernels, Tensor x, int... lengths) {
        try (InferenceSession session =
                model.session(Serving.standard().engine(Engine.inference().kernels(kernels)))) {
            int time = x.shape().rank() > 1 ? x.shape().dim(1) : 1;
            Tensor y = Tensor.zeros(DataType.FLOAT32, session.outputShape().resolve(x.shape().dim(0), time).dims());
            if (lengths.length == 0) {
                session.run(x, y);
            } else {
                session.run(x, Tensor.of(lengths, lengths.length), y);
            }
            return y.toFloats();
        }
    }

    /// What layers without parameters give of x.
    static float[] run(Choice kernels, Input input, Tensor x, int[] lengths, Layer... layers) {
        try (Sequential model = model(input, layers)) {
            return run(model, kernels, x, lengths);
        }
    }
}
