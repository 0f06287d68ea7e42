/// The layers of a model, named and set as in Keras.
@NullMarked
package dev.rondo.layers;

import org.jspecify.annotations.NullMarked;
