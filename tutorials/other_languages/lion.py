"""A Lion in Python with NumPy as a full conversation: who it is, what it can do, a probe of the wire, tracebacks.

    refimpl check lion.trajectory --exec "python tutorials/other_languages/lion.py"

With the argument "wrong" the decay is added to the gradient, as in plain L2 regularisation, and vanishes in the sign.
A Python function needs no such program, ``--python`` takes it as it is; but this way it may live in an environment of
its own, with other versions of its packages.
"""

import json
import sys
import traceback

import numpy as np

INFINITIES = {np.inf: "Infinity", -np.inf: "-Infinity"}  # JSON has none
WRONG = sys.argv[1:] == ["wrong"]


def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    """Parameters after each step."""
    theta, momentum, thetas = theta0, np.zeros_like(theta0), []
    for grad in grads:
        decay = weight_decay * theta
        if WRONG:
            grad, decay = grad + decay, 0.0
        theta = theta - lr * (np.sign(beta1 * momentum + (1 - beta1) * grad) + decay)
        momentum = beta2 * momentum + (1 - beta2) * grad
        thetas.append(theta)
    return {"thetas": np.stack(thetas)}


def read(value):
    """A NumPy array from the wire; its strings "NaN" and "Infinity" are what `float` understands."""
    if not isinstance(value, dict):
        return float(value)
    dtype = np.dtype(value["dtype"])
    numbers = [float(x) if dtype.kind == "f" else x for x in value["data"]]
    return np.array(numbers, dtype).reshape(value["shape"])


def write(x):
    """The same, back again."""
    numbers = ["NaN" if v != v else INFINITIES.get(v, v) for v in x.ravel().tolist()]
    return {"dtype": x.dtype.name, "shape": x.shape, "data": numbers}


def answer(request):
    """What to say to a request, beside its `seq`."""
    if request["cmd"] == "start":
        return {
            "protocol": 1,
            "implementation": {"name": "lion.py", "version": "1.0.0", "language": "Python"},
            "operations": ["lion.trajectory"],
            "dtypes": ["float64", "float32", "int64"],
            "probe": True,
        }
    inputs = {name: read(value) for name, value in request["inputs"].items()}
    outputs = inputs if request["cmd"] == "probe" else trajectory(**inputs)
    return {"outputs": {name: write(x) for name, x in outputs.items()}}


def main():
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "stop":
            break
        try:
            told = answer(request)
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
        print(json.dumps({"seq": request["seq"], **told}), flush=True)


if __name__ == "__main__":
    main()
