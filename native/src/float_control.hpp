// The floating-point control word under which all arithmetic of librondo runs.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rondo {

// Round to nearest, no traps, denormal results and inputs are zero.
#if defined(__x86_64__)
using FloatControlWord = uint32_t;
inline constexpr FloatControlWord float_control = 0x1F80u | 0x8000u | 0x0040u;
inline FloatControlWord read_float_control() { return _mm_getcsr(); }
inline void write_float_control(FloatControlWord word) { _mm_setcsr(word); }
#else
using FloatControlWord = uint64_t;
inline constexpr FloatControlWord float_control = 1u << 24;
inline FloatControlWord read_float_control() {
    FloatControlWord word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}
inline void write_float_control(FloatControlWord word) { asm volatile("msr fpcr, %0" : : "r"(word) : "memory"); }
#endif

// Sets the control word for a scope and puts the caller's back.
class FloatControl {
public:
    FloatControl() : before_(read_float_control()) { write_float_control(float_control); }
    ~FloatControl() { write_float_control(before_); }
    FloatControl(const FloatControl &) = delete;
    FloatControl &operator=(const FloatControl &) = delete;

private:
    FloatControlWord before_;
};

} // namespace rondo
