//! An action that lasts several steps: its reward is the sum of theirs, what is seen is what followed the last.

use crate::env::{Env, EnvError, EnvSpec, Observation, Step};
use std::num::NonZeroU32;

/// An environment whose actions last `steps` steps each, or until the episode ends.
pub struct FrameSkip<E> {
    env: E,
    spec: EnvSpec,
    steps: u32,
}

impl<E: Env> FrameSkip<E> {
    /// Repeats every action of `env` so that it lasts `steps` steps.
    pub fn new(env: E, steps: NonZeroU32) -> Self {
        let mut spec = env.spec().clone();
        spec.max_episode_steps = spec.max_episode_steps.map(|limit| limit.div_ceil(steps.get()));
        Self { env, spec, steps: steps.get() }
    }
}

impl<E: Env> Env for FrameSkip<E> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    leave_the_rest!();

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.env.reset(seed, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let mut whole = self.env.step(action, observation)?;
        for _ in 1..self.steps {
            if whole.ended() {
                break;
            }
            let step = self.env.step(action, observation)?;
            whole = Step { reward: whole.reward + step.reward, ..step };
        }
        Ok(whole)
    }

    fn begin_step(&mut self, action: usize) {
        self.env.begin_step(action);
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.env.save()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.env.load(state)
    }
}
