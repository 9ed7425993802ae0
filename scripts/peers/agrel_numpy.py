#!/usr/bin/env python3
"""The trial that scripts/bench_agrel.rs times, in NumPy: one line `seconds` for each case.

    agrel_numpy.py ACTIVATION:INPUTS,HIDDEN,...,OUTPUTS ...

One trial of AGREL (Roelfsema & van Ooyen 2005) at a time: forward, softmax, a draw, the amount f(delta), feedback from the
selected output, and the change of all weights; float32, one thread. The figure is the least of the means of many rounds.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys
from time import perf_counter

import numpy as np

PATTERNS, ROUNDS, SECONDS = 16, 300, 0.003

ACTIVATIONS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
    "relu": (lambda z: np.maximum(z, 0), lambda y: y > 0),
}


class Agrel:
    def __init__(self, activation, sizes):
        self.random = np.random.default_rng(0)
        draw = lambda units, inputs: self.random.uniform(-1, 1, (units, inputs)).astype(np.float32) / np.sqrt(inputs)
        self.f, self.slope = ACTIVATIONS[activation]
        self.weights = [draw(units, inputs).astype(np.float32) for inputs, units in zip(sizes, sizes[1:])]
        self.biases = [np.zeros(units, np.float32) for units in sizes[1:]]
        self.rate = np.float32(0.1 if activation == "sigmoid" else 0.005)

    def trial(self, x, label):
        values = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            values.append(self.f(w @ values[-1] + b))
        a = self.weights[-1] @ values[-1] + self.biases[-1]
        p = np.exp(a - a.max())
        p /= p.sum()
        s = min(np.searchsorted(p.cumsum(), self.random.random()), len(p) - 1)
        amount = 1 / p[s] - 1 if s == label else -1.0
        step = self.rate * np.float32(amount)
        feedback = self.weights[-1][s].copy()
        self.weights[-1][s] += step * values[-1]
        self.biases[-1][s] += step
        for layer in reversed(range(len(self.weights) - 1)):
            gated = feedback * self.slope(values[layer + 1])
            if layer > 0:
                feedback = gated @ self.weights[layer]
            self.weights[layer] += step * np.outer(gated, values[layer])
            self.biases[layer] += step * gated


def least_mean(activation, sizes):
    agrel, random = Agrel(activation, sizes), np.random.default_rng(1)
    inputs = random.random((PATTERNS, sizes[0]), dtype=np.float32)
    labels = random.integers(sizes[-1], size=PATTERNS)
    least, count = float("inf"), PATTERNS
    for _ in range(ROUNDS):
        start = perf_counter()
        for trial in range(count):
            agrel.trial(inputs[trial % PATTERNS], labels[trial % PATTERNS])
        seconds = (perf_counter() - start) / count
        least, count = min(least, seconds), max(PATTERNS, int(SECONDS / seconds))
    return least


if __name__ == "__main__":
    for case in sys.argv[1:]:
        activation, sizes = case.split(":")
        print(least_mean(activation, [int(size) for size in sizes.split(",")]), flush=True)
