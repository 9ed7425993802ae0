//! The panels.

use super::canvas::{Canvas, Colour, mixed};
use super::{FADE, Grid, Places, Ring};
use innate_envs::Array;
use innate_rewards::bearing::Vector;

/// Elements of a row of `mover.events`: x, y, centre's x and y, age, cells.
pub(super) const EVENT: usize = 6;
/// Elements of a row of `faces`: x, y, size, score.
pub(super) const FACE: usize = 4;

/// Widths of a frame per step that flow shows in full brightness: 2 pixels of 84.
const FASTEST: f32 = 1.0 / 42.0;
/// How much of the frame's brightness is left where something is drawn over it.
const DIM: f32 = 0.6;
/// The least heat that shows, and how opaque the least and a whole 1 are: enough for the palette of films to tell them apart.
const HEAT: f32 = 0.1;
const OPACITY: [f32; 2] = [0.3, 0.7];

const FIXATION: Colour = [255, 204, 0];
const EVENTS: Colour = [0, 255, 255];
const HANDS: Colour = [255, 51, 0];
const FACES: Colour = [102, 204, 255];
const GAZE: Colour = [255, 102, 255];

/// A panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    Retina,
    Flow,
    Hands,
    Gaze,
}

/// The percepts of one step.
pub(super) struct Percepts<'a> {
    pub(super) places: &'a Places,
    pub(super) arrays: &'a [Array],
    /// Pixels of a panel to one of the frame.
    pub(super) scale: usize,
}

impl Panel {
    pub(super) const ALL: [Self; 4] = [Self::Retina, Self::Flow, Self::Hands, Self::Gaze];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Retina => "retina",
            Self::Flow => "flow",
            Self::Hands => "events, hands",
            Self::Gaze => "gaze",
        }
    }

    pub(super) fn draw(self, seen: &Percepts<'_>, rings: &[Ring]) -> Canvas {
        match self {
            Self::Retina => seen.retina(),
            Self::Flow => seen.flow(),
            Self::Hands => seen.hands(rings),
            Self::Gaze => seen.gaze(),
        }
    }
}

impl Percepts<'_> {
    /// The events of this step.
    pub(super) fn events(&self) -> impl Iterator<Item = Ring> {
        let rows = self.f32(self.places.events).chunks_exact(EVENT).filter(|row| row[EVENT - 1] > 0.0);
        rows.map(|row| Ring { event: [row[2], row[3]], mover: [row[0], row[1]], age: 0 })
    }

    fn retina(&self) -> Canvas {
        let mut canvas = self.frame(1.0, None);
        let fixated = self.places.fixation.and_then(|grid| {
            let cell = self.f32(Some(grid.place)).iter().position(|&here| here > 0.5)?;
            Some((grid, cell / grid.columns, cell % grid.columns))
        });
        if let Some((grid, row, column)) = fixated {
            let [height, width] = self.places.size.map(|side| side * self.scale);
            let edge = |place: usize, cells: usize, pixels: usize| (place * pixels / cells) as i32;
            let [left, right] = [column, column + 1].map(|column| edge(column, grid.columns, width));
            let [top, bottom] = [row, row + 1].map(|row| edge(row, grid.rows, height));
            canvas.frame([left, top, right, bottom], FIXATION, 1.0);
        }
        canvas
    }

    fn flow(&self) -> Canvas {
        let [height, width] = self.places.size;
        let (dx, dy) = self.f32(self.places.flow).split_at(height * width);
        let fastest = FASTEST * width as f32;
        Canvas::of_squares([width, height], self.scale, |x, y| {
            let (dx, dy) = (dx[y * width + x], dy[y * width + x]);
            hue(dy.atan2(dx).to_degrees(), (dx.hypot(dy) / fastest).min(1.0))
        })
    }

    fn hands(&self, rings: &[Ring]) -> Canvas {
        let mut canvas = self.frame(DIM, self.places.hands.map(|grid| (grid, HANDS)));
        let radius = (3 * self.scale) as f32;
        for ring in rings {
            let left = 1.0 - ring.age as f32 / FADE as f32;
            let wide = radius * (2.0 - left);
            canvas.ring(self.at(ring.event), [wide, wide + 2.0], EVENTS, left);
            canvas.ring(self.at(ring.mover), [0.0, 2.5], EVENTS, left);
        }
        canvas
    }

    fn gaze(&self) -> Canvas {
        let mut canvas = self.frame(DIM, self.places.gaze_map.map(|grid| (grid, GAZE)));
        let faces = self.f32(self.places.faces);
        let gazes = self.f32(self.places.gazes);
        let mut gazes = gazes.chunks_exact((gazes.len() / (faces.len() / FACE).max(1)).max(1));
        for face in faces.chunks_exact(FACE) {
            let gaze = gazes.next();
            if face[2] <= 0.0 {
                continue;
            }
            let (centre, half) = (self.at([face[0], face[1]]), face[2] / 2.0 * self.scale as f32);
            let edge = |axis: usize, side: f32| (centre[axis] + side * half).round() as i32;
            canvas.frame([edge(0, -1.0), edge(1, -1.0), edge(0, 1.0), edge(1, 1.0)], FACES, 1.0);
            if let Some(direction) = gaze.and_then(|row| Vector::decode(row.get(1..)?).unit()) {
                // Far enough to leave the panel.
                let length = (self.places.size[0] + self.places.size[1]) as f32 * self.scale as f32;
                let end = [centre[0] + length * direction.x, centre[1] + length * direction.y];
                canvas.line(centre, end, GAZE, 0.8);
            }
        }
        canvas
    }

    /// The frame at a share of its brightness, under the heat of a map.
    fn frame(&self, brightness: f32, heat: Option<(Grid, Colour)>) -> Canvas {
        let [height, width] = self.places.size;
        let pixels = self.arrays.get(self.places.frame).and_then(Array::as_u8).unwrap_or_default();
        let heat = heat.map(|(grid, colour)| (grid, colour, self.f32(Some(grid.place))));
        Canvas::of_squares([width, height], self.scale, |x, y| {
            let grey = (brightness * f32::from(pixels[y * width + x])) as u8;
            match heat {
                None => [grey; 3],
                Some((grid, colour, map)) => {
                    let cell = y * grid.rows / height * grid.columns + x * grid.columns / width;
                    mixed([grey; 3], colour, opacity(map[cell]))
                }
            }
        })
    }

    /// A place of the frame in a panel: pixel centres lie at whole numbers in both.
    fn at(&self, place: [f32; 2]) -> [f32; 2] {
        place.map(|place| (place + 0.5) * self.scale as f32 - 0.5)
    }

    /// The numbers of a percept; none if the run does not have it.
    fn f32(&self, place: Option<usize>) -> &[f32] {
        place.and_then(|place| self.arrays.get(place)?.as_f32()).unwrap_or_default()
    }
}

/// How opaque heat is drawn.
fn opacity(heat: f32) -> f32 {
    let [least, most] = OPACITY;
    if heat < HEAT { 0.0 } else { least + (most - least) * (heat.min(1.0) - HEAT) / (1.0 - HEAT) }
}

/// The colour of a hue (degrees; 0 red, 120 green, 240 blue) at a brightness.
fn hue(degrees: f32, brightness: f32) -> Colour {
    let part = |centre: f32| {
        let away = ((degrees - centre + 540.0).rem_euclid(360.0) - 180.0).abs();
        (255.0 * brightness * ((120.0 - away) / 60.0).clamp(0.0, 1.0)).round() as u8
    };
    [0.0, 120.0, 240.0].map(part)
}
