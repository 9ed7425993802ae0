//! A camera films what a run perceives, step by step: the [`Overlay`] of its percepts, or else the environment's own picture.

use crate::film::{Film, FilmError, Gif};
use crate::overlay::Overlay;
use innate_agents::Plan;
use innate_agents::evaluation::Scene;
use innate_envs::Picture;

/// Films scenes.
pub struct Camera {
    overlay: Option<Overlay>,
    film: Option<Film>,
    /// Frames that are left to be filmed.
    left: usize,
}

impl Camera {
    /// A camera for a run, with room for `frames` frames.
    pub fn new(plan: &Plan, frames: usize) -> Self {
        Self { overlay: Overlay::new(&plan.percepts), film: None, left: frames }
    }

    /// Films one step, if there is something to be seen and room for it.
    ///
    /// # Errors
    /// The picture does not go into a film; the camera films no more.
    pub fn watch(&mut self, scene: &Scene<'_>) -> Result<(), FilmError> {
        if self.left == 0 {
            return Ok(());
        }
        let picture = match &mut self.overlay {
            Some(overlay) => Some(overlay.draw(scene.percepts)),
            None => scene.env.picture(),
        };
        if let (true, Some(overlay)) = (scene.ended, &mut self.overlay) {
            overlay.end_episode();
        }
        let Some(picture) = picture else { return Ok(()) };
        let shown = self.show(&picture);
        self.left = if shown.is_ok() { self.left - 1 } else { 0 };
        shown
    }

    fn show(&mut self, picture: &Picture) -> Result<(), FilmError> {
        let film = match &mut self.film {
            Some(film) => film,
            None => self.film.insert(Film::of_size(picture)?),
        };
        film.show(picture)
    }

    /// The film, if there was something to be seen.
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn film(self) -> Result<Option<Gif>, FilmError> {
        self.film.map(Film::end).transpose()
    }
}
