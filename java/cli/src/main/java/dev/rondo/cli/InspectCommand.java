package dev.rondo.cli;

import dev.rondo.Functional;
import dev.rondo.io.ModelFile;
import dev.rondo.io.SafetensorsReader;
import dev.rondo.io.TensorInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `rondo inspect`.
@Command(
        name = "inspect",
        description = "Show what a safetensors file holds: tensors, metadata and, of a model of Rondo's, its layers.",
        footerHeading = "%nExample:%n",
        footer = {
            "  rondo inspect shakespeare.safetensors",
            "  rondo inspect translator.safetensors --plan --picture translator.svg"
        })
final class InspectCommand implements Callable<Integer> {
    private static final int LONGEST_TEXT = 100;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "A safetensors file, of whatever origin.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--memory",
            arity = "2",
            paramLabel = "N",
            description = "Of a model: also the native memory that it takes for so large batches of so many steps.")
    private int[] memory = {};

    @Option(names = "--plan", description = "Of a model: also the operations of a prediction, in their order.")
    private boolean plan;

    @Option(names = "--dot", description = "Of a model: also a picture of its layers, in the language of Graphviz.")
    private boolean dot;

    @Option(
            names = "--picture",
            paramLabel = "PICTURE",
            description = "Of a model: also draw its layers into this .svg, .png or .pdf, by Graphviz's dot.")
    private Optional<Path> picture = Optional.empty();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        boolean isModel;
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            isModel = reader.metadata().containsKey(ModelFile.MODEL_KEY);
            out.println(Report.line("File", "%s, %s", file, Report.size(Files.size(file))));
            for (Map.Entry<String, String> entry : reader.metadata().entrySet()) {
                String text = Screen.printable(entry.getValue());
                out.println(Report.line(
                        "Metadata",
                        "%s = %s",
                        Screen.printable(entry.getKey()),
                        text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + " ..."));
            }
            out.println();
            printTensors(out, reader);
        }
        if (isModel) {
            try (Functional model = Functional.load(file)) {
                out.println();
                out.print(memory.length == 2 ? model.summary(memory[0], memory[1]) : model.summary());
                if (plan) {
                    out.println();
                    out.print(model.operations());
                }
                if (dot) {
                    out.println();
                    out.print(model.toDot());
                }
                if (picture.isPresent()) {
                    Graphviz.draw(model.toDot(), picture.get());
                    out.println();
                    out.println(Report.line("Picture", "%s", picture.get()));
                }
            }
        }
        out.flush();
        return 0;
    }

    private static void printTensors(PrintWriter out, SafetensorsReader reader) {
        int width = reader.tensors().stream()
                .mapToInt(tensor -> Screen.printable(tensor.name()).length())
                .max()
                .orElse(0);
        String format = "%-" + Math.max(width, 6) + "s  %-8s %-16s %14s %14s%n";
        out.printf(format, "tensor", "type", "shape", "bytes", "from byte");
        for (TensorInfo tensor : reader.tensors()) {
            out.printf(
                    format,
                    Screen.printable(tensor.name()),
                    tensor.type(),
                    tensor.shape(),
                    "%,d".formatted(tensor.byteSize()),
                    "%,d".formatted(tensor.position()));
        }
    }
}
