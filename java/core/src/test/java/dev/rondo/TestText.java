package dev.rondo;

import dev.rondo.data.Seeds;
import java.util.random.RandomGenerator;

/// Generated text to learn from: words drawn at random, so that what follows within a word is sure and what follows
/// it is not.
public final class TestText {
    /// No word begins as another does, so a word's first letter tells the rest.
    private static final String[] WORDS = {"the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs"};

    private TestText() {}

    /// Words with a space behind each, from a seed of their own.
    public static String words(int count, long seed) {
        RandomGenerator random = Seeds.generator(seed, "TestText", 0);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        return text.toString();
    }

    /// What a perfect model loses a character, in nats: the choice among the words, spread over their letters and spaces.
    public static double entropy() {
        int characters = 0;
        for (String word : WORDS) {
            characters += word.length() + 1;
        }
        return Math.log(WORDS.length) * WORDS.length / characters;
    }
}
