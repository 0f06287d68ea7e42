package dev.rondo.benchmarks.suite;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Scanner;

/// A process that behaves as its first argument says, at the cell that its second names: it copies the expected results
/// as its own, claims 1 ms a call, 5.1 ms if it is slow, 400 ms if long, and leaves its name in a file at each turn.
///
/// Run as a program; the third argument is the folder of results, then its name and that file.
final class FakePeer {
    private FakePeer() {}

    public static void main(String[] arguments) throws Exception {
        String behaviour = arguments[0];
        String cell = arguments[1];
        Path expected = Path.of(arguments[2]);
        if (behaviour.equals("silent")) {
            Thread.sleep(60_000);
        }
        System.out.println("Loading library ... done");
        System.out.println("@rondo\thello\tfake\t1.2.3");
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String line = in.nextLine();
            if (line.equals("quit")) {
                return;
            }
            boolean here = line.contains("cell=" + cell + "\t");
            switch (line.split("\t")[0]) {
                case "open" -> {
                    if (here) {
                        misbehave(behaviour);
                    }
                    if (here && behaviour.equals("unsupported")) {
                        System.out.println("@rondo\tunsupported\tno such cell here");
                    } else if (here && behaviour.equals("failed")) {
                        System.out.println("@rondo\tfailed\tout of luck");
                    } else {
                        results(line, expected, here && behaviour.equals("wrong"));
                        System.out.println("progress 50 %\nprogress 100 %");
                        System.out.println("@rondo\tok");
                    }
                }
                case "time" -> {
                    Files.writeString(
                            Path.of(arguments[4]), arguments[3], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    System.out.println("@rondo\ttimes\t" + switch (behaviour) {
                        case "slow" -> "5100000";
                        case "long" -> "400000000";
                        default -> String.join("\t", "900000", "1000000.5", "1100000");
                    });
                }
                case "close" -> System.out.println("@rondo\tok");
                default -> System.out.println("@rondo\tfailed\twhat?");
            }
        }
    }

    private static void misbehave(String behaviour) throws InterruptedException {
        switch (behaviour) {
            case "crash" -> {
                System.err.println("fatal: the sky is falling");
                Runtime.getRuntime().halt(134);
            }
            case "hang" -> Thread.sleep(60_000);
            case "babble" -> System.out.println("@rondo\twhatever");
            default -> {}
        }
    }

    private static void results(String open, Path expected, boolean wrong) throws Exception {
        Map<String, String> fields = new HashMap<>();
        for (String field : List.of(open.split("\t")).subList(1, open.split("\t").length)) {
            fields.put(field.split("=", 2)[0], field.split("=", 2)[1]);
        }
        Path to = Path.of(fields.get("results"));
        String name = fields.get("cell") + "-" + fields.get("pass").toLowerCase(Locale.ROOT);
        try (var files = Files.list(expected)) {
            for (Path folder : files.filter(path -> path.toString().endsWith(name)).toList()) {
                byte[] y = Files.readAllBytes(folder.resolve("y.f32"));
                if (wrong) {
                    y[3] ^= (byte) 0x80;
                }
                Files.write(to.resolve("y.f32"), y);
            }
        }
    }
}
