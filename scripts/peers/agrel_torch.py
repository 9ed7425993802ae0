#!/usr/bin/env python3
"""The trial that scripts/bench_agrel.rs times, in PyTorch: one line `seconds` for each case.

    agrel_torch.py ACTIVATION:INPUTS,HIDDEN,...,OUTPUTS ...

One trial of AGREL (Roelfsema & van Ooyen 2005) at a time, float32, one thread, written in two ways: with autograd, which
descends -amount * a_s, and by hand with tensors. The figure is the least of the means of many rounds, of the faster way.
"""

import sys
from time import perf_counter

import torch
from torch import nn

PATTERNS, ROUNDS, SECONDS = 16, 300, 0.003


class ByHand:
    def __init__(self, activation, sizes):
        self.f = {"sigmoid": torch.sigmoid, "relu": torch.relu}[activation]
        self.slope = {"sigmoid": lambda y: y * (1 - y), "relu": lambda y: (y > 0).float()}[activation]
        layers = [nn.Linear(inputs, units) for inputs, units in zip(sizes, sizes[1:])]
        self.weights = [layer.weight.detach() for layer in layers]
        self.biases = [layer.bias.detach() for layer in layers]
        self.rate = 0.1 if activation == "sigmoid" else 0.005

    @torch.no_grad()
    def trial(self, x, label):
        values = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            values.append(self.f(torch.addmv(b, w, values[-1])))
        p = torch.softmax(torch.addmv(self.biases[-1], self.weights[-1], values[-1]), 0)
        s = torch.multinomial(p, 1).item()
        amount = 1 / p[s].item() - 1 if s == label else -1.0
        step = self.rate * amount
        feedback = self.weights[-1][s].clone()
        self.weights[-1][s].add_(values[-1], alpha=step)
        self.biases[-1][s] += step
        for layer in reversed(range(len(self.weights) - 1)):
            gated = feedback * self.slope(values[layer + 1])
            if layer > 0:
                feedback = gated @ self.weights[layer]
            self.weights[layer].addr_(gated, values[layer], alpha=step)
            self.biases[layer].add_(gated, alpha=step)


class Autograd:
    def __init__(self, activation, sizes):
        f = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[activation]
        layers = [part for inputs, units in zip(sizes, sizes[1:]) for part in (nn.Linear(inputs, units), f())]
        self.network = nn.Sequential(*layers[:-1])
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=0.1 if activation == "sigmoid" else 0.005)

    def trial(self, x, label):
        a = self.network(x)
        p = torch.softmax(a.detach(), 0)
        s = torch.multinomial(p, 1).item()
        amount = 1 / p[s].item() - 1 if s == label else -1.0
        self.optimiser.zero_grad()
        (-amount * a[s]).backward()
        self.optimiser.step()


def least_mean(way, sizes):
    inputs = torch.rand(PATTERNS, sizes[0])
    labels = torch.randint(sizes[-1], (PATTERNS,)).tolist()
    least, count = float("inf"), PATTERNS
    for _ in range(ROUNDS):
        start = perf_counter()
        for trial in range(count):
            way.trial(inputs[trial % PATTERNS], labels[trial % PATTERNS])
        seconds = (perf_counter() - start) / count
        least, count = min(least, seconds), max(PATTERNS, int(SECONDS / seconds))
    return least


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case in sys.argv[1:]:
        torch.manual_seed(0)
        activation, sizes = case.split(":")
        sizes = [int(size) for size in sizes.split(",")]
        print(min(least_mean(way(activation, sizes), sizes) for way in (ByHand, Autograd)), flush=True)
