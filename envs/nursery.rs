//! The nursery: people who reach, hold, carry, release and look, and an eye that looks around.
//!
//! A scene is drawn from a seed before its first frame and goes on whatever the agent does; its action moves the fixation
//! c(t), as in [`video`](crate::video):
//!
//! ```text
//! c(t+1) = move(c(t), action),   observation(t+1) = (F(t+1), coarse(F(t+1)), patch(F(t+1), c(t+1)), c(t+1))
//! ```
//!
//! | Action | Meaning |
//! |---|---|
//! | `moves = "saccades"`: 0 to rows·columns − 1 | jump to that cell, counted row by row |
//! | `moves = "steps"`: 0 to 4 | stay, one cell to the left, right, up, down; at the border the fixation stays |
//!
//! | Observation | Kind, shape | Meaning |
//! |---|---|---|
//! | `frame` | u8 `[1, size, size]` | the whole frame, grey, 0 black to 255 white |
//! | `coarse` | u8 `[1, 2·rows, 2·columns]` | the frame averaged over quarter cells |
//! | `patch` | u8 `[1, cell, cell]` | the fixated cell |
//! | `fixation` | f32 `[rows, columns]` | 1 at the fixated cell, else 0 |
//!
//! **Reward:** always 0. **Start:** scene and cell drawn from the seeded generator. **End:** never terminated; truncated
//! after 48 steps, when the scene is over.
//!
//! | World | What happens |
//! |---|---|
//! | `balanced` | a hand grabs, a hand sweeps, a ball crosses, an object moves by itself, the light flickers, nothing: 1/6 each |
//! | `hard` | 15 % grab, 40 % ball, 40 % self-moving, 5 % nothing; curtain, fan, passers-by, balls, falling things, light, a shaking camera |
//! | `no-movers` | hands sweep and touch, balls cross; nothing is ever moved by anything |
//! | `ball-movers` | balls push objects; hands sweep and touch and move nothing |
//!
//! Of the manipulations called "grab" 75 % move the object; in the others it is only touched. From 6 to 10 steps before
//! the hand arrives the person looks at the object with probability .85, and follows it while it is carried. Hands, balls and
//! objects at rest are there in every world. People of the split `test` look and pose as none of `train` does.
//!
//! What is true of a frame (masks, flow, contacts, gaze) tells [`Env::truth`], to evaluators only.

mod acts;
mod body;
mod distractions;
mod draw;
mod face;
mod gaze;
mod hand;
mod looks;
mod map;
mod options;
mod paint;
mod props;
mod record;
mod scene;
mod script;
mod shape;
mod stage;
mod texture;
mod view;
mod worlds;

pub use crate::eye::Moves;
pub use options::{Distractors, GazeSplit, Mix, NurseryError, NurseryOptions, People, SceneKind, World};

use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::eye::{Grid, Scale};
use crate::numpy::Generator;
use crate::picture::Picture;
use crate::truth::Truth;
use scene::Scene;
use script::STEPS;
use view::View;

/// People and things on a stage, and a fixation.
pub struct Nursery {
    spec: EnvSpec,
    options: NurseryOptions,
    grid: Grid,
    view: View,
    blur: Scale,
    frame: Vec<u8>,
    coarse: Vec<u8>,
    random: Generator,
    /// The running scene, or the last one; none before the first.
    state: Option<State>,
}

/// Where an episode stands.
struct State {
    scene: Scene,
    step: usize,
    cell: u32,
}

impl Nursery {
    /// The environment of these options.
    ///
    /// # Errors
    /// An option that is out of range.
    pub fn new(options: NurseryOptions) -> Result<Self, NurseryError> {
        let grid = options.grid()?;
        options.check()?;
        let spec = EnvSpec {
            id: "nursery".into(),
            observation: grid.observation(),
            actions: Discrete::named(grid.action_names()),
            max_episode_steps: Some(STEPS as u32),
            reward_threshold: None,
        };
        Ok(Self {
            spec,
            view: View::new(&options),
            blur: grid.blur(),
            frame: vec![0; grid.width() * grid.height()],
            coarse: Vec::with_capacity(grid.coarse_width() * grid.coarse_height()),
            grid,
            options,
            random: Generator::new(0),
            state: None,
        })
    }

    /// Paints the present frame and writes what is seen of it. Answers with whether the buffer fits.
    fn write(&mut self, observation: &mut Observation) -> bool {
        let Some(state) = &self.state else { return false };
        self.view.frame(&state.scene, state.step, &mut self.frame);
        self.coarse.clear();
        self.blur.append(&self.frame, &mut self.coarse);
        self.grid.write(&self.frame, &self.coarse, state.cell, observation)
    }

    /// Sets the stage of `seed`.
    fn begin(&mut self, seed: u64, step: usize, cell: u32) {
        let scene = Scene::new(&self.options, seed);
        self.view.begin(&scene);
        self.state = Some(State { scene, step, cell });
    }
}

impl Env for Nursery {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        let scene = (self.random.random() * (1_u64 << 53) as f64) as u64;
        let cell = self.random.integers(self.grid.draws());
        self.begin(scene, 0, cell);
        if self.write(observation) { Ok(()) } else { Err(self.spec.no_fit()) }
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let Some(state) = self.state.as_mut().filter(|state| state.step < STEPS) else {
            return Err(self.spec.over());
        };
        state.cell = self.grid.moved(state.cell, action).ok_or_else(|| self.spec.no_action(action))?;
        state.step += 1;
        let truncated = state.step == STEPS;
        if self.write(observation) {
            Ok(Step { reward: 0.0, terminated: false, truncated })
        } else {
            Err(self.spec.no_fit())
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        let state = self.state.as_ref().map(|state| (state.scene.seed, state.step as u32, state.cell));
        postcard::to_stdvec(&(&self.random, state)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (random, state): (Generator, Option<(u64, u32, u32)>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if state.is_some_and(|(_, step, cell)| step as usize > STEPS || cell as usize >= self.grid.cells()) {
            return Err(self.spec.bad_state("its step or its cell does not exist"));
        }
        self.random = random;
        self.state = None;
        if let Some((seed, step, cell)) = state {
            self.begin(seed, step as usize, cell);
        }
        Ok(())
    }

    /// The frame in colour, with a yellow box around the fixated cell.
    fn picture(&self) -> Option<Picture> {
        let state = self.state.as_ref()?;
        Some(self.grid.boxed(self.view.colour(&state.scene, state.step), state.cell))
    }

    fn truth(&self) -> Option<Truth> {
        let state = self.state.as_ref()?;
        Some(record::record(&state.scene, &self.view, state.step))
    }
}
