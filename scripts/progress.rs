//! What a person sees while a training runs: a bar on a terminal, lines in a log, nothing if asked for.
//!
//! ```text
//! ━━━━━━━━━╾───────────── 20,480/50,000 steps · 3,912/s · return 143.2 · ε 0.09 · 8s left
//! ```
//!
//! In a log a bar would be thousands of lines; there only messages appear, and there is one at each evaluation.
//! The rate and the time left are for the eye alone: they come from the clock, and no file ever sees them.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// Time between two looks of the bar; between them an update costs one look at the clock.
const REFRESH: Duration = Duration::from_millis(100);

const TEMPLATE: &str = "{wide_bar} {human_pos}/{human_len} steps · {rate}/s{msg} · {eta} left";

/// How much a person wants to see on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// A bar that moves, with messages above it: for a terminal.
    Bar,
    /// Messages alone, one a line: for a log.
    Lines,
    /// Warnings alone.
    Silent,
}

impl ProgressMode {
    /// [`ProgressMode::Bar`] if standard error is a terminal, else [`ProgressMode::Lines`].
    pub fn of_stderr() -> Self {
        if std::io::stderr().is_terminal() { ProgressMode::Bar } else { ProgressMode::Lines }
    }
}

/// The figures beside the bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProgressNumbers {
    /// Mean return of the last episodes, if one has ended.
    pub mean_return: Option<f64>,
    /// The exploration rate ε, if the policy explores.
    pub exploration_rate: Option<f64>,
}

/// The progress of one training.
pub struct Progress {
    mode: ProgressMode,
    bar: ProgressBar,
    shown: Instant,
}

impl Progress {
    /// Progress of a training of `total_steps` environment steps that begins at `start_step`.
    pub fn new(mode: ProgressMode, total_steps: u64, start_step: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total_steps), ProgressDrawTarget::hidden());
        let bar = bar.with_style(style()).with_position(start_step);
        // The estimator must see the start before it forgets: steps of an earlier session are no part of this one's rate.
        bar.tick();
        bar.reset_eta();
        if mode == ProgressMode::Bar {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self { mode, bar, shown: Instant::now() }
    }

    /// The training is at environment step `step`. Cheap enough for every round.
    pub fn update(&mut self, step: u64, numbers: &ProgressNumbers) {
        if self.mode != ProgressMode::Bar || self.shown.elapsed() < REFRESH {
            return;
        }
        self.shown = Instant::now();
        self.bar.set_position(step);
        self.bar.set_message(figures(numbers));
    }

    /// Prints a line, above the bar if there is one; nothing when silent.
    pub fn message(&self, line: &str) {
        if self.mode != ProgressMode::Silent {
            self.print(line);
        }
    }

    /// Prints a line that a person must see, even when silent.
    pub fn warning(&self, line: &str) {
        self.print(line);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }

    fn print(&self, line: &str) {
        self.bar.suspend(|| {
            // Nobody reads standard error any more: no reason to stop a training.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

/// The figures as text that follows the rate.
fn figures(numbers: &ProgressNumbers) -> String {
    let mut text = String::new();
    if let Some(value) = numbers.mean_return {
        // Writing to a String cannot fail.
        let _ = write!(text, " · return {value:.1}");
    }
    if let Some(value) = numbers.exploration_rate {
        let _ = write!(text, " · ε {value:.2}");
    }
    text
}

fn style() -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
    };
    // The template is a constant that a test compiles; should it be wrong, the plain bar is right.
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate).progress_chars("━╾─")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use indicatif::{InMemoryTerm, TermLike};

    #[test]
    fn the_bar_shows_steps_rate_return_exploration_and_time_left() {
        ProgressStyle::with_template(TEMPLATE).unwrap();
        let term = InMemoryTerm::new(4, 120);
        let mut progress = Progress::new(ProgressMode::Bar, 50_000, 20_000);
        progress.bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(term.clone())));
        std::thread::sleep(Duration::from_millis(20));
        progress.shown = Instant::now().checked_sub(REFRESH).unwrap();
        progress.update(20_480, &ProgressNumbers { mean_return: Some(143.24), exploration_rate: Some(0.087) });
        progress.bar.force_draw();
        let rate = progress.bar.per_sec();
        assert!(rate <= 480.0 / 0.02, "20,000 steps were taken by an earlier session: {rate}");
        let shown = term.contents();
        for part in ["20,480/50,000 steps", "/s", "return 143.2", "ε 0.09", "left"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        term.flush().unwrap();
        progress.finish();
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn figures_that_are_not_known_yet_are_left_out() {
        assert_eq!(figures(&ProgressNumbers::default()), "");
        assert_eq!(figures(&ProgressNumbers { mean_return: Some(f64::NAN), ..Default::default() }), " · return NaN");
    }
}
