package dev.rondo.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import java.util.concurrent.TimeUnit;

/// What the output goes to.
///
/// @param kind a terminal or a log
/// @param width in characters
record Screen(Kind kind, int width) {
    /// Whether what is printed can be overwritten.
    enum Kind {
        TERMINAL,
        /// A file or a pipe: only whole lines, nothing that moves.
        LOG
    }

    private static final int USUAL_WIDTH = 80;

    /// Plain lines.
    static Screen log() {
        return new Screen(Kind.LOG, USUAL_WIDTH);
    }

    /// The terminal of this process, as wide as it says it is.
    static Screen terminal() {
        return new Screen(Kind.TERMINAL, terminalWidth());
    }

    boolean isTerminal() {
        return kind == Kind.TERMINAL;
    }

    private static int terminalWidth() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(Redirect.INHERIT)
                    .redirectError(Redirect.DISCARD)
                    .start();
            if (stty.waitFor(1, TimeUnit.SECONDS)) {
                Scanner size = new Scanner(stty.getInputStream(), StandardCharsets.US_ASCII);
                if (size.hasNextInt()) {
                    size.nextInt();
                    int columns = size.hasNextInt() ? size.nextInt() : 0;
                    return columns > 0 ? columns : USUAL_WIDTH;
                }
            }
        } catch (IOException e) {
            // No such program here: the usual width serves.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return USUAL_WIDTH;
    }

    /// A text as it may be printed here: a terminal gets no characters that would move its cursor or worse, besides
    /// line ends and tabs; a log gets the text as it is.
    String shown(String text) {
        if (!isTerminal() || text.codePoints().noneMatch(Screen::moves)) {
            return text;
        }
        return text.codePoints()
                .map(c -> moves(c) ? '\ufffd' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean moves(int character) {
        return Character.isISOControl(character) && character != '\n' && character != '\t';
    }

    /// A text from a file that is not trusted, on one line: without characters that would move a terminal's cursor or
    /// worse.
    static String printable(String text) {
        StringBuilder result = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                result.append(c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\u{%x}".formatted(c));
            } else {
                result.appendCodePoint(c);
            }
        });
        return result.toString();
    }
}
