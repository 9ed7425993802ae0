//! Conditions: competence, measured without ground truth, that opens and closes what is paid and who learns.
//!
//! ```toml
//! opens = "mover.events >= 200"
//! closes = "hand.separation >= 0.95 and step >= 50_000"
//! ```
//!
//! A condition compares metrics of signals (`<signal>.<metric>`), or the environment step (`step`), with numbers; all
//! comparisons must hold at once. What has opened stays open, whatever the metric does later: a [`Gate`] remembers the step.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The name that stands for the environment step.
const STEP: &str = "step";

/// One or more comparisons, all of which must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The comparisons.
    pub all: Vec<Comparison>,
}

/// A quantity compared with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub quantity: Quantity,
    /// How.
    pub relation: Relation,
    /// With what.
    pub bound: f64,
}

/// What a condition can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The environment step.
    Step,
    /// A signal's metric.
    Metric {
        /// The signal's name.
        signal: String,
        /// The metric's name.
        metric: String,
    },
}

/// How a quantity and a number are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

impl Condition {
    /// Whether it holds at environment step `step`; `metric` tells the value of a signal's metric, nothing while there is
    /// none. What has no value yet holds nothing.
    pub fn holds(&self, step: u64, metric: impl Fn(&str, &str) -> Option<f64>) -> bool {
        self.all.iter().all(|comparison| {
            let value = match &comparison.quantity {
                Quantity::Step => Some(step as f64),
                Quantity::Metric { signal, metric: name } => metric(signal, name),
            };
            value.is_some_and(|value| match comparison.relation {
                Relation::AtLeast => value >= comparison.bound,
                Relation::AtMost => value <= comparison.bound,
            })
        })
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { all: text.split(" and ").map(str::parse).collect::<Result<_, _>>()? })
    }
}

impl FromStr for Comparison {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let said =
            || format!("`{}` is no comparison such as \"mover.events >= 200\" or \"step <= 10_000\"", text.trim());
        let split =
            |sign: &str, relation| text.split_once(sign).map(|(left, right)| (left.trim(), relation, right.trim()));
        let found = split(">=", Relation::AtLeast).or_else(|| split("<=", Relation::AtMost));
        let (left, relation, right) = found.ok_or_else(said)?;
        let bound = right.replace('_', "").parse::<f64>().ok().filter(|bound| bound.is_finite()).ok_or_else(said)?;
        let quantity = match left.rsplit_once('.') {
            None if left == STEP => Quantity::Step,
            Some((signal, metric)) if !signal.is_empty() && !metric.is_empty() => {
                Quantity::Metric { signal: signal.into(), metric: metric.into() }
            }
            _ => return Err(said()),
        };
        Ok(Self { quantity, relation, bound })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (place, Comparison { quantity, relation, bound }) in self.all.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { " and " })?;
            match quantity {
                Quantity::Step => f.write_str(STEP)?,
                Quantity::Metric { signal, metric } => write!(f, "{signal}.{metric}")?,
            }
            let sign = if *relation == Relation::AtLeast { ">=" } else { "<=" };
            write!(f, " {sign} {bound}")?;
        }
        Ok(())
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// When something begins and ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Begins once this holds; without it, at once.
    pub opens: Option<Condition>,
    /// Ends once this holds.
    pub closes: Option<Condition>,
    /// Environment steps over which it comes and goes.
    pub fade: u64,
}

/// What a gate remembers: the steps at which it opened and closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// When it opened.
    pub opened: Option<u64>,
    /// When it closed.
    pub closed: Option<u64>,
}

impl Gate {
    /// Looks at environment step `step` whether it opens or closes.
    pub fn pass(&self, passage: &mut Passage, step: u64, metric: impl Fn(&str, &str) -> Option<f64>) {
        let holds =
            |condition: &Option<Condition>| condition.as_ref().is_some_and(|condition| condition.holds(step, &metric));
        if passage.opened.is_none() && (self.opens.is_none() || holds(&self.opens)) {
            passage.opened = Some(step);
        }
        if passage.opened.is_some() && passage.closed.is_none() && holds(&self.closes) {
            passage.closed = Some(step);
        }
    }

    /// How far it is open at `step`, between 0 and 1.
    pub fn openness(&self, passage: &Passage, step: u64) -> f64 {
        let done = |since: u64| match self.fade {
            0 => 1.0,
            fade => (step.saturating_sub(since) as f64 / fade as f64).min(1.0),
        };
        let came = match (&self.opens, passage.opened) {
            (None, _) => 1.0,
            (Some(_), None) => 0.0,
            (Some(_), Some(opened)) => done(opened),
        };
        came * (1.0 - passage.closed.map_or(0.0, done))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn metric(signal: &str, metric: &str) -> Option<f64> {
        (signal == "mover" && metric == "events").then_some(250.0)
    }

    #[test]
    fn all_comparisons_must_hold() {
        let holds = |text: &str, step| text.parse::<Condition>().unwrap().holds(step, metric);
        assert!(holds("mover.events >= 200", 0) && !holds("mover.events >= 300", 0));
        assert!(holds("mover.events >= 200 and step <= 10_000", 10_000));
        assert!(!holds("mover.events >= 200 and step <= 10_000", 10_001));
        assert!(!holds("hand.separation <= 1", 0), "what has no value holds nothing");
    }

    #[test]
    fn a_condition_reads_back_as_written() {
        for text in ["mover.events >= 200", "a.b.c <= 0.5 and step >= 12000"] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_comparison_is_refused_in_a_sentence() {
        for text in
            ["", "mover.events", "mover.events > 3", "events >= 3", "mover.events >= many", "mover.events >= inf"]
        {
            assert!(text.parse::<Condition>().unwrap_err().contains("is no comparison"), "{text}");
        }
    }

    #[test]
    fn a_gate_opens_once_and_fades_in_and_out() {
        let condition = |text: &str| Some(text.parse().unwrap());
        let gate = Gate { opens: condition("step >= 10"), closes: condition("step >= 30"), fade: 10 };
        let mut passage = Passage::default();
        let mut openness = Vec::new();
        for step in [0, 10, 15, 20, 30, 35, 40, 50] {
            gate.pass(&mut passage, step, |_, _| None);
            openness.push(gate.openness(&passage, step));
        }
        assert_eq!(openness, [0.0, 0.0, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0]);
        assert_eq!(passage, Passage { opened: Some(10), closed: Some(30) });
    }

    #[test]
    fn a_gate_without_conditions_is_always_open() {
        let (gate, mut passage) = (Gate::default(), Passage::default());
        assert_eq!(gate.openness(&passage, 0), 1.0);
        gate.pass(&mut passage, 5, |_, _| None);
        assert_eq!(gate.openness(&passage, 9), 1.0);
    }
}
