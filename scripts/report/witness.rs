//! The witness: sees evaluation episodes and keeps what a report tells of them.

use super::examples::Album;
use super::gaze::Roses;
use super::search::Search;
use crate::camera::Camera;
use crate::film::{FilmError, Gif};
use crate::judge::{Judge, Judgement};
use crate::seen::Seen;
use innate_agents::Plan;
use innate_agents::evaluation::Scene;
use innate_envs::truth::Class;

/// Frames of the film: four episodes of the nursery.
const FRAMES: usize = 192;
/// Every how many steps faces are looked at: their truth costs about as much as drawing the frame.
const EVERY: u64 = 4;

/// Sees episodes.
pub struct Witness<'a> {
    plan: &'a Plan,
    camera: Camera,
    filmed: Result<(), FilmError>,
    /// None where the environment tells no truth.
    judge: Option<Judge>,
    search: Search,
    gaze: Option<Roses>,
    steps: u64,
}

/// What was seen.
pub(super) struct Testimony {
    pub(super) truth: Option<Judgement>,
    pub(super) examples: Album,
    pub(super) gaze: Option<Roses>,
    pub(super) film: Option<Gif>,
}

impl<'a> Witness<'a> {
    /// A witness of episodes of this run.
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            camera: Camera::new(plan, FRAMES),
            filmed: Ok(()),
            judge: Some(Judge::new(Class::Hand)),
            search: Search::new(plan),
            gaze: Roses::new(plan),
            steps: 0,
        }
    }

    /// Sees one step.
    pub fn watch(&mut self, scene: &Scene<'_>) {
        let seen = Seen { plan: self.plan, scene };
        if self.filmed.is_ok() {
            self.filmed = self.camera.watch(scene);
        }
        if self.judge.as_mut().is_some_and(|judge| judge.watch(self.plan, scene).is_err()) {
            self.judge = None;
        }
        self.search.watch(&seen);
        self.steps += 1;
        if let Some(roses) = self.gaze.as_mut().filter(|_| self.steps.is_multiple_of(EVERY)) {
            roses.watch(&seen);
        }
    }

    pub(super) fn end(self) -> Result<Testimony, String> {
        let film = self.filmed.and_then(|()| self.camera.film()).map_err(|error| error.to_string())?;
        let truth = self.judge.map(|judge| judge.judgement());
        Ok(Testimony { truth, examples: self.search.end(), gaze: self.gaze, film })
    }
}
