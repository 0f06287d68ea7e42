// The instruction sets of x86-64, by the CPU and by what the operating system saves of its registers.
#include <cpuid.h>
#include <cstdio>
#include <cstring>

#include "dispatch.hpp"
#include "rondo/rondo.h"

namespace rondo {

const KernelTable &baseline_kernels();
const KernelTable &avx2_kernels();
const KernelTable &avx512_kernels();

namespace {

enum class Word { leaf1_ecx, leaf7_ebx, extended1_ecx };

struct Feature {
    int32_t isa; // the first set that needs it
    Word word;
    int bit;
    const char *name;
};

// The lists of the x86-64 psABI; v1 is what every 64-bit CPU has.
constexpr Feature features[] = {
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 0, "SSE3"},
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 9, "SSSE3"},
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 13, "CMPXCHG16B"},
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 19, "SSE4.1"},
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 20, "SSE4.2"},
    {RONDO_ISA_BASELINE, Word::leaf1_ecx, 23, "POPCNT"},
    {RONDO_ISA_BASELINE, Word::extended1_ecx, 0, "LAHF"},
    {RONDO_ISA_AVX2, Word::leaf1_ecx, 12, "FMA"},
    {RONDO_ISA_AVX2, Word::leaf1_ecx, 22, "MOVBE"},
    {RONDO_ISA_AVX2, Word::leaf1_ecx, 27, "OSXSAVE"},
    {RONDO_ISA_AVX2, Word::leaf1_ecx, 28, "AVX"},
    {RONDO_ISA_AVX2, Word::leaf1_ecx, 29, "F16C"},
    {RONDO_ISA_AVX2, Word::leaf7_ebx, 3, "BMI1"},
    {RONDO_ISA_AVX2, Word::leaf7_ebx, 5, "AVX2"},
    {RONDO_ISA_AVX2, Word::leaf7_ebx, 8, "BMI2"},
    {RONDO_ISA_AVX2, Word::extended1_ecx, 5, "LZCNT"},
    {RONDO_ISA_AVX512, Word::leaf7_ebx, 16, "AVX512F"},
    {RONDO_ISA_AVX512, Word::leaf7_ebx, 17, "AVX512DQ"},
    {RONDO_ISA_AVX512, Word::leaf7_ebx, 28, "AVX512CD"},
    {RONDO_ISA_AVX512, Word::leaf7_ebx, 30, "AVX512BW"},
    {RONDO_ISA_AVX512, Word::leaf7_ebx, 31, "AVX512VL"},
};

struct SavedState {
    int32_t isa;
    int bit;
    const char *name;
};

constexpr SavedState saved_states[] = {
    {RONDO_ISA_AVX2, 1, "XMM registers"},        {RONDO_ISA_AVX2, 2, "YMM registers"},
    {RONDO_ISA_AVX512, 5, "mask registers"},     {RONDO_ISA_AVX512, 6, "upper halves of ZMM0-15"},
    {RONDO_ISA_AVX512, 7, "registers ZMM16-31"},
};

bool has(const Cpu &cpu, const Feature &feature) {
    uint32_t word = 0;
    switch (feature.word) {
    case Word::leaf1_ecx: word = cpu.leaf1_ecx; break;
    case Word::leaf7_ebx: word = cpu.leaf7_ebx; break;
    case Word::extended1_ecx: word = cpu.extended1_ecx; break;
    }
    return (word >> feature.bit & 1u) != 0;
}

uint64_t xgetbv() {
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<uint64_t>(high) << 32 | low;
}

// Appends to a bounded text.
class Text {
public:
    Text(char *text, int32_t size) : text_(text), size_(size) {
        if (size_ > 0) text_[0] = '\0';
    }
    void add(const char *part) {
        if (length_ < size_) {
            const int written = std::snprintf(text_ + length_, static_cast<size_t>(size_ - length_), "%s", part);
            length_ = written < size_ - length_ ? length_ + written : size_ - 1;
        }
    }
    int32_t length() const { return length_; }

private:
    char *text_;
    int32_t size_;
    int32_t length_ = 0;
};

void name_cpu(char (&name)[64]) {
    uint32_t brand[12] = {};
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t *r = brand + 4 * i;
        if (!__get_cpuid(0x80000002u + i, &r[0], &r[1], &r[2], &r[3])) break;
    }
    char text[49] = {};
    std::memcpy(text, brand, 48);
    const char *begin = text;
    while (*begin == ' ') begin++;
    size_t length = std::strlen(begin);
    while (length > 0 && begin[length - 1] == ' ') length--;
    std::memcpy(name, begin, length);
    name[length] = '\0';
}

} // namespace

std::span<const int32_t> known_isas() {
    static constexpr int32_t isas[] = {RONDO_ISA_BASELINE, RONDO_ISA_AVX2, RONDO_ISA_AVX512};
    return isas;
}

Cpu detect_cpu() {
    Cpu cpu = {};
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) cpu.leaf1_ecx = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) cpu.leaf7_ebx = b;
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d)) cpu.extended1_ecx = c;
    if ((cpu.leaf1_ecx >> 27 & 1u) != 0) cpu.xcr0 = xgetbv();
    name_cpu(cpu.name);
    return cpu;
}

const char *isa_name(int32_t isa) {
    switch (isa) {
    case RONDO_ISA_BASELINE: return "baseline";
    case RONDO_ISA_AVX2: return "avx2";
    case RONDO_ISA_AVX512: return "avx512";
    default: return "unknown";
    }
}

int32_t isa_lacks(const Cpu &cpu, int32_t isa, char *text, int32_t size) {
    Text out(text, size);
    bool any = false;
    for (const Feature &feature : features) {
        if (feature.isa > isa || has(cpu, feature)) continue;
        out.add(any ? ", " : "the CPU lacks ");
        out.add(feature.name);
        any = true;
    }
    bool any_state = false;
    for (const SavedState &state : saved_states) {
        if (state.isa > isa || (cpu.xcr0 >> state.bit & 1u) != 0) continue;
        out.add(any_state ? ", "
                : any     ? "; the operating system does not save "
                          : "the operating system does not save ");
        out.add(state.name);
        any_state = true;
    }
    return out.length();
}

const KernelTable &kernels(int32_t isa) {
    switch (isa) {
    case RONDO_ISA_AVX512: return avx512_kernels();
    case RONDO_ISA_AVX2: return avx2_kernels();
    default: return baseline_kernels();
    }
}

} // namespace rondo
