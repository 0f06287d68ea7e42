package dev.rondo.cli;

/// The command's entry.
public final class Main {
    private Main() {}

    /// Runs the command.
    ///
    /// @param arguments what stands behind `rondo` on the command line
    public static void main(String[] arguments) {
        System.out.println("rondo " + String.join(" ", arguments));
    }
}
