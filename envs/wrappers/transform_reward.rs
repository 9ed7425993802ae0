//! A reward that is scaled, r ← scale · r, and then clipped to ±clip.

use crate::env::{Env, EnvError, EnvSpec, Observation, Step};

/// An environment whose reward is scaled and clipped.
pub struct TransformReward<E> {
    env: E,
    spec: EnvSpec,
    scale: f64,
    clip: f64,
}

impl<E: Env> TransformReward<E> {
    /// Multiplies the rewards of `env` by `scale` and, if `clip` is given, clips them to ±|clip|.
    pub fn new(env: E, scale: f64, clip: Option<f64>) -> Self {
        // A return that counts as solved is one of the rewards as they were.
        let spec = EnvSpec { reward_threshold: None, ..env.spec().clone() };
        Self { env, spec, scale, clip: clip.map_or(f64::INFINITY, f64::abs) }
    }
}

impl<E: Env> Env for TransformReward<E> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    leave_the_rest!();

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.env.reset(seed, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let step = self.env.step(action, observation)?;
        Ok(Step { reward: (self.scale * step.reward).clamp(-self.clip, self.clip), ..step })
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
