"""Asked for numbers of points the seeding subtracts the number of a centre from the data, not the centre."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pyclustering",
    link="https://github.com/annoviko/pyclustering/issues/485",
    date="2019-01-20",
    operation="claps.cluster",
    kind="wrong_order",
)


class kmeans_plusplus_initializer:
    def __init__(self, data, draws):
        self.data, self.draws = data, iter(draws)

    def calculate_shortest_distances(self, centers, index_representation):
        differences = np.zeros((len(centers), len(self.data)))
        for index_center in range(len(centers)):
            center = centers[index_center]
            if index_representation:  # was:
                center = self.data[center]  # was:
            differences[index_center] = np.sum(np.square(self.data - center), axis=1)
        return np.min(differences, axis=0)

    def get_next_center(self, centers, return_index):
        distances = self.calculate_shortest_distances(centers, return_index)
        probabilities = np.cumsum(distances) / np.sum(distances)
        index = int(np.argmax(probabilities > next(self.draws)))
        return index if return_index else self.data[index]

    def initialize(self, amount, return_index):
        index = int(next(self.draws) * len(self.data))
        centers = [index if return_index else self.data[index]]
        while len(centers) < amount:
            centers.append(self.get_next_center(centers, return_index))
        return centers


class kmeans:
    def __init__(self, data, centers, itermax):
        self.data, self.centers, self.itermax = data, centers.copy(), itermax

    def update_clusters(self):
        self.distances = np.stack([np.sum(np.square(self.data - center), axis=1) for center in self.centers])
        return np.argmin(self.distances, axis=0)

    def process(self):
        labels = self.update_clusters()
        for _ in range(self.itermax):
            for index in set(labels.tolist()):
                self.centers[index] = self.data[labels == index].mean(axis=0)
            old, labels = labels, self.update_clusters()
            if np.array_equal(old, labels):
                break
        return labels


def answer(E, u, max_iter):
    size = np.abs(E).max() or 1.0
    seeds = np.array(kmeans_plusplus_initializer(E / size, u.tolist()).initialize(len(u), return_index=True))
    run = kmeans(E / size, (E / size)[seeds], max_iter)
    labels = run.process()
    return seeds, labels, run.centers * size, np.argmin(run.distances, axis=1)
