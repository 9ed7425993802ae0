#!/usr/bin/env python3
"""The DQN update that agents/nn/examples/update_speed.rs times, in PyTorch: one line `µs` for each case.

    dqn_update.py INPUTS,HIDDEN,...,OUTPUTS:BATCH ...

Target forward, maximum, online forward, Huber error of the chosen action, autograd's backward pass, clipping, Adam. For each
case the figure is the least of the means of many short rounds, for the best of Adam's three implementations: default, foreach and
fused.
"""

import sys
from copy import deepcopy
from time import perf_counter

import torch
from torch import nn

ROUNDS, SECONDS = 150, 0.003


def network(sizes):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def updater(sizes, batch, implementation):
    torch.manual_seed(0)
    online = network(sizes)
    target = deepcopy(online)
    parameters = list(online.parameters())
    optimiser = torch.optim.Adam(parameters, lr=1e-4, **implementation)
    before, after = torch.rand(batch, sizes[0]) * 2 - 1, torch.rand(batch, sizes[0]) * 2 - 1
    actions, rewards = torch.randint(sizes[-1], (batch, 1)), torch.rand(batch)
    continues = torch.ones(batch)

    def update():
        with torch.no_grad():
            targets = rewards + 0.99 * continues * target(after).max(1).values
        loss = nn.functional.smooth_l1_loss(online(before).gather(1, actions).squeeze(1), targets)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 10.0)
        optimiser.step()

    return update


def least_mean(update):
    start = perf_counter()
    for _ in range(20):
        update()
    calls = max(1, int(SECONDS / ((perf_counter() - start) / 20)))
    least = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(calls):
            update()
        least = min(least, (perf_counter() - start) / calls)
    return least * 1e6


def main():
    torch.set_num_threads(1)
    for case in sys.argv[1:]:
        sizes, batch = case.split(":")
        sizes = [int(size) for size in sizes.split(",")]
        implementations = [{"foreach": False}, {"foreach": True}, {"fused": True}]
        print(f"{min(least_mean(updater(sizes, int(batch), how)) for how in implementations):.1f}")


if __name__ == "__main__":
    main()
