// What a good C++ programmer writes in an afternoon: OpenBLAS for the products, plain loops that the compiler vectorises
// for the rest.
//
// The input projection of all steps is one GEMM; each step adds the recurrent product (a GEMM, or a GEMV for a batch of
// one) and applies the activations in one loop over the units. Backward, a step takes one loop and one product with the
// recurrent weights; the gradients of weights and of x are one GEMM each over all steps. Sequences lie time first, so
// that a step's rows are neighbours. For a batch of one, weights that do not change are transposed beforehand: OpenBLAS's
// GEMV takes [K,N] in 0.65 (H = 64) to 0.9 (H = 256) of the time of [N,K] on an AVX2 core; its GEMM does not care. exp is a polynomial without branches, of about 1e-7, on which sigmoid and tanh rest.
//
// Timed: inference, projection and steps; OpenBLAS packs weights in every call by itself, it offers nothing else.
// training: forward keeping gates and states, then backward. step: two GEMVs and a loop, the state carried on. Not
// timed: transposes between [B,T,F] and [T,B,F].
//
// Threads: OpenBLAS's, in its products alone. Not offered: lengths, peepholes, the simple RNN.
#include <algorithm>
#include <bit>
#include <cblas.h>
#include <cmath>
#include <sstream>

#include "peer_server.hpp"

namespace {

using namespace rondo::peer;

// ---- activations

// e^x: x = n ln 2 + r, the exponent set in the bits of 2^n, e^r by its Taylor polynomial of degree 6 (|r| < 0.347, what
// is left out is below 1.3e-7).
inline float exp_of(float x) {
    x = std::min(std::max(x, -87.0f), 87.0f);
    const float n = std::floor(x * 1.44269504f + 0.5f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}
inline float sigmoid(float x) { return 1.0f / (1.0f + exp_of(-x)); }
inline float tanh_of(float x) { return 2.0f / (1.0f + exp_of(-2.0f * x)) - 1.0f; }

// ---- products, row by row

enum class Side { plain, transposed };

// c [m,n] = op(a) [m,k] op(b) [k,n] + beta c
void multiply(Side a_side, Side b_side, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
              float beta, float *c, int ldc) {
    const auto of = [](Side side) { return side == Side::transposed ? CblasTrans : CblasNoTrans; };
    if (m == 1 && a_side == Side::plain) {
        const bool flat = b_side == Side::transposed; // c = b a, of b [n,k]
        cblas_sgemv(CblasRowMajor, flat ? CblasNoTrans : CblasTrans, flat ? n : k, flat ? k : n, 1.0f, b, ldb, a, 1,
                    beta, c, 1);
    } else {
        cblas_sgemm(CblasRowMajor, of(a_side), of(b_side), m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
    }
}

// The sum of rows [n, width] of a matrix.
void sum_rows(std::size_t n, int width, const float *rows, std::size_t stride, float *sum) {
    std::fill_n(sum, width, 0.0f);
    for (std::size_t row = 0; row < n; row++) {
#pragma omp simd
        for (int j = 0; j < width; j++) sum[j] += rows[row * stride + static_cast<std::size_t>(j)];
    }
}

// ---- the layer

class NaiveRun : public Run {
public:
    explicit NaiveRun(const Layer &layer)
        : layer_(layer), B(layer.batch), T(layer.time), I(layer.input), H(layer.hidden), R(layer.rows()),
          turned_(B == 1 && !layer.training()), x_(exchanged(layer.x(), B, T, I)), W_(turned(layer.weight_ih(), I)),
          U_(turned(layer.weight_hh(), H)), bias_(layer.bias_ih()), gates_(Layer::size(kept_steps(), B, R)),
          y_(Layer::size(T, B, H)), zeros_(Layer::size(B, H)) {
        if (layer.lstm()) c_.resize(Layer::size(layer.training() ? T : 1, B, H));
        if (layer.bias_hn()) {
            bias_hn_ = layer.floats("biasHn", Layer::size(H));
            recurrent_.resize(Layer::size(layer.training() ? T : 1, B, R));
        }
        if (layer.cell == Cell::gru_reset_before) reset_.resize(Layer::size(layer.training() ? T : 1, B, H));
        if (!layer.training()) return;
        dy_ = exchanged(layer.dy(), B, T, H);
        dx_.resize(x_.size());
        dW_.resize(W_.size());
        dU_.resize(U_.size());
        dbias_.resize(bias_.size());
        dbias_hn_.resize(bias_hn_.size());
        dh_.resize(zeros_.size());
        dc_.resize(layer.lstm() ? zeros_.size() : 0);
        dreset_.resize(layer.cell == Cell::gru_reset_before ? zeros_.size() : 0);
    }

    void run() override {
        if (layer_.pass == Pass::step) {
            project(&x_[Layer::size(next_, I)], 1, gates_.data());
            step(0, stepped_ ? &y_[Layer::size(next_ == 0 ? T - 1 : next_ - 1, H)] : nullptr, row(y_, next_, H));
            stepped_ = true;
            next_ = next_ + 1 == T ? 0 : next_ + 1;
            return;
        }
        project(x_.data(), T, gates_.data());
        for (int t = 0; t < T; t++) step(t, t > 0 ? row(y_, t - 1, H) : nullptr, row(y_, t, H));
        if (layer_.training()) backward();
    }

    Results results() override {
        Results results = {{"y", exchanged(y_, T, B, H)}};
        if (!layer_.training()) return results;
        results.emplace_back("dx", exchanged(dx_, T, B, I));
        results.emplace_back("dweightIh", dW_);
        results.emplace_back("dweightHh", dU_);
        results.emplace_back("dbiasIh", dbias_);
        if (layer_.bias_hn()) results.emplace_back("dbiasHn", dbias_hn_);
        return results;
    }

private:
    const Layer layer_;
    const int B, T, I, H, R;
    const bool turned_; // whether weights are [I,R], [H,R]
    const Floats x_, W_, U_, bias_;
    Floats bias_hn_;
    Floats gates_;     // [T,B,R]: the projection, then the gates, then their gradients before the activations
    Floats y_;         // [T,B,H]
    Floats c_;         // [T,B,H] in training, else [B,H]
    Floats recurrent_; // GRU that resets after: [T,B,R] in training, else [B,R], U h', then the gradients of that
    Floats reset_;     // GRU that resets before: [T,B,H] in training, else [B,H], r*h'
    const Floats zeros_;
    Floats dy_, dx_, dW_, dU_, dbias_, dbias_hn_, dh_, dc_, dreset_;
    int next_ = 0; // of single steps
    bool stepped_ = false;

    int kept_steps() const { return layer_.pass == Pass::step ? 1 : T; }

    // The rows [B, width] of a step.
    float *row(Floats &values, int t, int width) { return &values[Layer::size(t, B, width)]; }
    // The same where only training keeps each step's.
    float *kept(Floats &values, int t, int width) { return row(values, layer_.training() ? t : 0, width); }

    Floats turned(Floats weights, int columns) const { return turned_ ? exchanged(weights, R, columns, 1) : weights; }

    // c [m,n] = a [m,k] weights[rows from first]^T + beta c, c in rows of R
    void apply(const Floats &weights, int first, int m, int n, int k, const float *a, float beta, float *c) {
        multiply(Side::plain, turned_ ? Side::plain : Side::transposed, m, n, k, a, k,
                 &weights[Layer::size(first, turned_ ? 1 : k)], turned_ ? R : k, beta, c, R);
    }

    void project(const float *x, int steps, float *gates) { apply(W_, 0, steps * B, R, I, x, 0.0f, gates); }

    // c [B,n] = h [B,H] U[rows from first]^T + beta c
    void recur(const float *h, int first, int n, float beta, float *c) { apply(U_, first, B, n, H, h, beta, c); }

    // One step from the projection in the gates; a null h for zeros.
    void step(int t, const float *h, float *y) {
        switch (layer_.cell) {
        case Cell::lstm: return lstm_step(t, h, y);
        case Cell::gru_reset_after: return gru_after_step(t, h, y);
        case Cell::gru_reset_before: return gru_before_step(t, h, y);
        case Cell::lstm_peepholes:
        case Cell::rnn_tanh: break;
        }
        throw std::logic_error("a cell that is not offered");
    }

    void lstm_step(int t, const float *h, float *y) {
        float *gates = row(gates_, t, R);
        if (h != nullptr) recur(h, 0, R, 1.0f, gates);
        const float *bias = bias_.data();
        float *c = kept(c_, t, H);
        const float *c_before = h == nullptr ? zeros_.data() : layer_.training() ? c - Layer::size(B, H) : c;
        for (int b = 0; b < B; b++, gates += R, c += H, c_before += H, y += H) {
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float i = sigmoid(gates[u] + bias[u]);
                const float f = sigmoid(gates[H + u] + bias[H + u]);
                const float g = tanh_of(gates[2 * H + u] + bias[2 * H + u]);
                const float o = sigmoid(gates[3 * H + u] + bias[3 * H + u]);
                const float now = f * c_before[u] + i * g;
                c[u] = now;
                y[u] = o * tanh_of(now);
                gates[u] = i;
                gates[H + u] = f;
                gates[2 * H + u] = g;
                gates[3 * H + u] = o;
            }
        }
    }

    void gru_after_step(int t, const float *h, float *y) {
        float *gates = row(gates_, t, R), *recurrent = kept(recurrent_, t, R);
        if (h != nullptr) {
            recur(h, 0, R, 0.0f, recurrent);
        } else {
            std::fill_n(recurrent, Layer::size(B, R), 0.0f);
            h = zeros_.data();
        }
        const float *bias = bias_.data(), *bias_hn = bias_hn_.data();
        for (int b = 0; b < B; b++, gates += R, recurrent += R, h += H, y += H) {
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float r = sigmoid(gates[u] + recurrent[u] + bias[u]);
                const float z = sigmoid(gates[H + u] + recurrent[H + u] + bias[H + u]);
                const float q = recurrent[2 * H + u] + bias_hn[u];
                const float n = tanh_of(gates[2 * H + u] + bias[2 * H + u] + r * q);
                y[u] = n + z * (h[u] - n);
                gates[u] = r;
                gates[H + u] = z;
                gates[2 * H + u] = n;
                recurrent[2 * H + u] = q;
            }
        }
    }

    void gru_before_step(int t, const float *h, float *y) {
        float *gates = row(gates_, t, R), *reset = kept(reset_, t, H);
        const bool first = h == nullptr;
        if (first) {
            h = zeros_.data();
        } else {
            recur(h, 0, 2 * H, 1.0f, gates);
        }
        const float *bias = bias_.data();
        for (int b = 0; b < B; b++) {
            float *gate = gates + b * R;
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float r = sigmoid(gate[u] + bias[u]);
                gate[H + u] = sigmoid(gate[H + u] + bias[H + u]);
                gate[u] = r;
                reset[b * H + u] = r * h[b * H + u];
            }
        }
        if (!first) recur(reset, 2 * H, H, 1.0f, gates + 2 * H);
        for (int b = 0; b < B; b++, gates += R, h += H, y += H) {
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float n = tanh_of(gates[2 * H + u] + bias[2 * H + u]);
                y[u] = n + gates[H + u] * (h[u] - n);
                gates[2 * H + u] = n;
            }
        }
    }

    void backward() {
        std::fill(dh_.begin(), dh_.end(), 0.0f); // what reaches the state from later steps
        std::fill(dc_.begin(), dc_.end(), 0.0f);
        for (int t = T - 1; t >= 0; t--) {
            switch (layer_.cell) {
            case Cell::lstm: lstm_back(t); break;
            case Cell::gru_reset_after: gru_after_back(t); break;
            case Cell::gru_reset_before: gru_before_back(t); break;
            case Cell::lstm_peepholes:
            case Cell::rnn_tanh: throw std::logic_error("a cell that is not offered");
            }
        }
        const int rows = T * B, later = rows - B; // of all steps; of those that have a step before
        multiply(Side::transposed, Side::plain, R, I, rows, gates_.data(), R, x_.data(), I, 0.0f, dW_.data(), I);
        multiply(Side::plain, Side::plain, rows, I, R, gates_.data(), R, W_.data(), I, 0.0f, dx_.data(), I);
        sum_rows(Layer::size(rows), R, gates_.data(), Layer::size(R), dbias_.data());
        if (layer_.bias_hn())
            sum_rows(Layer::size(rows), H, &recurrent_[Layer::size(2, H)], Layer::size(R), dbias_hn_.data());
        // Of the first step, whose state was zero, U has no gradient.
        const bool before = layer_.cell == Cell::gru_reset_before;
        const Floats &products = layer_.bias_hn() ? recurrent_ : gates_;
        const int of_h = before ? 2 * H : R; // rows of U that act on h' itself
        if (later == 0) {
            std::fill(dU_.begin(), dU_.end(), 0.0f);
            return;
        }
        multiply(Side::transposed, Side::plain, of_h, H, later, &products[Layer::size(B, R)], R, y_.data(), H, 0.0f,
                 dU_.data(), H);
        if (before)
            multiply(Side::transposed, Side::plain, H, H, later, &gates_[Layer::size(B, R) + Layer::size(2, H)], R,
                     &reset_[Layer::size(B, H)], H, 0.0f, &dU_[Layer::size(2, H, H)], H);
    }

    // dh [B,H] = d [B,n] U[rows from first] + beta dh, d in rows of R
    void back(const float *d, int first, int n, float beta, float *dh) {
        multiply(Side::plain, Side::plain, B, H, n, d, R, &U_[Layer::size(first, H)], H, beta, dh, H);
    }

    void lstm_back(int t) {
        float *const gates_of_step = row(gates_, t, R), *gates = gates_of_step, *dc = dc_.data();
        const float *c = row(c_, t, H), *dh = dh_.data(), *dy = row(dy_, t, H);
        const float *c_before = t > 0 ? row(c_, t - 1, H) : zeros_.data();
        for (int b = 0; b < B; b++, gates += R, c += H, c_before += H, dy += H, dh += H, dc += H) {
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float i = gates[u], f = gates[H + u], g = gates[2 * H + u], o = gates[3 * H + u];
                const float tanh_c = tanh_of(c[u]);
                const float d = dy[u] + dh[u];
                const float dc_now = dc[u] + d * o * (1.0f - tanh_c * tanh_c);
                gates[u] = dc_now * g * i * (1.0f - i);
                gates[H + u] = dc_now * c_before[u] * f * (1.0f - f);
                gates[2 * H + u] = dc_now * i * (1.0f - g * g);
                gates[3 * H + u] = d * tanh_c * o * (1.0f - o);
                dc[u] = dc_now * f;
            }
        }
        if (t > 0) back(gates_of_step, 0, R, 0.0f, dh_.data());
    }

    void gru_after_back(int t) {
        float *gates = row(gates_, t, R), *recurrent = row(recurrent_, t, R), *dh = dh_.data();
        const float *dy = row(dy_, t, H), *h = t > 0 ? row(y_, t - 1, H) : zeros_.data();
        for (int b = 0; b < B; b++, gates += R, recurrent += R, h += H, dy += H, dh += H) {
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float r = gates[u], z = gates[H + u], n = gates[2 * H + u], q = recurrent[2 * H + u];
                const float d = dy[u] + dh[u];
                const float dn = d * (1.0f - z) * (1.0f - n * n);
                const float dr = dn * q * r * (1.0f - r);
                const float dz = d * (h[u] - n) * z * (1.0f - z);
                gates[u] = recurrent[u] = dr;
                gates[H + u] = recurrent[H + u] = dz;
                gates[2 * H + u] = dn;
                recurrent[2 * H + u] = dn * r;
                dh[u] = d * z;
            }
        }
        if (t > 0) back(row(recurrent_, t, R), 0, R, 1.0f, dh_.data());
    }

    void gru_before_back(int t) {
        float *gates = row(gates_, t, R), *dh = dh_.data();
        const float *dy = row(dy_, t, H), *h = t > 0 ? row(y_, t - 1, H) : zeros_.data();
        for (int b = 0; b < B; b++, dy += H, dh += H) {
            float *gate = gates + b * R;
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float z = gate[H + u], n = gate[2 * H + u], d = dy[u] + dh[u];
                gate[H + u] = d * (h[b * H + u] - n) * z * (1.0f - z);
                gate[2 * H + u] = d * (1.0f - z) * (1.0f - n * n);
                dh[u] = d * z;
            }
        }
        back(gates + 2 * H, 2 * H, H, 0.0f, dreset_.data());
        dh = dh_.data();
        for (int b = 0; b < B; b++, dh += H) {
            float *gate = gates + b * R;
            const float *dreset = &dreset_[Layer::size(b, H)];
#pragma omp simd
            for (int u = 0; u < H; u++) {
                const float r = gate[u];
                gate[u] = dreset[u] * h[b * H + u] * r * (1.0f - r);
                dh[u] += dreset[u] * r;
            }
        }
        if (t > 0) back(gates, 0, 2 * H, 1.0f, dh_.data());
    }
};

std::unique_ptr<Run> open(const Layer &layer) {
    if (layer.lengths) throw Unsupported("lengths are not written");
    if (layer.cell == Cell::lstm_peepholes || layer.cell == Cell::rnn_tanh)
        throw Unsupported("only the LSTM and both GRUs are written");
    openblas_set_num_threads(layer.threads);
    return std::make_unique<NaiveRun>(layer);
}

} // namespace

int main(int count, char **words) {
    const Options options(count, words, {});
    std::istringstream config(openblas_get_config()); // "OpenBLAS 0.3.31 ..."
    std::string library, version;
    config >> library >> version;
    return serve("naive", library + " " + version, open);
}
