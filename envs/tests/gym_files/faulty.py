"""An environment that fails in the way it is told to, after some steps: for tests/gym.rs."""

import os
import time

import gymnasium
import numpy as np


class Faulty(gymnasium.Env):
    observation_space = gymnasium.spaces.Dict(
        {
            "numbers": gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64),
            "inner": gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(3, start=-1)]),
            "colour": gymnasium.spaces.Box(0, 255, (4, 6, 3), np.uint8),
        }
    )
    action_space = gymnasium.spaces.Discrete(2, start=5)
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, fault="none", after=3, render_mode=None):
        self.fault, self.after, self.render_mode = fault, after, render_mode
        self.steps = None
        if fault == "make":
            raise RuntimeError("there is no bottom in this barrel")
        if fault == "continuous":
            self.action_space = gymnasium.spaces.Box(-1, 1, (2,))
        if fault == "text":
            self.observation_space = gymnasium.spaces.Text(4)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        if self.fault == "second reset" and self.steps is not None:
            raise RuntimeError("the cellar is flooded")
        self.steps = 0
        return self.look(), {}

    def look(self, number=0.5):
        colour = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
        return {"numbers": np.array([self.steps, number]), "inner": (self.steps % 3 - 1,), "colour": colour}

    def step(self, action):
        assert action in (5, 6)
        self.steps += 1
        reward, number = 1.0, 0.5
        if self.steps >= self.after:
            if self.fault == "raise":
                raise ValueError("the wheel came off")
            if self.fault == "die":
                print("last words", flush=True)
                os._exit(7)
            if self.fault == "hang":
                time.sleep(600)
            if self.fault == "print":
                print("a line that nobody asked for", flush=True)
            if self.fault == "nan":
                number = float("nan")
            if self.fault == "reward":
                reward = float("inf")
        return self.look(number), reward, False, self.steps >= 10, {}

    def render(self):
        return np.full((8, 12, 3), 20 * self.steps, np.uint8)


gymnasium.register("Faulty-v0", entry_point=Faulty)
