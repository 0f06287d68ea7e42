// The kernels for Armv8-A.
#include "simd_neon.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &neon_kernels() { return kernels_of<Simd, StandardActivation<Simd>>; }

} // namespace rondo
