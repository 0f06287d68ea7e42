// Arrays that lie against an unmapped page, so that a kernel which touches one element too many ends the test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <initializer_list>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace rondo::test {

// Where the array lies: its end against an unmapped page, or its start.
enum class Against { end, start };

// The placement of arrays that are made without one; tests set it to run through both.
inline Against &placement() {
    static Against value = Against::end;
    return value;
}

// What lies in the page beside the array is filled with a pattern, and checked when the array dies.
template <class T> class Guarded {
public:
    explicit Guarded(int64_t count, T value = T{}, int64_t alignment = sizeof(T)) : count_(count) {
        const int64_t page = sysconf(_SC_PAGESIZE);
        const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
        inner_ = (bytes + alignment + page - 1) / page * page;
        mapped_ = inner_ + 2 * page;
        void *base = mmap(nullptr, static_cast<size_t>(mapped_), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) std::abort();
        begin_ = static_cast<char *>(base) + page;
        if (mprotect(begin_, static_cast<size_t>(inner_), PROT_READ | PROT_WRITE) != 0) std::abort();
        std::memset(begin_, pattern, static_cast<size_t>(inner_));
        const int64_t offset = placement() == Against::end ? (inner_ - bytes) / alignment * alignment : 0;
        data_ = reinterpret_cast<T *>(begin_ + offset);
        for (int64_t i = 0; i < count; i++) data_[i] = value;
    }
    Guarded(std::initializer_list<T> values) : Guarded(static_cast<int64_t>(values.size())) {
        std::memcpy(static_cast<void *>(data_), values.begin(), values.size() * sizeof(T));
    }
    explicit Guarded(const std::vector<T> &values) : Guarded(static_cast<int64_t>(values.size())) {
        if (!values.empty()) std::memcpy(static_cast<void *>(data_), values.data(), values.size() * sizeof(T));
    }
    Guarded(Guarded &&other) noexcept
        : begin_(other.begin_), inner_(other.inner_), mapped_(other.mapped_), data_(other.data_), count_(other.count_) {
        other.begin_ = nullptr;
    }
    Guarded(const Guarded &) = delete;
    Guarded &operator=(const Guarded &) = delete;
    Guarded &operator=(Guarded &&) = delete;
    ~Guarded() {
        if (begin_ == nullptr) return;
        const char *from = reinterpret_cast<const char *>(data_);
        const char *to = reinterpret_cast<const char *>(data_ + count_);
        for (const char *p = begin_; p < begin_ + inner_; p++) {
            if (p >= from && p < to) {
                p = to - 1;
            } else if (*p != pattern) {
                ADD_FAILURE() << "written " << (p < from ? from - p : p - to + 1) << " bytes "
                              << (p < from ? "before" : "behind") << " an array";
                break;
            }
        }
        munmap(begin_ - (mapped_ - inner_) / 2, static_cast<size_t>(mapped_));
    }

    T *data() { return data_; }
    const T *data() const { return data_; }
    int64_t size() const { return count_; }
    T &operator[](int64_t i) { return data_[i]; }
    const T &operator[](int64_t i) const { return data_[i]; }
    T *begin() { return data_; }
    T *end() { return data_ + count_; }
    const T *begin() const { return data_; }
    const T *end() const { return data_ + count_; }

    std::vector<T> copy() const { return std::vector<T>(data_, data_ + count_); }

private:
    static constexpr char pattern = 0x5A;
    char *begin_;
    int64_t inner_;
    int64_t mapped_;
    T *data_;
    int64_t count_;
};

using Floats = Guarded<float>;
using Ints = Guarded<int32_t>;

} // namespace rondo::test
