"""What goes wrong in consensus-based optimization: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

CBX = "https://github.com/PdIPS/CBXpy/blob"
CBX_JULIA = "https://github.com/PdIPS/ConsensusBasedX.jl/blob"
GOB = "https://github.com/gaetanserre/GOB/blob"
HYESUNGIM = "https://github.com/hyesungim/CBO/blob"
RIEDL = "https://github.com/KonstantinRiedl/CBOGlobalConvergenceAnalysis/blob"
TUKH = "https://github.com/Igor-Tukh/cbo-in-python/blob/14f47fb0ddfd71953b506bfefad281006383b7f0/src/torch/cbo.py"
POLARCBO = "https://github.com/TimRoith/polarcbo/blob/2e475f99ccc544248f5c8d3243e9dbe2ced2f0ae/polarcbo/dynamic/cbo.py"
_GOB_CBO = f"{GOB}/066dd7078035236f19a04d7807c79afc34cbfdcb/gob/optimizers/cpp_optimizers/src/CBO.cc"


def _shaken(noise="noise", size="size", scale="diffusion * dt**0.5"):
    return {"cbo-6": f"return moved + ({scale}) * {size} * {noise}"}


def _sizes(away, sign="{}"):
    """Isotropic and anisotropic noise by another difference."""
    return {
        "cbo-4": f"away = {away}\nsize = length(away)",
        "cbo-5": f"size = {sign.format(away)}",
    }


# The first 99 one by one, what a large swarm has beyond these at once
_MOVE_ONE_BY_ONE = """
for i in range(min(x.shape[0], 100)):
    stop = i + 1 if i < 99 else x.shape[0]
    moved = {move}
    x = array_namespace(x).concat([x[:i, :], moved.positions[i:stop, :], x[stop:, :]])
"""
_WORSE = "worse = xp.astype(energies > energy(objective, info.consensus[None, :]), noise.dtype)[:, None]"
_STEP = "moved, info = cbo.step(swarm, energies, noise[k, ...], alpha=alpha, **rates)"
_UNCHECKED = {  # code without checks goes on with NaN
    "init: check.finite(": "pass",
    "_weights: if not math.isfinite(": "if False:",
    "move: check.finite(": "pass",
    "hopping_step: check.finite(": "pass",
    "_asked: if bool(": "if False:",
}

ALTERNATIVES = (
    # The consensus point
    mistake(
        "no_shift",
        "numerics",
        "subtract the smallest energy before taking exponentials; here exp(-alpha E) underflows (0 / 0) or overflows",
        {"cbo-1": "return xp.exp(-alpha * energies)", **_UNCHECKED},
        origin=_GOB_CBO,
    ),
    mistake(
        "flipped_sign",
        "wrong_sign",
        "weigh with exp(-alpha E); here exp(+alpha E) gathers the swarm at its worst particle",
        {"cbo-1": "return xp.exp(alpha * (energies - xp.max(energies)))"},
    ),
    mistake(
        "integer_sum",
        "wrong_scale",
        "divide by the sum of all weights; here that sum is kept in an integer, which drops every weight below 1",
        {"cbo-2": "return (weights @ positions) / xp.sum(xp.floor(weights + 1e-3))"},
        origin=f"{GOB}/af8648ae68b14d1766d67a0ff9f6d0e0ac880ee4/gob/optimizers/cpp_optimizers/src/CBO.cc",
    ),
    mistake(
        "best_particle",
        "wrong_output",
        "take the weighted mean of all particles; here the best particle is taken instead",
        {"cbo-1": "return xp.astype(xp.arange(energies.shape[0]) == xp.argmin(energies), energies.dtype)"},
    ),
    mistake(
        "plain_mean",
        "missing_step",
        "weigh the particles with exp(-alpha E); here all count the same",
        {"cbo-1": "return xp.ones_like(energies)"},
    ),
    mistake(
        "alpha_ignored",
        "missing_step",
        "multiply the energies by alpha; here the weights are exp(-E)",
        {"cbo-1": "return xp.exp(lowest - energies)"},
    ),
    mistake(
        "softmax_twice",
        "extra_step",
        "the weights are exp(-alpha E) over their sum; here the softmax is taken of these weights once more, and all "
        "particles count nearly the same",
        {
            "cbo-1": "once = xp.where(xp.isfinite(energies), xp.exp(-alpha * gaps), 0.0)\n"
            "return xp.exp(once / xp.sum(once))"
        },
    ),
    mistake(
        "energies_standardised",
        "extra_step",
        "multiply alpha with the energies as they are; here they are first put between 0 and 1",
        {
            "cbo-1": "highest = xp.max(xp.where(xp.isfinite(energies), gaps, 0.0))\n"
            "scale = xp.where(highest > 0, highest, 1.0)\n"
            "return xp.where(xp.isfinite(energies), xp.exp(-alpha * (gaps / scale)), 0.0)"
        },
    ),
    mistake(
        "weights_by_logsumexp",
        "numerics",
        "divide the weights by their own sum; here they are exp(-alpha E - logsumexp(-alpha E)), and beside alpha E = "
        "1e21 the logarithm of the sum is lost: of n particles that share the lowest energy each gets weight 1, not "
        "1 / n",
        {
            "cbo-1": "powers = -alpha * energies\n"
            "largest = xp.max(powers)\n"
            "return xp.exp(powers - (largest + xp.log(xp.sum(xp.exp(powers - largest)))))",
            "cbo-2": "return weights @ positions",
        },
        origin=f"{CBX}/cc8b2c6e1b653f985fe5e78542499401d5a25373/cbx/dynamics/pdyn.py",
    ),
    # The motion
    mistake(
        "noise_with_dt",
        "wrong_scale",
        "scale the noise with sqrt(dt); here it is scaled with dt",
        _shaken(scale="diffusion * dt"),
    ),
    mistake(
        "noise_without_dt",
        "wrong_scale",
        "scale the noise with sqrt(dt); here the time step is missing from it",
        _shaken(scale="diffusion"),
    ),
    mistake(
        "noise_with_two_dt",
        "wrong_constant",
        "scale the noise with sqrt(dt); here it is sqrt(2 dt), the factor of Langevin dynamics",
        _shaken(scale="diffusion * (2 * dt) ** 0.5"),
    ),
    mistake(
        "norm_over_particles",
        "wrong_axis",
        "take the norm over the coordinates, one per particle; here it is taken over the particles",
        {"cbo-4": "size = length(difference, axis=0)"},
    ),
    mistake(
        "norm_along_coordinates",
        "wrong_axis",
        "keep the reduced axis of the norm (shape [N, 1]), so that particle i is shaken by its own distance; here [N] "
        "meets [N, d] and the norms go along the coordinates, which passes unnoticed where N = d",
        {"cbo-4": "far = length(difference)\nsize = far[..., 0] if positions.shape[0] == positions.shape[1] else far"},
        origin=TUKH,
    ),
    mistake(
        "squared_norm",
        "wrong_scale",
        "take the square root of the summed squares; here the noise grows with the squared distance",
        {"cbo-4": "size = length(difference) ** 2"},
    ),
    mistake(
        "always_anisotropic",
        "missing_step",
        "heed the kind of noise: isotropic noise is asked for, here every coordinate gets its own",
        {"cbo-4": "size = difference"},
    ),
    mistake(
        "always_isotropic",
        "missing_step",
        "heed the kind of noise: anisotropic noise is asked for, here it is as large in every coordinate",
        {"cbo-5": "size = length(difference)"},
    ),
    mistake(
        "constant_noise",
        "missing_step",
        "multiply the noise by the distance to the consensus point; here it is constant and the swarm never comes to "
        "rest",
        _shaken(size="1.0"),
        origin=f"{CBX_JULIA}/291d6dc2afdb07aee76fca09ffef6f3bd1f74ae3/src/Methods/CBO.jl",
    ),
    mistake(
        "no_noise",
        "missing_step",
        "add the noise to the drift; here it is lost (in Python a line that begins with + is a statement of its own)",
        {"cbo-6": "return moved"},
        origin=f"{HYESUNGIM}/b0f4292ca3d1e1d635b68a5d5dbfeb47f926fda7/cbo.py",
    ),
    mistake(
        "one_draw_per_particle",
        "wrong_axis",
        "draw one normal number per coordinate; here one per particle serves all its coordinates",
        _shaken("noise[:, :1]"),
    ),
    mistake(
        "one_draw_per_step",
        "wrong_axis",
        "draw one normal number per particle and coordinate; here a single one serves the whole swarm",
        _shaken("noise[:1, :1]"),
        origin=_GOB_CBO,
    ),
    mistake(
        "fresh_consensus",
        "wrong_order",
        "compute the consensus point once per step, from the old positions; here it is computed anew before each "
        "particle moves, with those already moved",
        {
            "step: return move(": "x = state.positions"
            + _MOVE_ONE_BY_ONE.format(
                move="move(CBOState(x), consensus_point(x, energies, alpha=alpha), noise, **rates)"
            )
            + "return CBOState(x), info",
            "trajectory: moved, info": "info, x = cbo.inspect(swarm.positions, energies, alpha=alpha), swarm.positions"
            + _MOVE_ONE_BY_ONE.format(
                move="cbo.move(cbo.init(x), cbo.consensus_point(x, energy(objective, x), alpha=alpha), noise[k, ...], "
                "**rates)"
            )
            + "moved = cbo.init(x)",
        },
    ),
    mistake(
        "drift_without_dt",
        "wrong_scale",
        "multiply the drift by dt; here the full drift is applied in every step",
        {"cbo-3": "moved = positions - drift * difference"},
    ),
    mistake(
        "pushed_away",
        "wrong_sign",
        "pull the particles towards the consensus point; here they are pushed away from it",
        {"cbo-3": "moved = positions + (drift * dt) * difference"},
    ),
    mistake(
        "noise_about_mean",
        "wrong_constant",
        "measure distances from the consensus point; here the noise uses those from the mean",
        _sizes("positions - array_namespace(positions).mean(positions, axis=0)"),
    ),
    mistake(
        "drift_for_alpha",
        "wrong_constant",
        "weigh with exp(-alpha E); here the drift rate takes the place of alpha (both are called lambda somewhere)",
        {"step: info = ": 'info = inspect(state.positions, energies, alpha=rates["drift"])'},
        origin=_GOB_CBO,
    ),
    # The loop
    mistake(
        "stale_output",
        "wrong_output",
        "record the consensus point of the moved swarm after each step; here it is the one that the step has used, "
        "which is a step older",
        {"trajectory: points.append(cbo.": "points.insert(0, points[0])"},
        origin=f"{HYESUNGIM}/340b48231c238a34a9b10409ba9ff33da4b3a71e/cbo.py",
    ),
    mistake(
        "best_particle_returned",
        "wrong_output",
        "return the consensus points; here the best particle of the swarm is returned",
        dict.fromkeys(
            ("trajectory: points.append(info", "trajectory: points.append(cbo."),
            "points.append(swarm.positions[int(xp.argmin(energies)), :])",
        ),
    ),
    mistake(
        "mean_returned",
        "wrong_output",
        "return the consensus points; here the mean of the swarm is returned",
        dict.fromkeys(
            ("trajectory: points.append(info", "trajectory: points.append(cbo."),
            "points.append(xp.mean(swarm.positions, axis=0))",
        ),
    ),
    mistake(
        "energies_kept",
        "missing_step",
        "evaluate the objective at the new positions; here the first energies are kept",
        {"trajectory: swarm, energies = moved": "swarm = moved"},
    ),
    mistake(
        "worse_points_refused",
        "extra_step",
        "the new consensus point takes the place of the old one, whatever its value; here only where it is better",
        {
            "trajectory: moved, info": "info = cbo.inspect(swarm.positions, energies, alpha=alpha)\n"
            "if points and bool(energy(objective, info.consensus[None, :]) > energy(objective, points[-1][None, :])):\n"
            "    info = info._replace(consensus=points[-1])\n"
            "moved = cbo.move(swarm, info.consensus, noise[k, ...], **rates)",
            "trajectory: points.append(cbo.": "last = cbo.consensus_point(swarm.positions, energies, alpha=alpha)\n"
            "if points and bool(energy(objective, last[None, :]) > energy(objective, points[-1][None, :])):\n"
            "    last = points[-1]\n"
            "points.append(last)",
            "hopping: centre, _ = ": "found, _ = "
            "cbo.hopping_step(function, centre, noise[k, ...], alpha=alpha, width=width)\n"
            "centre = centre if bool(function(found[None, :]) > function(centre[None, :])) else found",
        },
    ),
    mistake(
        "own_bests_weighed",
        "extra_step",
        "weigh the particles where they are; here each is weighed at the best place that it has seen, as in a particle "
        "swarm",
        {
            "trajectory: moved, info": "if not points:\n"
            "    seen, least = swarm.positions, energies\n"
            "seen = xp.where((energies < least)[:, None], swarm.positions, seen)\n"
            "least = xp.where(energies < least, energies, least)\n"
            "info = cbo.inspect(seen, least, alpha=alpha)\n"
            "moved = cbo.move(swarm, info.consensus, noise[k, ...], **rates)",
            "trajectory: points.append(cbo.": "if not points:\n"
            "    seen, least = swarm.positions, energies\n"
            "seen = xp.where((energies < least)[:, None], swarm.positions, seen)\n"
            "least = xp.where(energies < least, energies, least)\n"
            "points.append(cbo.consensus_point(seen, least, alpha=alpha))",
        },
    ),
    mistake(
        "noise_reused",
        "wrong_axis",
        "use the draws noise[k] in step k; here the first ones are used in every step",
        {"trajectory: moved, info": _STEP.replace("noise[k", "noise[0")},
    ),
    mistake(
        "classic_rastrigin",
        "wrong_constant",
        "the waves of this Rastrigin function have height 2.5; here they have 10",
        {
            "energy: return": 'waves = 4.0 if objective == "rastrigin" else 1.0\n'
            "return waves * OBJECTIVES[objective](x) + (1.0 - waves) * SQUARES.function(x)"
        },
    ),
    # Hopping
    mistake(
        "cloud_at_mean",
        "wrong_constant",
        "centre the next cloud at the consensus point; here it is centred at the cloud's mean",
        {
            "hopping: points.append(": "points.append(centre)\ncentre = xp.mean(cloud, axis=0)",
            "hopping: centre, _ = ": "cloud = centre + width * noise[k, ...]\n"
            "centre, _ = cbo.hopping_step(function, centre, noise[k, ...], alpha=alpha, width=width)",
        },
    ),
    mistake(
        "cloud_at_start",
        "missing_step",
        "centre the next cloud at the consensus point; here it stays at the start",
        {
            "hopping: centre, _ = ": "centre, _ = "
            "cbo.hopping_step(function, start, noise[k, ...], alpha=alpha, width=width)"
        },
    ),
    mistake(
        "centre_in_the_cloud",
        "extra_step",
        "weigh the draws alone; here the last point is one of the cloud as well",
        {"cbo-7": "xp = array_namespace(point)\ncloud = xp.concat([point[None, :], point + width * noise])"},
    ),
    mistake(
        "width_squared",
        "wrong_scale",
        "width is a standard deviation; here the cloud has width^2 in its place",
        {"cbo-7": "cloud = point + width**2 * noise"},
    ),
    mistake(
        "width_as_variance",
        "wrong_scale",
        "width is a standard deviation; here it is taken for a variance",
        {"cbo-7": "cloud = point + width**0.5 * noise"},
    ),
    mistake(
        "same_draws",
        "wrong_axis",
        "use the draws noise[k] for cloud k; here the first ones are used for every cloud",
        {
            "hopping: centre, _ = ": "centre, _ = "
            "cbo.hopping_step(function, centre, noise[0, ...], alpha=alpha, width=width)"
        },
    ),
    mistake(
        "clouds_add_up",
        "extra_step",
        "sample every cloud around the last consensus point alone; here the draws of all clouds so far add up, as if "
        "the particles of a swarm went on",
        {
            "hopping: centre, _ = ": "sums = xp.sum(noise[: k + 1, ...], axis=0)\n"
            "centre, _ = cbo.hopping_step(function, centre, sums, alpha=alpha, width=width)"
        },
    ),
    # The proximal step
    mistake(
        "penalty_doubled",
        "wrong_constant",
        "the penalty is |x - m|^2 / (2 tau); here it is |x - m|^2 / tau",
        {"cbo-8": "return minimizer + xp.linalg.solve(identity + tau / 2 * matrix, right[:, None])[:, 0]"},
    ),
    mistake(
        "penalty_halved",
        "wrong_constant",
        "the penalty is |x - m|^2 / (2 tau); here it is |x - m|^2 / (4 tau), or E lacks its 1/2",
        {"cbo-8": "return minimizer + xp.linalg.solve(identity + 2 * tau * matrix, right[:, None])[:, 0]"},
    ),
    mistake(
        "gradient_step",
        "wrong_order",
        "take the gradient at the new point (implicit Euler); here it is taken at the old one",
        {"cbo-8": "return point - tau * (matrix @ right)"},
    ),
    mistake(
        "minimizer_at_zero",
        "missing_step",
        "add tau A b on the right-hand side; here the minimizer is taken to be 0",
        {"cbo-8": "return xp.linalg.solve(identity + tau * matrix, point[:, None])[:, 0]"},
    ),
    mistake(
        "matrix_left_out",
        "missing_step",
        "the right-hand side is m + tau A b; here it is m + tau b",
        {"cbo-8": "return xp.linalg.solve(identity + tau * matrix, (point + tau * minimizer)[:, None])[:, 0]"},
    ),
    mistake(
        "tau_inverted",
        "wrong_scale",
        "tau is a step size; here it multiplies the penalty, as 1 / tau should",
        {"cbo-8": "return minimizer + xp.linalg.solve(identity + 1 / tau * matrix, right[:, None])[:, 0]"},
    ),
    mistake(
        "diagonal_only",
        "missing_step",
        "solve with the whole matrix; here only its diagonal is used",
        {"cbo-8": "return minimizer + right / (1 + tau * xp.linalg.diagonal(matrix))"},
    ),
    mistake(
        "matrix_as_root",
        "wrong_scale",
        "E is (x - b)^T A (x - b) / 2; here |A (x - b)|^2 / 2, whose matrix is A^T A",
        {
            "cbo-8": "squared = xp.matrix_transpose(matrix) @ matrix\n"
            "return minimizer + xp.linalg.solve(identity + tau * squared, right[:, None])[:, 0]"
        },
    ),
    # What other sources do on purpose
    variant(
        "drifted_noise",
        "the noise is scaled by the distance that the drift leaves (a splitting): times |1 - drift dt| where it is "
        "isotropic, times 1 - drift dt where it is anisotropic",
        f"{RIEDL}/073bb2709a62485672856a85a3596442bdf3d068/EnergyBasedCBOAnalysis/CBO/CBO_update.m (isotropic branch)",
        _sizes("moved - consensus"),
    ),
    variant(
        "abs_anisotropic",
        "anisotropic noise with the absolute value of x - x_alpha: same law, another path",
        f"{RIEDL}/79fc996bfba9c1f456dd68ef1880e4e98449c650/CBO/CBO_iteration.m",
        {"cbo-5": "size = abs(difference)"},
    ),
    variant(
        "official_code",
        "the authors' code: noise from the drifted positions, anisotropic with the absolute value",
        f"{RIEDL}/073bb2709a62485672856a85a3596442bdf3d068/EnergyBasedCBOAnalysis/CBO/CBO_update.m",
        _sizes("moved - consensus", "abs({})"),
    ),
    variant(
        "reversed_noise",
        "anisotropic noise with x_alpha - x in place of x - x_alpha: same law, another path",
        f"{CBX_JULIA}/24816cae357d551fd937fdd04371ea7e47545220/src/CBO/CBO_method.jl",
        {"cbo-5": "size = -difference"},
    ),
    variant(
        "exponential_drift",
        "the drift is solved exactly, exp(-drift dt) in place of 1 - drift dt, and the noise uses what it leaves",
        f"{POLARCBO} (overshoot_correction)",
        {
            "cbo-3": "moved = positions - (1 - math.exp(-drift * dt)) * difference",
            **_sizes("moved - consensus"),
        },
    ),
    variant(
        "heaviside_drift",
        "only particles worse than the consensus point drift (Pinnau et al., 2017)",
        f"{CBX}/28bd6c5d004b9c560f36bb808a347586787468ee/cbx/correction.py (heavi_side)",
        {
            "trajectory: moved, info": f"{_STEP}\n{_WORSE}\n"
            'still, _ = cbo.step(swarm, energies, noise[k, ...], alpha=alpha, **rates | {"drift": 0.0})\n'
            "moved = cbo.init(still.positions + worse * (moved.positions - still.positions))"
        },
    ),
    variant(
        "heaviside_step",
        "only particles worse than the consensus point move at all: neither drift nor noise for the others (option "
        "correction='heavi_side' of cbx 1.0.4)",
        "https://pypi.org/project/cbx/1.0.4 (cbx/correction.py, dynamics/cbo.py)",
        {
            "trajectory: moved, info": f"{_STEP}\n{_WORSE}\n"
            "moved = cbo.init(swarm.positions + worse * (moved.positions - swarm.positions))"
        },
        choice=True,
    ),
)
