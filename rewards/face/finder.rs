//! The template on every place and at every size.
//!
//! ```text
//! score(p, s) = how well the drawing fits the contrast around p, in cells of s/10        (see `template`)
//! ```
//!
//! Of places that overlap the best is kept. Which way a face looks is a matter of less than a cell, so a face lies at the mean of
//! all places (and has the mean of all sizes) near by, each of them with a weight that falls with its score:
//!
//! ```text
//! w(p, s) = exp((score(p, s) − greatest score) / SOFTNESS)
//! ```
//!
//! From there [`super::middle`] leads to the middle of the head.

use super::contrast::Contrast;
use super::middle::Guide;
use super::template::{COLUMNS, Pattern, ROWS, Row};
use super::{Face, FaceOptions};
use crate::summed_area::SummedArea;

/// By how much less a place weighs e times less.
const SOFTNESS: f32 = 0.02;
/// Share of a head's size within which places belong to it, along either axis.
const REACH: f32 = 0.35;

/// Finds faces in frames of one size.
pub struct Finder {
    table: SummedArea,
    pattern: Pattern,
    guide: Guide,
    row: Row,
    scales: Vec<Scale>,
    threshold: f32,
}

/// One size of face.
struct Scale {
    contrast: Contrast,
    /// By place of the drawing, row by row of so many.
    scores: Vec<f32>,
    places: usize,
}

impl Scale {
    fn new(contrast: Contrast) -> Self {
        let (down, places) = (contrast.rows + 1 - ROWS, contrast.columns + 1 - COLUMNS);
        Self { contrast, scores: vec![0.0; down * places], places }
    }

    /// Slides the drawing over another frame.
    fn look(&mut self, table: &mut SummedArea, pattern: &Pattern, row: &mut Row) {
        self.contrast.look(table);
        for (top, scores) in self.scores.chunks_exact_mut(self.places).enumerate() {
            pattern.score(&self.contrast, top, row, scores);
        }
    }

    /// A face for each place of the drawing.
    fn faces(&self) -> impl Iterator<Item = Face> {
        let (cell, places) = (self.contrast.cell(), self.places);
        self.scores.iter().enumerate().map(move |(place, &score)| Face {
            x: ((place % places) as f32 + COLUMNS as f32 / 2.0) * cell,
            y: ((place / places) as f32 + ROWS as f32 / 2.0) * cell,
            size: self.contrast.size,
            score,
        })
    }
}

impl Finder {
    /// A finder for frames of `height` × `width` pixels.
    pub fn new(height: usize, width: usize, options: &FaceOptions) -> Self {
        let contrasts = options.sizes().map(|size| Contrast::new(size, height, width));
        let large = |contrast: &Contrast| contrast.rows >= ROWS && contrast.columns >= COLUMNS;
        Self {
            table: SummedArea::new(height, width),
            pattern: Pattern::drawn(),
            guide: Guide::innate(),
            row: Row::default(),
            scales: contrasts.filter(large).map(Scale::new).collect(),
            threshold: options.threshold as f32,
        }
    }

    /// The best faces of `frame`, the best first.
    pub(super) fn find(&mut self, frame: &[u8]) -> [Option<Face>; Face::MOST] {
        let fits = self.fits(frame);
        fits.map(|face| face.map(|face| self.guide.follow(&mut self.table, face)))
    }

    /// Where the template fits `frame` best, the best place first.
    pub fn fits(&mut self, frame: &[u8]) -> [Option<Face>; Face::MOST] {
        self.table.compute(frame);
        let mut best = [None; Face::MOST];
        for scale in &mut self.scales {
            scale.look(&mut self.table, &self.pattern, &mut self.row);
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
