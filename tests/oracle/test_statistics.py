"""Candidates that draw their own noise: false alarms and power of the tests on them, measured."""

import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from refimpl.core.random import stream
from refimpl.oracle import catalog, cli, edits
from refimpl.oracle.candidates import NotApplicable, Skipped
from refimpl.oracle.judging import statistics
from refimpl.oracle.judging.statistics import (
    FALSE_ALARM,
    POWER,
    STATISTICS,
    check_draws,
    p_values,
    power,
    with_own_draws,
)

OPERATIONS = [catalog.operation(name) for name in statistics.stochastic()]
STEP = catalog.operation("cbo.step")
SAME_LAW = {"abs_anisotropic", "reversed_noise"}  # their specs say so: another path, the same law
CHECKS = 10_000

CANDIDATES = """
import numpy as np

rng = np.random.default_rng({seed})

def step(positions, energies, alpha, drift, diffusion, dt, noise_type, columns=None):
    weights = np.exp(-alpha * (energies - energies.min()))
    away = positions - weights @ positions / weights.sum()
    size = away if noise_type == "anisotropic" else np.linalg.norm(away, axis=1, keepdims=True)
    noise = rng.standard_normal((len(away), columns or away.shape[1]))
    return positions - drift * dt * away + diffusion * np.sqrt(dt) * size * noise

def one_draw_per_particle(**inputs):
    return step(**inputs, columns=1)

def frozen(**inputs):
    global rng
    rng = np.random.default_rng(0)
    return step(**inputs)

def broken(**inputs):
    raise RuntimeError("out of order")

def flat(**inputs):
    return step(**inputs).ravel()
"""


@pytest.fixture
def program(tmp_path):
    """A file of candidates that draw their own noise; as unpredictable as they are, but the same in every run."""
    path = tmp_path / "candidates_that_draw.py"
    path.write_text(CANDIDATES.format(seed=12))
    return path


# The law --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: op.name)
def test_the_answers_of_the_reference_follow_the_law_that_the_spec_tells(operation):
    """Exactly: the answer to noise is the mean plus noise times +- the standard deviation, entry by entry."""
    assert len(operation.outputs) == 1
    for slug in operation.draws.cases:
        inputs, mean, deviation = statistics.question(operation, slug)
        assert operation.draws.noise not in inputs
        assert mean.shape == deviation.shape
        assert (deviation > 1e-3 * abs(mean).max()).all()  # rounding is nothing beside the noise
        for seed in range(5):
            noise = stream(seed, "law", slug).standard_normal(mean.shape)
            answer = operation.exact(**inputs, **{operation.draws.noise: noise}).astype(float)
            z = (answer - mean) / deviation
            np.testing.assert_allclose(abs(z), abs(noise), rtol=1e-10, atol=1e-10)
            there = operation.reference(**inputs, **{operation.draws.noise: noise})
            np.testing.assert_allclose(there, answer, rtol=1e-12, atol=1e-12)


# False alarms -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def references():
    """P-values of whole checks of the reference, [checks, case, statistic]: its whitened answers are its noise."""
    sizes = [statistics.question(STEP, slug)[1].size for slug in STEP.draws.cases]
    rng = stream(0, "test-statistics")
    return np.concatenate(
        [
            np.stack([p_values(rng.standard_normal((500, STEP.draws.samples, d))) for d in sizes], axis=1)
            for _ in range(CHECKS // 500)
        ]
    )


def in_its_band(count, trials, low, high):
    """Whether a count is what 1e-6 of luck allows a binomial law with a probability between `low` and `high`."""
    return stats.binom.ppf(5e-7, trials, low) <= count <= stats.binom.isf(5e-7, trials, high)


def test_no_false_alarm_in_ten_thousand_checks(references):
    """Expected: at most CHECKS * FALSE_ALARM = 0.01 of them; so one or more has a probability of at most 1e-2."""
    assert references.shape == (CHECKS, 3, 4)
    assert statistics.level(STEP) * 12 == pytest.approx(FALSE_ALARM)
    assert int((references < statistics.level(STEP)).any(axis=(1, 2)).sum()) == 0


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.1])
def test_tests_are_calibrated(references, alpha):
    """Mean and spread are exact; dependence errs by a^2 / 2 at most, shape by what counts leave out."""
    for k, name in enumerate(STATISTICS):
        least = {"dependence": alpha - alpha**2 / 2, "shape": 0.75 * alpha}.get(name, alpha)
        count = int((references[..., k] < alpha).sum())
        assert in_its_band(count, references[..., k].size, least, alpha), (name, count)


def test_a_whole_check_is_calibrated(references):
    """At the level 1e-2 in place of 1e-6; from below by mean and spread alone, which are independent of each other."""
    each = 1e-2 / 12
    count = int((references < each).any(axis=(1, 2)).sum())
    assert in_its_band(count, CHECKS, 1 - (1 - each) ** 6, 1e-2), count


def test_mean_spread_and_dependence_are_independent(references):
    """As the page says: the ranks of their p-values are not correlated."""
    p = references[:, 0, :3]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert stats.spearmanr(p[:, i], p[:, j]).pvalue > 1e-6


def test_the_real_reference_conforms():
    report = check_draws(with_own_draws(STEP, STEP.reference), "cbo.step")
    assert report.verdict == "conforms"
    assert report.counts["passed"] == report.planned == 12


# Power ----------------------------------------------------------------------------------------------------------


MISTAKES = {m.slug: edits.runner(STEP, m) for m in edits.shown_in("cbo.step", "mistake")}
FRESH = MISTAKES["fresh_consensus"]


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - {"fresh_consensus"}))
def test_mistakes_are_caught(name):
    """With probability >= 0.99 at the spec's number of answers, measured over 200 checks."""
    assert power(STEP, MISTAKES[name], runs=200) >= POWER


def test_the_mutant_that_is_not_affine_in_its_noise_is_caught():
    """By one case alone. Anisotropic noise moves each coordinate by itself: many answers are one wide swarm."""
    inputs, mean, deviation = statistics.question(STEP, "overshoot")
    assert inputs["noise_type"] == "anisotropic"
    n, d = mean.shape
    m = 200 * STEP.draws.samples
    noise = stream(0, "fresh").standard_normal((m, n, d))
    wide = inputs | {"positions": np.tile(inputs["positions"], (1, m))}
    answers = FRESH(**wide, noise=np.moveaxis(noise, 0, 1).reshape(n, -1)).reshape(n, m, d)
    answers = np.moveaxis(answers, 1, 0)
    for k in range(0, m, m // 5):
        np.testing.assert_allclose(answers[k], FRESH(**inputs, noise=noise[k]), rtol=1e-12, atol=1e-12)
    found = p_values(((answers - mean) / deviation).reshape(200, STEP.draws.samples, -1))
    assert (found < statistics.level(STEP)).any(axis=-1).mean() >= POWER


@pytest.mark.parametrize("variant", edits.shown_in("cbo.step", "variant", "choice"), ids=lambda v: v.slug)
def test_variants_are_caught_unless_their_law_is_the_same(variant):
    share = power(STEP, edits.runner(STEP, variant), runs=200)
    assert share == 0 if variant.slug in SAME_LAW else share >= POWER


def test_a_mutant_is_caught_through_the_front_door():
    report = check_draws(with_own_draws(STEP, MISTAKES["noise_with_two_dt"]), "cbo.step")
    assert report.verdict == "deviates"
    assert report.diagnosis.names == ("spread",)
    assert report.diagnosis.hint.startswith("the noise is right but for its size: multiplied by 1.")


def test_noise_of_another_size_is_told_by_the_input_that_it_depends_on():
    def smaller(noise, dt, **inputs):
        return STEP.reference(noise=noise * np.sqrt(dt), dt=dt, **inputs)

    report = check_draws(with_own_draws(STEP, smaller), "cbo.step")
    assert report.diagnosis.names == ("spread",)
    assert report.diagnosis.hint.endswith("multiplied by the root of dt")


def test_power_of_a_function_that_is_not_affine_in_its_noise():
    def bent(noise, **inputs):
        return STEP.reference(noise=abs(noise), **inputs)

    assert power(STEP, bent, runs=2) == 1


@pytest.mark.parametrize(
    ("draw", "statistic"),
    [
        (lambda rng, shape: rng.choice([-1.0, 1.0], shape), "shape"),
        (lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape), "shape"),
        (lambda rng, shape: rng.laplace(0, 0.5**0.5, shape), "shape"),
        (lambda rng, shape: rng.standard_t(3, shape) / 3**0.5, "shape"),
        (lambda rng, shape: np.repeat(rng.standard_normal((shape[0], 1, shape[2])), shape[1], axis=1), "spread"),
        (lambda rng, shape: np.repeat(rng.standard_normal((*shape[:-1], 1)), shape[-1], axis=-1), "dependence"),
        (lambda rng, shape: 0.3 + rng.standard_normal(shape), "mean"),
        (lambda rng, shape: np.full(shape, np.nan), "mean"),
        (lambda rng, shape: np.full(shape, np.inf), "spread"),
    ],
    ids=["signs", "uniform", "laplace", "student", "one-draw-for-ever", "one-draw", "biased", "nan", "inf"],
)
def test_other_noise_is_caught(draw, statistic):
    """Also of the right mean and variance: by the statistic that looks at it."""
    rng, k = stream(0, "other-noise"), list(STATISTICS).index(statistic)
    found = p_values(draw(rng, (200, STEP.draws.samples, 12)))[:, k]
    assert np.mean(found < statistics.level(STEP)) >= POWER


def _correlated(z, r):
    other = r * z[..., :1] + (1 - r**2) ** 0.5 * z[..., 1:2]
    return np.concatenate([z[..., :1], other, z[..., 2:]], axis=-1)


@pytest.mark.parametrize(
    ("statistic", "fault", "half", "full"),
    [
        ("mean", np.add, 0.14, 0.2),
        ("spread", np.multiply, 1.21, 1.3),
        ("dependence", _correlated, 0.41, 0.58),
    ],
)
def test_smallest_faults_that_are_seen(statistic, fault, half, full):
    """The table of the page; over 400 simulations a share is known to 0.1 or so."""
    z, k = stream(0, "faults").standard_normal((400, 200, 12)), list(STATISTICS).index(statistic)
    shares = [(p_values(fault(z, size))[:, k] < statistics.level(STEP)).mean() for size in (half, full)]
    assert shares[0] == pytest.approx(0.5, abs=0.1)
    assert shares[1] >= POWER


def test_one_component_and_few_answers():
    z = stream(0, "few").standard_normal((2000, 3, 1))
    p = p_values(z)
    assert np.isfinite(p).all()
    assert (p[:, 2] == 1).all()
    assert in_its_band(int((p[:, 1] < 0.01).sum()), 2000, 0.01, 0.01)


# Candidates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("step", 0, ["12 planned = 12 passed", "verdict: conforms", "1 of 1000000 checks", "probability >= 0.99"]),
        ("one_draw_per_particle", 1, ["3 failed", "move together", "verdict: deviates", "dependence (the law"]),
        ("frozen", 1, ["spread", "verdict: deviates"]),
        ("flat", 1, ["new_positions has shape (12,); expected (6, 2)"]),
        ("broken", 2, ["RuntimeError: out of order", "12 error"]),
    ],
)
def test_command_line(capsys, program, name, status, words):
    here = [] if status == 0 else ["--in-process"]  # a start of Python less
    assert cli.main(["check", "cbo.step", "--python", f"{program}:{name}", "--own-draws", *here]) == status
    told = " ".join("".join(capsys.readouterr()).split())
    for text in words:
        assert text in told


def test_command_line_end_to_end(program):
    """In a process of its own; the line that it prints reruns it."""
    words = ["check", "cbo.step", "--python", f"{program}:one_draw_per_particle", "--own-draws", "--samples", "40"]
    run = subprocess.run([sys.executable, "-m", "refimpl", *words, "--format", "json"], capture_output=True, text=True)
    assert run.returncode == 1, run.stderr
    report = json.loads(run.stdout)
    worst = report["records"][0]
    assert (worst["status"], worst["samples"], worst["level"]) == ("failed", 40, statistics.level(STEP))
    assert worst["p_value"] < worst["level"]
    assert "is stated for 200 answers and more" in report["candidate"]["note"]
    assert worst["repro"] == shlex.join(["refimpl", *words])


def test_command_line_judges_our_own_source(capsys):
    assert cli.main(["check", "cbo.step", "--own-draws", "--format", "markdown"]) == 0
    assert "conforms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["cbo.step", "--samples", "9"], "--samples goes with --own-draws"),
        (["cbo.step", "--own-draws", "--samples", "2"], "samples must be from 3 to 100000, got 2"),
        (["cbo.step", "--own-draws", "--fuzz", "3"], "--own-draws goes with --python"),
        (["cbo.step", "--own-draws", "--exec", "true"], "--own-draws goes with --python"),
        (["cbo.step", "--own-draws", "--arrays", "torch"], "--own-draws needs --python for --arrays"),
        (["lion.step", "--own-draws"], "what can: cbo.step"),
    ],
)
def test_command_line_refuses(capsys, words, text):
    assert cli.main(["check", *words]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "status"), [(Skipped, "skipped"), (NotApplicable, "not_applicable")])
def test_candidates_that_pass(kind, status):
    class Passing(statistics.Function):
        def run(self, operation, inputs):
            raise kind("not today")

    report = check_draws(Passing(lambda: 0, operation="cbo.step"), "cbo.step")
    assert report.verdict == "nothing ran"
    assert report.exit_code() == 2
    assert {(r.status, r.reason) for r in report.records} == {(status, "not today")}


def test_a_seed_is_given_to_who_takes_it():
    seeds = []

    def seeded(seed, **inputs):
        seeds.append(seed)
        return with_own_draws(STEP, STEP.reference)(seed, **inputs)

    check_draws(seeded, "cbo.step", samples=5)
    assert seeds == list(range(15))
    with pytest.raises(ValueError, match=r"has no cbo\.step"):
        check_draws(statistics.Function(seeded, operation="cbo.hopping"), "cbo.step")
