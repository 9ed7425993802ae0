//! The template on every place and at every size.
//!
//! ```text
//! contrast(x, y) = min(CAP, length of the gradient of the frame, its pixels each s/20 wide)
//! score(p, s)    = correlation of the drawing with the contrast around p, in cells of s/10, two by two pixels
//! ```
//!
//! For each size the whole frame is reduced to cells of that width, over which the drawing slides. Of scores that overlap the
//! greatest is kept. Which way a face looks is a matter of less than a cell, so a face lies at the mean of all places (and has
//! the mean of all sizes) near by, each of them with a weight that falls with its score:
//!
//! ```text
//! w(p, s) = exp((score(p, s) − greatest score) / SOFTNESS)
//! ```

use super::template::{COLUMNS, Pattern, ROWS, Row, SIDE};
use super::{Face, FaceOptions};
use crate::summed_area::{Area, SummedArea};

/// The ratio of successive sizes.
const RATIO: f32 = 1.2;
/// Pixels along a side of a cell, in the frame that is reduced for a size.
const FINE: usize = 2;
/// By how much less of a correlation a place weighs e times less.
const SOFTNESS: f32 = 0.05;
/// Share of a head's size within which places belong to it, along either axis.
const REACH: f32 = 0.35;
/// Grey levels per pixel that count as contrast at most: one edge is as good as a harder one.
const CAP: f32 = 60.0;

/// Finds faces in frames of one size.
pub(super) struct Finder {
    table: SummedArea,
    pattern: Pattern,
    row: Row,
    scales: Vec<Scale>,
    threshold: f32,
    contrast: f32,
}

/// One size of face.
struct Scale {
    size: f32,
    rows: usize,
    columns: usize,
    /// The frame in pixels of this size, and its contrast in cells.
    grey: Vec<f32>,
    contrast: Vec<f32>,
    /// By place of the drawing, row by row; −1 where there is too little contrast.
    scores: Vec<f32>,
}

impl Scale {
    fn new(size: f32, height: usize, width: usize) -> Self {
        let cells = |side: usize| (side as f32 * SIDE / size) as usize;
        let (rows, columns) = (cells(height), cells(width));
        let contrast = vec![0.0; rows * columns];
        let scores = vec![-1.0; (rows + 1).saturating_sub(ROWS) * (columns + 1).saturating_sub(COLUMNS)];
        Self { size, rows, columns, grey: vec![0.0; contrast.len() * FINE * FINE], contrast, scores }
    }

    /// Slides the drawing over the cells.
    fn score(&mut self, pattern: &Pattern, least: f32, row: &mut Row) {
        let places = self.columns + 1 - COLUMNS;
        for (top, scores) in self.scores.chunks_exact_mut(places).enumerate() {
            pattern.correlate(&self.contrast, self.columns, top, least, row, scores);
        }
    }

    /// A face for each place of the drawing.
    fn faces(&self) -> impl Iterator<Item = Face> {
        let (cell, places) = (self.size / SIDE, self.columns + 1 - COLUMNS);
        self.scores.iter().enumerate().map(move |(place, &score)| Face {
            x: ((place % places) as f32 + COLUMNS as f32 / 2.0) * cell,
            y: ((place / places) as f32 + ROWS as f32 / 2.0) * cell,
            size: self.size,
            score,
        })
    }

    /// Reduces the frame, and takes its contrast.
    fn look(&mut self, table: &mut SummedArea) {
        let cell = self.size / SIDE;
        let (width, height) = (cell * self.columns as f32, cell * self.rows as f32);
        let width_in_pixels = FINE * self.columns;
        table.resample(Area { left: 0.0, top: 0.0, width, height }, width_in_pixels, &mut self.grey);
        self.contrast.fill(0.0);
        let mut above = 0;
        for (y, row) in self.grey.chunks_exact(width_in_pixels).enumerate() {
            let over = &self.grey[above..][..width_in_pixels];
            above = y * width_in_pixels;
            let mut left = row[0];
            let cells = &mut self.contrast[y / FINE * self.columns..][..self.columns];
            for ((cell, row), over) in cells.iter_mut().zip(row.chunks_exact(FINE)).zip(over.chunks_exact(FINE)) {
                for (&grey, over) in row.iter().zip(over) {
                    let (across, down) = (grey - left, grey - over);
                    left = grey;
                    *cell += (across * across + down * down).sqrt().min(CAP) / (FINE * FINE) as f32;
                }
            }
        }
    }
}

impl Finder {
    /// A finder for frames of `height` × `width` pixels.
    pub(super) fn new(height: usize, width: usize, options: &FaceOptions) -> Self {
        let largest = (options.largest as f32).min(height.min(width) as f32);
        let sizes = std::iter::successors(Some(options.smallest as f32), |size| Some(size * RATIO));
        let scales = sizes.take_while(|&size| size <= largest).map(|size| Scale::new(size, height, width));
        Self {
            table: SummedArea::new(height, width),
            pattern: Pattern::drawn(),
            row: Row::default(),
            scales: scales.filter(|scale| scale.rows >= ROWS && scale.columns >= COLUMNS).collect(),
            threshold: options.threshold as f32,
            contrast: options.contrast as f32,
        }
    }

    /// The best faces of `frame`, the best first.
    pub(super) fn find(&mut self, frame: &[u8]) -> [Option<Face>; Face::MOST] {
        self.table.compute(frame);
        let mut best = [None; Face::MOST];
        for scale in &mut self.scales {
            scale.look(&mut self.table);
            scale.score(&self.pattern, self.contrast, &mut self.row);
            scale.faces().filter(|face| face.score >= self.threshold).for_each(|face| keep(&mut best, face));
        }
        best.map(|face| face.map(|face| self.settled(face)))
    }

    /// The face at the mean of the places and sizes near by.
    fn settled(&self, face: Face) -> Face {
        let reach = REACH * face.size;
        let near = |other: &Face| (other.x - face.x).abs() < reach && (other.y - face.y).abs() < reach;
        let (mut sum, mut weights) = ([0.0; 3], 0.0);
        for other in self.scales.iter().flat_map(Scale::faces).filter(near) {
            let weight = ((other.score - face.score) / SOFTNESS).exp();
            weights += weight;
            [other.x, other.y, other.size].iter().zip(&mut sum).for_each(|(value, sum)| *sum += weight * value);
        }
        let [x, y, size] = sum.map(|sum| sum / weights);
        Face { x, y, size, score: face.score }
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

    /// A smooth oval of 20 x 24 pixels with two eyes, light around dark, its box's corner at (`left`, `top`); light or dark.
    fn draw(frame: &mut [u8], width: usize, (left, top): (usize, usize), skin: u8) {
        for y in 0..24_usize {
            for x in 0..20_usize {
                let (across, down) = ((x as f32 - 9.5) / 9.0, (y as f32 - 11.5) / 11.5);
                let eye = |middle: usize| (10..14).contains(&y) && x.abs_diff(middle) <= 2;
                let pupil = |middle: usize| (11..13).contains(&y) && x.abs_diff(middle) <= 1;
                let light = match () {
                    () if across * across + down * down > 1.0 => continue,
                    () if pupil(6) || pupil(13) => 20,
                    () if eye(6) || eye(13) => 240,
                    () => skin,
                };
                frame[(top + y) * width + left + x] = light;
            }
        }
    }

    #[test]
    fn two_faces_are_found_where_they_are_and_none_where_there_is_none() {
        let options = FaceOptions::default();
        let mut finder = Finder::new(60, 90, &options);
        let texture: Vec<u8> = (0..60 * 90_usize).map(|i| 120 + ((i * 37 + i / 90 * 11) % 23) as u8).collect();
        assert_eq!(finder.find(&texture), [None, None]);
        let mut frame = texture;
        draw(&mut frame, 90, (10, 8), 190);
        draw(&mut frame, 90, (58, 30), 70);
        let mut found: Vec<Face> = finder.find(&frame).into_iter().flatten().collect();
        found.sort_by(|one, other| one.x.total_cmp(&other.x));
        let near = |face: &Face, x: f32, y: f32| (face.x - x).abs() < 2.0 && (face.y - y).abs() < 2.0;
        assert!(found.len() == 2 && near(&found[0], 20.0, 20.0) && near(&found[1], 68.0, 42.0), "{found:?}");
    }
}
