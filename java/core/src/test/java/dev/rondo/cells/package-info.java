/// Recurrent cells written as a user writes them, one step of graph each: those of five tutorial articles that no library
/// has, as written there, and the fused ones again.
@NullMarked
package dev.rondo.cells;

import org.jspecify.annotations.NullMarked;
