"""One byte per gradient: worked bytes, every library, bits that agree, machines that come, go, lag and die."""

import importlib.util
import inspect
import math
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.core.random import counted, stream
from refimpl.distributed import _one_byte_baselines as baselines
from refimpl.distributed import _one_byte_network as network
from refimpl.distributed import one_byte
from refimpl.oracle import catalog, edits
from refimpl.specs.distributed.one_byte.claims import CLAIMS
from tests.alike import assert_kind

DRAW = one_byte.directions(7, like=np.zeros(3))


def edited(slug):
    """The source with one of the known mistakes in it."""
    return edits.edited("one_byte", edits.alternatives("one_byte")[slug].edits)


# On every backend -----------------------------------------------------------------------------------------------------


def test_bytes_by_hand(backend):
    g = backend.asarray([1.0, -1.0, math.exp(1.25), -math.exp(-2.0), 0.0, 1e6, -1e-7, np.inf, np.nan])
    codes = one_byte.encode(g)
    assert device(codes) == device(g)
    assert backend.to_numpy(codes).tolist() == [96, 224, 106, 208, 0, 127, 129, 0, 0]
    back = one_byte.decode(codes, like=g)
    assert_kind(back, g)
    ends = [math.exp(31 / 8), -math.exp(-95 / 8)]
    wanted = [1, -1, math.exp(1.25), -math.exp(-2), 0, *ends, 0, 0]
    np.testing.assert_allclose(backend.to_numpy(back), wanted, rtol=backend.tolerance)


def test_an_iteration_by_hand(backend):
    """L = w.w / 2 for one machine, -w_0 for the other; slopes along z are 1 -> 96 and -2 -> e^(6/8) with sign."""
    w = backend.asarray([1.0, 2.0])
    z = {(0, 0): backend.asarray([1.0, 0.0]), (1, 0): backend.asarray([2.0, 1.0])}
    draw = lambda t, m, k: z[m, k]
    xp = array_namespace(w)
    losses = {0: [lambda w: xp.sum(w * w) / 2], 1: [lambda w: -w[0]]}
    fleet = [one_byte.start(m, w) for m in (0, 1)]
    sent = {machine.id: one_byte.probe(machine, losses[machine.id], draw, eps=0.25) for machine in fleet}
    assert sent == {0: bytes([96]), 1: bytes([128 + 102])}
    moved = one_byte.update(fleet[0], sent, draw, eta=0.5, norm="mean")
    assert_kind(moved.w, w)
    step = math.exp(0.75)
    wanted = [1 - 0.25 * (1 - 2 * step), 2 + 0.25 * step]
    np.testing.assert_allclose(backend.to_numpy(moved.w), wanted, rtol=backend.tolerance)
    assert moved.t == 1


def test_in_place_and_out_of_place_see_the_same_slope(backend):
    w, z = backend.asarray([1.0, 2.0, -0.5]), backend.asarray([0.5, -1.0, 2.0])
    xp = array_namespace(w)
    fresh = one_byte.spsa(lambda w: xp.sum(w * w), w, z, eps=0.25)
    blocks = [w[:2], w[2:]]
    parts = [z[:2], z[2:]]
    placed = one_byte.spsa_in_place(
        lambda b: xp.sum(b[0] * b[0]) + xp.sum(b[1] * b[1]), blocks, lambda i: parts[i], eps=0.25
    )
    assert_kind(fresh, w)
    np.testing.assert_allclose(backend.to_numpy(placed), backend.to_numpy(fresh), rtol=backend.tolerance)
    np.testing.assert_allclose(backend.to_numpy(fresh), 2 * (0.5 - 2 - 1), rtol=backend.tolerance)


def test_a_direction_is_the_same_on_every_backend(backend):
    z = one_byte.directions(7, like=backend.asarray([0.0, 0.0, 0.0]))(5, 1, 0)
    np.testing.assert_allclose(backend.to_numpy(z), DRAW(5, 1, 0), rtol=1e-7)
    assert z.dtype == backend.dtype


def test_a_replay_has_the_bits_of_the_run(backend):
    w0 = backend.asarray([1.0, -2.0, 0.5])
    draw = one_byte.directions(3, like=w0)
    log = [{0: b"\x60\xe1", 2: b"\x41"}, {2: b"\x70"}]
    ends = [one_byte.replay(one_byte.start(m, w0), log, draw, eta=0.1) for m in (0, 5)]
    assert one_byte.digest(ends[0].w) == one_byte.digest(ends[1].w)
    assert ends[1].id == 5
    assert ends[1].t == 2


# The codec ------------------------------------------------------------------------------------------------------------


def test_the_codec_is_that_of_five_lines_of_python():
    g = np.exp(stream(0, "test-one_byte").uniform(-14, 6, 5000)) * stream(1, "test-one_byte").choice([-1, 1], 5000)
    wanted = []
    for x in g.tolist():
        k = min(max(round(8 * math.log(abs(x))) + 96, 1), 127)
        wanted.append(k + 128 if x < 0 else k)
    assert one_byte.encode(g).tolist() == wanted
    signs = [(-1 if code >= 128 else 1) * math.exp((code % 128 - 96) / 8) for code in wanted]
    np.testing.assert_allclose(one_byte.decode(np.array(wanted), like=g), signs, rtol=1e-15)


def test_all_codes_but_one_come_back():
    codes = np.arange(256)
    back = one_byte.encode(one_byte.decode(codes, like=np.zeros(1)))
    assert np.flatnonzero(back != codes).tolist() == [128]


@given(st.floats(1e-5, 47.0), st.sampled_from([-1.0, 1.0]))
@settings(max_examples=100, deadline=None)
def test_no_slope_in_the_range_is_off_by_more_than_the_bound(size, sign):
    g = np.array([sign * size])
    seen = one_byte.decode(one_byte.encode(g), like=g)
    assert abs(math.log(seen[0] / g[0])) <= 1 / 16 + 1e-12


def test_a_number_above_the_range_of_float32_is_no_warning():
    with np.errstate(all="raise"):
        assert one_byte.encode(np.array([3e38, 1e-45, 0.0], np.float32)).tolist() == [127, 1, 0]


def test_the_authors_quantiser():
    g = np.exp(stream(2, "test-one_byte").uniform(-9, 9, 5000))
    power = [math.exp(min(max(round(16 * math.log(x)), -127), 127) / 16) for x in g.tolist()]
    np.testing.assert_allclose(baselines.quantise_official(-g), -np.array(power), rtol=1e-15)


# The slope ------------------------------------------------------------------------------------------------------------


def test_the_error_of_a_probe_is_that_of_the_third_derivative():
    """L = sum c w^3: the slope is z . gradient + eps^2 sum c z^3, exactly."""
    c, w, z = stream(3, "test-one_byte").standard_normal((3, 6))
    for eps in (0.5, 0.1):
        g = one_byte.spsa(lambda w: np.sum(c * w**3), w, z, eps=eps)
        np.testing.assert_allclose(g - z @ (3 * c * w**2), eps**2 * np.sum(c * z**3), rtol=1e-10)


def test_scores_are_affine_in_the_pixels():
    rng = stream(8, "test-one_byte")
    x, w = rng.standard_normal((3, 64)), rng.standard_normal((64, 10))
    got = baselines.logits(np.concatenate([w.reshape(-1), np.arange(10.0)]), x)
    wanted = [[sum(x[i, p] * w[p, c] for p in range(64)) + c for c in range(10)] for i in range(3)]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_a_probe_is_the_derivative_along_z():
    part = baselines.split(0, like=np.zeros(1))
    w, z = 0.1 * stream(4, "test-one_byte").standard_normal((2, baselines.SIZE))
    loss = lambda w: baselines.loss(w, part.x[:64], part.y[:64])
    slope = grad(loss)(w)
    np.testing.assert_allclose(one_byte.spsa(loss, w, z, eps=1e-4), z @ slope, rtol=1e-7)
    np.testing.assert_allclose(baselines.gradient(w, part.x[:64], part.y[:64]), slope, atol=1e-15)


def test_dust_of_probes_in_place_and_how_it_goes():
    """Machines that probe in place part ways in the last bits; a replay from a copy brings them together."""
    w0 = stream(5, "test-one_byte").standard_normal(3)
    loss, log = (lambda w: np.sum(np.cosh(w))), []
    fleet = {m: one_byte.start(m, w0) for m in (0, 1)}
    for t in range(16):
        sent = {}
        for m, machine in fleet.items():
            blocks = [machine.w]
            g = one_byte.spsa_in_place(lambda b: loss(b[0]), blocks, lambda i, m=m, t=t: DRAW(t, m, 0))
            fleet[m], sent[m] = machine._replace(w=blocks[0]), one_byte.encode(np.asarray(g)[None]).tobytes()
        log.append(sent)
        fleet = {m: one_byte.update(machine, sent, DRAW, eta=0.05) for m, machine in fleet.items()}
    apart = np.max(np.abs(fleet[0].w - fleet[1].w))
    assert 0 < apart < 1e-13
    with pytest.raises(ValueError, match="w of machine 1 must have the bits of machine 0"):
        one_byte.check_together(fleet.values())
    one_byte.check_together([one_byte.replay(one_byte.start(m, w0), log, DRAW, eta=0.05) for m in fleet])


# Shared randomness ----------------------------------------------------------------------------------------------------


def philox(key, counter):
    """A block of Philox 4x64-10 (Salmon et al., 2011), on Python integers."""
    word = 2**64 - 1
    k, c = list(key), list(counter)
    for _ in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * c[0], 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * c[2], 2**64)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B97F4A7C15) & word, (k[1] + 0xBB67AE8584CAA73B) & word]
    return c


@pytest.mark.parametrize(("key", "counter"), [((0, 0), (0, 0)), ((7, 3), (1, 250)), ((2**64 - 1, 5), (2**63, 9))])
def test_draws_are_those_of_the_published_generator(key, counter):
    words = counted(key, counter).bit_generator.random_raw(8).tolist()
    assert words == [*philox(key, (1, 0, *counter)), *philox(key, (2, 0, *counter))]


def test_no_two_directions_are_alike():
    places = [(t, m, k) for t in range(6) for m in range(6) for k in range(6)]
    z = np.stack([DRAW(*place) for place in places])
    assert len({row.tobytes() for row in z}) == len(places)
    assert len({one_byte.directions(seed, like=np.zeros(3))(0, 0, 0).tobytes() for seed in range(50)}) == 50


@pytest.mark.parametrize(
    ("key", "counter"), [((0,), (0, 0)), ((0, 2**64), (0, 0)), ((0, 0), (-1, 0)), ((0, 0), (0.5, 0))]
)
def test_a_place_must_be_two_pairs_of_words(key, counter):
    with pytest.raises((TypeError, ValueError), match=r"key|counter"):
        counted(key, counter)


def test_uniform_directions_are_told_by_their_moments():
    """The mistake that no operation can show, since all of them are given their directions."""
    second = lambda: np.mean(one_byte.directions(0, like=np.zeros(20_000))(0, 0, 0) ** 2)
    assert second() == pytest.approx(1, abs=0.03)
    with edited("uniform_directions"):
        assert second() == pytest.approx(1 / 3, abs=0.03)


def steps_of_two_machines():
    """What each of two machines alone would do in one iteration."""
    starts = [one_byte.start(m, np.zeros(3)) for m in (0, 1)]
    losses = [lambda w: w @ np.array([1.0, 2.0, 3.0])]
    return [one_byte.update(s, {s.id: one_byte.probe(s, losses, DRAW)}, DRAW, eta=0.1).w for s in starts]


def test_machines_step_in_directions_of_their_own():
    assert np.linalg.matrix_rank(steps_of_two_machines()) == 2
    with edited("one_direction_for_all"):
        assert np.linalg.matrix_rank(steps_of_two_machines()) == 1


# Bits -----------------------------------------------------------------------------------------------------------------


def random_log(rng, iterations=4, machines=4):
    return [
        {m: bytes((rng.integers(1, 128, 2) + 128 * rng.integers(0, 2)).clip(1, 255).tolist()).replace(b"\x80", b"\x81")
         for m in rng.permutation(machines)[: rng.integers(1, machines + 1)].tolist()}
        for _ in range(iterations)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_arrival_changes_nothing_and_another_order_does(seed):
    rng = stream(seed, "test-one_byte", "arrival")
    draw = one_byte.directions(seed, like=np.zeros(50))
    log = random_log(rng, 12, 6)
    turned = [dict(reversed(messages.items())) for messages in log]
    begin = one_byte.start(9, rng.standard_normal(50))
    ends = [one_byte.digest(one_byte.replay(begin, x, draw, eta=0.1).w) for x in (log, turned)]
    assert ends[0] == ends[1]
    with edited("arrival_order"):
        ends = [one_byte.replay(begin, x, draw, eta=0.1).w for x in (log, turned)]
    assert one_byte.digest(ends[0]) != one_byte.digest(ends[1])
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)


def test_the_fingerprint_sees_the_middle_of_a_large_array():
    w = np.zeros(10_000)
    other = w.copy()
    other[5000] = 1.0
    assert one_byte.digest(w) != one_byte.digest(other)
    with edited("abbreviated_fingerprint"):
        assert one_byte.digest(w) == one_byte.digest(other)


def test_two_machines_and_one_that_joins_before_the_third_iteration():
    """The steps written out: three iterations on L = w.a with private a."""
    a = {0: np.array([1.0, 2.0, -1.0]), 1: np.array([0.5, -1.0, 3.0]), 2: np.array([2.0, 0.0, 1.0])}
    w, log, fleet = np.zeros(3), [], {m: one_byte.start(m, np.zeros(3)) for m in (0, 1)}
    for t in range(3):
        if t == 2:
            fleet[2] = one_byte.replay(one_byte.start(2, np.zeros(3)), log, DRAW, eta=0.2)
            assert one_byte.digest(fleet[2].w) == one_byte.digest(one_byte.copy(3, fleet[0]).w)
        sent = {m: one_byte.probe(machine, [lambda w, m=m: w @ a[m]], DRAW) for m, machine in fleet.items()}
        log.append(sent)
        fleet = {m: one_byte.update(machine, sent, DRAW, eta=0.2) for m, machine in fleet.items()}
        one_byte.check_together(fleet.values())
        step = np.zeros(3)
        for m in sorted(sent):
            slope = DRAW(t, m, 0) @ a[m]
            step += math.copysign(math.exp(round(8 * math.log(abs(slope))) / 8), slope) * DRAW(t, m, 0)
        w = w - 0.2 / math.sqrt(len(sent)) * step
    np.testing.assert_allclose(fleet[2].w, w, rtol=1e-12)


def test_the_scalars_are_the_full_gradient_of_the_same_estimate():
    rng = stream(6, "test-one_byte")
    w, z, g = rng.standard_normal(5), rng.standard_normal((6, 5)), rng.standard_normal(6)
    machines = [slice(0, 2), slice(2, 6)]
    sent = [baselines.spsa_gradient(g[m], z[m]) for m in machines]
    scalars = baselines.apply_slopes(w, g, z, eta=0.3)
    np.testing.assert_allclose(scalars, w - 0.3 / math.sqrt(6) * sum(sent), rtol=1e-13)
    np.testing.assert_allclose(baselines.apply_slopes(w, g, z, eta=0.3, norm="mean"), w - 0.05 * sum(sent), rtol=1e-13)


def test_sgd_takes_the_mean():
    gradients = stream(7, "test-one_byte").standard_normal((4, 3))
    np.testing.assert_allclose(baselines.sgd(np.ones(3), gradients, lr=0.5), 1 - gradients.sum(axis=0) / 8, rtol=1e-14)


def test_a_loss_that_is_not_finite_makes_a_byte_of_0_and_stops_nobody():
    machine = one_byte.start(0, np.array([1.0, 2.0, 3.0]))
    losses = [lambda w: np.nan * w[0], lambda w: np.inf * abs(w[0]), lambda w: np.exp(1e5 * w[0]), lambda w: w[0]]
    with np.errstate(all="ignore"):
        sent = one_byte.probe(machine, losses, DRAW)
    assert sent[:2] == b"\x00\x00"
    assert sent[3] > 0
    assert np.isfinite(one_byte.update(machine, {0: sent}, DRAW, eta=0.1).w).all()


# What is refused ------------------------------------------------------------------------------------------------------

HALF = one_byte.start(0, np.zeros(3))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: one_byte.start(-1, np.zeros(3)), ValueError, "id"),
        (lambda: one_byte.start(0, np.zeros((3, 1))), ValueError, "w must"),
        (lambda: one_byte.start(0, np.array([np.nan])), ValueError, "w must"),
        (lambda: one_byte.start(0, [0.0]), TypeError, "w must"),
        (lambda: one_byte.spsa(np.sum, np.zeros(3), np.zeros(2)), ValueError, "z must"),
        (lambda: one_byte.spsa(np.sum, np.zeros(3), np.zeros(3), eps=0.0), ValueError, "eps"),
        (lambda: one_byte.spsa(np.sum, np.zeros(3), np.zeros(3), eps=-1.0), ValueError, "eps"),
        (lambda: one_byte.spsa_in_place(np.sum, [np.zeros(3)], lambda i: np.zeros(3), eps=0), ValueError, "eps"),
        (lambda: one_byte.shift([np.zeros(3)], lambda i: np.zeros(2), 1.0), ValueError, "z must"),
        (lambda: one_byte.shift([np.zeros(3)], lambda i: np.zeros(3), np.inf), ValueError, "scale"),
        (lambda: one_byte.encode([1.0]), TypeError, "g must"),
        (lambda: one_byte.decode(np.array([1.0]), like=np.zeros(1)), TypeError, "codes"),
        (lambda: one_byte.decode(np.array([256]), like=np.zeros(1)), ValueError, "codes"),
        (lambda: one_byte.decode(np.array([], int), like=np.zeros(1)), ValueError, "codes"),
        (lambda: one_byte.probe(HALF, [], DRAW), ValueError, "losses"),
        (lambda: one_byte.update(HALF, {}, DRAW, eta=0.1), ValueError, "messages"),
        (lambda: one_byte.update(HALF, {0: b""}, DRAW, eta=0.1), TypeError, "machine 0"),
        (lambda: one_byte.update(HALF, {0: [96]}, DRAW, eta=0.1), TypeError, "machine 0"),
        (lambda: one_byte.update(HALF, {3: b"\x60\x80"}, DRAW, eta=0.1), ValueError, "128 from machine 3"),
        (lambda: one_byte.update(HALF, {-1: b"\x60"}, DRAW, eta=0.1), ValueError, "messages"),
        (lambda: one_byte.update(HALF, {0: b"\x60"}, DRAW, eta=0.0), ValueError, "eta"),
        (lambda: one_byte.update(HALF, {0: b"\x60"}, DRAW, eta=1.0, norm="none"), ValueError, "norm"),
        (lambda: one_byte.update(HALF, {0: b"\x60"}, lambda t, m, k: np.zeros(2), eta=1.0), ValueError, "z must"),
        (lambda: one_byte.replay(HALF._replace(t=3), [{0: b"\x60"}], DRAW, eta=0.1), ValueError, "log"),
        (lambda: one_byte.copy(0, HALF), ValueError, "id"),
        (lambda: one_byte.check_together([HALF, HALF]), ValueError, "0 twice"),
        (lambda: one_byte.check_together([HALF, one_byte.start(1, np.zeros(4))]), ValueError, "machine 1 .*shape"),
        (lambda: one_byte.check_together([HALF, one_byte.start(1, np.zeros(3, "f4"))]), ValueError, "1 .*dtype"),
        (lambda: one_byte.check_together([HALF, HALF._replace(id=1, t=2)]), ValueError, "t of machine 1"),
        (lambda: one_byte.check_together([HALF, one_byte.start(1, np.ones(3))]), ValueError, "w of machine 1"),
        (lambda: baselines.apply_slopes(np.zeros(2), np.zeros(2), [np.zeros(3)] * 2, eta=0.1), ValueError, "z must"),
        (lambda: network.unpack(b"abc"), ValueError, "data"),
        (lambda: network.unpack(network.pack(0, {0: b"abc"})[:-1]), ValueError, "machine 0"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


# Networks -------------------------------------------------------------------------------------------------------------

SHORT = network.Settings(steps=12, seed=0)
W0 = np.zeros(baselines.SIZE)


@pytest.fixture(scope="module")
def losses():
    return lambda m: network.losses_of(m, 0)


def test_threads_agree_with_the_loop_in_one_process(losses):
    hub = network.Local()
    for m in range(3):
        hub.run(m, W0, losses(m), SHORT)
    held = network.hold(hub, steps=12, machines=3)
    ends = hub.results()
    one_byte.check_together(ends)
    assert held.payload == [3] * 12
    assert held.log == [dict(sorted(messages.items())) for messages in held.log]
    draw = one_byte.directions(0, like=W0)
    assert one_byte.digest(one_byte.replay(one_byte.start(9, W0), held.log, draw, eta=0.05).w) == one_byte.digest(
        ends[0].w
    )
    hello = f"h0 w0 (650,) float64 {one_byte.digest(W0)}, settings.seed=0, {SHORT.rates()}"
    assert held.up == 3 * (12 * (1 + 8 + 1) + len(hello))
    assert held.down == 3 * 12 * (1 + 3 * 9) + 3 * 3


class GivesUp(network.Local):
    """A hub that calls the time out after so many frames, without a clock."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def receive(self, seconds):
        self.left -= 1
        return super().receive(seconds) if self.left != -1 else None


def test_one_that_lags_is_dropped_and_comes_back_with_all_that_was_sent(losses):
    """The barrier waits in vain for a byte of iteration 4; the machine returns under another number."""
    hub = GivesUp(3 + 4 * 3 + 2)
    for m in range(3):
        hub.run(m, W0, losses(m), SHORT, silent=4 if m == 1 else None, rejoin=True)
    held = network.hold(hub, steps=12, machines=3)
    ((lost, when),) = held.dropped.items()
    assert when == 4
    back = max(held.joined)
    assert held.joined[back] > 4
    assert back == 3
    assert lost not in held.log[5]
    assert back in held.log[-1]
    ends = hub.results()
    assert {machine.t for machine in ends} == {12}
    one_byte.check_together(ends)
    assert 0 < held.catching_up < 12 * 3 * 9  # it knew the first iterations


def guest(hub, told, w0, losses, settings, change=lambda frame: frame):
    """A machine that begins when told to, says hello before anything else goes on, and notes why it is refused."""
    link, greeted = hub.link("guest"), threading.Event()

    class Link:
        receive = staticmethod(link.receive)

        def send(self, frame):
            link.send(change(frame))
            greeted.set()

    def run():
        try:
            network.take_part(Link(), w0, losses, settings)
        except ValueError as error:
            told.append(str(error))

    thread = threading.Thread(target=run)

    def begin():
        thread.start()
        greeted.wait()

    return begin, thread


@pytest.mark.parametrize(
    ("w0", "other", "words"),
    [
        (np.zeros(5), {}, "w0 (5,)"),
        (np.ones(baselines.SIZE), {}, one_byte.digest(np.ones(baselines.SIZE))),
        (W0.astype(np.float32), {}, "float32"),
        (W0, {"seed": 5}, "seed=5"),
        (W0, {"eta": 0.1}, "0.1"),
        (W0, {"norm": "mean"}, "mean"),
    ],
)
def test_who_begins_elsewhere_is_refused(losses, w0, other, words):
    hub, told = network.Local(), []
    begin, thread = guest(hub, told, w0, losses(1), SHORT._replace(**other))
    hub.run(0, W0, losses(0), SHORT)
    network.hold(hub, steps=12, machines=1, between=lambda t: begin() if t == 3 else None)
    thread.join()
    assert "start must be that of the first machine, w0 (650,) float64" in told[0]
    assert words in told[0].partition("; got ")[2]


@pytest.mark.parametrize(
    ("payload", "words"), [({1: b"\x80"}, "128 from machine 1"), ({0: b"\x60"}, "of machine 1, got")]
)
def test_who_sends_what_nobody_sends_is_dropped_alone(losses, payload, words):
    hub, told = network.Local(), []

    def spoiled(frame):
        bad = frame[:1] == b"r" and 3 in network.unpack(frame[1:])
        return b"r" + network.pack(3, payload) if bad else frame

    begin, thread = guest(hub, told, W0, losses(1), SHORT, spoiled)
    hub.run(0, W0, losses(0), SHORT)
    held = network.hold(hub, steps=12, machines=1, between=lambda t: begin() if t == 0 else None)
    thread.join()
    assert held.joined[1] <= 3
    assert held.dropped == {1: 3}
    assert held.log[3].keys() == {0}
    assert words in told[0]
    assert [machine.t for machine in hub.results()] == [12]


def test_nobody_left_is_an_error(losses):
    hub = GivesUp(1 + 2)
    hub.run(0, W0, losses(0), SHORT, silent=2)
    with pytest.raises(RuntimeError, match="iteration 2"):
        network.hold(hub, steps=12, machines=1)


def check_run(held, ends, steps, *, gone):
    """What must hold of every run in which the machine `gone` is no more after the middle, and one joins."""
    assert sum(len(payload) for messages in held.log for payload in messages.values()) == sum(held.payload)
    through = {id for id, (t, _) in ends.items() if t == steps}
    assert len({ends[id][1] for id in through}) == 1
    draw = one_byte.directions(0, like=W0)
    again = one_byte.replay(one_byte.start(99, W0), held.log, draw, eta=0.05)
    assert one_byte.digest(again.w) == ends[min(through)][1]  # all of it is in the bytes
    newcomer = max(held.joined)
    assert 0 < held.joined[newcomer] < steps
    assert newcomer in through
    assert all(gone not in messages for messages in held.log[held.dropped[gone] + 1 :])
    assert gone in held.log[held.dropped[gone] - 1]
    return through


def test_the_command_line_names_its_networks(capsys):
    """What it prints is tested with `tell`; the machines of the next test begin here."""
    with pytest.raises(SystemExit):
        network.main(["pigeons"])
    assert "sockets" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="kills a process with SIGKILL")
def test_processes_of_which_one_is_killed_and_one_joins_late():
    settings = network.Settings(steps=120, seed=0)
    held, ends = network.sockets(settings, machines=3, kill=60, join=30)
    (gone,) = held.dropped
    assert gone not in ends
    assert len(check_run(held, ends, 120, gone=gone)) == 3
    assert "1 fingerprint at the end" in network.tell(held, ends)


def missing_mpi():
    """Why MPI cannot be run here, or None."""
    if importlib.util.find_spec("mpi4py") is None:
        return "mpi4py is not installed (the extra `cluster`)"
    launcher = shutil.which("mpiexec", path=os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", ""))
    return None if launcher else "there is no mpiexec"


@pytest.mark.skipif(bool(missing_mpi()), reason=missing_mpi() or "")
def test_mpi_ranks_of_which_one_falls_silent_and_one_joins_late(tmp_path):
    """A rank that dies takes the job with it, so none is killed here."""
    script = inspect.getsource(_mpi_script)
    (tmp_path / "run.py").write_text(f"{script}\n_mpi_script()\n")
    launcher = shutil.which("mpiexec", path=os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", ""))
    root = os.path.dirname(os.path.dirname(os.path.dirname(network.__file__)))
    run = subprocess.run(
        [launcher, "-n", "5", sys.executable, str(tmp_path / "run.py")],
        env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    held, ends = eval(run.stdout, {"Held": network.Held})
    (gone,) = held.dropped
    assert ends[gone][0] == held.dropped[gone] == 30
    assert len(check_run(held, ends, 60, gone=gone)) == 3


def _mpi_script():
    from refimpl.distributed import _one_byte_network as network

    held, ends = network.mpi(network.Settings(steps=60, seed=0), silent=30, join=15, patience=20.0)
    if held:
        print((held, ends))


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is not installed (the extra `cluster`)"
)
@pytest.mark.filterwarnings("ignore")
def test_dask_workers_of_which_one_is_killed_and_one_joins_late():
    held, ends = network.dask(network.Settings(steps=40, seed=0), machines=3, kill=20, join=10)
    (gone,) = held.dropped
    assert gone not in ends
    assert len(check_run(held, ends, 40, gone=gone)) == 3


# The claims -----------------------------------------------------------------------------------------------------------


def test_the_fast_run_of_the_claims_is_the_run_of_machines():
    from refimpl.specs.distributed.one_byte import claims

    w, log, _ = claims.run(0, 3, steps=25)
    fleet, there, path = baselines.train(3, claims.private(0, 3), claims.directions(0), steps=25, eta=0.05)
    assert log == there
    assert one_byte.digest(w) == one_byte.digest(path[-1]) == one_byte.digest(fleet[2].w)


def test_claims_are_those_of_the_spec():
    assert [claim.id for claim in CLAIMS] == [f"one_byte.C{i}" for i in range(1, 9)]
    assert catalog.system("one_byte").claims == CLAIMS
