"""Plays Gymnasium in this process and prints what came of it, for tests/gym.rs to compare with its workers.

    oracle.py ID SEED STEPS KWARGS ATARI STACK

KWARGS and ATARI are JSON (ATARI: null, or the arguments of AtariPreprocessing, and `episodic_life`), STACK the frames of FrameStackObservation or
0. Prints `actions N`, then for the reset and each step a line: CRC32 of all arrays of the observation as the workers show them
(bytes as they are, all else in single precision; a colour picture with its channels first), reward, terminated, truncated. An
episode that ended is followed by the line of its reset. Step t takes action t * 7 // 3 mod N.
"""

import json
import sys
import zlib

import ale_py
import gymnasium
import numpy as np

gymnasium.register_envs(ale_py)


def main():
    name, seed, steps, kwargs, atari, stack = sys.argv[1:]
    env = gymnasium.make(name, **json.loads(kwargs))
    atari = json.loads(atari)
    life_by_life = bool(atari) and atari.pop("episodic_life", False)
    if atari is not None:
        env = gymnasium.wrappers.AtariPreprocessing(env, **atari)
    if int(stack):
        env = gymnasium.wrappers.FrameStackObservation(env, int(stack))
    count = int(env.action_space.n)
    print("actions", count)
    tell(env, env.reset(seed=int(seed))[0], 0.0, False, False)
    for step in range(int(steps)):
        action = env.action_space.start + step * 7 // 3 % count
        before = env.unwrapped.ale.lives() if life_by_life else 0
        observation, reward, terminated, truncated, _ = env.step(action)
        lost = life_by_life and env.unwrapped.ale.lives() < before
        tell(env, observation, reward, terminated or lost, truncated)
        if terminated or truncated:
            tell(env, env.reset()[0], 0.0, False, False)
        elif lost:
            tell(env, env.step(0)[0], 0.0, False, False)


def tell(env, observation, reward, terminated, truncated):
    crc = checksum(env.observation_space, observation, 0)
    print(f"{crc:08x} {float(reward)!r} {int(terminated)} {int(truncated)}")


def checksum(space, value, crc):
    kind = type(space).__name__
    if kind == "Dict":
        for key, inner in space.spaces.items():
            crc = checksum(inner, value[key], crc)
        return crc
    if kind == "Tuple":
        for inner, part in zip(space.spaces, value):
            crc = checksum(inner, part, crc)
        return crc
    if kind == "Discrete":
        row = np.zeros(int(space.n), np.uint8)
        row[int(value) - int(space.start)] = 255
        return zlib.crc32(row.tobytes(), crc)
    if space.dtype == np.uint8:
        value = np.asarray(value)
        if value.ndim == 3 and value.shape[2] == 3:
            value = value.transpose(2, 0, 1)
        return zlib.crc32(np.ascontiguousarray(value).tobytes(), crc)
    return zlib.crc32(np.asarray(value, np.float32).tobytes(), crc)


if __name__ == "__main__":
    main()
