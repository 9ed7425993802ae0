//! Films of every format, whole and damaged, and how they are looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use innate_envs::video::{AtEnd, Film, Films, Moves, Start, VideoOptions};
use innate_envs::{Env, Observation, check_env, standard, video};
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const WIDTH: u32 = 8;
const HEIGHT: u32 = 6;

/// Frame `t` of the test film: a ramp whose brightness grows with time; no two pixels of a frame are alike.
fn frame(t: u8) -> Vec<u8> {
    (0..48).map(|i| 3 * i + 10 * t).collect()
}

fn small(path: &Path) -> VideoOptions {
    VideoOptions { width: WIDTH, height: HEIGHT, columns: 4, rows: 3, ..VideoOptions::new(path) }
}

fn y4m(frames: u8) -> Vec<u8> {
    let mut bytes = b"YUV4MPEG2 W8 H6 F25:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".to_vec();
    for t in 0..frames {
        bytes.extend(b"FRAME\n");
        bytes.extend(frame(t));
    }
    bytes
}

/// A folder with `film.y4m` of five frames in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.y4m");
    fs::write(&path, y4m(5)).unwrap();
    (folder, path)
}

fn frames(options: &VideoOptions) -> Vec<Vec<u8>> {
    let film = Film::read(options).unwrap_or_else(|error| panic!("{error}"));
    (0..film.len()).map(|number| film.frame(number).to_vec()).collect()
}

fn refused(options: &VideoOptions) -> String {
    Film::read(options).err().expect("an error").to_string()
}

fn built(options: &VideoOptions) -> (Box<dyn Env>, Observation) {
    let env = video::build(options.clone(), &Films::default()).unwrap_or_else(|error| panic!("{error}"));
    let seen = env.spec().buffer();
    (env, seen)
}

fn array(seen: &Observation, place: usize) -> &[u8] {
    seen.arrays[place].as_u8().unwrap()
}

fn fixated(seen: &Observation) -> usize {
    seen.arrays[3].as_f32().unwrap().iter().position(|here| *here == 1.0).unwrap()
}

#[test]
fn a_y4m_is_read_as_it_is() {
    let (_folder, path) = folder();
    assert_eq!(frames(&small(&path)), (0..5).map(frame).collect::<Vec<_>>());
}

#[test]
fn every_takes_each_nth_frame() {
    let (_folder, path) = folder();
    let options = VideoOptions { every: NonZeroU32::new(2).unwrap(), ..small(&path) };
    assert_eq!(frames(&options), [0, 2, 4].map(frame));
}

#[test]
fn a_part_of_a_film_is_taken_and_is_a_film_of_its_own() {
    let (_folder, path) = folder();
    let films = Films::default();
    let part = |from: u32, every: u32, most: u32| {
        let (every, most) = (NonZeroU32::new(every).unwrap(), NonZeroU32::new(most));
        let film = films.get(&VideoOptions { from, every, frames: most, ..small(&path) }).unwrap();
        (0..film.len()).map(|number| film.frame(number).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(part(3, 1, 0), [3, 4].map(frame));
    assert_eq!(part(1, 2, 0), [1, 3].map(frame));
    assert_eq!(part(0, 1, 2), [0, 1].map(frame));
    assert_eq!(part(2, 1, 2), [2, 3].map(frame));
}

#[test]
fn a_film_is_read_no_further_than_the_last_frame_that_is_taken() {
    let (_folder, path) = folder();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let part = |from, frames| VideoOptions { from, frames: NonZeroU32::new(frames), ..small(&path) };
    assert_eq!(frames(&part(1, 3)), [1, 2, 3].map(frame));
    assert!(refused(&part(1, 4)).contains("it ends in the middle of frame 4"));
    assert!(refused(&part(0, 1)).contains("has 1 frame (with `every` = 1, `frames` = 1); it needs at least 2"));
}

#[test]
fn a_picture_that_asks_for_gigabytes_is_refused() {
    let (_folder, path) = folder();
    // A screen of 65535 x 65535 pixels, a frame of one.
    let screen = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff".as_slice();
    let frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0".as_slice();
    fs::write(&path, [screen, frame, b";"].concat()).unwrap();
    assert!(refused(&small(&path)).contains("is damaged or not a film"));
}

#[test]
fn a_folder_of_pictures_is_shown_in_the_order_of_the_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, t) in [("b.PNG", 1), ("a.png", 0), ("c.png", 2)] {
        let picture = image::GrayImage::from_raw(WIDTH, HEIGHT, frame(t)).unwrap();
        picture.save_with_format(folder.path().join(name), image::ImageFormat::Png).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "not a picture").unwrap();
    assert_eq!(frames(&small(folder.path())), [0, 1, 2].map(frame));
}

#[test]
fn pictures_of_a_folder_may_differ_in_size_and_format() {
    let folder = tempfile::tempdir().unwrap();
    image::GrayImage::from_pixel(16, 12, image::Luma([90])).save(folder.path().join("a.jpg")).unwrap();
    image::RgbImage::from_pixel(3, 5, image::Rgb([200, 200, 200])).save(folder.path().join("b.png")).unwrap();
    assert_eq!(frames(&small(folder.path())), [vec![90; 48], vec![200; 48]]);
}

/// A GIF of 2x2 pixels with four grey levels: a full frame, then patches of one pixel with each way of disposal.
fn gif() -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend([2, 0, 2, 0, 0b1000_0001, 0, 0]); // 2x2, a palette of four, background 0
    bytes.extend([0, 0, 0, 50, 50, 50, 100, 100, 100, 250, 250, 250]);
    // Disposal (1 keep, 2 background, 3 previous), left, top, width, height, pixels of two bits.
    for (disposal, [left, top, width, height], pixels) in [
        (1_u8, [0, 0, 2, 2], vec![1_u8, 1, 1, 1]),
        (3, [0, 0, 1, 1], vec![3]),
        (1, [1, 0, 1, 1], vec![2]),
        (2, [0, 1, 1, 1], vec![3]),
        (1, [1, 1, 1, 1], vec![3]),
    ] {
        bytes.extend([0x21, 0xf9, 4, disposal << 2, 4, 0, 0, 0]);
        bytes.extend([0x2c, left, 0, top, 0, width, 0, height, 0, 0, 2]);
        // Codes of three bits: clear (4) before every pixel keeps the width of the codes, end (5).
        let codes = pixels.iter().flat_map(|pixel| [4, *pixel]).chain([5]);
        let packed = codes.enumerate().fold(0_u64, |sum, (i, code)| sum | u64::from(code) << (3 * i)).to_le_bytes();
        bytes.push(8);
        bytes.extend(packed);
        bytes.push(0);
    }
    bytes.push(0x3b);
    bytes
}

#[test]
fn each_gif_frame_is_drawn_over_what_the_one_before_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.gif");
    fs::write(&path, gif()).unwrap();
    let options = VideoOptions { width: 2, height: 2, columns: 1, rows: 1, ..VideoOptions::new(&path) };
    let shown = [[50, 50, 50, 50], [250, 50, 50, 50], [50, 100, 50, 50], [50, 100, 250, 50], [50, 100, 0, 250]];
    assert_eq!(frames(&options), shown);
}

#[test]
fn the_clip_of_the_repository_is_whole_and_needs_no_program() {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/clips/held_bottle.gif");
    let film = Film::read(&VideoOptions::new(clip)).unwrap();
    assert_eq!(film.len(), 109);
    let changed = |t: u32| film.frame(t).iter().zip(film.frame(t + 1)).filter(|(a, b)| a.abs_diff(**b) > 20).count();
    let shares: Vec<usize> = (0..108).map(changed).collect();
    assert!(shares.iter().all(|share| *share < 96 * 72 / 4), "no cut: {shares:?}");
    assert!(shares.iter().filter(|share| **share > 20).count() > 30, "the hand moves: {shares:?}");
}

#[test]
fn a_film_that_cannot_be_shown_is_refused_with_a_sentence() {
    let (folder, path) = folder();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        small(&path)
    };
    let refusals = [
        (small(&folder.path().join("none.mp4")), "none.mp4`: No such file"),
        (write("empty.gif", b""), "empty.gif` is damaged or not a film: it is empty"),
        (write("cut.y4m", &y4m(5)[..200]), "cut.y4m` is damaged or not a film: it ends in the middle of frame 2"),
        (write("header.y4m", b"YUV4MPEG2 W8"), "a line of its text has no end"),
        (write("size.y4m", b"YUV4MPEG2 W8 Hx\n"), "its header says `Hx` (allowed: H1 to H16384)"),
        (write("deep.y4m", b"YUV4MPEG2 W8 H6 C420p10\n"), "its colour space `420p10` is not read here"),
        (write("odd.y4m", b"YUV4MPEG2 W8 H6 Cmono\nFRAM\n"), "frame 0 begins with `FRAM` instead of `FRAME`"),
        (write("one.y4m", &y4m(1)), "one.y4m` has 1 frame (with `every` = 1); it needs at least 2 frames"),
        (write("cut.gif", &gif()[..60]), "cut.gif` is damaged or not a film: frame"),
        (write("bad.gif", b"GIF89a"), "bad.gif` is damaged or not a film: "),
        (small(folder.path()), "the folder holds no picture (*.png, *.jpg, *.jpeg)"),
        (VideoOptions { every: NonZeroU32::new(9).unwrap(), ..small(&path) }, "has 1 frame (with `every` = 9)"),
        (VideoOptions { from: 4, ..small(&path) }, "has 1 frame (with `from` = 4, `every` = 1)"),
        (VideoOptions { memory: 0, ..small(&path) }, "needs more than the 0 bytes that `memory` = 0 MiB allows"),
        (
            VideoOptions { width: 9, ..small(&path) },
            "`width` = 9 is not a multiple of `columns` = 4 (nearest: 8 and 12)",
        ),
        (VideoOptions { rows: 0, ..small(&path) }, "`rows` = 0 is out of range (allowed: 1 to 6)"),
    ];
    for (options, sentence) in refusals {
        let message = refused(&options);
        assert!(message.contains(sentence), "{message}\n(expected: {sentence})");
    }
    fs::write(folder.path().join("a.png"), b"\x89PNG\r\n\x1a\nnothing").unwrap();
    let message = refused(&small(folder.path()));
    assert!(message.contains("picture `a.png`: "), "{message}");
}

#[test]
fn a_film_of_another_format_goes_through_ffmpeg() {
    if std::process::Command::new("ffmpeg").arg("-version").output().is_err() {
        eprintln!("skipped: the program ffmpeg is not on PATH");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, path) = (folder.path().join("film.y4m"), folder.path().join("-film:1.mkv"));
    fs::write(&source, y4m(5)).unwrap();
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(&source)
        .args(["-c:v", "ffv1", "-pix_fmt", "gray"])
        .arg(format!("file:{}", path.display()))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(frames(&small(&path)), (0..5).map(frame).collect::<Vec<_>>());

    let whole = fs::read(&path).unwrap();
    let noise = folder.path().join("noise.mp4");
    fs::write(&noise, &whole[whole.len() / 2..]).unwrap();
    let message = refused(&small(&noise));
    assert!(message.contains("noise.mp4` is damaged or not a film: ffmpeg could not decode it ("), "{message}");
    fs::write(&path, &whole[..whole.len() * 3 / 4]).unwrap();
    let message = refused(&small(&path));
    assert!(message.contains("-film:1.mkv` is damaged or not a film: it ends too early"), "{message}");
}

#[test]
fn fixation_is_covert_and_the_patch_is_the_fixated_cell() {
    let (_folder, path) = folder();
    let (mut env, mut seen) = built(&VideoOptions { start: Start::First, ..small(&path) });
    env.reset(Some(1), &mut seen).unwrap();
    for (t, action) in [(1, 1), (2, 3), (3, 2), (4, 0), (0, 4)] {
        env.step(action, &mut seen).unwrap();
        assert_eq!(array(&seen, 0), frame(t));
        let (row, column) = (fixated(&seen) / 4, fixated(&seen) % 4);
        let cell = [0, 1, 8, 9].map(|at| frame(t)[16 * row + 2 * column + at]);
        assert_eq!(array(&seen, 2), cell);
        assert_eq!(array(&seen, 1).len(), 8 * 6);
    }
    let picture = env.picture().unwrap();
    assert_eq!((picture.width, picture.height, picture.rgb.len()), (8, 6, 3 * 48));
}

#[test]
fn where_the_film_ends_the_episode_is_truncated() {
    let (_folder, path) = folder();
    let (mut env, mut seen) = built(&VideoOptions { at_end: AtEnd::End, start: Start::First, ..small(&path) });
    env.reset(Some(0), &mut seen).unwrap();
    let ends: Vec<_> = (0..4).map(|_| env.step(0, &mut seen).unwrap()).map(|s| (s.terminated, s.truncated)).collect();
    assert_eq!(ends, [(false, false), (false, false), (false, false), (false, true)]);
    assert_eq!(array(&seen, 0), frame(4));
}

#[test]
fn episodes_start_anywhere_and_the_seed_says_where() {
    let (_folder, path) = folder();
    let (mut env, mut seen) = built(&small(&path));
    let mut starts = |seed| {
        env.reset(seed, &mut seen).unwrap();
        (array(&seen, 0)[0] / 10, fixated(&seen))
    };
    let first: Vec<_> = (0..100).map(|i| starts((i == 0).then_some(5))).collect();
    let second: Vec<_> = (0..100).map(|i| starts((i == 0).then_some(5))).collect();
    assert_eq!(first, second);
    assert!((0..5).all(|frame| first.iter().any(|start| start.0 == frame)));
    assert!((0..12).all(|cell| first.iter().any(|start| start.1 == cell)));
}

#[test]
fn every_way_of_looking_keeps_the_promises() {
    let (_folder, path) = folder();
    for at_end in [AtEnd::Loop, AtEnd::Swing, AtEnd::End] {
        for moves in [Moves::Steps, Moves::Saccades] {
            let (mut env, _) = built(&VideoOptions { at_end, moves, ..small(&path) });
            check_env(&mut *env).unwrap_or_else(|error| panic!("{at_end:?} {moves:?}: {error}"));
        }
    }
}

#[test]
fn environments_of_equal_options_share_one_film() {
    let (_folder, path) = folder();
    let films = Films::default();
    let first = films.get(&small(&path)).unwrap();
    let jumping = VideoOptions { moves: Moves::Saccades, ..small(&path) };
    assert!(Arc::ptr_eq(&first, &films.get(&jumping).unwrap()));
    let sparse = VideoOptions { every: NonZeroU32::new(2).unwrap(), ..small(&path) };
    assert!(!Arc::ptr_eq(&first, &films.get(&sparse).unwrap()));
}

#[test]
fn a_state_saved_with_another_film_is_refused() {
    let (folder, path) = folder();
    let other = folder.path().join("other.y4m");
    fs::write(&other, y4m(4)).unwrap();
    let (mut first, mut seen) = built(&small(&path));
    first.reset(Some(1), &mut seen).unwrap();
    let message = built(&small(&other)).0.load(&first.save().unwrap()).unwrap_err().to_string();
    assert!(message.contains("it was saved with another film"), "{message}");
}

#[test]
fn the_resolved_options_name_every_default() {
    let (_folder, path) = folder();
    let table = toml::Table::from_iter([("path".to_string(), path.to_str().unwrap().into())]);
    let (_, resolved) = standard().build("video", &table, "env").unwrap();
    let shown = resolved.iter().filter(|(key, _)| *key != "path").map(|(key, value)| format!("{key}={value}"));
    assert_eq!(
        shown.collect::<Vec<_>>().join(" "),
        "at_end=\"loop\" columns=8 every=1 from=0 height=72 max_episode_steps=128 memory=1024 moves=\"steps\" rows=6 \
         start=\"random\" width=96"
    );
}
