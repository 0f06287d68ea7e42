// The kernels of neon with identities in place of activations, for wiring_test.cpp.
#include "isa/simd_neon.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &neon_wiring_kernels();
const KernelTable &neon_wiring_kernels() { return kernels_of<Simd, IdentityActivation<Simd>>; }

} // namespace rondo
