//! One-step tasks: the patterns, their classes, how they are paid, and the files they are read from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod idx_files;

use flate2::{Compression, write::GzEncoder};
use innate_envs::tasks::boolean::{self, CountingOptions, ParityOptions};
use innate_envs::tasks::digits::digits;
use innate_envs::tasks::mnist::mnist;
use innate_envs::tasks::{Classification, Idx, Labelled, LabelledError, MnistOptions, Mnists, Split};
use innate_envs::{Array, ArraySpec, Env, check_env, standard};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;

fn built(id: &str, options: &str) -> Box<dyn Env> {
    standard().build(id, &options.parse().unwrap(), "env").unwrap_or_else(|error| panic!("{error}")).0
}

fn refused(id: &str, options: &str) -> String {
    standard().build(id, &options.parse().unwrap(), "env").err().expect("an error").to_string()
}

/// Each pattern with its class, as strings of digits.
fn listed(patterns: &Labelled) -> Vec<(String, usize)> {
    let each = patterns.input().len();
    let numbers = patterns.inputs().as_f32().unwrap();
    let text = |pattern: &[f32]| pattern.iter().map(|number| number.to_string()).collect();
    (0..patterns.len()).map(|i| (text(&numbers[i * each..][..each]), patterns.label(i))).collect()
}

#[test]
fn parity_and_counting_label_every_pattern_once() {
    let xor = listed(&boolean::parity(2).unwrap());
    assert_eq!(xor, [("00".into(), 0), ("10".into(), 1), ("01".into(), 1), ("11".into(), 0)]);
    for n in 1..=6 {
        let ones = |pattern: &str| pattern.matches('1').count();
        let mut parity = listed(&boolean::parity(n).unwrap());
        assert!(parity.iter().all(|(pattern, class)| ones(pattern) % 2 == *class));
        let mut counting = listed(&boolean::counting(n).unwrap());
        assert!(counting.iter().all(|(pattern, class)| ones(pattern) == *class));
        for patterns in [&mut parity, &mut counting] {
            patterns.sort();
            patterns.dedup();
            assert_eq!(patterns.len(), 1 << n);
        }
    }
}

#[test]
fn the_right_class_earns_one_and_the_mean_return_is_the_accuracy() {
    let mut env = boolean::parity_env(ParityOptions { bits: 3, episode_trials: NonZeroU32::MIN }).unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(1), &mut seen).unwrap();
    for trial in 0..200 {
        let shown = env.shown().unwrap();
        let odd = seen.arrays[0].as_f32().unwrap().iter().sum::<f32>() as usize % 2;
        assert_eq!(odd, env.patterns().label(shown));
        let right = trial % 4 != 0;
        let step = env.step(if right { odd } else { 1 - odd }, &mut seen).unwrap();
        assert_eq!((step.reward, step.terminated, step.truncated), (f64::from(u8::from(right)), true, false));
        env.reset(None, &mut seen).unwrap();
    }
}

#[test]
fn an_episode_of_n_trials_returns_the_number_of_right_answers() {
    let mut env = boolean::counting_env(CountingOptions { inputs: 3, episode_trials: NonZeroU32::new(5).unwrap() });
    let env = env.as_mut().unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(1), &mut seen).unwrap();
    for trial in 1..=5 {
        let active = seen.arrays[0].as_f32().unwrap().iter().sum::<f32>() as usize;
        let step = env.step(active, &mut seen).unwrap();
        assert_eq!((step.reward, step.terminated), (1.0, trial == 5));
    }
    assert!(env.step(0, &mut seen).unwrap_err().to_string().contains("call reset before step"));
    check_env(&mut *built("Counting", "inputs = 3\nepisode_trials = 5")).unwrap();
}

/// A pattern's count is binomial: 5 standard deviations are exceeded once in two million.
#[test]
fn patterns_are_drawn_uniformly() {
    let mut env = boolean::parity_env(ParityOptions { bits: 3, episode_trials: NonZeroU32::MIN }).unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(3), &mut seen).unwrap();
    let mut counts = [0_u32; 8];
    for _ in 0..8_000 {
        counts[env.shown().unwrap()] += 1;
        env.step(0, &mut seen).unwrap();
        env.reset(None, &mut seen).unwrap();
    }
    assert!(counts.iter().all(|count| count.abs_diff(1_000) < 148), "{counts:?}");
}

#[test]
fn the_digits_are_those_of_scikit_learn() {
    let all = digits(Split::All).unwrap();
    assert_eq!((all.len(), all.input().shape.as_slice(), all.classes().len()), (1797, [1, 8, 8].as_slice(), 10));
    let first: Vec<f32> = all.inputs().as_f32().unwrap()[..8].iter().map(|ink| ink * 16.0).collect();
    assert_eq!(first, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
    assert_eq!(all.labels()[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    let sizes = (0..10).map(|digit| all.labels().iter().filter(|label| **label == digit).count());
    assert_eq!(sizes.collect::<Vec<_>>(), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);

    let (train, test) = (digits(Split::Train).unwrap(), digits(Split::Test).unwrap());
    assert_eq!((train.len(), test.len()), (1400, 397));
    let joined = [train.inputs().as_f32().unwrap(), test.inputs().as_f32().unwrap()].concat();
    assert_eq!(joined, all.inputs().as_f32().unwrap());
    assert_eq!([train.labels(), test.labels()].concat(), all.labels());
}

#[test]
fn mnist_files_are_read_as_they_are_or_gzipped() {
    let folder = idx_files::folder(20);
    let train = mnist(folder.path(), Split::Train, 10).unwrap();
    assert_eq!((train.len(), train.input()), (20, &ArraySpec::u8("frame", &[1, 3, 4])));
    assert_eq!(train.inputs().as_u8().unwrap()[12 * 7..][..12], idx_files::picture(7));
    let mut scaled = [2.0; 13];
    train.scaled(7, &mut scaled);
    assert_eq!((scaled[0], scaled[12]), (84.0 / 255.0, 2.0));
    assert_eq!(mnist(folder.path(), Split::Test, 10).unwrap().len(), 10);
    assert_eq!(mnist(folder.path(), Split::All, 10).unwrap().len(), 30);

    for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
        let plain = folder.path().join(name);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&fs::read(&plain).unwrap()).unwrap();
        fs::write(folder.path().join(format!("{name}.gz")), encoder.finish().unwrap()).unwrap();
        fs::remove_file(plain).unwrap();
    }
    assert_eq!(mnist(folder.path(), Split::Train, 10).unwrap(), train);
}

#[test]
fn damaged_files_are_refused_with_a_sentence_that_names_them() {
    let folder = idx_files::folder(20);
    let fault = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        let kept = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let message = mnist(folder.path(), Split::Train, 10).unwrap_err().to_string();
        fs::write(&path, kept).unwrap();
        message.replace(folder.path().to_str().unwrap(), "DIR")
    };
    let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    let whole = fs::read(folder.path().join(images)).unwrap();
    assert_eq!(
        fault(images, &idx_files::idx(&[20], &[0; 20])),
        "`DIR/train-images-idx3-ubyte` is not an IDX file of bytes in 3 dimensions: it begins with 0x00000801 (allowed: \
         0x00000803)"
    );
    assert_eq!(
        fault(images, &whole[..100]),
        "`DIR/train-images-idx3-ubyte` is cut short after 84 bytes of data: [20, 3, 4] bytes are announced"
    );
    assert_eq!(
        fault(images, &[whole.as_slice(), &[0]].concat()),
        "`DIR/train-images-idx3-ubyte` goes on after its end: [20, 3, 4] bytes are announced"
    );
    assert_eq!(fault(images, &whole[..10]), "cannot read `DIR/train-images-idx3-ubyte`: failed to fill whole buffer");
    assert_eq!(
        fault(labels, &idx_files::idx(&[19], &[0; 19])),
        "`DIR/train-images-idx3-ubyte` holds 20 pictures, but `DIR/train-labels-idx1-ubyte` 19 labels"
    );
    assert_eq!(
        fault(labels, &idx_files::idx(&[20], &[10; 20])),
        "the pictures in `DIR` make no task: pattern 0 has the label 10, but there are 10 classes (allowed: 0 to 9)"
    );
    fs::remove_file(folder.path().join(labels)).unwrap();
    let message = mnist(folder.path(), Split::Train, 10).unwrap_err().to_string();
    assert!(message.starts_with("there is no `train-labels-idx1-ubyte` in `"), "{message}");
}

#[test]
fn environments_of_equal_options_share_their_pictures() {
    let folder = idx_files::folder(20);
    let mnists = Mnists::default();
    let first = mnists.env(MnistOptions::new(folder.path())).unwrap();
    let same = |other: &Classification| std::ptr::eq(first.patterns(), other.patterns());
    assert!(same(&mnists.env(MnistOptions::new(folder.path())).unwrap()));
    let test = MnistOptions { split: Split::Test, ..MnistOptions::new(folder.path()) };
    assert!(!same(&mnists.env(test).unwrap()));
}

#[test]
fn a_state_saved_with_other_patterns_is_refused() {
    let (mut train, mut test) = (built("Digits", ""), built("Digits", "split = 'test'"));
    train.reset(Some(1), &mut train.spec().buffer()).unwrap();
    let message = test.load(&train.save().unwrap()).unwrap_err().to_string();
    assert_eq!(message, "Digits: the saved state does not fit: it was saved with other patterns");
}

#[test]
fn patterns_and_labels_that_do_not_agree_are_refused() {
    let new = |numbers: usize, labels: &[u8], classes: usize| {
        let input = ArraySpec::f32("observation", &[2], 0.0, 1.0);
        let classes = (0..classes).map(|class| class.to_string()).collect();
        Labelled::new(input, Array::F32(vec![0.0; numbers]), labels.to_vec(), classes)
    };
    assert!(new(4, &[0, 1], 2).is_ok());
    assert_eq!(new(0, &[], 2), Err(LabelledError::Empty));
    let message = new(5, &[0, 1], 2).unwrap_err().to_string();
    assert_eq!(message, "5 numbers do not make 2 patterns of 2 numbers each (`observation`)");
    assert!(matches!(new(4, &[0, 2], 2), Err(LabelledError::Label { place: 1, label: 2, classes: 2 })));
}

#[test]
fn options_out_of_range_are_refused_with_a_sentence() {
    assert_eq!(refused("Parity", "bits = 17"), "Parity: `bits` = 17 is out of range (allowed: 1 to 16)");
    assert_eq!(refused("Counting", "inputs = 0"), "Counting: `inputs` = 0 is out of range (allowed: 1 to 16)");
    assert_eq!(
        refused("Digits", "split = 'tset'"),
        "env.split: unknown value `tset`; did you mean `test`? (allowed: train, test, all)"
    );
    assert!(refused("XOR", "episode_trials = 0").starts_with("env.episode_trials: invalid value: integer `0`"));
    assert!(refused("MNIST", "").starts_with("env.path: it must be given"), "{}", refused("MNIST", ""));
    assert!(refused("MNIST", "path = '/nowhere'").starts_with("MNIST: there is no `train-images-idx3-ubyte` in"));
}

proptest! {
    #[test]
    fn any_file_is_an_idx_file_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), start in 0_usize..3) {
        let start: &[u8] = [[].as_slice(), &[0, 0, 8, 1], &[0, 0, 8, 3]][start];
        let bytes = [start, &bytes].concat();
        for dimensions in [1, 3] {
            if let Ok(idx) = Idx::parse(Path::new("file"), bytes.as_slice(), dimensions) {
                prop_assert_eq!(idx.bytes.len(), idx.shape.iter().product::<usize>());
            }
        }
    }

    #[test]
    fn any_options_build_an_environment_that_plays_or_are_refused(
        id in prop::sample::select(vec!["XOR", "Parity", "Counting", "Digits"]),
        size in any::<u32>().prop_map(|n| n >> (n % 32)),
        trials in any::<u32>(),
    ) {
        let sized = match id {
            "Parity" => format!("bits = {size}\n"),
            "Counting" => format!("inputs = {size}\n"),
            _ => String::new(),
        };
        let table = format!("{sized}episode_trials = {trials}").parse().unwrap();
        if let Ok((mut env, _)) = standard().build(id, &table, "env") {
            let mut seen = env.spec().buffer();
            env.reset(Some(0), &mut seen).unwrap();
            env.step(0, &mut seen).unwrap();
        }
    }
}
