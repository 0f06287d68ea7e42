// Activations on vectors, and the policy by which the recurrent kernels choose them.
//
// exp: Cody-Waite reduction to |r| <= ln2/2 and a polynomial of degree 6. sigmoid(x) = 1 / (1 + exp(-x)).
// tanh: an odd polynomial in x below 0.625 in magnitude, so that it stays relatively precise near zero, and
// 1 - 2 / (1 + exp(2|x|)) with the sign of x above.
#pragma once

namespace {

template <class S> struct Math {
    using F = typename S::F;

    // exp(x) for x in [-87, 88]; outside it is that of the bound. NaN stays NaN.
    static F exp(F x) {
        x = S::max(S::broadcast(-87.0f), S::min(S::broadcast(88.0f), x));
        const F n = S::round(S::mul(x, S::broadcast(1.44269504088896341f)));
        F r = S::fnma(n, S::broadcast(0.693359375f), x);
        r = S::fma(n, S::broadcast(2.12194440e-4f), r);
        F p = S::broadcast(1.9875691500e-4f);
        p = S::fma(p, r, S::broadcast(1.3981999507e-3f));
        p = S::fma(p, r, S::broadcast(8.3334519073e-3f));
        p = S::fma(p, r, S::broadcast(4.1665795894e-2f));
        p = S::fma(p, r, S::broadcast(1.6666665459e-1f));
        p = S::fma(p, r, S::broadcast(5.0000001201e-1f));
        p = S::fma(S::mul(r, r), p, r);
        return S::scale(S::add(p, S::broadcast(1.0f)), n);
    }

    static F sigmoid(F x) {
        const F one = S::broadcast(1.0f);
        return S::reciprocal(S::add(one, exp(S::sub(S::zero(), x))));
    }

    static F tanh(F x) {
        const F a = S::abs(x);
        const F s = S::mul(x, x);
        F p = S::broadcast(-5.70498872745e-3f);
        p = S::fma(p, s, S::broadcast(2.06390887954e-2f));
        p = S::fma(p, s, S::broadcast(-5.37397155531e-2f));
        p = S::fma(p, s, S::broadcast(1.33314422036e-1f));
        p = S::fma(p, s, S::broadcast(-3.33332819422e-1f));
        const F small = S::fma(S::mul(p, s), x, x);
        const F one = S::broadcast(1.0f);
        const F e = exp(S::add(a, a));
        const F large = S::fnma(S::broadcast(2.0f), S::reciprocal(S::add(one, e)), one);
        // A NaN is not less: it takes the second branch, where exp has kept it.
        return S::if_less(a, S::broadcast(0.625f), small, S::copysign(large, x));
    }
};

// What the cells compute.
template <class S> struct StandardActivation {
    using F = typename S::F;
    static F sigmoid(F x) { return Math<S>::sigmoid(x); }
    static F tanh(F x) { return Math<S>::tanh(x); }
    // Derivatives, from the value y of the function.
    static F sigmoid_gradient(F y) { return S::fnma(y, y, y); }
    static F tanh_gradient(F y) { return S::fnma(y, y, S::broadcast(1.0f)); }
};

// For tests: with identities in place of the activations, sums of small integers are exact, and a wrong wire between
// gates, rows or steps shows as a wrong bit instead of hiding in saturation.
template <class S> struct IdentityActivation {
    using F = typename S::F;
    static F sigmoid(F x) { return x; }
    static F tanh(F x) { return x; }
    static F sigmoid_gradient(F) { return S::broadcast(1.0f); }
    static F tanh_gradient(F) { return S::broadcast(1.0f); }
};

} // namespace
