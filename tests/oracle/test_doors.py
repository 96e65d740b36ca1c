"""Keras optimizers, surrogate models and transition kernels as candidates: with stand-ins, and with the packages."""

import importlib.util
import json
import math
import os
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import KerasOptimizer, Surrogate, Transition
from refimpl.oracle.candidates.host import build
from refimpl.oracle.candidates.keras import choose_library
from refimpl.oracle.cli import main
from refimpl.oracle.verdict import check


def needs(package):
    return pytest.mark.skipif(
        importlib.util.find_spec(package) is None, reason=f"{package} is not installed (make peers installs it)"
    )


# Keras ----------------------------------------------------------------------------------------------------------------


class Lion:
    """As Keras writes its optimizers: variables are assigned, rates are configuration."""

    mistake = 0.0

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, weight_decay=None, sign=1.0, **kwargs):
        if kwargs:
            raise TypeError(f"unknown {', '.join(kwargs)}")
        self.rates = learning_rate, beta_1, beta_2, weight_decay or 0.0
        self.sign = sign

    def get_config(self):
        names = ("learning_rate", "beta_1", "beta_2", "weight_decay")
        return dict(zip(names, self.rates, strict=True)) | {"sign": self.sign}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def build(self, variables):
        (self.variable,) = variables
        self.momentum = np.zeros_like(self.variable.value)

    def apply(self, grads):
        (grad,), (lr, beta1, beta2, decay) = grads, self.rates
        c = beta1 * self.momentum + (1 - beta1) * grad
        self.variable.value = self.variable.value - self.sign * lr * np.sign(c) - lr * decay * self.variable.value
        self.momentum = beta2 * self.momentum + (1 - beta2 + self.mistake) * grad


class Faster(Lion):
    mistake = 0.25


@pytest.fixture
def keras(monkeypatch):
    """What the door asks of the package."""
    fake, precision = ModuleType("keras"), ["float32"]
    fake.config = SimpleNamespace(floatx=lambda: precision[-1], set_floatx=precision.append, backend=lambda: "numpy")
    fake.Variable = lambda value, dtype: SimpleNamespace(value=np.asarray(value, dtype))
    fake.ops = SimpleNamespace(
        convert_to_tensor=lambda x: np.asarray(x, precision[-1]), convert_to_numpy=lambda variable: variable.value
    )
    monkeypatch.setitem(sys.modules, "keras", fake)
    return fake


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_keras_optimizer_conforms_and_leaves_the_precision_as_it_was(keras, dtype):
    report = check(KerasOptimizer(Lion), "lion.trajectory", dtypes=(dtype,), **small("lion.trajectory"))
    assert report.counts["passed"] == report.planned, report.records
    assert keras.config.floatx() == "float32"


def test_an_object_stands_for_its_configuration_without_the_rates_of_the_case(keras):
    few = small("lion.trajectory")
    assert not check(KerasOptimizer(Lion(learning_rate=5.0)), "lion.trajectory", **few).counts["failed"]
    assert check(KerasOptimizer(Lion(sign=-1.0)), "lion.trajectory", **few).verdict == "deviates"
    assert check(KerasOptimizer(Lion, settings={"sign": -1.0}), "lion.trajectory", **few).verdict == "deviates"


def test_a_mistake_behind_the_keras_door_is_seen(keras):
    assert check(KerasOptimizer(Faster), "lion.trajectory", **small("lion.trajectory")).verdict == "deviates"


def test_what_keras_cannot_be_asked_for_is_said(keras):
    assert not KerasOptimizer(Lion).offers(catalog.operation("adamw.adam"))
    assert KerasOptimizer(Lion, operation="adamw.adam").offers(catalog.operation("adamw.adam"))
    assert not KerasOptimizer(Lion).offers(catalog.operation("sophia.trajectory"))
    with pytest.raises(TypeError, match="--keras takes a Keras optimizer, a class or an object, got function"):
        KerasOptimizer(json.dumps)


def test_keras_runs_on_what_is_installed_unless_told(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "mine")
    choose_library()
    assert os.environ["KERAS_BACKEND"] == "mine"
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "jax")
    choose_library()
    assert os.environ.pop("KERAS_BACKEND") == "jax"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="--keras needs one of the packages torch, jax, tensorflow"):
        choose_library()
    with pytest.raises(ValueError, match="--keras needs the package keras, which is not installed"):
        build("keras", "keras.optimizers:Lion", operation="lion")


@needs("keras")
@needs("torch")
@pytest.mark.peers
def test_a_public_keras_optimizer(capsys):
    words = ["--keras", "keras.optimizers:Lion", "--skip", "beta1-zero=it refuses this"]
    assert main(["check", "lion.trajectory", *words, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["passed"] == report["planned"] - 1
    assert report["candidate"]["version"]


# Surrogate models -----------------------------------------------------------------------------------------------------


class Process:
    """A Gaussian process whose `predict` answers mean and deviation, or the covariance if it is told."""

    def __init__(self, kernel, lengths, variance, noise):
        self.kernel, self.lengths, self.variance, self.noise = kernel, lengths, variance, noise

    def _covariance(self, X, Z):
        r = np.sqrt(np.sum(((X[:, None] - Z[None]) / self.lengths) ** 2, axis=-1))
        if self.kernel == "power_exponential":
            return self.variance * np.exp(-(r**2) / 2)
        a = r * {"matern12": 1.0, "matern32": math.sqrt(3), "matern52": math.sqrt(5)}[self.kernel]
        factor = {"matern12": 1.0, "matern32": 1 + a, "matern52": 1 + a + a**2 / 3}[self.kernel]
        return self.variance * factor * np.exp(-a)

    def fit(self, X, y):
        self.X, self.y = X, y
        self.K = self._covariance(X, X) + self.noise * np.eye(len(X))

    def predict(self, new, return_std=False, return_cov=False):
        k = self._covariance(new, self.X)
        covariance = self._covariance(new, new) - k @ np.linalg.solve(self.K, k.T)
        spread = covariance if return_cov else np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        return k @ np.linalg.solve(self.K, self.y), spread


class WithEvidence(Process):
    """In columns, as GPy answers, and made with the data."""

    def __init__(self, X, y, kernel, lengthscale, variance, noise_var):
        super().__init__(kernel, lengthscale, variance, noise_var)
        super().fit(X, y)

    def predict(self, new, full_cov=False, include_likelihood=True):
        mean, covariance = super().predict(new, return_cov=True)
        noise = self.noise * np.eye(len(new)) if include_likelihood else 0.0
        return mean[:, None], covariance + noise

    def log_likelihood(self):
        _, log_det = np.linalg.slogdet(2 * np.pi * self.K)
        return -(self.y @ np.linalg.solve(self.K, self.y) + log_det) / 2

    def slopes(self):
        weights = np.linalg.solve(self.K, self.y)
        by_covariance = (np.outer(weights, weights) - np.linalg.inv(self.K)) / 2
        return {"noise": self.noise * np.trace(by_covariance), "mean": np.sum(weights)}


class Shorter(WithEvidence):
    """A slip: the lengths are taken for their squares."""

    def __init__(self, X, y, kernel, lengthscale, variance, noise_var):
        super().__init__(X, y, kernel, lengthscale**2, variance, noise_var)


def Fixed(lengths, noise):
    """Of one kernel alone."""
    return Process("matern52", lengths, 1.0, noise)


def small(operation, count=4):
    """Arguments of a run on a few cases."""
    cases = [case.slug for case in catalog.operation(operation).cases if not case.dear]
    return {"only": cases[:count], "laws": False, "explain": 0}


def test_a_surrogate_is_judged_on_what_it_answers():
    told = small("bayesopt.posterior")
    report = check(Surrogate(Process), "bayesopt.posterior", **told)
    assert not report.counts["failed"], report.records
    assert report.counts["passed"] == report.planned
    assert all(record.without[0] == "log_evidence" for record in report.records if record.status == "passed")
    answers = Surrogate(WithEvidence).run(catalog.operation("bayesopt.posterior"), _case("bayesopt.posterior"))
    assert list(answers) == ["posterior_mean", "covariance", "log_evidence", "by_noise", "by_mean"]
    assert check(Surrogate(WithEvidence), "bayesopt.posterior", **told).counts["passed"] == report.planned
    assert check(Surrogate(Shorter), "bayesopt.posterior", **told).verdict == "deviates"


def test_a_surrogate_sees_values_in_the_units_of_the_operation():
    report = check(Surrogate(Fixed), "token_reduction.acquisition", **small("token_reduction.acquisition"))
    assert report.counts["passed"] == report.planned, report.records
    other = check(Surrogate(Fixed), "bayesopt.posterior", **small("bayesopt.posterior"))
    assert other.counts["not_applicable"] == other.planned  # it takes no kernel, which the case sets


def test_what_predict_must_answer_is_said():
    class Mean(Process):
        def predict(self, new):
            return new[:, 0]

    operation = catalog.operation("bayesopt.posterior")
    with pytest.raises(Exception, match=r"nor return_std .*must answer mean and deviation"):
        Surrogate(Mean).run(operation, _case(operation.name))
    assert not Surrogate(Process).offers(catalog.operation("lion.trajectory"))


def _case(name):
    return catalog.operation(name).cases[0].inputs


@needs("sklearn")
@pytest.mark.peers
def test_a_public_surrogate(capsys):
    place = "tests/peers/candidates/sklearn_gp.py:process"
    assert main(["check", "bayesopt.posterior", "--surrogate", place, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "conforms"
    assert report["counts"]["passed"] == report["planned"]


# Transition kernels ---------------------------------------------------------------------------------------------------


def langevin(position, gradient, noise, step):
    return position - step / 2 * gradient + math.sqrt(step) * noise


def half_the_noise(position, gradient, noise, step):
    return position - step / 2 * gradient + math.sqrt(step / 2) * noise


def sghmc(position, momentum, gradient, noise, lr, friction):
    momentum = (1 - friction) * momentum - lr * gradient + math.sqrt(2 * lr * friction) * noise
    return position + momentum, momentum


def without_momentum(**given):
    return sghmc(**given)[0]


def test_a_transition_kernel_conforms_or_deviates():
    few = small("meco.langevin")
    assert check(Transition(langevin), "meco.langevin", **few).counts["passed"] == len(few["only"])
    assert check(Transition(half_the_noise), "meco.langevin", **few).verdict == "deviates"


def test_a_kernel_with_a_momentum_is_asked_where_it_applies():
    cases = catalog.operation("functional_prior.sghmc").cases
    plain = [case for case in cases if case.inputs["rule"] == "plain" and not case.dear]
    only = [case.slug for case in plain] + [cases[0].slug]
    report = check(Transition(sghmc), "functional_prior.sghmc", only=only, laws=False, explain=0)
    assert (report.counts["passed"], report.counts["not_applicable"]) == (len(plain), 1), report.records
    assert any("is asked for plain, not " in record.reason for record in report.records)
    with pytest.raises(Exception, match="a step must answer position and momentum, got 1 arrays"):
        Transition(without_momentum).run(catalog.operation("functional_prior.sghmc"), plain[0].inputs)


def test_the_new_doors_are_options(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(
        "def step(position, gradient, noise, step):\n    return position - step * gradient\n"
    )
    few = ["--only", catalog.operation("meco.langevin").cases[0].slug, "--no-laws", "--explain", "0"]
    assert main(["check", "meco.langevin", "--kernel", "own.py:step", "--format", "json", *few]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["candidate"]["language"] == "Python (transition kernel)"
    assert "--kernel own.py:step" in report["records"][0]["repro"]
