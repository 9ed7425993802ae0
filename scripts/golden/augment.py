#!/usr/bin/env python3
"""Golden data for AuGMEnT, computed from its equations (Rombouts, Bohte & Roelfsema 2015) with NumPy in float64.

Writes agents/nn/golden/augment.safetensors, which agents/nn/tests/golden_augment.rs compares with `innate_nn::Augment`: for
each form of the rule a few trials of random inputs, actions and rewards, and after every step the values q, the error
delta and all weights. The last trial is cut short and goes on from a bootstrap value.

    python3 -m venv venv && venv/bin/pip install numpy safetensors
    venv/bin/python scripts/golden/augment.py
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

INPUTS, REGULAR, MEMORY, ACTIONS = 5, 3, 4, 3
LENGTHS = [4, 1, 7, 5]
THETA, BETA, GAMMA, LAMBDA = 2.5, 0.15, 0.9, 0.2
OUT = Path(__file__).resolve().parents[2] / "agents/nn/golden/augment.safetensors"

FORMS = {
    "decaying": {},
    "recomputed": {"recomputed": True},
    "learned": {"feedback": "learned"},
    "random": {"feedback": "random"},
}


def sig(u):
    return 1 / (1 + np.exp(THETA - u))


class Augment:
    """Matrices are [to, from]; the first column of VR and WR comes from a unit that is always 1."""

    def __init__(self, random, recomputed=False, feedback="tied"):
        self.recomputed, self.feedback = recomputed, feedback
        draw = lambda *shape: random.uniform(-0.5, 0.5, shape)
        self.VR, self.VM = draw(REGULAR, 1 + INPUTS), draw(MEMORY, 2 * INPUTS)
        self.WR, self.WM = draw(ACTIONS, 1 + REGULAR), draw(ACTIONS, MEMORY)
        if feedback != "tied":
            self.FR, self.FM = draw(ACTIONS, REGULAR), draw(ACTIONS, MEMORY)
        self.rest()

    def rest(self):
        self.x, self.a, self.trace, self.q_before = np.zeros(INPUTS), np.zeros(MEMORY), np.zeros(2 * INPUTS), 0.0
        self.tags = {name: np.zeros_like(getattr(self, name)) for name in ("VR", "VM", "WR", "WM")}

    def see(self, x):
        self.transient = np.concatenate([np.maximum(x - self.x, 0), np.maximum(self.x - x, 0)])
        self.x = x
        self.trace = self.trace + self.transient
        self.yR = sig(self.VR @ np.append(1, x))
        self.a = self.a + self.VM @ self.transient
        self.yM = sig(self.a)
        self.q = self.WR @ np.append(1, self.yR) + self.WM @ self.yM

    def change(self, delta):
        for name, tag in self.tags.items():
            setattr(self, name, getattr(self, name) + BETA * delta * tag)
        if self.feedback == "learned":
            self.FR = self.FR + BETA * delta * self.tags["WR"][:, 1:]
            self.FM = self.FM + BETA * delta * self.tags["WM"]

    def learn(self, s, reward):
        delta = reward + GAMMA * self.q[s] - self.q_before
        self.change(delta)
        self.q_before = self.q[s]
        fed_R, fed_M = (self.WR[s, 1:], self.WM[s]) if self.feedback == "tied" else (self.FR[s], self.FM[s])
        new = {name: np.zeros_like(tag) for name, tag in self.tags.items()}
        new["WR"][s], new["WM"][s] = np.append(1, self.yR), self.yM
        new["VR"] = np.outer(self.yR * (1 - self.yR) * fed_R, np.append(1, self.x))
        new["VM"] = np.outer(self.yM * (1 - self.yM) * fed_M, self.trace)
        for name in self.tags:
            kept = 0 if self.recomputed and name == "VM" else LAMBDA * GAMMA
            self.tags[name] = kept * self.tags[name] + new[name]
        return delta

    def finish(self, reward, bootstrap):
        delta = reward + GAMMA * bootstrap - self.q_before
        self.change(delta)
        self.rest()
        return delta

    def weights(self):
        parts = [self.VR[:, 1:], self.VR[:, 0], self.VM, self.WR[:, 0], self.WR[:, 1:], self.WM]
        if self.feedback != "tied":
            parts += [self.FR, self.FM]
        return np.concatenate([part.ravel() for part in parts])


def main():
    golden = {"lengths": np.array(LENGTHS, dtype=np.int64)}
    for seed, (name, form) in enumerate(FORMS.items()):
        random = np.random.default_rng(seed)
        network = Augment(random, **form)
        seen = {key: [] for key in ("inputs", "actions", "rewards", "q", "deltas", "weights")}
        note = lambda **values: [seen[key].append(value) for key, value in values.items()]
        note(weights=network.weights())
        for length in LENGTHS:
            for _ in range(length):
                # Inputs that come, stay and go.
                x = np.where(random.random(INPUTS) < 0.4, network.x, random.integers(0, 2, INPUTS) * random.random(INPUTS))
                s, reward = int(random.integers(ACTIONS)), random.normal()
                network.see(x)
                note(inputs=x, actions=s, rewards=reward, q=network.q, deltas=network.learn(s, reward))
                note(weights=network.weights())
            reward = random.normal()
            bootstrap = 0.0 if length != LENGTHS[-1] else 0.7
            note(rewards=reward, deltas=network.finish(reward, bootstrap), weights=network.weights())
        for key, values in seen.items():
            golden[f"{name}.{key}"] = np.array(values, dtype=np.int64 if key == "actions" else np.float64)
    save_file(golden, OUT)


if __name__ == "__main__":
    main()
