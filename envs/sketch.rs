//! Sketches: small pictures of shapes, for environments whose state is a handful of numbers.
//!
//! ```text
//! colour of a pixel = mix(what was there, colour, clip(½ − distance))      distance to the shape's edge in pixels, negative inside
//! ```
//!
//! A shape is a function that tells how far a point of the world lies from its edge, so that edges are smooth at any size.

use crate::picture::Picture;

/// A point of the world: to the right, and up.
pub(crate) type Point = [f64; 2];

/// A picture that is being drawn.
pub(crate) struct Sketch {
    picture: Picture,
    /// The point of the world at the lower left corner.
    corner: Point,
    /// Pixels of one unit of the world.
    scale: f64,
}

impl Sketch {
    /// A white picture of a part of the world, from `corner`, the lower left one, to `opposite`, `width` pixels wide.
    pub(crate) fn new(width: usize, corner: Point, opposite: Point) -> Self {
        let scale = width as f64 / (opposite[0] - corner[0]);
        let height = ((opposite[1] - corner[1]) * scale).round() as usize;
        Self { picture: Picture { width, height, rgb: vec![255; 3 * width * height] }, corner, scale }
    }

    /// Paints the shape whose edge is `distance` away from a point.
    pub(crate) fn paint(mut self, colour: [u8; 3], distance: impl Fn(Point) -> f64) -> Self {
        let Picture { width, height, rgb } = &mut self.picture;
        for (row, line) in rgb.chunks_exact_mut(3 * *width).enumerate() {
            let up = self.corner[1] + (*height as f64 - row as f64 - 0.5) / self.scale;
            for (column, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let right = self.corner[0] + (column as f64 + 0.5) / self.scale;
                let cover = (0.5 - distance([right, up]) * self.scale).clamp(0.0, 1.0);
                let mix = |old: u8, new: u8| (f64::from(old) + cover * (f64::from(new) - f64::from(old))).round() as u8;
                *pixel = std::array::from_fn(|part| mix(pixel[part], colour[part]));
            }
        }
        self
    }

    /// The picture.
    pub(crate) fn done(self) -> Picture {
        self.picture
    }
}

/// A line from `from` to `to` with round ends; a disc where they are the same.
pub(crate) fn line(from: Point, to: Point, half_width: f64) -> impl Fn(Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    move |[x, y]| {
        let (x, y) = (x - from[0], y - from[1]);
        let share = if length > 0.0 { ((x * along[0] + y * along[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
        (x - share * along[0]).hypot(y - share * along[1]) - half_width
    }
}

/// A disc.
pub(crate) fn disc(centre: Point, radius: f64) -> impl Fn(Point) -> f64 {
    line(centre, centre, radius)
}

/// A rectangle of this half width and half height, turned to the left by `angle` radians.
pub(crate) fn rectangle(centre: Point, half: Point, angle: f64) -> impl Fn(Point) -> f64 {
    let (sin, cos) = angle.sin_cos();
    move |[x, y]| {
        let (x, y) = (x - centre[0], y - centre[1]);
        let [x, y] = [(x * cos + y * sin).abs() - half[0], (y * cos - x * sin).abs() - half[1]];
        x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(picture: &Picture, column: usize, row: usize) -> [u8; 3] {
        std::array::from_fn(|part| picture.rgb[3 * (row * picture.width + column) + part])
    }

    #[test]
    fn shapes_lie_where_they_are_put() {
        let sketch = Sketch::new(40, [-2.0, -1.0], [2.0, 1.0]).paint([0; 3], rectangle([1.0, 0.5], [0.5, 0.2], 0.0));
        let picture = sketch.done();
        assert_eq!((picture.width, picture.height), (40, 20));
        let dark = |column, row| pixel(&picture, column, row) == [0; 3];
        // From .5 to 1.5 to the right, and .3 to .7 up.
        assert!(dark(25, 3) && dark(34, 6) && !dark(24, 5) && !dark(35, 5) && !dark(30, 2) && !dark(30, 7));
    }

    #[test]
    fn distances_are_those_of_geometry() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        near(disc([1.0, 0.0], 0.5)([1.0, 2.0]), 1.5);
        near(line([0.0, 0.0], [2.0, 0.0], 0.25)([1.0, -1.0]), 0.75);
        near(line([0.0, 0.0], [2.0, 0.0], 0.25)([5.0, 4.0]), 4.75);
        near(rectangle([0.0, 0.0], [2.0, 1.0], std::f64::consts::FRAC_PI_2)([0.0, 3.0]), 1.0);
        near(rectangle([0.0, 0.0], [2.0, 1.0], 0.0)([0.0, 0.0]), -1.0);
    }

    #[test]
    fn an_edge_through_a_pixel_covers_half_of_it() {
        let picture = Sketch::new(4, [0.0, 0.0], [4.0, 1.0]).paint([0; 3], |[x, _]| x - 1.5).done();
        assert_eq!([0, 1, 2].map(|column| pixel(&picture, column, 0)[0]), [0, 128, 255]);
    }
}
