// The kernels of avx2 with identities in place of activations, for wiring_test.cpp.
#include "isa/simd_avx2.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &avx2_wiring_kernels();
const KernelTable &avx2_wiring_kernels() { return kernels_of<Simd, IdentityActivation<Simd>>; }

} // namespace rondo
