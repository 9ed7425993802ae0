"""The work of scripts/bench_replay.rs in cpprb: microseconds of each part, as JSON."""

import json
import time

import numpy as np
from cpprb import PrioritizedReplayBuffer, ReplayBuffer

CAPACITY, CHUNK, ROUNDS, CALLS = 1_000_000, 256, 20, 500
COLUMNS = {"obs": {"shape": 4}, "act": {"dtype": np.int64}, "rew": {}, "next_obs": {"shape": 4}, "done": {"dtype": np.uint8}}


def micros(call):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter() - start) * 1e6 / CALLS)
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
    print(json.dumps(found))


if __name__ == "__main__":
    main()
