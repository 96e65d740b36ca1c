"""Supervised dictionary learning as an estimator of scikit-learn; `refimpl.convex.SDLClassifier` loads it."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from refimpl.convex import sdl
from refimpl.core import check


class SDLClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):
    """Classifier and transformer on a dictionary that is learned together with the labels.

    Samples are rows here, as everywhere in scikit-learn; the functions of `refimpl.convex.sdl` have them in columns.

    Parameters
    ----------
    n_components : int, default: 2
        r >= 1, the number of atoms.
    xi : float, default: 1
        > 0. Weight of the reconstruction.
    nu : float, default: 0.1
        >= 0. Ridge: on all factors (``solver="bcd"``) or on their products with the labels (``solver="lpgd"``).
    kind : {"filter", "feature"}, default: "filter"
        Whether the regression sees W^T x or the codes h.
    solver : {"bcd", "lpgd"}, default: "bcd"
        Block coordinate descent from the factors of a truncated SVD, or lifted projected gradient descent from zero.
    nonnegative : bool, default: False
        Whether W and H must not be negative (``solver="bcd"`` only).
    radius : float, default: 1
        > 0. c of the shrinking radius, in units of the norm of the codes at the start (``solver="bcd"`` only).
    max_iter : int, default: 200
        >= 1. Rounds or steps.
    fit_intercept : bool, default: True
        Whether a row of ones joins the covariates.
    random_state : int, RandomState instance or None, default: None
        Of the small coefficients at the start of BCD.

    Attributes
    ----------
    classes_ : array [k + 1]
        Labels; the first is the reference class.
    components_ : array [r, p]
        Atoms in rows.
    factors_ : Factors
        W, H, beta, gamma.
    objective_ : list of float
        Loss at the start and after each round or step.
    n_iter_ : int
        Their number.
    n_features_in_ : int
        p.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[2.0, 0.1], [1.5, -0.2], [-1.0, 0.0], [-2.0, 0.3]]), ["high", "high", "low", "low"]
    >>> model = SDLClassifier(n_components=1, random_state=0).fit(X, y)
    >>> model.predict(X).tolist(), model.transform(X).shape
    (['high', 'high', 'low', 'low'], (4, 1))
    """

    def __init__(
        self,
        n_components=2,
        *,
        xi=1.0,
        nu=0.1,
        kind="filter",
        solver="bcd",
        nonnegative=False,
        radius=1.0,
        max_iter=200,
        fit_intercept=True,
        random_state=None,
    ):
        self.n_components = n_components
        self.xi = xi
        self.nu = nu
        self.kind = kind
        self.solver = solver
        self.nonnegative = nonnegative
        self.radius = radius
        self.max_iter = max_iter
        self.fit_intercept = fit_intercept
        self.random_state = random_state

    def _rows(self, X, covariates):
        """X' [q, n]: covariates in rows, ones for the intercept, zeros if there is nothing."""
        rows = [] if covariates is None else [check_array(covariates, dtype=X.dtype).T]
        if rows and rows[0].shape[1] != X.shape[0]:
            raise ValueError(f"covariates must have a row for each of {X.shape[0]} samples, got {rows[0].shape[1]}")
        if self.fit_intercept:
            rows.append(np.ones((1, X.shape[0]), dtype=X.dtype))
        return np.concatenate(rows) if rows else np.zeros((1, X.shape[0]), dtype=X.dtype)

    def _checked(self):
        """The settings that the solvers take."""
        check.choice(("bcd", "lpgd"), solver=self.solver)
        check.positive(radius=self.radius), check.integer(n_components=self.n_components, minimum=1)
        check.flag(nonnegative=self.nonnegative, fit_intercept=self.fit_intercept)
        if self.nonnegative and self.solver != "bcd":
            raise ValueError("nonnegative=True needs solver='bcd'")
        steps = check.integer(max_iter=self.max_iter, minimum=1)
        return {"xi": float(self.xi), "nu": float(self.nu), "kind": self.kind, "steps": steps}

    def fit(self, X, y, covariates=None):
        """Learn dictionary and regression from samples X [n, p], labels y [n] and covariates [n, q]."""
        settings = self._checked()
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError("y must have two classes at least, got one class")
        x = np.ascontiguousarray(X.T)
        samples = sdl.data(x, self._rows(X, covariates), labels, classes=self.classes_.size)
        rank = min(self.n_components, *x.shape)
        if self.solver == "lpgd":
            run = sdl.lpgd(samples, sdl.zeros(samples, kind=self.kind), rank=rank, **settings)
            self.factors_ = sdl.factorize(run.state, rank, kind=self.kind)
        else:
            constraints = {"W": sdl.nonnegative, "H": sdl.nonnegative} if self.nonnegative else None
            seed = check_random_state(self.random_state).randint(2**31 - 1)  # of a RandomState
            start = sdl.init(np.random.default_rng(seed), samples, rank=rank, scale=0.1)
            U, s, Vt = sdl.truncated_svd(x, rank)
            W, H = U * np.sqrt(s), np.sqrt(s)[:, None] * Vt
            start = start._replace(W=np.abs(W), H=np.abs(H)) if constraints else start._replace(W=W, H=H)
            radius = float(self.radius * max(np.linalg.norm(H), 1.0))
            run = sdl.bcd(samples, start, constraints=constraints, radius=radius, **settings)
            self.factors_ = run.state
        self.components_ = self.factors_.W.T
        self.objective_ = [float(value) for value in run.history["objective"]]
        self.n_iter_ = run.steps
        self._n_covariates = None if covariates is None else np.shape(covariates)[1]
        return self

    def _columns(self, X, covariates):
        """x [p, m] and X' [q, m] of new samples."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        given = None if covariates is None else np.shape(covariates)[-1]
        if given != self._n_covariates:
            raise ValueError(f"covariates must be as in fit ({self._n_covariates} columns), got {given}")
        return X.T, self._rows(X, covariates)

    def _state(self, dtype):
        """The factors in the precision of the samples."""
        return sdl.Factors(*(block.astype(dtype, copy=False) for block in self.factors_))

    def predict_proba(self, X, covariates=None):
        """Probabilities [m, k + 1] of the classes."""
        x, rows = self._columns(X, covariates)
        return sdl.predict(self._state(x.dtype), x, rows, kind=self.kind).T

    def predict(self, X, covariates=None):
        """The most probable class of each sample."""
        decisions = np.argmax(self.predict_proba(X, covariates), axis=1)
        return self.classes_[decisions]

    def transform(self, X):
        """Features [m, r] of samples: W^T x (filter) or codes of least squares (feature)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        W = self._state(X.dtype).W
        return X @ W if self.kind == "filter" else sdl.codes(W, X.T).T

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
