"""What the oracle knows of one byte per gradient."""

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.distributed import one_byte
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.distributed.one_byte import cases, exact, laws
from refimpl.specs.distributed.one_byte.claims import CLAIMS
from refimpl.specs.distributed.one_byte.mistakes import ALTERNATIVES
from refimpl.specs.domains import POSITIVE, WHOLE, Relation, real, whole


def encode(g, slope, offset):
    """Codes of slopes, as numbers."""
    return array_namespace(g).astype(one_byte.encode(g, slope=slope, offset=offset), g.dtype)


def decode(code, slope, offset):
    """Slopes of codes."""
    xp = array_namespace(code)
    like = xp.zeros(1, dtype=xp.float64, device=device(code))
    return one_byte.decode(code, like=like, slope=slope, offset=offset)


def projected_gradient(loss_plus, loss_minus, eps):
    """Slopes from pairs of losses."""
    return one_byte.projected_gradient(loss_plus, loss_minus, eps=eps)


def _quadratic(A, b):
    return lambda w: 0.5 * (w @ (A @ w)) - b @ w


def spsa_quadratic(A, b, w, z, eps):
    """Slopes of a quadratic along many directions, one after the other in place."""
    blocks, loss, slopes = [w], _quadratic(A, b), []
    for k in range(z.shape[0]):
        slopes.append(one_byte.spsa_in_place(lambda blocks: loss(blocks[0]), blocks, lambda i: z[k, :], eps=eps))
    return array_namespace(w).stack(slopes)


def apply_update(w, codes, z, eta, norm, slope, offset):
    """One iteration, from codes and directions in the public order."""
    directions = (z[i, :] for i in range(z.shape[0]))
    return one_byte.apply_update(w, codes, directions, eta=eta, norm=norm, slope=slope, offset=offset)


def replay(w0, machines, codes, z, eta, norm, slope, offset):
    """A newcomer's parameters after each iteration of a log whose messages come in any order."""
    newcomer, log, places = one_byte.start(10**6, w0), [], {}
    for t in range(machines.shape[0]):
        messages: dict[int, bytes] = {}
        for i in range(machines.shape[1]):
            m = int(machines[t, i])
            if m >= 0:
                places[t, m, len(messages.get(m, b""))] = t, i
                messages[m] = messages.get(m, b"") + bytes([int(codes[t, i])])
        log.append(messages)
    rates = {"eta": eta, "norm": norm, "slope": slope, "offset": offset}
    rows = []
    for t in range(len(log)):
        newcomer = one_byte.replay(newcomer, log[: t + 1], lambda t, m, k: z[(*places[t, m, k], ...)], **rates)
        rows.append(newcomer.w)
    return array_namespace(w0).stack(rows)


def rounds(A, b, w0, z, joins, leaves, eps, eta, norm):
    """Machines on quadratics of their own, some of which join late or leave early; what is sent, and parameters."""
    xp, draw = array_namespace(w0), lambda t, m, k: z[t, m, k, ...]
    T, M, S = z.shape[:3]
    rates = {"eta": eta, "norm": norm}
    machines: dict[int, one_byte.Machine] = {}
    log: list[dict[int, bytes]] = []
    sent, rows = [], []
    for t in range(T):
        for m in range(M):
            if joins[m] == t:
                machines[m] = one_byte.replay(one_byte.start(m, w0), log, draw, **rates)
            if leaves[m] == t:
                machines.pop(m, None)
        messages = {
            m: one_byte.probe(machine, [_quadratic(A, b[t, m, k, ...]) for k in range(S)], draw, eps=eps)
            for m, machine in machines.items()
        }
        log.append(messages)
        machines = {m: one_byte.update(machine, messages, draw, **rates) for m, machine in machines.items()}
        sent.append([list(messages.get(m, S * [-1])) for m in range(M)])
        rows.append(machines[max(machines)].w)  # the one who came last
    return xp.asarray(sent, dtype=w0.dtype, device=device(w0)), xp.stack(rows)


def _somebody(i):
    t = np.arange(len(i["z"]))[:, None]
    return bool(np.all(np.any((i["joins"] <= t) & (t < i["leaves"]), axis=1)))


_BYTES = whole(0, 255)
_SCALE = (number("slope", "codes to a factor of e", POSITIVE), integer("offset", "code of |g| = 1", WHOLE))
_RATE = (
    number("eta", "step size", POSITIVE),
    choice("norm", ("sqrt", "mean"), "eta is divided by the root of N, or by N"),
)
_EPS = number("eps", "size of the perturbation", POSITIVE)
_BAD_SCALE = refusals.numbers("slope", "offset")
_BAD_RATE = (
    refusals.numbers("eta"),
    ErrorCase("unknown-norm", "there are two", {"norm": "none"}, ValueError, "norm"),
)

ENCODE = Operation(
    name="one_byte.encode",
    summary="slopes as bytes: bit 7 the sign, bits 0 to 6 round(slope ln|g|) + offset between 1 and 127; 0 for what is "
    "0 or not finite",
    inputs=(array("g", "N", "slopes", real(infinite=True, nan=True)), *_SCALE),
    outputs=(array("code", "N", "integers in 0 to 255, never 128"),),
    reference=encode,
    exact=exact.encode,
    exact_source="thresholds between the codes, in 50 digits, counted",
    cases=cases.ENCODE,
    sample=cases.sample_encode,
    laws=laws.ENCODE,
    errors=(_BAD_SCALE,),
    without={"long": "it has no steps"},
)

DECODE = Operation(
    name="one_byte.decode",
    summary="bytes as slopes: sign times exp((k - offset) / slope), and 0 where k = 0",
    inputs=(array("code", "N", "bytes", _BYTES), *_SCALE),
    outputs=(array("g", "N", "slopes"),),
    reference=decode,
    exact=exact.decode,
    exact_source="a geometric sequence in 50 digits",
    cases=cases.DECODE,
    sample=cases.sample_decode,
    laws=laws.DECODE,
    errors=(
        _BAD_SCALE,
        ErrorCase("no-byte", "a byte ends at 255", {"code": np.array([96.0, 256.0])}, ValueError, "codes"),
        ErrorCase("negative-code", "a byte begins at 0", {"code": np.array([-1.0, 96.0])}, ValueError, "codes"),
        ErrorCase("half-a-code", "a code is an integer", {"code": np.array([1.5])}, TypeError, "codes"),
    ),
    without={"long": "it has no steps"},
)

PROJECTED = Operation(
    name="one_byte.projected_gradient",
    summary="slopes from the losses at w + eps z and at w - eps z",
    inputs=(array("loss_plus", "N", "losses at w + eps z"), array("loss_minus", "N", "losses at w - eps z"), _EPS),
    outputs=(array("g", "N", "slopes"),),
    reference=projected_gradient,
    exact=exact.projected_gradient,
    exact_source="slope of the secant, in fractions",
    cases=cases.PROJECTED,
    sample=cases.sample_projected,
    laws=laws.PROJECTED,
    errors=(
        refusals.numbers("eps"),
        ErrorCase("one-loss-short", "losses come in pairs", {"loss_minus": np.zeros(2)}, ValueError, "loss_minus"),
    ),
    without={"long": "it has no steps"},
)

SPSA = Operation(
    name="one_byte.spsa_quadratic",
    summary="slopes of L(w) = w.A w / 2 - b.w at one w along N directions, from two losses each",
    inputs=(
        array("A", "d d", "any square matrix; L sees its symmetric part"),
        array("b", "d", "linear part"),
        array("w", "d", "parameters"),
        array("z", "N d", "directions"),
        _EPS,
    ),
    outputs=(array("g", "N", "slopes along the directions"),),
    reference=spsa_quadratic,
    exact=exact.spsa_quadratic,
    exact_source="the gradient along z in fractions, without eps",
    cases=cases.SPSA,
    sample=cases.sample_spsa,
    laws=laws.SPSA,
    errors=(
        refusals.numbers("eps"),
        ErrorCase("directions-too-long", "z is like w", {"z": np.ones((2, 3))}, ValueError, "z"),
    ),
    without={"long": "it has no steps"},
)

UPDATE = Operation(
    name="one_byte.apply_update",
    summary="the step of one iteration from codes and directions in the public order: w - eta / s(N) sum of g-hat z",
    inputs=(
        array("w", "d", "parameters"),
        array("codes", "N", "bytes of all samples", _BYTES),
        array("z", "N d", "their directions"),
        *_RATE,
        *_SCALE,
    ),
    outputs=(array("new_w", "d", "parameters after the step"),),
    reference=apply_update,
    exact=exact.apply_update,
    exact_source="one weighted sum of the directions in 50 digits",
    cases=cases.UPDATE,
    sample=cases.sample_update,
    laws=laws.UPDATE,
    errors=(
        *_BAD_RATE,
        _BAD_SCALE,
        ErrorCase("no-byte", "a byte ends at 255", {"codes": np.array([96.0, 256.0])}, ValueError, "codes"),
        ErrorCase("a-code-too-many", "a direction for each", {"codes": np.full(3, 96.0)}, ValueError, "directions"),
        ErrorCase("a-direction-too-many", "a code for each", {"codes": np.full(1, 96.0)}, ValueError, "directions"),
        ErrorCase("directions-too-long", "z is like w", {"z": np.ones((2, 5))}, ValueError, "z"),
        ErrorCase("nan-in-w", "NaN is no parameter", {"w": np.full(2, np.nan)}, ValueError, "w"),
    ),
)

REPLAY = Operation(
    name="one_byte.replay",
    summary="parameters after each iteration of a log. Messages come in any order, the samples of a machine in theirs; "
    "-1 for a machine is an empty place, which does not count in N",
    inputs=(
        array("w0", "d", "public start"),
        array("machines", "T N", "who sent it, or -1: nobody", whole(-1)),
        array("codes", "T N", "what was sent", _BYTES),
        array("z", "T N d", "its direction"),
        *_RATE,
        *_SCALE,
    ),
    outputs=(array("w", "T d", "parameters after each iteration", steps=True),),
    reference=replay,
    exact=exact.replay,
    exact_source="a weighted sum for each iteration in 50 digits",
    cases=(*cases.REPLAY, sizes.one_step),
    sample=cases.sample_replay,
    laws=laws.REPLAY,
    relations=(
        Relation(
            "somebody sends in every iteration",
            ("machines",),
            lambda i: bool(np.all(np.max(i["machines"], axis=1) >= 0)),
        ),
        Relation(
            "nobody sends 128",
            ("machines", "codes"),
            lambda i: not np.any((i["machines"] >= 0) & (i["codes"] == 128)),
        ),
    ),
    errors=(
        *_BAD_RATE,
        _BAD_SCALE,
        ErrorCase(
            "never-sent",
            "no machine sends 128",
            {"codes": np.array([[96.0, 128.0, 88.0], [104.0, 200.0, 0.0]])},
            ValueError,
            "messages",
        ),
        ErrorCase("nobody", "somebody must have sent", {"machines": np.full((2, 3), -1.0)}, ValueError, "messages"),
    ),
)

ROUNDS = Operation(
    name="one_byte.rounds",
    summary="the whole method on quadratics w.A w / 2 - b.w, with a b for each sample: what is sent, and the "
    "parameters; machine m is there from iteration joins[m] to the one before leaves[m]",
    inputs=(
        array("A", "d d", "any square matrix; L sees its symmetric part"),
        array("b", "T M S d", "linear part of the loss of each sample"),
        array("w0", "d", "public start"),
        array("z", "T M S d", "direction of each sample"),
        array("joins", "M", "first iteration of each machine, counted from 0", WHOLE),
        array("leaves", "M", "iteration in which it is there no more", WHOLE),
        _EPS,
        *_RATE,
    ),
    outputs=(
        array("codes", "T M S", "what is sent, with slope 8 and offset 96; -1: not there", steps=True),
        array("w", "T d", "parameters after each iteration", steps=True),
    ),
    reference=rounds,
    exact=exact.rounds,
    exact_source="one vector of parameters for all in 50 digits, with gradients in place of differences",
    cases=cases.ROUNDS,
    sample=cases.sample_rounds,
    laws=laws.ROUNDS,
    relations=(Relation("somebody is there in every iteration", ("joins", "leaves"), _somebody),),
    errors=(refusals.numbers("eps"), *_BAD_RATE),
    without={
        "long": "from round to round it carries what `replay` does, which has a long case",
        "large": "A has d x d entries; `apply_update` and `replay` have large cases",
    },
)

SYSTEM = System(
    name="one_byte",
    chapter="distributed",
    summary="data-parallel training that sends one byte a sample: SPSA along directions that all machines can rebuild",
    paper=Paper(
        title="Just One Byte (per gradient): A Note on Low-Bandwidth Decentralized Language Model Finetuning Using "
        "Shared Randomness",
        authors="Zelikman, Huang, Liang, Haber, Goodman",
        arxiv="2306.10015",
        year=2023,
        key="zelikman2023just",
    ),
    operations=(ENCODE, DECODE, PROJECTED, SPSA, UPDATE, REPLAY, ROUNDS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "one_byte-1": "abstract, shared randomness; ours: a counter in place of a seed made of digits",
        "one_byte-2": "Spall (1992), as in Malladi et al. (2023)",
        "one_byte-3": "ours: the authors' code rounds 16 ln|g| to 255 values and a sign, which is more than a byte",
        "one_byte-4": "ours: bit 7 is the sign",
        "one_byte-5": "ours: the inverse",
        "one_byte-6": "the authors' app.py (root of N) and app_jax.py (N)",
        "one_byte-7": "the authors' code, update_weights and apply_all_grads",
        "one_byte-8": "the authors' code, add_perturbation; Malladi et al. (2023), Algorithm 1",
    },
)
