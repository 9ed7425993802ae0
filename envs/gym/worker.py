"""Hosts Gymnasium environments for the program innate, which starts it with a socket as its standard input.

A request is 16 bytes, what is asked, a count and an environment's number, and what belongs to it:

    OPEN     count bytes of JSON, what to make       answered by a length and as many bytes of JSON: what was made, or {"error": ...}
    STEP     count pairs of environment and action   answered by 24 bytes for each: flags, a number, the reward; where 2^63 is
             added to the action, a step that ends its episode also begins the next
    RESET    the seed; count is 1 if there is one    answered by 24 bytes
    PICTURE                                          answered by 24 bytes, the number being height * 2^32 + width, and the pixels
    CLOSE                                            not answered

Observations lie in a file in memory that both sides share, one for each environment: what followed a step in its first half, what
an episode begins with in its second. Where the flags of an answer say that the
environment failed, its number is the length of a text, the traceback, which follows after all the answers to the request. The
worker ends when the socket is closed, which is when the program ends, and removes its folder.
"""

import importlib
import json
import mmap
import os
import select
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback

REQUEST = struct.Struct("<IIQ")
PAIR = struct.Struct("<QQ")
NUMBER = struct.Struct("<Q")
ANSWER = struct.Struct("<QQd")

OPEN, STEP, RESET, PICTURE, CLOSE = range(5)
# Flags of an answer.
TERMINATED, TRUNCATED, FAILED, BEGUN = 1, 2, 4, 8
# What is added to an action if the next episode is to begin as soon as this one has ended.
AHEAD = 1 << 63
# The halves of a shared file.
FOLLOWING, FIRST = 0, 1

# Seconds in which environments can close themselves when the program has gone.
PATIENCE = 3
# One-hot rows up to this length stand for a Discrete observation.
MOST_STATES = 65_536
# The byte that stands for 1: networks see bytes divided by 255.
ONE = 255


class Refused(Exception):
    """An environment that cannot be used here; the message is a sentence."""


class Hosted:
    """One environment and the file through which its observations go."""

    def __init__(self, asked):
        self.env = make(asked)
        self.frame = asked["frame"]
        try:
            self.inspect()
            self.describe(asked)
        except BaseException:
            # What is refused must not stay open.
            attempt(self.env.close)
            raise

    def inspect(self):
        """Looks at its spaces."""
        actions = self.env.action_space
        if type(actions).__name__ != "Discrete":
            raise Refused(
                f"its actions are {actions}; the learners choose among a finite set of actions (Discrete): "
                "wrap it so that it offers one, or take a task with discrete actions"
            )
        self.first = int(actions.start)
        self.arrays = list(leaves(self.env.observation_space, "", lambda value: value))

    def describe(self, asked):
        """Lays the arrays out in the shared file and tells what the environment is."""
        specs = [array.spec() for array in self.arrays]
        if self.frame:
            if any(array.name == "frame" for array in self.arrays):
                raise Refused("its observation has an array `frame` of its own, so that there is none to add")
            self.env.reset()
            height, width, _ = self.render().shape
            specs.append({"name": "frame", "kind": "u8", "shape": [height, width, 3], "low": [0], "high": [255]})
        offset = 0
        for spec in specs:
            spec["offset"] = offset
            size = 4 if spec["kind"] == "f32" else 1
            for side in spec["shape"]:
                size *= side
            offset += (size + 63) // 64 * 64
        with open(asked["path"], "wb+") as file:
            file.truncate(2 * offset)
            self.shared = mmap.mmap(file.fileno(), 2 * offset)
        for array, spec in zip(self.arrays, specs):
            array.attach(self.shared, [spec["offset"], offset + spec["offset"]])
        if self.frame:
            import numpy

            size, start = height * width * 3, specs[-1]["offset"]
            pixels = [numpy.frombuffer(self.shared, numpy.uint8, size, half) for half in (start, offset + start)]
            self.pixels = [half.reshape(height, width, 3) for half in pixels]
        spec = self.env.spec
        self.made = {
            "arrays": specs,
            "half": offset,
            "actions": self.action_names(),
            "max_episode_steps": asked["max_episode_steps"] or getattr(spec, "max_episode_steps", None),
            "reward_threshold": getattr(spec, "reward_threshold", None),
        }

    def action_names(self):
        count = int(self.env.action_space.n)
        meanings = getattr(self.env.unwrapped, "get_action_meanings", None)
        names = [str(name).lower() for name in meanings()] if callable(meanings) else []
        return names if len(names) == count else [str(self.first + action) for action in range(count)]

    def step(self, action):
        """One step: the flags and the reward."""
        ahead, action = action & AHEAD, action & ~AHEAD
        observation, reward, terminated, truncated, _ = self.env.step(self.first + action)
        self.show(observation, FOLLOWING)
        if not (terminated or truncated):
            return 0, float(reward)
        # An episode that cannot begin says so when it is asked for.
        begun = ahead and attempt(lambda: self.reset(None))[1] is None
        flags = (TERMINATED if terminated else 0) | (TRUNCATED if truncated else 0) | (BEGUN if begun else 0)
        return flags, float(reward)

    def reset(self, seed):
        observation, _ = self.env.reset(seed=seed)
        self.show(observation, FIRST)

    def show(self, observation, half):
        for array in self.arrays:
            array.write(observation, half)
        if self.frame:
            self.pixels[half][:] = self.render()

    def render(self):
        """What a person would see: bytes of shape height, width, 3."""
        import numpy

        picture = self.env.render() if self.env.render_mode == "rgb_array" else None
        if picture is None:
            raise Refused('it has no render mode "rgb_array", so there are no pictures of it')
        return numpy.ascontiguousarray(picture, dtype=numpy.uint8)[:, :, :3]


def make(asked):
    """The environment that is asked for."""
    gymnasium = imported("gymnasium", "gymnasium")
    name, kwargs = asked["id"], dict(asked["kwargs"])
    atari = asked["atari"]
    modules = list(asked["imports"])
    if name.startswith("ALE/") or "NoFrameskip" in name:
        modules.insert(0, "ale_py")
    if name.startswith("MinAtar/"):
        modules.insert(0, "minatar.gym:register_envs")
    for module in modules:
        module, _, function = module.partition(":")
        package = module.partition(".")[0]
        found = imported(module, {"ale_py": "ale-py"}.get(package, package))
        if function:
            getattr(found, function)()
    if atari is not None:
        kwargs.setdefault("frameskip", 1)
    limit = asked["max_episode_steps"]
    # Of actions, and with the preprocessing of Atari games an action is several steps of the game.
    if limit is not None and atari is None:
        kwargs["max_episode_steps"] = limit
    unknown = (gymnasium.error.UnregisteredEnv, gymnasium.error.DeprecatedEnv)
    try:
        try:
            env = gymnasium.make(name, render_mode="rgb_array", **kwargs)
        except Exception as error:
            if isinstance(error, unknown):
                raise
            env = gymnasium.make(name, **kwargs)
    except unknown as error:
        raise Refused(f"Gymnasium does not have it: {error} (`imports` names modules that register environments)")
    if atari is not None:
        imported("cv2", "opencv-python-headless")
        lives = atari.pop("episodic_life")
        env = gymnasium.wrappers.AtariPreprocessing(env, **atari)
        env = life_by_life(gymnasium, env) if lives else env
        env = env if limit is None else gymnasium.wrappers.TimeLimit(env, limit)
    return env


def life_by_life(gymnasium, env):
    """`env` with an episode for each life: the next one goes on in the same game, unless a seed asks for a new one."""

    class LifeByLife(gymnasium.Wrapper):
        lives, over = 0, True

        def step(self, action):
            observation, reward, terminated, truncated, info = self.env.step(action)
            before, self.lives = self.lives, self.unwrapped.ale.lives()
            self.over = terminated or truncated
            return observation, reward, terminated or self.lives < before, truncated, info

        def reset(self, *, seed=None, options=None):
            goes_on = seed is None and not self.over
            if goes_on:
                observation, _, terminated, truncated, info = self.env.step(0)
                goes_on = not (terminated or truncated)
            if not goes_on:
                observation, info = self.env.reset(seed=seed, options=options)
            self.lives, self.over = self.unwrapped.ale.lives(), False
            return observation, info

    return LifeByLife(env)


def imported(module, package):
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise Refused(
            f"the interpreter {sys.executable} has no module `{error.name}`: install it with "
            f"`{sys.executable} -m pip install {package}`, or name another interpreter (--python PATH, env.python)"
        )


def leaves(space, name, pick):
    """The arrays of an observation space: a Dict or a Tuple is taken apart."""
    kind = type(space).__name__
    if kind == "Dict" or kind == "Tuple":
        inner = space.spaces.items() if kind == "Dict" else enumerate(space.spaces)
        for key, part in inner:
            yield from leaves(part, f"{name}.{key}" if name else str(key), lambda value, key=key: pick(value)[key])
        return
    name = name or "observation"
    if kind == "Box":
        yield Numbers(space, name, pick)
    elif kind == "Discrete" and space.n <= MOST_STATES:
        yield OneHot(space, name, pick)
    else:
        raise Refused(
            f"its observation `{name}` is {space}; known are Box, Discrete (up to {MOST_STATES} values), and Dict and Tuple of them"
        )


class Numbers:
    """A Box: bytes stay bytes, all else becomes single precision; a colour picture becomes channels, height, width."""

    def __init__(self, space, name, pick):
        import numpy

        self.name, self.pick = name, pick
        self.dtype = numpy.uint8 if space.dtype == numpy.uint8 else numpy.float32
        shape = space.shape or (1,)
        picture = self.dtype == numpy.uint8
        self.channels_last = picture and len(shape) == 3 and shape[2] in (1, 3, 4)
        self.inner = shape
        self.shape = (shape[2], *shape[:2]) if self.channels_last else (1, *shape) if picture and len(shape) == 2 else shape
        self.low, self.high = self.bounds(space.low), self.bounds(space.high)

    def bounds(self, numbers):
        """One number if all are equal, else all in the order of the array; null where there is no bound."""
        import numpy

        numbers = numpy.asarray(numbers, dtype=numpy.float32)
        numbers = numpy.moveaxis(numbers, 2, 0) if self.channels_last else numbers
        flat = numbers.reshape(-1)
        flat = flat[:1] if (flat == flat[0]).all() else flat
        return [float(number) if numpy.isfinite(number) else None for number in flat]

    def spec(self):
        kind = "u8" if self.dtype().itemsize == 1 else "f32"
        return {"name": self.name, "kind": kind, "shape": list(self.shape), "low": self.low, "high": self.high}

    def attach(self, shared, offsets):
        import numpy

        count = int(numpy.prod(self.shape))
        views = [numpy.frombuffer(shared, self.dtype, count, offset).reshape(self.shape) for offset in offsets]
        self.views = [view.transpose(1, 2, 0) if self.channels_last else view.reshape(self.inner) for view in views]

    def write(self, observation, half):
        self.views[half][...] = self.pick(observation)


class OneHot:
    """A Discrete: a row of bytes with one of them lit."""

    def __init__(self, space, name, pick):
        self.name, self.pick = name, pick
        self.count, self.start, self.lit = int(space.n), int(space.start), [0, 0]

    def spec(self):
        return {"name": self.name, "kind": "u8", "shape": [self.count], "low": [0], "high": [ONE]}

    def attach(self, shared, offsets):
        self.shared, self.offsets = shared, offsets

    def write(self, observation, half):
        value = int(self.pick(observation)) - self.start
        if not 0 <= value < self.count:
            raise ValueError(f"the observation `{self.name}` is {value + self.start}, outside its space")
        self.shared[self.offsets[half] + self.lit[half]] = 0
        self.shared[self.offsets[half] + value] = ONE
        self.lit[half] = value


def told(error):
    """What to say of an exception: a sentence of our own, or the traceback."""
    return str(error) if isinstance(error, Refused) else "".join(traceback.format_exception(error)).rstrip()


class Worker:
    """All environments of this process, by their numbers."""

    def __init__(self, connection):
        self.connection = connection
        self.hosted = {}

    def serve(self):
        while True:
            request = self.receive(REQUEST.size)
            if request is None:
                return
            what, count, number = REQUEST.unpack(request)
            if what == STEP:
                self.steps(self.receive(count * PAIR.size), count)
            elif what == OPEN:
                self.open(json.loads(self.receive(count)), number)
            elif what == RESET:
                (seed,) = NUMBER.unpack(self.receive(NUMBER.size))
                self.one(lambda: self.hosted[number].reset(seed if count else None))
            elif what == PICTURE:
                self.one(lambda: self.hosted[number].render())
            elif number in self.hosted:
                env = self.hosted.pop(number).env
                attempt(env.close)

    def receive(self, length):
        data = self.connection.recv(length, socket.MSG_WAITALL) if length else b""
        return data if len(data) == length else None

    def open(self, asked, number):
        try:
            self.hosted[number] = Hosted(asked)
            answer = self.hosted[number].made
        except BaseException as error:
            answer = {"error": told(error)}
        answer = json.dumps(answer).encode()
        self.connection.sendall(NUMBER.pack(len(answer)) + answer)

    def steps(self, pairs, count):
        answers, texts = bytearray(count * ANSWER.size), b""
        for place, (number, action) in enumerate(PAIR.iter_unpack(pairs)):
            try:
                flags, reward = self.hosted[number].step(action)
                ANSWER.pack_into(answers, place * ANSWER.size, flags, 0, reward)
            except BaseException as error:
                text = told(error).encode()
                ANSWER.pack_into(answers, place * ANSWER.size, FAILED, len(text), 0.0)
                texts += text
        self.connection.sendall(answers + texts if texts else answers)

    def one(self, asked):
        """Answers with what `asked` gives: a picture, or nothing."""
        picture, error = attempt(asked)
        if error is not None:
            text = told(error).encode()
            self.connection.sendall(ANSWER.pack(FAILED, len(text), 0.0) + text)
            return
        height, width = (0, 0) if picture is None else picture.shape[:2]
        pixels = b"" if picture is None else picture.tobytes()
        self.connection.sendall(ANSWER.pack(0, height << 32 | width, 0.0) + pixels)


def attempt(asked):
    """What `asked` gives, and the exception if there is one: nothing that an environment does ends the worker."""
    try:
        return asked(), None
    except BaseException as error:
        return None, error


def main():
    # The program decides what Ctrl-C does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Users' modules lie where the program was started, not where this script does.
    folder, sys.path[0] = sys.path[0], os.getcwd()
    connection = socket.socket(fileno=os.dup(0))
    # What an environment reads from its standard input, or a program that it starts, is not for it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=leave, args=(connection, folder), daemon=True).start()
    worker = Worker(connection)
    worker.serve()
    for hosted in worker.hosted.values():
        attempt(hosted.env.close)
    shutil.rmtree(folder, ignore_errors=True)


def leave(connection, folder):
    """Ends the process some time after the program has gone, also where an environment hangs."""
    hung_up = select.poll()
    hung_up.register(connection, 0)
    hung_up.poll()
    time.sleep(PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
