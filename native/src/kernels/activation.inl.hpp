// Activations on vectors, and the policy by which the recurrent kernels choose them.
//
// exp and log are precise to about 1 ulp: Cody-Waite reduction and a polynomial of degree 6; the mantissa in
// [sqrt(1/2), sqrt(2)] by a polynomial of degree 9, and the exponent times ln 2 in two parts.
//
// The rest takes x = n ln2 + r with |r| <= ln2/2 and a polynomial for exp(r) = 1 + r + r^2 p(r) (minimax, found by
// iterated least squares). The recurrent activations are what a cell costs beyond its products, so they take the
// shortest way to an absolute error of 2e-7:
//   sigmoid(x) = 1 / (1 + exp(-x))
//   tanh(x) = e / (e + 2) with e = exp(2x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), in which nothing cancels near zero
// Measured over all floats, on the worst instruction set: sigmoid is off by at most 9.7e-8, tanh by at most 1.5e-7, and
// relatively by 1.9e-7 (by 1.96 ulp below 1e-3). The cells' tanh of -0 is +0.
#pragma once

namespace {

template <class S> struct Math {
    using F = typename S::F;

    // exp(x) for x in [-87, 88]; outside it is that of the bound. NaN stays NaN.
    static F exp(F x) {
        x = S::max(S::broadcast(-87.0f), S::min(S::broadcast(88.0f), x));
        const F n = S::round(S::mul(x, S::broadcast(1.44269504088896341f)));
        return S::scale(exp_of_rest(x, n), n);
    }

    // exp(x) for all x: infinity above 88.72, zero below -87.33, where the result would be a denormal.
    static F exp_whole(F x) {
        x = S::max(S::broadcast(-104.0f), S::min(S::broadcast(89.0f), x));
        const F n = S::round(S::mul(x, S::broadcast(1.44269504088896341f)));
        const F half = S::round(S::mul(n, S::broadcast(0.5f)));
        return S::scale(S::scale(exp_of_rest(x, n), half), S::sub(n, half));
    }

    // The natural logarithm: NaN below zero, -infinity at zero (and at denormals, which are zero here).
    static F log(F x) {
        F e;
        F m = S::split(x, e);
        const F root_half = S::broadcast(0.707106781186547524f);
        const F one = S::broadcast(1.0f);
        e = S::if_less(m, root_half, S::sub(e, one), e);
        m = S::sub(S::if_less(m, root_half, S::add(m, m), m), one);
        const F z = S::mul(m, m);
        F p = S::broadcast(7.0376836292e-2f);
        p = S::fma(p, m, S::broadcast(-1.1514610310e-1f));
        p = S::fma(p, m, S::broadcast(1.1676998740e-1f));
        p = S::fma(p, m, S::broadcast(-1.2420140846e-1f));
        p = S::fma(p, m, S::broadcast(1.4249322787e-1f));
        p = S::fma(p, m, S::broadcast(-1.6668057665e-1f));
        p = S::fma(p, m, S::broadcast(2.0000714765e-1f));
        p = S::fma(p, m, S::broadcast(-2.4999993993e-1f));
        p = S::fma(p, m, S::broadcast(3.3333331174e-1f));
        F y = S::mul(S::mul(p, m), z);
        y = S::fma(e, S::broadcast(-2.12194440e-4f), y);
        y = S::fnma(S::broadcast(0.5f), z, y);
        y = S::fma(e, S::broadcast(0.693359375f), S::add(m, y));
        const F infinity = S::broadcast(__builtin_inff());
        y = S::add(y, S::sub(x, x)); // NaN stays NaN
        y = S::if_less(S::broadcast(3.402823466e38f), x, infinity, y);
        y = S::if_less(x, S::broadcast(1.175494351e-38f), S::broadcast(-__builtin_inff()), y);
        return S::if_less(x, S::zero(), S::broadcast(__builtin_nanf("")), y);
    }

    static F sigmoid(F x) {
        const F one = S::broadcast(1.0f);
        x = bounded(x, 88.0f);
        const F n = S::round(S::mul(x, S::broadcast(-1.44269504088896341f)));
        const F r = S::fma(n, S::broadcast(0.693147180559945309f), x); // of -x, negated
        F p = S::broadcast(-8.3125014e-3f);
        p = S::fma(p, r, S::broadcast(4.1890332e-2f));
        p = S::fma(p, r, S::broadcast(-1.6667115e-1f));
        p = S::fma(p, r, S::broadcast(4.9999231e-1f));
        const F e = S::mul(r, S::fma(p, r, S::broadcast(-1.0f))); // exp(-r) - 1
        const F power = S::scale(one, n);
        return S::reciprocal(S::add(one, S::fma(power, e, power)));
    }

    static F tanh(F x) {
        const F one = S::broadcast(1.0f);
        x = bounded(x, 9.5f); // beyond it tanh is 1 to the last bit
        const F n = S::round(S::mul(x, S::broadcast(2.88539008177792681f)));
        const F r = S::fnma(n, S::broadcast(0.693147180559945309f), S::add(x, x));
        F p = S::broadcast(1.3814540e-3f);
        p = S::fma(p, r, S::broadcast(8.3687451e-3f));
        p = S::fma(p, r, S::broadcast(4.1668391e-2f));
        p = S::fma(p, r, S::broadcast(1.6666520e-1f));
        p = S::fma(p, r, S::broadcast(4.9999993e-1f));
        const F power = S::scale(one, n);
        const F e = S::fma(power, S::fma(S::mul(r, r), p, r), S::sub(power, one));
        return S::quotient(e, S::add(e, S::broadcast(2.0f)));
    }

    // log(1 + e) for e in [0, 1], precise where e is small (Kahan's correction of the rounding of 1 + e).
    static F log_of_one_more(F e) {
        const F one = S::broadcast(1.0f);
        const F sum = S::add(one, e);
        const F rounded = S::sub(sum, one);
        return S::if_less(S::zero(), rounded, S::mul(log(sum), S::div(e, rounded)), e);
    }

    static F softplus(F x) { return S::add(S::max(S::zero(), x), log_of_one_more(exp(S::sub(S::zero(), S::abs(x))))); }

    static F silu(F x) { return S::if_less(x, S::broadcast(-88.0f), S::zero(), S::mul(x, sigmoid(x))); }

    static F silu_gradient(F x) {
        const F s = sigmoid(x);
        return S::fma(S::mul(bounded(x, 88.0f), s), S::sub(S::broadcast(1.0f), s), s);
    }

    // exp(x) - 1 below 0 as 2 t / (1 - t) of t = tanh(x/2), which is precise near zero.
    static F elu(F x) {
        const F t = tanh(S::mul(S::broadcast(0.5f), x));
        return S::if_less(S::zero(), x, x, S::div(S::add(t, t), S::sub(S::broadcast(1.0f), t)));
    }

    // The normal distribution function, off by at most 8e-8 (Abramowitz & Stegun 1964, 7.1.26).
    static F normal(F x) {
        const F one = S::broadcast(1.0f);
        const F z = S::mul(S::abs(x), S::broadcast(0.707106781186547524f));
        const F t = S::div(one, S::fma(S::broadcast(0.3275911f), z, one));
        F p = S::broadcast(0.5f * 1.061405429f);
        p = S::fma(p, t, S::broadcast(0.5f * -1.453152027f));
        p = S::fma(p, t, S::broadcast(0.5f * 1.421413741f));
        p = S::fma(p, t, S::broadcast(0.5f * -0.284496736f));
        p = S::fma(p, t, S::broadcast(0.5f * 0.254829592f));
        const F tail = S::mul(S::mul(p, t), exp(S::fnma(z, z, S::zero())));
        return S::if_less(x, S::zero(), tail, S::sub(one, tail));
    }

    static F gelu(F x) { return S::if_less(x, S::broadcast(-14.0f), S::zero(), S::mul(x, normal(x))); }

    static F gelu_gradient(F x) {
        const F z = bounded(x, 14.0f);
        const F density = exp(S::mul(S::mul(z, z), S::broadcast(-0.5f)));
        return S::fma(S::mul(z, S::broadcast(0.398942280401432678f)), density, normal(z));
    }

private:
    // exp(x - n ln 2).
    static F exp_of_rest(F x, F n) {
        F r = S::fnma(n, S::broadcast(0.693359375f), x);
        r = S::fma(n, S::broadcast(2.12194440e-4f), r);
        F p = S::broadcast(1.9875691500e-4f);
        p = S::fma(p, r, S::broadcast(1.3981999507e-3f));
        p = S::fma(p, r, S::broadcast(8.3334519073e-3f));
        p = S::fma(p, r, S::broadcast(4.1665795894e-2f));
        p = S::fma(p, r, S::broadcast(1.6666665459e-1f));
        p = S::fma(p, r, S::broadcast(5.0000001201e-1f));
        p = S::fma(S::mul(r, r), p, r);
        return S::add(p, S::broadcast(1.0f));
    }

    // Within -bound..bound; NaN stays NaN.
    static F bounded(F x, float bound) { return S::max(S::broadcast(-bound), S::min(S::broadcast(bound), x)); }
};

// What the cells compute.
template <class S> struct StandardActivation {
    using F = typename S::F;
    static F sigmoid(F x) { return Math<S>::sigmoid(x); }
    static F tanh(F x) { return Math<S>::tanh(x); }
    static F relu(F x) { return S::max(S::zero(), x); } // of NaN: NaN
    // Derivatives, from the value y of the function.
    static F sigmoid_gradient(F y) { return S::fnma(y, y, y); }
    static F tanh_gradient(F y) { return S::fnma(y, y, S::broadcast(1.0f)); }
    static F relu_gradient(F y) { return S::if_less(S::zero(), y, S::broadcast(1.0f), S::zero()); }
};

// For tests: with identities in place of the activations, sums of small integers are exact, and a wrong wire between
// gates, rows or steps shows as a wrong bit instead of hiding in saturation.
template <class S> struct IdentityActivation {
    using F = typename S::F;
    static F sigmoid(F x) { return x; }
    static F tanh(F x) { return x; }
    static F relu(F x) { return x; }
    static F sigmoid_gradient(F) { return S::broadcast(1.0f); }
    static F tanh_gradient(F) { return S::broadcast(1.0f); }
    static F relu_gradient(F) { return S::broadcast(1.0f); }
};

} // namespace
