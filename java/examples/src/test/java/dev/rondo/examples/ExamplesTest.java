package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Each example learns, in a run that is cut short: seeds, sizes and threads are fixed, and bounds lie between what a
/// run comes to and its baseline.
class ExamplesTest {
    @Test
    void byHandIsWorkedOutRight() {
        List<Score> scores = Run.done("by-hand");
        assertEquals(1, scores.size());
        assertTrue(scores.getFirst().beatsBaseline(), scores.toString());
    }

    @Test
    void rnnLearnsWhatTakesMemory() {
        learns(0.1, Run.done("rnn", "--iterations", "400", "--threads", "1"));
    }

    @Test
    void clippingKeepsATrainingAlive() {
        Run run = Run.of("clipping", "--threads", "1");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("the run broke off"), run.out());
        assertTrue(run.out().contains("clipGlobalNorm(1)"), run.out());
        assertEquals(2, run.scores().size(), run.out());
        learns(0.5, run.scores());
    }

    @Test
    void vowels() {
        learns(0.6, Run.onData("jap-vowels", "vowels", "--epochs", "12", "--threads", "1"));
    }

    @Test
    void cells() {
        List<Score> scores = Run.onData("jap-vowels", "cells", "--epochs", "20", "--units", "32", "--threads", "1");
        assertEquals(Cells.WRITTEN.size() + 2, scores.size(), scores.toString());
        learns(0.5, scores);
    }

    @Test
    void airline() {
        learns(0.85, Run.done("airline", "--epochs", "60", "--threads", "1"));
    }

    @Test
    void temperature() {
        learns(0.95, Run.onData("series", "temperature", "--cell", "GRU", "--epochs", "2", "--threads", "1"));
    }

    @Test
    void sunspots() {
        learns(0.97, Run.onData("series", "sunspots", "--epochs", "6", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void etth1() {
        learns(0.96, Run.onData("series", "etth1", "--epochs", "1", "--months", "2", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void adding() {
        learns(0.3, Run.done(
                "adding", "--steps", "10", "--examples", "4000", "--epochs", "12", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void copy() {
        learns(0.95, Run.done(
                "copy", "--delay", "1", "--examples", "4000", "--epochs", "10", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void addition() {
        learns(0.45, Run.done("addition", "--examples", "1500", "--epochs", "15", "--threads", "1"));
    }

    @Test
    void sms() {
        learns(0.95, Run.onData("sms-spam", "sms", "--epochs", "1", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void questions() {
        learns(0.7, Run.onData("sentiment", "questions", "--epochs", "2", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void names() {
        learns(0.65, Run.onData("names", "names", "--epochs", "2", "--threads", "1"));
    }

    @Test
    void shakespeare() {
        learns(0.85, Run.onData("text", "shakespeare", "--epochs", "8", "--units", "64", "--characters", "60000",
                "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void words() {
        learns(0.95, Run.onData("text", "words", "--epochs", "8", "--words", "20000", "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void music() {
        List<Score> scores = Run.onData("music", "music", "--set", "JSB", "--cell", "GRU", "--epochs", "30",
                "--threads", "1");
        learns(0.9, scores);
    }

    @Test
    @Tag("slow")
    void ptb() {
        learns(0.9, Run.onData("ptb", "ptb", "--words", "40000", "--epochs", "2", "--units", "100", "--layers", "1",
                "--threads", "1"));
    }

    /// 32 sentences, learned by heart.
    @Test
    void tagger() {
        learns(0.99, Run.onData("atis-pos", "tagger", "--sentences", "32", "--epochs", "60", "--overfit",
                "--threads", "1"));
    }

    @Test
    @Tag("slow")
    void spoken() {
        Run.folder("speech-digits", "example spoken");
        Run run = Run.of("spoken", "--epochs", "2", "--threads", "1", "--data", Run.DATA.toString());
        assertEquals(0, run.exitCode(), run.err());
        // 2400 recordings in batches of 32, twice.
        assertTrue(run.out().matches("(?s).*kernels waited \\d+\\.\\d % of the time for 150 batches.*"), run.out());
        learns(0.5, run.scores());
    }

    /// 60 recordings, learned by heart.
    @Test
    void digits() {
        List<Score> scores = Run.onData("speech-digits", "digits", "--takes", "1", "--epochs", "150", "--units", "48",
                "--overfit", "--threads", "1");
        assertEquals(4, scores.size(), scores.toString());
        learns(0.1, scores.stream().filter(score -> score.better() == Score.Better.LOWER).toList());
        learns(0.95, scores.stream().filter(score -> score.better() == Score.Better.HIGHER).toList());
    }

    /// 32 captions, learned by heart.
    @Test
    void translate() {
        learns(0.95, Run.onData("translation", "translate", "--sentences", "32", "--longest", "10", "--epochs", "80",
                "--units", "64", "--rate", "0.01", "--overfit", "--threads", "1"));
    }

    /// @param bound of an accuracy what it has to reach; of an error the part of its baseline that it has to stay below
    private static void learns(double bound, List<Score> scores) {
        assertTrue(!scores.isEmpty());
        for (Score score : scores) {
            assertTrue(score.beatsBaseline(), score.toString());
            switch (score.better()) {
                case HIGHER -> assertTrue(score.value() > bound, score.toString());
                case LOWER -> assertTrue(score.value() < bound * score.baselineValue(), score.toString());
            }
        }
    }
}
