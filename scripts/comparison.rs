//! Runs compared as the field compares them (Agarwal, Schwarzer, Castro, Courville & Bellemare, "Deep reinforcement learning at
//! the edge of the statistical precipice", 2021): interquartile means over seeds with 95 % bootstrap intervals.
//!
//! ```text
//! sample efficiency          IQM over a group's runs of a curve's value at step t
//! performance profile        share of a group's runs whose last value is at least τ
//! probability of improvement P(X > Y) = Σ_{i,j} [x_i > y_j] + ½ [x_i = y_j]  /  (n · m)
//! ```

use crate::curves::Curves;
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::recorder::field;
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::streams::{Random, Streams};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Points of a performance profile.
const THRESHOLDS: usize = 101;

/// Runs that differ in their seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What stands in tables and legends.
    pub label: String,
    /// The runs.
    pub runs: Vec<Run>,
}

/// One run's curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its folder.
    pub path: PathBuf,
    /// Its points: environment step and value.
    pub points: Vec<(u64, f64)>,
}

impl Run {
    /// The step at which its curve ends.
    pub fn last_step(&self) -> u64 {
        self.points.last().map_or(0, |&(step, _)| step)
    }
}

/// An interquartile mean and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The interquartile mean.
    pub iqm: f64,
    /// Its bootstrap interval.
    pub interval: Interval,
}

/// What a group comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The group's name.
    pub label: String,
    /// The last value of each run, in the order in which the runs were given.
    pub finals: Vec<f64>,
    /// Over the last values.
    pub last: Estimate,
    /// Over the greatest values.
    pub best: Estimate,
    /// Over the means of whole curves, which tell how soon a run was good.
    pub mean: Estimate,
}

/// Groups of runs and the curve in which they are compared.
pub struct Comparison {
    tag: String,
    groups: Vec<Group>,
}

impl Comparison {
    /// Reads the curve `tag` of each run; `runs` are labels and folders, and runs of one label are one group.
    ///
    /// # Errors
    /// A sentence: there is no run, a table cannot be read or has no such curve.
    pub fn read(tag: &str, runs: &[(String, PathBuf)]) -> Result<Self, String> {
        let mut groups: Vec<Group> = Vec::new();
        for (label, path) in runs {
            let curves = Curves::read(path)?;
            let points = curves.points(tag).to_vec();
            if points.is_empty() {
                let known = curves.tags().collect::<Vec<_>>().join(", ");
                return Err(format!("{}/metrics.csv has no curve {tag} (curves: {known})", path.display()));
            }
            let run = Run { path: path.clone(), points };
            match groups.iter_mut().find(|group| group.label == *label) {
                Some(group) => group.runs.push(run),
                None => groups.push(Group { label: label.clone(), runs: vec![run] }),
            }
        }
        if groups.is_empty() { Err("there is no run to compare".into()) } else { Ok(Self { tag: tag.into(), groups }) }
    }

    /// The runs whose curves end first and last, if they do not end at the same step.
    pub fn uneven(&self) -> Option<(&Run, &Run)> {
        let runs = || self.groups.iter().flat_map(|group| &group.runs);
        let (first, last) = (runs().min_by_key(|run| run.last_step())?, runs().max_by_key(|run| run.last_step())?);
        (first.last_step() < last.last_step()).then_some((first, last))
    }

    /// What each group comes to.
    pub fn summaries(&self) -> Vec<Summary> {
        self.groups.iter().map(Group::summary).collect()
    }

    /// For each pair of groups, in order, how probably a run of the first ends with more than one of the second.
    pub fn improvements(&self) -> Vec<(String, String, f64)> {
        let finals: Vec<_> = self.groups.iter().map(|group| (&group.label, group.finals())).collect();
        let pairs = (0..finals.len()).flat_map(|i| (i + 1..finals.len()).map(move |j| (i, j)));
        let told = pairs.map(|(i, j)| {
            let ((one, first), (other, second)) = (&finals[i], &finals[j]);
            (one.to_string(), other.to_string(), improvement(first, second))
        });
        told.collect()
    }

    /// Every point of every run: `label,run,step,value`.
    pub fn points_csv(&self) -> String {
        let mut text = String::from("label,run,step,value\n");
        for group in &self.groups {
            for run in &group.runs {
                for (step, value) in &run.points {
                    let _ =
                        writeln!(text, "{},{},{step},{value}", field(&group.label), field(&run.path.to_string_lossy()));
                }
            }
        }
        text
    }

    /// The curves of sample efficiency: `label,step,iqm,low,high`.
    pub fn efficiency_csv(&self) -> String {
        let mut text = String::from("label,step,iqm,low,high\n");
        for group in &self.groups {
            for (step, Estimate { iqm, interval: Interval { low, high } }) in group.efficiency() {
                let _ = writeln!(text, "{},{step},{iqm},{low},{high}", field(&group.label));
            }
        }
        text
    }

    /// The curves of sample efficiency, each with the ends of its interval as points.
    pub fn efficiency_chart(&self) -> Chart {
        let curves = self.groups.iter().enumerate().flat_map(|(colour, group)| {
            let curve = group.efficiency();
            let along = |value: &dyn Fn(&Estimate) -> f64| -> Vec<(f64, f64)> {
                curve.iter().map(|(step, estimate)| (*step as f64, value(estimate))).collect()
            };
            let line = |label: String, points, stroke| Curve { label, points, stroke, colour };
            [
                line(group.label.clone(), along(&|estimate| estimate.iqm), Stroke::Line),
                line(String::new(), along(&|estimate| estimate.interval.low), Stroke::Rings),
                line(String::new(), along(&|estimate| estimate.interval.high), Stroke::Rings),
            ]
        });
        Chart {
            title: "Interquartile mean over runs, and the ends of its 95 % interval".into(),
            x: Axis::linear("environment steps"),
            y: Axis::linear(&self.tag),
            curves: curves.collect(),
        }
    }

    /// The performance profiles: `label,threshold,share`.
    pub fn profile_csv(&self) -> String {
        let mut text = String::from("label,threshold,share\n");
        for (label, points) in self.profiles() {
            for (threshold, share) in points {
                let _ = writeln!(text, "{},{threshold},{share}", field(&label));
            }
        }
        text
    }

    /// The performance profiles.
    pub fn profile_chart(&self) -> Chart {
        let curves = self.profiles().into_iter().enumerate();
        Chart {
            title: "Share of runs that end with at least so much".into(),
            x: Axis::linear(&self.tag),
            y: Axis::linear("share of runs"),
            curves: curves
                .map(|(colour, (label, points))| Curve { label, points, stroke: Stroke::Line, colour })
                .collect(),
        }
    }

    /// By group, the share of runs at each of evenly spaced thresholds over all last values.
    fn profiles(&self) -> Vec<(String, Vec<(f64, f64)>)> {
        let all: Vec<f64> = self.groups.iter().flat_map(Group::finals).collect();
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let threshold = |place: usize| low + (high - low) * place as f64 / (THRESHOLDS - 1) as f64;
        let profile = |group: &Group| {
            let finals = group.finals();
            let share = |threshold: f64| {
                finals.iter().filter(|value| **value >= threshold).count() as f64 / finals.len() as f64
            };
            (0..THRESHOLDS).map(|place| (threshold(place), share(threshold(place)))).collect()
        };
        self.groups.iter().map(|group| (group.label.clone(), profile(group))).collect()
    }
}

impl Group {
    fn finals(&self) -> Vec<f64> {
        self.over(|run| run.points.last().map_or(f64::NAN, |(_, value)| *value))
    }

    fn over(&self, value: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().map(value).collect()
    }

    fn summary(&self) -> Summary {
        let mut random = Streams::new(0).stream("compare", 0);
        let values = |run: &Run| run.points.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let best = self.over(|run| values(run).into_iter().fold(f64::NEG_INFINITY, f64::max));
        let mean = self.over(|run| values(run).iter().sum::<f64>() / run.points.len() as f64);
        let finals = self.finals();
        Summary {
            label: self.label.clone(),
            last: estimate(&finals, &mut random),
            best: estimate(&best, &mut random),
            mean: estimate(&mean, &mut random),
            finals,
        }
    }

    /// At each step of the first run up to which all runs have come, what they have come to.
    fn efficiency(&self) -> Vec<(u64, Estimate)> {
        let mut random = Streams::new(0).stream("compare", 1);
        let last = self.runs.iter().filter_map(|run| run.points.last()).map(|(step, _)| *step).min().unwrap_or(0);
        let first = self.runs.iter().filter_map(|run| run.points.first()).map(|(step, _)| *step).max().unwrap_or(0);
        let steps = self.runs.iter().take(1).flat_map(|run| &run.points).map(|(step, _)| *step);
        let steps: Vec<u64> = steps.filter(|step| (first..=last).contains(step)).collect();
        let at = |step: u64| self.over(|run| run.at(step));
        steps.into_iter().map(|step| (step, estimate(&at(step), &mut random))).collect()
    }
}

impl Run {
    /// Its value at `step`: that of its last point up to there.
    fn at(&self, step: u64) -> f64 {
        let passed = self.points.partition_point(|(at, _)| *at <= step);
        self.points[..passed].last().map_or(f64::NAN, |(_, value)| *value)
    }
}

fn estimate(values: &[f64], random: &mut Random) -> Estimate {
    Estimate { iqm: interquartile_mean(values), interval: bootstrap(&[values], interquartile_mean, random) }
}

/// P(X > Y), a draw counted half.
fn improvement(one: &[f64], other: &[f64]) -> f64 {
    let beats = |x: f64, y: f64| {
        if x > y {
            1.0
        } else if x == y {
            0.5
        } else {
            0.0
        }
    };
    let sum: f64 = one.iter().flat_map(|x| other.iter().map(move |y| beats(*x, *y))).sum();
    sum / (one.len() * other.len()) as f64
}

/// The label of a run that has none: its folder's name, without the number that tells runs of one name apart.
pub fn usual_label(run: &Path) -> String {
    let name = run.file_name().map_or_else(|| run.to_string_lossy(), |name| name.to_string_lossy());
    match name.rsplit_once('-') {
        Some((label, number)) if !label.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => label.into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn group(label: &str, runs: &[&[(u64, f64)]]) -> Group {
        let run = |points: &&[(u64, f64)]| Run { path: "run".into(), points: points.to_vec() };
        Group { label: label.into(), runs: runs.iter().map(run).collect() }
    }

    fn comparison() -> Comparison {
        let good = group("good", &[&[(10, 1.0), (20, 3.0)], &[(10, 2.0), (20, 5.0)], &[(12, 0.0), (21, 4.0)]]);
        let poor = group("poor, older", &[&[(10, 0.0), (20, 3.0)]]);
        Comparison { tag: "eval/mean_reward".into(), groups: vec![good, poor] }
    }

    #[test]
    fn a_group_is_summed_up_over_its_runs() {
        let summaries = comparison().summaries();
        assert_eq!(summaries[0].finals, [3.0, 5.0, 4.0]);
        assert_eq!((summaries[0].last.iqm, summaries[0].best.iqm), (4.0, 4.0));
        assert!(summaries[0].last.interval.contains(4.0) && summaries[0].last.interval.low >= 3.0);
        assert_eq!(summaries[1].last.interval, Interval::new(3.0, 3.0));
        assert_eq!(summaries, comparison().summaries(), "the same runs, the same intervals");
    }

    #[test]
    fn curves_that_end_at_different_steps_are_noticed() {
        let of = |ends: &[u64]| {
            let runs: Vec<[(u64, f64); 1]> = ends.iter().map(|&end| [(end, 1.0)]).collect();
            let runs: Vec<&[(u64, f64)]> = runs.iter().map(<[_; 1]>::as_slice).collect();
            let comparison = Comparison { tag: "t".into(), groups: vec![group("a", &runs)] };
            comparison.uneven().map(|(first, last)| (first.last_step(), last.last_step()))
        };
        assert_eq!((of(&[20, 10, 30]), of(&[20, 20])), (Some((10, 30)), None));
    }

    #[test]
    fn a_draw_counts_half() {
        assert_eq!(comparison().improvements(), [("good".into(), "poor, older".into(), (0.5 + 1.0 + 1.0) / 3.0)]);
    }

    #[test]
    fn sample_efficiency_is_told_where_every_run_has_come() {
        let curve = comparison().groups[0].efficiency();
        // The third run has no value at step 10, and at step 20 that of step 12: the mean of the middle half of 0, 3, 5.
        assert_eq!(curve.iter().map(|(step, estimate)| (*step, estimate.iqm)).collect::<Vec<_>>(), [(20, 17.0 / 6.0)]);
    }

    #[test]
    fn a_profile_falls_from_1_to_the_share_of_the_best() {
        let profiles = comparison().profiles();
        assert_eq!((profiles[0].1[0], profiles[0].1[100]), ((3.0, 1.0), (5.0, 1.0 / 3.0)));
        assert_eq!((profiles[1].1[0].1, profiles[1].1[1].1), (1.0, 0.0));
    }

    #[test]
    fn tables_quote_what_they_must() {
        assert!(comparison().points_csv().ends_with("\"poor, older\",run,20,3\n"));
        assert!(comparison().profile_csv().starts_with("label,threshold,share\ngood,3,1\n"));
    }

    #[test]
    fn a_folder_names_its_group() {
        let labels = ["runs/cartpole-12", "runs/my-run", "runs/7", "x-"].map(|run| usual_label(Path::new(run)));
        assert_eq!(labels, ["cartpole", "my-run", "7", "x"]);
    }
}
