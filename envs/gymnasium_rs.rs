//! Environments written against the trait of the crate `gymnasium-rs`, and its spaces (feature `gymnasium-rs`).
//!
//! [`Adapter`] makes any such environment one of ours: it observes a row of numbers, has a finite set of actions, and is
//! `Send`.
//!
//! ```
//! use innate_envs::gymnasium_rs::{Adapter, gymnasium_rs::envs::cartpole::CartPole};
//! use innate_envs::{Env, TimeLimit};
//! use std::num::NonZeroU32;
//!
//! let env = Adapter::new("their-cart-pole", CartPole::new())?;
//! let mut env = TimeLimit::new(env, NonZeroU32::new(500).unwrap());
//! let mut seen = env.spec().buffer();
//! env.reset(Some(0), &mut seen)?;
//! env.step(1, &mut seen)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What that trait cannot say: names of actions, a picture's shape as an observation, its state as bytes (after a resume an
//! episode begins anew), and failure (a panic of the environment while actors step it ends the run with a sentence).
//!
//! `gymnasium-rs/CartPole` is that crate's own world, version 0.1.1, as it is. It differs from Gymnasium's `CartPole-v1`, with
//! which [`crate::classic`] agrees bit by bit:
//! 1. the total mass is 1.0, not 1.1, so that an acceleration is up to 0.19 off after one step;
//! 2. the step that ends an episode pays 0, not 1;
//! 3. there is no time limit (here: 500 steps);
//! 4. its space bounds the angle by what ends the episode, not by twice that, so that the last observation lies outside it
//!    (here the bound is widened to what is seen);
//! 5. an environment that was never seeded starts from the operating system's randomness (here: from seed 0).

pub use {gymnasium_rs, ndarray};

use crate::array::{Array, ArraySpec};
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::picture::Picture;
use gymnasium_rs::core::{Env as Theirs, Options, Space};
use ndarray::Array1;
use std::marker::PhantomData;

/// A row of numbers, as their environments observe it.
pub trait Row {
    /// The numbers, if they lie in one piece.
    fn numbers(&self) -> Option<&[f32]>;
}

impl Row for Array1<f32> {
    fn numbers(&self) -> Option<&[f32]> {
        self.as_slice()
    }
}

impl Row for Vec<f32> {
    fn numbers(&self) -> Option<&[f32]> {
        Some(self)
    }
}

/// An environment of theirs as one of ours.
pub struct Adapter<E, O, A> {
    env: E,
    spec: EnvSpec,
    running: bool,
    seeded: bool,
    draws: bool,
    kinds: PhantomData<fn(A) -> O>,
}

/// A space that has no counterpart here.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpaceError {
    /// Actions that are no finite set.
    #[error("its actions are {0:?}; only Discrete spaces of 1 or more actions are known")]
    Actions(Space),
    /// Observations that are no row of numbers.
    #[error("its observations are {0:?}; only Box spaces with as many lower as upper bounds are known")]
    Observations(Space),
}

impl<E, O, A> Adapter<E, O, A>
where
    E: Theirs<O, A> + Send,
    O: Row,
    A: TryFrom<usize>,
{
    /// `env` under the name `id`.
    ///
    /// # Errors
    /// Its spaces have no counterpart here.
    pub fn new(id: &str, env: E) -> Result<Self, SpaceError> {
        let spec = EnvSpec {
            id: id.into(),
            observation: vec![array_of(env.observation_space())?],
            actions: actions_of(env.action_space())?,
            max_episode_steps: None,
            reward_threshold: None,
        };
        Ok(Self { env, spec, running: false, seeded: false, draws: false, kinds: PhantomData })
    }

    /// Says that the environment's `render` draws something; that of many is unwritten and panics.
    pub fn that_draws(mut self) -> Self {
        self.draws = true;
        self
    }

    /// Says that observations can be anything: for spaces that are narrower than what is seen.
    pub fn with_wide_bounds(mut self) -> Self {
        for array in &mut self.spec.observation {
            array.low.fill(f32::NEG_INFINITY);
            array.high.fill(f32::INFINITY);
        }
        self
    }

    /// Writes what they observed.
    fn write(&self, seen: &O, observation: &mut Observation) -> Result<(), EnvError> {
        let [Array::F32(numbers)] = observation.arrays.as_mut_slice() else {
            return Err(self.spec.no_fit());
        };
        let expected = self.spec.observation[0].len();
        if numbers.len() != expected {
            return Err(self.spec.no_fit());
        }
        let outside = |reason: String| EnvError::Outside { env: self.spec.id.clone(), reason };
        let seen = seen.numbers().ok_or_else(|| outside("its observation does not lie in one piece".into()))?;
        if seen.len() != expected {
            return Err(outside(format!("it observed {} numbers, its space has {expected}", seen.len())));
        }
        if let Some(element) = seen.iter().position(|number| !number.is_finite()) {
            return Err(outside(format!("element {element} of its observation is {}", seen[element])));
        }
        numbers.copy_from_slice(seen);
        Ok(())
    }
}

impl<E, O, A> Env for Adapter<E, O, A>
where
    E: Theirs<O, A> + Send,
    O: Row,
    A: TryFrom<usize>,
{
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        let seed = seed.or((!self.seeded).then_some(0));
        self.seeded = true;
        // Their seeds have 32 bits.
        let seed = seed.map(|seed| (seed ^ (seed >> 32)) as i32);
        let (seen, _) = self.env.reset(seed, Options::new());
        self.running = true;
        self.write(&seen, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.spec.actions.len() {
            return Err(self.spec.no_action(action));
        }
        if !self.running {
            return Err(self.spec.over());
        }
        let theirs = A::try_from(action).map_err(|_| self.spec.no_action(action))?;
        let (seen, reward, terminated, truncated, _) = self.env.step(theirs);
        self.running = !(terminated || truncated);
        self.write(&seen, observation)?;
        if !reward.is_finite() {
            let reason = format!("the reward is {reward}, which is no number to learn from");
            return Err(EnvError::Outside { env: self.spec.id.clone(), reason });
        }
        Ok(Step { reward: reward.into(), terminated, truncated })
    }

    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    fn load(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Err(self.spec.bad_state("an environment of gymnasium-rs has no state that could be taken back"))
    }

    fn picture(&self) -> Option<Picture> {
        let pixels = self.draws.then(|| self.env.render()).flatten()?;
        let &[height, width, 3] = pixels.shape() else { return None };
        Some(Picture { width, height, rgb: pixels.iter().copied().collect() })
    }
}

/// Their space of actions as ours.
///
/// # Errors
/// It is not a `Discrete` of 1 or more.
pub fn actions_of(space: Space) -> Result<Discrete, SpaceError> {
    match space {
        Space::Discrete(count) if count > 0 => Ok(Discrete::named((0..count).map(|action| action.to_string()))),
        space => Err(SpaceError::Actions(space)),
    }
}

/// Their space of observations as an array named `observation`.
///
/// # Errors
/// It is not a `Box` with as many lower as upper bounds.
pub fn array_of(space: Space) -> Result<ArraySpec, SpaceError> {
    match space {
        Space::Box { ref low, ref high } if low.len() == high.len() && !low.is_empty() => {
            Ok(ArraySpec::bounded("observation", &low.to_vec(), &high.to_vec()))
        }
        space => Err(SpaceError::Observations(space)),
    }
}

/// Our actions as their space; nothing if there are more than it can count.
pub fn space_of_actions(actions: &Discrete) -> Option<Space> {
    i32::try_from(actions.len()).ok().map(Space::Discrete)
}

/// Our array as their space, which knows no shapes: its elements in a row.
pub fn space_of_array(array: &ArraySpec) -> Space {
    let all = |bounds: &[f32]| match bounds {
        [bound] => Array1::from_elem(array.len(), *bound),
        bounds => Array1::from(bounds.to_vec()),
    };
    Space::Box { low: all(&array.low), high: all(&array.high) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{check_env, standard};
    use gymnasium_rs::core::{Info, Reward};

    #[test]
    fn spaces_go_there_and_back() {
        let native = standard().build("CartPole-v1", &toml::Table::new(), "env").unwrap().0;
        let (array, actions) = (&native.spec().observation[0], &native.spec().actions);
        assert_eq!(array_of(space_of_array(array)).unwrap(), *array);
        assert_eq!(actions_of(space_of_actions(actions).unwrap()).unwrap().len(), actions.len());
        assert_eq!(
            actions_of(Space::Discrete(0)).unwrap_err().to_string(),
            "its actions are Discrete(0); only Discrete spaces of 1 or more actions are known"
        );
        assert!(array_of(Space::Discrete(3)).is_err());
    }

    #[test]
    fn their_cart_pole_keeps_the_promises_that_its_trait_can_make() {
        let mut env = standard().build("gymnasium-rs/CartPole", &toml::Table::new(), "env").unwrap().0;
        check_env(&mut *env).unwrap();
    }

    #[test]
    fn their_cart_pole_differs_from_gymnasiums_as_is_written_above() {
        let registry = standard();
        let build = |id: &str| registry.build(id, &toml::Table::new(), "env").unwrap().0;
        let (mut theirs, mut ours) = (build("gymnasium-rs/CartPole"), build("CartPole-v1"));
        let mut seen = ours.spec().buffer();
        let mut last = |env: &mut dyn Env| {
            env.reset(Some(1), &mut seen).unwrap();
            loop {
                let step = env.step(1, &mut seen).unwrap();
                if step.ended() {
                    return step.reward;
                }
            }
        };
        assert_eq!((last(&mut *theirs), last(&mut *ours)), (0.0, 1.0));
    }

    /// Breaks the promises of its space.
    struct Odd(Vec<f32>);

    impl Theirs<Vec<f32>, i32> for Odd {
        fn observation_space(&self) -> Space {
            Space::Box { low: Array1::zeros(2), high: Array1::ones(2) }
        }
        fn action_space(&self) -> Space {
            Space::Discrete(1)
        }
        fn reset(&mut self, _: Option<i32>, _: Options) -> (Vec<f32>, Info) {
            (self.0.clone(), Info::new())
        }
        fn step(&mut self, _: i32) -> (Vec<f32>, Reward, bool, bool, Info) {
            (self.0.clone(), 0.0, false, false, Info::new())
        }
        fn render(&self) -> Option<ndarray::Array3<u8>> {
            Some(ndarray::Array3::from_elem((2, 5, 3), 7))
        }
        fn close(&mut self) {}
    }

    #[test]
    fn what_does_not_fit_its_space_is_a_sentence() {
        let said = |seen: &[f32]| {
            let mut env = Adapter::new("odd", Odd(seen.to_vec())).unwrap();
            let mut buffer = env.spec().buffer();
            env.reset(None, &mut buffer).unwrap_err().to_string()
        };
        assert_eq!(said(&[1.0]), "odd: it observed 1 numbers, its space has 2");
        assert_eq!(said(&[1.0, f32::NAN]), "odd: element 1 of its observation is NaN");
    }

    #[test]
    fn a_picture_is_asked_for_only_where_there_is_one() {
        let env = || Adapter::new("odd", Odd(vec![0.0; 2])).unwrap();
        assert!(env().picture().is_none());
        let picture = env().that_draws().picture().unwrap();
        assert_eq!((picture.width, picture.height, picture.rgb), (5, 2, vec![7; 30]));
    }
}
