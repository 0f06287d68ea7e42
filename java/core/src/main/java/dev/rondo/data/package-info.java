/// Data sets and how they are cut into batches.
@NullMarked
package dev.rondo.data;

import org.jspecify.annotations.NullMarked;
