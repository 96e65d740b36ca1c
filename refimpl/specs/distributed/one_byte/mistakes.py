"""What goes wrong in one byte per gradient: lines of the source that read otherwise."""

from refimpl.specs.base import mistake

APP = "https://github.com/ezelikman/justonebyte/blob/main/app.py"
JAX = "https://github.com/ezelikman/justonebyte/blob/main/app_jax.py"


def _probing(direction):
    """What a probe looks along."""
    return f"g = xp.stack([spsa(loss, machine.w, {direction}, eps=eps) for k, loss in enumerate(losses)])"


def _moving(direction):
    """What an update moves along."""
    return f"z = ({direction} for m, k in order)"


_LAST_BITS = "another order of the same sum differs in its last bits: compare fingerprints, as `digest` does"
OWN_SLOPE = """\
moved = {m: one_byte.update(machine, messages, draw, **rates) for m, machine in machines.items()}
for m, machine in machines.items():
    step = eta / (len(machines) * S) ** (0.5 if norm == "sqrt" else 1.0)
    for k in range(S):
        g = one_byte.spsa(_quadratic(A, b[t, m, k, ...]), machine.w, z[t, m, k, ...], eps=eps)
        code = xp.asarray([messages[m][k]], dtype=xp.uint8, device=device(w0))
        change = step * (g - one_byte.decode(code, like=w0)[0]) * z[t, m, k, ...]
        moved[m] = moved[m]._replace(w=moved[m].w - change)
machines = moved"""

ALTERNATIVES = (
    # The codec
    mistake("linear_scale", "wrong_scale",
            "take the logarithm; here the byte holds |g| itself in 127 equal steps up to 5, and small slopes become 0",
            {"one_byte-3": "k = xp.clip(xp.astype(xp.round(127.0 * size / 5.0), xp.int64), 0, 127)",
             "one_byte-5": "size = 5.0 * xp.astype(k, like.dtype) / 127.0"}),
    mistake("sign_dropped", "missing_step", "bit 7 is the sign of g; here |g| is sent alone, and every step is one way",
            {"one_byte-4": "code = xp.where(sent, k, xp.zeros_like(k))"}),
    mistake("sign_in_the_lowest_bit", "wrong_order",
            "the sign is bit 7 and the size bits 0 to 6; here the size is shifted up and the sign is bit 0",
            {"one_byte-4": "code = xp.where(sent, 2 * k + xp.astype(g < 0, xp.int64), xp.zeros_like(k))",
             "decode: k = ": "k, codes = codes // 2, 255 * (codes % 2)"}),
    mistake("sign_flipped", "wrong_sign", "bit 7 is set for g < 0; here for g > 0",
            {"one_byte-4": "code = xp.where(sent, xp.where(g > 0, k + 128, k), xp.zeros_like(k))"}),
    mistake("zero_is_smallest", "missing_step",
            "0 has a code of its own, 0; here it becomes the smallest positive slope",
            {"one_byte-4": "code = xp.where(xp.isfinite(g), xp.where(g < 0, k + 128, k), xp.zeros_like(k))",
             "encode: size = ": "size = xp.where(sent, xp.abs(xp.where(sent, g, 1e-20)), 1e-20)"},
            unseen={"rounds": "no slope is 0"}),
    mistake("no_clip", "missing_step", "keep k between 1 and 127; here it runs over and takes the sign with it",
            {"one_byte-3": "k = xp.astype(xp.round(slope * xp.log(size)), xp.int64) + offset",
             "encode: return xp.astype(code": "return xp.astype(code % 256, xp.uint8)"},
            unseen={"rounds": "no slope is outside the range"}),
    mistake("rounded_down", "wrong_constant", "round to the nearest code; here to the one below, and slopes shrink",
            {"one_byte-3": "k = xp.clip(xp.astype(xp.floor(slope * xp.log(size)), xp.int64) + offset, 1, 127)"}),
    mistake("binary_logarithm", "wrong_constant", "codes count powers of e; here powers of 2",
            {"one_byte-3": "k = xp.clip(xp.astype(xp.round(slope * xp.log2(size)), xp.int64) + offset, 1, 127)",
             "one_byte-5": "size = 2.0 ** (xp.astype(k - offset, like.dtype) / slope)"}),
    mistake("minus_offset", "wrong_sign", "add the offset; here it is subtracted, and every slope of usual size is 1",
            {"one_byte-3": "k = xp.clip(xp.astype(xp.round(slope * xp.log(size)), xp.int64) - offset, 1, 127)"}),
    mistake("decoded_without_offset", "missing_step", "subtract the offset before the exponential; here it is left out",
            {"one_byte-5": "size = xp.exp(xp.astype(k, like.dtype) / slope)"}),
    mistake("zero_decoded", "missing_step", "the codes 0 and 128 stand for 0; here for a small slope",
            {"decode: return xp.where": "return xp.where(codes >= 128, -size, size)"},
            unseen={"rounds": "no slope is 0"}),
    mistake("no_number_is_largest", "numerics",
            "what is not finite is sent as 0; here an infinite slope becomes the largest step",
            {"encode: sent = ": "sent = (g != 0) & (g == g)"}, unseen={"rounds": "all losses are finite"}),
    # The slope
    mistake("eps_not_doubled", "wrong_constant", "divide by 2 eps; here by eps: every slope is doubled, 5.5 codes up",
            {"one_byte-2": "return array_namespace(loss_plus).asarray((loss_plus - loss_minus) / eps)"}),
    mistake("losses_exchanged", "wrong_sign", "L(w + eps z) - L(w - eps z); here the other way round: it climbs",
            {"one_byte-2": "return array_namespace(loss_plus).asarray((loss_minus - loss_plus) / (2 * eps))"}),
    mistake("probe_not_undone", "missing_step",
            "add eps z once more after the second loss; here the next sample is probed at w - eps z",
            {"spsa_in_place: return": "shift(blocks, draw, -eps)\n"
             "return projected_gradient(loss_plus, loss_minus, eps=eps)"}),
    mistake("one_sided", "missing_step", "probe on both sides; here L(w) stands for one of the losses",
            {"spsa_in_place: shift(blocks, draw, -2 * eps)": "shift(blocks, draw, -eps)",
             "spsa_in_place: return": "shift(blocks, draw, -eps)\n"
             "return projected_gradient(loss_plus, loss_minus, eps=eps)",
             "_spsa: return": "return projected_gradient(_value(loss, w + eps * z, w), _value(loss, w, w), eps=eps)"}),
    # The step
    mistake("step_times_eps", "wrong_scale",
            "move along z; here along eps z, the perturbation: a thousand times too slow",
            {"one_byte-7": "w = w - rate * g[i] * (1e-3 * z)"}, origin=JAX),
    mistake("sum_of_steps", "missing_step", "divide by the root of N, or by N; here the steps are added as they are",
            {"one_byte-6": "rate = eta"}),
    mistake("norm_ignored", "wrong_constant", "the root of N, unless the mean is asked for; here always N",
            {"one_byte-6": "rate = eta / N"}),
    mistake("always_root", "wrong_constant", "N, if the mean is asked for; here always the root of N",
            {"one_byte-6": "rate = eta / N**0.5"}),
    mistake("ascent", "wrong_sign", "subtract the step; here it is added",
            {"one_byte-7": "w = w + rate * g[i] * z"}),
    mistake("silent_not_counted", "wrong_constant",
            "N counts every byte; here only those that are not 0, which machines must then agree on",
            {"one_byte-6": "heard = max(1, sum(int(codes[i]) % 128 > 0 for i in range(N)))\n"
             "rate = eta / (heard**0.5 if norm == 'sqrt' else heard)"},
            unseen={"rounds": "no slope is 0"}),
    mistake("last_sample_lost", "missing_step", "every byte moves; here the last one does not",
            {"one_byte-7": "w = w - rate * g[i] * z if i < N - 1 else w"}),
    mistake("same_byte_for_all", "wrong_axis", "each direction has its own byte; here the first serves all",
            {"one_byte-7": "w = w - rate * g[0] * z"}),
    # Shared randomness
    mistake("one_direction_for_all", "wrong_axis",
            "every machine has directions of its own; here all draw those of the first: the bits still agree, the loss "
            "still falls, and the steps of an iteration are parallel",
            {"probe: g = ": _probing("draw(machine.t, 0, k)"), "update: z = ": _moving("draw(machine.t, 0, k)")}),
    mistake("same_directions_always", "missing_step",
            "a direction depends on the iteration; here not, and w never leaves the plane of the first few",
            {"probe: g = ": _probing("draw(0, machine.id, k)"), "update: z = ": _moving("draw(0, m, k)")}),
    mistake("one_direction_a_machine", "missing_step",
            "each sample has a direction of its own; here those of a machine share one",
            {"probe: g = ": _probing("draw(machine.t, machine.id, 0)"),
             "update: z = ": _moving("draw(machine.t, m, 0)")}),
    mistake("misaligned_stream", "wrong_order",
            "make the direction of the update as that of the probe; here one more number was drawn before it",
            {"update: z = ": _moving("xp.roll(draw(machine.t, m, k), 1)")}, origin=APP),
    mistake("uniform_directions", "wrong_constant",
            "directions have the covariance I; here they are uniform on [-1, 1], and the mean step is a third of the "
            "gradient",
            {"one_byte-1": "return lambda t, m, k: random.uniform(\n"
             "    random.counted((seed, m), (k, t)), shape, like=like, low=-1.0, high=1.0)"}),
    # Many machines
    mistake("own_slope_unquantised", "wrong_order",
            "a machine decodes its own byte like all others; here it uses the slope before rounding, and weights part",
            {"rounds: machines = {m: one_byte.update": OWN_SLOPE}),
    mistake("stale_snapshot", "missing_step",
            "replay all that was sent since the snapshot; here a newcomer starts from it as it is",
            {"rounds: machines[m] = ": "machines[m] = one_byte.start(m, w0)._replace(t=t)"}, origin=APP),
    mistake("the_dead_count", "wrong_constant",
            "N counts the bytes that are there; here all places, those of machines that have left too",
            {"replay: rates = ": "rates = {'eta': eta, 'norm': norm, 'slope': slope, 'offset': offset}\n"
             "log = [{**messages, 10**5: bytes(machines.shape[1] - sum(map(len, messages.values())) or 0)}\n"
             "       if sum(map(len, messages.values())) < machines.shape[1] else messages for messages in log]\n"
             "places |= {(t, 10**5, k): (t, 0) for t in range(len(log)) for k in range(machines.shape[1])}",
             "rounds: messages = ": "messages = {m: one_byte.probe(machines[m],\n"
             "    [_quadratic(A, b[t, m, k, ...]) for k in range(S)], draw, eps=eps)\n"
             "    if m in machines else bytes(S) for m in range(M)}"}),
    mistake("arrival_order", "wrong_order",
            "add up in the public order, that of the ids; here in that of arrival, and machines differ in their last "
            "bits",
            {"update: order = ": "order = [(m, k) for m in messages for k in range(len(messages[m]))]"},
            unseen={"replay": _LAST_BITS, "rounds": _LAST_BITS}),
    mistake("abbreviated_fingerprint", "wrong_output",
            "hash every byte; here the array as it is printed, which leaves out the middle of a long one",
            {"digest: return": "return hashlib.md5(repr(to_numpy(w).round(3)).encode()).hexdigest()"}, origin=APP),
)  # fmt: skip
