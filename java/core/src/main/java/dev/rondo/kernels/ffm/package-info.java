/// Kernels of librondo, called through the foreign function interface.
@NullMarked
package dev.rondo.kernels.ffm;

import org.jspecify.annotations.NullMarked;
