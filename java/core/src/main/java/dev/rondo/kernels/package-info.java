/// The seam to arithmetic: a sealed interface with two implementations, and the choice between them.
@NullMarked
package dev.rondo.kernels;

import org.jspecify.annotations.NullMarked;
