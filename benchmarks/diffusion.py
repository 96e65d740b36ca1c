"""Steps of samplers beside those of diffusers, and a training step beside PyTorch's."""

import functools

import numpy as np

from benchmarks import _measure
from refimpl.core.autodiff import value_and_grad
from refimpl.core.random import stream
from refimpl.generative import diffusion
from refimpl.models import mlp

PIXELS = 10**6
NAMES = {"ddpm_small": "DDPM", "ddim": "DDIM"}
BETAS = np.linspace(1e-4, 0.02, 1000)
ROW, NEXT = 500, 490


@functools.cache
def images(pixels):
    """A point, the noise that a network predicts in it, and draws; float32."""
    rng = stream(0, "diffusion-benchmark")
    return [rng.standard_normal((1, pixels)).astype(np.float32) for _ in range(3)]


def ours(kind, pixels=PIXELS):
    """From a predicted noise, checks included."""
    x, eps, xi = images(pixels)
    times = diffusion.times_of_betas(BETAS)
    t, u = times[ROW], times[NEXT]
    return lambda: diffusion.step(kind, x, diffusion.score_of_noise(eps, t), t, u, xi, eta=0.5)


def theirs(kind):
    """The scheduler of diffusers, on tensors that share our memory; DDPM draws its noise."""
    import diffusers
    import torch

    torch.set_num_threads(_measure.threads())
    settings = {"trained_betas": BETAS, "clip_sample": False}
    scheduler = (diffusers.DDIMScheduler if kind == "ddim" else diffusers.DDPMScheduler)(**settings)
    scheduler.set_timesteps(100)
    x, eps, xi = (torch.from_numpy(part) for part in images(PIXELS))
    more = {"eta": 0.5, "variance_noise": xi} if kind == "ddim" else {}
    return lambda: scheduler.step(eps, ROW, x, **more).prev_sample


SIZES, BATCH = (65, 256, 256, 64), 256


@functools.cache
def batch():
    """Network, points with their time, noise and times."""
    rng = stream(0, "diffusion-benchmark", "train")
    like = np.zeros(1, dtype=np.float32)
    t = rng.uniform(0.1, 4.0, BATCH).astype(np.float32)
    x0, z = (rng.standard_normal((BATCH, 64)).astype(np.float32) for _ in range(2))
    x = diffusion.forward(x0, t, z)
    return mlp.init(rng, SIZES, like=like), np.concatenate([x, t[:, None]], axis=1), z, t


def our_gradient():
    """Of the denoising loss of a network for scores."""
    params, inputs, z, t = batch()
    loss = value_and_grad(lambda p: diffusion.dsm_loss(mlp.apply(p, inputs, activation="relu"), t, z).loss)
    return lambda: loss(params)


def their_gradient():
    """The same by PyTorch."""
    import torch

    torch.set_num_threads(_measure.threads())
    params, inputs, z, t = batch()
    layers = []
    for layer in params:
        linear = torch.nn.Linear(*layer.W.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(layer.W.T.copy()), torch.from_numpy(layer.b.copy())
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    inputs, z, h = torch.from_numpy(inputs), torch.from_numpy(z), torch.from_numpy(-np.expm1(-t))[:, None]

    def step():
        network.zero_grad()
        torch.mean(torch.sum(h * (network(inputs) + z / torch.sqrt(h)) ** 2, dim=1)).backward()
        return [p.grad for p in network.parameters()]

    return step


def run():
    found = []
    for kind, name in NAMES.items():
        peers, missing = _measure.peers({f"diffusers, {name}": functools.partial(theirs, kind)})
        growth = [_measure.growth("D", [10**4, 10**5, 10**6], lambda D, k=kind: ours(k, pixels=D), 1.0)]
        found.append(
            _measure.Workload(
                f"a step of {name}, {PIXELS:,} pixels, float32",
                [
                    *_measure.rows({f"refimpl, {name}": ours(kind), **peers}, 7),
                    *missing,
                    _measure.limit(4 * 4 * PIXELS, "three arrays read, one written"),
                ],
                growth if kind == "ddim" else [],
                "From a predicted noise. The DDPM of diffusers draws its noise, which is most of its time.",
            )
        )
    peers, missing = _measure.peers({"PyTorch": their_gradient})
    found.append(
        _measure.Workload(
            f"gradient of the denoising loss, {'-'.join(map(str, SIZES))} network, batch {BATCH}, float32",
            [*_measure.rows({"refimpl": our_gradient(), **peers}, 7), *missing],
            [],
            "The tape of `core.autodiff` beside PyTorch's.",
        )
    )
    images.cache_clear()
    return found
