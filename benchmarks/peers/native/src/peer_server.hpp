// A peer's side of the conversation with the harness, as PeerServer.java of rondo-peer-api has it, and what a peer in C++
// needs besides: the workload, its files, aligned memory, and transposes.
//
// Lines on standard input and output, their fields separated by tabs. What a peer says begins with the field @rondo, so
// that what libraries print is told apart.
//
//   Asked                                             Answered
//   at the start                                      hello, name, version
//   open, key=value ...                               ok, after the first calls have run and their results are written;
//                                                     unsupported and the reason; failed and the message
//   time, ms to warm up, ms to measure, least samples times, and nanoseconds, one a sample
//   close                                             ok
//   quit, or the end of input                         the process ends
//
// A sample is one call, or the mean of so many calls in a row that together they take 20 us, so that the clock's own time
// does not show: a power of two, found after warming up. Samples end with the time to measure, but not before their
// least number, and at 10,000.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rondo::peer {

// Begins at a cache line, as BLAS-like libraries like it.
template <class T> struct Aligned {
    using value_type = T;
    static constexpr std::align_val_t alignment{64};
    Aligned() = default;
    template <class U> explicit(false) Aligned(const Aligned<U> &) {}
    T *allocate(std::size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), alignment)); }
    void deallocate(T *memory, std::size_t) { ::operator delete(memory, alignment); }
    friend bool operator==(const Aligned &, const Aligned &) { return true; }
};
using Floats = std::vector<float, Aligned<float>>;

enum class Cell { lstm, lstm_peepholes, gru_reset_after, gru_reset_before, rnn_tanh };
enum class Pass { inference, training, step };

// What a library cannot do, with the reason.
class Unsupported : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A recurrent layer from zero states: x [B,T,I], weightIh [G*H,I], weightHh [G*H,H], biasIh [G*H], and biasHn [H],
// peepholes [3*H], lengths [B] where they apply, dy [B,T,H] in training. Gates go i, f, g, o and r, z, n.
struct Layer {
    Cell cell;
    Pass pass;
    int threads, batch, time, input, hidden;
    bool lengths;
    std::filesystem::path data, results;

    bool lstm() const { return cell == Cell::lstm || cell == Cell::lstm_peepholes; }
    bool peepholes() const { return cell == Cell::lstm_peepholes; }
    bool gru() const { return cell == Cell::gru_reset_after || cell == Cell::gru_reset_before; }
    bool bias_hn() const { return cell == Cell::gru_reset_after; }
    bool training() const { return pass == Pass::training; }
    int gates() const { return lstm() ? 4 : gru() ? 3 : 1; }
    int rows() const { return gates() * hidden; }

    // The numbers of a file, as many as expected.
    Floats floats(const std::string &name, std::size_t count) const;
    std::vector<std::int32_t> ints(const std::string &name, std::size_t count) const;

    Floats x() const { return floats("x", size(batch, time, input)); }
    Floats weight_ih() const { return floats("weightIh", size(rows(), input)); }
    Floats weight_hh() const { return floats("weightHh", size(rows(), hidden)); }
    Floats bias_ih() const { return floats("biasIh", size(rows())); }
    Floats dy() const { return floats("dy", size(batch, time, hidden)); }

    // The product, in a type that does not overflow.
    template <class... Ints> static std::size_t size(Ints... factors) {
        return (std::size_t{1} * ... * static_cast<std::size_t>(factors));
    }
};

// [A,B,F] as [B,A,F]: from batch first to time first, or back.
Floats exchanged(const Floats &values, int a, int b, int features);

using Results = std::vector<std::pair<std::string, Floats>>;

// A workload made ready. run() alone is timed: whatever a user has to do for each call belongs into it, nothing else.
class Run {
public:
    Run() = default;
    Run(const Run &) = delete;
    Run &operator=(const Run &) = delete;
    virtual ~Run() = default;

    // One call: a sequence, or one single step, which leaves its output in its row of y.
    virtual void run() = 0;

    // What the first calls came to, by name of the file: one call, or of single steps as many as x has.
    virtual Results results() = 0;
};

// Makes a layer ready, or throws Unsupported.
using Open = std::function<std::unique_ptr<Run>(const Layer &)>;

// Serves until the end of standard input; what main returns.
int serve(const std::string &name, const std::string &version, const Open &open);

// The value that follows a program's option, such as --isa; the fallback where it is not given. Anything but the options
// known is refused with exit status 2.
class Options {
public:
    Options(int count, char **words, std::vector<std::string> known);
    std::string get(const std::string &name, const std::string &fallback) const;

private:
    std::vector<std::pair<std::string, std::string>> given_;
};

} // namespace rondo::peer
