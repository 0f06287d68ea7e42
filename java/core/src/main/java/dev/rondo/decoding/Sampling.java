package dev.rondo.decoding;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// How the next id is drawn from a model's logits:
///
/// ```java
/// Sampler sampler = Sampling.temperature(0.8).topK(40).topP(0.95).sampler(seed);
/// int id = sampler.draw(logits);
/// ```
///
/// Ids get the probabilities softmax(logits / temperature). Of these the k likeliest stay (Fan, Lewis and Dauphin 2018),
/// and of them, with their probabilities over their sum, the likeliest that together have a probability of at least p
/// (Holtzman et al. 2020). Of equal logits the smaller id counts as likelier.
///
/// @param temperature 0: always the likeliest; 1: as the model expects; above 1: bolder
/// @param topK how many ids stay, at least 1
/// @param topP what those that stay have together at least, above 0 and at most 1
public record Sampling(double temperature, int topK, double topP) {
    /// Checks the settings.
    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature: expected a number of at least 0, got " + temperature);
        }
        if (topK < 1) {
            throw new IllegalArgumentException("topK: expected at least 1, got " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP: expected above 0 and at most 1, got " + topP);
        }
    }

    /// Always the likeliest id.
    public static Sampling greedy() {
        return temperature(0);
    }

    /// From all ids.
    ///
    /// @throws IllegalArgumentException if the temperature is negative or no finite number
    public static Sampling temperature(double temperature) {
        return new Sampling(temperature, Integer.MAX_VALUE, 1);
    }

    /// From the k likeliest ids only.
    ///
    /// @throws IllegalArgumentException if k is less than 1
    public Sampling topK(int k) {
        return new Sampling(temperature, k, topP);
    }

    /// From the likeliest ids only that together have a probability of at least p.
    ///
    /// @throws IllegalArgumentException if p is not above 0 and at most 1
    public Sampling topP(double p) {
        return new Sampling(temperature, topK, p);
    }

    /// A sampler that draws the same ids whenever it has the same seed and logits.
    public Sampler sampler(long seed) {
        return sampler(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
    }

    /// A sampler that takes one number for each id from a generator, and none if the temperature is 0.
    public Sampler sampler(RandomGenerator random) {
        return new Sampler(this, random);
    }
}
