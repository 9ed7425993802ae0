"""Hosts Gymnasium environments for the program innate: `python worker.py SOCKET`.

It listens on a Unix socket; every connection is one environment. The first message is JSON, what to make, and is answered
with JSON, what was made, or with `{"error": ...}`; each message is preceded by its length. Then requests of 16 bytes (what,
number) are answered with 24 bytes (flags, number, reward), and observations lie in a file in memory that both sides share.
A failure is answered with its traceback. The worker ends when its standard input does, which is when the program ends.
"""

import importlib
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import traceback

LENGTH = struct.Struct("<Q")
REQUEST = struct.Struct("<QQ")
REPLY = struct.Struct("<QQd")

# What is asked.
STEP, RESET, RESET_SEED, PICTURE = range(4)
# Flags of an answer.
TERMINATED, TRUNCATED, FAILED = 1, 2, 4

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
        actions = self.env.action_space
        if type(actions).__name__ != "Discrete":
            raise Refused(
                f"its actions are {actions}; the learners choose among a finite set of actions (Discrete): "
                "wrap it so that it offers one, or take a task with discrete actions"
            )
        self.first = int(actions.start)
        self.arrays = list(leaves(self.env.observation_space, "", lambda value: value))
        self.describe(asked["path"])

    def describe(self, path):
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
        with open(path, "wb+") as file:
            file.truncate(offset)
            self.shared = mmap.mmap(file.fileno(), offset)
        for array, spec in zip(self.arrays, specs):
            array.attach(self.shared, spec)
        if self.frame:
            import numpy

            spec = specs[-1]
            pixels = numpy.frombuffer(self.shared, numpy.uint8, height * width * 3, spec["offset"])
            self.pixels = pixels.reshape(height, width, 3)
        spec = self.env.spec
        self.made = {
            "arrays": specs,
            "actions": self.action_names(),
            "max_episode_steps": getattr(spec, "max_episode_steps", None),
            "reward_threshold": getattr(spec, "reward_threshold", None),
        }

    def action_names(self):
        count = int(self.env.action_space.n)
        meanings = getattr(self.env.unwrapped, "get_action_meanings", None)
        names = [str(name).lower() for name in meanings()] if callable(meanings) else []
        return names if len(names) == count else [str(self.first + action) for action in range(count)]

    def answer(self, asked, number):
        if asked == STEP:
            observation, reward, terminated, truncated, _ = self.env.step(self.first + number)
            self.show(observation)
            flags = (TERMINATED if terminated else 0) | (TRUNCATED if truncated else 0)
            return REPLY.pack(flags, 0, float(reward))
        if asked == PICTURE:
            picture = self.render()
            height, width, _ = picture.shape
            return REPLY.pack(0, height << 32 | width, 0.0) + picture.tobytes()
        observation, _ = self.env.reset(seed=number if asked == RESET_SEED else None)
        self.show(observation)
        return REPLY.pack(0, 0, 0.0)

    def show(self, observation):
        for array in self.arrays:
            array.write(observation)
        if self.frame:
            self.pixels[:] = self.render()

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
    if asked["max_episode_steps"] is not None:
        kwargs["max_episode_steps"] = asked["max_episode_steps"]
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
        env = gymnasium.wrappers.AtariPreprocessing(env, **atari)
    return env


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

    def attach(self, shared, spec):
        import numpy

        count = int(numpy.prod(self.shape))
        view = numpy.frombuffer(shared, self.dtype, count, spec["offset"]).reshape(self.shape)
        self.view = view.transpose(1, 2, 0) if self.channels_last else view.reshape(self.inner)

    def write(self, observation):
        self.view[...] = self.pick(observation)


class OneHot:
    """A Discrete: a row of bytes with one of them lit."""

    def __init__(self, space, name, pick):
        self.name, self.pick = name, pick
        self.count, self.start, self.lit = int(space.n), int(space.start), 0

    def spec(self):
        return {"name": self.name, "kind": "u8", "shape": [self.count], "low": [0], "high": [ONE]}

    def attach(self, shared, spec):
        self.shared, self.offset = shared, spec["offset"]

    def write(self, observation):
        self.shared[self.offset + self.lit] = 0
        self.lit = int(self.pick(observation)) - self.start
        if not 0 <= self.lit < self.count:
            raise ValueError(f"the observation `{self.name}` is {self.lit + self.start}, outside its space")
        self.shared[self.offset + self.lit] = ONE


def told(error):
    """What to say of an exception: a sentence of our own, or the traceback."""
    return str(error) if isinstance(error, Refused) else "".join(traceback.format_exception(error)).rstrip()


def receive(connection, length):
    parts = b""
    while len(parts) < length:
        part = connection.recv(length - len(parts))
        if not part:
            return None
        parts += part
    return parts


def open_environment(connection):
    """Makes the environment that the first message asks for; nothing if there is none."""
    length = receive(connection, LENGTH.size)
    message = length and receive(connection, LENGTH.unpack(length)[0])
    if not message:
        return None
    try:
        hosted = Hosted(json.loads(message))
        answer = hosted.made
    except BaseException as error:
        hosted, answer = None, {"error": told(error)}
    answer = json.dumps(answer).encode()
    connection.sendall(LENGTH.pack(len(answer)) + answer)
    return hosted


def serve(path):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path[0] = os.getcwd()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(0, select.POLLIN)
    open_ones = {}
    while True:
        for number, _ in poll.poll():
            if number in open_ones:
                connection, answer = open_ones[number]
                try:
                    request = connection.recv(REQUEST.size, socket.MSG_WAITALL)
                    if len(request) == REQUEST.size:
                        connection.sendall(answer(*REQUEST.unpack(request)))
                        continue
                except OSError:
                    pass
                poll.unregister(number)
                del open_ones[number]
                connection.close()
            elif number == listener.fileno():
                connection, _ = listener.accept()
                hosted = open_environment(connection)
                if hosted is None:
                    connection.close()
                    continue
                open_ones[connection.fileno()] = (connection, guarded(hosted))
                poll.register(connection, select.POLLIN)
            elif not os.read(0, 1):
                return


def guarded(hosted):
    """Answers requests; an exception of the environment is an answer, too."""

    def answer(asked, number):
        try:
            return hosted.answer(asked, number)
        except BaseException as error:
            text = told(error).encode()
            return REPLY.pack(FAILED, len(text), 0.0) + text

    return answer


if __name__ == "__main__":
    serve(sys.argv[1])
