"""WTA-CRS for the products of attention, which keep both operands, and what a transformer block keeps in all."""

from typing import NamedTuple

from refimpl.attention import wta_crs
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length


class Operand(NamedTuple):
    """What is kept of one operand, for each head."""

    indices: Array  # [h, k] integer, which of its vectors along the sampled axis
    rows: Array  # [h, k, m] these vectors times their weights


class Products(NamedTuple):
    """Estimated gradients of a batched product, and what goes into its caches."""

    A: Array  # [h, n, m]
    B: Array  # [h, m, q]
    columns: Array  # [h, q] lengths of the columns of the gradient that came in
    rows: Array  # [h, n] lengths of its rows


class Memory(NamedTuple):
    """Floats that a block keeps for its backward pass."""

    everything: float  # in the usual way
    sampled: float  # with a share of the inputs of its products
    recomputed: float  # with its input alone, from which all else is computed again


def _heads(H, norms, phi, ratio, u):
    """Vectors of H [h, r, m] that are kept, as many winners for all heads."""
    xp, r = array_namespace(H, norms, u), H.shape[1]
    k = wta_crs._budget(ratio, r)
    if k >= r:
        places = xp.broadcast_to(xp.arange(r, device=device(H)), H.shape[:2])
        return Operand(places, H)
    laws = [wta_crs._chances(H[i, ...], norms[i, :], phi) for i in range(H.shape[0])]
    scores = [wta_crs._scores(xp.take(p, wta_crs._falling(p)), k) for p in laws]
    count = int(xp.argmin(xp.mean(xp.stack(scores), axis=0)))  # (wta_crs-25)
    found = [wta_crs._wta(p, k, u[i, :], count) for i, p in enumerate(laws)]
    rows = [xp.take(H[i, ...], indices, axis=0) * weights[:, None] for i, (indices, weights) in enumerate(found)]
    return Operand(xp.stack([indices for indices, _ in found]), xp.stack(rows))


def forward(A, B, columns, rows, u_columns, u_rows, *, ratio=0.3, phi=0.1):
    """A product of each head, and the parts of both operands that the backward pass will need.

    Parameters
    ----------
    A : array [h, n, m]
        Such as the probabilities of attention, h heads times sequences, floating point.
    B : array [h, m, q]
        Such as the values.
    columns : array [h, q]
        Lengths of the columns of the gradient in A B when they were last seen, >= 0; all 0 of a head: never.
    rows : array [h, n]
        The same of its rows.
    u_columns : array [h, q]
        Uniform draws on [0, 1), for the columns of B.
    u_rows : array [h, n]
        For the rows of A.
    ratio : float, default: 0.3
        Share of either that is kept, in (0, 1].
    phi : float, default: 0.1
        Share of the laws that is uniform, in (0, 1].

    Returns
    -------
    O : array [h, n, q]
        A B, exact.
    saved : tuple of Operand
        Of B, its columns, and of A, its rows.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, or a number is out of range.

    Notes
    -----
    Equation (wta_crs-25) of the documentation, and those of the linear layer.

    Examples
    --------
    >>> import numpy as np
    >>> A, B, norms, u = np.ones((1, 2, 3)), np.ones((1, 3, 4)), np.zeros((1, 4)), np.full((1, 4), 0.6)
    >>> O, (of_B, of_A) = forward(A, B, norms, norms[:, :2], u, u[:, :2], ratio=0.5)
    >>> of_B.indices, of_B.rows.shape, of_A.indices, of_A.rows.shape
    (array([[2, 2]]), (1, 2, 3), array([[1]]), (1, 1, 3))
    """
    arrays = {"A": A, "B": B, "columns": columns, "rows": rows}
    check.finite(**arrays), check.alike_dtype(**arrays)
    check.shapes(A=(A, "h n m"), B=(B, "h m q"), columns=(columns, "h q"), rows=(rows, "h n"))
    check.no_negative(columns=columns, rows=rows)
    check.uniforms(u_columns=u_columns, u_rows=u_rows)
    check.like(columns, u_columns=u_columns), check.like(rows, u_rows=u_rows)
    ratio, phi = check.share(ratio=ratio, phi=phi)
    across = array_namespace(A, B).matrix_transpose(B)
    return A @ B, (_heads(across, columns, phi, ratio, u_columns), _heads(A, rows, phi, ratio, u_rows))


def backward(saved, G):
    """Estimated gradients of both operands.

    Parameters
    ----------
    saved : tuple of Operand
        From `forward`.
    G : array [h, n, q]
        Gradient in the product.

    Returns
    -------
    Products
        Each gradient is estimated without bias.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit.

    Notes
    -----
    Equations (wta_crs-26) and (wta_crs-27) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = np.array([[0]]), np.ones((1, 1, 1))
    >>> backward((Operand(one, 2 * two), Operand(one, 3 * two)), 5 * two)[:2]
    (array([[[10.]]]), array([[[15.]]]))
    """
    of_B, of_A = check.results(2, saved=saved)
    check.instance(Operand, **{"saved[0]": of_B, "saved[1]": of_A})
    check.finite(G=G, **{"saved[0].rows": of_B.rows, "saved[1].rows": of_A.rows})
    check.alike_dtype(G=G, **{"saved[0].rows": of_B.rows, "saved[1].rows": of_A.rows})
    pairs = {"saved[0].rows": (of_B.rows, "h k m"), "saved[0].indices": (of_B.indices, "h k")}
    pairs |= {"saved[1].rows": (of_A.rows, "h l m"), "saved[1].indices": (of_A.indices, "h l")}
    sizes = check.shapes(G=(G, "h n q"), **pairs)
    check.indices(sizes["q"], **{"saved[0].indices": of_B.indices})
    check.indices(sizes["n"], **{"saved[1].indices": of_A.indices})
    xp = array_namespace(G)
    columns = xp.broadcast_to(of_B.indices[:, None, :], (sizes["h"], sizes["n"], sizes["k"]))
    rows = xp.broadcast_to(of_A.indices[:, :, None], (sizes["h"], sizes["l"], sizes["q"]))
    dA = xp.take_along_axis(G, columns, axis=2) @ of_B.rows  # (wta_crs-26)
    dB = xp.matrix_transpose(of_A.rows) @ xp.take_along_axis(G, rows, axis=1)  # (wta_crs-27)
    return Products(dA, dB, length(G, axis=1)[:, 0, :], length(G)[..., 0])


def memory(batch, sequence, width, hidden, heads, *, ratio=0.3, dropout=False):
    """What a pre-norm transformer block with relu keeps for its backward pass, in floats.

    Parameters
    ----------
    batch, sequence : int
        Sequences, and tokens of each.
    width, hidden, heads : int
        d, the width of the two layers between, and heads; all >= 1.
    ratio : float, default: 0.3
        Share of the inputs of its products that is kept, in (0, 1].
    dropout : bool, default: False
        Whether the probabilities of attention, which both the softmax and the next product need, are two tensors.

    Returns
    -------
    Memory
        A number of indices, small beside it, is not counted.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    Equations (wta_crs-28) and (wta_crs-29) of the documentation.

    Examples
    --------
    >>> found = memory(64, 128, 768, 3072, 12)
    >>> round(found.everything / found.sampled, 2), round(found.everything / found.recomputed, 1)
    (1.83, 14.1)
    """
    numbers = {"batch": batch, "sequence": sequence, "width": width, "hidden": hidden, "heads": heads}
    batch, sequence, width, hidden, heads = check.integer(**numbers, minimum=1)
    ratio, dropout = check.share(ratio=ratio), check.flag(dropout=dropout)
    tokens, weights = batch * sequence, batch * heads * sequence**2
    inputs = tokens * (6 * width + hidden) + weights  # (wta_crs-28)
    others = 2 * tokens * width + weights + tokens * hidden / 32  # (wta_crs-29)
    shared = 0 if dropout else weights
    return Memory(float(inputs + others - shared), ratio * inputs + others, float(tokens * width))
