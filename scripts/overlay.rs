//! What a run perceives, as a picture for people: panels side by side, each made of percepts by name.
//!
//! | panel | percepts | shown |
//! |---|---|---|
//! | retina | `frame`, `fixation` | the frame, the fixated cell boxed |
//! | flow | `flow` | hue: where to (red right, green-yellow down, blue-green left, violet up); brightness: how fast |
//! | hands | `mover.events`, `hand.map` | a ring where something was moved, which fades, with a dot where what moved it was; heat where the hand area sees hands |
//! | gaze | `faces`, `gaze/gaze.faces`, `gaze.map` | boxed faces, a ray along the decoded gaze of each, heat where gaze points |
//!
//! A panel is left out where a run has none of its percepts. Frames may have any size; they are scaled up to about `SIDE`
//! pixels.

mod canvas;
mod panels;

use canvas::{Canvas, LETTER};
use innate_envs::{Array, ArraySpec, Kind, Picture};
use panels::{Panel, Percepts};

/// About how many pixels a panel is wide.
const SIDE: usize = 252;
/// A pixel of the frame becomes at most a square of so many.
const LARGEST: usize = 8;
/// Pixels between panels.
const GAP: usize = 4;
/// Pixels above panels, for their names.
const HEAD: usize = LETTER + 4;
/// Steps over which the ring of an event fades.
const FADE: u32 = 8;

const PAPER: canvas::Colour = [16, 16, 18];
const INK: canvas::Colour = [208, 208, 208];

/// Makes pictures of what a run perceives.
pub struct Overlay {
    places: Places,
    panels: Vec<Panel>,
    scale: usize,
    /// Events that still show.
    rings: Vec<Ring>,
}

/// Where the percepts that are shown stand among those of the run.
#[derive(Clone, Debug, Default)]
struct Places {
    /// Height and width of the frame.
    size: [usize; 2],
    frame: usize,
    flow: Option<usize>,
    events: Option<usize>,
    fixation: Option<Grid>,
    hands: Option<Grid>,
    faces: Option<usize>,
    gazes: Option<usize>,
    gaze_map: Option<Grid>,
}

/// A percept over the cells of the frame.
#[derive(Clone, Copy, Debug)]
struct Grid {
    place: usize,
    rows: usize,
    columns: usize,
}

/// An event that shows.
#[derive(Clone, Copy, Debug)]
struct Ring {
    /// Where something was moved, in pixels of the frame.
    event: [f32; 2],
    /// Where what moved it was.
    mover: [f32; 2],
    /// Steps that it has been shown.
    age: u32,
}

impl Overlay {
    /// For a run of these percepts; nothing where it has no grey `frame`.
    pub fn new(percepts: &[ArraySpec]) -> Option<Self> {
        let places = Places::new(percepts)?;
        let has = |panel: &Panel| match panel {
            Panel::Retina => true,
            Panel::Flow => places.flow.is_some(),
            Panel::Hands => places.events.is_some() || places.hands.is_some(),
            Panel::Gaze => places.faces.is_some() || places.gaze_map.is_some(),
        };
        let panels = Panel::ALL.into_iter().filter(has).collect();
        let scale = ((SIDE + places.size[1] / 2) / places.size[1]).clamp(1, LARGEST);
        Some(Self { places, panels, scale, rings: Vec::new() })
    }

    /// The picture of one step; steps follow one another.
    pub fn draw(&mut self, percepts: &[Array]) -> Picture {
        let seen = Percepts { places: &self.places, arrays: percepts, scale: self.scale };
        self.rings.iter_mut().for_each(|ring| ring.age += 1);
        self.rings.retain(|ring| ring.age < FADE);
        self.rings.extend(seen.events());
        let [height, width] = self.places.size.map(|side| side * self.scale);
        let count = self.panels.len();
        let mut sheet = Canvas::new(count * (width + GAP) - GAP, HEAD + height, PAPER);
        for (place, panel) in self.panels.iter().enumerate() {
            let x = place * (width + GAP);
            sheet.write(panel.name(), [x as i32 + 2, 2], INK);
            sheet.put(&panel.draw(&seen, &self.rings), x, HEAD);
        }
        sheet.into_picture()
    }

    /// Forgets what still showed: the next step is the first of an episode.
    pub fn end_episode(&mut self) {
        self.rings.clear();
    }
}

impl Places {
    fn new(percepts: &[ArraySpec]) -> Option<Self> {
        let find = |name: &str, kind: Kind, fits: &dyn Fn(&[usize]) -> bool| {
            let fits =
                |spec: &ArraySpec| spec.name == name && spec.kind == kind && !spec.is_empty() && fits(&spec.shape);
            percepts.iter().position(fits)
        };
        let frame = find("frame", Kind::U8, &|shape| matches!(shape, [1, _, _]))?;
        let &[_, height, width] = &percepts[frame].shape[..] else { return None };
        let rows = |name: &str, length: usize| {
            find(name, Kind::F32, &|shape| matches!(shape, [_, elements] if *elements == length))
        };
        let grid = |name: &str| {
            let place = find(name, Kind::F32, &|shape| shape.len() == 2)?;
            let &[rows, columns] = &percepts[place].shape[..] else { return None };
            Some(Grid { place, rows, columns })
        };
        Some(Self {
            size: [height, width],
            frame,
            flow: find("flow", Kind::F32, &|shape| shape == [2, height, width]),
            events: rows("mover.events", panels::EVENT),
            fixation: grid("fixation"),
            hands: grid("hand.map"),
            faces: rows("faces", panels::FACE),
            gazes: find("gaze/gaze.faces", Kind::F32, &|shape| shape.len() == 2),
            gaze_map: grid("gaze.map"),
        })
    }
}

#[cfg(test)]
mod tests;
