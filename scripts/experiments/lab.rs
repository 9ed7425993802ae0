//! Where an experiment runs: how many seeds, on how many threads, until when.

use super::ExperimentError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What a user says about an experiment.
#[derive(Clone, Debug)]
pub struct Lab {
    /// Seeds, if not the experiment's own number.
    pub seeds: Option<usize>,
    /// Whether a glance is enough: few seeds, short runs, no verdict worth having.
    pub quick: bool,
    /// Threads that seeds are shared out to. They change the speed and not one bit of the result.
    pub threads: usize,
    /// The folder of MNIST's files.
    pub data: PathBuf,
    /// Epochs, for the experiments that have them, if not their own number.
    pub epochs: Option<usize>,
    /// Raised when the user wants to leave.
    pub stop: Arc<AtomicBool>,
}

impl Lab {
    /// The number of seeds: the user's wish, else `usual`, or `quick` for a glance.
    pub fn seeds(&self, usual: usize, quick: usize) -> usize {
        self.seeds.unwrap_or(self.pick(usual, quick))
    }

    /// `usual`, or `quick` for a glance.
    pub fn pick<N>(&self, usual: N, quick: N) -> N {
        if self.quick { quick } else { usual }
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`ExperimentError::Interrupted`], once the user has asked to stop.
    pub fn go_on(&self) -> Result<(), ExperimentError> {
        if self.stop.load(Ordering::Relaxed) { Err(ExperimentError::Interrupted) } else { Ok(()) }
    }

    /// The results of `job(0)` to `job(count - 1)`, in that order, whichever thread they ran on. A job draws from streams of
    /// its own number alone.
    ///
    /// # Errors
    /// The user stopped, or the first error of a job.
    pub fn map<R: Send>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<R, ExperimentError> + Sync,
    ) -> Result<Vec<R>, ExperimentError> {
        let (next, failed, bar) = (AtomicUsize::new(0), AtomicBool::new(false), bar(count));
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count || failed.load(Ordering::Relaxed) {
                    return done;
                }
                let result = self.go_on().and_then(|()| job(number));
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((number, result));
                bar.inc(1);
            }
        };
        let mut done = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.clamp(1, count.max(1))).map(|_| scope.spawn(work)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().flat_map(join).collect::<Vec<_>>()
        });
        bar.finish_and_clear();
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

/// A bar over `count` jobs, on a terminal.
fn bar(count: usize) -> ProgressBar {
    let hidden = !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} runs · {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╾─");
    let bar = ProgressBar::with_draw_target(Some(count as u64), target).with_style(style);
    if !hidden {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lab(threads: usize) -> Lab {
        let stop = Arc::new(AtomicBool::new(false));
        Lab { seeds: None, quick: true, threads, data: PathBuf::new(), epochs: None, stop }
    }

    #[test]
    fn results_come_in_the_order_of_their_numbers() {
        let job = |number: usize| {
            std::thread::sleep(Duration::from_micros((97 * number % 13) as u64 * 100));
            Ok(number * number)
        };
        let squares: Vec<usize> = (0..50).map(|number| number * number).collect();
        for threads in [0, 1, 3, 100] {
            assert_eq!(lab(threads).map(50, job).unwrap(), squares);
        }
        assert_eq!(lab(2).map(0, job).unwrap(), [0; 0]);
    }

    #[test]
    fn a_job_that_fails_ends_the_rest() {
        let begun = AtomicUsize::new(0);
        let job = |number| {
            begun.fetch_add(1, Ordering::Relaxed);
            if number == 3 { Err(ExperimentError::Other("three".into())) } else { Ok(()) }
        };
        assert_eq!(lab(1).map(1000, job).unwrap_err().to_string(), "three");
        assert_eq!(begun.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_raised_flag_stops_between_jobs() {
        let lab = lab(2);
        let job = |number| {
            lab.stop.fetch_or(number == 5, Ordering::Relaxed);
            Ok(())
        };
        assert!(matches!(lab.map(1_000_000, job), Err(ExperimentError::Interrupted)));
    }
}
