/// Recurrent cells that no library has, each one step of graph, as a user writes them: those of five tutorial articles,
/// as written there.
@NullMarked
package dev.rondo.examples.cells;

import org.jspecify.annotations.NullMarked;
