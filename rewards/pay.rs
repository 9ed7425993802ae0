//! Pay: which signals an area gets, with weights that change over time.
//!
//! ```text
//! r(t) = Σ_s w_s(now) · clip_s(raw_s(t))
//! ```
//!
//! The raw value of every signal stays in a column of its own; the weights of *now* are applied when a batch is sampled. A
//! change of weight therefore needs no new data, and reaches past transitions too. Weights change with the environment step
//! ([`Schedule`]) and with what has been achieved ([`Gate`]).

use crate::condition::{Condition, Gate, Passage};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// What one area gets of one signal over time: an entry of the pay table.
///
/// In a run file: a number (a constant weight), a linear ramp, or a window of steps outside of which the weight is 0; each
/// table may have conditions.
/// ```toml
/// extrinsic = 1.0
/// motion = { from = 0.0, to = 1.0, start = 10_000, end = 20_000 }
/// novelty = { weight = 0.5, start = 0, end = 50_000, clip = 1.0 }
/// mover = { weight = 1.0, opens = "motion.moving >= 0.3", closes = "hand.separation >= 0.95", fade = 5_000 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "EntryKeys")]
pub struct PayEntry {
    /// The weight over time.
    pub schedule: Schedule,
    /// What has to be achieved for it.
    pub gate: Gate,
    /// Raw values are clipped to ±`clip` before they are weighted.
    pub clip: Option<f64>,
}

/// A weight over time, in environment steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// The same weight always.
    Constant(f64),
    /// From one weight to another, linearly between two steps; constant before and after.
    Ramp {
        /// Weight up to `start`.
        from: f64,
        /// Weight from `end` on.
        to: f64,
        /// Environment step at which the ramp begins.
        start: u64,
        /// Environment step at which it ends.
        end: u64,
    },
    /// A weight inside a window of steps, 0 outside.
    Window {
        /// The weight inside.
        weight: f64,
        /// First environment step of the window.
        start: u64,
        /// First environment step after the window.
        end: u64,
    },
}

impl Schedule {
    /// The weight w_s at environment step `step`.
    pub fn weight(&self, step: u64) -> f64 {
        match *self {
            Schedule::Constant(weight) => weight,
            Schedule::Ramp { from, to, start, end } => {
                let done = (step.saturating_sub(start) as f64 / (end - start) as f64).min(1.0);
                from + (to - from) * done
            }
            Schedule::Window { weight, start, end } => {
                if (start..end).contains(&step) {
                    weight
                } else {
                    0.0
                }
            }
        }
    }
}

impl PayEntry {
    /// A constant weight without clipping.
    pub fn constant(weight: f64) -> Self {
        Self { schedule: Schedule::Constant(weight), gate: Gate::default(), clip: None }
    }

    /// The weight at environment step `step`, with what its gate has been through.
    pub fn weight(&self, step: u64, passage: &Passage) -> f64 {
        self.schedule.weight(step) * self.gate.openness(passage, step)
    }

    /// The weight of the last step of a run of `steps` steps in which everything that opens has opened, and nothing closed:
    /// what evaluations under a schedule are compared by.
    pub fn final_weight(&self, steps: u64) -> f64 {
        self.schedule.weight(steps.saturating_sub(1))
    }

    /// Adds `weight · clip(raw)` to `pay`, element by element.
    pub fn mix(&self, weight: f64, raw: &[f32], pay: &mut [f32]) {
        let weight = weight as f32;
        let limit = self.clip.map_or(f32::INFINITY, |clip| clip as f32);
        for (pay, raw) in pay.iter_mut().zip(raw) {
            *pay += weight * raw.clamp(-limit, limit);
        }
    }
}

/// The keys of a pay entry that is a table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fade: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clip: Option<f64>,
}

impl From<PayEntry> for EntryKeys {
    fn from(entry: PayEntry) -> Self {
        let Gate { opens, closes, fade } = entry.gate;
        let rest = Self { opens, closes, fade: (fade > 0).then_some(fade), clip: entry.clip, ..Self::default() };
        match entry.schedule {
            Schedule::Constant(weight) => Self { weight: Some(weight), ..rest },
            Schedule::Ramp { from, to, start, end } => {
                Self { from: Some(from), to: Some(to), start: Some(start), end: Some(end), ..rest }
            }
            Schedule::Window { weight, start, end } => {
                Self { weight: Some(weight), start: Some(start), end: Some(end), ..rest }
            }
        }
    }
}

impl TryFrom<EntryKeys> for PayEntry {
    type Error = String;

    fn try_from(keys: EntryKeys) -> Result<Self, String> {
        let numbers = [("weight", keys.weight), ("from", keys.from), ("to", keys.to), ("clip", keys.clip)];
        let endless = |value: &f64| !(*value as f32).is_finite();
        if let Some((key, value)) = numbers.iter().find_map(|(k, v)| v.filter(endless).map(|v| (k, v))) {
            return Err(format!("{key} = {value} is not a finite number in single precision"));
        }
        if let Some(clip) = keys.clip.filter(|clip| *clip <= 0.0) {
            return Err(format!("clip = {clip} must be greater than 0"));
        }
        let span = |start: u64, end: u64| {
            if start < end { Ok((start, end)) } else { Err(format!("start = {start} must be less than end = {end}")) }
        };
        let (clip, fade) = (keys.clip, keys.fade.unwrap_or(0));
        if fade > 0 && keys.opens.is_none() && keys.closes.is_none() {
            return Err(format!("fade = {fade} goes with `opens` or `closes`"));
        }
        let gate = Gate { opens: keys.opens.clone(), closes: keys.closes.clone(), fade };
        let schedule = match keys {
            EntryKeys { weight: Some(weight), from: None, to: None, start: None, end: None, .. } => {
                Schedule::Constant(weight)
            }
            EntryKeys { weight: None, from: Some(from), to: Some(to), start: Some(start), end: Some(end), .. } => {
                let (start, end) = span(start, end)?;
                Schedule::Ramp { from, to, start, end }
            }
            EntryKeys { weight: Some(weight), from: None, to: None, start, end, .. } => {
                let (start, end) = span(start.unwrap_or(0), end.unwrap_or(i64::MAX as u64))?;
                Schedule::Window { weight, start, end }
            }
            _ => {
                return Err(
                    "a pay entry is a number, { from, to, start, end } or { weight, start, end }, with or without opens, closes, fade and clip"
                        .into(),
                );
            }
        };
        Ok(Self { schedule, gate, clip })
    }
}

impl<'de> Deserialize<'de> for PayEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = EntryKeys;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a weight, or a table { from, to, start, end } or { weight, start, end }")
            }
            fn visit_f64<E: Error>(self, weight: f64) -> Result<EntryKeys, E> {
                Ok(EntryKeys { weight: Some(weight), ..EntryKeys::default() })
            }
            fn visit_i64<E: Error>(self, weight: i64) -> Result<EntryKeys, E> {
                self.visit_f64(weight as f64)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EntryKeys, A::Error> {
                EntryKeys::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Entry)?.try_into().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(text: &str) -> Result<PayEntry, String> {
        let table: toml::Table = format!("pay = {text}").parse().unwrap();
        table["pay"].clone().try_into().map_err(|error: toml::de::Error| error.message().to_string())
    }

    #[test]
    fn a_number_is_a_constant_weight() {
        assert_eq!(entry("2").unwrap(), PayEntry::constant(2.0));
        assert_eq!(entry("0.5").unwrap().schedule.weight(u64::MAX), 0.5);
    }

    #[test]
    fn a_ramp_is_linear_between_its_ends_and_constant_outside() {
        let ramp = entry("{ from = 1.0, to = 3.0, start = 100, end = 200 }").unwrap().schedule;
        let weights: Vec<f64> = [0, 100, 150, 200, 1000].iter().map(|&step| ramp.weight(step)).collect();
        assert_eq!(weights, [1.0, 1.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn a_window_pays_inside_alone() {
        let window = entry("{ weight = 2.0, start = 10, end = 20 }").unwrap().schedule;
        assert_eq!([9, 10, 19, 20].map(|step| window.weight(step)), [0.0, 2.0, 2.0, 0.0]);
    }

    #[test]
    fn raw_values_are_clipped_before_they_are_weighted() {
        let mut pay = [1.0, 1.0];
        entry("{ weight = 2.0, clip = 1.0 }").unwrap().mix(2.0, &[-7.0, 0.25], &mut pay);
        assert_eq!(pay, [-1.0, 1.5]);
    }

    const GATED: &str = "{ weight = 2.0, opens = 'a.b >= 3', closes = 'step >= 100', fade = 10 }";

    #[test]
    fn a_gated_weight_waits_for_its_condition() {
        let entry = entry(GATED).unwrap();
        let mut passage = Passage::default();
        assert_eq!(entry.weight(50, &passage), 0.0);
        entry.gate.pass(&mut passage, 50, |_, _| Some(3.0));
        assert_eq!([50, 55, 60].map(|step| entry.weight(step, &passage)), [0.0, 1.0, 2.0]);
        assert_eq!(entry.final_weight(1_000), 2.0);
    }

    #[test]
    fn a_resolved_entry_reads_back_as_itself() {
        for text in
            ["1.5", "{ from = 0.0, to = 1.0, start = 1, end = 9, clip = 2.0 }", "{ weight = 1.0, end = 9 }", GATED]
        {
            let found = entry(text).unwrap();
            let written = toml::Value::try_from(&found).unwrap().to_string();
            assert_eq!(entry(&written).unwrap(), found);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_a_sentence() {
        assert!(entry("{ from = 1.0 }").unwrap_err().contains("a pay entry is"));
        assert!(entry("{ weight = 1.0, start = 5, end = 5 }").unwrap_err().contains("must be less than"));
        assert!(entry("nan").unwrap_err().contains("not a finite number"));
        assert!(entry("{ weight = 1.0, fade = 3 }").unwrap_err().contains("goes with `opens`"));
        assert!(entry("{ weight = 1.0, opens = 'soon' }").unwrap_err().contains("is no comparison"));
        assert!(entry("{ wieght = 1.0 }").unwrap_err().contains("unknown field `wieght`"));
    }
}
