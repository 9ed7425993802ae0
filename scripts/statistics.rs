//! What a handful of seeds says about all of them: point estimates and their 95 % intervals.
//!
//! ```text
//! interquartile mean   mean of the middle half of the values                          (Agarwal et al. 2021)
//! bootstrap            statistic of B resamples with replacement, within each stratum; the interval holds the middle 95 %
//! Wilson               (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n),  p = k/n,  z = 1.96
//! two medians          the bootstrap deviation of one, times √(1 + n/m) for the other's m values beside its n
//! two proportions      √(p̃(1−p̃)/(n+2) + q̃(1−q̃)/(m+2)),  p̃ = (k+1)/(n+2)            (Agresti & Caffo 2000)
//! ```
//!
//! Resamples are drawn from a generator that the caller gives: same values, same generator, same interval.

use rand::Rng;
use serde::Serialize;

/// The quantile of the normal distribution that leaves 2.5 % above it.
pub const Z: f64 = 1.959_963_984_540_054;

/// Resamples of a bootstrap.
pub const RESAMPLES: usize = 2_000;

/// A range of numbers, both ends included; an open end is infinite, which JSON shows as null.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The least number.
    pub low: f64,
    /// The greatest number.
    pub high: f64,
}

impl Interval {
    /// From `low` to `high`.
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// `low` and more.
    pub fn at_least(low: f64) -> Self {
        Self::new(low, f64::INFINITY)
    }

    /// `high` and less.
    pub fn at_most(high: f64) -> Self {
        Self::new(f64::NEG_INFINITY, high)
    }

    /// `half` on either side of `centre`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self::new(centre - half, centre + half)
    }

    /// Whether `value` lies in it; NaN lies in none.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Both ends times `factor`, which is positive.
    pub fn scaled(self, factor: f64) -> Self {
        Self::new(self.low * factor, self.high * factor)
    }
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of the population that `values` are drawn from (n − 1); NaN of fewer than two values.
pub fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let centre = mean(values);
    (values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// The standard error of the mean; NaN of fewer than two values.
pub fn standard_error(values: &[f64]) -> f64 {
    deviation(values) / (values.len() as f64).sqrt()
}

/// The mean with its interval by the normal distribution.
pub fn mean_interval(values: &[f64]) -> Interval {
    Interval::around(mean(values), Z * standard_error(values))
}

/// The middle value, or the mean of the two middle ones; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The mean of the middle half of the values, those at the quartiles in part; NaN of nothing.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let n = sorted.len() as f64;
    // Value i covers the share [i, i + 1)/n of the distribution; what counts is its overlap with the middle half.
    let overlap = |i: f64| ((i + 1.0).min(0.75 * n) - i.max(0.25 * n)).max(0.0);
    let sum: f64 = sorted.iter().enumerate().map(|(i, value)| overlap(i as f64) * value).sum();
    sum / (0.5 * n)
}

/// The statistic of [`RESAMPLES`] resamples of the pooled strata, in ascending order. Each stratum (a task, of which the values
/// are seeds) is resampled for itself and keeps its size.
fn resampled(strata: &[&[f64]], statistic: impl Fn(&[f64]) -> f64, random: &mut impl Rng) -> Vec<f64> {
    let mut pool = Vec::with_capacity(strata.iter().map(|stratum| stratum.len()).sum());
    let found = (0..RESAMPLES).map(|_| {
        pool.clear();
        for stratum in strata {
            pool.extend((0..stratum.len()).map(|_| stratum[random.random_range(0..stratum.len())]));
        }
        statistic(&pool)
    });
    let found: Vec<f64> = found.collect();
    sorted(&found)
}

/// The 95 % percentile interval of a statistic by the stratified bootstrap; NaN if the statistic of nothing is.
pub fn bootstrap(strata: &[&[f64]], statistic: impl Fn(&[f64]) -> f64, random: &mut impl Rng) -> Interval {
    let found = resampled(strata, statistic, random);
    let at = |share: f64| found[(share * (found.len() - 1) as f64).round() as usize];
    Interval::new(at(0.025), at(0.975))
}

/// The median with its bootstrap interval and its bootstrap standard error.
pub fn median_interval(values: &[f64], random: &mut impl Rng) -> (Interval, f64) {
    let found = resampled(&[values], median, random);
    let at = |share: f64| found[(share * (found.len() - 1) as f64).round() as usize];
    (Interval::new(at(0.025), at(0.975)), deviation(&found))
}

/// The interval of a proportion of `successes` among `trials` (Wilson 1927); everything from 0 to 1 without trials.
pub fn wilson(successes: usize, trials: usize) -> Interval {
    if trials == 0 {
        return Interval::new(0.0, 1.0);
    }
    let (k, n) = (successes as f64, trials as f64);
    let (p, z2) = (k / n, Z * Z);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    // At the ends rounding would leave an odd 10⁻¹⁷.
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == trials { 1.0 } else { centre + half };
    Interval::new(low, high)
}

/// The standard error of the difference between two proportions, each (successes, trials).
pub fn difference_error(one: (f64, f64), other: (f64, f64)) -> f64 {
    let variance = |(successes, trials): (f64, f64)| {
        let p = (successes + 1.0) / (trials + 2.0);
        p * (1.0 - p) / (trials + 2.0)
    };
    (variance(one) + variance(other)).sqrt()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use innate_agents::streams::Streams;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn medians_and_middle_means_are_those_of_the_textbook() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(interquartile_mean(&[100.0, 1.0, 2.0, -50.0]), 1.5);
        // Five values: the middle half is 1¼ to 3¾ of them.
        let found = interquartile_mean(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        assert!(close(found, (0.75 * 1.0 + 2.0 + 0.75 * 3.0) / 2.5), "{found}");
    }

    #[test]
    fn deviations_and_errors_count_one_degree_of_freedom() {
        assert!(close(deviation(&[1.0, 3.0]), 2.0_f64.sqrt()));
        assert!(close(standard_error(&[1.0, 3.0]), 1.0));
        assert!(standard_error(&[1.0]).is_nan());
        assert!(mean_interval(&[1.0, 3.0]).contains(2.0));
    }

    #[test]
    fn wilsons_interval_is_that_of_the_textbook() {
        // Newcombe (1998), table I: 81 of 263.
        let found = wilson(81, 263);
        assert!((found.low - 0.2553).abs() < 1e-4 && (found.high - 0.3662).abs() < 1e-4, "{found:?}");
        let none = wilson(0, 20);
        assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 1e-4, "{none:?}");
        assert_eq!(wilson(0, 0), Interval::new(0.0, 1.0));
    }

    #[test]
    fn a_bootstrap_interval_covers_the_truth_as_often_as_it_says() {
        let mut random = Streams::new(1).stream("test", 0);
        let covered = (0..300).filter(|_| {
            let values: Vec<f64> = (0..40).map(|_| random.random::<f64>()).collect();
            bootstrap(&[&values], mean, &mut random).contains(0.5)
        });
        let share = covered.count() as f64 / 300.0;
        assert!((0.89..=0.99).contains(&share), "{share}");
    }

    #[test]
    fn strata_are_resampled_for_themselves() {
        let mut random = Streams::new(2).stream("test", 0);
        // Each stratum is constant, so no resample differs; pooled resampling would mix their shares.
        let interval = bootstrap(&[&[0.0; 10], &[1.0; 30]], mean, &mut random);
        assert_eq!(interval, Interval::new(0.75, 0.75));
    }

    #[test]
    fn the_same_generator_gives_the_same_interval() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let draw = || median_interval(&values, &mut Streams::new(3).stream("test", 0));
        assert_eq!(draw(), draw());
        let (interval, error) = draw();
        assert!(interval.contains(24.5) && error > 1.0 && error < 6.0, "{interval:?} {error}");
    }

    #[test]
    fn two_proportions_differ_by_the_error_of_both() {
        let one = difference_error((150.0, 300.0), (150.0, 300.0));
        assert!((one - (0.5_f64 / 302.0).sqrt()).abs() < 1e-12, "{one}");
        assert!(difference_error((0.0, 300.0), (0.0, 300.0)) > 0.0, "no successes are no certainty");
    }

    #[test]
    fn intervals_with_an_open_end_hold_what_they_should() {
        assert!(Interval::at_least(0.5).contains(0.5) && !Interval::at_least(0.5).contains(0.4));
        assert!(Interval::at_most(0.5).contains(0.5) && !Interval::at_most(0.5).contains(f64::NAN));
    }
}
