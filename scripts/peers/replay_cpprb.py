"""The work of scripts/bench_replay.rs in cpprb: microseconds of each part, as JSON."""

import json
import time

import numpy as np
from cpprb import PrioritizedReplayBuffer, ReplayBuffer

CAPACITY, CHUNK, ROUNDS, CALLS = 1_000_000, 256, 20, 500
FRAMES, STACK = 100_000, (4, 84, 84)
COLUMNS = {"obs": {"shape": 4}, "act": {"dtype": np.int64}, "rew": {}, "next_obs": {"shape": 4}, "done": {"dtype": np.uint8}}


def micros(call, calls=CALLS):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - start) * 1e6 / calls)
    return best


def main():
    random = np.random.default_rng(0)
    numbers = lambda: random.random((CHUNK, 4), dtype=np.float32)
    chunk = {
        "obs": numbers(),
        "act": random.integers(0, 2, CHUNK),
        "rew": np.ones(CHUNK, np.float32),
        "next_obs": numbers(),
        "done": np.zeros(CHUNK, np.uint8),
    }
    uniform = ReplayBuffer(CAPACITY, COLUMNS)
    prioritised = PrioritizedReplayBuffer(CAPACITY, COLUMNS, alpha=0.6)
    for buffer in (uniform, prioritised):
        while buffer.get_stored_size() < CAPACITY:
            buffer.add(**chunk)
    found = {f"add {CHUNK}": micros(lambda: uniform.add(**chunk))}
    for size in (32, 256):
        errors = random.random(size)
        found[f"sample {size}"] = micros(lambda: uniform.sample(size))

        def draw_and_update():
            batch = prioritised.sample(size, beta=0.4)
            prioritised.update_priorities(batch["indexes"], errors)

        found[f"prioritised {size}"] = micros(draw_and_update)
    sample = uniform.sample(1)
    found["bytes per transition"] = float(sum(value.nbytes for value in sample.values()))
    del uniform, prioritised
    found |= frames(random)
    print(json.dumps(found))


def frames(random):
    """Stacks of frames, as Stable-Baselines3 keeps them too: before and after each step."""
    stack = {"shape": STACK, "dtype": np.uint8}
    buffer = ReplayBuffer(FRAMES, COLUMNS | {"obs": stack, "next_obs": stack})
    pixels = lambda: random.integers(0, 256, (CHUNK, *STACK), dtype=np.uint8)
    chunk = {
        "obs": pixels(),
        "act": np.zeros(CHUNK, np.int64),
        "rew": np.ones(CHUNK, np.float32),
        "next_obs": pixels(),
        "done": np.zeros(CHUNK, np.uint8),
    }
    while buffer.get_stored_size() < FRAMES:
        buffer.add(**chunk)
    return {
        f"frames: add {CHUNK}": micros(lambda: buffer.add(**chunk), 20),
        "frames: sample 32": micros(lambda: buffer.sample(32), 100),
        "frames: bytes per transition": float(sum(value.nbytes for value in buffer.sample(1).values())),
    }


if __name__ == "__main__":
    main()
