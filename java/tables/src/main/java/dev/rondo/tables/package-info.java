/// Tables and series from CSV files.
@NullMarked
package dev.rondo.tables;

import org.jspecify.annotations.NullMarked;
