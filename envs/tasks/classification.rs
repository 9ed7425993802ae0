//! Classification with the feedback of a bandit: a pattern is shown, the action names its class, and one scalar tells
//! whether it was right.
//!
//! ```text
//! pattern ~ uniform over the set,   reward = 1 if action = class(pattern), else 0
//! ```
//!
//! which is all that attention-gated learners are told (Roelfsema & van Ooyen, "Attention-gated reinforcement learning of
//! internal representations for classification", 2005): the right class of a pattern answered wrongly is never said.
//!
//! **Actions:** one for each class. **Observation:** the pattern. **Start:** a pattern drawn with replacement by the seeded
//! generator. **End:** terminated after `episode_trials` trials (1), so that by default the return of an episode is 1 for
//! right and 0 for wrong, and the mean return is the accuracy. With more trials an episode's return is the number of right
//! answers; successive patterns have nothing to do with one another, so that a learner should then not discount
//! (`gamma = 0`).

use super::labelled::Labelled;
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Labelled patterns as an environment.
pub struct Classification {
    spec: EnvSpec,
    patterns: Arc<Labelled>,
    /// Trials of an episode.
    trials: u32,
    random: Generator,
    /// The pattern that is shown and the trials before it, if an episode is running.
    state: Option<(u32, u32)>,
}

impl Classification {
    /// The environment `id`, whose episodes show `episode_trials` of `patterns`.
    pub fn new(id: &str, patterns: Arc<Labelled>, episode_trials: NonZeroU32) -> Self {
        let spec = EnvSpec {
            id: id.into(),
            observation: vec![patterns.input().clone()],
            actions: Discrete::named(patterns.classes()),
            max_episode_steps: None,
            reward_threshold: None,
        };
        Self { spec, patterns, trials: episode_trials.get(), random: Generator::new(0), state: None }
    }

    /// The patterns that are shown.
    pub fn patterns(&self) -> &Labelled {
        &self.patterns
    }

    /// The place of the pattern that is shown, if an episode is running.
    pub fn shown(&self) -> Option<usize> {
        self.state.map(|(pattern, _)| pattern as usize)
    }

    fn draw(&mut self) -> u32 {
        let count = u32::try_from(self.patterns.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        self.random.integers(count)
    }

    /// Writes `pattern`. Answers with whether the buffer fits.
    fn write(&self, pattern: u32, observation: &mut Observation) -> bool {
        match observation.arrays.as_mut_slice() {
            [array] => self.patterns.write(pattern as usize, array),
            _ => false,
        }
    }
}

impl Env for Classification {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        let pattern = self.draw();
        self.state = Some((pattern, 0));
        if self.write(pattern, observation) { Ok(()) } else { Err(self.spec.no_fit()) }
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.spec.actions.len() {
            return Err(self.spec.no_action(action));
        }
        let Some((pattern, before)) = self.state else {
            return Err(self.spec.over());
        };
        let terminated = before + 1 >= self.trials;
        // The last pattern of an episode stays in view: there is no next one to show.
        let next = if terminated { pattern } else { self.draw() };
        if !self.write(next, observation) {
            return Err(self.spec.no_fit());
        }
        self.state = if terminated { None } else { Some((next, before + 1)) };
        let right = action == self.patterns.label(pattern as usize);
        Ok(Step { reward: if right { 1.0 } else { 0.0 }, terminated, truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(self.patterns.digest(), &self.random, self.state)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (digest, random, state): (u64, Generator, Option<(u32, u32)>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if digest != self.patterns.digest() {
            return Err(self.spec.bad_state("it was saved with other patterns"));
        }
        if state.is_some_and(|(pattern, before)| pattern as usize >= self.patterns.len() || before >= self.trials) {
            return Err(self.spec.bad_state("its pattern or its trial does not exist"));
        }
        (self.random, self.state) = (random, state);
        Ok(())
    }
}
