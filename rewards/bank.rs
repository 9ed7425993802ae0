//! The bank: signals in topological order over named percepts.
//!
//! An observation's arrays are the first percepts. A signal that writes a percept runs before every signal that reads it;
//! a cycle, a missing percept and a percept with two writers are refused with an error that names them. Per step the bank
//! perceives what followed, then asks each signal what it pays:
//!
//! ```text
//! percepts(t) → decision → Env::step → percepts(t+1) → pay(percepts(t), decision, percepts(t+1))
//! ```

use crate::signal::{Declaration, Moment, Note, Pay, Purse, Reads, Sampled, Signal, SignalError};
use innate_envs::{Array, ArraySpec, Observation, Step};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Signals over percepts, for one stream of experience.
pub struct Bank {
    specs: Vec<ArraySpec>,
    observed: usize,
    nodes: Vec<Node>,
    before: Vec<Array>,
    after: Vec<Array>,
    purse: Purse,
    /// Steps taken in this episode, the present one excluded.
    elapsed: usize,
}

/// One signal with its place in the graph.
struct Node {
    name: String,
    signal: Box<dyn Signal>,
    declaration: Declaration,
    reads: Vec<usize>,
    writes: Vec<usize>,
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

/// One amount that a signal paid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Payment {
    /// The signal's place in [`Bank::signals`].
    pub signal: usize,
    /// How many steps back; 0 is the present step.
    pub steps_ago: usize,
    /// The raw amount.
    pub amount: f32,
}

/// What a bank tells of one of its signals.
#[derive(Clone, Copy, Debug)]
pub struct SignalInfo<'a> {
    /// Its name in the run file.
    pub name: &'a str,
    /// What it declared.
    pub declaration: &'a Declaration,
    /// The percepts it reads, as places in [`Bank::percepts`].
    pub reads: &'a [usize],
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
    #[error("signal `{signal}` reads the percept `{percept}`, which nothing writes (there are: {available})")]
    Missing {
        /// The signal.
        signal: String,
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
        let mut specs = observation.to_vec();
        let mut nodes = Vec::new();
        for (name, mut signal) in ordered(signals, observation)? {
            let declaration = signal.declare();
            let reads = declaration.reads.iter().filter_map(|read| place(&specs, read)).collect::<Vec<_>>();
            let inputs: Vec<ArraySpec> = reads.iter().map(|&id| specs[id].clone()).collect();
            let outputs = signal.bind(&inputs).map_err(|source| BankError::Signal { signal: name.clone(), source })?;
            let named: Vec<&String> = outputs.iter().map(|spec| &spec.name).collect();
            if !named.into_iter().eq(&declaration.writes) {
                let source = SignalError::new("bind must answer with one specification for each percept it writes");
                return Err(BankError::Signal { signal: name, source });
            }
            let writes = (specs.len()..specs.len() + outputs.len()).collect();
            specs.extend(outputs);
            nodes.push(Node {
                name,
                signal,
                stash: Vec::with_capacity(declaration.writes.len()),
                declaration,
                reads,
                writes,
                ledger: Ledger::default(),
            });
        }
        let percepts: Vec<Array> = specs.iter().map(ArraySpec::zeros).collect();
        let observed = observation.len();
        let after = percepts.clone();
        Ok(Self { specs, observed, nodes, before: percepts, after, purse: Purse::default(), elapsed: 0 })
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

    /// Starts an episode with its first observation.
    ///
    /// # Errors
    /// A signal failed.
    pub fn begin_episode(&mut self, observation: &Observation) -> Result<(), BankError> {
        self.elapsed = 0;
        for node in &mut self.nodes {
            node.signal.begin_episode();
        }
        self.perceive(observation)?;
        self.advance();
        Ok(())
    }

    /// Perceives the observation that followed `action` and gives each payment to `receive`.
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
        mut receive: impl FnMut(Payment),
    ) -> Result<(), BankError> {
        self.perceive(observation)?;
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.declaration.pay != Pay::Stored {
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
            for (steps_ago, amount) in self.purse.payments.drain(..) {
                let window = node.declaration.window;
                if steps_ago > window {
                    let said = format!("it paid {steps_ago} steps back but declared a window of {window}");
                    return Err(failed(SignalError::new(said)));
                }
                if !(amount as f32).is_finite() {
                    return Err(BankError::NotFinite { signal: node.name.clone(), value: amount });
                }
                node.ledger.paid += amount;
                let steps_ago = steps_ago.min(self.elapsed);
                receive(Payment { signal: index, steps_ago, amount: amount as f32 });
            }
            node.ledger.steps += 1;
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
    fn perceive(&mut self, observation: &Observation) -> Result<(), BankError> {
        for (percept, seen) in self.after[..self.observed].iter_mut().zip(&observation.arrays) {
            match (percept, seen) {
                (Array::U8(to), Array::U8(from)) => to.copy_from_slice(from),
                (Array::F32(to), Array::F32(from)) => to.copy_from_slice(from),
                _ => return Err(BankError::State("an observation does not have the environment's arrays".into())),
            }
        }
        for node in self.nodes.iter_mut().filter(|node| !node.writes.is_empty()) {
            let empty = || Array::U8(Vec::new());
            node.stash.extend(node.writes.iter().map(|&id| std::mem::replace(&mut self.after[id], empty())));
            let seen = node.signal.perceive(Reads::new(&self.after, &node.reads), &mut node.stash);
            for (&id, array) in node.writes.iter().zip(node.stash.drain(..)) {
                self.after[id] = array;
            }
            seen.map_err(|source| BankError::Signal { signal: node.name.clone(), source })?;
        }
        Ok(())
    }
}

fn place(specs: &[ArraySpec], name: &str) -> Option<usize> {
    specs.iter().position(|spec| spec.name == name)
}

type Named = (String, Box<dyn Signal>);

/// The signals such that each comes after the writers of what it reads; otherwise in the order given.
fn ordered(signals: Vec<Named>, observation: &[ArraySpec]) -> Result<Vec<Named>, BankError> {
    let declarations: Vec<Declaration> = signals.iter().map(|(_, signal)| signal.declare()).collect();
    let mut writer: BTreeMap<&str, Option<usize>> = observation.iter().map(|spec| (spec.name.as_str(), None)).collect();
    for (index, declaration) in declarations.iter().enumerate() {
        for percept in &declaration.writes {
            if let Some(first) = writer.insert(percept, Some(index)) {
                let first =
                    first.map_or("the environment".into(), |first: usize| format!("signal `{}`", signals[first].0));
                let second = format!("signal `{}`", signals[index].0);
                return Err(BankError::Twice { percept: percept.clone(), first, second });
            }
        }
    }
    let mut waits = vec![Vec::new(); signals.len()];
    for (index, declaration) in declarations.iter().enumerate() {
        for percept in &declaration.reads {
            match writer.get(percept.as_str()) {
                Some(Some(other)) => waits[index].push(*other),
                Some(None) => {}
                None => {
                    return Err(BankError::Missing {
                        signal: signals[index].0.clone(),
                        percept: percept.clone(),
                        available: writer.keys().copied().collect::<Vec<_>>().join(", "),
                    });
                }
            }
        }
    }
    let mut order = Vec::with_capacity(signals.len());
    let mut left: VecDeque<usize> = (0..signals.len()).collect();
    while let Some(at) = left.iter().position(|&index| waits[index].iter().all(|other| order.contains(other))) {
        order.extend(left.remove(at));
    }
    if let Some(&start) = left.front() {
        return Err(BankError::Cycle(cycle_from(start, &waits, &order, &signals)));
    }
    let mut signals: Vec<Option<Named>> = signals.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| signals[index].take()).collect())
}

/// Walks from a signal that waits along what it waits for until one comes again: `a waits for b waits for a`.
fn cycle_from(start: usize, waits: &[Vec<usize>], done: &[usize], signals: &[Named]) -> String {
    let mut path = vec![start];
    while let Some(&next) = path.last().and_then(|&at| waits[at].iter().find(|other| !done.contains(other))) {
        let seen = path.iter().position(|&index| index == next);
        path.push(next);
        if let Some(seen) = seen {
            path.drain(..seen);
            break;
        }
    }
    path.iter().map(|&index| format!("`{}`", signals[index].0)).collect::<Vec<_>>().join(" waits for ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Copies its reads' first number, plus one, into each of its writes, and pays that with the given delay.
    struct Plus {
        reads: Vec<&'static str>,
        writes: Vec<&'static str>,
        delay: usize,
        amount: f64,
    }

    impl Signal for Plus {
        fn declare(&self) -> Declaration {
            let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect();
            let (reads, writes) = (names(&self.reads), names(&self.writes));
            Declaration { reads, writes, pay: Pay::Stored, window: self.delay }
        }
        fn bind(&mut self, _: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
            Ok(self.writes.iter().map(|name| ArraySpec::f32(name, &[1], f32::MIN, f32::MAX)).collect())
        }
        fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
            let value = reads.f32(0)?[0] + 1.0;
            writes.iter_mut().filter_map(Array::as_f32_mut).for_each(|array| array[0] = value);
            Ok(())
        }
        fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
            let seen = if self.reads.is_empty() { 0.0 } else { f64::from(moment.after.f32(0)?[0]) };
            purse.note("seen", seen);
            purse.pay_back(self.delay, self.amount + seen);
            Ok(())
        }
    }

    fn plus(name: &str, reads: &[&'static str], writes: &[&'static str]) -> Named {
        (name.into(), Box::new(Plus { reads: reads.into(), writes: writes.into(), delay: 0, amount: 0.0 }))
    }

    fn position() -> Vec<ArraySpec> {
        vec![ArraySpec::f32("position", &[1], -9.0, 9.0)]
    }

    fn at(x: f32) -> Observation {
        Observation { arrays: vec![Array::F32(vec![x])] }
    }

    fn refusal(signals: Vec<Named>) -> String {
        Bank::build(signals, &position()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn signals_run_after_the_writers_of_what_they_read() {
        let mut bank = Bank::build(
            vec![plus("late", &["b"], &["c"]), plus("mid", &["a"], &["b"]), plus("first", &["position"], &["a"])],
            &position(),
        )
        .unwrap();
        assert_eq!(bank.signals().map(|signal| signal.name).collect::<Vec<_>>(), ["first", "mid", "late"]);
        bank.begin_episode(&at(1.0)).unwrap();
        let values: Vec<f32> = bank.current().iter().map(|array| array.as_f32().unwrap()[0]).collect();
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn a_cycle_is_refused_and_named() {
        let said = refusal(vec![plus("hand", &["gaze"], &["hand"]), plus("gaze", &["hand"], &["gaze"])]);
        assert!(said.contains("`hand` waits for `gaze` waits for `hand`"), "{said}");
    }

    #[test]
    fn a_missing_percept_is_refused_and_named() {
        let said = refusal(vec![plus("motion", &["flow"], &[])]);
        assert!(said.contains("`motion`") && said.contains("`flow`") && said.contains("position"), "{said}");
    }

    #[test]
    fn a_percept_with_two_writers_is_refused() {
        let said = refusal(vec![plus("one", &["position"], &["a"]), plus("two", &["position"], &["a"])]);
        assert!(said.contains("both signal `one` and signal `two`"), "{said}");
        assert!(refusal(vec![plus("one", &[], &["position"])]).contains("the environment"));
    }

    #[test]
    fn pay_reads_what_followed_the_decision() {
        let mut bank = Bank::build(vec![plus("here", &["position"], &[])], &position()).unwrap();
        bank.begin_episode(&at(1.0)).unwrap();
        let mut paid = Vec::new();
        bank.step(&at(5.0), 0, Step::default(), |payment| paid.push(payment)).unwrap();
        assert_eq!(paid, [Payment { signal: 0, steps_ago: 0, amount: 5.0 }]);
        assert_eq!(bank.take_ledgers().next().unwrap().notes[0], Note { metric: "seen".into(), sum: 5.0, count: 1 });
    }

    #[test]
    fn retroactive_pay_stops_at_the_first_step_of_the_episode() {
        let signal = Plus { reads: vec![], writes: vec![], delay: 2, amount: 1.0 };
        let mut bank = Bank::build(vec![("late".into(), Box::new(signal))], &position()).unwrap();
        let mut ago = Vec::new();
        for _ in 0..2 {
            bank.begin_episode(&at(0.0)).unwrap();
            for _ in 0..4 {
                bank.step(&at(0.0), 0, Step::default(), |payment| ago.push(payment.steps_ago)).unwrap();
                bank.advance();
            }
        }
        assert_eq!(ago, [0, 1, 2, 2, 0, 1, 2, 2]);
    }

    #[test]
    fn a_reward_that_is_not_a_number_is_named() {
        let signal = Plus { reads: vec![], writes: vec![], delay: 0, amount: f64::NAN };
        let mut bank = Bank::build(vec![("broken".into(), Box::new(signal))], &position()).unwrap();
        bank.begin_episode(&at(0.0)).unwrap();
        let said = bank.step(&at(0.0), 0, Step::default(), |_| {}).unwrap_err().to_string();
        assert!(said.contains("`broken`") && said.contains("NaN"), "{said}");
    }

    #[test]
    fn a_saved_bank_goes_on_as_if_nothing_had_happened() {
        let make = || Bank::build(vec![plus("here", &["position"], &["a"])], &position()).unwrap();
        let (mut one, mut two) = (make(), make());
        one.begin_episode(&at(3.0)).unwrap();
        two.load(one.save()).unwrap();
        assert_eq!(two.save(), one.save());
        let other = Bank::build(vec![], &position()).unwrap().save();
        assert!(two.load(other).is_err());
    }
}
