//! The report of a development: one page, to be opened in any browser, and the same as JSON.
//!
//! A [`Witness`] watches evaluation episodes; with the curves of the run that makes a [`Report`]:
//!
//! | part | from |
//! |---|---|
//! | film | the percepts of the first episodes, as the [`Overlay`](crate::overlay::Overlay) draws them |
//! | stages | curves `pay/<area>/<signal>` and `area/<area>/learns` |
//! | competence | curves `signal/<signal>/<metric>`, with the bounds of the run file's conditions |
//! | truth | the [`Judge`](crate::judge::Judge), where the environment tells the truth |
//! | examples | what the run took for events and for hands, cut out of frames |
//! | gaze | the directions in which faces are seen to look, and those in which they look |
//!
//! A part for which there is nothing is a sentence that says what it needs. The page holds everything itself: no script, and
//! nothing from elsewhere.

mod competence;
mod examples;
mod gaze;
mod page;
mod search;
mod stages;
mod truth;
mod witness;

pub use competence::{Competence, Threshold};
pub use examples::{Album, Example, Gallery, Judged};
pub use gaze::Roses;
pub use stages::{Bar, Stage};
pub use witness::Witness;

use crate::curves::Curves;
use crate::film::Gif;
use crate::judge::Judgement;
use innate_agents::{Evaluation, Plan};
use serde::Serialize;

/// What a development came to.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which run, and what was played.
    pub run: Origin,
    /// What the episodes came to.
    pub evaluation: Evaluation,
    /// What was paid, and who learned, when.
    pub stages: Vec<Stage>,
    /// What the run measured of itself.
    pub competence: Vec<Competence>,
    /// What the ground truth says, where there is one.
    pub truth: Option<Judgement>,
    /// What it took for events and hands.
    pub examples: Album,
    /// Where faces look, where there are faces.
    pub gaze: Option<Roses>,
    /// The first episodes.
    pub film: Option<Gif>,
}

/// Which run, and what was played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The run's folder, without the folders above it.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Its seed.
    pub seed: u64,
    /// Environment steps that it was trained for, up to the checkpoint.
    pub steps: u64,
    /// Environment steps in the run file.
    pub all_steps: u64,
    /// "best" or "latest".
    pub checkpoint: String,
    /// Episodes that were played.
    pub episodes: usize,
    /// Their seed.
    pub episodes_seed: u64,
}

impl Report {
    /// The report of what `witness` saw of a run with these curves.
    ///
    /// # Errors
    /// The film or a picture could not be made; the sentence says why.
    pub fn new(
        run: Origin,
        plan: &Plan,
        curves: &Curves,
        evaluation: Evaluation,
        witness: Witness<'_>,
    ) -> Result<Self, String> {
        let seen = witness.end()?;
        Ok(Self {
            run,
            evaluation,
            stages: stages::of(plan, curves),
            competence: competence::of(plan, curves),
            truth: seen.truth,
            examples: seen.examples,
            gaze: seen.gaze,
            film: seen.film,
        })
    }

    /// The page.
    pub fn html(&self) -> String {
        page::page(self).into_string()
    }
}

#[cfg(test)]
mod tests;
