//! Episodes of bounded length: after `limit` steps an episode is *truncated*, which is not an end of the task.
//!
//! `truncated = elapsed ≥ limit`, as in Gymnasium, and possibly together with `terminated`.

use crate::env::{Env, EnvError, EnvSpec, Observation, Step};
use std::num::NonZeroU32;

/// An environment whose episodes last at most `limit` steps.
pub struct TimeLimit<E> {
    env: E,
    spec: EnvSpec,
    limit: u32,
    /// Steps taken in the running episode, if one is running.
    elapsed: Option<u32>,
}

impl<E: Env> TimeLimit<E> {
    /// Truncates the episodes of `env` after `limit` steps.
    pub fn new(env: E, limit: NonZeroU32) -> Self {
        let mut spec = env.spec().clone();
        spec.max_episode_steps = Some(limit.get());
        Self { env, spec, limit: limit.get(), elapsed: None }
    }
}

impl<E: Env> Env for TimeLimit<E> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    leave_the_rest!();

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.elapsed = None;
        self.env.reset(seed, observation)?;
        self.elapsed = Some(0);
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let Some(elapsed) = self.elapsed else {
            return Err(self.spec.over());
        };
        let mut step = self.env.step(action, observation)?;
        step.truncated |= elapsed + 1 >= self.limit;
        self.elapsed = if step.ended() { None } else { Some(elapsed + 1) };
        Ok(step)
    }

    fn begin_step(&mut self, action: usize) {
        if self.elapsed.is_some() {
            self.env.begin_step(action);
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        let inner = self.env.save()?;
        postcard::to_stdvec(&(self.elapsed, inner)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (elapsed, inner): (Option<u32>, Vec<u8>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if let Some(steps) = elapsed.filter(|steps| *steps >= self.limit) {
            let limit = self.limit;
            return Err(self
                .spec
                .bad_state(format_args!("{steps} steps of an episode of at most {limit} have passed")));
        }
        self.env.load(&inner)?;
        self.elapsed = elapsed;
        Ok(())
    }
}
