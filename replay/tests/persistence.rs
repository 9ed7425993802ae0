//! A replay that was saved is the replay that is loaded, and a file that is not whole is never taken for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use innate_replay::{Batch, Chunk, ColumnSpec, Kind, Replay, Schema};
use safetensors::tensor::{Dtype, SafeTensors};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{Actor, all, random, schema, transitions};
use tempfile::TempDir;

/// Two lanes of ten rows: the first has wrapped and is running, the second is younger and has just ended an episode.
fn mid_wrap() -> Replay {
    let mut replay = Replay::new(schema(), 2, 20).unwrap();
    let mut chunk = Chunk::new(schema());
    for (lane, steps) in [(0, 27), (1, 6)] {
        let mut actor = Actor::new(lane);
        for step in 1..=steps {
            actor.step(step % 6 == 0, step % 4 == 0);
            actor.release(0, &mut chunk);
            replay.insert(lane, &chunk).unwrap();
            chunk.clear();
        }
    }
    replay
}

fn saved(replay: &Replay) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replay.safetensors");
    replay.save(&path).unwrap();
    (folder, path)
}

fn load(path: &Path) -> Result<Replay, String> {
    Replay::load(path, schema(), 2, 20).map_err(|error| error.to_string())
}

#[test]
fn a_loaded_replay_draws_and_grows_like_the_one_that_was_saved() {
    let mut replay = mid_wrap();
    let (_folder, path) = saved(&replay);
    let mut loaded = load(&path).unwrap();
    for lane in 0..2 {
        assert_eq!(all(&loaded, lane), all(&replay, lane));
    }
    let mut rng = random(5);
    for round in 0..20 {
        let draw = |replay: &Replay| {
            let mut batch = Batch::new(replay.schema(), 32);
            replay.sample(&mut rng.clone(), &mut batch).unwrap();
            (batch.places().to_vec(), transitions(&batch))
        };
        assert_eq!(draw(&loaded), draw(&replay));
        rng.jump();
        let (mut actor, mut chunk) = (Actor::new(7 + round), Chunk::new(schema()));
        (0..3).for_each(|step| actor.step(step == round % 3, false));
        actor.release(0, &mut chunk);
        loaded.insert(round % 2, &chunk).unwrap();
        replay.insert(round % 2, &chunk).unwrap();
    }
    let ((_first, first), (_second, second)) = (saved(&replay), saved(&loaded));
    assert!(fs::read(first).unwrap() == fs::read(second).unwrap());
}

#[test]
fn equal_contents_make_equal_files_wherever_the_rings_stand() {
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    (0..9).for_each(|step| actor.step(step == 4, false));
    let mut last = Chunk::new(schema());
    actor.write_head();
    actor.held.move_front(4, &mut chunk).unwrap();
    actor.release(0, &mut last);
    let mut inserted = [Replay::new(schema(), 1, 5).unwrap(), Replay::new(schema(), 1, 5).unwrap()];
    for step in [&chunk, &last] {
        inserted[0].insert(0, step).unwrap();
    }
    last.move_front(last.len(), &mut chunk).unwrap();
    inserted[1].insert(0, &chunk).unwrap();
    let [(_a, first), (_b, second)] = [saved(&inserted[0]), saved(&inserted[1])];
    assert!(fs::read(first).unwrap() == fs::read(second).unwrap());
}

#[test]
fn only_what_is_used_is_saved() {
    let mut replay = Replay::new(schema(), 1, 1_000_000).unwrap();
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    (0..10).for_each(|_| actor.step(false, false));
    actor.release(0, &mut chunk);
    replay.insert(0, &chunk).unwrap();
    let (_folder, path) = saved(&replay);
    assert!(fs::metadata(&path).unwrap().len() < 2_000);
    assert_eq!(all(&Replay::load(&path, schema(), 1, 1_000_000).unwrap(), 0), all(&replay, 0));
}

#[test]
fn an_empty_replay_is_saved_and_loaded_too() {
    let (_folder, path) = saved(&Replay::new(schema(), 2, 20).unwrap());
    assert!(load(&path).unwrap().is_empty());
}

#[test]
fn the_file_is_safetensors_with_one_array_per_column() {
    let (_folder, path) = saved(&mid_wrap());
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    // Two rows more than fit are kept of a lane that is full, as its oldest transitions show them.
    assert_eq!(shape("rows/position"), [2, 12, 2]);
    assert_eq!(shape("rows/action"), [2, 12]);
    assert_eq!(shape("rows/frame"), [2, 12, 1, 3]);
    assert_eq!(shape("head/frame"), [2, 1, 3]);
    let flags = |name: &str| file.tensor(name).unwrap().data().to_vec();
    let (terminated, truncated) = (flags("rows/terminated"), flags("rows/truncated"));
    let rows = (2..12).chain(12..24);
    let ended = rows.filter(|&row| terminated[row] | truncated[row] != 0).count();
    assert_eq!(shape("final/clock"), [ended]);
    assert_eq!(file.tensor("final/clock").unwrap().dtype(), Dtype::I64);
    let clocks = file.tensor("rows/clock").unwrap();
    let oldest = i64::from_le_bytes(clocks.data()[2 * 8..][..8].try_into().unwrap());
    let (lengths, tails) = (flags("lane/length"), flags("lane/tail"));
    assert_eq!((lengths[0], lengths[8]), (10, 6));
    assert_eq!((tails[0], tails[8]), (2, 0));
    assert_eq!(oldest, all(&mid_wrap(), 0)[0].before.clock, "oldest first");
}

#[test]
fn a_file_that_was_cut_short_is_refused() {
    let (_folder, path) = saved(&mid_wrap());
    let whole = fs::read(&path).unwrap();
    for bytes in [0, 5, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..bytes]).unwrap();
        let said = load(&path).unwrap_err();
        assert!(said.contains("damaged") && said.contains(&format!("it has {bytes} bytes")), "{said}");
    }
    fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(load(&path).unwrap_err().contains("damaged"));
    fs::remove_file(&path).unwrap();
    assert!(load(&path).unwrap_err().contains("replay.safetensors"));
}

#[test]
fn no_flipped_bit_makes_loading_panic() {
    let (_folder, path) = saved(&mid_wrap());
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&path, flipped).unwrap();
        if let Ok(replay) = load(&path) {
            (0..2).for_each(|lane| drop(all(&replay, lane)));
        }
    }
}

#[test]
fn a_replay_of_another_shape_is_refused_with_what_differs() {
    let (_folder, path) = saved(&mid_wrap());
    let refused = |schema, lanes, capacity| Replay::load(&path, schema, lanes, capacity).unwrap_err().to_string();
    assert!(refused(schema(), 2, 30).contains("its capacity is 20, not 30"));
    assert!(refused(schema(), 4, 20).contains("its number of lanes is 2, not 4"));
    let with = |change: fn(&mut Vec<ColumnSpec>)| {
        let mut columns = schema().columns().to_vec();
        change(&mut columns);
        Arc::new(Schema::new(columns).unwrap())
    };
    let more = with(|columns| columns.push(ColumnSpec::step("reward/flow", Kind::F32, &[])));
    assert!(refused(more, 2, 20).contains("it has no array `rows/reward/flow`"));
    let fewer = with(|columns| drop(columns.remove(4)));
    assert!(refused(fewer, 2, 20).contains("belongs to no column"));
    let wider = with(|columns| columns[0].shape = vec![3]);
    assert!(refused(wider, 2, 20).contains("its array `rows/position` is F32 [2, 12, 2], not F32 [2, 12, 3]"));
    let other = with(|columns| columns[3].kind = Kind::I64);
    assert!(refused(other, 2, 20).contains("`rows/reward` is F32 [2, 12], not I64 [2, 12]"));
}

#[test]
fn what_cannot_be_written_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("replay");
    assert!(mid_wrap().save(&path).unwrap_err().to_string().contains("missing/replay"));
}

#[test]
fn a_disk_that_refuses_observations_is_an_error_that_names_the_file() {
    let home = tempfile::tempdir().unwrap();
    let mut replay = Replay::on_disk(schema(), 1, 20, 4).unwrap();
    fs::write(home.path().join("file"), b"no folder").unwrap();
    assert!(replay.keep_in(&home.path().join("file/replay")).unwrap_err().to_string().contains("file/replay"));
    let folder = home.path().join("replay");
    replay.keep_in(&folder).unwrap();
    fs::remove_dir(&folder).unwrap();
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    (0..6).for_each(|_| actor.step(false, false));
    actor.release(0, &mut chunk);
    let said = replay.insert(0, &chunk).unwrap_err().to_string();
    assert!(said.contains("replay/observations-0-0-0.rows"), "{said}");
    assert!(Replay::on_disk(schema(), 1, 20, 0).unwrap_err().to_string().contains("a segment of 0 rows"));
}

#[test]
fn a_segment_that_is_missing_or_of_another_length_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let mut replay = Replay::on_disk(schema(), 1, 20, 4).unwrap();
    replay.keep_in(&home.path().join("replay")).unwrap();
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    (0..10).for_each(|_| actor.step(false, false));
    actor.release(0, &mut chunk);
    replay.insert(0, &chunk).unwrap();
    let saved = home.path().join("saved");
    fs::create_dir(&saved).unwrap();
    let path = saved.join("replay.safetensors");
    replay.save(&path).unwrap();
    let restored = || Replay::on_disk(schema(), 1, 20, 4).unwrap().restore(&path).map_err(|error| error.to_string());
    assert_eq!(all(&restored().unwrap(), 0), all(&replay, 0));
    assert!(load_into_memory(&path).contains("its length of segments is 4, not 0"));
    let segment = saved.join("observations-2-0-4.rows");
    fs::remove_file(&segment).unwrap();
    assert!(restored().unwrap_err().contains("observations-2-0-4.rows"));
    fs::write(&segment, [0; 5]).unwrap();
    assert!(restored().unwrap_err().contains("it has 5 bytes, 4 rows take 12"));
}

fn load_into_memory(path: &Path) -> String {
    Replay::load(path, schema(), 1, 20).unwrap_err().to_string()
}
