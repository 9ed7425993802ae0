//! Trials that begin with fixation: the course that the time-step tasks of Rombouts, Bohte & Roelfsema, "How attention can
//! create synaptic tags for the learning of working memories in sequential tasks" (2015) share.
//!
//! One step is one step of time, one episode one trial. The agent looks at the fixation point, to the left or to the right:
//!
//! | Action | Meaning |
//! |---|---|
//! | 0 | fixate |
//! | 1 | look to the left |
//! | 2 | look to the right |
//!
//! | Phase | Shown | Steps | What leads on |
//! |---|---|---|---|
//! | blank | nothing | 1 | anything |
//! | wait | fixation point | at most 10 | fixating |
//! | fixate | fixation point | 1 | fixating; pays `fixation_reward` (0.2) |
//! | held | the stimuli, then a delay | as the task says | fixating throughout |
//! | go | the signal to answer | at most 8 | looking to a side, which ends the trial |
//!
//! The answer pays `reward` (1.5) if it is the rewarded one, else 0. Looking away in *fixate* or *held*, or running out of
//! steps in *wait* or *go*, ends the trial without it. **Observation:** a row of numbers, all 0 while nothing is shown, as
//! after the end. **End:** always terminated.
//!
//! Departures:
//! 1. The limits of *wait* and *go* are 10 and 8 actions, as published. The authors' program allows one more of each, and the
//!    replication in ReScience ends the trial at the last one whatever the action is.
//! 2. The blank step belongs to the trial that it begins; in the authors' program it is also the last of the trial before.

use super::{TaskError, finite};
use crate::array::ArraySpec;
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Actions that may pass before the fixation point is looked at.
const WAIT: u32 = 10;
/// Actions that may pass before the answer.
const GO: u32 = 8;
/// The action of looking at the fixation point.
const FIXATE: usize = 0;

/// What is shown in a trial, and which answer is right.
pub trait Paradigm: Send {
    /// What is drawn for one trial.
    type Trial: Clone + Send + Serialize + DeserializeOwned;
    /// What is kept from trial to trial; a seed begins it anew.
    type Memory: Default + Send + Serialize + DeserializeOwned;

    /// The observation: a row of numbers.
    fn observation(&self) -> ArraySpec;

    /// Draws a trial.
    fn draw(&self, memory: &Self::Memory, random: &mut Generator) -> Self::Trial;

    /// Steps of the phase *held*; at least 1.
    fn held(&self, trial: &Self::Trial) -> u32;

    /// Writes what is seen of a scene into `seen`, which is all 0.
    fn show(&self, trial: &Self::Trial, scene: Scene, seen: &mut [f32]);

    /// Judges the answer `side`.
    fn judge(&self, trial: &Self::Trial, side: Side, random: &mut Generator) -> Verdict;

    /// Takes note of a trial that has ended.
    fn remember(&self, _memory: &mut Self::Memory, _correct: bool) {}

    /// Whether trial and memory are such as can occur; a damaged file may hold others.
    fn is_possible(&self, trial: Option<&Self::Trial>, memory: &Self::Memory) -> bool;
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The fixation point alone.
    Fixation,
    /// Step `.0` of the phase *held*, from 0.
    Held(u32),
    /// The signal to answer.
    Go,
}

/// A side to look to, or on which something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// The left.
    Left,
    /// The right.
    Right,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is the answer of an observer that knows everything.
    pub correct: bool,
    /// Whether it is rewarded, which may be a matter of chance.
    pub rewarded: bool,
}

impl Side {
    /// Left or right with equal probability.
    pub fn draw(random: &mut Generator) -> Self {
        if random.random() < 0.5 { Side::Left } else { Side::Right }
    }

    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// What is paid for fixating and for the rewarded answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wages {
    pub(super) fixation_reward: f64,
    pub(super) reward: f64,
}

/// Where a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Blank,
    Wait,
    Fixate,
    Held,
    Go,
    Over,
}

/// A trial and where it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Course<T> {
    trial: T,
    phase: Phase,
    /// Steps of the phase that have passed.
    elapsed: u32,
    /// Whether it ended with the right answer.
    correct: bool,
}

/// A paradigm as an environment.
pub struct FixationTask<P: Paradigm> {
    spec: EnvSpec,
    paradigm: P,
    wages: Wages,
    random: Generator,
    memory: P::Memory,
    /// The running trial, or the last one; none before the first.
    course: Option<Course<P::Trial>>,
}

impl<P: Paradigm> FixationTask<P> {
    /// The environment `id`.
    ///
    /// # Errors
    /// A wage is not a finite number.
    pub(super) fn new(id: &str, paradigm: P, wages: Wages) -> Result<Self, TaskError> {
        finite("fixation_reward", wages.fixation_reward)?;
        finite("reward", wages.reward)?;
        let spec = EnvSpec {
            id: id.into(),
            observation: vec![paradigm.observation()],
            actions: Discrete::named(["fixate", "left", "right"]),
            max_episode_steps: None,
            reward_threshold: None,
        };
        Ok(Self { spec, paradigm, wages, random: Generator::new(0), memory: P::Memory::default(), course: None })
    }

    /// The trial that is running, or the one that ended last; none before the first.
    pub fn trial(&self) -> Option<&P::Trial> {
        self.course.as_ref().map(|course| &course.trial)
    }

    /// Whether the trial has ended with the right answer, which is not always the rewarded one.
    pub fn correct(&self) -> bool {
        self.course.as_ref().is_some_and(|course| course.correct)
    }

    /// What is kept from trial to trial.
    pub fn memory(&self) -> &P::Memory {
        &self.memory
    }
}

impl<T> Course<T> {
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.elapsed) = (phase, 0);
    }

    /// Stays in the phase, unless `most` steps of it have passed: then the trial is over.
    fn stay(&mut self, most: u32) {
        self.elapsed += 1;
        if self.elapsed >= most {
            self.enter(Phase::Over);
        }
    }

    /// One step of time under `action`. Answers with what it pays.
    fn advance<P: Paradigm<Trial = T>>(
        &mut self,
        action: usize,
        paradigm: &P,
        wages: Wages,
        random: &mut Generator,
    ) -> f64 {
        match (self.phase, action) {
            (Phase::Blank, _) => self.enter(Phase::Wait),
            (Phase::Wait, FIXATE) => self.enter(Phase::Fixate),
            (Phase::Wait, _) => self.stay(WAIT),
            (Phase::Fixate, FIXATE) => {
                self.enter(Phase::Held);
                return wages.fixation_reward;
            }
            (Phase::Held, FIXATE) => {
                self.elapsed += 1;
                if self.elapsed >= paradigm.held(&self.trial) {
                    self.enter(Phase::Go);
                }
            }
            (Phase::Go, FIXATE) => self.stay(GO),
            (Phase::Go, _) => {
                let side = if action == 1 { Side::Left } else { Side::Right };
                let verdict = paradigm.judge(&self.trial, side, random);
                self.correct = verdict.correct;
                self.enter(Phase::Over);
                return if verdict.rewarded { wages.reward } else { 0.0 };
            }
            (Phase::Fixate | Phase::Held | Phase::Over, _) => self.enter(Phase::Over),
        }
        0.0
    }

    fn scene(&self) -> Option<Scene> {
        match self.phase {
            Phase::Blank | Phase::Over => None,
            Phase::Wait | Phase::Fixate => Some(Scene::Fixation),
            Phase::Held => Some(Scene::Held(self.elapsed)),
            Phase::Go => Some(Scene::Go),
        }
    }
}

/// The row of numbers to be written, if the buffer has it.
fn row<'a>(spec: &EnvSpec, observation: &'a mut Observation) -> Result<&'a mut [f32], EnvError> {
    let row = match observation.arrays.as_mut_slice() {
        [array] => array.as_f32_mut().filter(|row| row.len() == spec.observation[0].len()),
        _ => None,
    };
    row.ok_or_else(|| spec.no_fit())
}

impl<P: Paradigm> Env for FixationTask<P> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
            self.memory = P::Memory::default();
        }
        let trial = self.paradigm.draw(&self.memory, &mut self.random);
        self.course = Some(Course { trial, phase: Phase::Blank, elapsed: 0, correct: false });
        row(&self.spec, observation)?.fill(0.0);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.spec.actions.len() {
            return Err(self.spec.no_action(action));
        }
        let Some(course) = self.course.as_mut().filter(|course| course.phase != Phase::Over) else {
            return Err(self.spec.over());
        };
        let seen = row(&self.spec, observation)?;
        let reward = course.advance(action, &self.paradigm, self.wages, &mut self.random);
        seen.fill(0.0);
        if let Some(scene) = course.scene() {
            self.paradigm.show(&course.trial, scene, seen);
        }
        let terminated = course.phase == Phase::Over;
        if terminated {
            self.paradigm.remember(&mut self.memory, course.correct);
        }
        Ok(Step { reward, terminated, truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(&self.random, &self.memory, &self.course)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        type State<P> = (Generator, <P as Paradigm>::Memory, Option<Course<<P as Paradigm>::Trial>>);
        let (random, memory, course): State<P> =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if !self.paradigm.is_possible(course.as_ref().map(|course| &course.trial), &memory) {
            return Err(self.spec.bad_state("no such trial can be drawn here"));
        }
        let most = |course: &Course<P::Trial>| match course.phase {
            Phase::Wait => WAIT,
            Phase::Held => self.paradigm.held(&course.trial),
            Phase::Go => GO,
            Phase::Blank | Phase::Fixate | Phase::Over => 1,
        };
        if course.as_ref().is_some_and(|course| course.elapsed >= most(course)) {
            return Err(self.spec.bad_state("more steps of a phase have passed than it has"));
        }
        (self.random, self.memory, self.course) = (random, memory, course);
        Ok(())
    }
}

/// The default of `fixation_reward`.
pub(super) fn usual_fixation_reward() -> f64 {
    0.2
}

/// The default of `reward`.
pub(super) fn usual_reward() -> f64 {
    1.5
}

/// The default of `delay`.
pub(super) fn usual_delay() -> u32 {
    2
}
