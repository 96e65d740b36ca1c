"""PyTorch, scikit-learn and SciPy as parts of OVOR: attention and losses with autograd, neighbours, a root."""

import numpy as np
import scipy.linalg
import torch
from sklearn.metrics import accuracy_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

F = torch.nn.functional


def _tensors(*arrays, learned=()):
    return [torch.tensor(np.array(a), requires_grad=i in learned) for i, a in enumerate(arrays)]


def prefix_attention(q, k, v, P_k, P_v, dO):
    """`scaled_dot_product_attention` on prompt and tokens in a row."""
    q, k, v, P_k, P_v, dO = _tensors(q, k, v, P_k, P_v, dO, learned=(3, 4))
    B, H, _, d = k.shape
    split = [P.reshape(-1, H, d).permute(1, 0, 2).expand(B, -1, -1, -1) for P in (P_k, P_v)]
    O = F.scaled_dot_product_attention(q, torch.cat([split[0], k], 2), torch.cat([split[1], v], 2))
    return O.detach().numpy(), *(g.numpy() for g in torch.autograd.grad(O, (P_k, P_v), dO))


def vor_loss(o_id, y, o_out, lam, tau_id, tau_out):
    """`cross_entropy`, `logsumexp` and `HuberLoss`."""
    a, b = _tensors(o_id, o_out, learned=(0, 1))
    cross_entropy, huber = F.cross_entropy(a, torch.tensor(np.array(y))), torch.nn.HuberLoss()
    u, w = F.relu(-torch.logsumexp(a, 1) - tau_id), F.relu(tau_out + torch.logsumexp(b, 1))
    paid = [huber(x, torch.zeros_like(x)) for x in (u, w)]
    loss = cross_entropy + lam * (paid[0] + paid[1])
    slopes = torch.autograd.grad(loss, (a, b))
    return *(x.item() for x in (cross_entropy, *paid, loss)), *(g.numpy() for g in slopes)


def trajectory(W0, b0, first, last, Z, y, batches, outliers, rates, warm, lam, tau_id, tau_out):
    """`optim.Adam`, on all columns of which only the current ones have a gradient."""
    W, b = _tensors(W0, b0, learned=(0, 1))
    Z, labels, outliers = torch.tensor(np.array(Z)), torch.tensor(np.array(y)) - first, torch.tensor(np.array(outliers))
    adam, huber, Ws, bs = torch.optim.Adam([W, b]), torch.nn.HuberLoss(), [], []
    for t, rate in enumerate(np.array(rates).tolist()):
        rows = torch.tensor(np.array(batches[t]))
        o = (Z[rows] @ W + b)[:, first:last]
        loss = F.cross_entropy(o, labels[rows])
        if t >= warm:
            made = (outliers[t] @ W + b)[:, first:last]
            u, w = F.relu(-torch.logsumexp(o, 1) - tau_id), F.relu(tau_out + torch.logsumexp(made, 1))
            loss = loss + lam * sum(huber(x, torch.zeros_like(x)) for x in (u, w))
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad(), loss.backward(), adam.step()
        Ws.append(W.detach().numpy().copy()), bs.append(b.detach().numpy().copy())
    return np.stack(Ws), np.stack(bs)


def schedule(lr, n):
    """`CosineAnnealingLR`, down to 0."""
    adam = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    annealing, rates = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=n), []
    for _ in range(n):
        rates.append(adam.param_groups[0]["lr"])
        adam.step(), annealing.step()
    return np.array(rates)


def npos(Z, eps, K, select, n_out, sigma, centre, rank):
    """`NearestNeighbors`, by brute force, and `normalize`."""
    seen = normalize if rank == "normalised" else np.asarray
    near = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(seen(Z))

    def loneliest(points, count):
        return np.argsort(-near.kneighbors(seen(points))[0][:, -1], kind="stable")[:count]

    boundary = loneliest(Z, min(select, len(Z)))
    start = Z[boundary] if centre == "boundary" else 0 * Z[boundary]
    candidates = (start[:, None] + sigma * eps).reshape(-1, Z.shape[1])
    return boundary, candidates[loneliest(candidates, n_out)]


def vos(Z, y, eps, n_out, ridge):
    """SciPy's `cholesky`."""
    c = y.max() + 1
    means = np.array([Z[y == label].mean(axis=0) for label in range(c)])
    covariance = np.cov((Z - means[y]).T, ddof=0).reshape(Z.shape[1], -1) + ridge * np.eye(Z.shape[1], dtype=Z.dtype)
    longest = np.argsort(-np.sum(eps**2, axis=1), kind="stable")[: n_out // c]
    steps = eps[longest] @ scipy.linalg.cholesky(covariance, lower=True).T
    return (means[:, None] + steps).reshape(-1, Z.shape[1]).astype(Z.dtype)


def select_prompts(query, keys, k):
    """`cosine_similarity` and a stable sort, and autograd."""
    q, kappa = _tensors(query, keys, learned=(1,))
    cos = F.cosine_similarity(q[:, None], kappa, dim=-1, eps=torch.finfo(q.dtype).tiny)
    chosen = torch.sort(cos, dim=1, descending=True, stable=True).indices[:, :k]
    loss = (1 - torch.gather(cos, 1, chosen)).sum(dim=1).mean()
    return chosen.numpy(), loss.item(), torch.autograd.grad(loss, kappa)[0].numpy()


def coda_prompt(query, attention, keys, prompts):
    """`normalize` and two contractions."""
    q, a, kappa, P = _tensors(query, attention, keys, prompts)
    masked = F.normalize(torch.einsum("nd,md->nmd", q, a), dim=2, eps=torch.finfo(q.dtype).tiny)
    alpha = torch.einsum("nmd,md->nm", masked, kappa / torch.linalg.vector_norm(kappa, dim=1, keepdim=True))
    return torch.einsum("nm,me->ne", alpha, P).numpy()


def accuracies(o, y, c, seen):
    """`accuracy_score`."""
    own = np.arange(o.shape[1]) // c == (y // c)[:, None]
    guesses = o[:, : c * seen].argmax(axis=1), np.where(own, o, -np.inf).argmax(axis=1)
    return tuple(accuracy_score(y, guess) for guess in guesses)
