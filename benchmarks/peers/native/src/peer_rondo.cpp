// Rondo's own kernels called from C++, through rondo.h alone: what Java's calls of the same kernels are held against.
//
// The calls are those that a plan of Java makes of a layer: weights packed for the instruction set, a forward call over
// x [B,T,I] and y [B,T,H] as they lie in memory, in training with saved and followed by the backward call. Memory is
// made once, with the sizes that rondo_memory tells.
//
// Timed: inference, one forward call on packed weights. training: packing for both passes, forward, backward with dx and
// the gradients of weights and biases; one rondo_run of three calls. step: forward of one step, the state in place.
//
// Threads: those of the context, librondo's pool. In training large products may go to OpenBLAS and oneDNN, as they do in
// Java with these on its class path; --providers none is a Java without them.
//
//   peer_rondo [--isa baseline|avx2|avx512] [--providers all|none]    without: the best that the machine has; all
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

#include "peer_server.hpp"
#include "rondo/rondo.h"

namespace {

using namespace rondo::peer;

void check(int32_t status, const rondo_error &error) {
    if (status == RONDO_UNSUPPORTED) throw Unsupported(error.text);
    if (status != RONDO_OK) throw std::runtime_error(error.text);
}

const std::map<std::string, int32_t> isas = {
    {"auto", RONDO_ISA_AUTO}, {"baseline", RONDO_ISA_BASELINE}, {"avx2", RONDO_ISA_AVX2}, {"avx512", RONDO_ISA_AVX512}};

std::string isa_name(int32_t isa) {
    for (const auto &[name, number] : isas)
        if (number == isa) return name;
    return std::to_string(isa);
}

class Context {
public:
    Context(int32_t isa, int threads, uint32_t providers) {
        const rondo_context_options options = {sizeof options, isa, threads, providers};
        rondo_error error;
        check(rondo_context_create(&options, &context_, &error), error);
    }
    ~Context() { rondo_context_destroy(context_); }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;

    rondo_memory_needs needs(const void *call) const {
        rondo_memory_needs needs = {call, 0, 0, 0};
        rondo_error error;
        check(rondo_memory(context_, &needs, &error), error);
        return needs;
    }
    void run(const void *const *calls, int32_t count) const {
        rondo_error error;
        check(rondo_run(context_, calls, count, &error, nullptr, nullptr, nullptr, nullptr), error);
    }

private:
    rondo_context *context_ = nullptr;
};

// Loads what is not loaded yet, and returns the mask of both.
uint32_t load_providers() {
    static const char *const openblas[] = {PEERS_OPENBLAS "/libgcc_s.so.1", PEERS_OPENBLAS "/libquadmath.so.0",
                                           PEERS_OPENBLAS "/libgfortran.so.5", PEERS_OPENBLAS "/libopenblas.so.0"};
    static const char *const onednn[] = {PEERS_ONEDNN "/libgomp.so.1", PEERS_ONEDNN "/libdnnl.so.3"};
    rondo_error error;
    check(rondo_provider_load(RONDO_PROVIDER_OPENBLAS, openblas, std::size(openblas), &error), error);
    check(rondo_provider_load(RONDO_PROVIDER_ONEDNN, onednn, std::size(onednn), &error), error);
    return 1u << RONDO_PROVIDER_OPENBLAS | 1u << RONDO_PROVIDER_ONEDNN;
}

int32_t cell_of(Cell cell) {
    switch (cell) {
    case Cell::lstm: return RONDO_CELL_LSTM;
    case Cell::lstm_peepholes: return RONDO_CELL_LSTM_PEEPHOLES;
    case Cell::gru_reset_after: return RONDO_CELL_GRU_RESET_AFTER;
    case Cell::gru_reset_before: return RONDO_CELL_GRU_RESET_BEFORE;
    case Cell::rnn_tanh: return RONDO_CELL_RNN_TANH;
    }
    throw std::logic_error("a cell that is not listed");
}

class RondoRun : public Run {
public:
    RondoRun(const Layer &layer, int32_t isa, uint32_t providers)
        : layer_(layer), context_(isa, layer.threads, providers), x_(layer.x()), weight_ih_(layer.weight_ih()),
          weight_hh_(layer.weight_hh()), bias_ih_(layer.bias_ih()),
          y_(Layer::size(layer.batch, layer.time, layer.hidden)) {
        if (layer.bias_hn()) bias_hn_ = layer.floats("biasHn", Layer::size(layer.hidden));
        if (layer.peepholes()) peepholes_ = layer.floats("peepholes", Layer::size(3, layer.hidden));
        if (layer.lengths) lengths_ = layer.ints("lengths", Layer::size(layer.batch));
        if (layer.training()) dy_ = layer.dy();
        pack();
        forward();
        if (layer.training()) backward();
        // Weights that do not change are packed here, once.
        const void *const packing = &pack_;
        context_.run(&packing, 1);
        if (layer.training()) {
            calls_ = {&pack_, &forward_, &backward_};
        } else {
            calls_ = {&forward_};
        }
    }

    void run() override {
        if (layer_.pass == Pass::step) {
            forward_.x = &x_[Layer::size(step_, layer_.input)];
            forward_.y = &y_[Layer::size(step_, layer_.hidden)];
            step_ = step_ + 1 == layer_.time ? 0 : step_ + 1;
        }
        context_.run(calls_.data(), static_cast<int32_t>(calls_.size()));
    }

    Results results() override {
        Results results = {{"y", y_}};
        for (const auto &[name, values] : gradients_) results.emplace_back(name, values);
        return results;
    }

private:
    const Layer layer_;
    const Context context_;
    const Floats x_, weight_ih_, weight_hh_, bias_ih_;
    Floats bias_hn_, peepholes_, dy_, y_, h_, c_, packed_, saved_, scratch_;
    std::vector<int32_t> lengths_;
    std::map<std::string, Floats> gradients_;
    rondo_recurrent_pack pack_ = {};
    rondo_recurrent_forward forward_ = {};
    rondo_recurrent_backward backward_ = {};
    std::vector<const void *> calls_;
    int step_ = 0;

    static const float *given(const Floats &values) { return values.empty() ? nullptr : values.data(); }

    // At least so many bytes, aligned.
    static float *memory(Floats &floats, int64_t bytes) {
        floats.resize(std::max(floats.size(), (static_cast<std::size_t>(bytes) + sizeof(float) - 1) / sizeof(float)));
        return floats.data();
    }

    void pack() {
        pack_.head = {sizeof pack_, RONDO_OP_RECURRENT_PACK};
        pack_.cell = cell_of(layer_.cell);
        pack_.input_size = layer_.input;
        pack_.hidden_size = layer_.hidden;
        pack_.parts = RONDO_PACK_FORWARD | (layer_.training() ? RONDO_PACK_BACKWARD : 0u);
        pack_.weight_ih = weight_ih_.data();
        pack_.weight_hh = weight_hh_.data();
        pack_.bias_ih = bias_ih_.data();
        pack_.bias_hn = given(bias_hn_);
        pack_.peepholes = given(peepholes_);
        pack_.packed_bytes = context_.needs(&pack_).packed_bytes;
        pack_.packed = memory(packed_, pack_.packed_bytes);
    }

    // What forward and backward have in common.
    template <class Call> void describe(Call &call, uint32_t op) {
        call.head = {sizeof call, op};
        call.cell = pack_.cell;
        call.batch_size = layer_.batch;
        call.time_steps = layer_.pass == Pass::step ? 1 : layer_.time;
        call.input_size = layer_.input;
        call.hidden_size = layer_.hidden;
        call.direction = RONDO_DIRECTION_FORWARD;
        call.packed = pack_.packed;
        call.packed_bytes = pack_.packed_bytes;
        call.x = x_.data();
        call.x_batch_stride = int64_t{layer_.time} * layer_.input;
        call.x_time_stride = layer_.input;
        call.lengths = lengths_.empty() ? nullptr : lengths_.data();
        const rondo_memory_needs needs = context_.needs(&call);
        if (layer_.training()) {
            call.saved_bytes = needs.saved_bytes;
            call.saved = memory(saved_, needs.saved_bytes);
        }
        call.scratch_bytes = needs.scratch_bytes;
        memory(scratch_, needs.scratch_bytes);
    }

    void forward() {
        describe(forward_, RONDO_OP_RECURRENT_FORWARD);
        forward_.y = y_.data();
        forward_.y_batch_stride = int64_t{layer_.time} * layer_.hidden;
        forward_.y_time_stride = layer_.hidden;
        forward_.scratch = scratch_.data();
        if (layer_.pass != Pass::step) return;
        h_.resize(Layer::size(layer_.hidden));
        forward_.h0 = forward_.hn = h_.data();
        if (!layer_.lstm()) return;
        c_.resize(Layer::size(layer_.hidden));
        forward_.c0 = forward_.cn = c_.data();
    }

    void backward() {
        const auto gradient = [&](const char *name, std::size_t count) {
            return (gradients_[name] = Floats(count)).data();
        };
        describe(backward_, RONDO_OP_RECURRENT_BACKWARD);
        forward_.scratch = backward_.scratch = scratch_.data(); // of the larger's size
        backward_.weight_ih = weight_ih_.data();
        backward_.dy = dy_.data();
        backward_.dy_batch_stride = forward_.y_batch_stride;
        backward_.dy_time_stride = forward_.y_time_stride;
        backward_.dx = gradient("dx", x_.size());
        backward_.dx_batch_stride = forward_.x_batch_stride;
        backward_.dx_time_stride = forward_.x_time_stride;
        backward_.dweight_ih = gradient("dweightIh", weight_ih_.size());
        backward_.dweight_hh = gradient("dweightHh", weight_hh_.size());
        backward_.dbias_ih = gradient("dbiasIh", bias_ih_.size());
        if (layer_.bias_hn()) backward_.dbias_hn = gradient("dbiasHn", bias_hn_.size());
        if (layer_.peepholes()) backward_.dpeepholes = gradient("dpeepholes", peepholes_.size());
    }
};

} // namespace

int main(int count, char **words) {
    const Options options(count, words, {"--isa", "--providers"});
    const std::string asked = options.get("--isa", "auto"), providers = options.get("--providers", "all");
    if (isas.count(asked) == 0 || (providers != "all" && providers != "none")) {
        std::fprintf(stderr,
                     "peer_rondo: expected --isa baseline, avx2 or avx512, and --providers all or none, got %s, %s\n",
                     asked.c_str(), providers.c_str());
        return 2;
    }
    rondo_machine machine = {};
    machine.struct_size = sizeof machine;
    if (rondo_abi != RONDO_ABI_VERSION || rondo_machine_describe(&machine) != RONDO_OK) {
        std::fprintf(stderr, "peer_rondo: librondo and rondo.h do not fit\n");
        return 1;
    }
    const int32_t isa = isas.at(asked) == RONDO_ISA_AUTO ? machine.best_isa : isas.at(asked);
    return serve("rondo-cpp", PEERS_VERSION " " + isa_name(isa), [&](const Layer &layer) {
        return std::make_unique<RondoRun>(layer, isa, layer.training() && providers == "all" ? load_providers() : 0);
    });
}
