"""flowjax 19.1.2, `Planar`: the correction of u takes the logarithm twice.

flowjax/bijections/planar.py, `get_act_scale`, names Appendix A.1 of Rezende and Mohamed (2015): w.u becomes m(w.u) =
-1 + log(1 + exp(w.u)). The code has `-1 + jnp.log(1 + nn.softplus(wtu))`, and `nn.softplus(wtu)` is that logarithm
already. `m_wtu = -1 + nn.softplus(wtu)` mends it. The flow can be undone all the same, but is another than the
paper's: w.u does not grow in proportion to its parameter, only like a logarithm. `python
tests/peers/bugs/flowjax_planar.py [FOLDER]`
"""

import math
import sys

sys.path[:0] = sys.argv[1:] or [".peers/flowjax-19.1.2"]
import equinox as eqx  # noqa: E402 - the folder comes first
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from flowjax.bijections import Planar  # noqa: E402

wrong = 0
for product in (0.0, 3.0, 30.0):
    flow = Planar(jax.random.key(0), dim=1)
    flow = eqx.tree_at(lambda f: f.params, flow, jnp.array([1.0, product, 0.0]))  # w, u, bias
    release = float(flow.get_planar().get_act_scale()[0])
    formula = -1 + math.log1p(math.exp(product))
    print(f"w = 1, u = {product:4}: w.u after the correction: formula {formula:.6f}, release {release:.6f}")
    wrong += abs(release - formula) > 1e-3
sys.exit(int(wrong == 0))
