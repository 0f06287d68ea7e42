// The vectors that all processors of the architecture have.
#pragma once

#if defined(__x86_64__)
#include "isa/simd_baseline.hpp"
#else
#include "isa/simd_neon.hpp"
#endif
