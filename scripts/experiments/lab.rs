//! Where an experiment runs: how many seeds, on how many threads, until when.

use super::{ExperimentError, Notebook};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde::de::DeserializeOwned;
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
    /// Where the results of its jobs are kept until it has come to its end, if anywhere.
    pub notebook: Option<Arc<Notebook>>,
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
    /// its own number alone. What the notebook knows is not done again.
    ///
    /// # Errors
    /// The user stopped, the notebook cannot be written, or the first error of a job.
    pub fn map<R: Send + Serialize + DeserializeOwned>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<R, ExperimentError> + Sync,
    ) -> Result<Vec<R>, ExperimentError> {
        let notebook = self.notebook.as_ref().map(|notebook| (notebook, notebook.call()));
        let find = |number| notebook.and_then(|(notebook, call)| notebook.find(call, number));
        let mut done: Vec<_> = (0..count).filter_map(|number| Some((number, Ok(find(number)?)))).collect();
        let known = |number: &usize| done.binary_search_by_key(number, |(number, _)| *number).is_ok();
        let missing: Vec<usize> = (0..count).filter(|number| !known(number)).collect();
        let (next, failed, bar) = (AtomicUsize::new(0), AtomicBool::new(false), bar(count, done.len()));
        let work = || {
            let mut done = Vec::new();
            loop {
                let Some(&number) = missing.get(next.fetch_add(1, Ordering::Relaxed)) else { return done };
                if failed.load(Ordering::Relaxed) {
                    return done;
                }
                let result = self.go_on().and_then(|()| job(number));
                let result = result.and_then(|found| match notebook {
                    Some((notebook, call)) => notebook
                        .note(call, number, &found)
                        .map(|()| found)
                        .map_err(|error| ExperimentError::Other(format!("{}: {error}", notebook.path().display()))),
                    None => Ok(found),
                });
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((number, result));
                bar.inc(1);
            }
        };
        done.extend(std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.clamp(1, missing.len().max(1))).map(|_| scope.spawn(work)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().flat_map(join).collect::<Vec<_>>()
        }));
        bar.finish_and_clear();
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

/// A bar over `count` jobs of which `known` are done, on a terminal.
fn bar(count: usize, known: usize) -> ProgressBar {
    let hidden = !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} runs · {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╾─");
    let bar = ProgressBar::with_draw_target(Some(count as u64), target).with_style(style);
    bar.set_position(known as u64);
    bar.reset_eta();
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
        Lab { seeds: None, quick: true, threads, data: PathBuf::new(), epochs: None, stop, notebook: None }
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
    fn what_the_notebook_knows_is_not_done_again() {
        let home = tempfile::tempdir().unwrap();
        let done = AtomicUsize::new(0);
        let run = |fails: usize| {
            let notebook = Notebook::open(home.path().join("a.part"), "a".into()).unwrap();
            let lab = Lab { notebook: Some(Arc::new(notebook)), ..lab(2) };
            let job = |add: usize| {
                let done = &done;
                move |number: usize| {
                    if number == fails {
                        return Err(ExperimentError::Interrupted);
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(number + add)
                }
            };
            let first = lab.map(10, job(0))?;
            Ok::<_, ExperimentError>((first, lab.map(5, job(100))?))
        };
        assert!(run(7).is_err());
        let before = done.load(Ordering::Relaxed);
        assert!((7..10).contains(&before));
        let (first, second) = run(usize::MAX).unwrap();
        assert_eq!((first, second), ((0..10).collect(), (100..105).collect()));
        assert_eq!(done.load(Ordering::Relaxed), 15);
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
