"""The numbers of the rows of a class are its own number over and over, so each centre is one of the first rows."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="rusty-machine",
    language="Rust",
    link="https://github.com/AtheMathmo/rusty-machine/pull/106",
    date="2016-07-23",
    operation="claps.cluster",
    kind="wrong_output",
)


def distances(inputs, centroids):
    return ((inputs[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)


def plus_plus(inputs, draws):
    chosen = [int(draws[0] * len(inputs))]
    for u in draws[1:]:
        total = np.cumsum(distances(inputs, inputs[chosen]).min(axis=1))
        chosen.append(min(int(np.searchsorted(total, u * total[-1], side="right")), len(inputs) - 1))
    return np.array(chosen)


class KMeansClassifier:
    def __init__(self, k, iters, centroids):
        self.k, self.iters, self.centroids = k, iters, centroids

    def find_closest_centroids(self, inputs):
        return distances(inputs, self.centroids).argmin(axis=1)

    def update_centroids(self, inputs, classes):
        new_centroids = []
        for i in range(self.k):
            vec_i = [idx for idx, x in enumerate(classes) if x == i]  # was: vec_i = [x for x in classes if x == i]
            new_centroids.append(inputs[vec_i].mean(axis=0) if vec_i else self.centroids[i])
        self.centroids = np.array(new_centroids)

    def train(self, inputs):
        classes = self.find_closest_centroids(inputs)
        for _ in range(self.iters):
            self.update_centroids(inputs, classes)
            before, classes = classes, self.find_closest_centroids(inputs)
            if (before == classes).all():
                break
        return classes


def answer(E, u, max_iter):
    seeds = plus_plus(E, u)
    model = KMeansClassifier(len(u), int(max_iter), E[seeds])
    classes = model.train(E)
    return seeds, classes, model.centroids, distances(E, model.centroids).argmin(axis=0)
