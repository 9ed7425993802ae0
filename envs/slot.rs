//! A slot: one environment that never stands still.
//!
//! *Same-step autoreset*: the step that ends an episode also begins the next one. [`Slot::observation`] is then the first
//! observation of the new episode and [`Slot::final_observation`] the last of the old one, from which a truncated episode's
//! TD target bootstraps. No step is spent on a reset, so every step is a transition to learn from.

use crate::env::{Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::child_seed;
use serde::{Deserialize, Serialize};

/// An environment, its observation buffers, and what its episodes brought.
pub struct Slot {
    env: Box<dyn Env>,
    state: Running,
}

/// Everything about a slot but the environment's own state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Running {
    observation: Observation,
    /// The last observation of the episode that ended most recently; zero before.
    last: Observation,
    seed: u64,
    /// Steps taken since the slot was made.
    steps: u64,
    /// Episodes ended since the slot was made.
    episodes: u64,
    /// Return and length so far of the running episode.
    running: (f64, u64),
    /// Return and length of the episode that ended most recently.
    ended: (f64, u64),
}

/// A slot as a checkpoint holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotState {
    /// The environment's own state, if it can tell it.
    env: Option<Vec<u8>>,
    running: Running,
}

/// How a slot came back from a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Exactly as it was.
    Exactly,
    /// The environment cannot tell its state: the running episode was dropped and a new one begun.
    EpisodeRestarted,
}

impl Slot {
    /// A slot for `env`; its first episode begins with [`Slot::reset`].
    pub fn new(env: Box<dyn Env>) -> Self {
        let buffer = env.spec().buffer();
        let state = Running {
            observation: buffer.clone(),
            last: buffer,
            seed: 0,
            steps: 0,
            episodes: 0,
            running: (0.0, 0),
            ended: (0.0, 0),
        };
        Self { env, state }
    }

    /// What the environment is.
    pub fn spec(&self) -> &EnvSpec {
        self.env.spec()
    }

    /// The environment, to look at.
    pub fn env(&self) -> &dyn Env {
        &*self.env
    }

    /// Starts an episode, dropping the running one. `None` goes on with the environment's random stream.
    ///
    /// # Errors
    /// The environment cannot start.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<(), EnvError> {
        self.state.seed = seed.unwrap_or(self.state.seed);
        self.state.running = (0.0, 0);
        self.env.reset(seed, &mut self.state.observation)
    }

    /// Says that the next step is to take `action`; see [`Env::begin_step`].
    pub fn begin_step(&mut self, action: usize) {
        self.env.begin_step(action);
    }

    /// What happened in the environment that a person should know; see [`Env::take_notice`].
    pub fn take_notice(&mut self) -> Option<String> {
        self.env.take_notice()
    }

    /// Takes `action`, and begins the next episode if this one ended.
    ///
    /// # Errors
    /// The slot was never reset, the action does not exist, or the environment cannot go on.
    pub fn step(&mut self, action: usize) -> Result<Step, EnvError> {
        let state = &mut self.state;
        let step = self.env.step(action, &mut state.observation)?;
        state.steps += 1;
        state.running.0 += step.reward;
        state.running.1 += 1;
        if step.ended() {
            state.episodes += 1;
            state.ended = std::mem::take(&mut state.running);
            std::mem::swap(&mut state.observation, &mut state.last);
            self.env.reset(None, &mut state.observation)?;
        }
        Ok(step)
    }

    /// What the next action is to be decided on.
    pub fn observation(&self) -> &Observation {
        &self.state.observation
    }

    /// The last observation of the episode that ended most recently; meant to be read after a step that ended one.
    pub fn final_observation(&self) -> &Observation {
        &self.state.last
    }

    /// Return and length of the episode that ended most recently; zeros before the first.
    pub fn last_episode(&self) -> (f64, u64) {
        self.state.ended
    }

    /// Return and length so far of the running episode.
    pub fn running_episode(&self) -> (f64, u64) {
        self.state.running
    }

    /// Steps taken and episodes ended since the slot was made.
    pub fn counts(&self) -> (u64, u64) {
        (self.state.steps, self.state.episodes)
    }

    /// The whole state.
    pub fn save(&self) -> SlotState {
        SlotState { env: self.env.save(), running: self.state.clone() }
    }

    /// Takes back what [`Slot::save`] gave, of a slot of the same environment.
    ///
    /// An environment that cannot tell its state begins a new episode, with a seed made from the slot's own and the number
    /// of steps taken, so that it repeats none of the episodes before.
    ///
    /// # Errors
    /// The state does not fit the environment, which is then as it was, or the environment cannot start.
    pub fn load(&mut self, state: SlotState) -> Result<Loaded, EnvError> {
        let SlotState { env, running } = state;
        if !fits(self.spec(), &running.observation) || !fits(self.spec(), &running.last) {
            return Err(self.spec().bad_state("its observations have other kinds or lengths"));
        }
        if let Some(env) = env {
            self.env.load(&env)?;
            self.state = running;
            return Ok(Loaded::Exactly);
        }
        let seed = child_seed(running.seed, running.steps);
        self.env.reset(Some(seed), &mut self.state.observation)?;
        let observation = std::mem::take(&mut self.state.observation.arrays);
        self.state = Running { observation: Observation { arrays: observation }, running: (0.0, 0), ..running };
        Ok(Loaded::EpisodeRestarted)
    }
}

/// Whether `observation` has the arrays that `spec` declares.
pub(crate) fn fits(spec: &EnvSpec, observation: &Observation) -> bool {
    let same = |(declared, array): (&crate::ArraySpec, &crate::Array)| {
        declared.kind == array.kind() && declared.len() == array.len()
    };
    spec.observation.len() == observation.arrays.len() && spec.observation.iter().zip(&observation.arrays).all(same)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::standard;

    fn slot(id: &str) -> Slot {
        Slot::new(standard().build(id, &toml::Table::new(), "env").unwrap().0)
    }

    /// An environment that keeps its state to itself.
    struct Mute(Box<dyn Env>);

    impl Env for Mute {
        fn spec(&self) -> &EnvSpec {
            self.0.spec()
        }
        fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
            self.0.reset(seed, observation)
        }
        fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
            self.0.step(action, observation)
        }
        fn save(&self) -> Option<Vec<u8>> {
            None
        }
        fn load(&mut self, _: &[u8]) -> Result<(), EnvError> {
            Err(self.spec().bad_state("it has none"))
        }
    }

    #[test]
    fn the_step_that_ends_an_episode_keeps_its_final_observation_and_shows_the_next_first_one() {
        let mut slot = slot("CartPole-v1");
        slot.reset(Some(3)).unwrap();
        let mut naive = standard().build("CartPole-v1", &toml::Table::new(), "env").unwrap().0;
        let mut seen = naive.spec().buffer();
        naive.reset(Some(3), &mut seen).unwrap();
        let mut length = 0_u32;
        for _ in 0..200 {
            let expected = naive.step(1, &mut seen).unwrap();
            assert_eq!(slot.step(1).unwrap(), expected);
            length += 1;
            if expected.ended() {
                assert_eq!(slot.final_observation(), &seen);
                assert_eq!(slot.last_episode(), (f64::from(length), length.into()));
                naive.reset(None, &mut seen).unwrap();
                length = 0;
            }
            assert_eq!(slot.observation(), &seen);
            assert_eq!(slot.running_episode().1, u64::from(length));
        }
        assert_eq!(slot.counts().0, 200);
        assert!(slot.counts().1 > 10);
    }

    #[test]
    fn a_saved_slot_goes_on_bit_for_bit() {
        let mut first = slot("MountainCar-v0");
        first.reset(Some(9)).unwrap();
        (0..130).for_each(|_| assert!(first.step(2).is_ok()));
        let bytes = postcard::to_stdvec(&first.save()).unwrap();
        let mut second = slot("MountainCar-v0");
        assert_eq!(second.load(postcard::from_bytes(&bytes).unwrap()).unwrap(), Loaded::Exactly);
        for step in 0..300 {
            assert_eq!(first.step(step % 3).unwrap(), second.step(step % 3).unwrap());
        }
        assert_eq!(first.save(), second.save());
    }

    #[test]
    fn an_environment_that_cannot_tell_its_state_restarts_its_episode_and_the_slot_says_so() {
        let mute = || Slot::new(Box::new(Mute(slot("CartPole-v1").env)));
        let (mut first, mut second, mut third) = (mute(), mute(), mute());
        first.reset(Some(1)).unwrap();
        first.step(0).unwrap();
        assert_eq!(second.load(first.save()).unwrap(), Loaded::EpisodeRestarted);
        assert_eq!(third.load(first.save()).unwrap(), Loaded::EpisodeRestarted);
        assert_eq!(second.save(), third.save());
        assert_eq!((second.counts(), second.running_episode()), ((1, 0), (0.0, 0)));
        assert_ne!(second.observation(), first.observation());
        second.step(0).unwrap();
    }

    #[test]
    fn the_state_of_another_environment_is_refused_and_changes_nothing() {
        let mut car = slot("MountainCar-v0");
        car.reset(Some(1)).unwrap();
        let before = car.save();
        let message = car.load(slot("CartPole-v1").save()).unwrap_err().to_string();
        assert_eq!(
            message,
            "MountainCar-v0: the saved state does not fit: its observations have other kinds or lengths"
        );
        assert_eq!(car.save(), before);
    }
}
