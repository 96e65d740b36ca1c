"""What moves what in a candidate and not in the rule, and which of the rule's values separate wrong from right."""

import numpy as np
import pytest

from refimpl.oracle import catalog, edits
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.influence import influences
from refimpl.oracle.diagnosis.inner import separations
from tests.oracle.conftest import ENOUGH, evidence_of
from tests.wild.asking import tasks


def said(candidate, name, by=influences):
    """What is said of a candidate."""
    return by(evidence_of(candidate, catalog.operation(name)), Clock(ENOUGH))


def found(name, by=influences):
    """What is said of a bug, or an invented mistake, of the open halves of the corpus."""
    (task,) = (task for task in tasks(["real", "invented"]) if task.name == name)
    return said(task.entry.candidate(task.text), task.entry.bug.operation, by)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("numpy_ml_bias_of_the_output_gate", "c_new does not move with b[0] and b[1], in the rule it does"),
        ("robo_mean_square_of_all_points", "variance[1] moves with points[0], in the rule it does not (one of"),
        ("ga_series_forecasting_best_of_all", "parents does not move with draws, in the rule it does"),
        ("dynet_updates_counted_per_parameter", "thetas[0] moves with beta1, in the rule it does not"),
    ],
)
def test_what_moves_what_is_told(name, told):
    assert found(name)[0].startswith(told)


def test_an_axis_is_named_where_it_is_not_the_first():
    (told,) = found("squares_of_a_chunk_averaged")
    assert told == "thetas[:, 1] moves with grads[:, 0], in the rule it does not (one of 12 such pairs)"


@pytest.mark.parametrize("name", ["lion.step", "bayesopt.posterior", "isogclr.nt_xent"])
def test_of_a_factor_nothing_is_said(name):
    reference = catalog.operation(name).reference

    def candidate(**inputs):
        out = reference(**inputs)
        return tuple(0.9 * x for x in out) if isinstance(out, tuple) else 0.9 * out

    assert said(candidate, name) == []


def test_what_another_input_contradicts_is_not_said():
    """On some inputs the rate is one that nobody has given, on the others it is doubled."""
    reference = catalog.operation("lion.step").reference

    def candidate(theta, lr, **more):
        return reference(theta=theta, lr=0.1 if np.sum(theta) > -1 else 2 * lr, **more)

    assert not any("with lr" in sentence for sentence in said(candidate, "lion.step"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "argmin_next_step_asked_of_the_last_cost",
            "etas is wrong only in entries where `cuts` (target_search) is above 0",
        ),
        ("radius_not_multiplied_back", "wrong only where the least entry of `theta` (project_nuclear) is above 0"),
    ],
)
def test_the_value_of_the_rule_that_separates_wrong_from_right_is_told(name, told):
    (sentence,) = found(name, separations)
    assert sentence.startswith(told)


@pytest.mark.parametrize("name", ["lion.step", "isogclr.nt_xent"])
def test_where_all_is_wrong_nothing_separates(name):
    reference = catalog.operation(name).reference
    assert said(lambda **inputs: tuple(x + 1 for x in reference(**inputs)), name, separations) == []


def test_a_line_that_is_now_a_vector_and_now_a_number_separates_nothing():
    """A found program runs the same line on its parameters and on its learning rate."""
    mistake = edits.alternatives("lion")["scale_piles_up"].functions["found_program"]
    told = said(mistake, "lion.found_program", separations)
    assert all(sentence.startswith("thetas is wrong only in entries where") for sentence in told)
