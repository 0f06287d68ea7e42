package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
    @TempDir
    Path folder;

    @Test
    void listsEachExampleInALine() {
        Run run = Run.of("--list");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(Catalog.examples().size(), run.out().lines().count());
        assertTrue(run.out().lines().allMatch(line -> line.matches("[a-z0-9-]+ +\\S.{20,}")), run.out());
    }

    @Test
    void aWrongNameIsAWrongCommandLine() {
        assertFails(2, "Unmatched argument at index 0: 'vowel'", "vowel");
        assertFails(2, "the name of an example is missing");
        assertFails(2, "--epochs", "vowels", "--epochs", "x");
    }

    @Test
    void missingDataAreNamed() {
        String missing = folder.resolve("sms-spam").resolve("sms.tsv").toString();
        String message = missing + ": there is no such file; --data says where data are";
        assertFails(1, message, "sms", "--data", folder.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "cells --units 0, --units: expected at least 1",
        "airline --epochs 0, Fit: epochs: expected at least 1",
        "adding --steps 1, --steps: expected at least 2",
        "adding --examples 0, --examples: expected at least 1",
        "copy --delay -1, --delay: expected at least 0",
        "copy --examples 0, --examples: expected at least 1",
        "clipping --steps 0, --steps: expected at least 1",
        "music --patience 0, --patience: expected at least 1",
        "music --set BACH, Invalid value for option '--set'",
        "ptb --layers 0, --layers: expected at least 1",
        "ptb --words 209, --words: expected at least 210",
        "words --words -1, --words: expected at least 330",
        "shakespeare --characters 329, --characters: expected at least 330",
        "addition --digits 5, --digits: expected 1..4",
        "addition --examples 9, --examples: expected 10..5050",
        "etth1 --months 13, --months: expected 1..12",
        "rnn --iterations -1, Fit: epochs: expected at least 1",
        "tagger --sentences 0, --sentences: expected at least 1",
        "spoken --batch 0, --batch: expected at least 1",
        "digits --takes 0, --takes: expected at least 1",
        "digits --beam 0, --beam: expected at least 1",
        "translate --sentences 0, --sentences: expected at least 1",
        "translate --longest 0, --longest: expected at least 1",
        "translate --beam 0, --beam: expected at least 1",
        "airline --threads -1, threads: expected",
    })
    void wrongValuesAreRefused(String arguments, String message) {
        assertFails(message.startsWith("Invalid") ? 2 : 1, message, arguments.split(" "));
    }

    @Test
    void aScoreKnowsWhichNumberIsBetter() {
        assertTrue(Score.higher("accuracy", 0.9, "constant", 0.5).beatsBaseline());
        assertFalse(Score.higher("accuracy", 0.5, "constant", 0.5).beatsBaseline());
        assertTrue(Score.lower("error", 0.4, "constant", 0.5).beatsBaseline());
        assertFalse(Score.lower("error", Double.NaN, "constant", 0.5).beatsBaseline());
        assertEquals(Optional.of("0.3"), Score.lower("error", 0.4, "constant", 0.5).published("0.3").published());
    }

    @Test
    void baselines() {
        assertEquals(0.75, Baselines.majority(new int[] {0, 2, 2, 1}, new int[] {2, 2, 2, 0}));
        assertEquals(0.25, Baselines.majority(new int[] {1, 0}, new int[] {0, 1, 1, 1}));
        // Counts of 2, 1 and 0, one more each, of 6: 1/2, 1/3, 1/6; the first id of the text is not scored.
        double expected = -(Math.log(1 / 2.0) + Math.log(1 / 3.0) + Math.log(1 / 6.0)) / 3;
        assertEquals(expected, Baselines.unigram(new int[] {0, 0, 1}, new int[] {1, 0, 1, 2}, 3), 1e-12);
    }

    private static void assertFails(int exitCode, String message, String... arguments) {
        Run run = Run.of(arguments);
        assertEquals(exitCode, run.exitCode(), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertTrue(run.scores().isEmpty());
    }
}
