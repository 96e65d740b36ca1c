"""The norm of the gradient is taken over the axis of channels alone, so that each pixel has a norm of its own."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="caogang/wgan-gp",
    link="https://github.com/caogang/wgan-gp/issues/27",
    date="2018-01-04",
    operation="functional_prior.critic_step",
    kind="wrong_axis",
)


class Discriminator:
    def __init__(self, theta, n_in, hidden):
        self.layers, at = [], 0
        for rows, columns in pairwise([n_in, *hidden, 1]):
            block = theta[at : at + (1 + rows) * columns].reshape(1 + rows, columns)
            self.layers.append((block[1:], block[0]))
            at += block.size

    def forward(self, images):
        h, self.slopes = images.reshape(len(images), -1), []
        for W, b in self.layers[:-1]:
            z = h @ W + b
            self.slopes.append(1 / (1 + np.exp(-z)))
            h = np.logaddexp(0, z)
        W, b = self.layers[-1]
        return h @ W[:, 0] + b[0]

    def grad(self, images):
        self.forward(images)
        back = np.tile(self.layers[-1][0][:, 0], (len(images), 1))
        for (W, _), slope in zip(self.layers[-2::-1], self.slopes[::-1], strict=True):
            back = (back * slope) @ W.T
        return back.reshape(images.shape)


def calc_gradient_penalty(netD, real_data, fake_data, alpha, sides):
    interpolates = alpha[:, None, None] * real_data + (1 - alpha[:, None, None]) * fake_data
    gradients = netD.grad(interpolates)
    gradients = gradients.reshape(len(gradients), -1)  # was:
    excess = np.linalg.norm(gradients, ord=2, axis=1) - 1
    excess = np.maximum(excess, 0) if sides == "one" else excess
    return (excess**2).mean()


def answer(theta, S, f_nn, f_gp, eps, hidden, rate, weight, sides):
    netD = Discriminator(theta, f_nn.shape[-1], hidden)
    D_cost, gradient_penalty = 0.0, 0.0
    for fake, real, alpha in zip(f_nn[:, :, None], f_gp[:, :, None], eps, strict=True):  # one channel
        D_cost += netD.forward(fake).mean() - netD.forward(real).mean()
        gradient_penalty += calc_gradient_penalty(netD, fake, real, alpha, sides)
    return {"objective": D_cost - weight * gradient_penalty, "penalty": gradient_penalty}
