/// How good predictions are: calculators that are fed batch after batch and tell a value at any moment. They know arrays,
/// tags and words only, so they judge any model's predictions.
@NullMarked
package dev.rondo.metrics;

import org.jspecify.annotations.NullMarked;
