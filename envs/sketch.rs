//! Sketches: small pictures of shapes, for environments whose state is a handful of numbers.
//!
//! ```text
//! colour of a pixel = mix(what was there, colour, clip(½ − distance))      distance to the shape's edge in pixels, negative inside
//! ```
//!
//! A shape is a function that tells how far a point of the world lies from its edge, so that edges are smooth at any size, and a
//! box beyond which nothing of it is seen, so that a small shape costs little.

use crate::picture::Picture;

/// A point of the world: to the right, and up.
pub(crate) type Point = [f64; 2];

/// A shape.
pub(crate) struct Shape<F> {
    /// How far a point lies from its edge; less than 0 within.
    distance: F,
    /// The lower left and the upper right corner of what may be seen of it.
    bounds: [Point; 2],
}

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

    /// Paints a shape, column by column.
    pub(crate) fn paint(mut self, colour: [u8; 3], mut shape: Shape<impl FnMut(Point) -> f64>) -> Self {
        let Picture { width, height, rgb } = &mut self.picture;
        let (width, height, scale, [left, bottom]) = (*width, *height, self.scale, self.corner);
        // A pixel more on each side, for smooth edges; what is beyond the picture is cut off by the conversion.
        let pixels =
            |from: f64, to: f64, most: usize| ((from - 1.0) as usize).min(most)..((to + 2.0) as usize).min(most);
        let [low, high] = shape.bounds.map(|[x, y]| [(x - left) * scale, height as f64 - (y - bottom) * scale]);
        for column in pixels(low[0], high[0], width) {
            let right = left + (column as f64 + 0.5) / scale;
            for row in pixels(high[1], low[1], height) {
                let up = bottom + (height as f64 - row as f64 - 0.5) / scale;
                let cover = (0.5 - (shape.distance)([right, up]) * scale).clamp(0.0, 1.0);
                if cover == 0.0 {
                    continue;
                }
                let mix = |old: u8, new: u8| (f64::from(old) + cover * (f64::from(new) - f64::from(old)) + 0.5) as u8;
                let pixel = &mut rgb[3 * (row * width + column)..][..3];
                pixel.iter_mut().zip(colour).for_each(|(old, new)| *old = mix(*old, new));
            }
        }
        self
    }

    /// The picture.
    pub(crate) fn done(self) -> Picture {
        self.picture
    }
}

/// A shape without bounds.
pub(crate) fn everywhere<F: FnMut(Point) -> f64>(distance: F) -> Shape<F> {
    Shape { distance, bounds: [[f64::NEG_INFINITY; 2], [f64::INFINITY; 2]] }
}

/// A line from `from` to `to` with round ends; a disc where they are the same.
pub(crate) fn line(from: Point, to: Point, half_width: f64) -> Shape<impl Fn(Point) -> f64> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let distance = move |[x, y]: Point| {
        let (x, y) = (x - from[0], y - from[1]);
        let share = if length > 0.0 { ((x * along[0] + y * along[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
        (x - share * along[0]).hypot(y - share * along[1]) - half_width
    };
    let low = std::array::from_fn(|axis| from[axis].min(to[axis]) - half_width);
    let high = std::array::from_fn(|axis| from[axis].max(to[axis]) + half_width);
    Shape { distance, bounds: [low, high] }
}

/// A disc.
pub(crate) fn disc(centre: Point, radius: f64) -> Shape<impl Fn(Point) -> f64> {
    line(centre, centre, radius)
}

/// A rectangle of this half width and half height, turned to the left by `angle` radians.
pub(crate) fn rectangle(centre: Point, half: Point, angle: f64) -> Shape<impl Fn(Point) -> f64> {
    let (sin, cos) = angle.sin_cos();
    let distance = move |[x, y]: Point| {
        let (x, y) = (x - centre[0], y - centre[1]);
        let [x, y] = [(x * cos + y * sin).abs() - half[0], (y * cos - x * sin).abs() - half[1]];
        x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0)
    };
    let reach = [half[0] * cos.abs() + half[1] * sin.abs(), half[0] * sin.abs() + half[1] * cos.abs()];
    let bounds = [-1.0, 1.0].map(|side| std::array::from_fn(|axis| centre[axis] + side * reach[axis]));
    Shape { distance, bounds }
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
        near((disc([1.0, 0.0], 0.5).distance)([1.0, 2.0]), 1.5);
        near((line([0.0, 0.0], [2.0, 0.0], 0.25).distance)([1.0, -1.0]), 0.75);
        near((line([0.0, 0.0], [2.0, 0.0], 0.25).distance)([5.0, 4.0]), 4.75);
        near((rectangle([0.0, 0.0], [2.0, 1.0], std::f64::consts::FRAC_PI_2).distance)([0.0, 3.0]), 1.0);
        near((rectangle([0.0, 0.0], [2.0, 1.0], 0.0).distance)([0.0, 0.0]), -1.0);
    }

    #[test]
    fn an_edge_through_a_pixel_covers_half_of_it() {
        let picture = Sketch::new(4, [0.0, 0.0], [4.0, 1.0]).paint([0; 3], everywhere(|[x, _]| x - 1.5)).done();
        assert_eq!([0, 1, 2].map(|column| pixel(&picture, column, 0)[0]), [0, 128, 255]);
    }

    #[test]
    fn nothing_of_a_shape_is_lost_beyond_its_bounds() {
        let sketch = || Sketch::new(50, [-3.0, -2.0], [2.0, 2.0]);
        for step in 0..60 {
            let (angle, at) = (0.1 * f64::from(step), [0.1 * f64::from(step) - 3.5, 0.05 * f64::from(step) - 1.0]);
            let (from, to) = (at, [at[0] + angle.sin(), at[1] - angle.cos()]);
            let bar = sketch().paint([9; 3], rectangle(at, [1.0, 0.13], angle)).done();
            assert!(bar == sketch().paint([9; 3], everywhere(rectangle(at, [1.0, 0.13], angle).distance)).done());
            let stroke = sketch().paint([9; 3], line(from, to, 0.17)).done();
            assert!(stroke == sketch().paint([9; 3], everywhere(line(from, to, 0.17).distance)).done());
        }
    }
}
