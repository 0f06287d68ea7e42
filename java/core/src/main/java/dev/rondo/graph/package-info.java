/// The graph that layers and importers build: typed operations over named values, shape inference and gradients.
@NullMarked
package dev.rondo.graph;

import org.jspecify.annotations.NullMarked;
