//! What an experiment found, beside what was published.

use crate::drawing::Chart;
use crate::statistics::{Interval, Z, difference_error, median, median_interval, wilson};
use rand::Rng;
use serde_json::{Value, json};
use std::fmt::Write;

/// Values that a median with an interval needs.
const FEWEST: usize = 5;

/// What an experiment found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// One line for each quantity.
    pub rows: Vec<Row>,
    /// Sentences that belong to the numbers.
    pub notes: Vec<String>,
    /// The picture.
    pub chart: Chart,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured, with its unit.
    pub quantity: String,
    /// The number to compare with, if there is one.
    pub reference: Option<f64>,
    /// Where it comes from.
    pub source: &'static str,
    /// The range that counts as agreement; without one nothing is judged.
    pub expected: Option<Interval>,
    /// The number found.
    pub measured: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// How far it lies from the reference, in standard errors of the difference between the two samples.
    pub errors: Option<f64>,
}

/// Whether what was found is what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It lies in the expected range.
    Within,
    /// It does not.
    Outside,
    /// There is nothing to compare with.
    Unjudged,
}

/// A sample that was published: what came out, of how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// The number.
    pub value: f64,
    /// Size of the sample behind it.
    pub sample: f64,
    /// Where it stands.
    pub source: &'static str,
}

impl Row {
    /// A quantity that must lie in a range.
    pub fn expecting(quantity: impl Into<String>, source: &'static str, expected: Interval, measured: f64) -> Self {
        let interval = Interval::new(f64::NAN, f64::NAN);
        let (quantity, expected) = (quantity.into(), Some(expected));
        Self { quantity, reference: None, source, expected, measured, interval, errors: None }
    }

    /// A quantity that is shown and not judged.
    pub fn shown(quantity: impl Into<String>, measured: f64) -> Self {
        let row = Self::expecting(quantity, "", Interval::new(f64::NAN, f64::NAN), measured);
        Self { expected: None, ..row }
    }

    /// The same with the number that was published.
    pub fn beside(self, reference: f64) -> Self {
        Self { reference: Some(reference), ..self }
    }

    /// The same with the interval of the number found.
    pub fn spread(self, interval: Interval) -> Self {
        Self { interval, ..self }
    }

    /// A share in percent, found in `successes` of `trials`, beside a published one: the two samples may differ by
    /// 1.96 standard errors of their difference.
    pub fn share(quantity: impl Into<String>, published: Published, successes: usize, trials: usize) -> Self {
        let Published { value, sample, source } = published;
        let (k, n) = (successes as f64, trials as f64);
        let error = 100.0 * difference_error((value / 100.0 * sample, sample), (k, n));
        let expected = Interval::new((value - Z * error).max(0.0), (value + Z * error).min(100.0));
        let row = Self::expecting(quantity, source, expected, 100.0 * k / n);
        row.beside(value).spread(wilson(successes, trials).scaled(100.0)).at(error)
    }

    /// The median of `values` beside a published one; none where there are too few to tell how far they spread.
    pub fn median(
        quantity: impl Into<String>,
        published: Published,
        values: &[f64],
        random: &mut impl Rng,
    ) -> Option<Self> {
        let Published { value, sample, source } = published;
        if values.len() < FEWEST {
            return None;
        }
        let (interval, deviation) = median_interval(values, random);
        // The published sample spreads as this one does, by its own size.
        let error = deviation * (1.0 + values.len() as f64 / sample).sqrt();
        let row = Self::expecting(quantity, source, Interval::around(value, Z * error), median(values));
        Some(row.beside(value).spread(interval).at(error))
    }

    fn at(self, error: f64) -> Self {
        let distance = self.reference.map(|reference| (self.measured - reference).abs() / error);
        // Two numbers that agree to the last digit are no distance apart, even if nothing varies.
        let errors = distance.map(|distance| if distance.is_nan() { 0.0 } else { distance });
        Self { errors, ..self }
    }

    /// Whether it is what was expected.
    pub fn verdict(&self) -> Verdict {
        match self.expected {
            Some(expected) if expected.contains(self.measured) => Verdict::Within,
            Some(_) => Verdict::Outside,
            None => Verdict::Unjudged,
        }
    }

    fn json(&self) -> Value {
        json!({
            "quantity": self.quantity,
            "reference": self.reference,
            "source": self.source,
            "expected": self.expected,
            "measured": self.measured,
            "interval": self.interval,
            "standard_errors": self.errors,
            "verdict": self.verdict().word(),
        })
    }

    fn cells(&self) -> [String; 6] {
        let range = |range: Interval| match (range.low.is_finite(), range.high.is_finite()) {
            (true, true) => format!("{} … {}", number(range.low), number(range.high)),
            (true, false) => format!("≥ {}", number(range.low)),
            (false, true) => format!("≤ {}", number(range.high)),
            (false, false) => String::new(),
        };
        [
            self.quantity.clone(),
            self.reference.map(number).unwrap_or_default(),
            self.expected.map(range).unwrap_or_default(),
            number(self.measured),
            range(self.interval),
            self.verdict().word().into(),
        ]
    }
}

impl Verdict {
    /// `within`, `outside`, or nothing.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Within => "within",
            Verdict::Outside => "outside",
            Verdict::Unjudged => "",
        }
    }
}

impl Report {
    /// Adds what the rows so far add up to: at least nine in ten of those with a standard error lie in their range, and none
    /// further than three standard errors from its reference.
    pub fn add_up(&mut self) {
        let compared: Vec<&Row> = self.rows.iter().filter(|row| row.errors.is_some()).collect();
        let count = |test: &dyn Fn(&Row) -> bool| compared.iter().filter(|row| test(row)).count();
        let within = count(&|row| row.verdict() == Verdict::Within);
        let far = count(&|row| row.errors.is_some_and(|errors| errors > 3.0));
        let share = 100.0 * within as f64 / compared.len() as f64;
        let all = compared.len();
        self.rows.extend([
            Row::expecting(format!("within their range, % of {all}"), "", Interval::at_least(90.0), share),
            Row::expecting(format!("further than 3 standard errors, of {all}"), "", Interval::at_most(0.0), far as f64),
        ]);
    }

    /// The report of the experiment `name` as JSON.
    pub fn json(&self, name: &str) -> Value {
        json!({ "name": name, "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(), "notes": self.notes })
    }

    /// The report as an aligned table, its sources and notes below.
    pub fn text(&self) -> String {
        let head = ["quantity", "reference", "expected", "measured", "95 % interval", "verdict"].map(String::from);
        let lines: Vec<_> = std::iter::once(head).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4, 5].map(width);
        let mut text = String::new();
        for cells in &lines {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
                // Numbers stand to the right. Writing to a String cannot fail.
                let _ = match column {
                    1..=4 => write!(line, "{cell:>width$}  "),
                    _ => write!(line, "{cell:<width$}  "),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        let mut sources: Vec<&str> =
            self.rows.iter().map(|row| row.source).filter(|source| !source.is_empty()).collect();
        sources.dedup();
        let sources = sources.iter().enumerate().filter(|(place, source)| !sources[..*place].contains(source));
        let _ = sources.map(|(_, source)| source).try_for_each(|source| writeln!(text, "reference: {source}"));
        let _ = self.notes.iter().try_for_each(|note| writeln!(text, "{note}"));
        text
    }
}

/// A number in as many digits as tell something: `16,455`, `95.7`, `0.9714`, `2.5e-5`.
fn number(value: f64) -> String {
    let size = value.abs();
    match value {
        _ if !value.is_finite() => format!("{value}"),
        _ if value == value.round() && size < 1000.0 => format!("{value}"),
        _ if size >= 1000.0 => {
            let digits = format!("{:.0}", size);
            let grouped: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
            format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped.join(","))
        }
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1e-3 => format!("{value:.4}").trim_end_matches('0').into(),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use innate_agents::streams::Streams;

    const PUBLISHED: Published = Published { value: 95.0, sample: 300.0, source: "a paper" };

    #[test]
    fn a_share_may_differ_by_the_error_of_both_samples() {
        let row = Row::share("solved, %", PUBLISHED, 282, 300);
        assert_eq!((row.measured, row.verdict()), (94.0, Verdict::Within));
        assert!((row.errors.unwrap() - 0.53).abs() < 0.05, "{row:?}");
        let row = Row::share("solved, %", PUBLISHED, 255, 300);
        assert_eq!(row.verdict(), Verdict::Outside);
        assert!(row.errors.unwrap() > 3.0 && row.interval.contains(85.0));
        let none = Row::share("solved, %", Published { value: 0.0, ..PUBLISHED }, 0, 300);
        assert_eq!((none.verdict(), none.errors), (Verdict::Within, Some(0.0)));
    }

    #[test]
    fn a_median_is_compared_by_its_bootstrap_error() {
        let mut random = Streams::new(1).stream("test", 0);
        let values: Vec<f64> = (0..300).map(f64::from).collect();
        let published = |value| Published { value, ..PUBLISHED };
        let near = Row::median("trials", published(155.0), &values, &mut random).unwrap();
        assert_eq!((near.measured, near.verdict()), (149.5, Verdict::Within));
        let far = Row::median("trials", published(250.0), &values, &mut random).unwrap();
        assert!(far.verdict() == Verdict::Outside && far.errors.unwrap() > 3.0);
        assert_eq!(Row::median("trials", PUBLISHED, &values[..4], &mut random), None);
    }

    #[test]
    fn rows_add_up_to_the_share_that_agrees() {
        let mut report = Report::default();
        report.rows.extend((0..9).map(|_| Row::share("a", PUBLISHED, 285, 300)));
        report.rows.push(Row::share("b", PUBLISHED, 200, 300));
        report.add_up();
        let [share, far] = &report.rows[10..] else { unreachable!() };
        assert_eq!((share.measured, share.verdict()), (90.0, Verdict::Within));
        assert_eq!((far.measured, far.verdict()), (1.0, Verdict::Outside));
    }

    #[test]
    fn a_report_is_an_aligned_table_and_json() {
        let rows = vec![
            Row::expecting("accuracy", "a paper", Interval::at_least(0.95), 0.9613).spread(Interval::new(0.95, 0.97)),
            Row::shown("steps", 12_345.0),
        ];
        let report = Report { rows, notes: vec!["a note".into()], ..Report::default() };
        let text = report.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "accuracy               ≥ 0.95    0.9613    0.95 … 0.97  within");
        assert_eq!(lines[2], "steps                            12,345");
        assert_eq!(lines[3..], ["reference: a paper", "a note"]);
        let json = report.json("name");
        assert_eq!(json["rows"][0]["verdict"], "within");
        assert_eq!(json["rows"][0]["expected"]["high"], Value::Null);
        assert_eq!(json["rows"][1]["measured"], 12_345.0);
    }

    #[test]
    fn numbers_have_the_digits_that_tell_something() {
        let texts = [16_455.4, -1234567.0, 95.67, 3.0, 0.97143, 0.95, 2.5e-5, f64::NAN].map(number);
        assert_eq!(texts, ["16,455", "-1,234,567", "95.7", "3", "0.9714", "0.95", "2.5e-5", "NaN"]);
    }
}
