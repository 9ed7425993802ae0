#!/usr/bin/env python3
"""A training of scripts/bench_peers.rs in Stable-Baselines3: `stable_baselines3_dqn.py CASE SECONDS`.

As its users have it: one environment, `DQN.learn`, no logger. Frames are stacked by VecFrameStack, channels first, which spares
the transposition of every batch.
"""

import dqn_cases
from stable_baselines3 import DQN
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack


class MinAtarFeatures(BaseFeaturesExtractor):
    def __init__(self, space, case):
        super().__init__(space, case["hidden"][0])
        self.layers = dqn_cases.minatar_layers(case)

    def forward(self, board):
        return self.layers(board.permute(0, 3, 1, 2))


def build(name, case):
    env = DummyVecEnv([lambda: Monitor(dqn_cases.environment(name))])
    policy, network = "MlpPolicy", dict(net_arch=case.get("hidden"))
    if name == "minatar":
        network = dict(features_extractor_class=MinAtarFeatures, features_extractor_kwargs=dict(case=case), net_arch=[])
    if name == "frames":
        env, policy, network = VecFrameStack(env, 4, channels_order="first"), "CnnPolicy", {}
    options = dict(optimizer_class=case["optimiser"], optimizer_kwargs=case.get("optimiser_options"))
    model = DQN(
        policy,
        env,
        learning_rate=case["lr"],
        buffer_size=case["capacity"],
        learning_starts=dqn_cases.WARM_UP,
        batch_size=case["batch"],
        gamma=0.99,
        train_freq=case["steps"],
        gradient_steps=case["updates"],
        target_update_interval=case["target_every"] * case["steps"] // case["updates"],
        exploration_initial_eps=case["exploration"],
        exploration_final_eps=case["exploration"],
        max_grad_norm=10,
        policy_kwargs=network | options,
        seed=0,
        device="cpu",
    )
    model.learn(dqn_cases.WARM_UP)
    return lambda steps: model.learn(steps, reset_num_timesteps=False)


if __name__ == "__main__":
    dqn_cases.main(build)
