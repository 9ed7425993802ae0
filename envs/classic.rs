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

    /// The mean column and row of the pixels of exactly this colour.
    fn middle(env: &dyn Env, colour: [u8; 3]) -> [f64; 2] {
        let picture = env.picture().unwrap();
        let pixels = picture.rgb.as_chunks::<3>().0.iter().enumerate().filter(|(_, pixel)| **pixel == colour);
        let places: Vec<_> = pixels.map(|(i, _)| [i % picture.width, i / picture.width]).collect();
        [0, 1].map(|axis| places.iter().map(|place| place[axis]).sum::<usize>() as f64 / places.len() as f64)
    }

    /// Steps once and answers with what is seen, and whether this was the last step.
    fn step(env: &mut dyn Env, action: usize) -> (Vec<f64>, bool) {
        let mut observation = env.spec().buffer();
        let step = env.step(action, &mut observation).unwrap();
        (observation.arrays[0].as_f32().unwrap().iter().map(|&value| f64::from(value)).collect(), step.ended())
    }

    fn begin<M: Mechanics>() -> Classic<M> {
        let mut env = Classic::<M>::new("it", 0.0);
        assert!(env.picture().is_none(), "nothing is seen before an episode");
        let mut observation = env.spec().buffer();
        env.reset(Some(3), &mut observation).unwrap();
        env
    }

    fn near(found: [f64; 2], expected: [f64; 2]) {
        let within = |axis: usize| (found[axis] - expected[axis]).abs() < 1.5;
        assert!(within(0) && within(1), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn a_cart_and_its_pole_are_drawn_where_they_are_until_after_the_end() {
        let mut env = begin::<CartPole>();
        let pixel = |x: f64, y: f64| [(x + 2.4) * 62.5 - 0.5, (2.0 - y) * 62.5 - 0.5];
        loop {
            let (seen, ended) = step(&mut env, 1);
            let (x, theta) = (seen[0], seen[2]);
            // The pole hides the middle of the cart's upper edge, and its axle its own lower end.
            near([middle(&env, [0; 3])[0], 0.0], [pixel(x, 0.0)[0], 0.0]);
            near(middle(&env, [129, 132, 203]), pixel(x, 0.08));
            let [across, up] = [0.0, 0.08].map(|least| (least + 1.0 + 0.04) / 2.0);
            let pole = middle(&env, [202, 152, 101]);
            let expected = pixel(x + across * theta.sin(), 0.04 + up * theta.cos());
            assert!(
                (pole[0] - expected[0]).abs() < 3.0 && (pole[1] - expected[1]).abs() < 3.0,
                "{pole:?} {expected:?}"
            );
            if ended {
                break;
            }
        }
        assert!(env.step(1, &mut env.spec().buffer()).is_err());
    }

    #[test]
    fn the_joints_of_an_acrobot_are_drawn_where_they_are() {
        let mut env = begin::<Acrobot>();
        let pixel = |x: f64, y: f64| [x, -y].map(|along| (along + 2.2) * 250.0 / 4.4 - 0.5);
        for time in 0..60 {
            let (seen, _) = step(&mut env, if time / 8 % 2 == 0 { 0 } else { 2 });
            let (cos, sin) = (seen[0], seen[1]);
            near(middle(&env, [204, 204, 0]), pixel(sin / 2.0, -cos / 2.0));
        }
    }

    #[test]
    fn a_car_is_drawn_on_its_mountain() {
        let mut env = begin::<MountainCar>();
        for time in 0..120 {
            let (seen, _) = step(&mut env, if time / 30 % 2 == 0 { 0 } else { 2 });
            let x = seen[0];
            let (height, (sin, cos)) = (0.45 * (3.0 * x).sin() + 0.55, (1.35 * (3.0 * x).cos()).atan().sin_cos());
            let [x, y] = [x - 0.02 * sin, height + 0.02 * cos];
            near(middle(&env, [112, 112, 122]), [(x + 1.2) * 300.0 / 1.8 - 0.5, (1.2 - y) * 300.0 / 1.8 - 0.5]);
        }
    }
}
