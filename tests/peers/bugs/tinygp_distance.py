"""tinygp 0.3.1, `L2Distance`: compiled, the gradient at a point's distance from itself is not 0.

tinygp/kernels/distance.py, `L2Distance.distance`: a distance of 0 is told by `jnp.equal(r2, 0)`. In compiled code the
coordinates of a point, scaled twice, may differ in their last digit (a product that is fused with the subtraction is
not rounded), r2 is then 1e-34, and the derivative of its root is of order 1. With the exponential kernel, whose slope
at 0 is not 0, the gradient of the evidence is wrong. Scaling the difference in place of both points
(`transforms.Linear`), or taking an r2 below the rounding of the coordinates for 0, mends it.

`python tests/peers/bugs/tinygp_distance.py [FOLDER]`
"""

import sys

sys.path[:0] = sys.argv[1:] or [".peers/tinygp-0.3.1"]
import jax  # noqa: E402 - the folder comes first
import jax.numpy as jnp  # noqa: E402
from tinygp import GaussianProcess, kernels, transforms  # noqa: E402

jax.config.update("jax_enable_x64", True)
X, y = jnp.array([[0.0, 0.25], [1.0, -0.5], [-0.75, 1.0]]), jnp.array([0.5, -1.25, 1.0])


def evidence(logs):
    weights = jnp.sqrt(jnp.array([0.75, 1.5])) * jnp.exp(logs / 2)
    kernel = transforms.Linear(weights, kernels.Exp(distance=kernels.L2Distance()))
    return GaussianProcess(1.5 * kernel, X, diag=0.25).log_probability(y)


at, step = jnp.zeros(2), 1e-5
differences = [float(evidence(at + e) - evidence(at - e)) / (2 * step) for e in step * jnp.eye(2)]
plain, compiled = jax.grad(evidence)(at), jax.jit(jax.grad(evidence))(at)
print("derivatives of the evidence by the logarithms of two squared inverse lengths")
print(
    "finite differences", differences, "\nnot compiled      ", plain.tolist(), "\ncompiled          ", compiled.tolist()
)
sys.exit(int(bool(jnp.allclose(compiled, jnp.array(differences), atol=1e-6))))
