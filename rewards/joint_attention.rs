//! `joint-attention`: pays the body for looking where a face looks, before anything happens there.
//!
//! ```text
//! gaze.map(c) = max over faces of exp(−α(c)² / 2s²)       α(c) = angle between a face's gaze and its direction to cell c
//! pay(τ)      = exp(−d(τ)² / 2σ²)     for τ = t_in − lead … t_in − 1 at which a gaze pointed to the event
//! ```
//!
//! Motion enters a place at t_in (as events are dated, a little after first contact) and a mover event is recognised there
//! later: then the steps before are paid. d(τ) is the distance, in cells, from the cell fixated at τ to the event; a gaze points
//! to it where the angle between both is `pointing` at most, by the faces on which the body decided. Behind a face and within it
//! the map is 0.
//!
//! Reads `faces`, what the gaze area decides on them (`gaze/gaze.faces`, decoded as in [`bearing`](crate::bearing)),
//! `mover.events`, `fixation`, and `frame` for its size; writes `gaze.map`, `[rows, columns]`. Plots
//! `signal/joint-attention/followed`: the mean pay of the steps that might have been paid, and
//! `signal/joint-attention/anywhere`: what an eye that looks anywhere would have got for them.

use crate::bearing::Vector;
use crate::events::{EVENTS, Event, events};
use crate::face::{FACES, Face};
use crate::grid::{FIXATION, FRAME, Grid, fixated};
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::stack;
use crate::state;
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The most steps that `patience` or `lead` may be.
const LONGEST: usize = 1024;

/// Options of `joint-attention`.
#[derive(Clone, Debug, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct JointAttentionOptions {
    /// The stack of faces that are judged.
    pub stack: String,
    /// The area that judges which way they look.
    pub area: String,
    /// The map that it writes.
    pub map: String,
    /// Spread s of the map around a gaze, in degrees.
    pub spread: f64,
    /// Greatest angle between a gaze and the direction of an event to which it points, in degrees.
    pub pointing: f64,
    /// Steps before motion enters that are paid.
    pub lead: usize,
    /// Reach σ of the pay, in cells.
    pub sigma: f64,
    /// Greatest number of steps from where motion enters until the event is known; later ones pay nothing.
    pub patience: usize,
}

impl Default for JointAttentionOptions {
    fn default() -> Self {
        let [stack, area, map] = ["gaze.faces", "gaze", "gaze.map"].map(String::from);
        Self { stack, area, map, spread: 15.0, pointing: 30.0, lead: 8, sigma: 1.0, patience: 24 }
    }
}

/// Rays of gaze, and who followed them.
pub struct JointAttention {
    options: JointAttentionOptions,
    grid: Grid,
    /// The last decisions of this episode, the present one first.
    past: VecDeque<Glance>,
}

/// What the body looked at, and the gazes that it had seen when it decided so.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Glance {
    cell: usize,
    rays: [Option<Ray>; Face::MOST],
}

/// Where a face looks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ray {
    face: Face,
    gaze: (f32, f32),
}

impl JointAttention {
    /// Joint attention with these options.
    ///
    /// # Errors
    /// A value out of range.
    pub fn new(options: JointAttentionOptions) -> Result<Self, SignalError> {
        let JointAttentionOptions { spread, pointing, sigma, .. } = options;
        for (key, value, most) in
            [("spread", spread, 180.0), ("pointing", pointing, 180.0), ("sigma", sigma, f64::from(f32::MAX))]
        {
            if !(value > 0.0 && value <= most) {
                return Err(SignalError::new(format!("{key} = {value} must be greater than 0 and at most {most}")));
            }
        }
        for (key, value) in [("patience", options.patience), ("lead", options.lead)] {
            if value > LONGEST {
                return Err(SignalError::new(format!("{key} = {value} must be at most {LONGEST}")));
            }
        }
        let past = VecDeque::with_capacity(options.patience + options.lead + 1);
        Ok(Self { options, grid: Grid::default(), past })
    }

    /// Writes how near each cell is to a gaze.
    fn draw(&self, rays: &[Option<Ray>], map: &mut [f32]) {
        let spread = (self.options.spread as f32).to_radians();
        for (cell, value) in map.iter_mut().enumerate() {
            let centre = self.grid.centre(cell);
            let angles = rays.iter().flatten().filter_map(|ray| ray.angle_to(centre));
            *value = angles.map(|angle| (-0.5 * (angle / spread).powi(2)).exp()).fold(0.0, f32::max);
        }
    }

    /// Pay for fixating `cell` while an event came to be at `place`.
    fn nearness(&self, cell: usize, place: (f32, f32)) -> f64 {
        let Grid { rows, columns, height, width } = self.grid;
        let away = Vector::between(self.grid.centre(cell), place);
        let (x, y) = (away.x * columns as f32 / width as f32, away.y * rows as f32 / height as f32);
        (-0.5 * f64::from(x * x + y * y) / self.options.sigma.powi(2)).exp()
    }

    /// Pays the steps before motion entered at `event`.
    fn reward(&self, event: &Event, purse: &mut Purse) {
        if event.age > self.options.patience {
            return;
        }
        let pointing = (self.options.pointing as f32).to_radians();
        let points = |ray: &Ray| ray.angle_to(event.changed).is_some_and(|angle| angle <= pointing);
        let before = self.past.iter().enumerate().skip(event.age + 1).take(self.options.lead);
        for (steps_ago, glance) in before.filter(|(_, glance)| glance.rays.iter().flatten().any(points)) {
            let amount = self.nearness(glance.cell, event.changed);
            let cells = self.grid.cells();
            let anywhere: f64 = (0..cells).map(|cell| self.nearness(cell, event.changed)).sum();
            purse.note("followed", amount);
            purse.note("anywhere", anywhere / cells as f64);
            purse.pay_back(steps_ago, amount);
        }
    }
}

impl Ray {
    /// The angle from its gaze to `place`, in radians, if that lies before the face.
    fn angle_to(&self, place: (f32, f32)) -> Option<f32> {
        let away = Vector::between((self.face.x, self.face.y), place);
        let cosine = away.cosine(Vector { x: self.gaze.0, y: self.gaze.1 });
        (cosine > 0.0 && away.length() > self.face.size / 2.0).then(|| cosine.acos())
    }
}

/// The gazes of the faces present, by what was decided on each.
fn rays(faces: &[f32], decisions: &[f32]) -> [Option<Ray>; Face::MOST] {
    let row = decisions.len() / Face::MOST;
    let mut found = [None; Face::MOST];
    for ((ray, face), row) in found.iter_mut().zip(Face::all(faces)).zip(decisions.chunks_exact(row)) {
        let gaze = Vector::decode(&row[1..]);
        *ray = face.filter(|_| gaze.length() > 0.0).map(|face| Ray { face, gaze: (gaze.x, gaze.y) });
    }
    found
}

impl Signal for JointAttention {
    fn declare(&self) -> Declaration {
        let JointAttentionOptions { stack, area, map, patience, lead, .. } = &self.options;
        let decisions = stack::decisions_name(area, stack);
        Declaration {
            reads: vec![FRAME.into(), FIXATION.into(), FACES.into(), decisions, EVENTS.into()],
            writes: vec![map.clone()],
            pay: Pay::Stored,
            metrics: vec!["followed".into(), "anywhere".into()],
            window: patience + lead,
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        self.grid = Grid::new(&reads[0], &reads[1])?;
        Face::check(&reads[2])?;
        Event::check(&reads[4])?;
        match *reads[3].shape.as_slice() {
            [Face::MOST, row] if row >= 3 => {}
            _ => {
                let said = format!("`{}` has the shape {:?}, expected", reads[3].name, reads[3].shape);
                return Err(SignalError::new(format!("{said} [{}, 1 + 2 actions or more]", Face::MOST)));
            }
        }
        Ok(vec![ArraySpec::f32(&self.options.map, &[self.grid.rows, self.grid.columns], 0.0, 1.0)])
    }

    fn begin_episode(&mut self) {
        self.past.clear();
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let rays = rays(reads.f32(2)?, reads.f32(3)?);
        if let Some(map) = writes[0].as_f32_mut() {
            self.draw(&rays, map);
        }
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let cell = fixated(moment.after.f32(1)?)?;
        let rays = rays(moment.before.f32(2)?, moment.before.f32(3)?);
        if self.past.len() > self.options.patience + self.options.lead {
            self.past.pop_back();
        }
        self.past.push_front(Glance { cell, rays });
        events(moment.after.f32(4)?).for_each(|event| self.reward(&event, purse));
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.past)
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let past: VecDeque<Glance> = state::load(saved)?;
        self.past.clear();
        self.past.extend(past);
        Ok(())
    }
}
