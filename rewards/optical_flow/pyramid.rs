//! A frame at half, a quarter, an eighth, … of its size.

use super::lanes::{LANES, Lanes};
use super::plane::{Plane, Shape, differentiate};
use multiversion::multiversion;

/// One level: grey values and, where patches are searched, their derivatives.
pub(super) struct Level {
    /// Grey values, 0 to 255.
    pub(super) grey: Plane,
    /// Derivative to the right and down, grey values per pixel; not filled at levels without search.
    pub(super) gradient: [Plane; 2],
}

/// A frame and its smaller copies, finest first.
pub(super) struct Pyramid {
    pub(super) levels: Vec<Level>,
    /// The finest level whose derivatives are wanted.
    finest: usize,
    /// The frame before it is smoothed.
    raw: Plane,
}

impl Pyramid {
    /// Room for levels of these shapes, finest first; derivatives from level `finest` on.
    pub(super) fn new(shapes: &[Shape], finest: usize) -> Self {
        let level =
            |shape: &Shape| Level { grey: Plane::new(*shape), gradient: [Plane::new(*shape), Plane::new(*shape)] };
        Self { levels: shapes.iter().map(level).collect(), finest, raw: Plane::new(shapes[0]) }
    }

    /// Takes a frame, bytes `[height, width]`.
    pub(super) fn build(&mut self, frame: &[u8]) {
        for (y, row) in frame.chunks_exact(self.raw.shape.width).enumerate() {
            for (cell, byte) in self.raw.row_mut(y).iter_mut().zip(row) {
                *cell = f32::from(*byte);
            }
        }
        self.raw.extend();
        smooth(&self.raw, &mut self.levels[0].grey);
        for level in 1..self.levels.len() {
            let (fine, coarse) = self.levels.split_at_mut(level);
            halve(&fine[level - 1].grey, &mut coarse[0].grey);
        }
        for Level { grey, gradient: [right, down] } in &mut self.levels[self.finest..] {
            differentiate(grey, right, down);
        }
    }
}

/// (1, 8, 1)/10 along rows and columns: enough to calm the noise of a camera and the aliasing of a renderer, which the
/// derivatives would amplify.
#[multiversion(targets("x86_64+avx2"))]
fn smooth(from: &Plane, to: &mut Plane) {
    let (side, centre) = (Lanes::all(0.1), Lanes::all(0.8));
    for y in 0..from.shape.height {
        let rows = from.neighbours(y);
        let output = to.row_mut(y);
        for x in (0..output.len()).step_by(LANES) {
            let cells = rows.map(|row| Lanes::load(row, x));
            let column = |i: usize| side * (cells[i] + cells[6 + i]) + centre * cells[3 + i];
            (side * (column(0) + column(2)) + centre * column(1)).store(output, x);
        }
    }
    to.extend();
}

/// Half the size, by (1, 3, 3, 1)/8 along rows and columns: a coarse pixel's centre is where four fine ones meet.
#[multiversion(targets("x86_64+avx2"))]
fn halve(fine: &Plane, coarse: &mut Plane) {
    let three = Lanes::all(3.0);
    let scale = Lanes::all(1.0 / 64.0);
    let across = coarse.shape.width.next_multiple_of(LANES);
    for y in 0..coarse.shape.height {
        let rows = [-1, 0, 1, 2].map(|dy| {
            let start = fine.shape.at(-1, 2 * y as isize + dy);
            &fine.cells[start..start + 2 * across + 2]
        });
        let output = coarse.row_mut(y);
        for x in (0..across).step_by(LANES) {
            // Columns 2x − 1 + shift, shift = 0 … 3: even and odd cells of two overlapping stretches.
            let column = |shift: usize| {
                let [a, b, c, d] = rows.map(|row| Lanes::load(row, 2 * x + shift));
                (a + d) + three * (b + c)
            };
            let (first, second) = column(0).unzip(column(LANES));
            let (third, fourth) = column(2).unzip(column(2 + LANES));
            (scale * ((first + fourth) + three * (second + third))).store(output, x);
        }
    }
    coarse.extend();
}
