"""Steps per second of a plain loop in Python: gymnasium_loop.py ID STEPS. For envs/examples/gym_speed.rs."""

import sys
import time

import ale_py
import gymnasium

gymnasium.register_envs(ale_py)


def main():
    name, steps = sys.argv[1], int(sys.argv[2])
    env = gymnasium.make(name, **({"frameskip": 1} if name.startswith("ALE/") else {}))
    if name.startswith("ALE/"):
        env = gymnasium.wrappers.AtariPreprocessing(env)
    count = int(env.action_space.n)
    env.reset(seed=0)
    best = 0.0
    for _ in range(3):
        start = time.perf_counter()
        for step in range(steps):
            _, _, terminated, truncated, _ = env.step(step * 7 // 3 % count)
            if terminated or truncated:
                env.reset()
        best = max(best, steps / (time.perf_counter() - start))
    print(best)


if __name__ == "__main__":
    main()
