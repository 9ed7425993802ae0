//! AuGMEnT: attention-gated memory tagging (Rombouts, Bohte & Roelfsema 2015), a network that learns what to remember.
//!
//! Regular units see what is there, memory units add up what appears and disappears, and both vote for the value q_k of each
//! action. With sig_θ(u) = 1/(1 + exp(θ − u)), at each time t of a trial
//!
//! ```text
//! x′ = ([x(t) − x(t−1)]₊, [x(t−1) − x(t)]₊)                     transients, on and off; x(−1) = 0
//! y^R = sig_θ(V^R x + b)                                         regular units
//! a ← a + V^M x′          y^M = sig_θ(a)                         memory units, without bias
//! q = W^R y^R + c + W^M y^M
//! δ = r(t) + γ q_s(t) − q_s′(t−1)                                SARSA; q(−1) = 0, and q = 0 after the trial
//! every weight += β δ Tag                                        with the Tags of the steps before
//! Tag ← λγ Tag + new                                             then the Tags take step t up, with the weights of now
//! new^W_sj = y_j        new^VR_ji = x_i y_j(1 − y_j) w′_sj       only the chosen action s feeds back
//! sTrace ← sTrace + x′  new^VM_ml = sTrace_l y_m(1 − y_m) w′_sm  the trace never decays in a trial
//! ```
//!
//! Biases learn as weights from a unit that is always 1. At the end of a trial Tags, traces, a and x(t−1) are 0 again.
//!
//! [`Augment`] holds the weights and [`Trial`] what one trial remembers, so that many trials may run side by side.
//!
//! Differences from the paper:
//! 1. λ = 0.2, and the Tags of memory units decay as all Tags do. The authors' MATLAB recomputes these from the traces at
//!    each step, `Tag^VM = new^VM`: [`MemoryTag::Recomputed`].
//! 2. Feedback w′ is tied to the forward weights as in the authors' programs; weights of its own are a choice, of which the
//!    learned ones change as the forward ones do.
//! 3. As in these programs, values are compared after rounding to 10⁻⁴ ([`Trial::choices`]), so that a tie is one whatever
//!    the last digit says. What is learned is not rounded.
//! 4. A trial that is cut short may go on from the value of where it was cut ([`Augment::finish`]).

mod layout;
mod tags;

use crate::credit::Reciprocity;
use crate::engine::EngineError;
use crate::input::check_length;
use crate::lanes::{LANES, affine, dot_products};
use crate::real::Real;
use layout::Layout;
use multiversion::multiversion;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The size of an AuGMEnT network, and how it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentSpec {
    /// Regular units.
    pub regular: usize,
    /// Memory units.
    pub memory: usize,
    /// The threshold θ of both.
    pub threshold: f64,
    /// The learning rate β.
    pub learning_rate: f64,
    /// The discount γ.
    pub gamma: f64,
    /// The decay λ of Tags.
    pub lambda: f64,
    /// The Tags of memory units: "decaying" as all Tags do, or "recomputed" at each step from the traces.
    pub memory_tag: MemoryTag,
    /// The weights w′ that feed back: "tied" (the forward ones), "learned" (weights of their own, which learn by the same
    /// rule) or "random" (fixed).
    pub feedback: Reciprocity,
}

impl Default for AugmentSpec {
    /// 3 regular and 4 memory units, θ = 2.5, β = 0.15, γ = 0.9, λ = 0.2, decaying Tags, tied feedback.
    fn default() -> Self {
        Self {
            regular: 3,
            memory: 4,
            threshold: 2.5,
            learning_rate: 0.15,
            gamma: 0.9,
            lambda: 0.2,
            memory_tag: MemoryTag::default(),
            feedback: Reciprocity::Tied,
        }
    }
}

/// How the Tags of memory units go from one step to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryTag {
    /// They decay and add up, as all Tags do.
    #[default]
    Decaying,
    /// They are what the traces and the feedback of this step say.
    Recomputed,
}

/// An AuGMEnT network.
#[derive(Clone)]
pub struct Augment<T = f32> {
    spec: AugmentSpec,
    layout: Layout,
    parameters: Vec<T>,
}

/// What one trial remembers: one for each environment that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial<T = f32> {
    /// x, and x(t−1) before it is replaced.
    sustained: Vec<T>,
    /// x′: on, then off.
    transient: Vec<T>,
    /// sTrace_l, which is the same for all memory units.
    trace: Vec<T>,
    /// a_m.
    integral: Vec<T>,
    /// y^R and y^M.
    regular: Vec<T>,
    memory: Vec<T>,
    q: Vec<T>,
    choices: Vec<T>,
    /// q_s′(t−1).
    expected: T,
    /// The Tags of all weights, laid out as they are.
    tags: Vec<T>,
}

impl<T: Real> Augment<T> {
    /// A network for `inputs` input elements and `actions` actions, all weights 0.
    pub fn new(spec: &AugmentSpec, inputs: usize, actions: usize) -> Self {
        let layout = Layout::new(spec, inputs, actions);
        Self { parameters: vec![T::zero(); layout.parameters()], layout, spec: spec.clone() }
    }

    /// Draws all weights uniformly between plus and minus `bound`.
    pub fn initialise(&mut self, bound: f64, random: &mut impl Rng) {
        self.parameters.fill_with(|| T::of(bound * (2.0 * random.random::<f64>() - 1.0)));
    }

    /// A trial that has not begun.
    pub fn trial(&self) -> Trial<T> {
        let Layout { inputs, regular, memory, actions, .. } = self.layout;
        let zeros = |elements| vec![T::zero(); elements];
        Trial {
            sustained: zeros(inputs),
            transient: zeros(2 * inputs),
            trace: zeros(2 * inputs),
            integral: zeros(memory),
            regular: zeros(regular),
            memory: zeros(memory),
            q: zeros(actions),
            choices: zeros(actions),
            expected: T::zero(),
            tags: zeros(self.layout.tagged()),
        }
    }

    /// Whether `trial`, read from somewhere, is one of this network.
    pub fn fits(&self, trial: &Trial<T>) -> bool {
        trial.lengths() == self.trial().lengths()
    }

    /// Takes one observation up, once for each step: afterwards [`Trial::q`] holds the values of the actions.
    ///
    /// # Panics
    /// `observation` has another length than the network's input.
    pub fn forward(&self, trial: &mut Trial<T>, observation: &[T]) {
        let (on, off) = trial.transient.split_at_mut(self.layout.inputs);
        for (((x, &now), on), off) in trial.sustained.iter_mut().zip(observation).zip(on).zip(off) {
            let rise = now - *x;
            (*on, *off) = if rise > T::zero() { (rise, T::zero()) } else { (T::zero(), -rise) };
        }
        trial.sustained.copy_from_slice(observation);
        values(&self.layout, T::of(self.spec.threshold), &self.parameters, trial);
    }

    /// The step for which `selected` was chosen, after `reward` had come for the step before: changes all weights by
    /// β δ Tag, then tags this step. Answers with δ(t) = r(t) + γ q_s(t) − q_s′(t−1); nothing changes at a trial's first
    /// step, where there is no Tag yet.
    ///
    /// # Panics
    /// There is no such action.
    pub fn learn(&mut self, trial: &mut Trial<T>, selected: usize, reward: T) -> T {
        let value = trial.q[selected];
        let error = reward + T::of(self.spec.gamma) * value - trial.expected;
        self.change(trial, error);
        tags::take_up(&self.layout, &self.spec, &self.parameters, trial, selected);
        trial.expected = value;
        error
    }

    /// The end of a trial, after its last reward: changes all weights by β δ Tag with δ = r − q_s′(t−1), which it answers
    /// with, and leaves the trial as one that has not begun. A trial that was cut short adds γ times `bootstrap`, the value
    /// of where it was cut; for one that has ended, that is 0.
    pub fn finish(&mut self, trial: &mut Trial<T>, reward: T, bootstrap: T) -> T {
        let error = reward + T::of(self.spec.gamma) * bootstrap - trial.expected;
        self.change(trial, error);
        trial.reset();
        error
    }

    /// Every weight += β δ Tag; the Tags decay.
    fn change(&mut self, trial: &mut Trial<T>, error: T) {
        let step = T::of(self.spec.learning_rate) * error;
        let decay = T::of(self.spec.lambda * self.spec.gamma);
        let learned = self.spec.feedback == Reciprocity::Learned;
        tags::change_and_decay(&self.layout, learned, &mut self.parameters, &mut trial.tags, step, decay);
    }

    /// The weights as one flat vector.
    pub fn parameters(&self) -> &[T] {
        &self.parameters
    }

    /// Takes flat weights over.
    ///
    /// # Errors
    /// There are more or fewer than the network has.
    pub fn set_parameters(&mut self, parameters: &[T]) -> Result<(), EngineError> {
        check_length("the flat parameters", parameters.len(), self.parameters.len(), 1)?;
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    /// The named parts of the flat vector, in its order: name, shape, values. Weights are `[units, inputs]`; those of
    /// transients have the on ones first.
    pub fn tensors(&self) -> impl Iterator<Item = (&'static str, Vec<usize>, &[T])> {
        self.layout.tensors().map(|(name, shape, range)| (name, shape, &self.parameters[range]))
    }

    /// The name of the first part that holds a weight which is no finite number, if there is one.
    pub fn diverged_tensor(&self) -> Option<&'static str> {
        self.tensors().find(|(.., values)| values.iter().any(|w| !w.is_finite())).map(|(name, ..)| name)
    }
}

impl<T: Real> fmt::Display for Augment<T> {
    /// One line: `4 → 3 regular + 4 memory → 3 (71 parameters)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout { inputs, regular, memory, actions, .. } = self.layout;
        let parameters = self.parameters.len();
        write!(f, "{inputs} → {regular} regular + {memory} memory → {actions} ({parameters} parameters)")
    }
}

impl<T: Real> Trial<T> {
    /// The values q of the actions, of the last [`Augment::forward`].
    pub fn q(&self) -> &[T] {
        &self.q
    }

    /// The same rounded to 10⁻⁴: what a choice is made from.
    pub fn choices(&self) -> &[T] {
        &self.choices
    }

    fn lengths(&self) -> [usize; 9] {
        let Self { sustained, transient, trace, integral, regular, memory, q, choices, tags, .. } = self;
        [sustained, transient, trace, integral, regular, memory, q, choices, tags].map(Vec::len)
    }

    /// Forgets everything: the next step is a trial's first.
    pub fn reset(&mut self) {
        let Self { sustained, transient, trace, integral, regular, memory, q, choices, expected, tags } = self;
        for vector in [sustained, transient, trace, integral, regular, memory, q, choices, tags] {
            vector.fill(T::zero());
        }
        *expected = T::zero();
    }
}

/// Adds x′ up in traces and memory units, and computes q.
#[multiversion(targets("x86_64+avx2"))]
fn values<T: Real>(layout: &Layout, threshold: T, parameters: &[T], trial: &mut Trial<T>) {
    let Layout { inputs, regular, memory, .. } = *layout;
    let squash = |u: T| T::one() / (T::one() + (threshold - u).exp());
    let (weights, biases) = (&parameters[layout.regular_weights.clone()], &parameters[layout.regular_biases.clone()]);
    affine(weights, biases, &trial.sustained, &mut trial.regular, 0..inputs / LANES);
    trial.regular.iter_mut().for_each(|y| *y = squash(*y));
    trial.trace.iter_mut().zip(&trial.transient).for_each(|(trace, &x)| *trace += x);
    let rows = parameters[layout.memory_weights.clone()].chunks_exact(2 * inputs);
    for ((a, y), row) in trial.integral.iter_mut().zip(&mut trial.memory).zip(rows) {
        let [change] = dot_products(row, &trial.transient, 0..2 * inputs / LANES);
        *a += change;
        *y = squash(*a);
    }
    for (action, q) in trial.q.iter_mut().enumerate() {
        let (from_regular, from_memory) = layout.output_rows(action);
        let [by_regular] = dot_products(&parameters[from_regular], &trial.regular, 0..regular / LANES);
        let [by_memory] = dot_products(&parameters[from_memory], &trial.memory, 0..memory / LANES);
        *q = by_regular + parameters[layout.output_biases.start + action] + by_memory;
    }
    let precision = T::of(1e4);
    trial.choices.iter_mut().zip(&trial.q).for_each(|(rounded, &q)| *rounded = (q * precision).round() / precision);
}

#[cfg(test)]
#[path = "augment_tests.rs"]
mod tests;
