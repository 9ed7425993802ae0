//! Published experiments as a user runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::Home;

/// A set of pictures in MNIST's files: `count` of them, each bright in the columns of its class.
fn write_pictures(folder: &Path, prefix: &str, count: u32) {
    let head = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let pixel = |place: u32, at: u32| if (at % 28) / 3 == place % 10 { 200 } else { 0 };
    let pixels = (0..count).flat_map(|place| (0..784).map(move |at| pixel(place, at)));
    let images = head(&[0x803, count, 28, 28]).into_iter().chain(pixels).collect::<Vec<u8>>();
    let labels = head(&[0x801, count]).into_iter().chain((0..count).map(|place| (place % 10) as u8));
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("{prefix}-images-idx3-ubyte")), images).unwrap();
    std::fs::write(folder.join(format!("{prefix}-labels-idx1-ubyte")), labels.collect::<Vec<u8>>()).unwrap();
}

fn home() -> Home {
    let home = Home::new();
    write_pictures(&home.path("data/mnist"), "train", 300);
    write_pictures(&home.path("data/mnist"), "t10k", 50);
    home
}

fn names(home: &Home) -> Vec<String> {
    let list: Value = serde_json::from_str(&home.succeed(&["reproduce", "--list", "--json"])).unwrap();
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().into()).collect()
}

#[test]
fn every_experiment_runs_and_leaves_its_numbers_and_its_picture() {
    let home = home();
    let names = names(&home);
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let table = home.succeed(&["reproduce", &name, "--quick"]);
        assert!(table.starts_with(&format!("{name}: ")) && table.contains("quantity"), "{table}");
        let json = std::fs::read_to_string(home.path(&format!("reproductions/{name}.json"))).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let rows = json["rows"].as_array().unwrap();
        assert!(!rows.is_empty(), "{name}");
        for row in rows {
            assert!(["within", "outside", ""].contains(&row["verdict"].as_str().unwrap()), "{name}: {row}");
        }
        let picture = std::fs::read_to_string(home.path(&format!("reproductions/{name}.svg"))).unwrap();
        assert!(picture.starts_with("<svg"), "{name}");
    }
}

#[test]
fn the_number_of_threads_changes_no_number() {
    let home = home();
    for name in ["agrel-counting", "digits", "feedback-alignment-linear", "perturbation-scaling"] {
        let found = ["1", "3"].map(|threads| {
            home.succeed(&["reproduce", name, "--quick", "--json", "--seeds", "2", "--threads", threads])
        });
        assert_eq!(found[0], found[1], "{name}");
    }
}

#[test]
fn an_experiment_that_was_stopped_goes_on_where_it_was() {
    let home = home();
    let args = ["reproduce", "augment-saccade", "--seeds", "120", "--json", "--out", "stopped", "--threads", "1"];
    let notebook = || {
        let files = std::fs::read_dir(home.path("stopped")).into_iter().flatten();
        files.map(|file| file.unwrap().path()).find(|path| path.extension().is_some_and(|ending| ending == "part"))
    };
    let lines =
        || notebook().and_then(|path| std::fs::read_to_string(path).ok()).map_or(0, |text| text.lines().count());
    let mut child = home.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while lines() < 4 {
        assert!(child.try_wait().unwrap().is_none(), "it was over before it could be stopped");
        std::thread::sleep(Duration::from_millis(2));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("goes on from what stopped/augment-saccade."), "{said}");
    let kept = lines();
    assert!((4..120).contains(&kept), "{kept}");
    home.succeed(&["reproduce", "augment-saccade", "--quick", "--out", "stopped"]);
    assert_eq!(lines(), kept, "other options leave it alone");
    let found = home.succeed(&args);
    assert!(notebook().is_none(), "what has come to its end is no longer kept");
    assert_eq!(found, home.succeed(&["reproduce", "augment-saccade", "--seeds", "120", "--json"]));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_one() {
    let home = Home::new();
    let said = home.fail(2, &["reproduce", "agrel-xr"]);
    assert!(said.contains("there is no experiment `agrel-xr`; did you mean `agrel-xor`? (experiments: "), "{said}");
    home.fail(2, &["reproduce", "digits", "--seeds", "0"]);
    home.fail(2, &["reproduce", "digits", "--threads", "many"]);
}

#[test]
fn without_a_name_the_experiments_are_listed_with_their_time() {
    let home = Home::new();
    let list = home.succeed(&["reproduce"]);
    assert_eq!(list, home.succeed(&["reproduce", "--list"]));
    assert!(list.lines().count() >= 10 && list.lines().all(|line| line.ends_with(')')), "{list}");
}

#[test]
fn missing_pictures_are_one_sentence_that_says_how_to_get_them() {
    let home = Home::new();
    for name in ["brainprop-mnist", "feedback-alignment-mnist"] {
        let said = home.fail(1, &["reproduce", name]);
        let expected = "there is no folder `data/mnist`; `scripts/fetch-mnist data/mnist` fetches 10,000 of its 70,000 digits into it";
        assert_eq!(said.trim_end(), format!("innate: {name}: {expected}"));
    }
    write_pictures(&home.path("half"), "train", 10);
    let said = home.fail(1, &["reproduce", "brainprop-mnist", "--data", "half"]);
    assert!(said.contains("t10k-images-idx3-ubyte"), "{said}");
    assert!(!home.path("reproductions").exists(), "what could not run leaves nothing");
}
