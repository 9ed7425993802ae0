//! Environments of Python's Gymnasium: `gym:CartPole-v1`, `gym:ALE/Pong-v5`, `gym:my_module:MyEnv-v0`.
//!
//! ```text
//! slot ── action ─┐           ┌──────── worker, a process of Python ────────┐
//! slot ── action ─┼─ socket ─▶│ env.step, env.step, …  ─▶ files in memory   │ ─▶ observation of each slot
//! slot ◀─ reward ─┴─ socket ──│                                             │
//!                             └─────────────────────────────────────────────┘
//! ```
//!
//! No interpreter lives in this process: *workers* do, and each hosts any number of environments. So any interpreter and
//! virtual environment will do, environments of one run compute side by side, and one that crashes takes no run with it.
//! Actions given to [`Env::begin_step`] are sent together, and all workers compute at the same time.
//!
//! | | |
//! |---|---|
//! | Ids | `gym:` and what `gymnasium.make` takes; `module:Id` imports the module first |
//! | Actions | those of a `Discrete` space; names from `get_action_meanings` where there are any |
//! | Observation | a `Box` of bytes is u8, another `Box` f32; a colour picture `[height, width, 3]` is shown as `[3, height, width]`, a grey one as `[1, height, width]`; a `Discrete` is a row of bytes with one of them 255; `Dict` and `Tuple` give an array for each part (`a`, `a.b`, `0`), all else one named `observation`. With `frame`, also u8 `frame` `[1, height, width]`: what the environment renders, grey |
//! | Reward, end | Gymnasium's; its `TimeLimit` truncates |
//! | Seeds | `reset(seed)` is `env.reset(seed=seed)`; seeds from 2³² on are folded to 32 bits, as much of Python takes no others |
//!
//! An environment of Python cannot tell its state: after a resume its episode begins anew, and the run says so.
//!
//! **Failures.** A worker that dies or hangs, an exception, an observation or a reward that is no finite number: each is a
//! sentence with the environment's name and what Python said. What an environment prints goes to no terminal; where its worker
//! is lost, the last lines are part of that sentence. The run then saves itself and stops, or (`on_failure = "restart"`) the
//! episode is cut off where it is and the environment made anew.

mod options;
mod wire;
mod workers;

pub use options::{AtariOptions, FrameOptions, GymOptions, OnFailure};
pub use workers::Workers;

use crate::array::{Array, ArraySpec};
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::eye::Scale;
use crate::numpy::child_seed;
use crate::picture::Picture;
use crate::slot::fits;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;
use wire::{Answer, Asked, Made, Opened, Told};
use workers::Worker;

/// What stands before the ids of these environments.
pub const PREFIX: &str = "gym:";

/// Failures that are told one by one until somebody asks.
const MOST_NOTICES: usize = 8;

/// An environment that a worker hosts.
pub struct Gym {
    /// The id for `gymnasium.make`.
    name: String,
    options: GymOptions,
    workers: Workers,
    spec: EnvSpec,
    /// Nothing between a failure and the reset after it.
    host: Option<Host>,
    running: bool,
    /// The action that was sent ahead of its step.
    begun: Option<usize>,
    /// Whether the last reset followed an episode and gave no seed: so may the next one, which is then asked for in advance.
    continues: bool,
    /// Whether the next episode has begun already.
    ahead: bool,
    seed: u64,
    restarts: u64,
    /// What a person is still to be told.
    notices: Vec<String>,
}

/// Where the environment is.
struct Host {
    worker: Arc<Worker>,
    number: u64,
    /// Where observations lie, and where each array begins in it.
    shared: File,
    offsets: Vec<u64>,
    half: u64,
    arrays: Vec<Array>,
    camera: Option<Camera>,
}

/// The halves of the shared file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    /// What followed a step.
    Following,
    /// What an episode begins with.
    First,
}

/// Makes the array `frame` of what was rendered.
struct Camera {
    rgb: Vec<u8>,
    grey: Vec<u8>,
    scaled: Vec<u8>,
    scale: Scale,
}

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum GymError {
    /// The worker cannot be started.
    #[error("{0}")]
    Start(#[from] io::Error),
    /// The worker started and was lost.
    #[error("{0}")]
    Lost(String),
    /// Python refuses the environment, or it fails.
    #[error("{0}")]
    Refused(String),
    /// A size out of range.
    #[error("frame = {{ width = {width}, height = {height} }} is out of range (allowed: 1 to 1024 each)")]
    Frame {
        /// Pixels in a row.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Two answers to one question.
    #[error(
        "atari = {{ terminal_on_life_loss = true, episodic_life = true }} says twice how a life ends: choose one (after the first a new \
         game begins, after the second the same game goes on)"
    )]
    Lives,
}

impl Gym {
    /// The environment `name` of Gymnasium, hosted by one of `workers`.
    ///
    /// # Errors
    /// There is no such interpreter or environment, or it cannot be used here; the sentence says why.
    pub fn new(name: &str, options: GymOptions, workers: &Workers) -> Result<Self, GymError> {
        let allowed = 1..=1024;
        let odd = |size: &FrameOptions| !allowed.contains(&size.width) || !allowed.contains(&size.height);
        if let Some(FrameOptions { width, height }) = options.frame.filter(odd) {
            return Err(GymError::Frame { width, height });
        }
        if options.atari.is_some_and(|atari| atari.terminal_on_life_loss && atari.episodic_life) {
            return Err(GymError::Lives);
        }
        let (host, made) = Host::new(name, &options, workers)?;
        let spec = EnvSpec {
            id: format!("{PREFIX}{name}"),
            observation: made.arrays.iter().map(|array| array_spec(array, options.frame)).collect(),
            actions: Discrete::named(made.actions),
            max_episode_steps: made.max_episode_steps,
            reward_threshold: made.reward_threshold,
        };
        Ok(Self {
            name: name.into(),
            options,
            workers: workers.clone(),
            spec,
            host: Some(host),
            running: false,
            begun: None,
            continues: false,
            ahead: false,
            seed: 0,
            restarts: 0,
            notices: Vec::new(),
        })
    }

    /// The host, made anew if the last one was lost.
    fn host(&mut self) -> Result<&mut Host, EnvError> {
        if self.host.is_none() {
            let made = Host::new(&self.name, &self.options, &self.workers);
            let (host, _) = made.map_err(|error| self.outside(error.to_string()))?;
            self.host = Some(host);
        }
        self.host.as_mut().ok_or_else(|| EnvError::Outside { env: self.spec.id.clone(), reason: "it is gone".into() })
    }

    /// Has the host answer, and reads the observation that comes with it.
    fn observe(
        &mut self,
        observation: &mut Observation,
        half: Half,
        answer: impl FnOnce(&Host) -> Answer,
    ) -> Result<Step, EnvError> {
        let host = self.host()?;
        let told = answer(host).and_then(|told| host.read(half, observation).map(|()| told));
        let Told { flags, reward, .. } = told.map_err(|reason| self.outside(reason))?;
        if !reward.is_finite() {
            return Err(self.outside(format!("the reward is {reward}, which is no number to learn from")));
        }
        self.ahead = flags & wire::BEGUN != 0;
        Ok(Step { reward, terminated: flags & wire::TERMINATED != 0, truncated: flags & wire::TRUNCATED != 0 })
    }

    /// The environment failed, and is made anew if it may; otherwise that is an error.
    fn give_up(&mut self, error: EnvError) -> Result<(), EnvError> {
        self.host = None;
        self.running = false;
        if self.options.on_failure == OnFailure::Stop {
            return Err(error);
        }
        self.restarts += 1;
        match self.notices.len() {
            0..MOST_NOTICES => {
                self.notices.push(format!("{error}\nthe episode was cut off, and the environment is made anew"));
            }
            MOST_NOTICES => self.notices.push("and it failed again, which is not told each time".into()),
            _ => {}
        }
        Ok(())
    }

    /// Takes up the episode that the worker has begun already.
    fn read_first(&mut self, observation: &mut Observation) -> Result<(), EnvError> {
        self.host()?.read(Half::First, observation).map_err(|reason| self.outside(reason))?;
        self.running = true;
        Ok(())
    }

    /// Starts an episode.
    fn begin_episode(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        // An environment made anew has no stream of random numbers to go on with.
        let fresh = self.host.is_none().then(|| child_seed(self.seed, self.restarts));
        // Much of Python takes seeds of 32 bits alone.
        let seed = seed.or(fresh).map(|seed| (seed ^ (seed >> 32)) & u64::from(u32::MAX));
        self.observe(observation, Half::First, |host| host.worker.reset(host.number, seed))?;
        self.running = true;
        Ok(())
    }

    /// Has the step of `action` gathered with those of others.
    fn gather(&mut self, action: usize, ahead: bool) {
        let possible = self.running && action < self.spec.actions.len() && self.begun.is_none();
        if let Some(host) = self.host.as_ref().filter(|_| possible) {
            let ahead = if ahead && self.continues { wire::AHEAD } else { 0 };
            host.worker.begin_step(host.number, action as u64 | ahead);
            self.begun = Some(action);
        }
    }

    fn outside(&self, reason: String) -> EnvError {
        EnvError::Outside { env: self.spec.id.clone(), reason }
    }
}

impl Env for Gym {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if !fits(&self.spec, observation) {
            return Err(self.spec.no_fit());
        }
        self.running = false;
        if self.begun.take().is_some() {
            // A step that nobody will ask for: its answer is not wanted.
            // If it is lost, so is the host, which the reset finds out.
            let _ = self.host()?.end_step();
        }
        self.seed = seed.unwrap_or(self.seed);
        self.continues = seed.is_none();
        let begun = if std::mem::take(&mut self.ahead) && self.continues {
            self.read_first(observation)
        } else {
            self.begin_episode(seed, observation)
        };
        begun.or_else(|error| {
            self.give_up(error)?;
            self.begin_episode(None, observation)
        })
    }

    fn is_elsewhere(&self) -> bool {
        true
    }

    fn begin_step(&mut self, action: usize) {
        self.gather(action, true);
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.spec.actions.len() {
            return Err(self.spec.no_action(action));
        }
        if !self.running {
            return Err(self.spec.over());
        }
        if !fits(&self.spec, observation) {
            return Err(self.spec.no_fit());
        }
        if let Some(begun) = self.begun.filter(|begun| *begun != action) {
            return Err(self.outside(format!("the step of action {begun} was begun, and is asked for with {action}")));
        }
        // Whoever did not begin the step beforehand may want to see how the episode ended before the next one begins.
        self.gather(action, false);
        self.begun = None;
        if !self.host.as_ref().is_some_and(|host| host.worker.has_answer(host.number)) {
            self.workers.send_begun();
        }
        let seen = self.observe(observation, Half::Following, Host::end_step);
        let cut_off = Step { reward: 0.0, terminated: false, truncated: true };
        let step = seen.or_else(|error| self.give_up(error).map(|()| cut_off))?;
        self.running = !step.ended();
        Ok(step)
    }

    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    fn load(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Err(self.spec.bad_state("an environment of Python has no state that could be taken back"))
    }

    fn picture(&self) -> Option<Picture> {
        let host = self.host.as_ref().filter(|_| self.begun.is_none())?;
        host.worker.picture(host.number).ok()
    }

    fn take_notice(&mut self) -> Option<String> {
        let notices = std::mem::take(&mut self.notices);
        (!notices.is_empty()).then(|| notices.join("\n"))
    }
}

impl Host {
    /// Has the environment made by a worker.
    fn new(name: &str, options: &GymOptions, workers: &Workers) -> Result<(Self, Made), GymError> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let most = options.workers.map_or_else(cores, usize::from);
        let worker = workers.host(&options.python, most)?;
        let timeout = Duration::from_secs(u64::from(options.timeout.get()));
        let (number, path) = worker.new_environment();
        let asked = Asked {
            id: name,
            kwargs: &options.kwargs,
            imports: &options.imports,
            atari: options.atari,
            frame: options.frame.is_some(),
            max_episode_steps: options.max_episode_steps.map(u32::from),
            path: &path.to_string_lossy(),
        };
        let made = match worker.open(number, &asked, timeout).map_err(GymError::Lost)? {
            Opened::Made(made) => made,
            Opened::Refused { error } => return Err(GymError::Refused(error)),
        };
        let shared = File::open(&path)?;
        // It stays open on both sides, and is gone with them.
        fs::remove_file(&path)?;
        let offsets = made.arrays.iter().map(|array| array.offset).collect();
        let camera = options.frame.zip(made.arrays.last()).map(|(size, rendered)| Camera::new(&rendered.shape, size));
        let arrays = made.arrays.iter().map(|array| array_spec(array, options.frame).zeros()).collect();
        Ok((Self { worker, number, shared, offsets, half: made.half, arrays, camera }, made))
    }

    /// Reads the observation that lies in the shared file; if it cannot be used, a sentence.
    fn read(&mut self, half: Half, observation: &mut Observation) -> Result<(), String> {
        let lost = |error: io::Error| format!("its observation cannot be read: {error}");
        let last = self.offsets.len() - 1;
        let begin = if half == Half::First { self.half } else { 0 };
        // Into arrays of its own first: the caller's keep what was observed before if this is of no use.
        for (place, (array, offset)) in self.arrays.iter_mut().zip(&self.offsets).enumerate() {
            let offset = begin + offset;
            match (array, &mut self.camera) {
                (Array::U8(bytes), Some(camera)) if place == last => {
                    self.shared.read_exact_at(&mut camera.rgb, offset).map_err(lost)?;
                    bytes.copy_from_slice(camera.grey());
                }
                (Array::U8(bytes), _) => self.shared.read_exact_at(bytes, offset).map_err(lost)?,
                (Array::F32(numbers), _) => {
                    self.shared.read_exact_at(bytemuck::cast_slice_mut(numbers), offset).map_err(lost)?;
                    if let Some(element) = numbers.iter().position(|number| !number.is_finite()) {
                        let number = numbers[element];
                        return Err(format!("element {element} of array {place} of its observation is {number}"));
                    }
                }
            }
        }
        self.arrays.swap_with_slice(&mut observation.arrays);
        Ok(())
    }

    fn end_step(&self) -> Answer {
        self.worker.end_step(self.number)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.worker.close(self.number);
    }
}

impl Camera {
    /// For pictures of `rendered` (`[height, width, 3]`), to be seen in `size`.
    fn new(rendered: &[usize], size: FrameOptions) -> Self {
        let (height, width) = (rendered[0], rendered[1]);
        let scale = Scale::new([height, width], [size.height.into(), size.width.into()]);
        let (rgb, grey) = (vec![0; 3 * height * width], vec![0; height * width]);
        Self { rgb, grey, scaled: Vec::new(), scale }
    }

    /// The picture, grey (ITU-R BT.601) and scaled.
    fn grey(&mut self) -> &[u8] {
        for (grey, &[red, green, blue]) in self.grey.iter_mut().zip(self.rgb.as_chunks().0) {
            let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
            *grey = ((sum + 500) / 1000) as u8;
        }
        self.scaled.clear();
        self.scale.append(&self.grey, &mut self.scaled);
        &self.scaled
    }
}

/// The array as the agent sees it: what was rendered is seen in the size of `frame`.
fn array_spec(array: &wire::Layout, frame: Option<FrameOptions>) -> ArraySpec {
    let bounds = |numbers: &[Option<f32>], none: f32| numbers.iter().map(|number| number.unwrap_or(none)).collect();
    match frame.filter(|_| array.name == "frame") {
        Some(FrameOptions { width, height }) => ArraySpec::u8("frame", &[1, height.into(), width.into()]),
        None => ArraySpec {
            name: array.name.clone(),
            kind: array.kind,
            shape: array.shape.clone(),
            low: bounds(&array.low, f32::NEG_INFINITY),
            high: bounds(&array.high, f32::INFINITY),
        },
    }
}
