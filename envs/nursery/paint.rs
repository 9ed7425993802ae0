//! Painting: parts over one another, each pixel tested only where the part's rectangle lies.
//!
//! A pixel shows the last part with distance(u, v) ≤ 0 at its centre, with the brightness
//!
//! ```text
//! colour · (1 + contrast · texture(u, v)) · (1 − rim · (1 + distance / RIM)₊)
//! ```

use super::map::{Map, Point, minus, plus, scaled};
use super::shape::Shape;
use super::texture::{Texture, value};
use crate::truth::Class;

/// How far from its outline a part is darkened, in units of the scene.
const RIM: f32 = 0.9;

/// A piece of the scene that moves as its map says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) class: Class,
    pub(super) instance: u8,
    pub(super) shape: Shape,
    pub(super) map: Map,
    pub(super) coat: Coat,
}

/// How a surface looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coat {
    /// Red, green and blue, 0 to 255.
    pub(super) rgb: [f32; 3],
    /// The pattern of brightness on it.
    pub(super) texture: Texture,
    /// Where in the texture the part's origin lies.
    pub(super) offset: Point,
    /// How strong the pattern is.
    pub(super) contrast: f32,
    /// How much darker the outline is.
    pub(super) rim: f32,
}

impl Coat {
    /// A plain surface.
    pub(super) fn plain(rgb: [f32; 3]) -> Self {
        Self { rgb, texture: Texture::Fine, offset: [0.0, 0.0], contrast: 0.0, rim: 0.0 }
    }

    /// The same surface, lighter or darker.
    pub(super) fn shaded(mut self, factor: f32) -> Self {
        self.rgb = self.rgb.map(|channel| (channel * factor).min(255.0));
        self
    }

    /// The same surface with its outline darkened by `rim`.
    pub(super) fn rimmed(mut self, rim: f32) -> Self {
        self.rim = rim;
        self
    }

    /// Its brightness, 0 to 255 (ITU-R BT.601).
    pub(super) fn grey(&self) -> f32 {
        let [red, green, blue] = self.rgb;
        0.299 * red + 0.587 * green + 0.114 * blue
    }
}

/// Where pixels go: `size` pixels along each side, `scale` of them for one unit, the scene moved by `shift` pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Canvas {
    pub(super) size: usize,
    pub(super) scale: f32,
    pub(super) shift: Point,
}

impl Canvas {
    /// The pixel at point `p` of the scene.
    pub(super) fn pixel(&self, p: Point) -> Point {
        minus(plus(scaled(p, self.scale), self.shift), [0.5, 0.5])
    }

    /// A map into the scene as a map into pixels.
    pub(super) fn map(&self, map: &Map) -> Map {
        Map {
            origin: self.pixel(map.origin),
            across: scaled(map.across, self.scale),
            down: scaled(map.down, self.scale),
            bend: map.bend,
        }
    }

    /// Calls `put(place, u, v, distance)` for each pixel that `part` covers.
    #[inline]
    pub(super) fn cover(&self, part: &Part, mut put: impl FnMut(usize, f32, f32, f32)) {
        if part.shape == Shape::Nothing {
            return;
        }
        let map = self.map(&part.map);
        let bent = map.bend.map_or(0.0, |bend| bend.reach());
        let [half_u, half_v] = plus(part.shape.extent(), [bent, 0.0]);
        let reach = half_u * map.across[1].abs() + half_v * map.down[1].abs();
        let top = (map.origin[1] - reach).ceil().max(0.0) as usize;
        let bottom = (map.origin[1] + reach + 1.0).floor().clamp(0.0, self.size as f32) as usize;
        let area = map.area();
        // Along a row, u and v grow by these.
        let (du, dv) = (map.down[1] / area, -map.across[1] / area);
        for y in top..bottom {
            let dy = y as f32 - map.origin[1];
            let u_0 = (-map.down[0] * dy - map.down[1] * map.origin[0]) / area;
            let v_0 = (map.across[0] * dy + map.across[1] * map.origin[0]) / area;
            let (first, last) = meet(span(u_0, du, half_u), span(v_0, dv, half_v));
            let left = first.ceil().max(0.0) as usize;
            let right = (last + 1.0).floor().clamp(0.0, self.size as f32) as usize;
            for x in left..right {
                let v = v_0 + dv * x as f32;
                let u = u_0 + du * x as f32 - map.bend.map_or(0.0, |bend| bend.at(v));
                let distance = part.shape.distance(u, v);
                if distance <= 0.0 {
                    put(y * self.size + x, u, v, distance);
                }
            }
        }
    }

    /// Calls `put(place, factor)` for each pixel that `part` covers: the brightness there is the coat's times `factor`.
    #[inline]
    pub(super) fn paint(&self, part: &Part, mut put: impl FnMut(usize, f32)) {
        let Coat { offset, contrast, rim, texture, .. } = part.coat;
        let table = texture.table();
        self.cover(part, |place, u, v, distance| {
            let pattern = 1.0 + contrast * value(table, u + offset[0], v + offset[1]);
            put(place, pattern * (1.0 - rim * (1.0 + distance / RIM).max(0.0)));
        });
    }
}

/// The x between which |start + step · x| ≤ half.
fn span(start: f32, step: f32, half: f32) -> (f32, f32) {
    if step.abs() < 1e-6 {
        return if start.abs() <= half { (f32::MIN, f32::MAX) } else { (f32::MAX, f32::MIN) };
    }
    let (a, b) = ((-half - start) / step, (half - start) / step);
    (a.min(b), a.max(b))
}

fn meet(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.max(b.0), a.1.min(b.1))
}

/// A byte of this brightness.
pub(super) fn byte(brightness: f32) -> u8 {
    (brightness + 0.5) as u8
}
