package dev.rondo.cli;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Writes text, one character after another, each drawn from what the model expects.
///
/// @param temperature 0: always the likeliest character; 1: as the model expects; above 1: bolder
/// @param seed the same seed draws the same text
record Sampler(double temperature, long seed) {
    /// Goes on with a text.
    ///
    /// @param prompt where to begin; at least one character
    /// @param length number of characters to write
    /// @param out takes each character's code point
    /// @throws IllegalArgumentException if the prompt has characters that the model does not know
    void write(InferenceSession session, CharacterVocabulary vocabulary, String prompt, int length, IntConsumer out) {
        RandomGenerator random =
                RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        int[] known = vocabulary.encode(prompt);
        float[] scores = new float[vocabulary.size()];
        int[] id = new int[1];
        try (StreamingSession stream = session.stream(1)) {
            for (int character : known) {
                id[0] = character;
                stream.step(id, scores);
            }
            for (int i = 0; i < length; i++) {
                id[0] = draw(scores, random);
                out.accept(vocabulary.codePointOf(id[0]));
                stream.step(id, scores);
            }
        }
    }

    /// Draws from softmax(scores / temperature).
    private int draw(float[] scores, RandomGenerator random) {
        int best = 0;
        for (int id = 1; id < scores.length; id++) {
            best = scores[id] > scores[best] ? id : best;
        }
        if (temperature == 0) {
            return best;
        }
        double sum = 0;
        for (float score : scores) {
            sum += weight(score, scores[best]);
        }
        double rest = random.nextDouble() * sum;
        for (int id = 0; id < scores.length; id++) {
            rest -= weight(scores[id], scores[best]);
            if (rest < 0) {
                return id;
            }
        }
        return best;
    }

    private double weight(double score, double best) {
        return Math.exp((score - best) / temperature);
    }
}
