package dev.rondo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Sequential;
import dev.rondo.io.SafetensorsWriter;
import dev.rondo.layers.Add;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Concat;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The command from end to end, on models that train in a moment.
class CommandTest {
    @TempDir
    static Path folder;

    private static Path text;
    private static Path model;

    @BeforeAll
    static void train() throws IOException {
        text = Files.writeString(
                folder.resolve("text.txt"), "the quick brown fox jumps over the lazy dog.\n".repeat(60));
        model = Run.trained(text, folder.resolve("model.safetensors"));
    }

    // ------------------------------------------------------------------------------------------------- training

    @Test
    void trainingLearnsAndTellsHowWellAndHowFast() {
        String out = Run.done(
                "train", "text", "--input", text, "--units", 16, "--steps", 16, "--batch", 4, "--epochs", 4,
                "--rate", 0.01);
        assertTrue(out.contains("2,430 characters to learn from, 270 held out, 29 different ones"), out);
        assertTrue(out.contains("the model is not saved without --save FILE"), out);
        List<Double> heldOut = numbers(out, "held out: loss ([0-9.]+)");
        assertEquals(4, heldOut.size(), out);
        assertTrue(heldOut.getLast() < heldOut.getFirst() && heldOut.getLast() < 2.5, out);
        double loss = number(out, "Held out +loss ([0-9.]+)");
        assertEquals(heldOut.getLast(), loss, 0);
        assertEquals(Math.exp(loss), number(out, "Held out +loss [0-9.]+   perplexity ([0-9.]+)"), 0.01);
        assertTrue(number(out, "a training step does ([0-9.]+) GFLOP/s") > 0, out);
        assertTrue(number(out, "([0-9]+) % of the [0-9]+ GFLOP/s of multiply-adds just measured") <= 100, out);
    }

    @Test
    void theSameSeedGivesTheSameModel() throws IOException {
        Path again = Run.trained(text, folder.resolve("again.safetensors"));
        assertEquals(-1, Files.mismatch(model, again));
        Path other = Run.trained(text, folder.resolve("other.safetensors"), "--seed", 7);
        assertNotEquals(-1, Files.mismatch(model, other));
    }

    @Test
    void aTrainingGoesOnFromItsCheckpoint() throws IOException {
        Path checkpoint = folder.resolve("run.checkpoint");
        Run.done(
                "train", "text", "--input", text, "--units", 12, "--embedding", 6, "--steps", 8, "--batch", 4,
                "--epochs", 1, "--rate", 0.01, "--checkpoint", checkpoint, "--checkpoint-every", 7);
        Path resumed = folder.resolve("resumed.safetensors");
        Run.trained(text, resumed, "--resume", checkpoint);
        assertEquals(-1, Files.mismatch(model, resumed));
        assertTrue(Run.done("generate", checkpoint, "--length", 5).length() > 5, "a checkpoint is a model, too");

        Object[] elsewhere = {
            "train", "text", "--input", text, "--units", 12, "--embedding", 6, "--steps", 8, "--batch", 4, "--epochs",
            2, "--rate", 0.02, "--resume", checkpoint
        };
        String err = Run.failed(1, elsewhere);
        assertTrue(err.contains("the run cannot go on bit for bit, since optimizer was Adam[rate=0.01"), err);
        String out = Run.done(Stream.concat(Stream.of(elsewhere), Stream.of("--resume-elsewhere")).toArray());
        assertTrue(out.contains("epoch 2 after 0 batches, from " + checkpoint), out);
        assertTrue(out.contains("not bit for bit as without a stop: optimizer was Adam[rate=0.01"), out);
        assertTrue(out.contains("epoch 2/2") && !out.contains("epoch 1/2"), out);
    }

    @Test
    void layersDropoutThreadsAndKernelsAreOptions() {
        String out = Run.done(
                "train", "text", "--input", text, "--units", 5, "--layers", 2, "--dropout", 0.3, "--steps", 7,
                "--batch", 3,
                "--epochs", 1, "--threads", 1, "--kernels", "java", "--save", folder.resolve("two.safetensors"));
        assertTrue(out.contains("2 x LSTM 5") && out.contains("pure Java"), out);
        // Pure Java cannot tell what the machine could do.
        assertTrue(out.contains("GFLOP/s") && !out.contains("multiply-adds"), out);
        String table = Run.done("inspect", folder.resolve("two.safetensors"));
        assertTrue(table.contains("lstm_1/weightHh") && table.contains("Dropout"), table);
    }

    /// Each cell trains, is scored, writes, and shows its own gates.
    @ParameterizedTest
    @CsvSource({"lstm,lstm/weightHh,48", "gru,gru/weightHh,36", "rnn,rnn/weightHh,12"})
    void anyCellIsTrainedAndServed(String cell, String weights, int rows) {
        Path saved = Run.trained(text, folder.resolve(cell + ".safetensors"), "--cell", cell);
        String table = Run.done("inspect", saved);
        assertTrue(Pattern.compile(weights + " +FLOAT32 +\\[" + rows + ",12]").matcher(table).find(), table);
        double loss = number(Run.done("evaluate", saved, "--input", text), "Result +loss ([0-9.]+)");
        assertTrue(loss < 0.95 * Math.log(29), cell + " learned nothing: " + loss);
        assertEquals(
                Run.done("generate", saved, "--length", 40, "--kernels", "native"),
                Run.done("generate", saved, "--length", 40, "--kernels", "java"));
    }

    @Test
    void theDemoTakesAnyCell() {
        String out = Run.done(
                "demo", "--text", text, "--seconds", 0.2, "--cell", "gru", "--save", folder.resolve("gru-demo"));
        assertTrue(out.contains("a layer of 256 units (GRU)"), out);
    }

    @Test
    void aFolderIsText() throws IOException {
        Path sources = Files.createDirectories(folder.resolve("sources/a"));
        Files.writeString(sources.resolve("one.txt"), "one two three. ".repeat(30));
        Files.writeString(sources.resolveSibling("two.txt"), "four five six. ".repeat(30));
        String out = Run.done(
                "train", "text", "--input", sources.getParent(), "--units", 4, "--batch", 2, "--steps", 5,
                "--epochs", 1);
        assertTrue(out.contains("810 characters to learn from, 91 held out"), out);
    }

    // -------------------------------------------------------------------------------------------------- serving

    @Test
    void generatedTextFollowsPromptLengthAndSeed() {
        String one = Run.done("generate", model, "--prompt", "the ", "--length", 50, "--seed", 1);
        assertTrue(one.startsWith("the ") && one.length() == 4 + 50 + System.lineSeparator().length(), one);
        assertEquals(one, Run.done("generate", model, "--prompt", "the ", "--length", 50, "--seed", 1));
        assertNotEquals(one, Run.done("generate", model, "--prompt", "the ", "--length", 50, "--seed", 2));
        String likeliest = Run.done("generate", model, "--prompt", "the ", "--temperature", 0, "--seed", 1);
        assertEquals(likeliest, Run.done("generate", model, "--prompt", "the ", "--temperature", 0, "--seed", 2));
        assertEquals(likeliest, Run.done("generate", model, "--prompt", "the ", "--temperature", 2, "--top-k", 1));
        assertEquals(likeliest, Run.done("generate", model, "--prompt", "the ", "--temperature", 2, "--top-p", 1e-9));
        assertEquals(500 + System.lineSeparator().length(), Run.done("generate", model).length());
    }

    @Test
    void bothKernelSetsWriteTheSameText() {
        String fast = Run.done("generate", model, "--prompt", "the ", "--length", 80, "--kernels", "native");
        assertEquals(fast, Run.done("generate", model, "--prompt", "the ", "--length", 80, "--kernels", "java"));
    }

    @Test
    void evaluationGivesWhatTrainingGave() {
        Path whole = Run.trained(text, folder.resolve("scored.safetensors"));
        String out = Run.done("evaluate", whole, "--input", text);
        assertTrue(out.contains("2,699 characters"), out);
        double loss = number(out, "Result +loss ([0-9.]+)");
        assertTrue(loss > 0.5 && loss < Math.log(29), out);
        double java = number(Run.done("evaluate", whole, "--input", text, "--kernels", "java"),
                "Result +loss ([0-9.]+)");
        assertEquals(java, loss, 2e-4);
        double cut = number(Run.done("evaluate", whole, "--input", text, "--batch", 7), "Result +loss ([0-9.]+)");
        assertEquals(loss, cut, 0.1);
    }

    @Test
    void inspectingShowsTensorsMetadataAndLayers() {
        String out = Run.done("inspect", model);
        assertTrue(Pattern.compile("lstm/weightIh +FLOAT32 +\\[48,6] +1,152 ").matcher(out).find(), out);
        assertTrue(Pattern.compile("dense +Dense +float32 \\[B,T,29] +377").matcher(out).find(), out);
        assertTrue(out.contains("rondo.characters = \\n .abcdefghijklmnopqrstuvwxyz"), out);
        assertTrue(Pattern.compile("lstm +Lstm .* fused LSTM kernel\\R").matcher(out).find(), out);
        assertTrue(out.contains(" parameters, all trained"), out);
        assertFalse(out.contains("native memory"), out);
    }

    @Test
    void inspectingShowsMemoryOnDemand() {
        String out = Run.done("inspect", model, "--memory", 8, 20);
        assertTrue(out.contains("native memory in bytes, for batches of 8 and 20 steps:"), out);
        double small = number(out.replace(",", ""), "training +([0-9]+)");
        String more = Run.done("inspect", model, "--memory", 80, 20);
        assertTrue(number(more.replace(",", ""), "training +([0-9]+)") > 5 * small, more);
        String err = Run.failed(1, "inspect", model, "--memory", 0, 20);
        assertTrue(err.contains("batch, steps: expected at least 1 each, got 0 and 20"), err);
    }

    @Test
    void aPlanAndAPictureAreShownOnDemand() throws IOException {
        Path network = folder.resolve("network.safetensors");
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 2));
        Symbols encoder = b.apply(Gru.units(2).returnSequences(), x);
        try (Functional written = b.output("sum", b.add(Add.of(), x, encoder.y())).output("h", encoder.h()).build()) {
            written.save(network);
        }
        String plain = Run.done("inspect", network);
        assertTrue(Pattern.compile("add +Add +float32 \\[B,T,2] +0 +x, gru\\R").matcher(plain).find(), plain);
        assertTrue(Pattern.compile("h +output +float32 \\[B,2] +gru/h\\R").matcher(plain).find(), plain);
        assertFalse(plain.contains("digraph") || plain.contains("Binary"), plain);
        String all = Run.done("inspect", network, "--plan", "--dot");
        assertTrue(all.contains("add [B,T,2] = Binary[kind=ADD](a=x, b=gru)"), all);
        assertTrue(all.indexOf("gru [B,T,2] = Recurrent") < all.indexOf("add [B,T,2]"), all);
        assertTrue(all.contains("\"gru\" -> \"output h\" [label=\"h\"];"), all);
    }

    /// An encoder whose states a decoder begins with, and attends to: docs/inspecting.md shows the same.
    @Test
    void anEncoderAndADecoderAreInspected() throws IOException {
        Path network = folder.resolve("translator.safetensors");
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbols encoder = b.apply(
                Gru.units(4).returnSequences().named("encoder"), b.add(Embedding.of(5, 3).maskZero(), source));
        Symbols decoder = b.apply(
                Gru.units(4).returnSequences().named("decoder"), b.add(Embedding.of(6, 3), target), encoder.states());
        Symbol context = b.add(Attention.additive(4).named("attention"), decoder.y(), encoder.y());
        Symbol logits = b.add(Dense.units(6), b.add(Concat.of(), decoder.y(), context));
        try (Functional model = b.output("logits", logits).build()) {
            model.save(network);
        }
        String out = Run.done("inspect", network, "--plan", "--memory", 2, 7);
        assertTrue(Pattern.compile("decoder +Gru +float32 \\[B,T1,4] +100 +fused GRU kernel +embedding_1, encoder/h\\R").matcher(out).find(), out);
        assertTrue(Pattern.compile("\\Rdecoder \\[B,T1,4] = Recurrent.*h0=encoder.hN").matcher(out).find(), out);
        assertTrue(Pattern.compile("\\Rencoder \\[B,T,4] = Recurrent.*lengths=embedding/real.counts").matcher(out).find(), out);

        Path page = Path.of(System.getProperty("rondo.root", "../..")).resolve("docs/inspecting.md");
        List<String> shown = Files.readAllLines(page);
        List<String> lines = out.lines().toList();
        int end = shown.lastIndexOf("```");
        int begin = shown.subList(0, end).lastIndexOf("```") + 1;
        assertTrue(end - begin > 30, "lines " + begin + " to " + end);
        assertEquals(List.of(), shown.subList(begin, end).stream().filter(line -> !lines.contains(line)).toList());

        Path picture = folder.resolve("translator.svg");
        assertTrue(Run.done("inspect", network, "--picture", picture).contains(picture.toString()));
        String svg = Files.readString(picture);
        assertTrue(svg.contains("<svg") && svg.contains(">encoder</text>") && svg.contains(">attention</text>"), svg);
        String err = Run.failed(1, "inspect", network, "--picture", folder.resolve("translator.txt"));
        assertTrue(err.contains("expected a name that ends in one of [svg, png, pdf], got translator.txt"), err);
        String none = Run.failed(1, "inspect", network, "--picture", folder.resolve("none/translator.svg"));
        assertTrue(none.contains("dot ended with status"), none);
    }

    @Test
    void anyoneElsesFileIsInspectedButNotServed() throws IOException {
        Path foreign = folder.resolve("foreign.safetensors");
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a\u001b[2Jb", Tensor.of(new float[6], 2, 3));
        SafetensorsWriter.write(foreign, Map.of("format", "pt\u001b]0;x\u0007"), tensors);
        String out = Run.done("inspect", foreign);
        assertTrue(out.contains("a\\u{1b}[2Jb") && out.contains("format = pt\\u{1b}]0;x\\u{7}"), out);
        assertFalse(out.contains("\u001b"), "an escape sequence of the file reached the terminal");
        assertTrue(Run.failed(1, "generate", foreign).contains("expected a model under rondo.model"));
    }

    @Test
    void describeTellsWhatRuns() {
        String out = Run.done("describe");
        assertTrue(out.contains("kernels") && out.contains("threads"), out);
    }

    @Test
    void theDemoTrainsSavesServesAndCompares() {
        Path saved = folder.resolve("demo.safetensors");
        String out = Run.done("demo", "--text", text, "--seconds", 0.5, "--save", saved);
        assertTrue(Files.exists(saved));
        assertTrue(out.contains("Perplexity while it learned") && out.contains("Held out"), out);
        assertTrue(number(out, "differ by at most ([0-9.e-]+)") < 1e-3, out);
        assertTrue(number(out, ": ([0-9]+) times faster") >= 1, out);
        assertTrue(out.contains("./rondo generate " + saved), out);
    }

    @Test
    void theDemoHasATextOfItsOwn() throws IOException {
        for (DemoText atHand : List.of(DemoText.atHand(), DemoText.own().orElseThrow())) {
            assertTrue(atHand.corpus().text().length() > 100_000, atHand.name());
            assertTrue(atHand.corpus().text().contains(atHand.prompt()), atHand.name());
        }
    }

    /// 30 characters are held out, fewer than the streams that a longer text is cut into.
    @Test
    void theDemoTakesAShortText() throws IOException {
        Path little = Files.writeString(folder.resolve("little.txt"), "one two three. ".repeat(20));
        Path saved = folder.resolve("little.safetensors");
        String out = Run.done("demo", "--text", little, "--seconds", 0.1, "--save", saved);
        assertTrue(out.contains("Held out") && Files.exists(saved), out);
    }

    @Test
    void theLastGoodWeightsAreSaved() throws IOException {
        Path saved = folder.resolve("good.safetensors");
        Run run = Run.of(
                "train", "text", "--input", text, "--units", 8, "--batch", 4, "--rate", 3e38, "--save", saved);
        assertEquals(1, run.exitCode(), run.err());
        assertTrue(run.err().contains("NonFiniteException: batch 2: "), run.err());
        assertTrue(run.out().contains("good.safetensors (") && run.out().contains("), as after the last good step"),
                run.out());
        try (Sequential good = Sequential.load(saved)) {
            good.parameters().forEach((name, tensor) -> {
                for (double value : tensor.toDoubles()) {
                    assertTrue(Double.isFinite(value), name);
                }
            });
        }
    }

    // --------------------------------------------------------------------------------------------------- errors

    static Stream<Arguments> wrongCommandLines() {
        return Stream.of(
                Arguments.of("a command is missing", new Object[] {}),
                Arguments.of("Unmatched argument at index 0: 'trian'", new Object[] {"trian"}),
                Arguments.of("what to train is missing: text or series", new Object[] {"train"}),
                Arguments.of("Missing required option: '--input=FILE|DIR'", new Object[] {"train", "text"}),
                Arguments.of(
                        "Invalid value for option '--units': expected a whole number of at least 1, got '0'",
                        new Object[] {"train", "text", "--input", "x", "--units", "0"}),
                Arguments.of(
                        "'--epochs': expected a whole number of at least 1, got 'three'",
                        new Object[] {"train", "text", "--input", "x", "--epochs", "three"}),
                Arguments.of(
                        "'--rate': expected a number above 0, got 'NaN'",
                        new Object[] {"train", "text", "--input", "x", "--rate", "NaN"}),
                Arguments.of(
                        "'--dropout': expected a number from 0 to below 1, got '1'",
                        new Object[] {"train", "text", "--input", "x", "--dropout", "1"}),
                Arguments.of(
                        "'--threads': expected a whole number from 0 to 256, got '257'",
                        new Object[] {"train", "text", "--input", "x", "--threads", "257"}),
                Arguments.of(
                        "'--kernels': expected auto, native or java, got 'cuda'",
                        new Object[] {"generate", "x", "--kernels", "cuda"}),
                Arguments.of(
                        "'--temperature': expected a number of at least 0, got '-1'",
                        new Object[] {"generate", "x", "--temperature", "-1"}),
                Arguments.of(
                        "'--top-p': expected a number above 0 and at most 1, got '0'",
                        new Object[] {"generate", "x", "--top-p", "0"}),
                Arguments.of(
                        "'--cell': expected one of lstm, gru, rnn, got 'elman'",
                        new Object[] {"train", "text", "--input", "x", "--cell", "elman"}),
                Arguments.of("Missing required parameter: 'MODEL'", new Object[] {"generate"}),
                Arguments.of("Unknown option: '--what'", new Object[] {"inspect", "x", "--what"}));
    }

    @ParameterizedTest
    @MethodSource("wrongCommandLines")
    void aWrongCommandLineIsOneLineAndTwo(String expected, Object[] arguments) {
        String err = Run.failed(2, arguments);
        assertTrue(err.contains(expected) && err.startsWith("rondo") && err.endsWith("--help)"), err);
    }

    static Stream<Arguments> failures() throws IOException {
        Path binary = Files.write(folder.resolve("binary"), new byte[] {'a', (byte) 0xff, 'b'});
        Path small = Files.writeString(folder.resolve("small.txt"), "too little");
        Path foreign = Files.writeString(folder.resolve("foreign.txt"), "the qu\u00efck brown fox");
        Path none = folder.resolve("none");
        return Stream.of(
                Arguments.of(none + ": there is no such file or folder",
                        new Object[] {"train", "text", "--input", none}),
                Arguments.of(
                        binary + ": byte 1: expected text in UTF-8, got 0xFF",
                        new Object[] {"train", "text", "--input", binary}),
                // More than any address space holds.
                Arguments.of(
                        "rondo train text: not enough memory: ",
                        new Object[] {"train", "text", "--input", text, "--units", 4_000_000, "--embedding", 1}),
                Arguments.of("parallel streams, got", new Object[] {"train", "text", "--input", small}),
                Arguments.of(
                        "--save: " + none + ": there is no such folder",
                        new Object[] {"train", "text", "--input", text, "--save", none.resolve("x.safetensors")}),
                Arguments.of(
                        "--checkpoint: " + none + ": there is no such folder",
                        new Object[] {"train", "text", "--input", text, "--checkpoint", none.resolve("x")}),
                Arguments.of(
                        none + ": there is no such file",
                        new Object[] {"train", "text", "--input", text, "--resume", none}),
                Arguments.of(
                        "--save: expected a file, got the folder " + folder,
                        new Object[] {"train", "text", "--input", text, "--save", folder}),
                // At once: the default would be a minute of learning first.
                Arguments.of(
                        "--save: " + none + ": there is no such folder",
                        new Object[] {"demo", "--text", text, "--save", none.resolve("x.safetensors")}),
                Arguments.of(
                        "--text: expected at least 2 characters to hold out, got 1",
                        new Object[] {"demo", "--text", small, "--save", folder.resolve("small.safetensors")}),
                Arguments.of(none + ": there is no such file", new Object[] {"generate", none}),
                Arguments.of(text + ": byte 0: expected a header length", new Object[] {"generate", text}),
                Arguments.of(folder + ": expected a file, got a folder", new Object[] {"inspect", folder}),
                Arguments.of(
                        "character 1 of the text: expected one of the 29 in the vocabulary, got '#' U+0023",
                        new Object[] {"generate", model, "--prompt", "#"}),
                Arguments.of(
                        foreign + ": character 7 of the text: expected one of the 29 in the vocabulary, "
                                + "got '\u00ef' U+00EF",
                        new Object[] {"evaluate", model, "--input", foreign}));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aFailureIsOneLineAndOne(String expected, Object[] arguments) {
        String err = Run.failed(1, arguments);
        assertTrue(err.contains(expected) && err.startsWith("rondo " + arguments[0]), err);
    }

    @Test
    void aModelWithoutCharactersIsNoTextModel() throws IOException {
        Path plain = folder.resolve("plain.safetensors");
        try (Sequential features = Sequential.of(Input.features(3), Dense.units(2))) {
            features.save(plain);
        }
        String expected = plain
                + ": metadata: expected the characters of a text model under rondo.characters, got nothing";
        assertTrue(Run.failed(1, "generate", plain).contains(expected));
        assertTrue(Run.failed(1, "evaluate", plain, "--input", text).contains(expected));
    }

    @Test
    void theStackTraceIsForVerbose() {
        Path none = folder.resolve("none");
        Run run = Run.of("generate", none, "--verbose");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("\tat dev.rondo"), run.err());
        assertTrue(run.err().lines().findFirst().orElseThrow().endsWith(none + ": there is no such file"), run.err());
    }

    // ----------------------------------------------------------------------------------------------------- help

    @ParameterizedTest
    @ValueSource(strings = {"", "train", "train text", "train series", "generate", "evaluate", "forecast", "inspect", "describe", "demo"})
    void everyCommandHelps(String command) {
        Object[] words = Stream.concat(
                        command.isEmpty() ? Stream.empty() : Stream.of(command.split(" ")), Stream.of("--help"))
                .toArray();
        String out = Run.done(words);
        assertTrue(out.startsWith(("Usage: rondo " + command).strip()), out);
        assertFalse(out.contains("${"), out);
        assertTrue(out.lines().allMatch(line -> line.length() <= 100), out);
    }

    @Test
    void helpTellsTheRecipesDefaults() {
        String out = Run.done("train", "text", "--help").replaceAll("\\s+", " ");
        for (String expected : List.of(
                "--cell=lstm|gru|rnn Cell of the recurrent layers (lstm).",
                "--units=N Units of a recurrent layer (256).",
                "--embedding=N Numbers that a character becomes (64).",
                "--batch=N Pieces of the text that are read at the same time (32).",
                "--epochs=N Passes over what is learned from (3).",
                "--rate=X Learning rate of Adam (0.002).",
                "Largest norm of all gradients taken together (5.0)",
                "the state goes on (64)",
                "Examples: rondo train text")) {
            assertTrue(out.contains(expected), expected);
        }
    }

    @Test
    void theVersionIsTold() {
        assertTrue(Run.done("--version").startsWith("rondo "));
    }

    private static double number(String text, String pattern) {
        return numbers(text, pattern).getFirst();
    }

    private static List<Double> numbers(String text, String pattern) {
        List<Double> numbers = Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(result -> Double.valueOf(result.group(1)))
                .toList();
        assertFalse(numbers.isEmpty(), () -> pattern + " is not in:\n" + text);
        return numbers;
    }
}
