//! `agreement`: one area teaches another what it is sure of (co-training: Blum & Mitchell 1998, *Combining labeled and unlabeled
//! data with co-training*; Ullman, Harari & Dorfman 2012, stage 4).
//!
//! Two areas see different things at the same places, say a patch and its surroundings. Where the teacher's margin is wide, what
//! the pupil sees there becomes an example for it; where it is narrow nothing is said.
//!
//! ```text
//! margin(place) = Q(yes) − Q(no)   of the teacher
//! pay(trial)    = 1 if the pupil decides as the teacher did, where |margin| ≥ sure;  else 0
//! ```
//!
//! Reads the stacks `on` (the teacher's) and `items` (the pupil's), slot for slot of the same places, and what either area decides on
//! its stack; writes the stack `stack` (`[trials, …item]`) of examples, half of them yes and half no. Of each step the place of the
//! widest margin for yes and one of those with a wide margin for no are remembered. Metric: `same`, in steps in which the teacher is
//! sure of a yes and of a no: the share of those places on which the pupil decides likewise, yes and no weighing the same.

use crate::lessons::Examples;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::stack::{count_name, decisions_name};
use crate::state;
use crate::verdict::{self, Verdict};
use innate_envs::{Array, ArraySpec, Kind};
use innate_nn::Random;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Examples of either kind that are remembered at most.
const REMEMBERED: usize = 512;

/// Options of `agreement`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct AgreementOptions {
    /// The area that is believed where it is sure.
    pub teacher: String,
    /// The stack on which it decides.
    pub on: String,
    /// The area that is taught.
    pub pupil: String,
    /// What the pupil sees of the same places: a stack on which it decides.
    pub items: String,
    /// The name of the stack of examples.
    pub stack: String,
    /// How wide the teacher's margin must be, 0 to 1.
    pub sure: f64,
    /// Trials in a step.
    pub trials: usize,
}

impl Default for AgreementOptions {
    fn default() -> Self {
        Self {
            teacher: "hand".into(),
            on: "places".into(),
            pupil: "context".into(),
            items: "context".into(),
            stack: "agreement.examples".into(),
            sure: 0.5,
            trials: 4,
        }
    }
}

/// One area teaches another.
pub struct Agreement {
    options: AgreementOptions,
    /// Numbers of an item.
    length: usize,
    state: State,
}

/// All that changes.
#[derive(Serialize, Deserialize)]
struct State {
    random: Random,
    yes: Examples<f32>,
    no: Examples<f32>,
    /// What each slot of the stack is to be called.
    lessons: Vec<bool>,
}

/// Where among reads and decisions everything is.
mod place {
    pub(super) const ITEMS: usize = 1;
    pub(super) const COUNTS: [usize; 2] = [2, 3];
    pub(super) const TEACHER: usize = 4;
    pub(super) const PUPIL: usize = 5;
    pub(super) const TRIALS: usize = 6;
}

impl Agreement {
    /// A teacher with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: AgreementOptions) -> Result<Self, SignalError> {
        if !(0.0..=1.0).contains(&options.sure) {
            return Err(SignalError::new(format!("sure = {} must lie between 0 and 1", options.sure)));
        }
        if !(1..=1024).contains(&options.trials) {
            return Err(SignalError::new(format!("trials = {} must lie between 1 and 1024", options.trials)));
        }
        let random = Random::seed_from_u64(0);
        let state = State { random, yes: Examples::new(0, 1), no: Examples::new(0, 1), lessons: Vec::new() };
        Ok(Self { options, length: 1, state })
    }

    /// Remembers what the pupil sees where the teacher is sure, and tells how far the pupil agrees there.
    fn compare(&mut self, items: &[f32], present: usize, teacher: &[f32], pupil: &[f32], purse: &mut Purse) {
        let sure = self.options.sure as f32;
        let margin = |rows: &[f32], slot: usize| Verdict::of(&rows[slot * verdict::ROW..]).margin;
        let item = |slot: usize| &items[slot * self.length..][..self.length];
        let for_it = || (0..present).filter(|&slot| margin(teacher, slot) >= sure.max(f32::MIN_POSITIVE));
        let against_it = || (0..present).filter(|&slot| margin(teacher, slot) <= -sure.max(f32::MIN_POSITIVE));
        let State { random, yes, no, .. } = &mut self.state;
        let widest = |one: &usize, other: &usize| margin(teacher, *one).total_cmp(&margin(teacher, *other));
        if let Some(slot) = for_it().max_by(widest) {
            yes.remember(|out| out.copy_from_slice(item(slot)));
        }
        let against = against_it().count();
        if against > 0 {
            let chosen = random.random_range(0..against);
            against_it().nth(chosen).into_iter().for_each(|slot| no.remember(|out| out.copy_from_slice(item(slot))));
        }
        let agreed = for_it().count();
        if agreed > 0 && against > 0 {
            let yes = for_it().filter(|&slot| margin(pupil, slot) > 0.0).count() as f64 / agreed as f64;
            let no = against_it().filter(|&slot| margin(pupil, slot) <= 0.0).count() as f64 / against as f64;
            purse.note("same", (yes + no) / 2.0);
        }
    }
}

impl Signal for Agreement {
    fn declare(&self) -> Declaration {
        let AgreementOptions { teacher, on, pupil, items, stack, .. } = &self.options;
        Declaration {
            reads: vec![on.clone(), items.clone(), count_name(on), count_name(items)],
            writes: vec![stack.clone(), count_name(stack)],
            awaits: vec![decisions_name(teacher, on), decisions_name(pupil, items), decisions_name(pupil, stack)],
            pay: Pay::Trials,
            trials: vec![stack.clone()],
            metrics: vec!["same".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (on, items) = (&reads[0], &reads[place::ITEMS]);
        let (AgreementOptions { trials, stack, .. }, State { yes, no, .. }) = (&self.options, &mut self.state);
        if items.kind != Kind::F32 || items.shape.len() < 2 || on.shape.first() != items.shape.first() {
            let said = format!(
                "`{}` {:?} and `{}` {:?} are no stacks of the same places",
                on.name, on.shape, items.name, items.shape
            );
            return Err(SignalError::new(said));
        }
        self.length = items.shape[1..].iter().product();
        (*yes, *no) = (Examples::new(REMEMBERED, self.length), Examples::new(REMEMBERED, self.length));
        let shape = [&[*trials], &items.shape[1..]].concat();
        Ok(vec![
            ArraySpec { name: stack.clone(), shape, ..items.clone() },
            ArraySpec::f32(&count_name(stack), &[1], 0.0, *trials as f32),
        ])
    }

    fn bind_awaited(&mut self, awaited: &[ArraySpec]) -> Result<(), SignalError> {
        let AgreementOptions { teacher, pupil, .. } = &self.options;
        awaited.iter().zip([teacher, pupil, pupil]).try_for_each(|(decisions, area)| verdict::check(decisions, area))
    }

    fn seed(&mut self, random: Random) {
        self.state.random = random;
    }

    fn perceive(&mut self, _: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let [items, count] = writes else { return Err(SignalError::new("perceive before bind")) };
        let (Some(items), Some(count)) = (items.as_f32_mut(), count.as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        let State { random, yes, no, lessons } = &mut self.state;
        lessons.clear();
        if yes.len() > 0 && no.len() > 0 {
            for (trial, slot) in items.chunks_exact_mut(self.length).enumerate() {
                let answer = trial % 2 == 0;
                if let Some(example) = if answer { &mut *yes } else { &mut *no }.draw(random) {
                    slot.copy_from_slice(example);
                    lessons.push(answer);
                }
            }
        }
        count[0] = lessons.len() as f32;
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let after = &moment.after;
        let trials = after.f32(place::TRIALS)?.chunks_exact(verdict::ROW).map(Verdict::of);
        for (slot, (answer, verdict)) in self.state.lessons.iter().zip(trials).enumerate() {
            purse.pay_trial(0, slot, f64::from(u8::from(verdict.yes == *answer)));
        }
        let (teacher, pupil) = (after.f32(place::TEACHER)?, after.f32(place::PUPIL)?);
        let items = after.f32(place::ITEMS)?;
        let [on, of] = place::COUNTS.map(|count| after.f32(count).map(|count| count[0] as usize));
        self.compare(items, on?.min(of?), teacher, pupil, purse);
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let state: State = state::load(saved)?;
        self.state.yes.check(&state.yes)?;
        self.state.no.check(&state.no)?;
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
