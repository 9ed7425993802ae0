"""What the trainings of scripts/bench_peers.rs are, for the peers: environments, settings, and how a training is timed.

The names and numbers are those of `CASES` there. `steps` and `updates` are those of a round, `target_every` counts updates.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import sys
from time import perf_counter

import gymnasium
import numpy as np
import torch
from torch.optim import Adam, RMSprop

WARM_UP = 1_000

CASES = {
    "cartpole": dict(
        hidden=[256, 256],
        optimiser=Adam,
        lr=2.3e-3,
        batch=64,
        steps=256,
        updates=128,
        target_every=128,
        capacity=100_000,
        exploration=0.04,
    ),
    "cartpole-small": dict(
        hidden=[64, 64],
        optimiser=Adam,
        lr=2.3e-3,
        batch=32,
        steps=4,
        updates=1,
        target_every=128,
        capacity=100_000,
        exploration=0.04,
    ),
    "minatar": dict(
        filters=16,
        hidden=[128],
        optimiser=RMSprop,
        optimiser_options=dict(alpha=0.95, centered=True, eps=0.01),
        lr=2.5e-4,
        batch=32,
        steps=1,
        updates=1,
        target_every=1_000,
        capacity=100_000,
        exploration=0.1,
    ),
    "frames": dict(
        optimiser=Adam,
        lr=1e-4,
        batch=32,
        steps=4,
        updates=1,
        target_every=1_000,
        capacity=10_000,
        exploration=0.1,
    ),
}


class RandomFrames(gymnasium.Env):
    """Pictures of 84 x 84 bytes that were drawn once and are shown in turn; an episode is 1,000 steps."""

    FRAMES, EPISODE = 256, 1_000
    observation_space = gymnasium.spaces.Box(0, 255, (1, 84, 84), np.uint8)
    action_space = gymnasium.spaces.Discrete(4)

    def __init__(self):
        self.frames = np.random.default_rng(0).integers(0, 256, (self.FRAMES, 1, 84, 84), dtype=np.uint8)
        self.taken = 0

    def show(self):
        self.taken += 1
        return self.frames[self.taken % self.FRAMES].copy()

    def reset(self, *, seed=None, options=None):
        return self.show(), {}

    def step(self, action):
        return self.show(), float(action == 0), self.taken % self.EPISODE == 0, False, {}


def environment(case):
    """One environment of the case, as Gymnasium has it."""
    if case == "frames":
        return RandomFrames()
    if case == "minatar" and "MinAtar/Breakout-v1" not in gymnasium.registry:
        from minatar.gym import register_envs

        register_envs()
    return gymnasium.make("MinAtar/Breakout-v1" if case == "minatar" else "CartPole-v1")


def minatar_layers(case):
    """From a board, channels last, to the last hidden layer of MinAtar's network."""
    filters, (hidden,) = case["filters"], case["hidden"]
    conv = [torch.nn.Conv2d(4, filters, 3), torch.nn.ReLU(), torch.nn.Flatten()]
    return torch.nn.Sequential(*conv, torch.nn.Linear(filters * 8 * 8, hidden), torch.nn.ReLU())


def main(build):
    """Runs `SCRIPT CASE SECONDS`: a line says that it is warmed up; then, for every line that comes in, it trains for SECONDS or
    a little more, and one line goes out: steps per second.

    `build(name, settings)` makes a training ready, warmed up, and answers with a function that takes it a number of steps on.
    """
    torch.set_num_threads(1)
    name, seconds = sys.argv[1], float(sys.argv[2])
    settings = CASES[name]
    go_on = build(name, settings)
    chunk = max(settings["steps"], 16)
    go_on(2 * chunk)
    print("ready", flush=True)
    for _ in sys.stdin:
        steps, start = 0, perf_counter()
        while perf_counter() - start < seconds:
            go_on(chunk)
            steps += chunk
        print(steps / (perf_counter() - start), flush=True)
