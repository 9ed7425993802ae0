//! Where the eye looks, against where hands are and will be.

use super::{LEAD, Seen, takings};
use innate_envs::truth::{Class, Event, Truth};

/// The share of a cell that must show a hand.
const SHOWN: f32 = 0.1;

/// Looks, counted.
#[derive(Debug, Default)]
pub(super) struct Eye {
    pub(super) looks: u64,
    /// Looks at a cell that shows a hand.
    pub(super) on: u64,
    cells: u64,
    cells_with_hands: u64,
    pub(super) ahead_steps: u64,
    /// Steps before a contact with the eye at its place.
    pub(super) ahead: u64,
    cells_ahead: u64,
    all_cells_ahead: u64,
    /// The fixated cell of each step of this episode.
    path: Vec<usize>,
}

impl Eye {
    pub(super) fn watch(&mut self, seen: &Seen<'_>) {
        self.path.extend(seen.fixation().map(|(_, cell)| cell));
    }

    /// Counts which cells show a hand, and whether the fixated one does.
    pub(super) fn look(&mut self, seen: &Seen<'_>, truth: &Truth, target: Class) {
        let Some(([rows, columns], fixated)) = seen.fixation() else { return };
        let [height, width] = truth.size;
        for cell in 0..rows * columns {
            let (row, column) = (cell / columns, cell % columns);
            let ys = row * height / rows..(row + 1) * height / rows;
            let xs = column * width / columns..(column + 1) * width / columns;
            let pixels = (ys.len() * xs.len()) as f32;
            let shown =
                ys.flat_map(|y| &truth.classes[y * width..][xs.clone()]).filter(|class| **class == target).count();
            let shows = u64::from(shown as f32 / pixels >= SHOWN);
            self.cells += 1;
            self.cells_with_hands += shows;
            if cell == fixated {
                self.looks += 1;
                self.on += shows;
            }
        }
    }

    /// Counts the steps of the episode that ended in which the eye was at the place of a contact before it came.
    pub(super) fn end_episode(&mut self, seen: &Seen<'_>, events: &[Event], target: Class) {
        let path = std::mem::take(&mut self.path);
        let (Some(([rows, columns], _)), Some(frame)) = (seen.fixation(), seen.shape("frame")) else { return };
        let &[_, height, width] = frame else { return };
        for event in takings(events, target) {
            let cell = |place: f32, cells: usize, pixels: usize| {
                ((place.max(0.0) as usize) * cells / pixels).min(cells.saturating_sub(1))
            };
            let (row, column) = (cell(event.from[1], rows, height), cell(event.from[0], columns, width));
            let beside = |cell: usize| (cell / columns).abs_diff(row) <= 1 && (cell % columns).abs_diff(column) <= 1;
            let near = (0..rows * columns).filter(|&cell| beside(cell)).count() as u64;
            // Step t of the truth is observed after the t-th action: place t − 1 of the path.
            let lead = event.start.saturating_sub(LEAD).max(1)..event.start;
            for &looked in lead.filter_map(|step| path.get(step as usize - 1)) {
                self.ahead_steps += 1;
                self.ahead += u64::from(beside(looked));
                self.cells_ahead += near;
                self.all_cells_ahead += (rows * columns) as u64;
            }
        }
    }

    pub(super) fn by_chance(&self) -> f64 {
        self.cells_with_hands as f64 / self.cells as f64
    }

    pub(super) fn ahead_by_chance(&self) -> f64 {
        self.cells_ahead as f64 / self.all_cells_ahead as f64
    }
}
