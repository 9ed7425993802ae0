//! The bank: signals in topological order over named percepts.
//!
//! An observation's arrays are the first percepts. A signal that writes a percept runs before every signal that reads it;
//! a cycle, a missing percept and a percept with two writers are refused with an error that names them. Perceptual areas
//! ([`Perceiver`]) run among the signals, since what they decide is a percept as well. Per step the bank perceives what
//! followed, then asks each signal what it pays:
//!
//! ```text
//! percepts(t) → decision → Env::step → percepts(t+1) → pay(percepts(t), decision, percepts(t+1))
//! ```
//!
//! A *lesioned* signal is there and does nothing: it pays nothing, and what it writes stays 0.

use crate::graph::{self, Links};
use crate::signal::{Declaration, Moment, Note, Pay, Purse, Reads, Sampled, Signal, SignalError};
use crate::stack::{self, Decide, Perceiver, Perceiving};
use innate_envs::{Array, ArraySpec, Observation, Step};
use innate_nn::Random;
use serde::{Deserialize, Serialize};

/// Signals over percepts, for one stream of experience.
pub struct Bank {
    specs: Vec<ArraySpec>,
    observed: usize,
    nodes: Vec<Node>,
    perceivers: Vec<Perceiving>,
    /// Who computes percepts, one after the other.
    order: Vec<Turn>,
    before: Vec<Array>,
    after: Vec<Array>,
    purse: Purse,
    /// Steps taken in this episode, the present one excluded.
    elapsed: usize,
}

/// Whose turn it is to compute percepts.
#[derive(Clone, Copy)]
enum Turn {
    /// The signal at this place of the nodes.
    Signal(usize),
    /// The area at this place of the perceivers.
    Area(usize),
}

/// One signal with its place in the graph.
struct Node {
    name: String,
    signal: Box<dyn Signal>,
    declaration: Declaration,
    /// Places of what it reads, and then of what it awaits.
    reads: Vec<usize>,
    writes: Vec<usize>,
    /// Places of the stacks whose trials it pays.
    trials: Vec<usize>,
    lesioned: bool,
    /// Holds the written arrays while the signal works on them, so that it may read the others meanwhile.
    stash: Vec<Array>,
    ledger: Ledger,
}

/// What a signal paid and noted since the last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Sum of the raw amounts.
    pub paid: f64,
    /// Steps over which they were paid.
    pub steps: u64,
    /// The signal's own metrics.
    pub notes: Vec<Note>,
}

impl Ledger {
    /// Adds what another slot's ledger holds.
    pub fn merge(&mut self, other: &Ledger) {
        self.paid += other.paid;
        self.steps += other.steps;
        for note in &other.notes {
            match self.notes.iter_mut().find(|mine| mine.metric == note.metric) {
                Some(mine) => {
                    mine.sum += note.sum;
                    mine.count += note.count;
                }
                None => self.notes.push(note.clone()),
            }
        }
    }
}

impl Ledger {
    /// Books an amount of the signal `name`, at place `signal`, and answers with the payment.
    fn book(&mut self, name: &str, signal: usize, service: Service, amount: f64) -> Result<Payment, BankError> {
        if !(amount as f32).is_finite() {
            return Err(BankError::NotFinite { signal: name.into(), value: amount });
        }
        self.paid += amount;
        Ok(Payment { signal, service, amount: amount as f32 })
    }
}

/// One amount that a signal paid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Payment {
    /// The signal's place in [`Bank::signals`].
    pub signal: usize,
    /// What for.
    pub service: Service,
    /// The raw amount.
    pub amount: f32,
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// A step of the body.
    Step {
        /// How many steps back; 0 is the present step.
        ago: usize,
    },
    /// What was decided on one slot of a stack, as it stands among the percepts that followed.
    Trial {
        /// The stack's place in [`Bank::percepts`].
        stack: usize,
        /// The slot.
        slot: usize,
    },
}

/// What a bank tells of one of its signals.
#[derive(Clone, Copy, Debug)]
pub struct SignalInfo<'a> {
    /// Its name in the run file.
    pub name: &'a str,
    /// What it declared.
    pub declaration: &'a Declaration,
    /// The percepts it reads and awaits, as places in [`Bank::percepts`].
    pub reads: &'a [usize],
    /// The stacks whose trials it pays, as places in [`Bank::percepts`].
    pub trials: &'a [usize],
}

/// The whole state of a bank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BankState {
    percepts: Vec<Array>,
    signals: Vec<Vec<u8>>,
    ledgers: Vec<Ledger>,
    elapsed: usize,
}

/// Why a bank cannot be built or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    /// Signals that wait for one another.
    #[error("the signals form a cycle: {0}; break it by removing one of them")]
    Cycle(String),
    /// A percept that nobody writes.
    #[error("{reader} reads the percept `{percept}`, which nothing writes (there are: {available})")]
    Missing {
        /// Who reads it.
        reader: String,
        /// The percept.
        percept: String,
        /// The percepts that exist.
        available: String,
    },
    /// A percept with two writers.
    #[error("the percept `{percept}` is written by both {first} and {second}")]
    Twice {
        /// The percept.
        percept: String,
        /// One writer.
        first: String,
        /// The other.
        second: String,
    },
    /// A signal failed.
    #[error("signal `{signal}`: {source}")]
    Signal {
        /// The signal.
        signal: String,
        /// What it said.
        source: SignalError,
    },
    /// A perceptual area cannot decide.
    #[error("area `{area}`: {source}")]
    Area {
        /// The area.
        area: String,
        /// What is wrong.
        source: SignalError,
    },
    /// A signal emitted a value that is not a number.
    #[error("signal `{signal}` returned {value}; a reward must be a finite number")]
    NotFinite {
        /// The signal.
        signal: String,
        /// The value.
        value: f64,
    },
    /// A saved state that is not of this bank.
    #[error("the saved state of the reward bank does not fit: {0}")]
    State(String),
}

impl Bank {
    /// Orders `signals` (name and signal) over an environment's `observation` and lets them allocate their buffers.
    ///
    /// # Errors
    /// A cycle, a missing percept, a percept with two writers, or a signal that cannot use a percept it reads.
    pub fn build(signals: Vec<(String, Box<dyn Signal>)>, observation: &[ArraySpec]) -> Result<Self, BankError> {
        Self::with_areas(signals, &[], observation)
    }

    /// The same with perceptual areas among the signals.
    ///
    /// # Errors
    /// As for [`Bank::build`]; or an area sees what is no stack.
    pub fn with_areas(
        signals: Vec<(String, Box<dyn Signal>)>,
        areas: &[Perceiver],
        observation: &[ArraySpec],
    ) -> Result<Self, BankError> {
        let declarations: Vec<Declaration> = signals.iter().map(|(_, signal)| signal.declare()).collect();
        let of_signals =
            signals.iter().zip(&declarations).map(|((name, _), declaration)| signal_links(name, declaration));
        let links: Vec<Links> = of_signals.chain(areas.iter().map(area_links)).collect();
        let order = graph::order(&links, observation)?;
        let mut bank = Self {
            specs: observation.to_vec(),
            observed: observation.len(),
            nodes: Vec::new(),
            perceivers: Vec::new(),
            order: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            purse: Purse::default(),
            elapsed: 0,
        };
        let mut signals: Vec<_> = signals.into_iter().zip(declarations).map(Some).collect();
        for index in order {
            match signals.get_mut(index).map(Option::take) {
                Some(Some(((name, signal), declaration))) => bank.add_signal(name, signal, declaration)?,
                _ => bank.add_area(&areas[index - signals.len()])?,
            }
        }
        bank.resolve_late_places()?;
        bank.before = bank.specs.iter().map(ArraySpec::zeros).collect();
        bank.after = bank.before.clone();
        // Areas keep the order in which they were given, whatever their turns.
        bank.sort_areas(areas);
        Ok(bank)
    }

    fn add_signal(
        &mut self,
        name: String,
        mut signal: Box<dyn Signal>,
        declaration: Declaration,
    ) -> Result<(), BankError> {
        let failed = |source| BankError::Signal { signal: name.clone(), source };
        let reads = places(&self.specs, &declaration.reads);
        let inputs: Vec<ArraySpec> = reads.iter().map(|&id| self.specs[id].clone()).collect();
        let outputs = signal.bind(&inputs).map_err(failed)?;
        if !outputs.iter().map(|spec| &spec.name).eq(&declaration.writes) {
            return Err(failed(SignalError::new("bind must answer with one specification for each percept it writes")));
        }
        let writes = (self.specs.len()..self.specs.len() + outputs.len()).collect();
        self.specs.extend(outputs);
        self.order.push(Turn::Signal(self.nodes.len()));
        self.nodes.push(Node {
            stash: Vec::with_capacity(declaration.writes.len()),
            name,
            signal,
            declaration,
            reads,
            writes,
            trials: Vec::new(),
            lesioned: false,
            ledger: Ledger::default(),
        });
        Ok(())
    }

    fn add_area(&mut self, area: &Perceiver) -> Result<(), BankError> {
        let failed = |source| BankError::Area { area: area.name.clone(), source };
        let perceiving = Perceiving::new(area, &mut self.specs).map_err(failed)?;
        self.order.push(Turn::Area(self.perceivers.len()));
        self.perceivers.push(perceiving);
        Ok(())
    }

    /// Places of what is read when all is written.
    fn resolve_late_places(&mut self) -> Result<(), BankError> {
        for node in &mut self.nodes {
            let failed = |source| BankError::Signal { signal: node.name.clone(), source };
            let awaits = places(&self.specs, &node.declaration.awaits);
            let awaited: Vec<ArraySpec> = awaits.iter().map(|&id| self.specs[id].clone()).collect();
            node.signal.bind_awaited(&awaited).map_err(failed)?;
            node.reads.extend(awaits);
            node.trials = places(&self.specs, &node.declaration.trials);
            if node.trials.len() != node.declaration.trials.len() {
                return Err(failed(SignalError::new("it pays trials of a stack that nothing writes")));
            }
        }
        Ok(())
    }

    fn sort_areas(&mut self, areas: &[Perceiver]) {
        let given = |name: &str| areas.iter().position(|area| area.name == name).unwrap_or(areas.len());
        let by_turn: Vec<usize> = self.perceivers.iter().map(|area| given(&area.name)).collect();
        self.perceivers.sort_by_key(|area| given(&area.name));
        for turn in &mut self.order {
            if let Turn::Area(place) = turn {
                *place = by_turn[*place];
            }
        }
    }

    /// Switches the signal `name` off for good.
    pub fn lesion(&mut self, name: &str) {
        self.nodes.iter_mut().filter(|node| node.name == name).for_each(|node| node.lesioned = true);
    }

    /// Gives every signal the random stream that `stream` names for it.
    pub fn seed(&mut self, mut stream: impl FnMut(&str) -> Random) {
        self.nodes.iter_mut().for_each(|node| node.signal.seed(stream(&node.name)));
    }

    /// The percepts: the observation's arrays first, then what signals write.
    pub fn percepts(&self) -> &[ArraySpec] {
        &self.specs
    }

    /// The signals, in the order in which they run.
    pub fn signals(&self) -> impl Iterator<Item = SignalInfo<'_>> {
        self.nodes.iter().map(|node| SignalInfo {
            name: &node.name,
            declaration: &node.declaration,
            reads: &node.reads,
            trials: &node.trials,
        })
    }

    /// The greatest retroactive window of all signals: how long a transition may still change.
    pub fn window(&self) -> usize {
        self.nodes.iter().map(|node| node.declaration.window).max().unwrap_or(0)
    }

    /// The percepts on which the next decision is taken.
    pub fn current(&self) -> &[Array] {
        &self.before
    }

    /// The percepts that followed the last step, those of an episode's end included.
    pub fn following(&self) -> &[Array] {
        &self.after
    }

    /// Starts an episode with its first observation; `minds` decide for the perceptual areas.
    ///
    /// # Errors
    /// A signal or an area failed.
    pub fn begin_episode(&mut self, observation: &Observation, minds: &mut dyn Decide) -> Result<(), BankError> {
        self.elapsed = 0;
        for node in &mut self.nodes {
            node.signal.begin_episode();
        }
        self.perceive(observation, minds)?;
        self.advance();
        Ok(())
    }

    /// Perceives the observation that followed `action` (`minds` decide for the perceptual areas) and gives each payment to
    /// `receive`.
    ///
    /// Afterwards [`Bank::following`] holds the percepts that followed; call [`Bank::advance`] or
    /// [`Bank::begin_episode`] before the next decision.
    ///
    /// # Errors
    /// A signal failed, paid further back than it declared, or paid what is not a finite number.
    pub fn step(
        &mut self,
        observation: &Observation,
        action: usize,
        step: Step,
        minds: &mut dyn Decide,
        mut receive: impl FnMut(Payment),
    ) -> Result<(), BankError> {
        self.perceive(observation, minds)?;
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.declaration.pay == Pay::Relabelled || node.lesioned {
                continue;
            }
            let moment = Moment {
                before: Reads::new(&self.before, &node.reads),
                after: Reads::new(&self.after, &node.reads),
                action,
                extrinsic: step.reward,
                terminated: step.terminated,
                truncated: step.truncated,
            };
            let failed = |source| BankError::Signal { signal: node.name.clone(), source };
            // The signal notes into its own ledger, where a metric that it has noted before needs no allocation.
            std::mem::swap(&mut self.purse.notes, &mut node.ledger.notes);
            let paid = node.signal.pay(moment, &mut self.purse);
            std::mem::swap(&mut self.purse.notes, &mut node.ledger.notes);
            paid.map_err(failed)?;
            let paid = self.purse.payments.len() + self.purse.trials.len();
            if node.declaration.pay == Pay::None && paid > 0 {
                return Err(failed(SignalError::new("it paid, but declared that it pays nothing")));
            }
            for (steps_ago, amount) in self.purse.payments.drain(..) {
                let window = node.declaration.window;
                if steps_ago > window {
                    let said = format!("it paid {steps_ago} steps back but declared a window of {window}");
                    return Err(failed(SignalError::new(said)));
                }
                let service = Service::Step { ago: steps_ago.min(self.elapsed) };
                receive(node.ledger.book(&node.name, index, service, amount)?);
            }
            if node.declaration.pay == Pay::Stored {
                node.ledger.steps += 1;
            }
            for (stack, slot, amount) in self.purse.trials.drain(..) {
                let there = node.trials.get(stack).filter(|&&stack| slot < self.specs[stack].shape[0]);
                let Some(&stack) = there else {
                    let said = format!("it paid slot {slot} of stack {stack} of its trials, which is not there");
                    return Err(failed(SignalError::new(said)));
                };
                receive(node.ledger.book(&node.name, index, Service::Trial { stack, slot }, amount)?);
                node.ledger.steps += 1;
            }
        }
        self.elapsed += 1;
        Ok(())
    }

    /// Makes what followed the last step the present.
    pub fn advance(&mut self) {
        std::mem::swap(&mut self.before, &mut self.after);
    }

    /// Has the relabelling signal at place `signal` of [`Bank::signals`] pay a sampled batch, `[batch]`.
    ///
    /// # Errors
    /// The signal failed or paid what is not a finite number.
    pub fn relabel(&mut self, signal: usize, batch: &Sampled<'_>, pay: &mut [f32]) -> Result<(), BankError> {
        let node = &mut self.nodes[signal];
        node.signal.relabel(batch, pay).map_err(|source| BankError::Signal { signal: node.name.clone(), source })?;
        if let Some(value) = pay.iter().find(|value| !value.is_finite()) {
            return Err(BankError::NotFinite { signal: node.name.clone(), value: f64::from(*value) });
        }
        node.ledger.paid += pay.iter().map(|&value| f64::from(value)).sum::<f64>();
        node.ledger.steps += batch.size as u64;
        Ok(())
    }

    /// Takes what each signal paid and noted since the last call, in the order of [`Bank::signals`].
    pub fn take_ledgers(&mut self) -> impl Iterator<Item = Ledger> {
        self.nodes.iter_mut().map(|node| std::mem::take(&mut node.ledger))
    }

    /// The whole state, for an exact resume.
    pub fn save(&self) -> BankState {
        BankState {
            percepts: self.before.clone(),
            signals: self.nodes.iter().map(|node| node.signal.save()).collect(),
            ledgers: self.nodes.iter().map(|node| node.ledger.clone()).collect(),
            elapsed: self.elapsed,
        }
    }

    /// Takes back what [`Bank::save`] gave.
    ///
    /// # Errors
    /// The state is of another bank.
    pub fn load(&mut self, state: BankState) -> Result<(), BankError> {
        let fits = |(array, spec): (&Array, &ArraySpec)| {
            array.kind() == spec.kind
                && array.as_u8().map_or(0, <[u8]>::len) + array.as_f32().map_or(0, <[f32]>::len) == spec.len()
        };
        if state.percepts.len() != self.specs.len() || !state.percepts.iter().zip(&self.specs).all(fits) {
            return Err(BankError::State("its percepts have other shapes".into()));
        }
        if state.signals.len() != self.nodes.len() || state.ledgers.len() != self.nodes.len() {
            return Err(BankError::State("it holds another number of signals".into()));
        }
        for ((node, saved), ledger) in self.nodes.iter_mut().zip(&state.signals).zip(state.ledgers) {
            let failed = |source| BankError::Signal { signal: node.name.clone(), source };
            node.signal.load(saved).map_err(failed)?;
            node.ledger = ledger;
        }
        self.before = state.percepts;
        self.elapsed = state.elapsed;
        Ok(())
    }

    /// Writes every percept of `after` from an observation.
    fn perceive(&mut self, observation: &Observation, minds: &mut dyn Decide) -> Result<(), BankError> {
        for (percept, seen) in self.after[..self.observed].iter_mut().zip(&observation.arrays) {
            match (percept, seen) {
                (Array::U8(to), Array::U8(from)) => to.copy_from_slice(from),
                (Array::F32(to), Array::F32(from)) => to.copy_from_slice(from),
                _ => return Err(BankError::State("an observation does not have the environment's arrays".into())),
            }
        }
        for &turn in &self.order {
            match turn {
                Turn::Signal(place) => self.nodes[place].perceive(&mut self.after)?,
                Turn::Area(place) => self.perceivers[place].decide(place, &mut self.after, minds)?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// Lets the signal write its percepts.
    fn perceive(&mut self, percepts: &mut [Array]) -> Result<(), BankError> {
        if self.writes.is_empty() || self.lesioned {
            return Ok(());
        }
        let empty = || Array::U8(Vec::new());
        self.stash.extend(self.writes.iter().map(|&id| std::mem::replace(&mut percepts[id], empty())));
        // What the last step left goes: where a signal writes but a part, of a stack say, the rest is 0 and not of the past.
        for array in &mut self.stash {
            match array {
                Array::U8(bytes) => bytes.fill(0),
                Array::F32(numbers) => numbers.fill(0.0),
            }
        }
        let reads = Reads::new(percepts, &self.reads[..self.declaration.reads.len()]);
        let seen = self.signal.perceive(reads, &mut self.stash);
        for (&id, array) in self.writes.iter().zip(self.stash.drain(..)) {
            percepts[id] = array;
        }
        seen.map_err(|source| BankError::Signal { signal: self.name.clone(), source })
    }
}

fn signal_links(name: &str, declaration: &Declaration) -> Links {
    let Declaration { reads, awaits, writes, .. } = declaration.clone();
    Links { what: "signal", name: name.into(), reads, awaits, writes }
}

fn area_links(area: &Perceiver) -> Links {
    let reads = area.stacks.iter().flat_map(|name| [name.clone(), stack::count_name(name)]).collect();
    let writes = area.stacks.iter().map(|name| stack::decisions_name(&area.name, name)).collect();
    Links { what: "area", name: area.name.clone(), reads, awaits: Vec::new(), writes }
}

fn place(specs: &[ArraySpec], name: &str) -> Option<usize> {
    specs.iter().position(|spec| spec.name == name)
}

fn places(specs: &[ArraySpec], names: &[String]) -> Vec<usize> {
    names.iter().filter_map(|name| place(specs, name)).collect()
}

#[cfg(test)]
#[path = "bank_tests.rs"]
mod tests;
