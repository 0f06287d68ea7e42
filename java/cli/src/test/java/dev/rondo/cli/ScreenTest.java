package dev.rondo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScreenTest {
    @Test
    void aTerminalGetsNothingThatMovesIt() {
        String text = "a\tb\nc\u001b[31m\u0007\u009b";
        assertEquals("a\tb\nc\ufffd[31m\ufffd\ufffd", new Screen(Screen.Kind.TERMINAL, 80).shown(text));
        assertEquals(text, Screen.log().shown(text));
        assertEquals("a\\tb\\nc\\u{1b}[31m\\u{7}\\u{9b}\\u{202e}", Screen.printable(text + "\u202e"));
    }

    @Test
    void aLogGetsLinesNowAndThen() throws InterruptedException {
        StringWriter text = new StringWriter();
        try (Progress progress =
                Progress.start(Screen.log(), new PrintWriter(text),
                        Progress.Work.time("Learning", Duration.ofSeconds(60)))) {
            progress.update(100, "at once");
            assertEquals("", text.toString());
            Thread.sleep(2100);
            progress.update(30_000, "halfway");
            progress.update(31_000, "too soon");
            progress.update(60_000, "done");
        }
        String line = text.toString().strip();
        assertTrue(line.matches("Learning +50 %   halfway   0:0[23] left"), line);
        assertFalse(line.contains("\r"));
    }

    @Test
    void aSmoothedNumberBeginsWithTheFirstAndFollows() {
        Smoothed smoothed = new Smoothed();
        assertEquals(4, smoothed.add(4), 1e-12);
        for (int i = 0; i < 200; i++) {
            smoothed.add(2);
        }
        assertEquals(2, smoothed.add(2), 1e-3);
    }
}
