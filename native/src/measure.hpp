// Measures what the machine's registers give.
#pragma once

#include "context.hpp"

namespace rondo {

// Multiply-adds on registers for about so many seconds on each of the context's threads at once, in 1e9 float
// operations a second over all of them.
double measure_fma(const Context &context, double seconds);

} // namespace rondo
