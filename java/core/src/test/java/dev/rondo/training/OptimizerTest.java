package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The equations of the optimizers, written out again in double and held against whole training steps of a model whose
/// gradient is known: softmax regression, where dL/dW = (p - target) x.
class OptimizerTest {
    private static final double[] X = {0.5, -1.25, 2};
    private static final int LABEL = 1;
    private static final int STEPS = 7;
    private static final double CLIP = 0.7;

    /// One parameter's change: from its number and gradient in step t.
    private interface Rule {
        double step(int parameter, double gradient, int t);
    }

    private static Rule sgd(double rate, double momentum, boolean nesterov) {
        double[] v = new double[6];
        return (i, g, _) -> {
            v[i] = momentum * v[i] - rate * g;
            return nesterov ? momentum * v[i] - rate * g : v[i];
        };
    }

    private static Rule adam(double rate, BiFunction<double[], Integer, Double> form) {
        double[] m = new double[6];
        double[] v = new double[6];
        return (i, g, t) -> {
            m[i] = 0.8 * m[i] + 0.2 * g;
            v[i] = 0.95 * v[i] + 0.05 * g * g;
            return -rate * form.apply(new double[] {m[i], v[i]}, t);
        };
    }

    private static double keras(double[] mv, int t) {
        return Math.sqrt(1 - Math.pow(0.95, t)) / (1 - Math.pow(0.8, t)) * mv[0] / (Math.sqrt(mv[1]) + 1e-2);
    }

    private static double pytorch(double[] mv, int t) {
        return 1 / (1 - Math.pow(0.8, t)) * mv[0] / (Math.sqrt(mv[1] / (1 - Math.pow(0.95, t))) + 1e-2);
    }

    private static Rule rmsProp(RmsProp settings) {
        double[] a = new double[6];
        double[] mean = new double[6];
        double[] v = new double[6];
        return (i, g, _) -> {
            a[i] = 0.7 * a[i] + 0.3 * g * g;
            mean[i] = 0.7 * mean[i] + 0.3 * g;
            double square = settings.centering() == RmsProp.Centering.MEAN ? a[i] - mean[i] * mean[i] : a[i];
            return switch (settings.form()) {
                case KERAS -> {
                    v[i] = settings.momentum() * v[i] + 0.05 * g / Math.sqrt(square + 1e-2);
                    yield -v[i];
                }
                case PYTORCH -> {
                    v[i] = settings.momentum() * v[i] + g / (Math.sqrt(square) + 1e-2);
                    yield -0.05 * v[i];
                }
            };
        };
    }

    private static Rule adagrad(boolean inside) {
        double[] a = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
        return (i, g, _) -> {
            a[i] += g * g;
            return -0.2 * g / (inside ? Math.sqrt(a[i] + 1e-2) : Math.sqrt(a[i]) + 1e-2);
        };
    }

    static Stream<Arguments> others() {
        AdamW adamW = AdamW.rate(0.1).betas(0.8, 0.95).epsilon(1e-2).decay(0.4);
        RmsProp rmsProp = RmsProp.rate(0.05).rho(0.7).epsilon(1e-2);
        Adagrad adagrad = Adagrad.rate(0.2).epsilon(1e-2);
        List<Arguments> all = new ArrayList<>();
        for (Choice kernels : List.of(Choice.JAVA, Choice.NATIVE)) {
            all.add(Arguments.of(kernels, adamW, 0.1 * 0.4, adam(0.1, OptimizerTest::keras)));
            all.add(Arguments.of(
                    kernels, adamW.form(Adam.Form.PYTORCH), 0.1 * 0.4, adam(0.1, OptimizerTest::pytorch)));
            for (RmsProp settings : List.of(
                    rmsProp, rmsProp.momentum(0.6), rmsProp.centered(), rmsProp.centered().momentum(0.6))) {
                for (RmsProp.Form form : RmsProp.Form.values()) {
                    all.add(Arguments.of(kernels, settings.form(form), 0.0, rmsProp(settings.form(form))));
                }
            }
            all.add(Arguments.of(kernels, adagrad, 0.0, adagrad(true)));
            all.add(Arguments.of(kernels, adagrad.form(Adagrad.Form.PYTORCH), 0.0, adagrad(false)));
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("others")
    void soDoTheOthers(Choice kernels, Optimizer optimizer, double decay, Rule rule) {
        follows(kernels, Clip.globalNorm(CLIP), optimizer, decay, rule);
    }

    /// The gradient of the one parameter has the norm of all; two layers would tell more, as in UpdateTest.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void gradientsAreClipped(Choice kernels) {
        for (Clip clip : List.of(Clip.none(), Clip.norm(CLIP), Clip.value(0.3))) {
            follows(kernels, clip, Sgd.rate(0.3).momentum(0.6), 0, sgd(0.3, 0.6, false));
        }
    }

    static Stream<Arguments> optimizers() {
        // A large epsilon, so that where it stands shows.
        Adam adam = Adam.rate(0.1).betas(0.8, 0.95).epsilon(1e-2);
        return Stream.of(Choice.JAVA, Choice.NATIVE)
                .flatMap(kernels -> Stream.of(
                        Arguments.of(kernels, Sgd.rate(0.3), Named.of("w -= r g", sgd(0.3, 0, false))),
                        Arguments.of(kernels, Sgd.rate(0.3).momentum(0.6), Named.of("momentum", sgd(0.3, 0.6, false))),
                        Arguments.of(
                                kernels,
                                Sgd.rate(0.3).momentum(0.6).nesterov(),
                                Named.of("Nesterov", sgd(0.3, 0.6, true))),
                        Arguments.of(kernels, adam, Named.of("Keras", adam(0.1, OptimizerTest::keras))),
                        Arguments.of(
                                kernels,
                                adam.form(Adam.Form.PYTORCH),
                                Named.of("PyTorch", adam(0.1, OptimizerTest::pytorch)))));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void stepsFollowTheEquations(Choice kernels, Optimizer optimizer, Rule rule) {
        follows(kernels, Clip.globalNorm(CLIP), optimizer, 0, rule);
    }

    /// @param decay by how much w shrinks in each step besides
    private static void follows(Choice kernels, Clip clip, Optimizer optimizer, double decay, Rule rule) {
        double[] w = {0.1, -0.2, 0.3, 0.25, 0.05, -0.15};
        Dataset data = Dataset.of(
                Tensor.of(new float[] {(float) X[0], (float) X[1], (float) X[2]}, 1, 3),
                Tensor.of(new int[] {LABEL}, 1));
        try (Sequential model =
                Sequential.of(Input.features(3), Dense.units(2).biases(Bias.NONE))) {
            float[] first = new float[6];
            for (int i = 0; i < 6; i++) {
                first[i] = (float) w[i];
            }
            model.setParameter("dense/weight", Tensor.of(first, 2, 3));
            Training training = Training.optimizer(optimizer).engine(Runs.engine(kernels));
            model.compile(switch (clip.kind()) {
                case NONE -> training;
                case GLOBAL_NORM -> training.clipGlobalNorm(clip.max());
                case NORM -> training.clipNorm(clip.max());
                case VALUE -> training.clipValue(clip.max());
            });
            for (int t = 1; t <= STEPS; t++) {
                double loss = step(w, clip, decay, rule, t);
                // Numbers below 2, of which each step rounds some ten times: 10 t 2^-24.
                assertEquals(loss, model.fit(data, Fit.epochs(1)).last().loss(), 10 * t * 0x1p-23, "loss of step " + t);
                for (int i = 0; i < 6; i++) {
                    assertEquals(
                            w[i],
                            model.parameters().get("dense/weight").get(i),
                            10 * t * 0x1p-23,
                            "w[" + i + "] after step " + t);
                }
            }
        }
    }

    /// Moves w and returns the loss before.
    private static double step(double[] w, Clip clip, double decay, Rule rule, int t) {
        double[] logit = new double[2];
        for (int i = 0; i < 6; i++) {
            logit[i / 3] += w[i] * X[i % 3];
        }
        double sum = Math.exp(logit[0]) + Math.exp(logit[1]);
        double[] g = new double[6];
        double squares = 0;
        for (int i = 0; i < 6; i++) {
            g[i] = (Math.exp(logit[i / 3]) / sum - (i / 3 == LABEL ? 1 : 0)) * X[i % 3];
            squares += g[i] * g[i];
        }
        double scale = Math.min(1, clip.max() / Math.sqrt(squares));
        for (int i = 0; i < 6; i++) {
            double clipped = switch (clip.kind()) {
                case NONE -> g[i];
                case GLOBAL_NORM, NORM -> scale * g[i];
                case VALUE -> Math.clamp(g[i], -clip.max(), clip.max());
            };
            w[i] += rule.step(i, clipped, t) - decay * w[i];
        }
        return -Math.log(Math.exp(logit[LABEL]) / sum);
    }
}
