"""A right Lion in plain Python, and the loop that lets the oracle ask it; the other fakes bend one or the other."""

import json
import sys

START = {
    "protocol": 1,
    "implementation": {"name": "fake lion", "version": "1.0", "language": "Python"},
    "operations": ["lion.trajectory"],
    "dtypes": ["float64"],
}


def sign(x):
    return (x > 0) - (x < 0)


def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    """`{"thetas": array}` on the wire."""
    steps, d = grads["shape"]
    theta, m, data = list(theta0["data"]), [0.0] * d, []
    for t in range(steps):
        for i, g in enumerate(grads["data"][t * d : (t + 1) * d]):
            theta[i] -= lr * (sign(beta1 * m[i] + (1 - beta1) * g) + weight_decay * theta[i])
            m[i] = beta2 * m[i] + (1 - beta2) * g
        data += theta
    return {"thetas": {"dtype": "float64", "shape": [steps, d], "data": data}}


def write(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def serve(run, start=START):
    """Answer requests; `run(request)` writes the answer to one case."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "start":
            write({"seq": request["seq"]} | start)
        elif request["cmd"] == "run":
            run(request)


if __name__ == "__main__":
    serve(lambda request: write({"seq": request["seq"], "outputs": trajectory(**request["inputs"])}))
