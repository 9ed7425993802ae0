//! Whether an environment keeps the promises of [`Env`]: run it over every environment you write.
//!
//! ```
//! # use innate_envs::{check_env, standard};
//! let (mut env, _) = standard().build("CartPole-v1", &toml::Table::new(), "env")?;
//! check_env(&mut *env)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::array::{Array, ArraySpec};
use crate::env::{Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use crate::slot::fits;
use std::num::NonZeroU32;

/// Steps of each trajectory that is compared.
const STEPS: usize = 300;
/// Longest episode that is played to its end to see the time limit.
const LONGEST: u32 = 20_000;
/// The seed of all that is played.
const SEED: u64 = 1 << 40;

/// A promise that the environment breaks.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The specification contradicts itself.
    #[error("{env}: its specification is wrong: {fault}")]
    Spec {
        /// The environment.
        env: String,
        /// A sentence.
        fault: String,
    },
    /// It failed where it should not.
    #[error("{doing} failed: {error}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The environment's error.
        error: EnvError,
    },
    /// It went on where it should have failed.
    #[error("{env}: {doing} must be an error of the kind {expected}, but {found}")]
    Accepted {
        /// The environment.
        env: String,
        /// What was done.
        doing: &'static str,
        /// The kind of error.
        expected: &'static str,
        /// What happened instead.
        found: String,
    },
    /// An observation or a reward is not what was declared.
    #[error("{env}: step {step}: {fault}")]
    Value {
        /// The environment.
        env: String,
        /// The step within the check; 0 is the reset.
        step: usize,
        /// A sentence.
        fault: String,
    },
    /// Two runs that must be equal are not.
    #[error("{env}: {what} differ at step {step}")]
    Differ {
        /// The environment.
        env: String,
        /// What was compared.
        what: &'static str,
        /// The first step that differs; 0 is the reset.
        step: usize,
    },
}

/// Checks a fresh environment (one that was never reset) and leaves it somewhere in an episode.
///
/// # Errors
/// The first promise found broken.
pub fn check_env(env: &mut dyn Env) -> Result<(), CheckError> {
    let spec = env.spec().clone();
    check_spec(&spec)?;
    refuse("step before reset", "Over", &spec, env.step(0, &mut spec.buffer()))?;
    check_refusals(env, &spec)?;
    check_determinism(env, &spec)?;
    check_limit(env, &spec)?;
    check_saving(env, &spec)
}

/// Names are there and unlike, bounds fit their arrays, limits can be kept.
fn check_spec(spec: &EnvSpec) -> Result<(), CheckError> {
    let fault = |fault: String| Err(CheckError::Spec { env: spec.id.clone(), fault });
    if spec.id.is_empty() {
        return fault("it has no name".into());
    }
    if spec.actions.is_empty() || spec.observation.is_empty() {
        return fault("there must be at least one action and one observed array".into());
    }
    if spec.max_episode_steps == Some(0) {
        return fault("max_episode_steps is 0; an episode has at least one step".into());
    }
    for (place, array) in spec.observation.iter().enumerate() {
        let ArraySpec { name, low, high, .. } = array;
        if name.is_empty() || spec.observation[..place].iter().any(|other| other.name == *name) {
            return fault(format!("the name `{name}` of array {place} is empty or taken"));
        }
        if array.is_empty() {
            return fault(format!("the array `{name}` has no element"));
        }
        if low.len() != high.len() || (low.len() != 1 && low.len() != array.len()) {
            return fault(format!("the bounds of `{name}` must be 1 or {} numbers each", array.len()));
        }
        if low.iter().zip(high).any(|(low, high)| low.is_nan() || high.is_nan() || low > high) {
            return fault(format!("a lower bound of `{name}` lies above the upper one, or is not a number"));
        }
    }
    Ok(())
}

/// Foreign actions, buffers and states are errors, and a refused action leaves the episode as it was.
fn check_refusals(env: &mut dyn Env, spec: &EnvSpec) -> Result<(), CheckError> {
    let mut buffer = spec.buffer();
    let mut foreign = Observation { arrays: Vec::new() };
    must("reset", env.reset(Some(SEED), &mut buffer))?;
    for action in [spec.actions.len(), usize::MAX] {
        refuse("an action out of range", "Action", spec, env.step(action, &mut buffer))?;
    }
    must("a step after a refused action", env.step(0, &mut buffer))?;
    must("reset", env.reset(None, &mut buffer))?;
    refuse("a step with a foreign buffer", "Buffer", spec, env.step(0, &mut foreign))?;
    refuse("a reset with a foreign buffer", "Buffer", spec, env.reset(None, &mut foreign))?;
    if let Some(state) = env.save() {
        let cut = &state[..state.len().saturating_sub(1)];
        refuse("loading a truncated state", "State", spec, env.load(cut))?;
    }
    Ok(())
}

/// The same seed and actions give the same trajectory, and each observation is written whole and within its bounds.
fn check_determinism(env: &mut dyn Env, spec: &EnvSpec) -> Result<(), CheckError> {
    let first = play(env, spec, Begin::Anew(Some(SEED)), Poison::Low)?;
    let second = play(env, spec, Begin::Anew(Some(SEED)), Poison::High)?;
    equal(&first, &second, spec, "two trajectories of one seed")
}

/// No episode outlasts the limit, and one that reaches it is truncated.
fn check_limit(env: &mut dyn Env, spec: &EnvSpec) -> Result<(), CheckError> {
    let Some(limit) = spec.max_episode_steps.filter(|limit| *limit <= LONGEST) else {
        return Ok(());
    };
    let mut buffer = spec.buffer();
    let mut random = Generator::new(SEED);
    must("reset", env.reset(None, &mut buffer))?;
    for elapsed in 1..=limit {
        let step = must("step", env.step(draw(&mut random, spec), &mut buffer))?;
        if elapsed == limit && !step.truncated {
            let fault = format!("an episode of max_episode_steps = {limit} steps must be truncated");
            return Err(CheckError::Value { env: spec.id.clone(), step: elapsed as usize, fault });
        }
        if step.ended() {
            return refuse("step after the end of an episode", "Over", spec, env.step(0, &mut buffer));
        }
    }
    Ok(())
}

/// A state taken in the middle of an episode leads to the same future, however often.
fn check_saving(env: &mut dyn Env, spec: &EnvSpec) -> Result<(), CheckError> {
    let mut buffer = spec.buffer();
    must("reset", env.reset(Some(SEED + 1), &mut buffer))?;
    let step = must("step", env.step(0, &mut buffer))?;
    let Some(state) = env.save() else { return Ok(()) };
    if !step.ended() {
        let first = must("step after save", env.step(0, &mut buffer))?;
        let seen = buffer.clone();
        must("load", env.load(&state))?;
        let second = must("step after load", env.step(0, &mut buffer))?;
        if (first, &seen) != (second, &buffer) {
            return Err(CheckError::Differ { env: spec.id.clone(), what: "the steps before and after load", step: 1 });
        }
    }
    let running = if step.ended() { Begin::Anew(None) } else { Begin::GoOn };
    must("load", env.load(&state))?;
    let first = play(env, spec, running, Poison::Low)?;
    must("load", env.load(&state))?;
    let second = play(env, spec, running, Poison::High)?;
    equal(&first, &second, spec, "the trajectories before and after load")
}

/// What buffers are filled with beforehand, so that an element left unwritten shows.
#[derive(Clone, Copy)]
enum Poison {
    Low,
    High,
}

/// How a play begins.
#[derive(Clone, Copy)]
enum Begin {
    /// With a new episode, of this seed.
    Anew(Option<u64>),
    /// With the next step of the episode that runs.
    GoOn,
}

/// Plays random actions through several episodes, checking every value.
fn play(
    env: &mut dyn Env,
    spec: &EnvSpec,
    begin: Begin,
    poison: Poison,
) -> Result<Vec<(Step, Observation)>, CheckError> {
    let mut random = Generator::new(SEED);
    let mut buffer = spec.buffer();
    let mut played = Vec::with_capacity(STEPS + 1);
    let (mut ended, mut seed) = match begin {
        Begin::Anew(seed) => (true, seed),
        Begin::GoOn => (false, None),
    };
    for number in 0..=STEPS {
        fill(&mut buffer, poison);
        let step = if ended {
            must("reset", env.reset(seed.take(), &mut buffer)).map(|()| Step::default())?
        } else {
            must("step", env.step(draw(&mut random, spec), &mut buffer))?
        };
        check_values(spec, number, &step, &buffer)?;
        ended = step.ended();
        played.push((step, buffer.clone()));
    }
    Ok(played)
}

fn check_values(spec: &EnvSpec, number: usize, step: &Step, observation: &Observation) -> Result<(), CheckError> {
    let fault = |fault: String| Err(CheckError::Value { env: spec.id.clone(), step: number, fault });
    if !step.reward.is_finite() {
        return fault(format!("the reward is {}", step.reward));
    }
    if !fits(spec, observation) {
        return fault("the environment changed the kinds or lengths of the buffer".into());
    }
    for (declared, array) in spec.observation.iter().zip(&observation.arrays) {
        let bound = |bounds: &[f32], i: usize| if bounds.len() == 1 { bounds[0] } else { bounds[i] };
        let outside = numbers(array).enumerate().find(|(i, number)| {
            let (low, high) = (bound(&declared.low, *i), bound(&declared.high, *i));
            !(low..=high).contains(number)
        });
        if let Some((i, number)) = outside {
            let (low, high) = (bound(&declared.low, i), bound(&declared.high, i));
            let name = &declared.name;
            return fault(format!(
                "element {i} of `{name}` is {number} (allowed: {low} to {high}), or was not written"
            ));
        }
    }
    Ok(())
}

fn numbers(array: &Array) -> Box<dyn Iterator<Item = f32> + '_> {
    match array {
        Array::U8(bytes) => Box::new(bytes.iter().map(|byte| f32::from(*byte))),
        Array::F32(numbers) => Box::new(numbers.iter().copied()),
    }
}

fn fill(buffer: &mut Observation, poison: Poison) {
    for array in &mut buffer.arrays {
        match (array, poison) {
            (Array::U8(bytes), Poison::Low) => bytes.fill(0),
            (Array::U8(bytes), Poison::High) => bytes.fill(255),
            (Array::F32(numbers), _) => numbers.fill(f32::NAN),
        }
    }
}

fn draw(random: &mut Generator, spec: &EnvSpec) -> usize {
    let count = u32::try_from(spec.actions.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    random.integers(count) as usize
}

fn equal(
    first: &[(Step, Observation)],
    second: &[(Step, Observation)],
    spec: &EnvSpec,
    what: &'static str,
) -> Result<(), CheckError> {
    match first.iter().zip(second).position(|(a, b)| a != b) {
        Some(step) => Err(CheckError::Differ { env: spec.id.clone(), what, step }),
        None => Ok(()),
    }
}

fn must<T>(doing: &'static str, result: Result<T, EnvError>) -> Result<T, CheckError> {
    result.map_err(|error| CheckError::Failed { doing, error })
}

fn refuse<T>(
    doing: &'static str,
    expected: &'static str,
    spec: &EnvSpec,
    result: Result<T, EnvError>,
) -> Result<(), CheckError> {
    let found = match result {
        Ok(_) => "it was accepted".to_string(),
        Err(error) if kind(&error) == expected => return Ok(()),
        Err(error) => format!("it is of the kind {} ({error})", kind(&error)),
    };
    Err(CheckError::Accepted { env: spec.id.clone(), doing, expected, found })
}

fn kind(error: &EnvError) -> &'static str {
    match error {
        EnvError::Action { .. } => "Action",
        EnvError::Buffer { .. } => "Buffer",
        EnvError::Over { .. } => "Over",
        EnvError::State { .. } => "State",
        EnvError::Outside { .. } => "Outside",
    }
}
