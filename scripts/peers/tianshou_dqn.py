#!/usr/bin/env python3
"""A training of scripts/bench_peers.rs in Tianshou: `tianshou_dqn.py CASE SECONDS`.

As its examples have it: one environment, a VectorReplayBuffer, OffPolicyTrainer, no logger, no test steps. Its DQN does not clip
gradients, and its network for Atari takes bytes as they are; both spare it work. Frames are kept once and stacked when they are
drawn, as in its example.
"""

import dqn_cases
import gymnasium
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.optim import TorchOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.env.atari.atari_network import DQNet
from tianshou.trainer import OffPolicyTrainer, OffPolicyTrainerParams
from tianshou.utils.net.common import Net


class MinAtarNet(torch.nn.Module):
    def __init__(self, case, actions):
        super().__init__()
        self.layers = torch.nn.Sequential(dqn_cases.minatar_layers(case), torch.nn.Linear(case["hidden"][0], actions))

    def forward(self, obs, state=None, info=None):
        return self.layers(torch.as_tensor(obs, dtype=torch.float32).permute(0, 3, 1, 2)), state


def network(name, case, env):
    actions, shape = int(env.action_space.n), env.observation_space.shape
    if name == "minatar":
        return MinAtarNet(case, actions)
    if name == "frames":
        return DQNet(*shape, actions)
    return Net(state_shape=shape, action_shape=actions, hidden_sizes=case["hidden"])


def build(name, case):
    make, keep = lambda: dqn_cases.environment(name), {}
    if name == "frames":
        stack = gymnasium.wrappers.FrameStackObservation
        make = lambda: gymnasium.wrappers.ReshapeObservation(stack(dqn_cases.environment(name), 4), (4, 84, 84))
        keep = dict(ignore_obs_next=True, save_only_last_obs=True, stack_num=4)
    env = make()
    policy = DiscreteQLearningPolicy(
        model=network(name, case, env),
        action_space=env.action_space,
        observation_space=env.observation_space,
        eps_training=case["exploration"],
    )
    algorithm = DQN(
        policy=policy,
        optim=TorchOptimizerFactory(case["optimiser"], lr=case["lr"], **case.get("optimiser_options", {})),
        gamma=0.99,
        target_update_freq=case["target_every"],
        is_double=False,
        huber_loss_delta=1.0,
    )
    collector = Collector(policy, DummyVectorEnv([make]), VectorReplayBuffer(case["capacity"], 1, **keep), exploration_noise=True)
    collector.reset()
    collector.collect(n_step=dqn_cases.WARM_UP, random=True)
    params = OffPolicyTrainerParams(
        training_collector=collector,
        batch_size=case["batch"],
        collection_step_num_env_steps=case["steps"],
        update_step_num_gradient_steps_per_sample=case["updates"] / case["steps"],
        show_progress=False,
        verbose=False,
    )
    trainer = OffPolicyTrainer(algorithm, params)

    def go_on(steps):
        params.epoch_num_steps = steps
        trainer.execute_epoch()

    return go_on


if __name__ == "__main__":
    dqn_cases.main(build)
