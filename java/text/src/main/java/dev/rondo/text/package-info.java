/// Sub-words of texts.
@NullMarked
package dev.rondo.text;

import org.jspecify.annotations.NullMarked;
