#include "peer_server.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string_view>

namespace rondo::peer {

namespace {

using Clock = std::chrono::steady_clock;
using Fields = std::vector<std::string>;

constexpr std::int64_t least_sample_nanos = 20'000; // the shortest time that one look at the clock stands for
constexpr std::size_t most_samples = 10'000;        // the longest answer
constexpr int tries = 5;

std::int64_t nanos_since(Clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
}

Fields split(const std::string &line) {
    Fields fields(1);
    for (const char c : line) {
        if (c == '\t') {
            fields.emplace_back();
        } else if (c != '\r') {
            fields.back() += c;
        }
    }
    return fields;
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    return text;
}

std::int64_t number(std::string_view text, const std::string &what, std::int64_t least) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > INT32_MAX)
        throw std::invalid_argument(what + ": expected a number of at least " + std::to_string(least) + ", got " +
                                    std::string(text));
    return value;
}

// The fields of an open.
class Workload {
public:
    explicit Workload(const Fields &fields) {
        for (std::size_t i = 1; i < fields.size(); i++) {
            const std::size_t equals = fields[i].find('=');
            if (equals == std::string::npos) throw std::invalid_argument("open: expected key=value, got " + fields[i]);
            values_[fields[i].substr(0, equals)] = fields[i].substr(equals + 1);
        }
    }

    Layer layer() const {
        if (values_.count("model") != 0) throw Unsupported("whole models are not written in C++, only layers");
        static const std::map<std::string, Cell> cells = {{"LSTM", Cell::lstm},
                                                          {"LSTM_PEEPHOLES", Cell::lstm_peepholes},
                                                          {"GRU_RESET_AFTER", Cell::gru_reset_after},
                                                          {"GRU_RESET_BEFORE", Cell::gru_reset_before},
                                                          {"RNN_TANH", Cell::rnn_tanh}};
        static const std::map<std::string, Pass> passes = {
            {"inference", Pass::inference}, {"training", Pass::training}, {"step", Pass::step}};
        const Layer layer = {.cell = constant(cells, "cell"),
                             .pass = constant(passes, "pass"),
                             .threads = size("threads"),
                             .batch = size("batch"),
                             .time = size("time"),
                             .input = size("input"),
                             .hidden = size("hidden"),
                             .lengths = values_.count("lengths") != 0 && field("lengths") == "true",
                             .data = field("data"),
                             .results = field("results")};
        if (layer.pass == Pass::step && (layer.batch != 1 || layer.lengths))
            throw std::invalid_argument("step: expected a batch of 1 without lengths, got " + field("batch") +
                                        (layer.lengths ? " with lengths" : ""));
        return layer;
    }

private:
    std::map<std::string, std::string> values_;

    const std::string &field(const std::string &name) const {
        const auto found = values_.find(name);
        if (found == values_.end()) throw std::invalid_argument("open: no field " + name);
        return found->second;
    }
    int size(const std::string &name) const { return static_cast<int>(number(field(name), name, 1)); }
    template <class T> T constant(const std::map<std::string, T> &known, const std::string &name) const {
        const auto found = known.find(field(name));
        if (found == known.end()) throw std::invalid_argument(name + ": not understood: " + field(name));
        return found->second;
    }
};

template <class Values> Values read(const std::filesystem::path &file, std::size_t count) {
    Values values(count);
    const std::size_t bytes = count * sizeof(values[0]);
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    const auto size = std::filesystem::file_size(file);
    if (size != bytes)
        throw std::runtime_error(file.string() + ": expected " + std::to_string(bytes) + " bytes, got " +
                                 std::to_string(size));
    in.read(reinterpret_cast<char *>(values.data()), static_cast<std::streamsize>(bytes));
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return values;
}

void write(const std::filesystem::path &file, const Floats &values) {
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char *>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

std::int64_t nanos_of(Run &run, int calls) {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < calls; i++) run.run();
    return nanos_since(begin);
}

std::int64_t shortest(Run &run, int calls) {
    std::int64_t nanos = INT64_MAX;
    for (int i = 0; i < tries && nanos >= least_sample_nanos; i++) nanos = std::min(nanos, nanos_of(run, calls));
    return nanos;
}

class Server {
public:
    explicit Server(const Open &open) : open_(open) {}

    // The answer's fields.
    Fields answer(const Fields &fields) {
        const std::string &word = fields[0];
        if (word == "open") {
            open(Workload(fields).layer());
            return {"ok"};
        }
        if (word == "time") {
            if (fields.size() != 4)
                throw std::invalid_argument("time: expected 3 fields, got " + std::to_string(fields.size() - 1));
            return time(1'000'000 * number(fields[1], "ms to warm up", 0),
                        1'000'000 * number(fields[2], "ms to measure", 0), number(fields[3], "least samples", 0));
        }
        if (word == "close") {
            run_.reset();
            return {"ok"};
        }
        throw std::invalid_argument("expected open, time, close or quit, got " + word);
    }

    void close() { run_.reset(); }

private:
    const Open &open_;
    std::unique_ptr<Run> run_;

    void open(const Layer &layer) {
        run_.reset();
        std::unique_ptr<Run> run = open_(layer);
        for (int call = 0; call < (layer.pass == Pass::step ? layer.time : 1); call++) run->run();
        for (const auto &[name, values] : run->results()) write(layer.results / (name + ".f32"), values);
        run_ = std::move(run);
    }

    Fields time(std::int64_t warm_up_nanos, std::int64_t measure_nanos, std::int64_t least_samples) {
        if (!run_) throw std::logic_error("time: nothing is open");
        Clock::time_point begin = Clock::now();
        do run_->run();
        while (nanos_since(begin) < warm_up_nanos);
        int calls = 1;
        while (shortest(*run_, calls) < least_sample_nanos) calls *= 2;
        std::vector<std::int64_t> samples;
        samples.reserve(most_samples);
        begin = Clock::now();
        do samples.push_back(nanos_of(*run_, calls));
        while (samples.size() < most_samples &&
               (static_cast<std::int64_t>(samples.size()) < least_samples || nanos_since(begin) < measure_nanos));
        Fields fields = {"times"};
        for (const std::int64_t sample : samples) {
            char text[32];
            std::snprintf(text, sizeof text, calls == 1 ? "%.0f" : "%.3f", static_cast<double>(sample) / calls);
            fields.emplace_back(text);
        }
        return fields;
    }
};

void say(const Fields &fields) {
    std::string line = "@rondo";
    for (const std::string &field : fields) line += '\t' + one_line(field);
    std::puts(line.c_str());
    std::fflush(stdout);
}

} // namespace

Floats Layer::floats(const std::string &name, std::size_t count) const {
    return read<Floats>(data / (name + ".f32"), count);
}

std::vector<std::int32_t> Layer::ints(const std::string &name, std::size_t count) const {
    return read<std::vector<std::int32_t>>(data / (name + ".i32"), count);
}

Floats exchanged(const Floats &values, int a, int b, int features) {
    Floats all(values.size());
    for (int i = 0; i < a; i++)
        for (int j = 0; j < b; j++)
            std::copy_n(&values[Layer::size(features) * (Layer::size(i, b) + Layer::size(j))], features,
                        &all[Layer::size(features) * (Layer::size(j, a) + Layer::size(i))]);
    return all;
}

int serve(const std::string &name, const std::string &version, const Open &open) {
    Server server(open);
    say({"hello", name, version});
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
        try {
            say(server.answer(split(line)));
        } catch (const Unsupported &e) {
            say({"unsupported", e.what()});
        } catch (const std::exception &e) {
            // The harness names the failure and goes on with the other peers.
            server.close();
            say({"failed", e.what()});
        }
    }
    return 0;
}

Options::Options(int count, char **words, std::vector<std::string> known) {
    for (int i = 1; i < count; i += 2) {
        const std::string name = words[i];
        if (std::find(known.begin(), known.end(), name) == known.end() || i + 1 == count) {
            std::fprintf(stderr, "%s: expected options with their values, of", words[0]);
            for (const std::string &option : known) std::fprintf(stderr, " %s", option.c_str());
            std::fprintf(stderr, "; got %s\n", name.c_str());
            std::exit(2);
        }
        given_.emplace_back(name, words[i + 1]);
    }
}

std::string Options::get(const std::string &name, const std::string &fallback) const {
    for (const auto &[given, value] : given_)
        if (given == name) return value;
    return fallback;
}

} // namespace rondo::peer
