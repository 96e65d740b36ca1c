"""What layers of attention share: masks, weights and their gradient, scaled scores, codes of positions.

All of it is differentiable by `core.autodiff` except `softmax_gradient`, which is written out.
"""

import math

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import stop_gradient


def causal(n, *, like):
    """Who may look at whom where nobody looks ahead.

    Parameters
    ----------
    n : int
        Places of the sequence, >= 1.
    like : array
        Whose library and device to take.

    Returns
    -------
    array [n, n] of bool
        True at [i, j] where query i may look at key j: j <= i.

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number >= 1, or `like` is no array.

    Examples
    --------
    >>> import numpy as np
    >>> causal(3, like=np.zeros(1)).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    check.array(like=like)
    n = check.integer(n=n, minimum=1)
    place = array_namespace(like).arange(n, device=device(like))
    return place[:, None] >= place[None, :]


def log_softmax(scores, mask=None):
    """Logarithms of `softmax`; -inf where the mask forbids.

    Parameters
    ----------
    scores, mask
        As for `softmax`.

    Returns
    -------
    array
        Shape, dtype and device of `scores`.

    Raises
    ------
    TypeError, ValueError
        As `softmax`.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([0.0, 800.0]))  # exp(-800) is no float
    array([-800.,    0.])
    """
    xp, shifted, powers = _powers(scores, mask)
    return shifted - xp.log(xp.sum(powers, axis=-1, keepdims=True))


def softmax(scores, mask=None):
    """Weights of the keys: exponentials over their sum, along the last axis.

    Parameters
    ----------
    scores : array [..., n]
        Floating point; -inf is a key that is not seen.
    mask : array of bool, optional
        Of a shape that broadcasts to that of `scores`; True at the keys that may be seen.

    Returns
    -------
    array
        Shape, dtype and device of `scores`; exactly 0 at keys that are not seen, whatever their scores are.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, or a query sees no key: its weights would be 0 / 0.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[1.0, 1.0, 1e4]]), np.array([True, True, False]))
    array([[0.5, 0.5, 0. ]])
    """
    xp, _, powers = _powers(scores, mask)
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def _powers(scores, mask):
    """The scores with the largest that is seen at 0, and their exponentials."""
    check.floating(scores=scores)
    xp = array_namespace(scores)
    if scores.ndim == 0 or 0 in scores.shape:
        raise ValueError(f"scores must have an axis of keys and at least one entry, got shape {tuple(scores.shape)}")
    if mask is not None:
        _fits(mask, scores)
        scores = xp.where(mask, scores, -math.inf)
    top = xp.max(stop_gradient(scores), axis=-1, keepdims=True)
    blind = int(xp.sum(xp.astype(top == -math.inf, xp.int64)))
    if blind:
        raise ValueError(f"scores and mask must leave each query a key, got {blind} rows without one")
    return xp, scores - top, xp.exp(scores - top)


def _fits(mask, scores):
    """A mask of bool that broadcasts to the scores."""
    check.array(mask=mask)
    xp = array_namespace(scores, mask)
    if mask.dtype != xp.bool:
        raise TypeError(f"mask must be an array of bool, got {mask.dtype}")
    shape, wanted = tuple(mask.shape), tuple(scores.shape)
    if len(shape) > len(wanted) or any(m not in (1, n) for m, n in zip(shape[::-1], wanted[::-1], strict=False)):
        raise ValueError(f"mask must broadcast to the shape of the scores, {wanted}, got {shape}")


def softmax_gradient(weights, grad):
    """Gradient in the scores, of a function whose gradient in the weights is known.

    Parameters
    ----------
    weights : array [..., n]
        From `softmax`.
    grad : array [..., n]
        Gradient in the weights, like `weights`.

    Returns
    -------
    array [..., n]
        a * (g - a^T g); 0 at keys that are not seen.

    Raises
    ------
    TypeError, ValueError
        If the two are no floating-point arrays, or not alike.

    Examples
    --------
    >>> import numpy as np
    >>> softmax_gradient(np.array([0.5, 0.5, 0.0]), np.array([1.0, 3.0, 9.0]))
    array([-0.5,  0.5,  0. ])
    """
    check.like(weights, grad=grad)
    xp = array_namespace(weights, grad)
    # Counted from the heaviest key's, so that what is left of a weight near 1 keeps its digits.
    first = xp.argmax(stop_gradient(weights), axis=-1, keepdims=True)
    grad = grad - xp.take_along_axis(grad, first, axis=-1)
    return weights * (grad - xp.sum(weights * grad, axis=-1, keepdims=True))


def scaled_scores(q, k):
    """Inner products of queries and keys over the root of their length.

    Parameters
    ----------
    q : array [..., n, d]
        Queries, floating point.
    k : array [..., m, d]
        Keys.

    Returns
    -------
    array [..., n, m]
        q k^T / sqrt(d).

    Raises
    ------
    TypeError, ValueError
        If they are no floating-point arrays of one dtype, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> scaled_scores(np.array([[2.0, 0, 0, 0]]), np.array([[1.0, 5, 5, 5], [3.0, 5, 5, 5]]))
    array([[1., 3.]])
    """
    check.floating(q=q, k=k), check.alike_dtype(q=q, k=k)
    xp = array_namespace(q, k)
    if q.ndim < 2 or k.ndim < 2 or q.shape[-1] != k.shape[-1] or not q.shape[-1]:
        raise ValueError(f"q and k must be [..., n, d] and [..., m, d], got {tuple(q.shape)} and {tuple(k.shape)}")
    root = math.sqrt(q.shape[-1])
    return (q / root) @ xp.matrix_transpose(k)


def attend(q, k, v, *, mask=None, bias=None):
    """Values weighted by the softmax of the scaled scores.

    Parameters
    ----------
    q : array [..., n, d]
        Queries, floating point.
    k : array [..., m, d]
        Keys.
    v : array [..., m, e]
        Values.
    mask : array of bool, optional
        Broadcasts to [..., n, m]; True where a query may see a key.
    bias : array, optional
        Broadcasts to [..., n, m]; added to the scores after they were scaled.

    Returns
    -------
    array [..., n, e]
        softmax(q k^T / sqrt(d) + bias) v.

    Raises
    ------
    TypeError, ValueError
        As `scaled_scores` and `softmax`, or if the values do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.eye(2)
    >>> attend(x, x, np.array([[1.0], [3.0]]), mask=causal(2, like=x)).round(3)
    array([[1.  ],
           [2.34]])
    """
    scores = scaled_scores(q, k)
    check.floating(v=v), check.alike_dtype(q=q, v=v)
    if v.ndim < 2 or v.shape[-2] != k.shape[-2]:
        raise ValueError(f"v must be [..., {k.shape[-2]}, e], got {tuple(v.shape)}")
    if bias is not None:
        check.floating(bias=bias)
        scores = scores + bias
    return softmax(scores, mask) @ v


def rotate(x, positions, *, base=10_000.0, layout="pairs"):
    """Rotary code of positions: each pair of coordinates is turned by an angle that grows with the position.

    Parameters
    ----------
    x : array [..., n, d]
        Queries or keys, floating point; d even.
    positions : array [n] of int
        Place of each row.
    base : float, default: 10000.0
        Above 0. Pair a turns by position * base^(-2a / d).
    layout : {"pairs", "halves"}, default: "pairs"
        Whether pair a is of the coordinates 2a and 2a + 1 (Su et al., 2021), or of a and a + d/2 (GPT-NeoX).

    Returns
    -------
    array [..., n, d]
        Inner products of rotated rows depend on the difference of their positions alone.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, d is odd, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rotate(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).round(3)
    array([[1.   , 0.   ],
           [0.54 , 0.841]])
    """
    check.floating(x=x), check.integral(positions=positions), check.choice(("pairs", "halves"), layout=layout)
    base = check.positive(base=base)
    if x.ndim < 2 or x.shape[-1] % 2 or not x.shape[-1]:
        raise ValueError(f"x must be [..., n, d] with d even, got shape {tuple(x.shape)}")
    check.shapes(positions=(positions, f"{x.shape[-2]}"))
    xp, half = array_namespace(x), x.shape[-1] // 2
    speeds = base ** (-xp.arange(half, dtype=x.dtype, device=device(x)) / half)  # (genai_engineering-20)
    angles = xp.astype(positions, x.dtype)[:, None] * speeds
    cos, sin = xp.cos(angles), xp.sin(angles)
    if layout == "halves":
        first, second = x[..., :half], x[..., half:]
    else:
        first, second = x[..., 0::2], x[..., 1::2]
    turned = (first * cos - second * sin, first * sin + second * cos)  # (genai_engineering-21)
    if layout == "halves":
        return xp.concat(turned, axis=-1)
    return xp.reshape(xp.stack(turned, axis=-1), x.shape)
