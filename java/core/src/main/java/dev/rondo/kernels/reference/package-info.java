/// Kernels in plain Java, computing in double: the oracle of the tests and the fallback.
@NullMarked
package dev.rondo.kernels.reference;

import org.jspecify.annotations.NullMarked;
