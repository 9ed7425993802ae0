"""Records what Gymnasium's classic control does, for the tests of the crate `envs` to compare with `==`.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install gymnasium
    /tmp/golden/bin/python scripts/golden/classic_control.py

writes envs/golden/<id>.txt, one line per event, every number as the bits of its type in hexadecimal:

    seed <seed>                                       reset(seed=<seed>), the observation in the next line
    reset <f32> ...                                   first observation of an episode (seed=None after the first of a seed)
    <action> <f32> ... <f64 reward> <. | T | L | TL>  one step; T: terminated, L: truncated by the time limit

and envs/golden/numpy.txt, draws of numpy.random.Generator(PCG64(seed)).

Two kinds of actions are recorded: random ones, and those of a simple controller, so that episodes also end in success or
at the time limit. The bits are those of the C library's double-precision functions and of NumPy's single-precision ones on
a CPU with fused multiply-add; the script refuses to record where NumPy computes anything else.
"""

import math
import random
import struct
import sys
from pathlib import Path

import gymnasium
import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "envs" / "golden"
SEEDS = [0, 1, 42, 2**32 + 5, 2**63 + 12345678901]


def main():
    refuse_other_arithmetic()
    GOLDEN.mkdir(exist_ok=True)
    record("CartPole-v1", lambda o: int(o[2] + o[3] > 0), steps=[150, 520, 100, 520, 100])
    record("CartPole-v0", lambda o: int(o[2] + o[3] > 0), steps=[30, 210, 30, 30, 30])
    record("Acrobot-v1", lambda o: 2 if o[4] + o[5] > 0 else 0, steps=[510, 200, 60, 200, 60])
    record("MountainCar-v0", lambda o: 2 if o[1] > 0 else 0, steps=[205, 300, 60, 300, 60])
    record_draws()


def record(name, controller, steps):
    """Plays steps[i] steps from SEEDS[i]: random actions where i is even, the controller's where it is odd."""
    env = gymnasium.make(name)
    lines = [header()]
    for place, seed in enumerate(SEEDS):
        lines.append(f"seed {seed}")
        observation, _ = env.reset(seed=seed)
        lines.append("reset " + floats(observation))
        actions = random.Random(place)
        for _ in range(steps[place]):
            action = actions.randrange(env.action_space.n)
            if place % 2 == 1 and actions.random() < 0.95:
                action = controller(observation)
            observation, reward, terminated, truncated, _ = env.step(action)
            end = ("T" * terminated + "L" * truncated) or "."
            lines.append(f"{action} {floats(observation)} {struct.pack('>d', reward).hex()} {end}")
            if terminated or truncated:
                observation, _ = env.reset()
                lines.append("reset " + floats(observation))
    (GOLDEN / f"{name}.txt").write_text("\n".join(lines) + "\n")


def record_draws():
    """For each seed: 4 x random(), 2 x uniform(-0.6, -0.4), 12 x integers(n) with a double between, 2 x random()."""
    lines = [header()]
    for seed in SEEDS:
        generator = np.random.Generator(np.random.PCG64(seed))
        draws = [doubles(generator.random()) for _ in range(4)]
        draws += [doubles(generator.uniform(-0.6, -0.4)) for _ in range(2)]
        for count in [1, 2, 3, 5, 48, 1000, 3_000_000_000]:
            draws.append(f"{count}:{generator.integers(count)}")
        draws.append(doubles(generator.random()))
        draws += [f"{count}:{generator.integers(count)}" for count in [2**31 + 1, 2**31 + 1, 2**31 + 1, 7, 2**32 - 1]]
        draws.append(doubles(generator.random()))
        lines.append(f"{seed} " + " ".join(draws))
    (GOLDEN / "numpy.txt").write_text("\n".join(lines) + "\n")


def refuse_other_arithmetic():
    """Stops unless NumPy's cosine is the C library's in f64, and its own fused polynomial in f32."""
    angles = np.random.default_rng(0).uniform(-4, 4, 20_000)
    if any(np.cos(a) != math.cos(a) or np.sin(a) != math.sin(a) for a in angles):
        sys.exit("this NumPy does not use the C library's sin and cos; set NPY_DISABLE_CPU_FEATURES='X86_V4 AVX512_SKX'")
    if np.cos(np.float32(0.04264964535832405)) != fused_cosine(0.04264964535832405):
        sys.exit("this NumPy does not compute single-precision cosines with fused multiply-add; use another machine")


def fused_cosine(angle):
    """NumPy's cosine of a small f32 angle, each fused step done in f64 or wider and rounded once."""
    square = np.float32(angle) * np.float32(angle)
    sum_ = np.float32(float.fromhex("0x1.98e616p-16"))
    for term in ["-0x1.6c06dcp-10", "0x1.55553cp-05", "-0x1p-01", "0x1p+00"]:
        sum_ = np.float32(np.longdouble(sum_) * np.longdouble(square) + np.longdouble(float.fromhex(term)))
    return sum_


def header():
    return f"# scripts/golden/classic_control.py, Gymnasium {gymnasium.__version__}, NumPy {np.__version__}"


def floats(array):
    assert array.dtype == np.float32
    return " ".join(struct.pack(">f", x).hex() for x in array)


def doubles(number):
    return struct.pack(">d", number).hex()


main()
