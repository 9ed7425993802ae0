//! Liveliness: where a frame moves by itself, cell by cell.
//!
//! ```text
//! speed(c) = max(0, mean over cell c of ‖flow‖  −  median over the frame of ‖flow‖)
//! trace(c) = max(speed(c), DECAY · trace(c) of the step before)
//! ```
//!
//! The median takes away what the camera does. A place is quiet where the trace is low: nothing moves there, nor did lately.

use crate::signal::SignalError;
use innate_envs::ArraySpec;
use innate_nn::Random;
use rand::Rng;

/// Pixels along a side of a cell.
pub(crate) const CELL: usize = 4;
/// What is left of a trace after a step.
const DECAY: f32 = 0.7;
/// Draws of a place before giving up.
const DRAWS: usize = 20;

/// Speed and trace of every cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Liveliness {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    height: usize,
    width: usize,
    speed: Vec<f32>,
    velocity: Vec<(f32, f32)>,
    trace: Vec<f32>,
    norms: Vec<f32>,
    sorted: Vec<f32>,
}

impl Liveliness {
    /// For the percept `flow`.
    ///
    /// # Errors
    /// It is no field of flow, or smaller than a cell.
    pub(crate) fn new(flow: &ArraySpec) -> Result<Self, SignalError> {
        match *flow.shape.as_slice() {
            [2, height, width] if height >= CELL && width >= CELL => {
                let (rows, columns) = (height / CELL, width / CELL);
                let (speed, norms) = (vec![0.0; rows * columns], vec![0.0; height * width]);
                let velocity = vec![(0.0, 0.0); speed.len()];
                Ok(Self {
                    rows,
                    columns,
                    height,
                    width,
                    trace: speed.clone(),
                    velocity,
                    speed,
                    sorted: norms.clone(),
                    norms,
                })
            }
            _ => {
                let said = format!("`{}` has the shape {:?}, expected [2, height, width]", flow.name, flow.shape);
                Err(SignalError::new(said))
            }
        }
    }

    /// Forgets the traces.
    pub(crate) fn clear(&mut self) {
        self.trace.fill(0.0);
    }

    /// Takes in the flow of a step.
    pub(crate) fn update(&mut self, flow: &[f32]) {
        let (dx, dy) = flow.split_at(self.height * self.width);
        self.norms.iter_mut().zip(dx.iter().zip(dy)).for_each(|(norm, (dx, dy))| *norm = (dx * dx + dy * dy).sqrt());
        self.sorted.copy_from_slice(&self.norms);
        let middle = self.sorted.len() / 2;
        let median = *self.sorted.select_nth_unstable_by(middle, f32::total_cmp).1;
        for row in 0..self.rows {
            for column in 0..self.columns {
                let lines = self.norms.chunks_exact(self.width).skip(row * CELL).take(CELL);
                let sum: f32 = lines.flat_map(|line| &line[column * CELL..][..CELL]).sum();
                let cell = row * self.columns + column;
                self.speed[cell] = (sum / (CELL * CELL) as f32 - median).max(0.0);
                self.trace[cell] = self.speed[cell].max(DECAY * self.trace[cell]);
                let mean = |along: &[f32]| {
                    let lines = along.chunks_exact(self.width).skip(row * CELL).take(CELL);
                    lines.flat_map(|line| &line[column * CELL..][..CELL]).sum::<f32>() / (CELL * CELL) as f32
                };
                self.velocity[cell] = (mean(dx), mean(dy));
            }
        }
    }

    /// Speed of every cell now, row by row, in pixels per step.
    pub(crate) fn speeds(&self) -> &[f32] {
        &self.speed
    }

    /// Mean flow of every cell now, row by row: dx and dy in pixels per step.
    pub(crate) fn velocities(&self) -> &[(f32, f32)] {
        &self.velocity
    }

    /// The middle of cell `cell`, in pixels.
    pub(crate) fn centre(&self, cell: usize) -> (f32, f32) {
        let middle = |index: usize| ((index * CELL) + CELL / 2) as f32;
        (middle(cell % self.columns), middle(cell / self.columns))
    }

    /// The greatest trace within the square of `reach` pixels around (`x`, `y`).
    pub(crate) fn trace_around(&self, (x, y): (f32, f32), reach: f32) -> f32 {
        let cells = |position: f32, count: usize| {
            let index = |position: f32| ((position / CELL as f32).max(0.0) as usize).min(count - 1);
            index(position - reach)..=index(position + reach)
        };
        let rows = cells(y, self.rows)
            .flat_map(|row| self.trace[row * self.columns..][..self.columns][cells(x, self.columns)].iter().copied());
        rows.fold(0.0, f32::max)
    }

    /// Draws a place at least `margin` pixels inside the frame, or as far as the frame allows.
    pub(crate) fn anywhere(&self, margin: usize, random: &mut Random) -> (f32, f32) {
        let mut along = |length: usize| {
            let margin = margin.min((length - 1) / 2);
            random.random_range(margin..length - margin) as f32
        };
        let x = along(self.width);
        (x, along(self.height))
    }

    /// Draws a place around which nothing faster than `threshold` moves or moved lately, if one is soon found.
    pub(crate) fn quiet(&self, margin: usize, threshold: f32, random: &mut Random) -> Option<(f32, f32)> {
        let mut draws = (0..DRAWS).map(|_| self.anywhere(margin, random));
        draws.find(|&place| self.trace_around(place, margin as f32) < threshold)
    }

    /// Draws one of the cells that move faster than `threshold`, if there is one.
    pub(crate) fn moving(&self, threshold: f32, random: &mut Random) -> Option<(f32, f32)> {
        let moving = self.speed.iter().filter(|&&speed| speed > threshold).count();
        let chosen = (moving > 0).then(|| random.random_range(0..moving))?;
        let mut cells = self.speed.iter().enumerate().filter(|(_, speed)| **speed > threshold);
        cells.nth(chosen).map(|(cell, _)| self.centre(cell))
    }

    /// The traces, for a saved state.
    pub(crate) fn traces(&self) -> &[f32] {
        &self.trace
    }

    /// Takes back what [`Liveliness::traces`] gave.
    ///
    /// # Errors
    /// They are of another frame.
    pub(crate) fn set_traces(&mut self, traces: &[f32]) -> Result<(), SignalError> {
        if traces.len() != self.trace.len() {
            return Err(SignalError::new("its saved state is of a frame of another size"));
        }
        self.trace.copy_from_slice(traces);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rand::SeedableRng;

    /// 24 x 16 pixels, the upper left 8 x 8 of which move.
    fn lively() -> Liveliness {
        let mut lively = Liveliness::new(&ArraySpec::f32("flow", &[2, 16, 24], -9.0, 9.0)).unwrap();
        let speed = |i: usize| if i % 24 < 8 && i / 24 < 8 { 3.0 } else { 1.0 };
        let flow: Vec<f32> = (0..16 * 24).map(speed).chain(std::iter::repeat_n(0.0, 16 * 24)).collect();
        lively.update(&flow);
        lively
    }

    #[test]
    fn what_moves_more_than_the_camera_is_lively() {
        let lively = lively();
        let moving: Vec<usize> = (0..24).filter(|&cell| lively.speeds()[cell] == 2.0).collect();
        assert_eq!(moving, [0, 1, 6, 7]);
        let mut random = Random::seed_from_u64(1);
        for _ in 0..50 {
            let (x, y) = lively.moving(0.5, &mut random).unwrap();
            assert!(x < 8.0 && y < 8.0);
            let (x, y) = lively.quiet(4, 0.5, &mut random).unwrap();
            assert!(x > 11.0 || y > 11.0, "{x}, {y}");
        }
    }

    #[test]
    fn a_place_is_quiet_again_only_after_a_while() {
        let mut lively = lively();
        let mut steps = 0;
        while lively.trace_around((4.0, 4.0), 2.0) > 0.5 {
            lively.update(&[0.0; 2 * 16 * 24]);
            steps += 1;
        }
        assert_eq!(steps, 4);
    }
}
