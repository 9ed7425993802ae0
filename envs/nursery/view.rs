//! From a scene to frames: the backdrop painted once, then at each step what moves, the light, the sensor's noise.

use super::map::Point;
use super::options::NurseryOptions;
use super::paint::{Canvas, Part, byte};
use super::props::GLOW;
use super::scene::{MARGIN, MOST, Scene};
use super::script::Moment;
use super::stage::UNITS;
use crate::numpy::{Generator, child_seed};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{RngCore, SeedableRng};

/// Entries of the table of noise, a power of 2.
const NOISE: usize = 1 << 14;
/// Brightness that a lamp adds where it hangs, 0 to 255.
const LAMPLIGHT: f32 = 70.0;

/// What frames are painted with.
pub(super) struct View {
    size: usize,
    /// Samples along each side of a pixel.
    samples: usize,
    noise: Vec<i8>,
    parts: Vec<Part>,
    backdrop: Vec<u8>,
    fine: Vec<u8>,
}

impl View {
    /// For frames as `options` say.
    pub(super) fn new(options: &NurseryOptions) -> Self {
        let (size, samples) = (options.size as usize, if options.antialias { 2 } else { 1 });
        let mut view = Self {
            size,
            samples,
            noise: noise(options.noise),
            parts: Vec::with_capacity(MOST),
            backdrop: Vec::new(),
            fine: vec![0; (size * samples).pow(2)],
        };
        view.backdrop = vec![0; view.wide().pow(2)];
        view
    }

    /// Samples for one unit.
    fn scale(&self) -> f32 {
        (self.size * self.samples) as f32 / UNITS
    }

    /// Samples by which the backdrop is larger than the frame, on each side.
    fn margin(&self) -> usize {
        (MARGIN * self.scale()).ceil() as usize
    }

    /// Samples along each side of the backdrop.
    fn wide(&self) -> usize {
        self.size * self.samples + 2 * self.margin()
    }

    /// Where the frame of `moment` goes.
    fn canvas(&self, moment: &Moment) -> Canvas {
        let whole = self.samples as f32;
        let shift = moment.shake.map(|units| (units * self.size as f32 / UNITS).round() * whole);
        Canvas { size: self.size * self.samples, scale: self.scale(), shift }
    }

    /// Paints what of `scene` never moves.
    pub(super) fn begin(&mut self, scene: &Scene) {
        let margin = self.margin() as f32;
        let canvas = Canvas { size: self.wide(), scale: self.scale(), shift: [margin, margin] };
        for part in scene.backdrop() {
            grey(&canvas, &part, &mut self.backdrop);
        }
    }

    /// Paints the frame of `step`, `[size, size]` bytes.
    pub(super) fn frame(&mut self, scene: &Scene, step: usize, frame: &mut [u8]) {
        let moment = &scene.script.moments[step];
        let canvas = self.canvas(moment);
        let (wide, margin) = (self.wide(), self.margin());
        let side = canvas.size;
        // Moved by the camera, the frame shows another part of the backdrop.
        let [left, top] = canvas.shift.map(|shift| (margin as f32 - shift) as usize);
        for (row, line) in self.fine.chunks_exact_mut(side).enumerate() {
            line.copy_from_slice(&self.backdrop[(top + row) * wide + left..][..side]);
        }
        scene.parts(moment, &mut self.parts);
        for part in &self.parts {
            grey(&canvas, part, &mut self.fine);
        }
        average(&self.fine, self.samples, side, frame);
        light(scene, moment, &Canvas { size: self.size, ..canvas.of_pixels(self.samples) }, 1, frame);
        self.add_noise(scene.seed, step, frame);
    }

    /// The frame of `step` in colour, without noise: `3 · size²` bytes.
    pub(super) fn colour(&self, scene: &Scene, step: usize) -> Vec<u8> {
        let moment = &scene.script.moments[step];
        let canvas = self.canvas(moment).of_pixels(self.samples);
        let mut rgb = vec![0; 3 * canvas.size * canvas.size];
        let mut parts = scene.backdrop();
        let mut moving = Vec::new();
        scene.parts(moment, &mut moving);
        parts.append(&mut moving);
        for part in &parts {
            canvas.paint(part, |place, factor| {
                rgb[3 * place..][..3].copy_from_slice(&part.coat.rgb.map(|channel| byte(channel * factor)));
            });
        }
        light(scene, moment, &canvas, 3, &mut rgb);
        rgb
    }

    /// The frame's canvas in pixels, for places and masks.
    pub(super) fn pixels(&self, moment: &Moment) -> Canvas {
        self.canvas(moment).of_pixels(self.samples)
    }

    /// Adds noise that depends on the scene's seed and the step alone.
    fn add_noise(&self, seed: u64, step: usize, frame: &mut [u8]) {
        if self.noise.is_empty() {
            return;
        }
        let mut random = Pcg32::seed_from_u64(child_seed(seed, step as u64));
        for line in frame.chunks_exact_mut(self.size) {
            let start = random.next_u32() as usize % (NOISE - self.size);
            for (pixel, noise) in line.iter_mut().zip(&self.noise[start..]) {
                *pixel = pixel.saturating_add_signed(*noise);
            }
        }
    }
}

impl Canvas {
    /// The same canvas with one sample for each pixel instead of `samples` by `samples`.
    fn of_pixels(self, samples: usize) -> Self {
        let by = samples as f32;
        Self { size: self.size / samples, scale: self.scale / by, shift: self.shift.map(|shift| shift / by) }
    }
}

/// Paints a part in grey.
fn grey(canvas: &Canvas, part: &Part, frame: &mut [u8]) {
    let grey = part.coat.grey();
    canvas.paint(part, |place, factor| frame[place] = byte(grey * factor));
}

/// The mean of each `samples` by `samples` bytes.
fn average(fine: &[u8], samples: usize, side: usize, frame: &mut [u8]) {
    if samples == 1 {
        return frame.copy_from_slice(fine);
    }
    for (rows, line) in fine.chunks_exact(2 * side).zip(frame.chunks_exact_mut(side / 2)) {
        let (upper, lower) = rows.split_at(side);
        for ((pixel, upper), lower) in line.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
            let sum: u16 = [upper[0], upper[1], lower[0], lower[1]].map(u16::from).iter().sum();
            *pixel = ((sum + 2) / 4) as u8;
        }
    }
}

/// Lights a frame of `channels` bytes a pixel: the lamp's glow, then the light of the room.
fn light(scene: &Scene, moment: &Moment, canvas: &Canvas, channels: usize, frame: &mut [u8]) {
    if moment.lamp == Some(true) {
        glow(canvas, canvas.pixel(scene.stage.lamp), channels, frame);
    }
    if moment.light != 1.0 {
        let table: [u8; 256] = std::array::from_fn(|value| byte(value as f32 * moment.light));
        frame.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
    }
}

/// Adds `LAMPLIGHT · (1 − (d / GLOW)²)₊` at distance d from the lamp.
fn glow(canvas: &Canvas, [x_0, y_0]: Point, channels: usize, frame: &mut [u8]) {
    let reach = GLOW * canvas.scale;
    let bottom = (y_0 + reach).clamp(0.0, canvas.size as f32) as usize;
    let lines = frame.chunks_exact_mut(channels * canvas.size).take(bottom);
    for (y, line) in lines.enumerate() {
        let dy = (y as f32 - y_0) / reach;
        for (x, pixel) in line.chunks_exact_mut(channels).enumerate() {
            let dx = (x as f32 - x_0) / reach;
            let added = byte((LAMPLIGHT * (1.0 - dx * dx - dy * dy)).max(0.0));
            pixel.iter_mut().for_each(|value| *value = value.saturating_add(added));
        }
    }
}

/// A table of normal noise of this standard deviation (a share of full scale); empty where there is none.
fn noise(deviation: f64) -> Vec<i8> {
    if deviation == 0.0 {
        return Vec::new();
    }
    let mut random = Generator::new(0);
    (0..NOISE).map(|_| (255.0 * deviation as f32 * super::draw::normal(&mut random)).round() as i8).collect()
}
