"""What goes wrong in Lion and in its search: lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import lion
from refimpl.optimizers._lion_programs import FOUND, follow, parse, run, show
from refimpl.specs import loops
from refimpl.specs.base import mistake, variant

BITSANDBYTES = "https://github.com/bitsandbytes-foundation/bitsandbytes"
KOZISTR = "https://github.com/kozistr/pytorch_optimizer/blob/main/pytorch_optimizer/optimizer/lion.py"

C = "c = beta1 * momentum + (1 - beta1) * grad"
MEMORY = "momentum = beta2 * momentum + (1 - beta2) * grad"


def _starts_at_gradient(theta0, grads, **rates):
    return loops.trajectory(lambda theta: lion.LionState(grads[0, ...]), lion.update, theta0, grads, **rates)


def _program(old, new):
    """The program that was found with some of its text exchanged, as the operation that runs it."""
    text = show(FOUND)
    if old not in text:
        raise ValueError(f"old must be a part of the program, got {old!r}")
    program = parse(text.replace(old, new))
    return {"found_program": lambda theta0, grads, lr: follow(program, theta0, grads, lr=lr)}


def _scale_piles_up(theta0, grads, lr):
    w, m, v, ws = theta0, 0 * theta0, 0 * theta0, []
    for t in range(grads.shape[0]):
        update, m, v = run(FOUND, w, grads[t, :], m, v, lr)
        w, lr = w - update, lr * 0.0002
        ws.append(w)
    return array_namespace(theta0).stack(ws)


def _corrected_momentum(theta0, grads, lr, beta1, beta2, weight_decay):
    xp, theta, momentum, thetas = array_namespace(theta0), theta0, 0 * theta0, []
    for t in range(grads.shape[0]):
        corrected = momentum / (1 - beta2**t) if t else momentum
        direction = xp.sign(beta1 * corrected + (1 - beta1) * grads[t, :])
        theta = theta - lr * (direction + weight_decay * theta)
        momentum = beta2 * momentum + (1 - beta2) * grads[t, :]
        thetas.append(theta)
    return xp.stack(thetas)


ALTERNATIVES = (
    mistake(
        "aliased_momentum",
        "wrong_order",
        "keep c in an array of its own; here c and the momentum share one, which is mixed twice before its sign is "
        "taken",
        {"lion-1": f"{C}\nmomentum = c = beta2 * c + (1 - beta2) * grad", "lion-3": "pass"},
        origin="https://github.com/kozistr/pytorch_optimizer/pull/135",
    ),
    mistake(
        "signed_in_place",
        "wrong_order",
        "take the sign of a copy; here c shares its array with the momentum, and the sign is taken in place, so that "
        "the momentum mixes the gradient with signs",
        {"lion-3": "momentum = beta2 * xp.sign(c) + (1 - beta2) * grad"},
    ),
    mistake(
        "fresh_momentum",
        "wrong_order",
        "compute c from the old momentum; here the momentum is updated before the step uses it",
        {"lion-1": f"{MEMORY}\n{C}", "lion-3": "pass"},
    ),
    mistake(
        "swapped_betas",
        "wrong_constant",
        "exchange beta1 and beta2: beta1 mixes the direction, beta2 updates the momentum",
        {"lion-1": f"beta1, beta2 = beta2, beta1\n{C}"},
    ),
    mistake(
        "one_rate_beta2",
        "wrong_constant",
        "mix the direction with beta1; here beta2 serves both mixes (signum at rate beta2)",
        {"lion-1": "c = beta2 * momentum + (1 - beta2) * grad"},
    ),
    mistake(
        "lazy_momentum",
        "missing_step",
        "let the momentum forget in every step; here it is left alone where the gradient is 0, as lazy optimizers do "
        "for sparse gradients",
        {"lion-3": f"momentum = xp.where(grad != 0, {MEMORY.partition(' = ')[2]}, momentum)"},
    ),
    mistake(
        "lazy_step",
        "missing_step",
        "let momentum and decay move the parameters in every step; here parameters and momentum are left alone where "
        "the gradient is 0",
        {
            "lion-2": "moved = params - lr * (xp.sign(c) + weight_decay * params)\n"
            "params = xp.where(grad != 0, moved, params)",
            "lion-3": f"momentum = xp.where(grad != 0, {MEMORY.partition(' = ')[2]}, momentum)",
        },
    ),
    mistake(
        "one_rate_beta1",
        "wrong_constant",
        "update the momentum with beta2; here beta1 serves both mixes (signum at rate beta1), or c is stored as "
        "momentum",
        {"lion-3": "momentum = c"},
    ),
    variant(
        "coupled_decay",
        "the decay is added to the gradient (`weight_decouple=False`), and the sign loses it",
        f"{KOZISTR} (a bug in {BITSANDBYTES}/issues/1992)",
        {"lion-1": f"grad = grad + weight_decay * params\n{C}", "lion-2": "params = params - lr * xp.sign(c)"},
        choice=True,
    ),
    variant(
        "decay_without_lr",
        "the decay is not multiplied by the step size (`fixed_decay`)",
        f"{KOZISTR}; https://github.com/lucidrains/lion-pytorch (`decoupled_weight_decay`)",
        {"lion-2": "params = params - lr * xp.sign(c) - weight_decay * params"},
        functions=_program(
            "update = update + wd\nlr = lr * 0.0002\nm = cosh(update)\nupdate = update * lr",
            "lr = lr * 0.0002\nupdate = update * lr\nupdate = update + wd",
        ),
        choice=True,
    ),
    mistake(
        "no_decay",
        "missing_step",
        "subtract lr * weight_decay * theta; here weight_decay is ignored",
        {"lion-2": "params = params - lr * xp.sign(c)"},
        functions=_program("update = update + wd\n", ""),
    ),
    mistake(
        "decay_after_step",
        "wrong_order",
        "decay the old parameters; here the decay sees the parameters that the sign step has already moved (as in some "
        "AdamW kernels)",
        {"lion-2": "params = params - lr * xp.sign(c)\nparams = params - lr * weight_decay * params"},
        origin=f"{BITSANDBYTES}/pull/2040",
    ),
    mistake(
        "decay_twice",
        "extra_step",
        "let the parameters decay once, beside the sign; here weight_decay * theta is added to the gradient besides",
        {"lion-1": f"grad = grad + weight_decay * params\n{C}"},
    ),
    mistake(
        "normalized",
        "wrong_axis",
        "take the sign of each coordinate; here c is divided by its length, so that the whole step has the length lr",
        {
            "lion-2": "length = xp.sqrt(xp.sum(c * c))\n"
            "params = params - lr * (c / xp.where(length > 0, length, 1.0) + weight_decay * params)"
        },
    ),
    mistake(
        "soft_sign",
        "numerics",
        "the sign is 1 whatever the size; here it is c / (|c| + 1e-8), which fades for tiny gradients",
        {"lion-2": "params = params - lr * (c / (abs(c) + 1e-8) + weight_decay * params)"},
    ),
    mistake(
        "sign_by_division",
        "numerics",
        "sign(0) is 0; here the sign is computed as c / |c|, which is NaN at zero",
        {
            "lion-2": "params = params - lr * (c / abs(c) + weight_decay * params)",
            "update: check.alike(": "pass",  # code without checks goes on with NaN
        },
    ),
    mistake(
        "sign_of_zero_is_one",
        "wrong_constant",
        "sign(0) is 0; here it is taken as +1",
        {"lion-2": "params = params - lr * (xp.where(c >= 0, xp.ones_like(c), -1.0) + weight_decay * params)"},
    ),
    mistake(
        "exchanged_weights",
        "wrong_constant",
        "the momentum is beta2 * m + (1 - beta2) * g; here its weights are exchanged",
        {"lion-3": "momentum = beta2 * grad + (1 - beta2) * momentum"},
    ),
    mistake(
        "corrected_momentum",
        "extra_step",
        "take the momentum as it is; here it is divided by 1 - beta2^t before it is mixed with the gradient, as Adam "
        "corrects its moments",
        functions={"trajectory": _corrected_momentum},
    ),
    mistake(
        "clipped_momentum",
        "extra_step",
        "keep the momentum as it is; here it is cut to [-1, 1]",
        {"lion-3": f"{MEMORY}\nmomentum = xp.minimum(xp.maximum(momentum, -xp.ones_like(c)), xp.ones_like(c))"},
    ),
    mistake(
        "exchanged_and_fresh",
        "wrong_constant",
        "the momentum is beta2 * m + (1 - beta2) * g; here its weights are exchanged, and the sign is taken of "
        "beta1 * m + (beta2 - beta1) * g with the new momentum, which equals beta2 * c only for the right weights",
        {
            "lion-1": "momentum = beta2 * grad + (1 - beta2) * momentum\nc = beta1 * momentum + (beta2 - beta1) * grad",
            "lion-3": "pass",
        },
        origin="https://github.com/FluxML/Optimisers.jl/pull/129",
    ),
    mistake(
        "sign_of_gradient",
        "missing_step",
        "take the sign of beta1 * m + (1 - beta1) * g; here the step follows the sign of the gradient alone",
        {"lion-1": "c = grad"},
    ),
    mistake(
        "sign_of_momentum",
        "missing_step",
        "mix (1 - beta1) of the newest gradient into c; here the step follows the old momentum alone",
        {"lion-1": "c = momentum"},
    ),
    mistake(
        "no_sign",
        "missing_step",
        "take the sign of c; here the step is c itself",
        {"lion-2": "params = params - lr * (c + weight_decay * params)"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract lr * sign(c); here the step climbs",
        {"lion-2": "params = params - lr * (-xp.sign(c) + weight_decay * params)"},
    ),
    mistake(
        "momentum_starts_at_gradient",
        "wrong_constant",
        "start the momentum at zero; here it starts at the first gradient",
        functions={"trajectory": _starts_at_gradient},
    ),
    mistake(
        "bias_correction",
        "extra_step",
        "leave out the division of c by 1 - beta1^t: Lion has no bias correction",
        {"lion-1": "c = (beta1 * momentum + (1 - beta1) * grad) / (1 - beta1)"},
        unseen=dict.fromkeys(("trajectory", "step"), "the sign does not see a positive factor"),
    ),
    # The program that was found
    mistake(
        "clip_by_value",
        "wrong_axis",
        "clip(g, lr) shortens the whole gradient to length lr; here each coordinate is cut to [-lr, lr]",
        functions=_program("g = clip(g, lr)", "g = min(g, lr)\nnegative = negative(lr)\ng = max(g, negative)"),
    ),
    mistake(
        "early_scale",
        "wrong_order",
        "clip with the learning rate as it is given; here its factor 0.0002 comes first",
        functions=_program("g = clip(g, lr)", "c = lr * 0.0002\ng = clip(g, c)"),
    ),
    mistake(
        "no_arcsine",
        "missing_step",
        "take the arcsine of the clipped gradient before it enters the means",
        functions=_program("g = arcsin(g)\n", ""),
    ),
    mistake(
        "no_scale",
        "missing_step",
        "multiply the learning rate by 0.0002 before the update is scaled with it",
        functions=_program("lr = lr * 0.0002\n", ""),
    ),
    mistake(
        "interp_reversed",
        "wrong_constant",
        "interp(x, y, a) is (1 - a) x + a y; here a is the weight of x",
        functions=_program(
            "interp(g, v, 0.899)\nm2 = m * m\nv = interp(g, m,", "interp(v, g, 0.899)\nm2 = m * m\nv = interp(m, g,"
        ),
    ),
    mistake(
        "old_memory",
        "wrong_order",
        "the new v mixes the gradient with the new m; here with the old v",
        functions=_program("v = interp(g, m, 1.109)", "v = interp(g, v, 1.109)"),
    ),
    mistake(
        "fresh_memory",
        "wrong_order",
        "m reads the old v; here v is updated first, and m reads the new one",
        functions=_program(
            "m = interp(g, v, 0.899)\nm2 = m * m\nv = interp(g, m, 1.109)",
            "m = interp(g, v, 0.899)\nv = interp(g, m, 1.109)\nm = interp(g, v, 0.899)\nm2 = m * m",
        ),
    ),
    mistake(
        "scale_piles_up",
        "wrong_order",
        "start each step from the given learning rate; here lr keeps its factor 0.0002 from step to step, in the clip "
        "as well",
        functions={"found_program": _scale_piles_up},
    ),
    # Ageing evolution
    mistake(
        "drops_the_worst",
        "wrong_order",
        "drop the oldest member; here the worst one has to go, so that the lucky live on",
        {
            "lion-11": "worst = max(range(len(members)), key=lambda i: members[i].fitness)\n"
            "return (*members[:worst], *members[worst + 1 :], child)"
        },
    ),
    mistake(
        "replaces_the_parent",
        "wrong_order",
        "drop the oldest member of the population; here the child takes its parent's place",
        {
            "ageing: members = age(": """\
            place = [member.born for member in members].index(parents[-1])
            members = (*members[:place], *members[place + 1 :], Member((), float(child_fitness[k]), k + 1))""",
        },
    ),
    mistake(
        "nobody_dies",
        "missing_step",
        "drop the oldest member; here the population grows",
        {"lion-11": "return (*members, child)"},
    ),
    mistake(
        "largest_wins",
        "wrong_sign",
        "fitness is a loss: the smallest wins the tournament; here the largest does",
        {"lion-10": "return max((members[int(u * len(members))] for u in draws), key=lambda member: member.fitness)"},
    ),
    mistake(
        "last_of_equals",
        "wrong_order",
        "of equals the first drawn wins; here the last one does",
        {"lion-10": "return min((members[int(u * len(members))] for u in draws[::-1]), key=lambda m: m.fitness)"},
    ),
    mistake(
        "newest_first",
        "wrong_order",
        "places count from the oldest member; here from the newest",
        {"lion-10": "return min((members[::-1][int(u * len(members))] for u in draws), key=lambda m: m.fitness)"},
    ),
    mistake(
        "no_tournament",
        "missing_step",
        "the tournament is among all places drawn; here the first draw alone is the parent",
        {"lion-10": "return members[int(draws[0] * len(members))]"},
    ),
    mistake(
        "child_competes",
        "wrong_order",
        "choose the parent before the child enters; here the child competes already",
        {
            "ageing: parents.append": """\
            members = age(members, Member((), float(child_fitness[k]), k + 1))
            parents.append(float(tournament(members, [float(u) for u in draws[k, :]]).born))""",
            "ageing: members = age(": "pass",
        },
    ),
    mistake(
        "best_of_all",
        "wrong_axis",
        "the parent is the fittest of those drawn; here of the whole population",
        {"lion-10": "return min(members, key=lambda member: member.fitness)"},
    ),
    mistake(
        "ring_of_places",
        "wrong_order",
        "places count from the oldest member; here the child takes the place of the oldest in a ring, and the places "
        "stay where they are",
        {
            "ageing: members = age(": """\
            slot = k % population
            members = (*members[:slot], Member((), float(child_fitness[k]), k + 1), *members[slot + 1 :])""",
        },
    ),
    mistake(
        "loser_dies",
        "wrong_order",
        "drop the oldest member; here the worst of those drawn makes room for the child",
        {
            "ageing: members = age(": """\
            drawn = [int(float(u) * len(members)) for u in draws[k, :]]
            worst = max(drawn, key=lambda i: members[i].fitness)
            members = (*members[:worst], *members[worst + 1 :], Member((), float(child_fitness[k]), k + 1))""",
        },
    ),
    mistake(
        "only_better_children",
        "extra_step",
        "every child enters and the oldest leaves; here only a child that beats its parent does",
        {
            "ageing: members = age(": """\
            parent = tournament(members, [float(u) for u in draws[k, :]])
            if child_fitness[k] < parent.fitness:
                members = age(members, Member((), float(child_fitness[k]), k + 1))""",
        },
    ),
    mistake(
        "sorted_in_place",
        "wrong_order",
        "keep the members in the order of their births; here they are sorted by fitness in place, so that places "
        "count from the fittest, and the fittest is dropped as if it were the oldest",
        {
            "ageing: parents.append": """\
            members = tuple(sorted(members, key=lambda member: member.fitness))
            parents.append(float(tournament(members, [float(u) for u in draws[k, :]]).born))""",
        },
    ),
)
