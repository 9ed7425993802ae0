//! Stacks: several things to decide on in one step.
//!
//! A stack is a percept of numbers, `[slots, …item]`, with a companion `<stack>.count`, `[1]`: slots 0 to count − 1 are
//! present, the rest is masked. A perceptual area decides on every present slot of each stack that it sees and writes the
//! percept `<area>/<stack>`, `[slots, 1 + actions]`: the decision, then what the area expects of each of its actions.
//!
//! ```text
//! signal ──stack──▶ area ──decisions──▶ signals
//!    └───────── pays the decision on a slot ─────────┘
//! ```

use crate::bank::BankError;
use crate::signal::SignalError;
use innate_envs::{Array, ArraySpec, Kind};

/// What a perceptual area declares: the bank knows it as a reader of stacks and a writer of decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perceiver {
    /// The area's name.
    pub name: String,
    /// The stacks that it decides on.
    pub stacks: Vec<String>,
    /// Number of its actions.
    pub actions: usize,
}

/// Who decides for the perceptual areas: the actor, with the areas' policies.
pub trait Decide {
    /// Decides on one item of a stack: fills `row` with the decision and what is expected of each action, `[1 + actions]`.
    ///
    /// # Errors
    /// The area cannot decide, in a sentence.
    fn decide(&mut self, area: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError>;
}

/// Nobody: for a bank without perceptual areas.
impl Decide for () {
    fn decide(&mut self, _: usize, _: &[f32], _: &mut [f32]) -> Result<(), SignalError> {
        Err(SignalError::new("nobody decides for it"))
    }
}

/// The name of the percept that tells how many slots of `stack` are present.
pub fn count_name(stack: &str) -> String {
    format!("{stack}.count")
}

/// The name of the percept that tells what `area` decides on `stack`.
pub fn decisions_name(area: &str, stack: &str) -> String {
    format!("{area}/{stack}")
}

/// A perceptual area: the stacks that it decides on.
pub(crate) struct Perceiving {
    pub(crate) name: String,
    actions: usize,
    stacks: Vec<Stack>,
}

/// One stack of an area, by places of percepts.
struct Stack {
    items: usize,
    count: usize,
    decisions: usize,
    /// Elements of an item.
    width: usize,
}

impl Perceiving {
    /// The area over the percepts `specs`, to which it adds those that it writes.
    ///
    /// # Errors
    /// It sees what is no stack.
    pub(crate) fn new(area: &Perceiver, specs: &mut Vec<ArraySpec>) -> Result<Self, SignalError> {
        let mut stacks = Vec::new();
        for name in &area.stacks {
            let find = |name: &str| {
                let place = specs.iter().position(|spec| spec.name == name);
                place.ok_or_else(|| SignalError::new(format!("it decides on stacks, and there is no percept `{name}`")))
            };
            let (items, count) = (find(name)?, find(&count_name(name))?);
            let (slots, width) = measure(&specs[items], &specs[count])?;
            stacks.push(Stack { items, count, decisions: specs.len(), width });
            let written = decisions_name(&area.name, name);
            specs.push(ArraySpec::f32(&written, &[slots, 1 + area.actions], f32::MIN, f32::MAX));
        }
        Ok(Self { name: area.name.clone(), actions: area.actions, stacks })
    }

    /// Writes what the area, the `area`-th, decides on each present slot of its stacks.
    pub(crate) fn decide(&self, area: usize, percepts: &mut [Array], minds: &mut dyn Decide) -> Result<(), BankError> {
        for stack in &self.stacks {
            let mut written = std::mem::replace(&mut percepts[stack.decisions], Array::F32(Vec::new()));
            let decided = self.decide_on(area, stack, percepts, &mut written, minds);
            percepts[stack.decisions] = written;
            decided.map_err(|source| BankError::Area { area: self.name.clone(), source })?;
        }
        Ok(())
    }

    fn decide_on(
        &self,
        area: usize,
        stack: &Stack,
        percepts: &[Array],
        written: &mut Array,
        minds: &mut dyn Decide,
    ) -> Result<(), SignalError> {
        let numbers = |place: usize| percepts[place].as_f32().unwrap_or_default();
        let (items, count) = (numbers(stack.items), numbers(stack.count)[0]);
        let rows = written.as_f32_mut().unwrap_or_default();
        rows.fill(0.0);
        let slots = rows.len() / (1 + self.actions);
        if !(0.0..=slots as f32).contains(&count) {
            return Err(SignalError::new(format!("a stack of {slots} slots was said to hold {count}")));
        }
        let present = items.chunks_exact(stack.width).zip(rows.chunks_exact_mut(1 + self.actions));
        present.take(count as usize).try_for_each(|(item, row)| minds.decide(area, item, row))
    }
}

/// Number of slots and of elements of an item of a stack.
///
/// # Errors
/// The percept is not a stack.
fn measure(stack: &ArraySpec, count: &ArraySpec) -> Result<(usize, usize), SignalError> {
    if stack.kind != Kind::F32 || stack.shape.len() < 2 || stack.is_empty() {
        let said = format!("`{}` is no stack: it must be made of numbers, [slots, …item]", stack.name);
        return Err(SignalError::new(format!("{said}, and has the shape {:?}", stack.shape)));
    }
    if count.kind != Kind::F32 || count.shape != [1] {
        let said = format!("`{}` must hold one number, and has the shape {:?}", count.name, count.shape);
        return Err(SignalError::new(said));
    }
    Ok((stack.shape[0], stack.len() / stack.shape[0]))
}
