/// Shapes, element types and views of numbers in memory.
@NullMarked
package dev.rondo.tensor;

import org.jspecify.annotations.NullMarked;
