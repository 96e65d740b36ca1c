"""Adapters for what Python users have: Optax transformations, PyTorch optimizers, estimators."""

import importlib.util
import json
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from refimpl.convex import sdl
from refimpl.core.arrays import array_namespace
from refimpl.oracle import catalog
from refimpl.oracle.candidates import Estimator, NotApplicable, OptaxTransform, TorchOptimizer, load
from refimpl.oracle.candidates.base import arguments_for, words_for
from refimpl.oracle.candidates.python import package_version
from refimpl.oracle.cli import main
from refimpl.oracle.verdict import check
from refimpl.specs.base import Case, Fit, Law, Operation, Paper, System, array, mistake, number
from refimpl.specs.domains import NONNEGATIVE
from refimpl.specs.exact import fractions


def needs(package):
    return pytest.mark.skipif(
        importlib.util.find_spec(package) is None, reason=f"{package} is not installed (make peers installs it)"
    )


# What they share ------------------------------------------------------------------------------------------------------


def test_arguments_come_from_the_inputs():
    inputs = {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "decay": 0.0}
    settings = {"lr": "lr", "betas": ("beta1", "beta2"), "decay": "decay"}
    take = lambda make, **given: arguments_for(make, settings, inputs, given, "mine")
    assert take(lambda lr, betas: 0) == {"lr": 0.1, "betas": (0.9, 0.99)}
    assert take(lambda **anything: 0) == {"lr": 0.1, "betas": (0.9, 0.99), "decay": 0.0}
    assert take(lambda lr, betas: 0, lr=0.5, eps=1e-8) == {"lr": 0.5, "betas": (0.9, 0.99), "eps": 1e-8}
    assert take(lambda lr, beta1, beta2: 0) == {"lr": 0.1, "beta1": 0.9, "beta2": 0.99}
    for make, word in ((lambda alpha: 0, "alpha"), (lambda eta: 0, "eta"), (lambda lr: 0, "lr")):
        assert arguments_for(make, {"alpha|eta": "lr"}, inputs, {}, "mine") == {word: 0.1}
    with pytest.raises(NotApplicable, match="mine takes no betas, and this case sets it to"):
        take(lambda lr: 0)


def test_a_checkout_has_not_the_version_of_what_is_installed(tmp_path, monkeypatch):
    assert package_version("numpy.linalg") == np.__version__
    checkout = type(sys)("numpy")
    checkout.__file__ = str(tmp_path / "numpy/__init__.py")
    monkeypatch.setitem(sys.modules, "numpy", checkout)
    assert package_version("numpy.linalg") == ""


@pytest.mark.parametrize(("adapter", "kind"), [(TorchOptimizer, "a PyTorch"), (OptaxTransform, "an Optax")])
def test_a_refusal_says_what_the_option_serves(adapter, kind):
    with pytest.raises(
        ValueError, match=f"offers no operation of sso: {kind} .*sophia.trajectory.* .--python"
    ) as error:
        check(adapter(Local.Inner), "sso")
    assert "such as" not in str(error.value)


def test_another_rule_of_a_system_is_driven_where_it_is_named():
    adam = catalog.operation("adamw.adam")
    assert not TorchOptimizer(Local.Inner).offers(adam)
    assert TorchOptimizer(Local.Inner, operation="adamw.adam").offers(adam)


class Local:
    class Inner:
        pass


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (json, ("--python", "json")),
        (json.dumps, ("--python", "json:dumps")),
        (json.JSONDecoder.decode, ("--python", "json:JSONDecoder.decode")),
        (lambda: 0, None),
        (Local(), None),
    ],
)
def test_objects_are_named_if_a_command_line_can(thing, words):
    assert words_for("--python", thing) == words


def test_settings_are_named_if_they_are_plain_data():
    assert words_for("--torch", json.JSONDecoder, {"strict": True})[2:] == ("--set", "strict=true")
    assert words_for("--torch", json.JSONDecoder, {"object_hook": print}) is None


def test_a_running_script_is_named_by_its_file(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(
        "from refimpl.oracle import check\n"
        "def mine(theta0, grads, **rates):\n    return grads\n"
        'if __name__ == "__main__":\n    print(check(mine, "lion", only=["two-rates"]).records[0].repro)\n'
    )
    line = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    words = shlex.split(line)
    assert words[:5] == ["refimpl", "check", "lion.trajectory", "--python", f"{script}:mine"]
    assert main([*words[1:], "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["failed"] == 1


# Optax ----------------------------------------------------------------------------------------------------------------


@needs("optax")
@pytest.mark.peers
def test_optax_lion_conforms_in_both_precisions(capsys):
    assert (
        main(["check", "lion.trajectory", "--optax", "optax:lion", "--dtype", "float64,float32", "--format", "json"])
        == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "conforms"
    assert report["counts"]["passed"] == report["planned"]
    assert report["candidate"]["version"]
    assert "--optax optax:lion --only" in report["records"][0]["repro"]


@needs("optax")
def test_an_optax_mistake_is_named():
    """The decay before the sign: Lion's direction, then `add_decayed_weights` on the gradient."""
    import optax

    def coupled(learning_rate, b1, b2, weight_decay):
        return optax.chain(optax.add_decayed_weights(weight_decay), optax.lion(learning_rate, b1, b2, weight_decay=0.0))

    report = check(OptaxTransform(coupled), "lion", laws=False)
    assert (report.verdict, report.diagnosis.names) == ("deviates", ("coupled_decay",))
    assert report.records[0].repro.startswith("refimpl.oracle.check(candidate, ")


@needs("optax")
def test_what_an_optax_function_does_not_take_is_not_applicable():
    import optax

    only = ["one-step-one-coordinate", "beta1-zero"]
    report = check(OptaxTransform(optax.sign_sgd), "lion", only=only, laws=False)
    assert report.counts["not_applicable"] == 2
    assert "takes no b1" in report.records[0].reason


@needs("optax")
def test_an_optax_error_has_its_traceback():
    report = check(OptaxTransform(lambda learning_rate, **_: None), "lion", only=["two-rates"])
    (record,) = report.records
    assert record.status == "error"
    assert "AttributeError" in record.message
    assert "optax.py" in record.traceback


# PyTorch --------------------------------------------------------------------------------------------------------------


@needs("lion_pytorch")
@pytest.mark.torch
@pytest.mark.peers
def test_a_torch_optimizer_given_from_python_can_be_rerun():
    import lion_pytorch

    report = check(TorchOptimizer(lion_pytorch.Lion), "lion", only=["two-rates"])
    assert report.counts["passed"] == 1
    words = "refimpl check lion.trajectory --torch lion_pytorch:Lion --only two-rates --dtype float64"
    assert report.records[0].repro == words


@needs("pytorch_optimizer")
@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize(
    ("target", "place", "verdict"),
    [
        ("adahessian.trajectory", "pytorch_optimizer:AdaHessian", "conforms in part"),
        ("adahessian.trajectory", "torch_optimizer:Adahessian", "conforms in part"),
        ("sophia.trajectory", "pytorch_optimizer:SophiaH", "conforms to variant version_1"),
        ("adamw.adam", "torch.optim:Adam", "conforms"),
    ],
)
def test_public_optimizers_come_in_by_the_door(target, place, verdict):
    refused = dict.fromkeys(("power-zero", "first-step", "huge-and-tiny"), "eps = 0, or a power of 0, which it refuses")
    skip = refused if target == "adahessian.trajectory" else None
    report = check(TorchOptimizer(load(place), operation=target), target, skip=skip)
    assert report.verdict == verdict


def own_sophias():
    """The ways in which an optimizer may come by its estimates, each with the paper's rule."""
    import torch

    class Base(torch.optim.Optimizer):
        def __init__(self, params, lr, betas, gamma, eps, weight_decay):
            super().__init__(params, {})
            self.rates = lr, *betas, gamma, eps, weight_decay
            (self.parameter,) = self.param_groups[0]["params"]
            self.m, self.h = torch.zeros(2, *self.parameter.shape, dtype=self.parameter.dtype)

        @torch.no_grad()
        def move(self, estimate):
            lr, beta1, beta2, gamma, eps, decay = self.rates
            self.m = beta1 * self.m + (1 - beta1) * self.parameter.grad.detach()
            if estimate is not None:
                self.h = beta2 * self.h + (1 - beta2) * estimate
            ratio = torch.clamp(self.m / torch.clamp(gamma * self.h, min=eps), -1, 1)
            self.parameter.copy_(self.parameter * (1 - lr * decay) - lr * ratio)

    class Given(Base):
        def step(self, hess=None):
            self.move(hess[0] if hess else None)

    class Attribute(Base):
        def step(self):
            self.move(self.parameter.hessian)

    class ByClosure(Base):
        def __init__(self, params, lr, betas, gamma, eps, weight_decay, k):
            super().__init__(params, lr, betas, gamma, eps, weight_decay)
            self.k, self.calls = k, 0

        def step(self, closure):
            closure()
            probe = torch.randn_like(self.parameter)
            estimate = probe * torch.autograd.grad(self.parameter.grad, self.parameter, probe)[0]
            self.move(estimate if self.calls % self.k == 0 else None)
            self.calls += 1

    class Squared(Base):
        """As in the code of Sophia's authors."""

        estimate = None

        def update_hessian(self):
            self.estimate = self.parameter.grad**2

        def step(self, bs=5120):
            assert bs == 1
            estimate, self.estimate = self.estimate, None
            self.move(estimate)

    return Given, Attribute, ByClosure, Squared


@needs("torch")
@pytest.mark.torch
def test_estimates_are_given_in_the_way_that_an_optimizer_offers():
    reports = [check(TorchOptimizer(cls), "sophia.trajectory") for cls in own_sophias()]
    assert [report.verdict for report in reports] == ["conforms"] * 3 + ["conforms in part"]
    assert [report.counts["not_applicable"] > 0 for report in reports] == [False, False, False, True]
    assert "squares gradients" in next(r.reason for r in reports[3].records if r.reason)


# Estimators -----------------------------------------------------------------------------------------------------------


def ridge(X, y, X_new, alpha):
    xp = array_namespace(X)
    coef = xp.linalg.solve(X.T @ X + alpha * xp.eye(X.shape[1], dtype=X.dtype), (X.T @ y)[:, None])[:, 0]
    return coef, X_new @ coef


def exact_ridge(X, y, X_new, alpha):
    """For two columns, by Cramer's rule."""
    X, y, X_new, alpha = map(fractions, (X, y, X_new, alpha))
    (a, b), (_, d) = X.T @ X + alpha * np.eye(2, dtype=int)
    p, q = X.T @ y
    coef = np.array([p * d - q * b, q * a - p * b]) / (a * d - b * b)
    return coef, X_new @ coef


X = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]])
INPUTS = {"X": X, "y": np.array([1.0, 2.0, -1.0]), "X_new": np.array([[1.0, 1.0]]), "alpha": 0.5}
RIDGE = Operation(
    name="toy.ridge",
    summary="ridge regression without an intercept",
    inputs=(
        array("X", "N d", "rows"),
        array("y", "N", "targets"),
        array("X_new", "M d", "new rows"),
        number("alpha", "penalty", NONNEGATIVE),
    ),
    outputs=(array("coef", "d", "coefficients"), array("predicted", "M", "at the new rows")),
    reference=ridge,
    exact=exact_ridge,
    exact_source="Cramer's rule in rational arithmetic",
    cases=(
        Case("plain", ("basic",), "ordinary values", INPUTS),
        Case("strong", ("wrong_constant",), "the penalty is not divided by N", INPUTS | {"alpha": 4.0}),
    ),
    sample=lambda rng: INPUTS | {"y": rng.standard_normal(3)},
    laws=(
        Law(
            "linear",
            "twice the targets give twice the coefficients",
            lambda run, inputs: [(run(**inputs | {"y": 2 * inputs["y"]})["coef"], 2 * run(**inputs)["coef"])],
            ("plain",),
        ),
    ),
    fit=Fit(
        fit=("X", "y"),
        settings={"alpha": "alpha"},
        outputs={"coef": ("coef_",), "predicted": ("predict", "X_new")},
    ),
)


class Ridge:
    """An estimator of ten lines."""

    scale = 1.0

    def __init__(self, alpha=1.0, fit_intercept=False):
        assert not fit_intercept
        self.alpha = alpha

    def fit(self, X, y):
        self.coef_, _ = ridge(X, y, X, self.alpha * self.scale)
        X[...] = y[...] = np.nan  # it may do what it likes with them
        return self

    def predict(self, X):
        return X @ self.coef_


class MeanRidge(Ridge):
    scale = 3.0


@pytest.fixture
def toy(monkeypatch):
    mean = mistake(
        "mean_loss",
        "wrong_scale",
        "multiply the penalty by N",
        functions={"ridge": lambda X, y, X_new, alpha: ridge(X, y, X_new, alpha * X.shape[0])},
    )
    system = System("toy", "none", "toy", Paper("", "", "", 2000, ""), (RIDGE,), (), (mean,))
    monkeypatch.setattr(catalog, "system", lambda name: system)


def test_an_estimator_conforms_in_both_precisions(toy):
    report = check(Estimator(Ridge), "toy", dtypes=("float64", "float32"), fuzz=3)
    assert report.verdict == "conforms", report
    assert report.counts["passed"] == report.planned == 13  # one of them: whether it is repeatable


def test_an_estimators_mistake_is_named(toy):
    report = check(Estimator(MeanRidge), "toy")
    assert (report.verdict, report.diagnosis.names) == ("deviates", ("mean_loss",))


def test_settings_of_an_estimator_and_its_errors(toy):
    assert check(Estimator(Ridge, settings={"alpha": 1.0}), "toy", only=["plain"]).verdict == "deviates"
    report = check(Estimator(Ridge, settings={"fit_intercept": True}), "toy", only=["plain"])
    assert report.records[0].status == "error"
    assert "AssertionError" in report.records[0].message


def test_only_operations_with_a_plan_are_offered(toy):
    assert Estimator(Ridge).offers(RIDGE)
    assert not Estimator(Ridge).offers(replace(RIDGE, fit=None))
    assert not OptaxTransform(Ridge).offers(RIDGE)


class Factors:
    """Supervised dictionary learning from a given start, with the interface of an estimator."""

    inner = 0

    def __init__(self, xi, nu, max_iter, radius, inner, kind, constraint):
        rules = {"W": sdl.nonnegative, "H": sdl.nonnegative} if constraint == "nonnegative" else None
        self.settings = {"xi": xi, "nu": nu, "radius": radius, "inner": inner + self.inner, "kind": kind}
        self.settings |= {"constraints": rules}
        self.max_iter = max_iter

    def fit(self, x, covariates, labels, W0, H0, beta0, gamma0):
        data = sdl.data(x, covariates, labels.astype(int), classes=gamma0.shape[1] + 1)
        state = sdl.Factors(W0, H0, beta0, gamma0)
        for k in range(1, self.max_iter + 1):
            state, _ = sdl.bcd_step(state, data, k, **self.settings)
        self.W_, self.H_, self.beta_, self.gamma_ = state
        return self


class OneMore(Factors):
    inner = 1


def test_one_that_is_fitted_for_one_round_two_rounds_and_so_on():
    small = [case.slug for case in catalog.operation("sdl.bcd").cases if "large" not in case.flags][:4]
    report = check(Estimator(Factors), "sdl.bcd", only=small)
    assert (report.planned, report.counts["passed"]) == (len(small), len(small)), report.records
    assert check(Estimator(OneMore), "sdl.bcd", only=small).verdict == "deviates"
    assert "sdl.filter_lpgd" in Estimator.lacks("")


@needs("sklearn")
@pytest.mark.peers
def test_a_public_estimator(toy, capsys):
    words = ["--estimator", "sklearn.linear_model:Ridge", "--set", "fit_intercept=false", "--set", "solver=cholesky"]
    assert main(["check", "toy", *words, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["passed"] == report["planned"]
    wrong = main(["check", "toy", "--estimator", "sklearn.linear_model:Ridge", "--format", "json"])
    assert wrong == 1  # with an intercept it is another estimator
