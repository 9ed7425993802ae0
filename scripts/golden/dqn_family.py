#!/usr/bin/env python3
"""Golden data for the DQN family, computed from the papers' equations with NumPy in float64, sample by sample.

Writes agents/nn/golden/dqn_family.safetensors, which agents/tests/golden_family.rs compares with `innate_agents::dqn::Dqn`: for
each variant a random batch, the weights of both networks, and after one step of gradient descent the targets, the errors and
the weights. The gradient is a central difference of the loss, so that nothing here knows how it is propagated.

    python3 -m venv venv && venv/bin/pip install numpy safetensors
    venv/bin/python scripts/golden/dqn_family.py
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

STATE, HIDDEN, ACTIONS, BATCH, RATE = 4, 6, 3, 8, 0.05
GAMMA, TAU, ALPHA, LEAST = 0.9, 0.3, 0.9, -0.4
ATOMS, LOW, HIGH, QUANTILES = 7, -2.0, 3.0, 5
MIX, GAMMAS = np.array([1.0, -0.5]), np.array([0.9, 0.5])
OUT = Path(__file__).resolve().parents[2] / "agents/nn/golden/dqn_family.safetensors"

VARIANTS = {
    "plain": {},
    "double": {"double": True},
    "dueling": {"dueling": True},
    "munchausen": {"munchausen": True},
    "categorical": {"kind": "categorical"},
    "quantile": {"kind": "quantile"},
    "rainbow": {"kind": "categorical", "double": True, "dueling": True},
    "soft_quantile": {"kind": "quantile", "dueling": True, "munchausen": True},
    "soft_categorical": {"kind": "categorical", "munchausen": True, "double": True},
    "signals": {"kind": "signals", "double": True, "dueling": True},
}
NUMBERS = {"value": 1, "categorical": ATOMS, "quantile": QUANTILES, "signals": len(MIX)}
Z = np.linspace(LOW, HIGH, ATOMS)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def huber(u):
    return 0.5 * u**2 if abs(u) <= 1 else abs(u) - 0.5


class Variant:
    def __init__(self, kind="value", double=False, dueling=False, munchausen=False):
        self.kind, self.double, self.dueling, self.munchausen = kind, double, dueling, munchausen
        self.n = NUMBERS[kind]
        self.outputs = (ACTIONS + dueling) * self.n
        self.shapes = [(HIDDEN, STATE), (HIDDEN,), (self.outputs, HIDDEN), (self.outputs,)]

    def numbers(self, weights, state):
        """What the network says of each action: [actions, n]."""
        parts, place = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            parts.append(weights[place : place + size].reshape(shape))
            place += size
        w1, b1, w2, b2 = parts
        y = w2 @ np.tanh(w1 @ state + b1) + b2
        if not self.dueling:
            return y.reshape(ACTIONS, self.n)
        value, advantage = y[: self.n], y[self.n :].reshape(ACTIONS, self.n)
        return value + advantage - advantage.mean(axis=0)

    def q(self, weights, state):
        numbers = self.numbers(weights, state)
        if self.kind == "categorical":
            return np.array([softmax(row) @ Z for row in numbers])
        if self.kind == "signals":
            return numbers @ MIX
        return numbers.mean(axis=1)

    def target(self, online, frozen, s, a, r, discount, terminated, after):
        if self.munchausen:
            q = self.q(frozen, s)
            r = r + ALPHA * np.clip(TAU * np.log(softmax(q / TAU)[a]), LEAST, 0)
        discount = 0.0 if terminated else discount
        q = self.q(online if self.double else frozen, after)
        numbers = self.numbers(frozen, after)
        if self.munchausen:
            policy = softmax(q / TAU)
        else:
            policy = np.eye(ACTIONS)[np.argmax(q)]
        total = np.zeros(self.n)
        for action in range(ACTIONS):
            if policy[action] == 0:
                continue
            entropy = -TAU * np.log(policy[action]) if self.munchausen else 0.0
            if self.kind != "categorical":
                total += policy[action] * (r + discount * (numbers[action] + entropy))
                continue
            for z, p in zip(Z, softmax(numbers[action])):
                moved = np.clip(r + discount * (z + entropy), LOW, HIGH)
                # The triangle around each atom is the share that it gets.
                total += policy[action] * p * np.clip(1 - np.abs(moved - Z) / (Z[1] - Z[0]), 0, 1)
        return total

    def cost(self, online, s, a, target):
        own = self.numbers(online, s)[a]
        if self.kind == "value":
            return huber(own[0] - target[0])
        if self.kind == "categorical":
            return -(target * np.log(softmax(own))).sum()
        if self.kind == "signals":
            return sum(huber(u) for u in own - target)
        total = 0.0
        for i, theta in enumerate(own):
            for y in target:
                total += abs((i + 0.5) / self.n - float(y < theta)) * huber(y - theta) / self.n
        return total

    def delta(self, online, s, a, target):
        own = self.numbers(online, s)[a]
        if self.kind == "categorical":
            p = softmax(own)
            return sum(t * np.log(t / q) for t, q in zip(target, p) if t > 0)
        if self.kind == "signals":
            return (own - target) @ MIX
        return own.mean() - target.mean()


def main():
    golden = {}
    for seed, (name, options) in enumerate(VARIANTS.items()):
        random, variant = np.random.default_rng(seed), Variant(**options)
        size = sum(int(np.prod(shape)) for shape in variant.shapes)
        online, frozen = random.normal(0, 0.7, (2, size)).astype(np.float32).astype(np.float64)
        before, after = random.normal(0, 1, (2, BATCH, STATE)).astype(np.float32).astype(np.float64)
        gammas = GAMMAS if variant.kind == "signals" else np.array([GAMMA])
        actions = random.integers(0, ACTIONS, BATCH)
        rewards = random.normal(0, 1, (len(gammas), BATCH)).astype(np.float32).astype(np.float64)
        terminated = (np.arange(BATCH) % 4 == 3).astype(np.uint8)
        steps = random.integers(1, 4, BATCH)
        discounts = gammas[:, None] ** steps
        weights = random.uniform(0.2, 1, BATCH).astype(np.float32).astype(np.float64)
        targets = np.array(
            [
                variant.target(online, frozen, *sample)
                for sample in zip(before, actions, rewards.T, discounts.T, terminated, after)
            ]
        )
        deltas = np.array([variant.delta(online, *sample) for sample in zip(before, actions, targets)])

        def loss(parameters):
            costs = [variant.cost(parameters, *sample) for sample in zip(before, actions, targets)]
            return np.mean(weights * np.array(costs))

        step = 1e-6
        slope = np.array([loss(online + step * e) - loss(online - step * e) for e in np.eye(size)]) / (2 * step)
        tensors = {
            "online": online,
            "target": frozen,
            "before": before,
            "after": after,
            "rewards": rewards,
            "discounts": discounts,
            "weights": weights,
            "targets": targets,
            "deltas": deltas,
            "changed": online - RATE * slope,
        }
        golden |= {f"{name}.{key}": value.astype(np.float32) for key, value in tensors.items()}
        golden[f"{name}.actions"] = actions.astype(np.int64)
        golden[f"{name}.terminated"] = terminated
    save_file(golden, OUT)


if __name__ == "__main__":
    main()
