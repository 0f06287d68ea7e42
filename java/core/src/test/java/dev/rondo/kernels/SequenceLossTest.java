package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.CrfInputs;
import dev.rondo.graph.CtcInputs;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.CtcReduction;
import dev.rondo.graph.Op.Impossible;
import dev.rondo.graph.SequenceLossOutputs;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/// CTC and CRF against sums over all paths, against numbers made elsewhere, native against reference, with padding and
/// with wrong data.
class SequenceLossTest {
    private static final Op.Ctc CTC = new Op.Ctc(0, CtcReduction.MEAN, Impossible.REFUSED);
    /// A sum over at most 4^6 paths, each a product of 6 probabilities, in double.
    private static final Closeness EXACT = new Closeness(1e-12, 1e-12);

    private static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    // ------------------------------------------------------------------------------------------------------------ ctc

    /// A batch of logits `[B,T,n]` and labels `[B,L]`.
    private record Ctc(
            Op.Ctc op, Extents extents, int classes, double[] logits, int[] labels, int[] labelLengths, int[] lengths) {
        static Ctc random(RandomGenerator random, Op.Ctc op, Extents extents, int classes) {
            int batch = extents.batch();
            int[] labels = new int[batch * extents.time(1)];
            for (int i = 0; i < labels.length; i++) {
                int label = random.nextInt(Math.max(1, classes - 1));
                labels[i] = label < op.blank() ? label : label + 1;
            }
            return new Ctc(
                    op,
                    extents,
                    classes,
                    floats(random, batch * extents.time() * classes),
                    labels,
                    random.ints(batch, 0, classes == 1 ? 1 : extents.time(1) + 1).toArray(),
                    random.ints(batch, 0, extents.time() + 1).toArray());
        }

        Map<String, double[]> run(Engine engine, DataType type) {
            Graph.Builder builder = Graph.builder();
            Value x = builder.input("logits", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, classes));
            Value y = builder.input("labels", DataType.INT32, Shape.of(Shape.BATCH, Shape.time(1)));
            Value yLengths = builder.input("labelLengths", DataType.INT32, Shape.of(Shape.BATCH));
            Value xLengths = builder.input("lengths", DataType.INT32, Shape.of(Shape.BATCH));
            CtcInputs inputs = CtcInputs.of(x, y, yLengths).lengths(xLengths);
            SequenceLossOutputs outputs = builder.ctc("ctc", op, inputs);
            return SequenceLossTest.run(builder, outputs, List.of(x), engine, type, extents, plan -> {
                write(plan.tensor(x, extents), logits);
                write(plan.tensor(y, extents), doubles(labels));
                write(plan.tensor(yLengths, extents), doubles(labelLengths));
                write(plan.tensor(xLengths, extents), doubles(lengths));
            });
        }

        /// What summing over all paths gives.
        Map<String, double[]> byAllPaths() {
            int time = extents.time();
            double[] perSequence = new double[extents.batch()];
            double[] gradient = new double[logits.length];
            double loss = 0;
            for (int b = 0; b < perSequence.length; b++) {
                int from = b * time * classes;
                double[] p = logProbabilities(Arrays.copyOfRange(logits, from, from + lengths[b] * classes));
                int[] wanted = Arrays.copyOfRange(
                        labels, b * extents.time(1), b * extents.time(1) + labelLengths[b]);
                double[] visits = new double[p.length];
                double[] sum = {0};
                paths(lengths[b], classes, path -> {
                    if (Arrays.equals(collapsed(path), wanted)) {
                        double log = 0;
                        for (int t = 0; t < path.length; t++) {
                            log += p[t * classes + path[t]];
                        }
                        sum[0] += Math.exp(log);
                        for (int t = 0; t < path.length; t++) {
                            visits[t * classes + path[t]] += Math.exp(log);
                        }
                    }
                });
                perSequence[b] = sum[0] == 0 ? 0 : -Math.log(sum[0]);
                double weight = switch (op.reduction()) {
                    case MEAN -> 1.0 / extents.batch();
                    case MEAN_PER_LABEL -> 1.0 / extents.batch() / Math.max(1, labelLengths[b]);
                    case SUM -> 1;
                };
                loss += weight * perSequence[b];
                for (int i = 0; sum[0] > 0 && i < p.length; i++) {
                    gradient[from + i] = weight * (Math.exp(p[i]) - visits[i] / sum[0]);
                }
            }
            return results(loss, perSequence, Map.of("dlogits", gradient));
        }

        private double[] logProbabilities(double[] rows) {
            for (int from = 0; from < rows.length; from += classes) {
                double sum = 0;
                for (int j = 0; j < classes; j++) {
                    sum += Math.exp(rows[from + j]);
                }
                for (int j = 0; j < classes; j++) {
                    rows[from + j] -= Math.log(sum);
                }
            }
            return rows;
        }

        private int[] collapsed(int[] path) {
            List<Integer> collapsed = new ArrayList<>();
            for (int t = 0; t < path.length; t++) {
                if (path[t] != op.blank() && (t == 0 || path[t] != path[t - 1])) {
                    collapsed.add(path[t]);
                }
            }
            return collapsed.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    @Test
    void ctcIsTheSumOverAllPaths() {
        int possible = 0;
        for (int seed = 1; seed <= 60; seed++) {
            RandomGenerator random = random(seed);
            int classes = random.nextInt(1, 5);
            Op.Ctc op = new Op.Ctc(
                    random.nextInt(classes), CtcReduction.values()[seed % 3], Impossible.ZERO);
            Extents extents = Extents.of(3, random.nextInt(1, 7), random.nextInt(1, 5));
            Ctc ctc = Ctc.random(random, op, extents, classes);
            Map<String, double[]> expected = ctc.byAllPaths();
            Map<String, double[]> actual = ctc.run(Engines.reference(), DataType.FLOAT64);
            expected.forEach((name, numbers) -> EXACT.check("seed " + ctc + ": " + name, numbers, actual.get(name)));
            possible += Arrays.stream(expected.get("perSequence")).anyMatch(loss -> loss > 0) ? 1 : 0;
        }
        assertTrue(possible > 40, "losses that are not zero: " + possible);
    }

    /// Losses and gradients of the tests of ctc_loss in TensorFlow (ctc_loss_op_test.py, testBasic), whose blank is the
    /// last class. They are given with six digits.
    @Test
    void ctcIsAsInTensorFlow() {
        double[] first = {
            0.633766, 0.221185, 0.0917319, 0.0129757, 0.0142857, 0.0260553,
            0.111121, 0.588392, 0.278779, 0.0055756, 0.00569609, 0.010436,
            0.0357786, 0.633813, 0.321418, 0.00249248, 0.00272882, 0.0037688,
            0.0663296, 0.643849, 0.280111, 0.00283995, 0.0035545, 0.00331533,
            0.458235, 0.396634, 0.123377, 0.00648837, 0.00903441, 0.00623107
        };
        double[] second = {
            0.30176, 0.28562, 0.0831517, 0.0862751, 0.0816851, 0.161508,
            0.24082, 0.397533, 0.0557226, 0.0546814, 0.0557528, 0.19549,
            0.230246, 0.450868, 0.0389607, 0.038309, 0.0391602, 0.202456,
            0.280884, 0.429522, 0.0326593, 0.0339046, 0.0326856, 0.190345,
            0.423286, 0.315517, 0.0338439, 0.0393744, 0.0339315, 0.154046
        };
        // One path each, 0 1 2 1 0 and 0 1 - 1 0: the gradient is the probability, less one where the path is.
        double[] gradient = new double[60];
        System.arraycopy(first, 0, gradient, 0, 30);
        System.arraycopy(second, 0, gradient, 30, 30);
        int[] paths = {0, 1, 2, 1, 0, 0, 1, 5, 1, 0};
        for (int i = 0; i < paths.length; i++) {
            gradient[6 * i + paths[i]] -= 1;
        }
        double[] logits = new double[60];
        for (int i = 0; i < 60; i++) {
            logits[i] = Math.log(i < 30 ? first[i] : second[i - 30]);
        }
        Op.Ctc op = new Op.Ctc(5, CtcReduction.SUM, Impossible.REFUSED);
        Ctc ctc = new Ctc(
                op, Extents.of(2, 5, 5), 6, logits, new int[] {0, 1, 2, 1, 0, 0, 1, 1, 0, -1}, new int[] {5, 4},
                new int[] {5, 5});
        for (Engine engine : engines()) {
            Map<String, double[]> actual = ctc.run(engine, DataType.FLOAT32);
            Closeness digits = new Closeness(2e-6, 2e-6);
            digits.check("perSequence", new double[] {3.34211, 5.42262}, actual.get("perSequence"));
            digits.check("dlogits", gradient, actual.get("dlogits"));
        }
    }

    @Test
    void nativeCtcAgrees() {
        for (String isa : Engines.isas()) {
            for (int seed = 1; seed <= 8; seed++) {
                Op.Ctc op = new Op.Ctc(seed % 3, CtcReduction.values()[seed % 3], Impossible.ZERO);
                // A second kind of steps, both longer and shorter than the first.
                Ctc ctc = Ctc.random(random(seed), op, Extents.of(5, 40, 4 * seed), 11);
                compare(isa + " seed " + seed, ctc.run(Engines.reference(), DataType.FLOAT32),
                        ctc.run(Engines.natives(isa, 2), DataType.FLOAT32), 40);
            }
        }
    }

    /// Neither padded logits nor labels behind their length change a bit, whatever they hold.
    @Test
    void paddingOfCtcCountsNowhere() {
        Ctc ctc = Ctc.random(random(3), new Op.Ctc(0, CtcReduction.MEAN, Impossible.ZERO), Extents.of(4, 9, 3), 5);
        double[] logits = ctc.logits().clone();
        int[] labels = ctc.labels().clone();
        for (int b = 0; b < 4; b++) {
            Arrays.fill(logits, (b * 9 + ctc.lengths()[b]) * 5, (b + 1) * 9 * 5, Double.NaN);
            Arrays.fill(labels, b * 3 + ctc.labelLengths()[b], (b + 1) * 3, -99);
        }
        Ctc padded = new Ctc(ctc.op(), ctc.extents(), 5, logits, labels, ctc.labelLengths(), ctc.lengths());
        for (Engine engine : engines()) {
            same(ctc.run(engine, DataType.FLOAT32), padded.run(engine, DataType.FLOAT32));
        }
    }

    @Test
    void wrongDataOfCtcAreNamed() {
        Extents extents = Extents.of(2, 3, 2);
        double[] logits = new double[2 * 3 * 4];
        Ctc right = new Ctc(
                CTC, extents, 4, logits, new int[] {1, 1, 3, -1}, new int[] {2, 1}, new int[] {3, 2});
        for (Engine engine : engines()) {
            assertTrue(right.run(engine, DataType.FLOAT32).get("loss")[0] > 0);
            wrong(engine, right, new int[] {1, 4, 3, -1}, new int[] {2, 1}, new int[] {3, 2},
                    "labels[1]: expected 0 to 3, got 4");
            wrong(engine, right, new int[] {1, 2, -1, -1}, new int[] {2, 1}, new int[] {3, 2},
                    "labels[2]: expected 0 to 3, got -1");
            wrong(engine, right, new int[] {1, 2, 0, -1}, new int[] {2, 1}, new int[] {3, 2},
                    "labels[2]: expected no blank, got 0");
            wrong(engine, right, right.labels(), new int[] {3, 1}, new int[] {3, 2},
                    "labelLengths[0]: expected 0 to 2, got 3");
            wrong(engine, right, right.labels(), new int[] {2, -1}, new int[] {3, 2},
                    "labelLengths[1]: expected 0 to 2, got -1");
            wrong(engine, right, right.labels(), new int[] {2, 1}, new int[] {3, 4}, "lengths[1]: expected 0 to 3, got 4");
            wrong(engine, right, right.labels(), new int[] {2, 1}, new int[] {2, 2},
                    "labelLengths[0]: expected labels that 2 steps have room for, got 2 and 1 between equal ones");
            wrong(engine, right, new int[] {1, 2, 3, 2}, new int[] {2, 2}, new int[] {2, 1},
                    "labelLengths[1]: expected labels that 1 steps have room for, got 2 and 0 between equal ones");
        }
    }

    private static void wrong(
            Engine engine, Ctc right, int[] labels, int[] labelLengths, int[] lengths, String message) {
        Ctc wrong = new Ctc(right.op(), right.extents(), 4, right.logits(), labels, labelLengths, lengths);
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> wrong.run(engine, DataType.FLOAT32)).getMessage());
    }

    @Test
    void shapesAreChecked() {
        Graph.Builder builder = Graph.builder();
        Value logits = builder.input("logits", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, 4));
        Value labels = builder.input("labels", DataType.INT32, Shape.of(Shape.BATCH, Shape.time(1)));
        Value lengths = builder.input("lengths", DataType.INT32, Shape.of(Shape.BATCH));
        Value row = builder.input("row", DataType.FLOAT32, Shape.of(4));
        Value square = builder.input("square", DataType.FLOAT32, Shape.of(4, 4));
        refused("ctc: logits (row): expected [B,T,classes], got [4]",
                () -> builder.ctc("ctc", CTC, CtcInputs.of(row, labels, lengths)));
        refused("ctc: logits (logits): expected more than 4 classes, one of which is the blank, got [B,T,4]",
                () -> builder.ctc("ctc", new Op.Ctc(4, CtcReduction.MEAN, Impossible.ZERO),
                        CtcInputs.of(logits, labels, lengths)));
        refused("ctc: labels (lengths): expected [B,L] with B of [B,T,4], got [B]",
                () -> builder.ctc("ctc", CTC, CtcInputs.of(logits, lengths, lengths)));
        refused("ctc: labelLengths (labels): expected INT32 [B], got INT32 [B,T1]",
                () -> builder.ctc("ctc", CTC, CtcInputs.of(logits, labels, labels)));
        refused("ctc: expected blank >= 0, got -1", () -> new Op.Ctc(-1, CtcReduction.MEAN, Impossible.ZERO));
        refused("crf: transitions (row): expected [4,4], got [4]",
                () -> builder.crf("crf", CrfInputs.of(logits, new CrfInputs.Weights(row, row, row), labels)));
        refused("crf: tags (labels): expected INT32 [B,T], got INT32 [B,T1]",
                () -> builder.crf("crf", CrfInputs.of(logits, new CrfInputs.Weights(square, row, row), labels)));
    }

    private static void refused(String message, Runnable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }

    // ------------------------------------------------------------------------------------------------------------ crf

    /// A batch of emissions `[B,T,K]`, and the scores of a chain: transitions, start, end.
    private record Crf(Extents extents, int tagCount, List<double[]> scores, int[] tags, int[] lengths) {
        static Crf random(RandomGenerator random, Extents extents, int k) {
            int steps = extents.batch() * extents.time();
            return new Crf(
                    extents,
                    k,
                    List.of(floats(random, steps * k), floats(random, k * k), floats(random, k), floats(random, k)),
                    random.ints(steps, 0, k).toArray(),
                    random.ints(extents.batch(), 0, extents.time() + 1).toArray());
        }

        Map<String, double[]> run(Engine engine, DataType type) {
            Graph.Builder builder = Graph.builder();
            Value emissions = builder.input("emissions", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, tagCount));
            Value transitions = builder.input("transitions", DataType.FLOAT32, Shape.of(tagCount, tagCount));
            Value start = builder.input("start", DataType.FLOAT32, Shape.of(tagCount));
            Value end = builder.input("end", DataType.FLOAT32, Shape.of(tagCount));
            Value y = builder.input("tags", DataType.INT32, Shape.of(Shape.BATCH, Shape.TIME));
            Value own = builder.input("lengths", DataType.INT32, Shape.of(Shape.BATCH));
            CrfInputs inputs =
                    CrfInputs.of(emissions, new CrfInputs.Weights(transitions, start, end), y).lengths(own);
            List<Value> wanted = List.of(emissions, transitions, start, end);
            return SequenceLossTest.run(builder, builder.crf("crf", inputs), wanted, engine, type, extents, plan -> {
                for (int i = 0; i < wanted.size(); i++) {
                    write(plan.tensor(wanted.get(i), extents), scores.get(i));
                }
                write(plan.tensor(y, extents), doubles(tags));
                write(plan.tensor(own, extents), doubles(lengths));
            });
        }

        /// What summing over all tags gives.
        Map<String, double[]> byAllPaths() {
            double[] perSequence = new double[extents.batch()];
            Map<String, double[]> gradients = new LinkedHashMap<>();
            List<String> names = List.of("demissions", "dtransitions", "dstart", "dend");
            for (int i = 0; i < names.size(); i++) {
                gradients.put(names.get(i), new double[scores.get(i).length]);
            }
            for (int b = 0; b < perSequence.length; b++) {
                if (lengths[b] == 0) {
                    continue;
                }
                int sequence = b;
                double[] all = {0};
                paths(lengths[b], tagCount, path -> all[0] += Math.exp(visit(sequence, path, gradients, 0)));
                paths(lengths[b], tagCount, path -> {
                    double score = visit(sequence, path, gradients, 0);
                    visit(sequence, path, gradients, Math.exp(score) / all[0] / extents.batch());
                });
                int[] actual = Arrays.copyOfRange(tags, b * extents.time(), b * extents.time() + lengths[b]);
                double score = visit(b, actual, gradients, -1.0 / extents.batch());
                perSequence[b] = Math.log(all[0]) - score;
            }
            return results(Arrays.stream(perSequence).sum() / extents.batch(), perSequence, gradients);
        }

        /// The score of a path, whose elements each get a weight in the gradients.
        private double visit(int b, int[] path, Map<String, double[]> gradients, double weight) {
            double score = 0;
            for (int t = 0; t < path.length; t++) {
                int emission = (b * extents.time() + t) * tagCount + path[t];
                score += scores.get(0)[emission];
                gradients.get("demissions")[emission] += weight;
                if (t > 0) {
                    score += scores.get(1)[path[t - 1] * tagCount + path[t]];
                    gradients.get("dtransitions")[path[t - 1] * tagCount + path[t]] += weight;
                }
            }
            gradients.get("dstart")[path[0]] += weight;
            gradients.get("dend")[path[path.length - 1]] += weight;
            return score + scores.get(2)[path[0]] + scores.get(3)[path[path.length - 1]];
        }
    }

    @Test
    void crfIsTheSumOverAllTags() {
        for (int seed = 1; seed <= 40; seed++) {
            RandomGenerator random = random(seed);
            Crf crf = Crf.random(random, Extents.of(3, random.nextInt(1, 6)), random.nextInt(1, 5));
            Map<String, double[]> actual = crf.run(Engines.reference(), DataType.FLOAT64);
            crf.byAllPaths()
                    .forEach((name, numbers) -> EXACT.check("crf of " + crf + ": " + name, numbers, actual.get(name)));
        }
    }

    @Test
    void nativeCrfAgrees() {
        for (String isa : Engines.isas()) {
            for (int tags : List.of(1, 3, 8, 17)) {
                Crf crf = Crf.random(random(tags), Extents.of(5, 23), tags);
                compare(isa + " tags " + tags, crf.run(Engines.reference(), DataType.FLOAT32),
                        crf.run(Engines.natives(isa, 2), DataType.FLOAT32), 23);
            }
        }
    }

    @Test
    void paddingOfCrfCountsNowhere() {
        Crf crf = Crf.random(random(4), Extents.of(4, 9), 5);
        double[] emissions = crf.scores().getFirst().clone();
        int[] tags = crf.tags().clone();
        for (int b = 0; b < 4; b++) {
            Arrays.fill(emissions, (b * 9 + crf.lengths()[b]) * 5, (b + 1) * 9 * 5, Double.NaN);
            Arrays.fill(tags, b * 9 + crf.lengths()[b], (b + 1) * 9, -99);
        }
        List<double[]> scores = new ArrayList<>(crf.scores());
        scores.set(0, emissions);
        Crf padded = new Crf(crf.extents(), 5, scores, tags, crf.lengths());
        for (Engine engine : engines()) {
            same(crf.run(engine, DataType.FLOAT32), padded.run(engine, DataType.FLOAT32));
        }
    }

    @Test
    void wrongTagsAreNamed() {
        Crf crf = Crf.random(random(5), Extents.of(2, 3), 4);
        for (Engine engine : engines()) {
            for (int wrong : new int[] {-1, 4}) {
                Crf bad = new Crf(
                        crf.extents(), 4, crf.scores(), new int[] {0, 1, 2, 3, wrong, 0}, new int[] {3, 2});
                assertEquals(
                        "tags[4]: expected 0 to 3, got " + wrong,
                        assertThrows(IllegalArgumentException.class, () -> bad.run(engine, DataType.FLOAT32))
                                .getMessage());
            }
            Crf bad = new Crf(crf.extents(), 4, crf.scores(), crf.tags(), new int[] {3, 5});
            assertEquals(
                    "lengths[1]: expected 0 to 3, got 5",
                    assertThrows(IllegalArgumentException.class, () -> bad.run(engine, DataType.FLOAT32)).getMessage());
        }
    }

    // --------------------------------------------------------------------------------------------------------- common

    private static List<Engine> engines() {
        List<Engine> engines = new ArrayList<>(List.of(Engines.reference()));
        Engines.isas().forEach(isa -> engines.add(Engines.natives(isa, 2)));
        return engines;
    }

    /// Numbers such that float32 holds them.
    private static double[] floats(RandomGenerator random, int count) {
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian(0, 1.5);
        }
        return numbers;
    }

    private static double[] doubles(int[] numbers) {
        return Arrays.stream(numbers).asDoubleStream().toArray();
    }

    private static void write(Tensor tensor, double[] numbers) {
        assertEquals(numbers.length, tensor.elements());
        for (int i = 0; i < numbers.length; i++) {
            tensor.set(i, numbers[i]);
        }
    }

    /// Every path of so many steps.
    private static void paths(int steps, int classes, Consumer<int[]> each) {
        int[] path = new int[steps];
        int t;
        do {
            each.accept(path);
            t = 0;
            while (t < steps && ++path[t] == classes) {
                path[t++] = 0;
            }
        } while (t < steps);
    }

    private static Map<String, double[]> results(double loss, double[] perSequence, Map<String, double[]> gradients) {
        Map<String, double[]> results = new LinkedHashMap<>(gradients);
        results.put("loss", new double[] {loss});
        results.put("count", new double[] {perSequence.length});
        results.put("perSequence", perSequence);
        return results;
    }

    private static Map<String, double[]> run(
            Graph.Builder builder, SequenceLossOutputs outputs, List<Value> wanted, Engine engine, DataType type,
            Extents extents, Consumer<Plan> write) {
        builder.output("loss", outputs.loss()).output("count", outputs.count())
                .output("perSequence", outputs.perSequence());
        Gradients gradients = Gradients.of(builder.build(), outputs.loss(), wanted);
        try (Parameters parameters = Parameters.of(gradients.graph(), type);
                Plan plan = Plan.training(gradients, parameters, engine, extents)) {
            write.accept(plan);
            plan.run(extents);
            Map<String, double[]> results = new LinkedHashMap<>();
            plan.graph().outputs().forEach((name, value) -> results.put(name, plan.tensor(value, extents).toDoubles()));
            gradients.byValue().forEach((value, gradient) ->
                    results.put("d" + value.name(), plan.tensor(gradient, extents).toDoubles()));
            return results;
        }
    }

    /// A loss is a sum over the steps of logarithms of a few units; a gradient at most a sum over all steps of shares.
    private static void compare(String name, Map<String, double[]> expected, Map<String, double[]> actual, int steps) {
        Closeness closeness = Closeness.ofSums(5L * steps, steps);
        expected.forEach((role, numbers) -> closeness.check(name + ": " + role, numbers, actual.get(role)));
    }

    private static void same(Map<String, double[]> expected, Map<String, double[]> actual) {
        expected.forEach((role, numbers) -> Closeness.EXACT.check(role, numbers, actual.get(role)));
    }
}
