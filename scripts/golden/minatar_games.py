"""Records what the Python package `minatar` does, for the tests of the crate `envs` to compare with `==`.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install minatar==1.0.15
    /tmp/golden/bin/python scripts/golden/minatar_games.py

writes envs/golden/minatar.txt, one line per case:

    <Game> <seed> <sticky_action_prob> <ramping: on | off> <tape> <steps> <reward> <ends> <CRC> <CRC> <CRC> <next word>

The package is made, seeded, reset, and given the actions of a tape; after each end it is reset. The CRC32 runs over all
boards, the reset ones included, as bytes 0 and 1 in the order row, column, channel; it is told after 100 steps, after 1,000
and at the end (- if the case is shorter). `next word` is what the package's generator gives next, so that equal words mean
equally many draws. The tapes:

    A       a(t) = (7 t + 3 floor(t / 5)) mod 6
    B       x(0) = 12345, x(t + 1) = (1103515245 x(t) + 12345) mod 2^31, a(t) = floor(x(t + 1) / 65536) mod 6
    deep    the digits of envs/golden/minatar_deep.txt, then the action that stands before them

With cases as arguments (<Game> <seed> <sticky_action_prob> <on | off> <tape> <steps>, again and again) it prints their lines
instead.

The package is only run: its source is under another licence and was not read for the environments.
"""

import sys
import zlib
from pathlib import Path

import minatar
import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "envs" / "golden"
GAMES = {
    "Breakout": "breakout",
    "Asterix": "asterix",
    "Freeway": "freeway",
    "Seaquest": "seaquest",
    "SpaceInvaders": "space_invaders",
}
STEPS = 5000
# Seed and steps of the deep tapes: each ends soon after its digits, Freeway's at the end of its time.
DEEP = {
    "Breakout": (3, 912),
    "Asterix": (0, 1154),
    "Freeway": (0, 2501),
    "Seaquest": (0, 1134),
    "SpaceInvaders": (0, 1206),
}


def main():
    lines = [f"# MinAtar 1.0.15 under NumPy {np.__version__}, recorded by scripts/golden/minatar_games.py, which explains the columns."]
    for game in GAMES:
        for seed in range(3):
            lines += [record(game, seed, 0.1, True, tape, STEPS) for tape in "AB"]
        lines.append(record(game, 0, 0.0, True, "B", STEPS))
        lines.append(record(game, 1, 0.5, False, "B", STEPS))
        seed, steps = DEEP[game]
        lines += [record(game, seed, 0.1, ramping, "deep", steps) for ramping in (True, False)]
    (GOLDEN / "minatar.txt").write_text("\n".join(lines) + "\n")


def record(game, seed, sticky, ramping, tape, steps):
    env = minatar.Environment(GAMES[game], sticky_action_prob=sticky, difficulty_ramping=ramping)
    env.seed(seed)
    env.reset()
    crc, rewards, ends, marks = see(env, 0), 0, 0, {}
    for step, action in zip(range(1, steps + 1), actions(game, tape)):
        reward, over = env.act(action)
        rewards += reward
        crc = see(env, crc)
        if over:
            ends += 1
            env.reset()
            crc = see(env, crc)
        marks[step] = f"{crc:08x}"
    word = int(env.random.randint(0, 2**32, dtype=np.int64))
    told = [marks.get(step, "-") for step in (100, 1000, steps)]
    ramps = "on" if ramping else "off"
    return " ".join(map(str, [game, seed, sticky, ramps, tape, steps, rewards, ends, *told, f"{word:08x}"]))


def see(env, crc):
    return zlib.crc32(np.ascontiguousarray(env.state(), dtype=np.uint8).tobytes(), crc)


def actions(game, tape):
    if tape == "A":
        t = 0
        while True:
            yield (7 * t + 3 * (t // 5)) % 6
            t += 1
    if tape == "B":
        x = 12345
        while True:
            x = (1103515245 * x + 12345) % 2**31
            yield x // 65536 % 6
    deep = dict(line.split(" ", 1) for line in (GOLDEN / "minatar_deep.txt").read_text().splitlines()[1:])
    tail, digits = deep[game].split(" ")
    yield from map(int, digits)
    while True:
        yield int(tail)


def asked(words):
    for game, seed, sticky, ramps, tape, steps in zip(*[iter(words)] * 6):
        print(record(game, int(seed), float(sticky), ramps == "on", tape, int(steps)))


if __name__ == "__main__":
    asked(sys.argv[1:]) if sys.argv[1:] else main()
