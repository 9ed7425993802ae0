//! `motion`: pays an eye for looking at what moves.
//!
//! ```text
//! energy(c) = mean over cell c of ‖flow‖  −  median over the frame of ‖flow‖
//! pay(t)    = energy(t+1) of the cell that the eye fixates at t+1
//! ```
//!
//! The median takes away the motion of the camera or of the whole scene. Reads `flow` and `fixation` (one-hot over a grid
//! `[rows, columns]`); writes `motion` (`[rows, columns]`, the energy of every cell, pixels per step). Plots
//! `signal/motion/moving`: the share of steps on which the fixated cell moves faster than `threshold`, and
//! `signal/motion/moving_cells`: the share of all cells that do (what an eye that looks anywhere would find).

use crate::flow::FLOW;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// The percept that it writes: motion energy of every cell.
const MOTION: &str = "motion";

/// Options of `motion`.
#[derive(Clone, Debug, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct MotionOptions {
    /// Energy, in pixels per step, above which a cell counts as moving in the plotted metrics (the pay does not use it).
    pub threshold: f64,
}

impl Default for MotionOptions {
    fn default() -> Self {
        Self { threshold: 0.5 }
    }
}

/// Flow energy in the fixated cell minus the frame's median.
pub struct Motion {
    options: MotionOptions,
    rows: usize,
    columns: usize,
    height: usize,
    width: usize,
    speed: Vec<f32>,
    sorted: Vec<f32>,
    /// Energy of every cell of the present percepts, for `pay`, which sees only what it reads.
    energy: Vec<f32>,
}

impl Motion {
    /// Motion with these options.
    ///
    /// # Errors
    /// The threshold is not a finite number.
    pub fn new(options: MotionOptions) -> Result<Self, SignalError> {
        if !options.threshold.is_finite() {
            return Err(SignalError::new(format!("threshold = {} must be a finite number", options.threshold)));
        }
        let (speed, sorted, energy) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { options, rows: 0, columns: 0, height: 0, width: 0, speed, sorted, energy })
    }

    /// Mean of `speed` over each cell, less the median of all.
    fn measure(&mut self, flow: &[f32]) {
        let (dx, dy) = flow.split_at(self.height * self.width);
        for ((speed, dx), dy) in self.speed.iter_mut().zip(dx).zip(dy) {
            *speed = (dx * dx + dy * dy).sqrt();
        }
        self.sorted.copy_from_slice(&self.speed);
        let middle = self.sorted.len() / 2;
        let (_, median, _) = self.sorted.select_nth_unstable_by(middle, f32::total_cmp);
        let median = *median;
        for row in 0..self.rows {
            let ys = row * self.height / self.rows..(row + 1) * self.height / self.rows;
            for column in 0..self.columns {
                let xs = column * self.width / self.columns..(column + 1) * self.width / self.columns;
                let sum: f32 = ys.clone().flat_map(|y| &self.speed[y * self.width..][xs.clone()]).sum();
                self.energy[row * self.columns + column] = sum / (ys.len() * xs.len()) as f32 - median;
            }
        }
    }
}

impl Signal for Motion {
    fn declare(&self) -> Declaration {
        let reads = vec![FLOW.into(), "fixation".into()];
        let metrics = vec!["moving".into(), "moving_cells".into()];
        Declaration { reads, writes: vec![MOTION.into()], pay: Pay::Stored, metrics, ..Declaration::default() }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (&[2, height, width], &[rows, columns]) = (reads[0].shape.as_slice(), reads[1].shape.as_slice()) else {
            let said = format!(
                "flow and fixation have the shapes {:?} and {:?}; motion wants [2, height, width] and [rows, columns]",
                reads[0].shape, reads[1].shape
            );
            return Err(SignalError::new(said));
        };
        if rows * columns == 0 || rows > height || columns > width {
            return Err(SignalError::new(format!(
                "a grid of {rows} x {columns} cells does not fit {height} x {width} pixels"
            )));
        }
        (self.rows, self.columns, self.height, self.width) = (rows, columns, height, width);
        self.speed = vec![0.0; height * width];
        self.sorted = self.speed.clone();
        self.energy = vec![0.0; rows * columns];
        let reach = width.max(height) as f32;
        Ok(vec![ArraySpec::f32(MOTION, &[rows, columns], -reach, reach)])
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        self.measure(reads.f32(0)?);
        if let Some(out) = writes[0].as_f32_mut() {
            out.copy_from_slice(&self.energy);
        }
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let fixation = moment.after.f32(1)?;
        let Some(cell) = fixation.iter().position(|&here| here > 0.5) else {
            return Err(SignalError::new("the fixation names no cell"));
        };
        let moves = |energy: f32| f64::from(u8::from(f64::from(energy) > self.options.threshold));
        let cells = self.energy.len() as f64;
        purse.note("moving", moves(self.energy[cell]));
        purse.note("moving_cells", self.energy.iter().map(|&energy| moves(energy)).sum::<f64>() / cells);
        purse.pay(f64::from(self.energy[cell]));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use innate_envs::{Observation, Step};

    /// A picture of 8 x 8 flow vectors with speed 3 in the upper left quarter and 1 elsewhere.
    fn scene(cell: usize) -> Observation {
        let speed = |i: usize| if i % 8 < 4 && i / 8 < 4 { 3.0 } else { 1.0 };
        let flow = (0..64).map(speed).chain(std::iter::repeat_n(0.0, 64)).collect();
        let fixation = (0..4).map(|i| f32::from(u8::from(i == cell))).collect();
        Observation { arrays: vec![Array::F32(flow), Array::F32(fixation)] }
    }

    fn pay_at(cell: usize) -> (f32, Vec<f32>) {
        let specs = [ArraySpec::f32("flow", &[2, 8, 8], -8.0, 8.0), ArraySpec::f32("fixation", &[2, 2], 0.0, 1.0)];
        let motion: Box<dyn Signal> = Box::new(Motion::new(MotionOptions::default()).unwrap());
        let mut bank = Bank::build(vec![("motion".into(), motion)], &specs).unwrap();
        bank.begin_episode(&scene(0), &mut ()).unwrap();
        let mut paid = 0.0;
        bank.step(&scene(cell), 0, Step::default(), &mut (), |payment| paid += payment.amount).unwrap();
        (paid, bank.following()[2].as_f32().unwrap().to_vec())
    }

    #[test]
    fn the_fixated_cell_is_paid_its_energy_above_the_median() {
        assert_eq!(pay_at(0), (2.0, vec![2.0, 0.0, 0.0, 0.0]));
        assert_eq!(pay_at(3).0, 0.0);
    }
}
