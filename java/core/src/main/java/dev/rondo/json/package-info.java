/// JSON as Rondo's files have it, by Gson's streaming reader and writer.
@NullMarked
package dev.rondo.json;

import org.jspecify.annotations.NullMarked;
