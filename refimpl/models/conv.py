"""A small convolutional network: convolutions with relu, the mean over all places, one affine map."""

from itertools import pairwise

from refimpl.core import check, random
from refimpl.core.arrays import array_namespace
from refimpl.models.mlp import ACTIVATIONS, Layer


def init(rng, channels, classes, *, like, kernel=3, scale=1.0):
    """Random weights, zero biases.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    channels : sequence of int
        Those of the image and of each convolution, at least two numbers, each >= 1.
    classes : int
        Outputs of the affine map, >= 1.
    like : array
        Whose library, floating dtype and device to take.
    kernel : int, default: 3
        Height and width of the kernels, >= 1.
    scale : float, default: 1.0
        Factor > 0 on the standard deviation of He et al. (2015, Eq. 10), the root of 2 over the fan-in.

    Returns
    -------
    list of Layer
        Convolutions with W [kernel, kernel, in, out] and b [out], then the affine map with W [in, classes].

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, there are fewer than two `channels`, or `like` is not floating.

    Examples
    --------
    >>> import numpy as np
    >>> [layer.W.shape for layer in init(random.stream(0, "doc"), (1, 4), 3, like=np.zeros(1))]
    [(3, 3, 1, 4), (4, 3)]
    """
    check.floating(like=like)
    scale, kernel = check.positive(scale=scale), check.integer(kernel=kernel, minimum=1)
    check.sequence(channels=channels)
    channels = [check.integer(channels=n, minimum=1) for n in channels]
    classes = check.integer(classes=classes, minimum=1)
    if len(channels) < 2:
        raise ValueError(f"channels must name those of the image and of one convolution at least, got {channels}")
    xp = array_namespace(like)
    shapes = [(kernel, kernel, *pair) for pair in pairwise(channels)] + [(channels[-1], classes)]
    params = []
    for shape in shapes:
        fan_in = shape[0] * shape[1] * shape[2] if len(shape) == 4 else shape[0]
        W = scale * (2 / fan_in) ** 0.5 * random.normal(rng, shape, like=like)
        params.append(Layer(W, xp.zeros(shape[-1], dtype=W.dtype, device=W.device)))
    return params


def convolve(x, W):
    """Cross-correlation without padding, which is what networks call a convolution.

    Parameters
    ----------
    x : array [n, h, w, in]
        Images, channels last; floating point.
    W : array [k, l, in, out]
        Kernels, no larger than the images.

    Returns
    -------
    array [n, h - k + 1, w - l + 1, out]
        y[n, p, q, o] is the sum of x[n, p + i, q + j, c] W[i, j, c, o] over i, j and c.

    Raises
    ------
    TypeError, ValueError
        If something is no floating-point array, shapes do not fit, or a kernel is larger than the images.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> convolve(x, np.ones((2, 2, 1, 1)))[0, :, :, 0]  # sums of the four squares
    array([[ 8., 12.],
           [20., 24.]])
    """
    check.floating(x=x, W=W)
    size = check.shapes(x=(x, "n h w c"), W=(W, "k l c o"))
    height, width = size["h"] - size["k"] + 1, size["w"] - size["l"] + 1
    if height < 1 or width < 1:
        raise ValueError(f"W must be no larger than the images, got {tuple(W.shape[:2])} on {tuple(x.shape[1:3])}")
    xp = array_namespace(x, W)
    places = [(i, j) for i in range(size["k"]) for j in range(size["l"])]
    patches = xp.concat([x[:, i : i + height, j : j + width, :] for i, j in places], axis=-1)
    rows = xp.reshape(patches, (-1, size["k"] * size["l"] * size["c"]))
    y = rows @ xp.reshape(W, (-1, size["o"]))
    return xp.reshape(y, (size["n"], height, width, size["o"]))


def hidden(params, x, *, activation="relu"):
    """Channels after each convolution.

    Parameters
    ----------
    params, x, activation
        As for `apply`.

    Returns
    -------
    list of array [n, h_l, w_l, channels]
        One for each convolution.

    Raises
    ------
    TypeError, ValueError
        As `apply`.

    Examples
    --------
    >>> import numpy as np
    >>> params = init(random.stream(0, "doc"), (1, 4, 2), 3, like=np.zeros(1))
    >>> [z.shape for z in hidden(params, np.ones((5, 8, 8, 1)))]
    [(5, 6, 6, 4), (5, 4, 4, 2)]
    """
    check.choice(ACTIVATIONS, activation=activation), check.sequence(params=params), check.floating(x=x)
    check.floating(**{f"W[{i}]": layer.W for i, layer in enumerate(params)})
    check.shapes(**{f"b[{i}]": (layer.b, f"{layer.W.shape[-1]}") for i, layer in enumerate(params)})
    found = []
    for W, b in params[:-1]:
        x = ACTIVATIONS[activation](convolve(x, W) + b)
        found.append(x)
    return found


def apply(params, x, *, activation="relu"):
    """Outputs of the network.

    Parameters
    ----------
    params : list of Layer
        From `init`.
    x : array [n, h, w, channels]
        Images, floating point, large enough for all kernels.
    activation : {"tanh", "relu"}, default: "relu"
        After each convolution.

    Returns
    -------
    array [n, classes]
        Logits: the affine map of each channel's mean over all places.

    Raises
    ------
    TypeError, ValueError
        As `convolve`, or if `activation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> one = Layer(np.ones((2, 2, 1, 1)), np.array([-12.0]))
    >>> apply([one, Layer(np.ones((1, 1)), np.zeros(1))], np.arange(9.0).reshape(1, 3, 3, 1))  # (0 + 0 + 8 + 12) / 4
    array([[5.]])
    """
    check.sequence(params=params), check.floating(x=x)
    z = hidden(params, x, activation=activation)[-1] if len(params) > 1 else x
    xp = array_namespace(z)
    W, b = params[-1]
    means = xp.mean(z, axis=(1, 2))
    check.shapes(**{f"W[{len(params) - 1}]": (W, f"{means.shape[-1]} k"), f"b[{len(params) - 1}]": (b, "k")})
    return means @ W + b
