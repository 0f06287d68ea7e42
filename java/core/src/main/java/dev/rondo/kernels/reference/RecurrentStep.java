package dev.rondo.kernels.reference;

/// One step of one sequence, as a [ReferenceCell] sees it. The arrays are lent for the step and may be longer than said.
final class RecurrentStep {
    private static final double[] NONE = {};

    /// `[G H]`. Forward finds W x plus biases here and leaves the gates after their activation, for backward to find.
    double[] gates = NONE;

    /// `[H]`: for what else a cell's forward keeps for its backward. Zeros at padded steps.
    double[] kept = NONE;

    /// `[H]`: h' as U sees it, times the recurrent mask. Not to be changed.
    double[] seen = NONE;

    /// `[H]`: h of the step before. Not to be changed.
    double[] hBefore = NONE;

    /// `[H]`: h of this step, made by forward; backward must not look at it.
    double[] hAfter = NONE;

    /// `[H]`: c of the step before. Not to be changed.
    double[] cBefore = NONE;

    /// `[H]`: c of this step, made by forward.
    double[] cAfter = NONE;

    /// `[H]`: backward finds dL/dh here, and leaves the part of dL/dh' that does not go through [#seen].
    double[] dh = NONE;

    /// `[H]`: backward finds dL/dc here, but for what c adds to h, and leaves dL/dc'.
    double[] dc = NONE;

    /// `[H]`: backward leaves the gradient of [#seen] here.
    double[] dseen = NONE;

    /// `[G H]`: backward leaves the gradients of W x plus biases here.
    double[] dgates = NONE;

    /// `[H]`: a cell with a candidate leaves the gradient of the candidate's product with U here.
    double[] dcandidate = NONE;
}
