/// Recurrent cells written as a user writes them, one step of graph each: the fused ones again.
@NullMarked
package dev.rondo.cells;

import org.jspecify.annotations.NullMarked;
