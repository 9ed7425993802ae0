//! The plan of a run: the run file resolved against the registries, checked, with every name turned into a place.

mod areas;

use crate::error::StartError;
use crate::learner::{Learner, LearnerContext, LearnerPlan, Memory};
use crate::run::{Actors, AreaConfig, ConfigError, EnvConfig, Registries, ReplayConfig, RunConfig, Storage, split};
use crate::streams::Streams;
use documented::DocumentedFields;
use innate_envs::options::{encode, nearest};
use innate_envs::{ArraySpec, Env, EnvSpec, Kind};
use innate_nn::{Device, InputSpec};
use innate_replay::{ColumnId, ColumnSpec, Replay, ReplayError, Role, Schema};
use innate_rewards::{Bank, EXTRINSIC, Gate, Pay, PayEntry, Perceiver};
use std::sync::Arc;

/// Percepts that an area may see at most. A bound, so that a decision allocates nothing.
pub const MAX_VIEW: usize = 8;

/// Environment steps in a round at most: a run looks only between rounds whether it is to stop.
const MAX_ROUND: u64 = 1_000_000;

/// Everything about a run that does not change while it runs.
pub struct Plan {
    /// The run file as resolved: defaults filled in.
    pub config: RunConfig,
    /// Copies of the environment.
    pub slots: usize,
    /// What the environment is.
    pub env: EnvSpec,
    /// The percepts, by place.
    pub percepts: Vec<ArraySpec>,
    /// The signals, in the order in which the bank runs them.
    pub signals: Vec<SignalPlan>,
    /// The areas. The first one moves the body; the others are perceptual, in the order of their names.
    pub areas: Vec<AreaPlan>,
    /// The columns of the replay.
    pub schema: Arc<Schema>,
    /// For each percept, its column, if it is remembered.
    pub percept_columns: Vec<Option<ColumnId>>,
    /// The column of the body's actions.
    pub body_actions: ColumnId,
    /// Longest retroactive window of all signals, W.
    pub window: usize,
    /// Where learning is computed.
    pub device: Device,
    /// Why there: one line.
    pub device_reason: String,
    env_config: EnvConfig,
    env_options: toml::Table,
    exam_options: toml::Table,
    signal_tables: Vec<(String, String, toml::Table)>,
    perceivers: Vec<Perceiver>,
    registries: Arc<Registries>,
}

/// One signal of a plan.
#[derive(Clone, Debug)]
pub struct SignalPlan {
    /// Its name.
    pub name: String,
    /// Whether and when it emits.
    pub pay: Pay,
    /// The percepts it reads.
    pub reads: Vec<usize>,
    /// The column of its raw values, if they are stored.
    pub column: Option<ColumnId>,
}

/// One area of a plan.
pub struct AreaPlan {
    /// Its name.
    pub name: String,
    /// Its common keys.
    pub config: AreaConfig,
    /// The percepts it sees.
    pub view: Vec<usize>,
    /// The same, as the network is told of them.
    pub inputs: Vec<InputSpec>,
    /// Number of its actions.
    pub actions: usize,
    /// Whether it moves the body or decides what is perceived.
    pub role: AreaRole,
    /// When it learns.
    pub gate: Gate,
    /// Its entries in the pay table: place of the signal, and what it is worth.
    pub pay: Vec<(usize, PayEntry)>,
    /// Makes its learner.
    pub learner: LearnerPlan,
}

/// What an area does.
pub enum AreaRole {
    /// It moves the body: a decision per step.
    Body,
    /// It decides on what is in stacks: a trial per decision that is paid.
    Perceptual(TrialPlan),
}

/// What a perceptual area decides on and remembers.
#[derive(Clone)]
pub struct TrialPlan {
    /// Its stacks.
    pub stacks: Vec<StackPlan>,
    /// The columns of what it remembers: one row per trial.
    pub schema: Arc<Schema>,
    /// The column of the item.
    pub item: ColumnId,
    /// The column of the decision.
    pub action: ColumnId,
    /// By signal, the column of what it paid, if it pays this area.
    pub signals: Vec<Option<ColumnId>>,
}

/// A stack of a perceptual area, by places of percepts.
#[derive(Clone, Copy, Debug)]
pub struct StackPlan {
    /// The stack.
    pub items: usize,
    /// What the area decides on it.
    pub decisions: usize,
    /// Elements of an item.
    pub width: usize,
    /// Elements of a row of decisions: the decision, and what is expected of each choice.
    pub row: usize,
}

impl AreaPlan {
    /// What a perceptual area remembers; nothing for the one that moves the body.
    pub fn trials(&self) -> Option<&TrialPlan> {
        match &self.role {
            AreaRole::Body => None,
            AreaRole::Perceptual(trials) => Some(trials),
        }
    }

    /// The column of what signal `signal` paid this area; none if it pays when transitions are sampled.
    pub(crate) fn pay_column(&self, plan: &Plan, signal: usize) -> Option<ColumnId> {
        self.trials().map_or(plan.signals[signal].column, |trials| trials.signals[signal])
    }
}

impl Plan {
    /// Resolves and checks `config`. Plans of several runs can share their registries.
    ///
    /// # Errors
    /// Anything in the run file that does not fit, with the path of its key.
    pub fn new(config: RunConfig, registries: impl Into<Arc<Registries>>) -> Result<Self, ConfigError> {
        let (mut config, registries) = (config, registries.into());
        let (env_config, env_options): (EnvConfig, _) = split(&config.env, "env")?;
        check_numbers(&config, &env_config)?;
        let (env, env_options) = registries
            .envs
            .build(&env_config.id, &env_options, "env")
            .map_err(|error| ConfigError::part(error, "env", "id", EnvConfig::FIELD_NAMES))?;
        let env = env_config.wrap(env);
        let env_spec = env.spec().clone();
        drop(env);
        config.env = encode(&env_config)?.into_iter().chain(env_options.clone()).collect();
        let exam_options: toml::Table = env_options.clone().into_iter().chain(config.evaluation.env.clone()).collect();
        check_exam(&registries, &env_config.id, &exam_options, &env_spec)?;

        let mut signal_tables = signal_tables(&config)?;
        let perceivers = areas::perceivers(&config)?;
        let bank = build_bank(&registries, &mut signal_tables, &perceivers, &env_spec)?;
        check_lesions(&config, &bank)?;
        config.signals = signal_tables
            .iter()
            .map(|(name, kind, table)| {
                let kind = (kind != name).then(|| ("type".to_string(), toml::Value::String(kind.clone())));
                (name.clone(), kind.into_iter().chain(table.clone()).collect())
            })
            .collect();

        let areas = areas::resolve(&mut config, &registries, &bank, (&env_spec, env_config.slots))?;
        check_offline(&config, &areas)?;
        let percepts = bank.percepts().to_vec();
        let mut columns = Vec::new();
        let remembered = remembered(&bank, &areas, percepts.len());
        let mut percept_columns = vec![None; percepts.len()];
        let mut column = |name: String, kind, shape: &[usize], role| {
            columns.push(ColumnSpec { name, kind, shape: shape.to_vec(), role, history: 1 });
            ColumnId(columns.len() - 1)
        };
        for (place, spec) in percepts.iter().enumerate().filter(|(place, _)| remembered[*place]) {
            let kind = match spec.kind {
                Kind::U8 => innate_replay::Kind::U8,
                Kind::F32 => innate_replay::Kind::F32,
            };
            percept_columns[place] = Some(column(spec.name.clone(), kind, &spec.shape, Role::Observation));
        }
        let body_actions = column(format!("action/{}", areas[0].name), innate_replay::Kind::I64, &[], Role::Step);
        let signals = bank
            .signals()
            .map(|signal| SignalPlan {
                name: signal.name.into(),
                pay: signal.declaration.pay,
                reads: signal.reads.to_vec(),
                column: (signal.declaration.pay == Pay::Stored)
                    .then(|| column(format!("reward/{}", signal.name), innate_replay::Kind::F32, &[], Role::Step)),
            })
            .collect();
        for area in areas.iter().filter(|area| matches!(area.role, AreaRole::Body)) {
            let seen = area.view.iter().filter_map(|&place| percept_columns[place]);
            seen.for_each(|ColumnId(column)| columns[column].history = area.config.frames);
        }
        let schema = Schema::new(columns).map_err(|error| ConfigError::at("env", error.to_string()))?;
        let (device, device_reason) = config.device.resolve()?;
        Ok(Self {
            slots: env_config.slots,
            env: env_spec,
            percepts,
            signals,
            areas,
            schema: Arc::new(schema),
            percept_columns,
            body_actions,
            window: bank.window(),
            device,
            device_reason,
            env_config,
            env_options,
            exam_options,
            signal_tables,
            perceivers,
            registries,
            config,
        })
    }

    /// A new copy of the environment.
    ///
    /// # Errors
    /// It could be built once, but not again (a file that is gone, say).
    pub fn build_env(&self) -> Result<Box<dyn Env>, ConfigError> {
        let built = self.registries.envs.build(&self.env_config.id, &self.env_options, "env");
        built.map(|(env, _)| self.env_config.wrap(env)).map_err(|error| ConfigError::part(error, "env", "id", &[]))
    }

    /// A new copy of the environment in which evaluations take place.
    ///
    /// # Errors
    /// As for [`Plan::build_env`].
    pub fn build_exam_env(&self) -> Result<Box<dyn Env>, ConfigError> {
        let built = self.registries.envs.build(&self.env_config.id, &self.exam_options, "evaluation.env");
        built
            .map(|(env, _)| self.env_config.wrap(env))
            .map_err(|error| ConfigError::part(error, "evaluation", "env", &[]))
    }

    /// A new bank, for the `index`-th stream of experience of `streams`.
    ///
    /// # Errors
    /// As for [`Plan::build_env`].
    pub fn build_bank(&self, streams: Streams, index: u64) -> Result<Bank, ConfigError> {
        let mut bank = build_bank(&self.registries, &mut self.signal_tables.clone(), &self.perceivers, &self.env)?;
        self.config.lesions.iter().for_each(|name| bank.lesion(name));
        bank.seed(|name| streams.stream(&format!("signal/{name}"), index));
        Ok(bank)
    }

    /// An empty replay of the body's transitions.
    ///
    /// # Errors
    /// The memory cannot be had.
    pub fn build_replay(&self) -> Result<Replay, ReplayError> {
        let &ReplayConfig { capacity, storage, segment, .. } = &self.config.replay;
        match storage {
            Storage::Memory => Replay::new(self.schema.clone(), self.slots, capacity),
            Storage::Disk => Replay::on_disk(self.schema.clone(), self.slots, capacity, segment),
        }
    }

    /// The area that moves the body.
    pub fn body(&self) -> &AreaPlan {
        &self.areas[0]
    }

    /// A new learner with fresh weights, for `area`.
    ///
    /// # Errors
    /// Its options do not fit the area, or the device refuses.
    pub fn build_learner(&self, area: &AreaPlan) -> Result<Box<dyn Learner>, StartError> {
        let pays: Vec<&str> = area.pay.iter().map(|(signal, _)| self.signals[*signal].name.as_str()).collect();
        let context = LearnerContext {
            pays: &pays,
            area: &area.name,
            inputs: &area.inputs,
            actions: area.actions,
            batch: area.config.batch,
            memory: area.config.memory,
            slots: self.slots,
            device: self.device,
            streams: Streams::new(self.config.seed),
        };
        (area.learner)(&context).map_err(|error| StartError::Learner(area.name.clone(), error))
    }

    /// The column of a percept that is remembered.
    ///
    /// # Errors
    /// It is not remembered: no area sees it, and no relabelling signal reads it.
    pub(crate) fn column(&self, percept: usize) -> Result<ColumnId, ReplayError> {
        self.percept_columns[percept].map_or_else(|| self.schema.column(&self.percepts[percept].name), Ok)
    }

    /// Actor threads. Where the learner learns before the next action, threads would but wait for one another.
    pub fn actor_threads(&self) -> usize {
        let online = self.areas.iter().any(|area| area.config.memory == Memory::Online);
        match self.config.actors {
            Actors::Auto if online => 0,
            actors => actors.threads(self.slots),
        }
    }

    /// Environment steps of each slot in a round.
    pub fn steps_per_slot(&self) -> usize {
        (self.config.steps_per_round / self.slots as u64) as usize
    }
}

/// Whether the environment of evaluations shows and takes what that of training does.
fn check_exam(registries: &Registries, id: &str, options: &toml::Table, trained: &EnvSpec) -> Result<(), ConfigError> {
    let built = registries.envs.build(id, options, "evaluation.env");
    let (env, _) = built.map_err(|error| ConfigError::part(error, "evaluation", "env", &[]))?;
    let spec = env.spec();
    if spec.observation != trained.observation || spec.actions != trained.actions {
        let said = "with these options the environment has other observations or actions than in training";
        return Err(ConfigError::at("evaluation.env", said));
    }
    Ok(())
}

fn check_numbers(config: &RunConfig, env: &EnvConfig) -> Result<(), ConfigError> {
    let refuse = |key: &str, said: String| Err(ConfigError::at(key, said));
    let slots = env.slots as u64;
    if config.steps == 0 {
        return refuse("steps", "0 steps train nothing; give 1 or more".into());
    }
    if env.slots == 0 || env.slots > 4096 {
        return refuse("env.slots", format!("{slots} must lie between 1 and 4096"));
    }
    if config.steps_per_round == 0 || !config.steps_per_round.is_multiple_of(slots) {
        let said = format!("{} must be 1 or more times env.slots = {slots}", config.steps_per_round);
        return refuse("steps_per_round", said);
    }
    if config.steps_per_round > MAX_ROUND {
        return refuse("steps_per_round", format!("{} must be at most {MAX_ROUND}", config.steps_per_round));
    }
    if (1..env.slots).contains(&config.replay.capacity) {
        let said = format!("{} transitions are less than one for each of env.slots = {slots}", config.replay.capacity);
        return refuse("replay.capacity", said);
    }
    if config.replay.capacity == 0 {
        return refuse("replay.capacity", "0 transitions remember nothing; give at least a batch".into());
    }
    if config.replay.segment == 0 {
        return refuse("replay.segment", "a file of 0 rows holds nothing; give 1 or more".into());
    }
    if config.evaluation.every > 0 && config.evaluation.episodes == 0 {
        return refuse(
            "evaluation.episodes",
            "0 episodes evaluate nothing; to switch it off set evaluation.every = 0".into(),
        );
    }
    if !(0.0..=1.0).contains(&env.sticky_actions) {
        let said = format!("{} is not a probability (allowed: 0 to 1)", env.sticky_actions);
        return refuse("env.sticky_actions", said);
    }
    if !(0.0..=1.0).contains(&config.evaluation.exploration_rate) {
        let said = format!("{} is not a probability (allowed: 0 to 1)", config.evaluation.exploration_rate);
        return refuse("evaluation.exploration_rate", said);
    }
    if config.checkpoint.keep == 0 {
        return refuse("checkpoint.keep", "keep at least 1".into());
    }
    if config.log.every == 0 {
        return refuse("log.every", "0 must be 1 or more".into());
    }
    Ok(())
}

/// That a run which lives nothing has something to learn from.
fn check_offline(config: &RunConfig, areas: &[AreaPlan]) -> Result<(), ConfigError> {
    if !config.replay.offline {
        return Ok(());
    }
    if config.replay.import.is_none() {
        let said = "offline learning wants transitions: give a file of them as replay.import";
        return Err(ConfigError::at("replay.offline", said));
    }
    match areas.iter().find(|area| area.trials().is_some() || area.config.memory != Memory::Replay) {
        None => Ok(()),
        Some(area) => {
            let said = format!(
                "area `{}` learns only from what is lived: offline, areas move the body and have memory = \"replay\"",
                area.name
            );
            Err(ConfigError::at("replay.offline", said))
        }
    }
}

/// Name, type and options of every signal: `extrinsic` first, then those of the run file.
fn signal_tables(config: &RunConfig) -> Result<Vec<(String, String, toml::Table)>, ConfigError> {
    let mut tables = config.signals.clone();
    tables.entry(EXTRINSIC.to_string()).or_default();
    tables
        .into_iter()
        .map(|(name, mut table)| match table.remove("type") {
            None => Ok((name.clone(), name, table)),
            Some(toml::Value::String(kind)) => Ok((name, kind, table)),
            Some(other) => {
                Err(ConfigError::at(format!("signals.{name}.type"), format!("{other} is not a signal's name")))
            }
        })
        .collect()
}

/// That every lesion names a signal of the run.
fn check_lesions(config: &RunConfig, bank: &Bank) -> Result<(), ConfigError> {
    let known: Vec<&str> = bank.signals().map(|signal| signal.name).collect();
    match config.lesions.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let (hint, known) = (hint.unwrap_or_default(), known.join(", "));
            Err(ConfigError::at("lesions", format!("there is no signal `{name}` in this run{hint} (known: {known})")))
        }
    }
}

/// Builds every signal and orders them with the perceptual areas; the tables are replaced by the resolved ones.
fn build_bank(
    registries: &Registries,
    tables: &mut [(String, String, toml::Table)],
    perceivers: &[Perceiver],
    env: &EnvSpec,
) -> Result<Bank, ConfigError> {
    let mut signals = Vec::new();
    for (name, kind, table) in tables {
        let at = format!("signals.{name}");
        let built = registries.signals.build(kind, table, &at);
        let (signal, resolved) = built.map_err(|error| ConfigError::part(error, &at, "type", &["type"]))?;
        *table = resolved;
        signals.push((name.clone(), signal));
    }
    Ok(Bank::with_areas(signals, perceivers, &env.observation)?)
}

/// Which percepts must be remembered: what areas see and what relabelling signals read.
fn remembered(bank: &Bank, areas: &[AreaPlan], percepts: usize) -> Vec<bool> {
    let mut remembered = vec![false; percepts];
    let relabelled = bank.signals().filter(|signal| signal.declaration.pay == Pay::Relabelled);
    let read = relabelled.flat_map(|signal| signal.reads);
    let bodies = areas.iter().filter(|area| matches!(area.role, AreaRole::Body));
    for &place in bodies.flat_map(|area| &area.view).chain(read) {
        remembered[place] = true;
    }
    remembered
}
