//! Actions that stick: in every step after the first of an episode, with probability ς, the action taken before is taken
//! again in place of the one asked for (Machado et al., "Revisiting the Arcade Learning Environment", 2018, section 5: ς = ¼).

use crate::env::{Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::{Generator, child_seed};

/// The number, among those of an environment's seed, of the stream that tells when an action sticks.
const STREAM: u64 = 0x571c_4b0a;

/// An environment whose actions stick.
pub struct StickyActions<E> {
    env: E,
    probability: f64,
    random: Generator,
    /// The action taken before in this episode.
    before: Option<usize>,
    /// The action that the step which was begun takes.
    begun: Option<usize>,
}

impl<E: Env> StickyActions<E> {
    /// Makes the actions of `env` stick with this probability, 0 to 1.
    pub fn new(env: E, probability: f64) -> Self {
        Self { env, probability, random: Generator::new(child_seed(0, STREAM)), before: None, begun: None }
    }

    /// The action that the step which was begun takes.
    pub fn taken(&self) -> Option<usize> {
        self.begun
    }
}

impl<E: Env> Env for StickyActions<E> {
    fn spec(&self) -> &EnvSpec {
        self.env.spec()
    }

    leave_the_rest!();

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(child_seed(seed, STREAM));
        }
        (self.before, self.begun) = (None, None);
        self.env.reset(seed, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.env.spec().actions.len() {
            return Err(self.env.spec().no_action(action));
        }
        self.begin_step(action);
        let taken = self.begun.take().unwrap_or(action);
        let step = self.env.step(taken, observation)?;
        self.before = Some(taken);
        Ok(step)
    }

    fn begin_step(&mut self, action: usize) {
        if self.begun.is_some() || action >= self.env.spec().actions.len() {
            return;
        }
        let sticking = self.before.filter(|_| self.random.random() < self.probability);
        let taken = sticking.unwrap_or(action);
        self.begun = Some(taken);
        self.env.begin_step(taken);
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(&self.random, self.before, self.env.save()?)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (random, before, inner): (Generator, Option<usize>, Vec<u8>) =
            postcard::from_bytes(state).map_err(|error| self.env.spec().bad_state(error))?;
        if before.is_some_and(|action| action >= self.env.spec().actions.len()) {
            return Err(self.env.spec().bad_state("it took an action that there is not"));
        }
        self.env.load(&inner)?;
        (self.random, self.before, self.begun) = (random, before, None);
        Ok(())
    }
}
