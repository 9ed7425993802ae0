#![allow(clippy::unwrap_used)]
use super::*;
use innate_rewards::bearing::Vector;

/// Height and width of the frame, and the sides of the grid over it.
const SIZE: [usize; 2] = [24, 32];
const GRID: [usize; 2] = [3, 4];
/// Pixels of a panel to one of the frame.
const SCALE: usize = 8;

/// Percepts of these names, all zero.
fn percepts(names: &[&str]) -> (Vec<ArraySpec>, Vec<Array>) {
    let spec = |name: &&str| match *name {
        "frame" => ArraySpec::u8(name, &[1, SIZE[0], SIZE[1]]),
        "flow" => ArraySpec::f32(name, &[2, SIZE[0], SIZE[1]], -9.0, 9.0),
        "mover.events" => ArraySpec::f32(name, &[4, 6], 0.0, 99.0),
        "faces" => ArraySpec::f32(name, &[2, 4], 0.0, 99.0),
        "gaze/gaze.faces" => ArraySpec::f32(name, &[2, 17], -1.0, 1.0),
        "observation" => ArraySpec::f32(name, &[4], -1.0, 1.0),
        _ => ArraySpec::f32(name, &GRID, 0.0, 1.0),
    };
    let specs: Vec<ArraySpec> = names.iter().map(spec).collect();
    let arrays = specs.iter().map(ArraySpec::zeros).collect();
    (specs, arrays)
}

fn f32_mut(array: &mut Array) -> &mut [f32] {
    array.as_f32_mut().unwrap()
}

/// The colour in panel `panel` at the middle of the frame's pixel (x, y).
fn colour(picture: &Picture, panel: usize, [x, y]: [usize; 2]) -> [u8; 3] {
    let column = panel * (SIZE[1] * SCALE + GAP) + x * SCALE + SCALE / 2;
    let row = HEAD + y * SCALE + SCALE / 2;
    let start = 3 * (row * picture.width + column);
    picture.rgb[start..start + 3].try_into().unwrap()
}

/// How many pixels of panel `panel` are not black.
fn lit(picture: &Picture, panel: usize) -> usize {
    let left = panel * (SIZE[1] * SCALE + GAP);
    let rows = picture.rgb.chunks_exact(3 * picture.width).skip(HEAD);
    let pixels = rows.flat_map(|row| row[3 * left..3 * (left + SIZE[1] * SCALE)].chunks_exact(3));
    pixels.filter(|pixel| pixel.iter().any(|&part| part > 0)).count()
}

#[test]
fn without_a_frame_there_is_no_picture() {
    assert!(Overlay::new(&percepts(&["observation"]).0).is_none());
    assert!(Overlay::new(&percepts(&[]).0).is_none());
}

#[test]
fn panels_are_those_whose_percepts_there_are() {
    let panels = |names: &[&str]| {
        let (specs, arrays) = percepts(names);
        let mut overlay = Overlay::new(&specs).unwrap();
        let picture = overlay.draw(&arrays);
        assert_eq!(picture.rgb.len(), 3 * picture.width * picture.height);
        assert_eq!(picture.width, overlay.panels.len() * (SIZE[1] * SCALE + GAP) - GAP);
        overlay.panels
    };
    assert_eq!(panels(&["frame"]), [Panel::Retina]);
    assert_eq!(panels(&["frame", "fixation", "flow"]), [Panel::Retina, Panel::Flow]);
    assert_eq!(panels(&["hand.map", "gaze.map", "frame"]), [Panel::Retina, Panel::Hands, Panel::Gaze]);
    assert_eq!(panels(&["frame", "flow", "mover.events", "faces"]), Panel::ALL);
}

#[test]
fn the_fixated_cell_is_boxed() {
    let (specs, mut arrays) = percepts(&["frame", "fixation"]);
    f32_mut(&mut arrays[1])[GRID[1] + 2] = 1.0;
    let picture = Overlay::new(&specs).unwrap().draw(&arrays);
    // Row 1, column 2 of a 3 x 4 grid: from (16, 8) to (24, 16), its frame two pixels wide.
    let cell = SCALE * SIZE[0] / GRID[0];
    assert_eq!(lit(&picture, 0), cell * cell - (cell - 4) * (cell - 4));
    let corner = 3 * ((HEAD + cell) * picture.width + 2 * cell);
    assert_eq!(picture.rgb[corner..corner + 3], [255, 204, 0]);
}

#[test]
fn flow_to_the_right_is_red_and_brighter_the_faster() {
    let shown = |dx: f32, dy: f32| {
        let (specs, mut arrays) = percepts(&["frame", "flow"]);
        let (xs, ys) = f32_mut(&mut arrays[1]).split_at_mut(SIZE[0] * SIZE[1]);
        xs.fill(dx);
        ys.fill(dy);
        colour(&Overlay::new(&specs).unwrap().draw(&arrays), 1, [5, 5])
    };
    assert_eq!(shown(9.0, 0.0), [255, 0, 0]);
    assert_eq!(shown(0.0, 0.0), [0, 0, 0]);
    assert_eq!(shown(-9.0, 0.0), [0, 255, 255]);
    let [red, green, blue] = shown(0.4, 0.0);
    assert!(red > 110 && red < 160 && green == 0 && blue == 0, "{red}");
    let ([_, down, _], [_, _, up]) = (shown(0.0, 9.0), shown(0.0, -9.0));
    assert_eq!((down, up), (255, 255));
}

#[test]
fn an_event_draws_a_ring_that_fades() {
    let (specs, mut arrays) = percepts(&["frame", "mover.events"]);
    let mut overlay = Overlay::new(&specs).unwrap();
    assert_eq!(lit(&overlay.draw(&arrays), 1), 0);
    f32_mut(&mut arrays[1])[..6].copy_from_slice(&[4.0, 4.0, 16.0, 12.0, 7.0, 3.0]);
    let shown = overlay.draw(&arrays);
    assert_eq!(colour(&shown, 1, [4, 4]), [0, 255, 255], "a dot where the mover was");
    assert_eq!(colour(&shown, 1, [16, 12]), [0, 0, 0], "a ring is empty");
    assert_eq!(colour(&shown, 1, [19, 12]), [0, 255, 255], "and lies around the event");
    f32_mut(&mut arrays[1]).fill(0.0);
    let brightness: Vec<u8> = (0..FADE).map(|_| colour(&overlay.draw(&arrays), 1, [4, 4])[1]).collect();
    assert!(brightness.is_sorted_by(|one, next| one > next) && brightness[7] == 0, "{brightness:?}");
}

#[test]
fn a_new_episode_shows_no_event_of_the_last() {
    let (specs, mut arrays) = percepts(&["frame", "mover.events"]);
    let mut overlay = Overlay::new(&specs).unwrap();
    f32_mut(&mut arrays[1])[..6].copy_from_slice(&[4.0, 4.0, 16.0, 12.0, 7.0, 3.0]);
    overlay.draw(&arrays);
    overlay.end_episode();
    f32_mut(&mut arrays[1]).fill(0.0);
    assert_eq!(lit(&overlay.draw(&arrays), 1), 0);
}

#[test]
fn heat_lies_on_its_cells_alone() {
    let (specs, mut arrays) = percepts(&["frame", "hand.map"]);
    f32_mut(&mut arrays[1])[5] = 1.0;
    f32_mut(&mut arrays[1])[6] = -1.0;
    let picture = Overlay::new(&specs).unwrap().draw(&arrays);
    assert_eq!(lit(&picture, 1), (8 * SCALE) * (8 * SCALE));
    assert!(colour(&picture, 1, [12, 12])[0] > 100, "row 1, column 1");
}

#[test]
fn a_ray_leaves_the_face_along_its_gaze() {
    let (specs, mut arrays) = percepts(&["frame", "faces", "gaze/gaze.faces"]);
    f32_mut(&mut arrays[1])[..4].copy_from_slice(&[10.0, 12.0, 6.0, 0.9]);
    // It looks to the right.
    let values = (0..16).map(|k| Vector::of_action(k, 16).pay(Vector { x: 1.0, y: 0.0 }));
    f32_mut(&mut arrays[2])[1..17].iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
    let picture = Overlay::new(&specs).unwrap().draw(&arrays);
    let [ray, behind] = [[30, 12], [2, 12]].map(|place| colour(&picture, 1, place));
    assert!(ray[0] > 150 && ray[2] > 150 && behind == [0, 0, 0], "{ray:?} {behind:?}");
}
