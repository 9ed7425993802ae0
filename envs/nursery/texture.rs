//! Procedural textures: square tables that repeat without a seam, made once from fixed seeds.

use super::draw::within;
use crate::numpy::Generator;
use std::f32::consts::TAU;
use std::sync::LazyLock;

/// Texels along each side of a table, a power of 2.
const SIDE: usize = 128;
/// Texels of a table for one unit of the scene.
const TEXELS: f32 = 3.0;

/// What a surface looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texture {
    /// Fine blotches.
    Fine,
    /// Coarse blotches.
    Coarse,
    /// Stripes.
    Stripes,
    /// Checks.
    Checks,
    /// Dots.
    Dots,
    /// Diagonal weave.
    Weave,
    /// Grain of wood.
    Wood,
}

/// One table for each texture, values −127 to 127.
static TABLES: LazyLock<[Vec<i8>; 7]> = LazyLock::new(|| {
    use Texture::*;
    [Fine, Coarse, Stripes, Checks, Dots, Weave, Wood].map(table)
});

impl Texture {
    /// Its table.
    pub(super) fn table(self) -> &'static [i8] {
        &TABLES[self as usize]
    }
}

/// The value of `table` at (u, v), in units of the scene: −1 to 1.
#[inline]
pub(super) fn value(table: &[i8], u: f32, v: f32) -> f32 {
    // Moved far to the right of 0, where the conversion rounds down.
    let place = |along: f32| (along * TEXELS + (SIDE << 8) as f32) as usize % SIDE;
    f32::from(table[place(v) * SIDE + place(u)]) * (1.0 / 127.0)
}

fn table(texture: Texture) -> Vec<i8> {
    let blotches = |cells: usize, seed: u64| Blotches::new(cells, seed);
    let (fine, coarse) = (blotches(24, 1), blotches(10, 2));
    let turn = TAU / SIDE as f32;
    let texel = |at: usize| {
        let (u, v) = ((at % SIDE) as f32, (at / SIDE) as f32);
        let (grain, cloud) = (fine.at(u, v), coarse.at(u, v));
        let wave = |angle: f32| (3.0 * angle.sin()).clamp(-1.0, 1.0);
        let value = match texture {
            Texture::Fine => 0.9 * grain + 0.4 * cloud,
            Texture::Coarse => 0.3 * grain + cloud,
            Texture::Stripes => 0.8 * wave(10.0 * turn * u) + 0.3 * grain,
            Texture::Checks => 0.8 * wave(8.0 * turn * u) * wave(8.0 * turn * v) + 0.3 * grain,
            Texture::Dots => {
                let bump = (9.0 * turn * u).sin() * (9.0 * turn * v).sin();
                0.9 * (6.0 * (bump.abs() - 0.5)).clamp(-1.0, 1.0) + 0.2 * grain
            }
            Texture::Weave => 0.5 * wave(9.0 * turn * (u + v)) + 0.4 * wave(9.0 * turn * (u - v)) + 0.2 * grain,
            Texture::Wood => 0.6 * (5.0 * turn * v + 2.5 * cloud).sin() + 0.4 * grain,
        };
        (127.0 * value.clamp(-1.0, 1.0)) as i8
    };
    (0..SIDE * SIDE).map(texel).collect()
}

/// Smooth noise that repeats after a table's side: numbers on a lattice, joined by smooth steps.
struct Blotches {
    cells: usize,
    heights: Vec<f32>,
}

impl Blotches {
    fn new(cells: usize, seed: u64) -> Self {
        let mut random = Generator::new(seed);
        Self { cells, heights: (0..cells * cells).map(|_| within(&mut random, [-1.0, 1.0])).collect() }
    }

    fn at(&self, u: f32, v: f32) -> f32 {
        let scale = self.cells as f32 / SIDE as f32;
        let (x, y) = (u * scale, v * scale);
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (s, t) = (smooth(x.fract()), smooth(y.fract()));
        let height = |i: usize, j: usize| {
            self.heights[(y as usize + j) % self.cells * self.cells + (x as usize + i) % self.cells]
        };
        let row = |j: usize| height(0, j) + s * (height(1, j) - height(0, j));
        row(0) + t * (row(1) - row(0))
    }
}
