//! Environments of Python's Gymnasium: `gym:CartPole-v1`, `gym:ALE/Pong-v5`, `gym:my_module:MyEnv-v0`.
//!
//! ```text
//! actor ── action ──▶ ┐ socket                          ┌ env.step ┐
//!                     ├──────▶ worker process (Python) ─┤   ...    ├─▶ observation into a file in memory
//! actor ◀─ reward ─── ┘ socket                          └ env.step ┘
//! ```
//!
//! No interpreter lives in this process: *workers* do, and each hosts any number of environments. So any interpreter and
//! virtual environment will do, environments of one run compute side by side, and one that crashes takes no run with it.
//! [`Env::begin_step`] sends an action without waiting, so that all workers compute while the actors decide elsewhere.
//!
//! | | |
//! |---|---|
//! | Ids | `gym:` and what `gymnasium.make` takes; `module:Id` imports the module first |
//! | Actions | those of a `Discrete` space; names from `get_action_meanings` where there are any |
//! | Observation | a `Box` of bytes is u8, another `Box` f32; a colour picture `[height, width, 3]` is shown as `[3, height, width]`, a grey one as `[1, height, width]`; a `Discrete` is a row of bytes with one of them 255; `Dict` and `Tuple` give an array for each part (`a`, `a.b`, `0`), all else one named `observation`. With `frame`, also u8 `frame` `[1, height, width]`: what the environment renders, grey |
//! | Reward, end | Gymnasium's; its `TimeLimit` truncates |
//! | Seeds | `reset(seed)` is `env.reset(seed=seed)` |
//!
//! An environment of Python cannot tell its state: after a resume its episode begins anew, and the run says so.
//!
//! **Failures.** A worker that dies or hangs, an exception, an observation or a reward that is no number: each is a sentence
//! with the environment's name and what Python said. What an environment prints goes to no terminal; its last lines are part
//! of that sentence. The run then saves itself and stops, or (`on_failure = "restart"`) the episode is cut off where it is
//! and the environment made anew.

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
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use wire::{Asked, Made, Opened, Request, Silence};
use workers::Worker;

/// What stands before the ids of these environments.
pub const PREFIX: &str = "gym:";

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
    seed: u64,
    restarts: u64,
    notice: Option<String>,
}

/// Where the environment is.
struct Host {
    worker: Arc<Worker>,
    stream: UnixStream,
    /// Where observations lie, and where each array begins in it.
    shared: File,
    offsets: Vec<u64>,
    camera: Option<Camera>,
}

/// Makes the array `frame` of what was rendered.
struct Camera {
    height: usize,
    width: usize,
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
}

impl Gym {
    /// The environment `name` of Gymnasium, hosted by one of `workers`.
    ///
    /// # Errors
    /// There is no such interpreter or environment, or it cannot be used here; the sentence says why.
    pub fn new(name: &str, options: GymOptions, workers: &Workers) -> Result<Self, GymError> {
        if let Some(FrameOptions { width, height }) = options.frame {
            if !(1..=1024).contains(&width) || !(1..=1024).contains(&height) {
                return Err(GymError::Frame { width, height });
            }
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
            seed: 0,
            restarts: 0,
            notice: None,
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

    /// Sends `request` unless that was done, waits for what comes of it, and reads the observation.
    fn ask(&mut self, request: Request, observation: &mut Observation) -> Result<Step, EnvError> {
        let sent = self.begun.take().is_some();
        let id = self.spec.id.clone();
        let host = self.host()?;
        let asked = if sent { Ok(()) } else { wire::send(&host.stream, request) };
        let replied = asked.map_err(Silence::Broken).and_then(|()| wire::receive(&host.stream));
        let reply = replied.map_err(|silence| host.explain(silence));
        let done = reply.and_then(|reply| host.read(observation).map(|()| reply));
        let reply = done.map_err(|reason| EnvError::Outside { env: id, reason })?;
        if !reply.reward.is_finite() {
            return Err(self.outside(format!("the reward is {}, which is no number to learn from", reply.reward)));
        }
        let (terminated, truncated) = (reply.flags & wire::TERMINATED != 0, reply.flags & wire::TRUNCATED != 0);
        Ok(Step { reward: reply.reward, terminated, truncated })
    }

    /// The environment failed: the episode is cut off, or that is an error.
    fn give_up(&mut self, error: EnvError) -> Result<Step, EnvError> {
        self.host = None;
        if self.options.on_failure == OnFailure::Stop {
            return Err(error);
        }
        self.restarts += 1;
        self.notice = Some(format!("{error}\nthe episode was cut off, and the environment is made anew"));
        Ok(Step { reward: 0.0, terminated: false, truncated: true })
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
        if self.begun.is_some() {
            // A step that nobody will ask for: its answer would be taken for that of the reset.
            self.host = None;
            self.begun = None;
        }
        self.seed = seed.unwrap_or(self.seed);
        // An environment made anew has no stream of random numbers to go on with.
        let fresh = self.host.is_none().then(|| child_seed(self.seed, self.restarts));
        self.ask(Request::Reset(seed.or(fresh)), observation)?;
        self.running = true;
        Ok(())
    }

    fn begin_step(&mut self, action: usize) {
        let Some(host) = self.host.as_mut().filter(|_| self.running && action < self.spec.actions.len()) else {
            return;
        };
        // What fails here fails in the step as well, which says so.
        if self.begun.is_none() && wire::send(&host.stream, Request::Step(action as u64)).is_ok() {
            self.begun = Some(action);
        }
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
        let asked = self.ask(Request::Step(action as u64), observation);
        let step = asked.or_else(|error| self.give_up(error))?;
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
        self.host.as_ref().filter(|_| self.begun.is_none())?.picture()
    }

    fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }
}

impl Host {
    /// Has the environment made by a worker.
    fn new(name: &str, options: &GymOptions, workers: &Workers) -> Result<(Self, Made), GymError> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let most = options.workers.map_or_else(cores, usize::from);
        let worker = workers.host(&options.python, most)?;
        let lost = |error: io::Error| GymError::Lost(worker.fate(&error));
        let timeout = Duration::from_secs(u64::from(options.timeout.get()));
        let stream = worker.connect(timeout).map_err(lost)?;
        let path = worker.new_file();
        let asked = Asked {
            id: name,
            kwargs: &options.kwargs,
            imports: &options.imports,
            atari: options.atari,
            frame: options.frame.is_some(),
            max_episode_steps: options.max_episode_steps.map(u32::from),
            path: &path.to_string_lossy(),
        };
        let made = match wire::open(&stream, &asked).map_err(lost)? {
            Opened::Made(made) => made,
            Opened::Refused { error } => return Err(GymError::Refused(error)),
        };
        let shared = File::open(&path).map_err(lost)?;
        // It stays open on both sides, and is gone with them.
        fs::remove_file(&path).map_err(lost)?;
        let offsets = made.arrays.iter().map(|array| array.offset).collect();
        let camera = options.frame.zip(made.arrays.last()).map(|(size, rendered)| Camera::new(&rendered.shape, size));
        Ok((Self { worker, stream, shared, offsets, camera }, made))
    }

    /// Reads the observation that lies in the shared file; if it cannot be used, a sentence.
    fn read(&mut self, observation: &mut Observation) -> Result<(), String> {
        let lost = |error: io::Error| format!("its observation cannot be read: {error}");
        let last = self.offsets.len() - 1;
        for (place, (array, offset)) in observation.arrays.iter_mut().zip(&self.offsets).enumerate() {
            match (array, &mut self.camera) {
                (Array::U8(bytes), Some(camera)) if place == last => {
                    self.shared.read_exact_at(&mut camera.rgb, *offset).map_err(lost)?;
                    bytes.copy_from_slice(camera.grey());
                }
                (Array::U8(bytes), _) => self.shared.read_exact_at(bytes, *offset).map_err(lost)?,
                (Array::F32(numbers), _) => {
                    self.shared.read_exact_at(bytemuck::cast_slice_mut(numbers), *offset).map_err(lost)?;
                    if let Some(element) = numbers.iter().position(|number| number.is_nan()) {
                        return Err(format!("element {element} of array {place} of its observation is NaN"));
                    }
                }
            }
        }
        Ok(())
    }

    /// What a silence means: a sentence. A worker that hangs is ended.
    fn explain(&self, silence: Silence) -> String {
        match silence {
            Silence::Failed(text) => format!("it failed:\n{text}"),
            Silence::Broken(error) => {
                let fate = self.worker.fate(&error);
                self.worker.kill();
                fate
            }
        }
    }

    fn picture(&self) -> Option<Picture> {
        wire::send(&self.stream, Request::Picture).ok()?;
        let size = wire::receive(&self.stream).ok()?.number;
        let (height, width) = (size >> 32, size & u64::from(u32::MAX));
        let rgb = wire::read_long(&self.stream, 3 * height * width).ok()?;
        Some(Picture { width: width as usize, height: height as usize, rgb })
    }
}

impl Camera {
    /// For pictures of `rendered` (`[height, width, 3]`), to be seen in `size`.
    fn new(rendered: &[usize], size: FrameOptions) -> Self {
        let (height, width) = (rendered[0], rendered[1]);
        let scale = Scale::new([height, width], [size.height.into(), size.width.into()]);
        let (rgb, grey) = (vec![0; 3 * height * width], vec![0; height * width]);
        Self { height, width, rgb, grey, scaled: Vec::new(), scale }
    }

    /// The picture, grey (ITU-R BT.601) and scaled.
    fn grey(&mut self) -> &[u8] {
        debug_assert_eq!(self.rgb.len(), 3 * self.height * self.width);
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
