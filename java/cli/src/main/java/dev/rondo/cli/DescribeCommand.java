package dev.rondo.cli;

import dev.rondo.Rondo;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `rondo describe`.
@Command(
        name = "describe",
        description = "Show which kernels, instruction set, libraries and threads are in use, and why others are not.",
        footerHeading = "%nWhat can be chosen, by -D... in JAVA_TOOL_OPTIONS or on a command line of java:%n",
        footer = {
            "  -Drondo.kernels=auto|native|java",
            "  -Drondo.providers=auto|none|openblas|onednn",
            "  RONDO_FORCE_ISA=baseline|avx2|avx512, in the environment"
        })
final class DescribeCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        out.print(Rondo.describe());
        out.flush();
        return 0;
    }
}
