/// How a trained model is served: sessions and streams.
@NullMarked
package dev.rondo.inference;

import org.jspecify.annotations.NullMarked;
