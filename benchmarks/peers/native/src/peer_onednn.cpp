// oneDNN's recurrent primitives: lstm, gru, lbr_gru and vanilla_rnn.
//
// As its guides say to use them: the layouts of weights are left to the primitive (format `any`) and weights reordered
// into what it chose; sequences stay in its own order, time first; initial and final states are left out where they are
// zero and not wanted (but training gets zeros: without, 3.11 gave wrong gradients of the recurrent weights); primitives and memory are made once. Calls go through dnnl_primitive_execute with arguments
// listed beforehand, where primitive::execute of the C++ API would make a list on the heap for each.
//
// Timed: inference, one forward_inference on reordered weights. training: a user's parameters and gradients lie plain
// (ldigo), so weights are reordered into the layouts of both passes, which differ; forward_training; gradients zeroed,
// since backward adds to them; backward; gradients reordered back where they came elsewise. step: a primitive of one step
// whose states change places from call to call. Not timed: transposes between [B,T,F] and [T,B,F], conversions of x and y.
//
// --type bf16, int8: inference of the LSTM alone, x, y, h and weights of that type (of int8, u8 data and s8 weights with
// a scale for each row, as in its int8 example), bias and c float32. A user's neighbouring layers would have the type,
// too, so that x is converted beforehand, and y afterwards.
//
// Threads: OpenMP's, set before primitives are made, which are made for their number.
//
// Not offered: with AVX-512, the backward pass of the GRU that resets before the product. oneDNN 3.11 was seen to crash in
// it, in code that it generates, in processes where other cells had run; on a processor without it did not.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <dnnl.hpp>
#include <map>
#include <omp.h>

#include "peer_server.hpp"

namespace {

using namespace rondo::peer;
using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

const dnnl::engine &cpu() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

// A primitive with its arguments.
class Call {
public:
    Call(const dnnl::primitive &primitive, const std::map<int, memory> &arguments) : primitive_(primitive) {
        for (const auto &[argument, value] : arguments) {
            kept_.push_back(value);
            arguments_.push_back({argument, value.get()});
        }
    }

    void execute(const dnnl::stream &stream) const {
        dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream.get(),
                                                       static_cast<int>(arguments_.size()), arguments_.data()),
                                "could not execute a primitive");
    }

private:
    dnnl::primitive primitive_;
    std::vector<memory> kept_;
    std::vector<dnnl_exec_arg_t> arguments_;
};

// The states before a step; those after it are as far from them.
constexpr int states[] = {DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C};
constexpr int state_to_state = DNNL_ARG_DST_ITER - DNNL_ARG_SRC_ITER;
static_assert(state_to_state == DNNL_ARG_DST_ITER_C - DNNL_ARG_SRC_ITER_C);

// The gradient of an argument, as an argument.
int gradient_of(int argument) { return argument + (DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER); }
static_assert(DNNL_ARG_DIFF_SRC_ITER_C - DNNL_ARG_SRC_ITER_C == DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
static_assert(DNNL_ARG_DIFF_WEIGHTS_PEEPHOLE - DNNL_ARG_WEIGHTS_PEEPHOLE ==
              DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);
static_assert(DNNL_ARG_DIFF_BIAS - DNNL_ARG_BIAS == DNNL_ARG_DIFF_SRC_LAYER - DNNL_ARG_SRC_LAYER);

class OneDnnRun : public Run {
public:
    OneDnnRun(const Layer &layer, Type type) : layer_(layer), type_(type), stream_(cpu()) {
        describe();
        set_scales();
        forward_ =
            forward_of(layer.training() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference);
        if (!forward_) throw Unsupported("oneDNN has no such layer on this processor");
        prepare();
        if (layer.training()) prepare_backward();
        if (layer.pass == Pass::step) prepare_steps();
    }

    void run() override {
        if (layer_.pass == Pass::step) {
            steps_[next_].execute(stream_);
            next_ = next_ + 1 == steps_.size() ? 0 : next_ + 1;
        } else {
            for (const Call &call : before_) call.execute(stream_);
            for (memory &gradient : sums_) std::memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
            for (const Call &call : calls_) call.execute(stream_);
        }
        stream_.wait();
    }

    Results results() override {
        const int B = layer_.batch, T = layer_.time;
        Results results;
        results.emplace_back("y", exchanged(floats_of(y_, plain_y()), T, B, layer_.hidden));
        if (!layer_.training()) return results;
        const auto gradient = [&](int argument) {
            return floats_of(values_.at(gradient_of(argument)), plain(argument));
        };
        results.emplace_back("dx", exchanged(gradient(DNNL_ARG_SRC_LAYER), T, B, layer_.input));
        results.emplace_back("dweightIh", rows_of(gradient(DNNL_ARG_WEIGHTS_LAYER), layer_.input));
        results.emplace_back("dweightHh", rows_of(gradient(DNNL_ARG_WEIGHTS_ITER), layer_.hidden));
        Floats bias = gradient(DNNL_ARG_BIAS);
        if (layer_.bias_hn()) {
            results.emplace_back("dbiasHn", Floats(bias.end() - layer_.hidden, bias.end()));
            bias.resize(Layer::size(layer_.rows()));
        }
        results.emplace_back("dbiasIh", rows_of(bias, 1));
        if (layer_.peepholes()) results.emplace_back("dpeepholes", gradient(DNNL_ARG_WEIGHTS_PEEPHOLE));
        return results;
    }

private:
    const Layer layer_;
    const Type type_; // of x, y, h and weights
    dnnl::stream stream_;
    dnnl::primitive_attr attributes_;
    float data_scale_ = 1.0f; // of x, y and h as integers
    static constexpr float data_shift = 128.0f;
    std::map<int, memory::desc> descs_; // what primitives are asked for
    dnnl::primitive_desc forward_;
    std::map<int, memory> values_; // the arguments of the calls
    memory y_;                     // of all steps
    std::vector<memory> sums_;     // what backward adds to
    std::vector<Call> before_, calls_, steps_;
    std::size_t next_ = 0;

    // ---- what is asked for

    int steps() const { return layer_.pass == Pass::step ? 1 : layer_.time; }
    Type data_type() const { return type_ == Type::s8 ? Type::u8 : type_; }

    void describe() {
        const memory::dim B = layer_.batch, T = steps(), I = layer_.input, H = layer_.hidden, G = layer_.gates();
        descs_[DNNL_ARG_SRC_LAYER] = memory::desc({T, B, I}, data_type(), Tag::tnc);
        descs_[DNNL_ARG_DST_LAYER] = memory::desc({T, B, H}, data_type(), Tag::tnc);
        descs_[DNNL_ARG_WEIGHTS_LAYER] = memory::desc({1, 1, I, G, H}, type_, Tag::any);
        descs_[DNNL_ARG_WEIGHTS_ITER] = memory::desc({1, 1, H, G, H}, type_, Tag::any);
        descs_[DNNL_ARG_BIAS] = memory::desc({1, 1, layer_.bias_hn() ? 4 : G, H}, Type::f32, Tag::ldgo);
        if (layer_.peepholes()) descs_[DNNL_ARG_WEIGHTS_PEEPHOLE] = memory::desc({1, 1, 3, H}, Type::f32, Tag::ldgo);
        if (layer_.pass == Pass::inference) return;
        descs_[DNNL_ARG_SRC_ITER] = memory::desc({1, 1, B, H}, data_type(), Tag::ldnc);
        if (layer_.lstm()) descs_[DNNL_ARG_SRC_ITER_C] = memory::desc({1, 1, B, H}, Type::f32, Tag::ldnc);
        if (layer_.training()) return;
        for (const int argument : states)
            if (has(argument)) descs_[argument + state_to_state] = desc(argument);
    }

    bool has(int argument) const { return descs_.count(argument) != 0; }
    // Empty for what the layer has not.
    memory::desc desc(int argument) const { return has(argument) ? descs_.at(argument) : memory::desc(); }

    // Of integers: data in -largest..largest about 128, weights in -127..127; in -63..63 where the processor has no VNNI,
    // as then two products of 8 bits are added in 16 (see "Nuances of int8 computations").
    void set_scales() {
        if (type_ != Type::s8) return;
        float largest = 1.0f; // of h, and of x, which share their scale
        for (const float x : layer_.x()) largest = std::max(largest, std::abs(x));
        data_scale_ = 127.0f / largest;
        attributes_.set_rnn_data_qparams(data_scale_, data_shift);
        const int G = layer_.gates(), H = layer_.hidden;
        std::vector<float> scales(Layer::size(G, H), 0.0f); // of a gate and a unit
        for (const auto &[weights, columns] : {std::pair(layer_.weight_ih(), layer_.input), {layer_.weight_hh(), H}})
            for (std::size_t i = 0; i < weights.size(); i++) {
                float &most = scales[i / Layer::size(columns)]; // gates of the LSTM go as ours
                most = std::max(most, std::abs(weights[i]));
            }
        __builtin_cpu_init();
        const bool vnni = __builtin_cpu_supports("avx512vnni") || __builtin_cpu_supports("avxvnni");
        const float largest_weight = vnni ? 127.0f : 63.0f;
        for (float &scale : scales) scale = scale > 0.0f ? largest_weight / scale : 1.0f;
        attributes_.set_rnn_weights_qparams(1 << 3 | 1 << 4, scales);
    }

    static constexpr auto forwards = dnnl::rnn_direction::unidirectional_left2right;

    dnnl::primitive_desc forward_of(dnnl::prop_kind kind) const {
        const auto x = desc(DNNL_ARG_SRC_LAYER), y = desc(DNNL_ARG_DST_LAYER), h0 = desc(DNNL_ARG_SRC_ITER),
                   hn = desc(DNNL_ARG_DST_ITER), c0 = desc(DNNL_ARG_SRC_ITER_C), cn = desc(DNNL_ARG_DST_ITER_C),
                   W = desc(DNNL_ARG_WEIGHTS_LAYER), U = desc(DNNL_ARG_WEIGHTS_ITER), bias = desc(DNNL_ARG_BIAS),
                   peepholes = desc(DNNL_ARG_WEIGHTS_PEEPHOLE);
        switch (layer_.cell) { // empty where there is none
        case Cell::lstm:
        case Cell::lstm_peepholes:
            return dnnl::lstm_forward::primitive_desc(cpu(), kind, forwards, x, h0, c0, W, U, peepholes, bias, y, hn,
                                                      cn, attributes_, true);
        case Cell::gru_reset_after:
            return dnnl::lbr_gru_forward::primitive_desc(cpu(), kind, forwards, x, h0, W, U, bias, y, hn, attributes_,
                                                         true);
        case Cell::gru_reset_before:
            return dnnl::gru_forward::primitive_desc(cpu(), kind, forwards, x, h0, W, U, bias, y, hn, attributes_,
                                                     true);
        case Cell::rnn_tanh:
            return dnnl::vanilla_rnn_forward::primitive_desc(cpu(), kind, dnnl::algorithm::eltwise_tanh, forwards, x,
                                                             h0, W, U, bias, y, hn, attributes_, true);
        }
        throw std::logic_error("a cell that is not listed");
    }

    // Without the final states; gradients with the descriptions of their values.
    dnnl::primitive_desc backward_of() const {
        const auto x = desc(DNNL_ARG_SRC_LAYER), y = desc(DNNL_ARG_DST_LAYER), W = desc(DNNL_ARG_WEIGHTS_LAYER),
                   U = desc(DNNL_ARG_WEIGHTS_ITER), bias = desc(DNNL_ARG_BIAS),
                   peepholes = desc(DNNL_ARG_WEIGHTS_PEEPHOLE), h0 = desc(DNNL_ARG_SRC_ITER),
                   c0 = desc(DNNL_ARG_SRC_ITER_C), none = memory::desc();
        const auto kind = dnnl::prop_kind::backward;
        const dnnl::primitive_attr plainly;
        switch (layer_.cell) {
        case Cell::lstm:
        case Cell::lstm_peepholes: {
            const dnnl::lstm_forward::primitive_desc hint(forward_.get());
            return dnnl::lstm_backward::primitive_desc(cpu(), kind, forwards, x, h0, c0, W, U, peepholes, bias, y, none,
                                                       none, x, h0, c0, W, U, peepholes, bias, y, none, none, hint,
                                                       plainly, true);
        }
        case Cell::gru_reset_after: {
            const dnnl::lbr_gru_forward::primitive_desc hint(forward_.get());
            return dnnl::lbr_gru_backward::primitive_desc(cpu(), kind, forwards, x, h0, W, U, bias, y, none, x, h0, W,
                                                          U, bias, y, none, hint, plainly, true);
        }
        case Cell::gru_reset_before: {
            const dnnl::gru_forward::primitive_desc hint(forward_.get());
            return dnnl::gru_backward::primitive_desc(cpu(), kind, forwards, x, h0, W, U, bias, y, none, x, h0, W, U,
                                                      bias, y, none, hint, plainly, true);
        }
        case Cell::rnn_tanh: {
            const dnnl::vanilla_rnn_forward::primitive_desc hint(forward_.get());
            return dnnl::vanilla_rnn_backward::primitive_desc(cpu(), kind, dnnl::algorithm::eltwise_tanh, forwards, x,
                                                              h0, W, U, bias, y, none, x, h0, W, U, bias, y, none, hint,
                                                              plainly, true);
        }
        }
        throw std::logic_error("a cell that is not listed");
    }

    // ---- calls

    static memory::desc wanted(const dnnl::primitive_desc &primitive, int argument) {
        return primitive.query_md(dnnl::query::exec_arg_md, argument);
    }

    void prepare() {
        const int B = layer_.batch, T = layer_.time;
        const Floats x = exchanged(layer_.x(), B, T, layer_.input);
        y_ = memory(all_of(DNNL_ARG_DST_LAYER), cpu());
        values_[DNNL_ARG_SRC_LAYER] = converted(floats(x, {T, B, layer_.input}, Tag::tnc), all_of(DNNL_ARG_SRC_LAYER));
        values_[DNNL_ARG_DST_LAYER] = y_;
        values_[DNNL_ARG_BIAS] = floats(bias(), desc(DNNL_ARG_BIAS).get_dims(), Tag::ldgo);
        if (layer_.peepholes())
            values_[DNNL_ARG_WEIGHTS_PEEPHOLE] = floats(layer_.floats("peepholes", Layer::size(3, layer_.hidden)),
                                                        desc(DNNL_ARG_WEIGHTS_PEEPHOLE).get_dims(), Tag::ldgo);
        for (const int argument : {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER})
            values_[argument] = converted(plain_weights(argument), wanted(forward_, argument));
        for (const int state : states)
            if (has(state)) values_[state] = zero_state(state);
        if (layer_.training()) values_[DNNL_ARG_WORKSPACE] = memory(wanted(forward_, DNNL_ARG_WORKSPACE), cpu());
        if (layer_.pass != Pass::step) calls_.emplace_back(dnnl::primitive(forward_), values_);
    }

    void prepare_backward() {
        const auto backward = backward_of();
        if (!backward) throw Unsupported("oneDNN has no backward pass of such a layer on this processor");
        auto arguments = values_;
        arguments[DNNL_ARG_DIFF_DST_LAYER] = floats(exchanged(layer_.dy(), layer_.batch, layer_.time, layer_.hidden),
                                                    desc(DNNL_ARG_DST_LAYER).get_dims(), Tag::tnc);
        for (const int argument : {DNNL_ARG_SRC_LAYER, DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C})
            if (has(argument)) arguments[gradient_of(argument)] = memory(desc(argument), cpu());
        for (const int argument : {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER}) {
            // Parameters that the step before has changed, to where each pass wants them.
            const memory parameters = plain_weights(argument);
            before_.push_back(reorder(parameters, values_.at(argument)));
            arguments[argument] = memory(wanted(backward, argument), cpu());
            before_.push_back(reorder(parameters, arguments[argument]));
            arguments[gradient_of(argument)] = memory(wanted(backward, gradient_of(argument)), cpu());
        }
        for (const int argument : {DNNL_ARG_BIAS, DNNL_ARG_WEIGHTS_PEEPHOLE})
            if (arguments.count(argument) != 0)
                arguments[gradient_of(argument)] = memory(wanted(backward, gradient_of(argument)), cpu());
        for (const int argument :
             {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER, DNNL_ARG_BIAS, DNNL_ARG_WEIGHTS_PEEPHOLE})
            if (arguments.count(argument) != 0) sums_.push_back(arguments.at(gradient_of(argument)));
        calls_.emplace_back(dnnl::primitive(backward), arguments);
        values_ = arguments;
        for (const int argument : {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER}) {
            memory &gradient = values_.at(gradient_of(argument));
            if (gradient.get_desc() == plain(argument)) continue;
            const memory plainly(plain(argument), cpu());
            calls_.push_back(reorder(gradient, plainly));
            gradient = plainly;
        }
    }

    // A call for each step of x and each of the two ways between the states.
    void prepare_steps() {
        const dnnl::primitive primitive(forward_);
        std::map<int, memory> here, there;
        for (const int state : states)
            if (has(state)) here[state] = values_.at(state), there[state] = zero_state(state);
        const auto row = [&](memory &all, int argument, int step) {
            return memory(desc(argument), cpu(),
                          static_cast<char *>(all.get_data_handle()) +
                              static_cast<std::size_t>(step) * desc(argument).get_size());
        };
        const int pairs = layer_.time % 2 == 0 ? 1 : 2; // an even number of calls, so that the last leads to the first
        for (int step = 0; step < pairs * layer_.time; step++) {
            auto arguments = values_;
            arguments[DNNL_ARG_SRC_LAYER] = row(values_.at(DNNL_ARG_SRC_LAYER), DNNL_ARG_SRC_LAYER, step % layer_.time);
            arguments[DNNL_ARG_DST_LAYER] = row(y_, DNNL_ARG_DST_LAYER, step % layer_.time);
            for (const auto &[argument, state] : here) arguments[argument] = state;
            for (const auto &[argument, state] : there) arguments[argument + state_to_state] = state;
            steps_.emplace_back(primitive, arguments);
            std::swap(here, there);
        }
    }

    // ---- numbers

    // x or y of all steps.
    memory::desc all_of(int argument) const {
        memory::dims dims = desc(argument).get_dims();
        dims[0] = layer_.time;
        return memory::desc(dims, data_type(), Tag::tnc);
    }
    memory::desc plain_y() const { return memory::desc(all_of(DNNL_ARG_DST_LAYER).get_dims(), Type::f32, Tag::tnc); }
    // As a user keeps it.
    memory::desc plain(int argument) const {
        const memory::desc any = desc(argument);
        const Tag tag = argument == DNNL_ARG_SRC_LAYER                                            ? Tag::tnc
                        : argument == DNNL_ARG_WEIGHTS_LAYER || argument == DNNL_ARG_WEIGHTS_ITER ? Tag::ldigo
                                                                                                  : Tag::ldgo;
        return memory::desc(any.get_dims(), Type::f32, tag);
    }

    memory plain_weights(int argument) const {
        const bool of_x = argument == DNNL_ARG_WEIGHTS_LAYER;
        return floats(gates_of(of_x ? layer_.weight_ih() : layer_.weight_hh(), of_x ? layer_.input : layer_.hidden),
                      desc(argument).get_dims(), Tag::ldigo);
    }

    // oneDNN has one bias, and lbr_gru that of the candidate's recurrent product behind it.
    Floats bias() const {
        Floats all = gates_of(layer_.bias_ih(), 1);
        if (!layer_.bias_hn()) return all;
        const Floats last = layer_.floats("biasHn", Layer::size(layer_.hidden));
        all.insert(all.end(), last.begin(), last.end());
        return all;
    }

    // oneDNN's GRU goes update, reset, candidate where ours goes r, z, n; the LSTM's order is the same.
    int our_gate(int gate) const { return layer_.gru() && gate < 2 ? 1 - gate : gate; }

    // Our [G*H,K] as [K,G,H], and back.
    template <class Body> void for_each_weight(int columns, const Body &body) const {
        const std::size_t G = Layer::size(layer_.gates()), H = Layer::size(layer_.hidden), K = Layer::size(columns);
        for (std::size_t g = 0; g < G; g++)
            for (std::size_t u = 0; u < H; u++)
                for (std::size_t k = 0; k < K; k++)
                    body((Layer::size(our_gate(static_cast<int>(g))) * H + u) * K + k, (k * G + g) * H + u);
    }
    Floats gates_of(const Floats &rows, int columns) const {
        Floats all(rows.size());
        for_each_weight(columns, [&](std::size_t ours, std::size_t theirs) { all[theirs] = rows[ours]; });
        return all;
    }
    Floats rows_of(const Floats &gates, int columns) const {
        Floats all(gates.size());
        for_each_weight(columns, [&](std::size_t ours, std::size_t theirs) { all[ours] = gates[theirs]; });
        return all;
    }

    // Of integers zero is the shift.
    memory zero_state(int argument) const {
        const Floats zeros(Layer::size(layer_.batch, layer_.hidden));
        return converted(floats(zeros, desc(argument).get_dims(), Tag::ldnc), desc(argument));
    }

    static memory floats(const Floats &values, const memory::dims &dims, Tag tag) {
        memory result(memory::desc(dims, Type::f32, tag), cpu());
        std::copy(values.begin(), values.end(), static_cast<float *>(result.get_data_handle()));
        return result;
    }
    Floats floats_of(const memory &values, const memory::desc &desc) const {
        if (values.get_desc().get_data_type() == Type::u8) { // no reorder leads back from integers
            const auto *data = static_cast<const std::uint8_t *>(values.get_data_handle());
            Floats all(values.get_desc().get_size());
            for (std::size_t i = 0; i < all.size(); i++)
                all[i] = (static_cast<float>(data[i]) - data_shift) / data_scale_;
            return all;
        }
        const memory plainly = converted(values, desc);
        const float *data = static_cast<const float *>(plainly.get_data_handle());
        return Floats(data, data + desc.get_size() / sizeof(float));
    }

    static Call reorder(const memory &from, const memory &to, const dnnl::primitive_attr &attributes = {}) {
        return Call(dnnl::reorder(dnnl::reorder::primitive_desc(from, to, attributes)),
                    {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    }
    memory converted(const memory &values, const memory::desc &desc) const {
        if (values.get_desc() == desc) return values;
        const memory result(desc, cpu());
        reorder(values, result, attributes_).execute(stream_);
        return result;
    }
};

std::unique_ptr<Run> open(const Layer &layer, Type type) {
    if (layer.lengths) throw Unsupported("oneDNN's layers have no lengths");
    if (type != Type::f32 && (layer.cell != Cell::lstm || layer.training()))
        throw Unsupported("of this type only the LSTM's inference is measured");
    if (layer.training() && layer.cell == Cell::gru_reset_before &&
        dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core)
        throw Unsupported("oneDNN 3.11 was seen to crash with AVX-512 in the backward pass of its GRU that resets "
                          "before the product, in processes where other cells had run");
    omp_set_num_threads(layer.threads);
    try {
        return std::make_unique<OneDnnRun>(layer, type);
    } catch (const dnnl::error &e) {
        if (e.status == dnnl_unimplemented) throw Unsupported(std::string("oneDNN: ") + e.what());
        throw std::runtime_error(std::string("oneDNN: ") + e.what());
    }
}

} // namespace

int main(int count, char **words) {
    const Options options(count, words, {"--type"});
    const std::string name = options.get("--type", "f32");
    const std::map<std::string, Type> types = {{"f32", Type::f32}, {"bf16", Type::bf16}, {"int8", Type::s8}};
    if (types.count(name) == 0) {
        std::fprintf(stderr, "peer_onednn: --type: expected f32, bf16 or int8, got %s\n", name.c_str());
        return 2;
    }
    const dnnl_version_t *version = dnnl_version();
    return serve(name == "f32" ? "onednn" : "onednn-" + name,
                 std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                     std::to_string(version->patch),
                 [type = types.at(name)](const Layer &layer) { return open(layer, type); });
}
