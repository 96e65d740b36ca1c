"""In the move of velocity Verlet the half stands with the speed and not with the acceleration."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="odeint",
    language="C++",
    link="https://github.com/headmyshoulder/odeint-v2/issues/150",
    date="2015-01-29",
    operation="bnn_surrogates.hmc",
    kind="wrong_constant",
)


def scale_sum3(a1, a2, a3):
    return lambda t2, t3, t4: a1 * t2 + a2 * t3 + a3 * t4


class VelocityVerlet:
    one, one_half = 1.0, 0.5

    def __init__(self, system):
        self.system = system

    def initialize(self, qin):
        self.ain = self.system(qin)

    def do_step(self, qin, pin, dt):
        one, one_half = self.one, self.one_half
        # was: qout = scale_sum3(one, one_half * dt, one * dt * dt)(qin, pin, self.ain)
        qout = scale_sum3(one, one * dt, one_half * dt * dt)(qin, pin, self.ain)  # was:
        aout = self.system(qout)
        pout = scale_sum3(one, one_half * dt, one_half * dt)(pin, self.ain, aout)
        self.ain = aout
        return qout, pout


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    data = (x, y, sizes, noise, prior)
    stepper, rows = VelocityVerlet(lambda q: -potential(q, *data)[1]), []
    with np.errstate(all="ignore"):
        for p0, u, count in zip(momenta, uniforms, steps, strict=True):
            q, p = w, p0
            stepper.initialize(q)
            for _ in range(int(count)):
                q, p = stepper.do_step(q, p, step)
            before = potential(w, *data)[0] + p0 @ p0 / 2
            accept = u < np.exp(before - potential(q, *data)[0] - p @ p / 2)
            w = q if accept else w
            rows.append((w, float(accept), potential(w, *data)[0]))
    states, accepted, energies = zip(*rows, strict=True)
    return np.stack(states), np.array(accepted), np.array(energies)
