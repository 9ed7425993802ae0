//! Areas of a plan: what each one sees, decides, remembers and is paid for.

use super::{AreaPlan, AreaRole, MAX_VIEW, StackPlan, TrialPlan};
use crate::learner::Memory;
use crate::run::{AreaConfig, ConfigError, Registries, RunConfig, split};
use documented::DocumentedFields;
use innate_envs::options::{encode, nearest};
use innate_envs::{ArraySpec, EnvSpec, Kind};
use innate_nn::InputSpec;
use innate_replay::{ColumnId, ColumnSpec, Schema};
use innate_rewards::stack::decisions_name;
use innate_rewards::{Bank, Condition, Gate, Pay, PayEntry, Perceiver, Quantity, SignalInfo};
use std::sync::Arc;

/// Choices of a perceptual area at most.
const MOST_CHOICES: usize = 4096;

/// The perceptual areas of a run file, as the bank is told of them.
pub(super) fn perceivers(config: &RunConfig) -> Result<Vec<Perceiver>, ConfigError> {
    let mut perceivers = Vec::new();
    for (name, table) in &config.area {
        let (area, _): (AreaConfig, _) = split(table, &format!("area.{name}"))?;
        if area.choices > MOST_CHOICES {
            let said = format!("{} must be at most {MOST_CHOICES}", area.choices);
            return Err(ConfigError::at(format!("area.{name}.choices"), said));
        }
        if area.choices > 0 {
            perceivers.push(Perceiver { name: name.clone(), stacks: area.view, actions: area.choices });
        }
    }
    if config.area.len() != perceivers.len() + 1 {
        let bodies = config.area.keys().filter(|name| !perceivers.iter().any(|area| area.name == **name));
        let found = bodies.map(|name| format!("[area.{name}]")).collect::<Vec<_>>().join(", ");
        let said = "one area moves the body, such as [area.body]; the others say how many `choices` they have";
        return Err(ConfigError::at("area", format!("{said}; found without choices: {found}")));
    }
    Ok(perceivers)
}

/// The areas of `config`, the body's first; their tables are replaced by the resolved ones.
pub(super) fn resolve(
    config: &mut RunConfig,
    registries: &Registries,
    bank: &Bank,
    (env, slots): (&EnvSpec, usize),
) -> Result<Vec<AreaPlan>, ConfigError> {
    let mut areas = Vec::new();
    // The replay gives every slot the same room.
    let (round, capacity) = (config.steps_per_round, config.replay.capacity / slots * slots);
    for (name, table) in &mut config.area {
        let at = format!("area.{name}");
        // Files and arrays of a checkpoint are named after it.
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            return Err(ConfigError::at(at, format!("`{name}` is no name of an area (letters, digits, - and _)")));
        }
        let (mut common, options): (AreaConfig, _) = split(table, &at)?;
        if common.memory == Memory::Online && !table.contains_key("batch") {
            common.batch = 1;
        }
        let pays = table.contains_key("pay");
        let (capacity, key) = match common.choices {
            0 => (capacity, "replay.capacity"),
            _ => (common.capacity / slots * slots, "capacity"),
        };
        if common.batch == 0 || common.batch > capacity {
            let said = format!("{} must lie between 1 and {key} = {capacity}", common.batch);
            return Err(ConfigError::at(format!("{at}.batch"), said));
        }
        check_prioritised(&common, &at)?;
        check_frames(&common, &at)?;
        if common.view.is_empty() {
            common.view = env.observation.iter().map(|spec| spec.name.clone()).collect();
        }
        let view = resolve_view(&common.view, bank, &at)?;
        if common.choices > 0 && !pays {
            return Err(ConfigError::at(format!("{at}.pay"), "say which signals pay for this area's trials"));
        }
        let pay = resolve_pay(&common, bank, &at)?;
        let gates = pay.iter().flat_map(|(_, entry)| [&entry.gate.opens, &entry.gate.closes]);
        for condition in gates.chain([&common.opens, &common.closes]).flatten() {
            check_condition(condition, bank, &at)?;
        }
        let (role, inputs, actions) = if common.choices == 0 {
            check_histories(&common, &view, bank, &at)?;
            check_memory(&common, &pay, bank, &at, (round, slots, capacity))?;
            let inputs = view.iter().map(|&place| stacked(&bank.percepts()[place], common.frames)).collect();
            (AreaRole::Body, inputs, env.actions.len())
        } else {
            if common.memory == Memory::Queue && capacity / slots < common.batch {
                let said = format!("{capacity} trials are less than a batch of {} for each slot", common.batch);
                return Err(ConfigError::at(format!("{at}.capacity"), said));
            }
            let (trials, item) = plan_trials(name, &common, &view, &pay, bank)?;
            (AreaRole::Perceptual(trials), vec![item], common.choices)
        };
        let built = registries.learners.build(&common.learner, &options, &at);
        let (learner, options) =
            built.map_err(|error| ConfigError::part(error, &at, "learner", AreaConfig::FIELD_NAMES))?;
        *table = encode(&common)?.into_iter().chain(options).collect();
        let gate = Gate { opens: common.opens.clone(), closes: common.closes.clone(), fade: 0 };
        areas.push(AreaPlan { name: name.clone(), config: common, view, inputs, actions, role, gate, pay, learner });
    }
    areas.sort_by_key(|area| area.trials().is_some());
    Ok(areas)
}

/// Observations that are seen at once at most.
const MOST_FRAMES: usize = 16;

/// Whether so many observations can be seen at once.
fn check_frames(area: &AreaConfig, at: &str) -> Result<(), ConfigError> {
    let said = match area.frames {
        1 => return Ok(()),
        _ if area.choices > 0 => {
            "an area with `choices` decides on what is in stacks, one observation at a time".into()
        }
        2..=MOST_FRAMES => return Ok(()),
        frames => format!("{frames} must lie between 1 and {MOST_FRAMES}"),
    };
    Err(ConfigError::at(format!("{at}.frames"), said))
}

/// That no signal recomputes its pay from what is remembered in stacks.
fn check_histories(area: &AreaConfig, view: &[usize], bank: &Bank, at: &str) -> Result<(), ConfigError> {
    let relabels = |signal: &SignalInfo<'_>| {
        signal.declaration.pay == Pay::Relabelled && signal.reads.iter().any(|read| view.contains(read))
    };
    match bank.signals().find(relabels).filter(|_| area.frames > 1) {
        Some(SignalInfo { name, .. }) => {
            let said =
                format!("`{name}` recomputes its pay from a percept of this view, which must be seen one at a time");
            Err(ConfigError::at(format!("{at}.frames"), said))
        }
        None => Ok(()),
    }
}

/// A percept as a network takes it, `frames` of the latest at once: planes, or numbers, side by side.
fn stacked(percept: &ArraySpec, frames: usize) -> InputSpec {
    let mut input = input_spec(percept);
    match input.shape.first_mut() {
        Some(first) => *first *= frames,
        None if frames > 1 => input.shape.push(frames),
        None => {}
    }
    input
}

/// Whether transitions can be drawn by priority so.
fn check_prioritised(area: &AreaConfig, at: &str) -> Result<(), ConfigError> {
    let Some(prioritised) = &area.prioritised else { return Ok(()) };
    if area.memory != Memory::Replay {
        let said = "drawing by priority wants memory = \"replay\"";
        return Err(ConfigError::at(format!("{at}.prioritised"), said));
    }
    prioritised.check().map_err(|(key, said)| ConfigError::at(format!("{at}.prioritised.{key}"), said))
}

/// What the perceptual area `name` decides on and remembers, and an item as its network sees it.
fn plan_trials(
    name: &str,
    area: &AreaConfig,
    view: &[usize],
    pay: &[(usize, PayEntry)],
    bank: &Bank,
) -> Result<(TrialPlan, InputSpec), ConfigError> {
    let at = |key: &str| format!("area.{name}.{key}");
    if area.memory == Memory::Online {
        let said = "\"online\" learns from steps of the body; a perceptual area takes \"queue\" or \"replay\"";
        return Err(ConfigError::at(at("memory"), said));
    }
    let percepts = bank.percepts();
    let first = &percepts[view[0]];
    if let Some(other) = view.iter().map(|&place| &percepts[place]).find(|spec| spec.shape[1..] != first.shape[1..]) {
        let shapes = format!("`{}` {:?} and `{}` {:?}", first.name, first.shape, other.name, other.shape);
        return Err(ConfigError::at(at("view"), format!("its stacks must hold items of one shape; found {shapes}")));
    }
    let item = InputSpec { name: first.name.clone(), kind: innate_nn::Kind::F32, shape: first.shape[1..].to_vec() };
    let place = |name: &str| percepts.iter().position(|spec| spec.name == name).unwrap_or(0);
    let stacks = area.view.iter().zip(view).map(|(stack, &items)| StackPlan {
        items,
        decisions: place(&decisions_name(name, stack)),
        width: item.elements(),
        row: 1 + area.choices,
    });
    let mut columns = vec![
        ColumnSpec::step("item", innate_replay::Kind::F32, &item.shape),
        ColumnSpec::step("action", innate_replay::Kind::I64, &[]),
    ];
    let mut signals = vec![None; bank.signals().count()];
    for (signal, _) in pay {
        signals[*signal] = Some(ColumnId(columns.len()));
        let name = bank.signals().nth(*signal).map(|signal| signal.name).unwrap_or_default();
        columns.push(ColumnSpec::step(&format!("reward/{name}"), innate_replay::Kind::F32, &[]));
    }
    let schema = Schema::new(columns).map_err(|error| ConfigError::at(at("view"), error.to_string()))?;
    let (item_column, action) = (ColumnId(0), ColumnId(1));
    let trials = TrialPlan { stacks: stacks.collect(), schema: Arc::new(schema), item: item_column, action, signals };
    Ok((trials, item))
}

/// That a condition asks for metrics that there are.
fn check_condition(condition: &Condition, bank: &Bank, at: &str) -> Result<(), ConfigError> {
    let metrics = || {
        let of = |signal: SignalInfo<'_>| {
            let name = signal.name.to_string();
            signal.declaration.metrics.iter().map(move |metric| format!("{name}.{metric}")).collect::<Vec<_>>()
        };
        bank.signals().flat_map(of).chain(["step".to_string()]).collect::<Vec<_>>()
    };
    for comparison in &condition.all {
        if let Quantity::Metric { signal, metric } = &comparison.quantity {
            let (asked, known) = (format!("{signal}.{metric}"), metrics());
            if !known.contains(&asked) {
                let hint = nearest(&asked, known.iter().map(String::as_str));
                let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let said = format!(
                    "`{condition}` asks for `{asked}`, which nothing measures{hint} (known: {})",
                    known.join(", ")
                );
                return Err(ConfigError::at(at, said));
            }
        }
    }
    Ok(())
}

/// Whether experience can reach the learner in the way that it asks for.
fn check_memory(
    area: &AreaConfig,
    pay: &[(usize, PayEntry)],
    bank: &Bank,
    at: &str,
    (round, slots, capacity): (u64, usize, usize),
) -> Result<(), ConfigError> {
    let refuse = |key: &str, said: String| Err(ConfigError::at(format!("{at}.{key}"), said));
    let kept = (capacity / slots) as u64;
    let needed = round / slots as u64 + (area.batch + bank.window()) as u64;
    match area.memory {
        Memory::Replay => Ok(()),
        Memory::Queue if kept < needed => {
            let said = format!(
                "\"queue\" holds a round and a batch: replay.capacity must be at least {}, found {capacity}",
                needed * slots as u64
            );
            refuse("memory", said)
        }
        Memory::Queue => Ok(()),
        Memory::Online if area.batch != 1 => {
            refuse("batch", format!("{} must be 1 where memory = \"online\"", area.batch))
        }
        Memory::Online if round != slots as u64 => {
            let said =
                format!("\"online\" learns after every step: set steps_per_round = env.slots = {slots}, not {round}");
            refuse("memory", said)
        }
        Memory::Online => {
            let late = |(place, _): &&(usize, PayEntry)| {
                bank.signals().nth(*place).is_some_and(|signal| signal.declaration.pay == Pay::Relabelled)
            };
            let name = |place: usize| bank.signals().nth(place).map(|signal| signal.name.to_string());
            if let Some((place, _)) = pay.iter().find(late) {
                let said =
                    format!("`{}` pays what is sampled; use memory = \"replay\"", name(*place).unwrap_or_default());
                return refuse("pay", said);
            }
            if bank.window() > 0 {
                let said = "a signal of this run pays back in time, which \"online\" cannot wait for; use \"queue\" or \"replay\"";
                return refuse("memory", said.into());
            }
            Ok(())
        }
    }
}

fn input_spec(percept: &ArraySpec) -> InputSpec {
    let kind = match percept.kind {
        Kind::U8 => innate_nn::Kind::U8,
        Kind::F32 => innate_nn::Kind::F32,
    };
    InputSpec { name: percept.name.clone(), kind, shape: percept.shape.clone() }
}

fn resolve_view(names: &[String], bank: &Bank, at: &str) -> Result<Vec<usize>, ConfigError> {
    let key = format!("{at}.view");
    if names.len() > MAX_VIEW {
        return Err(ConfigError::at(key, format!("an area sees at most {MAX_VIEW} percepts; found {}", names.len())));
    }
    if let Some(twice) = names.iter().enumerate().find_map(|(i, name)| names[..i].contains(name).then_some(name)) {
        return Err(ConfigError::at(key, format!("the percept `{twice}` stands there twice")));
    }
    let find = |name: &String| {
        let known = || bank.percepts().iter().map(|spec| spec.name.as_str());
        known().position(|other| other == name).ok_or_else(|| {
            let hint = nearest(name, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let known = known().collect::<Vec<_>>().join(", ");
            ConfigError::at(key.clone(), format!("there is no percept `{name}`{hint} (known: {known})"))
        })
    };
    names.iter().map(find).collect()
}

fn resolve_pay(area: &AreaConfig, bank: &Bank, at: &str) -> Result<Vec<(usize, PayEntry)>, ConfigError> {
    let find = |(name, entry): (&String, &PayEntry)| {
        let key = format!("{at}.pay.{name}");
        let Some((place, signal)) = bank.signals().enumerate().find(|(_, signal)| signal.name == name) else {
            let known: Vec<&str> = bank.signals().map(|signal| signal.name).collect();
            let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let said = format!(
                "there is no signal `{name}` in this run{} (known: {}; add [signals.{name}] for another)",
                hint.unwrap_or_default(),
                known.join(", ")
            );
            return Err(ConfigError::at(key, said));
        };
        match (signal.declaration.pay, area.choices) {
            (Pay::None, _) => {
                Err(ConfigError::at(key, format!("the signal `{name}` pays nothing; it only writes percepts")))
            }
            (Pay::Trials, 0) => {
                let stacks = signal.declaration.trials.join(", ");
                let said = format!("`{name}` pays trials of {stacks}, for a perceptual area, and no steps of the body");
                Err(ConfigError::at(key, said))
            }
            (Pay::Trials, _) if !signal.declaration.trials.iter().any(|stack| area.view.contains(stack)) => {
                let stacks = signal.declaration.trials.join(", ");
                Err(ConfigError::at(key, format!("`{name}` pays trials of {stacks}, which this area does not view")))
            }
            (Pay::Stored | Pay::Relabelled, 1..) => Err(ConfigError::at(
                key,
                format!("`{name}` pays steps of the body, and no trials of a perceptual area"),
            )),
            _ => Ok((place, entry.clone())),
        }
    };
    area.pay.iter().map(find).collect()
}
