//! The template on every place and at every size.
//!
//! ```text
//! score(p, s) = correlation of the drawing with the frame around p, each of the drawing's cells s/8 pixels wide
//! ```
//!
//! For each size the whole frame is reduced to cells of that width, over which the drawing slides. Of scores that overlap the
//! greatest is kept.

use super::template::{COLUMNS, Pattern, ROWS, SIDE};
use super::{Face, FaceOptions};
use crate::summed_area::{Area, SummedArea};

/// The ratio of successive sizes.
const RATIO: f32 = 1.2;

/// Finds faces in frames of one size.
pub(super) struct Finder {
    table: SummedArea,
    pattern: Pattern,
    scales: Vec<Scale>,
    threshold: f32,
    contrast: f32,
}

/// One size of face.
struct Scale {
    size: f32,
    rows: usize,
    columns: usize,
    grid: Vec<f32>,
}

impl Finder {
    /// A finder for frames of `height` × `width` pixels.
    pub(super) fn new(height: usize, width: usize, options: &FaceOptions) -> Self {
        let largest = (options.largest as f32).min(height.min(width) as f32);
        let sizes = std::iter::successors(Some(options.smallest as f32), |size| Some(size * RATIO));
        let scale = |size: f32| {
            let cells = |side: usize| (side as f32 * SIDE / size) as usize;
            let (rows, columns) = (cells(height), cells(width));
            Scale { size, rows, columns, grid: vec![0.0; rows * columns] }
        };
        let fits = |scale: &Scale| scale.rows >= ROWS && scale.columns >= COLUMNS;
        Self {
            table: SummedArea::new(height, width),
            pattern: Pattern::ahead(),
            scales: sizes.take_while(|&size| size <= largest).map(scale).filter(fits).collect(),
            threshold: options.threshold as f32,
            contrast: options.contrast as f32,
        }
    }

    /// The best faces of `frame`, the best first.
    pub(super) fn find(&mut self, frame: &[u8]) -> [Option<Face>; Face::MOST] {
        self.table.compute(frame);
        let mut best = [None; Face::MOST];
        for scale in &mut self.scales {
            let cell = scale.size / SIDE;
            let whole =
                Area { left: 0.0, top: 0.0, width: cell * scale.columns as f32, height: cell * scale.rows as f32 };
            self.table.resample(whole, scale.columns, &mut scale.grid);
            for row in 0..=scale.rows - ROWS {
                for column in 0..=scale.columns - COLUMNS {
                    let place = row * scale.columns + column;
                    let (score, contrast) = self.pattern.correlation(&scale.grid, scale.columns, place);
                    if score >= self.threshold && contrast >= self.contrast {
                        let x = (column as f32 + COLUMNS as f32 / 2.0) * cell;
                        let y = (row as f32 + ROWS as f32 / 2.0) * cell;
                        keep(&mut best, Face { x, y, size: scale.size, score });
                    }
                }
            }
        }
        best
    }
}

/// Puts `face` among the best, unless a better one overlaps it; those it overlaps and beats go.
fn keep(best: &mut [Option<Face>; Face::MOST], face: Face) {
    let overlaps = |other: &Face| {
        let reach = 0.5 * (other.size + face.size) * 0.7;
        (other.x - face.x).abs() < reach && (other.y - face.y).abs() < reach
    };
    if best.iter().flatten().any(|other| overlaps(other) && other.score >= face.score) {
        return;
    }
    for kept in best.iter_mut() {
        *kept = kept.filter(|other| !overlaps(other));
    }
    let score = |kept: &Option<Face>| kept.map_or(0.0, |face| face.score);
    best.sort_by(|one, other| score(other).total_cmp(&score(one)));
    if let Some(worst) = best.last_mut().filter(|worst| score(worst) < face.score) {
        *worst = Some(face);
    }
    best.sort_by(|one, other| score(other).total_cmp(&score(one)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A light oval with two dark eyes under dark hair, 16 pixels wide, its box's corner at (`left`, `top`).
    fn draw(frame: &mut [u8], width: usize, left: usize, top: usize) {
        for y in 0..18 {
            for x in 0..16 {
                let eye = (8..10).contains(&y) && ((4..6).contains(&x) || (10..12).contains(&x));
                let mouth = (14..16).contains(&y) && (6..10).contains(&x);
                let light = if y < 4 || eye {
                    40
                } else if mouth {
                    110
                } else {
                    200
                };
                frame[(top + y) * width + left + x] = light;
            }
        }
    }

    #[test]
    fn two_faces_are_found_where_they_are_and_none_where_there_is_none() {
        let options = FaceOptions { threshold: 0.6, ..FaceOptions::default() };
        let mut finder = Finder::new(60, 80, &options);
        let texture: Vec<u8> = (0..60 * 80_usize).map(|i| 100 + ((i * 37 + i / 80 * 11) % 23) as u8).collect();
        assert_eq!(finder.find(&texture), [None, None]);
        let mut frame = texture;
        draw(&mut frame, 80, 10, 8);
        draw(&mut frame, 80, 50, 30);
        let mut found: Vec<Face> = finder.find(&frame).into_iter().flatten().collect();
        found.sort_by(|one, other| one.x.total_cmp(&other.x));
        let near = |face: &Face, x: f32, y: f32| (face.x - x).abs() < 6.0 && (face.y - y).abs() < 6.0;
        assert!(found.len() == 2 && near(&found[0], 18.0, 17.0) && near(&found[1], 58.0, 39.0), "{found:?}");
    }
}
