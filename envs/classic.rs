//! Classic control: small mechanical worlds, bit for bit those of Gymnasium 1.x, seeds included.
//!
//! The state is held in double precision and shown in single precision. Every operation is done in Gymnasium's order, so
//! that a seed and a list of actions give the same bits here and there (`golden/`, recorded by
//! `scripts/golden/classic_control.py`).
//!
//! One departure: an environment that was never seeded starts from seed 0 where Gymnasium takes one from the operating
//! system, since nothing here may differ from run to run.

mod acrobot;
mod cart_pole;
mod mountain_car;

pub use acrobot::Acrobot;
pub use cart_pole::CartPole;
pub use mountain_car::MountainCar;

use crate::array::ArraySpec;
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use crate::picture::Picture;
use documented::DocumentedFields;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// A world described by a handful of numbers, one of a finite set of forces, and nothing else.
pub trait Mechanics: Clone + Send + Serialize + DeserializeOwned {
    /// What is seen of it: a row of single-precision numbers.
    type Seen: AsRef<[f32]>;

    /// The names of the forces, in the order of their numbers.
    const ACTIONS: &'static [&'static str];

    /// The observation: name `observation`, bounds and units as in the environment's table.
    fn observation() -> ArraySpec;

    /// The state in which an episode starts.
    fn start(random: &mut Generator) -> Self;

    /// One step of time under force `action`. Answers with the reward and whether the task has ended.
    fn advance(&mut self, action: usize) -> (f64, bool);

    /// What is seen of the present state.
    fn seen(&self) -> Self::Seen;

    /// The world as a person would see it.
    fn picture(&self) -> Picture;

    /// Whether the numbers are such as [`Mechanics::advance`] can lead to; a damaged file may hold others.
    fn is_possible(&self) -> bool;
}

/// A world of [`Mechanics`] as an environment, without a limit of time.
pub struct Classic<M> {
    spec: EnvSpec,
    random: Generator,
    /// The state, once an episode has begun; and whether it is still running.
    state: Option<M>,
    running: bool,
}

impl<M: Mechanics> Classic<M> {
    /// The environment `id`, which counts as solved from a mean return of `reward_threshold`.
    pub fn new(id: &str, reward_threshold: f64) -> Self {
        let spec = EnvSpec {
            id: id.into(),
            observation: vec![M::observation()],
            actions: Discrete::named(M::ACTIONS.iter().copied()),
            max_episode_steps: None,
            reward_threshold: Some(reward_threshold),
        };
        Self { spec, random: Generator::new(0), state: None, running: false }
    }
}

impl<M: Mechanics> Env for Classic<M> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        let state = M::start(&mut self.random);
        let fits = write(observation, state.seen().as_ref());
        (self.state, self.running) = (Some(state), true);
        if fits { Ok(()) } else { Err(self.spec.no_fit()) }
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= M::ACTIONS.len() {
            return Err(self.spec.no_action(action));
        }
        let Some(state) = self.state.as_mut().filter(|_| self.running) else {
            return Err(self.spec.over());
        };
        let (reward, terminated) = state.advance(action);
        if !write(observation, state.seen().as_ref()) {
            return Err(self.spec.no_fit());
        }
        self.running = !terminated;
        Ok(Step { reward, terminated, truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        let running = self.state.as_ref().filter(|_| self.running);
        postcard::to_stdvec(&(&self.random, running)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (random, state): (Generator, Option<M>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if state.as_ref().is_some_and(|state| !state.is_possible()) {
            return Err(self.spec.bad_state("its numbers lie outside the world"));
        }
        self.running = state.is_some();
        (self.random, self.state) = (random, state);
        Ok(())
    }

    fn picture(&self) -> Option<Picture> {
        self.state.as_ref().map(M::picture)
    }
}

/// Writes what is seen into the first array. Answers with whether the array has that kind and length.
#[inline]
fn write(observation: &mut Observation, seen: &[f32]) -> bool {
    let [array] = observation.arrays.as_mut_slice() else {
        return false;
    };
    match array.as_f32_mut() {
        Some(numbers) if numbers.len() == seen.len() => {
            numbers.copy_from_slice(seen);
            true
        }
        _ => false,
    }
}

/// Options of a classic-control environment with a usual limit of `LIMIT` steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ClassicOptions<const LIMIT: u32> {
    /// Steps after which an episode is truncated; at least 1.
    #[serde(default = "usual::<LIMIT>")]
    pub max_episode_steps: NonZeroU32,
}

fn usual<const LIMIT: u32>() -> NonZeroU32 {
    NonZeroU32::new(LIMIT).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The mean column of the black pixels of the row in which a cart stands.
    fn cart(env: &dyn Env) -> f64 {
        let picture = env.picture().unwrap();
        let row = (2.0 / 3.2 * picture.height as f64) as usize;
        let line = picture.rgb[3 * row * picture.width..][..3 * picture.width].as_chunks::<3>().0;
        let black: Vec<usize> = (0..picture.width).filter(|&column| line[column] == [0; 3]).collect();
        black.iter().sum::<usize>() as f64 / black.len() as f64
    }

    #[test]
    fn a_cart_is_drawn_where_it_is_until_after_the_end() {
        let mut env = Classic::<CartPole>::new("CartPole-v1", 475.0);
        assert!(env.picture().is_none());
        let mut observation = env.spec().buffer();
        env.reset(Some(3), &mut observation).unwrap();
        loop {
            let step = env.step(1, &mut observation).unwrap();
            let x = f64::from(observation.arrays[0].as_f32().unwrap()[0]);
            let expected = (x + 2.4) / 4.8 * 300.0 - 0.5;
            assert!((cart(&env) - expected).abs() < 1.0, "{} {expected}", cart(&env));
            if step.terminated {
                break;
            }
        }
        assert!(env.step(1, &mut observation).is_err());
    }
}
