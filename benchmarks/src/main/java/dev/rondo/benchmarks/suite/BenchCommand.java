package dev.rondo.benchmarks.suite;

import dev.rondo.plan.Engine;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `./rondo bench`.
@Command(
        name = "rondo bench",
        description = "Measure Rondo beside its peers: the same weights and inputs, results checked first, in turns.",
        sortOptions = false,
        usageHelpWidth = 100,
        customSynopsis = {
            "rondo bench [SUITE] [OPTIONS]     measure",
            "       rondo bench --compare A.json B.json",
            "       rondo bench --publish DIR",
            "       rondo bench jmh [ARGUMENTS OF JMH]"
        },
        footerHeading = "%nSuites:%n")
public final class BenchCommand implements Callable<Integer> {
    private static final Duration QUICK = Duration.ofMinutes(8);
    /// What a quick run keeps for its end: the page and its pictures.
    private static final Duration PAGE = Duration.ofSeconds(10);
    private static final Duration EACH = Duration.ofMillis(800);
    private static final int ROUNDS = 3;
    private static final int QUICK_ROUNDS = 5;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(index = "0", arity = "0..1", paramLabel = "SUITE",
            description = "kernels, models, latency, lengths, calls, startup or all; all if none is given, kernels with"
                    + " --quick.")
    private @Nullable Suite suite;

    @Option(names = "--quick",
            description = "S1, S2, M1, M2, ST64, ST256 against " + Catalog.QUICK_NAMES + ", in 8 minutes on two cores.")
    private boolean quick;

    @Option(names = "--peers", split = ",", paramLabel = "NAME",
            description = "Peers: " + Catalog.PEER_NAMES + ", or none. By default those that the suite has a use for.")
    private List<String> peers = List.of();

    @Option(names = "--threads", split = ",", paramLabel = "N", description = "Numbers of threads; default: 1,2.")
    private List<Integer> threads = List.of(1, 2);

    @Option(names = "--filter", paramLabel = "REGEX",
            description = "Only tasks in whose name this is found: 'kernels M2 LSTM training 2T'.")
    private String filter = "";

    @Option(names = "--shape", paramLabel = "B,T,I,H", description = "Kernels of this shape instead of their own.")
    private @Nullable String shape;

    @Option(names = "--isa", split = ",", paramLabel = "NAME",
            description = "Rondo on these instruction sets, too: baseline, avx2, avx512.")
    private List<String> isas = List.of();

    @Option(names = "--rounds", paramLabel = "N",
            description = "How many times everything is measured, in turns; default: " + ROUNDS + ", with --quick "
                    + QUICK_ROUNDS + ".")
    private @Nullable Integer rounds;

    @Option(names = "--minutes", paramLabel = "N",
            description = "Shorten each measurement to stay within this time, as --quick does within 8; JMH and"
                    + " startup take their own.")
    private @Nullable Integer minutes;

    @Option(names = "--out", paramLabel = "DIR",
            description = "Where results go; default: benchmarks/results/<date and time>.")
    private @Nullable Path out;

    @Option(names = "--compare", arity = "2", paramLabel = "JSON",
            description = "What changed between two results.json beyond the spread; exit code 1 if Rondo got slower.")
    private List<Path> compare = List.of();

    @Option(names = "--publish", paramLabel = "DIR",
            description = "Make the results in DIR those of benchmarks/RESULTS.md, and keep their numbers.")
    private @Nullable Path publish;

    @Option(names = "--verbose", description = "Show the stack trace of an error.")
    private boolean verbose;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    private final Path root;
    private final List<String> arguments;

    private BenchCommand(Path root, List<String> arguments) {
        this.root = root;
        this.arguments = arguments;
    }

    /// Runs the command within this process.
    ///
    /// @param root of the repository
    /// @return the exit code, as the help tells
    public static int run(Path root, PrintWriter out, PrintWriter err, String... arguments) {
        BenchCommand command = new BenchCommand(root, List.of(arguments));
        CommandLine line = new CommandLine(command);
        line.getCommandSpec().usageMessage().footer(footer());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setOut(out);
        line.setErr(err);
        line.setParameterExceptionHandler((e, _) -> {
            err.println("rondo bench: " + oneLine(e.getMessage()) + " (see rondo bench --help)");
            err.flush();
            return 2;
        });
        line.setExecutionExceptionHandler((e, _, _) -> {
            err.println("rondo bench: " + oneLine(message(e)));
            if (command.verbose) {
                e.printStackTrace(err);
            }
            err.flush();
            return 1;
        });
        return line.execute(arguments);
    }

    private static String[] footer() {
        return Stream.concat(
                        Arrays.stream(Suite.values())
                                .map(suite -> "  %-9s %s".formatted(suite.id(), suite.description())),
                        Stream.of(
                                "",
                                "Results: results.json, machine.json and the page results.md with its pictures, in --out.",
                                "Exit codes: 0 done; 1 failed, or Rondo is wrong, or slower than before; 2 wrong command",
                                "line; 3 a peer is broken: results are written, but being faster than it means nothing."))
                .toArray(String[]::new);
    }

    private static String message(Exception e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": there is no such file or folder";
            case FileSystemException other when other.getReason() != null ->
                other.getFile() + ": " + other.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    private static String oneLine(@Nullable String text) {
        return text == null ? "" : text.replaceAll("\\s+", " ").strip();
    }

    @Override
    public Integer call() throws Exception {
        if (!compare.isEmpty()) {
            return compare(compare.get(0), compare.get(1));
        }
        if (publish != null) {
            Publication.publish(publish, root.resolve("benchmarks"), spec.commandLine().getOut());
            return 0;
        }
        return measure();
    }

    private int compare(Path before, Path after) throws Exception {
        Comparison comparison = Comparison.of(ResultsFile.read(before), ResultsFile.read(after));
        spec.commandLine().getOut().print(comparison.text(before, after));
        spec.commandLine().getOut().flush();
        return comparison.isWorse() ? 1 : 0;
    }

    private int measure() throws Exception {
        List<Suite> suites = suites();
        Tasks.Choice choice = choice();
        checkNames();
        PrintWriter screen = spec.commandLine().getOut();
        Catalog catalog = new Catalog(root, screen);
        Path folder = out == null
                ? root.resolve("benchmarks/results")
                        .resolve(LocalDateTime.now().format(DateTimeFormatter.ofPattern("uuuu-MM-dd-HHmmss")))
                : out;
        Files.createDirectories(folder.resolve(Run.LOGS));
        Run run = new Run(folder, Machine.here(root, arguments), screen);

        // Before the clock runs: what is missing is downloaded and built here.
        Map<Suite, List<Implementation>> implementations = new LinkedHashMap<>();
        for (Suite part : suites) {
            implementations.put(part, implementations(part, catalog, run));
        }
        run.findLimits(catalog);
        Budget budget = quick || minutes != null
                ? Budget.total(
                        (minutes == null ? QUICK : Duration.ofMinutes(minutes)).minus(PAGE), System::nanoTime)
                : Budget.each(EACH);
        int turns = rounds != null ? rounds : quick ? QUICK_ROUNDS : ROUNDS;
        implementations.forEach((part, all) -> budget.plan(turns * all.size() * Tasks.of(part, choice).size()));
        try (Workbench bench = new Workbench()) {
            for (Map.Entry<Suite, List<Implementation>> part : implementations.entrySet()) {
                run.suite(part.getKey(), part.getValue(), Tasks.of(part.getKey(), choice), bench,
                        turns, budget);
                run.write();
            }
        }
        return run.report();
    }

    private List<Suite> suites() {
        Suite chosen = suite == null ? quick || shape != null ? Suite.KERNELS : Suite.ALL : suite;
        return chosen.parts();
    }

    private Tasks.Choice choice() {
        if (threads.isEmpty() || threads.stream().anyMatch(number -> number < 1 || number > 256)) {
            throw wrong("--threads: expected numbers from 1 to 256, got " + threads);
        }
        if (rounds != null && rounds < 1) {
            throw wrong("--rounds: expected at least 1, got " + rounds);
        }
        if (minutes != null && minutes < 1) {
            throw wrong("--minutes: expected at least 1, got " + minutes);
        }
        try {
            Pattern.compile(filter);
        } catch (PatternSyntaxException e) {
            throw wrong("--filter: " + e.getMessage());
        }
        try {
            Tasks.Choice choice = new Tasks.Choice(
                    quick, threads.stream().distinct().toList(), filter,
                    Optional.ofNullable(shape).map(LayerShape::parse));
            if (suites().stream().allMatch(part -> part != Suite.STARTUP && Tasks.of(part, choice).isEmpty())) {
                throw wrong("--filter: finds no task: '" + filter + "'");
            }
            return choice;
        } catch (IllegalArgumentException e) {
            throw wrong("--shape: " + e.getMessage());
        }
    }

    private void checkNames() {
        for (String name : peers) {
            if (!name.equals("none") && !Catalog.isPeer(name)) {
                throw wrong("--peers: expected %s, %s or none, got %s".formatted(
                        String.join(", ", Catalog.PEERS), Implementation.RONDO_CPP, name));
            }
        }
        List<String> usable = Engine.usableIsas();
        for (String isa : isas) {
            if (!usable.contains(isa)) {
                throw wrong("--isa: this machine runs %s, got %s".formatted(String.join(", ", usable), isa));
            }
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /// Rondo, and those of its peers that can be built; the others are named.
    private List<Implementation> implementations(Suite part, Catalog catalog, Run run) throws Exception {
        List<Implementation> all = new ArrayList<>();
        all.add(Catalog.rondo());
        isas.forEach(isa -> all.add(Catalog.rondo(isa)));
        Set<String> names = new LinkedHashSet<>(peers.isEmpty() ? Catalog.peers(part, quick) : peers);
        names.remove("none");
        for (String name : names) {
            try {
                all.add(catalog.peer(name));
            } catch (PeerException e) {
                run.missing(name, e.reason());
            }
        }
        return all;
    }
}
