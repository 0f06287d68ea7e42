// The floating-point control word under which all arithmetic of librondo runs.
#pragma once

#include <cstdint>
#include <immintrin.h>

namespace rondo {

// Round to nearest, no traps, denormal results and inputs are zero.
inline constexpr uint32_t float_control = 0x1F80u | 0x8000u | 0x0040u;

// Sets the control word for a scope and puts the caller's back.
class FloatControl {
public:
    FloatControl() : before_(_mm_getcsr()) { _mm_setcsr(float_control); }
    ~FloatControl() { _mm_setcsr(before_); }
    FloatControl(const FloatControl &) = delete;
    FloatControl &operator=(const FloatControl &) = delete;

private:
    uint32_t before_;
};

} // namespace rondo
