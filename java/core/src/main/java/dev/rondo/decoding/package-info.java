/// From scores to sequences: sampling and beam search for models that write one id after another, decoding of
/// connectionist temporal classification and of conditional random fields.
@NullMarked
package dev.rondo.decoding;

import org.jspecify.annotations.NullMarked;
