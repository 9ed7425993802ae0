#!/usr/bin/env python3
"""Golden data for DQN updates, made by PyTorch with autograd.

Writes agents/nn/golden/dqn_update.safetensors, which agents/nn/tests/golden.rs compares with the engine: for a dense and a
convolutional network, Q-values, TD targets, loss and gradient of the first update, and the weights after 1 and 10 updates
with each optimiser. The target network is refreshed after update 5.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 numpy safetensors
    venv/bin/python scripts/golden/dqn_update.py
"""

from collections import OrderedDict
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

GAMMA, BATCH, UPDATES, REFRESH = 0.99, 8, 10, 5
OUT = Path(__file__).resolve().parents[2] / "agents/nn/golden/dqn_update.safetensors"


class CentredRmsprop:
    """RMSprop of Mnih et al. 2015, written from its equations, in float64 NumPy."""

    def __init__(self, parameters, lr, decay, eps):
        self.parameters, self.lr, self.decay, self.eps = list(parameters), lr, decay, eps
        self.mean = [np.zeros(p.shape) for p in self.parameters]
        self.square = [np.zeros(p.shape) for p in self.parameters]

    def step(self):
        for i, p in enumerate(self.parameters):
            g = p.grad.numpy().astype(np.float64)
            self.mean[i] = self.decay * self.mean[i] + (1 - self.decay) * g
            self.square[i] = self.decay * self.square[i] + (1 - self.decay) * g**2
            change = self.lr * g / np.sqrt(self.square[i] - self.mean[i] ** 2 + self.eps)
            p.data = torch.from_numpy((p.detach().numpy().astype(np.float64) - change).astype(np.float32))


# Name: (optimiser of the parameters, greatest norm of the gradient).
OPTIMISERS = {
    "adam": (lambda p: torch.optim.Adam(p, lr=1e-2), None),
    "rmsprop": (lambda p: CentredRmsprop(p, lr=2.5e-3, decay=0.95, eps=0.01), None),
    "rmsprop_uncentred": (lambda p: torch.optim.RMSprop(p, lr=1e-3), None),
    "sgd": (lambda p: torch.optim.SGD(p, lr=1e-1, momentum=0.9), 0.25),
}


def dense():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))


def conv():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 2, 2), nn.Sigmoid(), nn.Flatten(), nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3)
    )


def observations(name, random):
    if name == "dense":
        return random.normal(size=(UPDATES, BATCH, 4)).astype(np.float32)
    # 7x7 pixels: a 5x5 map follows, of which the stride leaves the last row and column unseen.
    return random.integers(0, 256, size=(UPDATES, BATCH, 2, 7, 7)).astype(np.uint8)


def seen(values):
    tensor = torch.from_numpy(values)
    return tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor


def main():
    torch.set_num_threads(1)
    golden = {}
    for seed, (name, make) in enumerate([("dense", dense), ("conv", conv)]):
        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        online, target = make(), make()
        outputs = online[-1].out_features
        data = {
            "before": observations(name, random),
            "after": observations(name, random),
            "actions": random.integers(0, outputs, size=(UPDATES, BATCH)),
            # Wide enough for errors in the linear part of the Huber loss.
            "rewards": (2 * random.normal(size=(UPDATES, BATCH))).astype(np.float32),
            "terminated": (random.random((UPDATES, BATCH)) < 0.25).astype(np.uint8),
        }
        golden |= {f"{name}.{key}": value for key, value in data.items()}
        note = lambda prefix, tensors: golden.update({f"{name}.{prefix}.{key}": v.detach().numpy().copy() for key, v in tensors})
        note("online", online.state_dict().items())
        note("target", target.state_dict().items())
        for kind, (optimiser_of, clip) in OPTIMISERS.items():
            q_net, frozen = deepcopy(online), deepcopy(target)
            optimiser = optimiser_of(q_net.parameters())
            for update in range(UPDATES):
                batch = {key: torch.from_numpy(value[update]) for key, value in data.items()}
                q_before = q_net(seen(data["before"][update]))
                with torch.no_grad():
                    q_after = frozen(seen(data["after"][update]))
                    y = batch["rewards"] + GAMMA * (1 - batch["terminated"].float()) * q_after.max(1).values
                loss = nn.functional.smooth_l1_loss(q_before.gather(1, batch["actions"][:, None])[:, 0], y)
                for p in q_net.parameters():
                    p.grad = None
                loss.backward()
                if update == 0 and kind == "adam":
                    note("first", OrderedDict(q_before=q_before, q_after=q_after, targets=y, loss=loss[None]).items())
                    note("gradient", [(key, p.grad) for key, p in q_net.named_parameters()])
                if clip is not None:
                    nn.utils.clip_grad_norm_(q_net.parameters(), clip)
                optimiser.step()
                if update + 1 == REFRESH:
                    frozen.load_state_dict(q_net.state_dict())
                if update + 1 in (1, UPDATES):
                    note(f"{kind}.{update + 1}", q_net.state_dict().items())
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(golden, OUT)
    print(f"{OUT}: {OUT.stat().st_size} bytes, {len(golden)} arrays, torch {torch.__version__}")


if __name__ == "__main__":
    main()
