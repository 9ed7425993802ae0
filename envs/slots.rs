//! Several slots of one environment, stepped together: Gymnasium's vector environment with same-step autoreset.

use crate::env::{Env, EnvError, EnvSpec, Step};
use crate::slot::Slot;
use std::ops::{Index, IndexMut};

/// Slots of equal environments, in a fixed order.
pub struct Slots {
    slots: Vec<Slot>,
    steps: Vec<Step>,
}

/// Why environments cannot be stepped together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// There is none.
    #[error("a vector of environments needs at least one")]
    Empty,
    /// Two of them differ.
    #[error("environment {place} differs from the first (`{found}` and `{first}`): all must have one specification")]
    Differ {
        /// Its place.
        place: usize,
        /// Its name.
        found: String,
        /// The first one's name.
        first: String,
    },
}

impl Slots {
    /// A slot for each of `envs`, which must all have the same specification.
    ///
    /// # Errors
    /// There is no environment, or one differs from the first.
    pub fn new(envs: Vec<Box<dyn Env>>) -> Result<Self, SlotsError> {
        let first = envs.first().ok_or(SlotsError::Empty)?.spec();
        if let Some(place) = envs.iter().position(|env| env.spec() != first) {
            let (found, first) = (envs[place].spec().id.clone(), first.id.clone());
            return Err(SlotsError::Differ { place, found, first });
        }
        let steps = vec![Step::default(); envs.len()];
        Ok(Self { slots: envs.into_iter().map(Slot::new).collect(), steps })
    }

    /// What each environment is.
    pub fn spec(&self) -> &EnvSpec {
        self.slots[0].spec()
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Never: there is at least one slot.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Starts an episode in every slot; slot `i` gets the seed `seed + i`.
    ///
    /// # Errors
    /// An environment cannot start.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<(), EnvError> {
        (0_u64..).zip(&mut self.slots).try_for_each(|(i, slot)| slot.reset(seed.map(|seed| seed.wrapping_add(i))))
    }

    /// Takes one action in each slot, in order; what came of it is in the same order.
    ///
    /// # Errors
    /// The number of actions is not that of the slots, or an environment cannot go on; the slots before it have stepped.
    pub fn step(&mut self, actions: &[usize]) -> Result<&[Step], EnvError> {
        if actions.len() != self.slots.len() {
            let reason = format!("{} actions for {} slots: give one for each", actions.len(), self.slots.len());
            return Err(EnvError::Outside { env: self.spec().id.clone(), reason });
        }
        self.slots.iter_mut().zip(actions).for_each(|(slot, &action)| slot.begin_step(action));
        for ((slot, step), action) in self.slots.iter_mut().zip(&mut self.steps).zip(actions) {
            *step = slot.step(*action)?;
        }
        Ok(&self.steps)
    }

    /// The slots in order.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }
}

impl Index<usize> for Slots {
    type Output = Slot;

    fn index(&self, place: usize) -> &Slot {
        &self.slots[place]
    }
}

impl IndexMut<usize> for Slots {
    fn index_mut(&mut self, place: usize) -> &mut Slot {
        &mut self.slots[place]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::standard;

    fn env(id: &str) -> Box<dyn Env> {
        standard().build(id, &toml::Table::new(), "env").unwrap().0
    }

    #[test]
    fn slots_equal_single_environments_with_consecutive_seeds() {
        let mut slots = Slots::new((0..3).map(|_| env("Acrobot-v1")).collect()).unwrap();
        slots.reset(Some(u64::MAX)).unwrap();
        let seeds = [u64::MAX, 0, 1];
        let mut singles: Vec<Slot> = seeds.iter().map(|_| Slot::new(env("Acrobot-v1"))).collect();
        for (slot, seed) in singles.iter_mut().zip(seeds) {
            slot.reset(Some(seed)).unwrap();
        }
        for t in 0..20 {
            let actions = [t % 3, (t + 1) % 3, 2];
            let expected: Vec<Step> = singles.iter_mut().zip(actions).map(|(s, a)| s.step(a).unwrap()).collect();
            assert_eq!(slots.step(&actions).unwrap(), expected);
        }
        assert!(slots.iter().zip(&singles).all(|(slot, single)| slot.observation() == single.observation()));
        assert_eq!(slots[1].counts(), (20, 0));
    }

    #[test]
    fn unequal_or_missing_environments_are_refused() {
        let message = |envs| Slots::new(envs).err().unwrap().to_string();
        assert_eq!(message(vec![]), "a vector of environments needs at least one");
        let mixed = message(vec![env("CartPole-v1"), env("CartPole-v0")]);
        assert!(mixed.starts_with("environment 1 differs from the first (`CartPole-v0` and `CartPole-v1`)"), "{mixed}");
    }

    #[test]
    fn a_wrong_number_of_actions_is_an_error() {
        let mut slots = Slots::new(vec![env("CartPole-v1")]).unwrap();
        slots.reset(Some(0)).unwrap();
        assert_eq!(slots.step(&[]).unwrap_err().to_string(), "CartPole-v1: 0 actions for 1 slots: give one for each");
    }
}
