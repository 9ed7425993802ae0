//! Transitions leave a run as a file and come into another one, which may learn from them alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::process::Command;
use support::{Home, text, trace};

const OFFLINE: [&str; 8] =
    ["train", "small.toml", "--steps", "1024", "--set", "replay.import=run.npz", "--set", "replay.offline=true"];

/// A home with a short run whose transitions are in `run.npz`.
fn lived(keys: &[&str]) -> Home {
    let home = Home::new();
    home.succeed(&[&["train", "small.toml", "--steps", "1024", "--run-dir", "run", "--quiet"], keys].concat());
    home.succeed(&["export", "run", "run.npz"]);
    home
}

/// Runs a program in Python, if there is one with NumPy.
fn python(home: &Home, program: &str) {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python");
    match Command::new(python).args(["-c", program]).current_dir(home.path(".")).output() {
        Ok(output) => assert!(output.status.success(), "{}", text(&output.stderr)),
        Err(_) => eprintln!("skipped: .venv is missing (scripts/setup --dev makes it)"),
    }
}

#[test]
fn what_comes_in_is_what_went_out() {
    for keys in [&[][..], &["--set", "area.body.frames=3", "--set", "area.body.n_step=2"]] {
        let home = lived(keys);
        home.succeed(&[&OFFLINE[..], keys, &["--run-dir", "offline", "--quiet"]].concat());
        home.succeed(&["export", "offline", "offline.npz"]);
        python(
            &home,
            "
import numpy
one, other = numpy.load('run.npz'), numpy.load('offline.npz')
assert sorted(one) == sorted(other)
newest = numpy.append(one['lane'][1:] != one['lane'][:-1], True)
for name in one:
    if name == 'truncated':
        # What a run goes on with is another episode.
        assert other[name][newest & (one['terminated'] == 0)].all()
        assert (one[name][~newest] == other[name][~newest]).all()
    elif one[name].ndim > 1 and one[name].shape[1] > 4:
        # Of a stack whose episode began before the oldest transition, the newest observation.
        assert (one[name][:, -4:] == other[name][:, -4:]).all(), name
        assert (one[name] == other[name]).all(axis=1).mean() > 0.9, name
    else:
        assert one[name].dtype == other[name].dtype and (one[name] == other[name]).all(), name
",
        );
    }
}

#[test]
fn a_run_that_lives_nothing_learns_and_resumes_bit_for_bit() {
    let home = lived(&[]);
    let output = home.innate(&[&OFFLINE[..], &["--run-dir", "whole"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stderr) + &text(&output.stdout);
    let file = home.path("run.npz");
    assert!(said.contains(&format!("remembered from the start: 1024 transitions of {}", file.display())), "{said}");
    let curves = std::fs::read_to_string(home.path("whole/metrics.csv")).unwrap();
    assert!(curves.contains("train/loss") && curves.contains("eval/mean_reward"), "{curves}");
    assert!(!curves.contains("rollout/ep_rew_mean"), "{curves}");
    home.succeed(&[&OFFLINE[..], &["--run-dir", "again", "--quiet", "--actors", "2"]].concat());
    // A checkpoint holds what the run remembers.
    std::fs::remove_file(home.path("run.npz")).unwrap();
    home.succeed(&["resume", "again", "--from", "step-512", "--quiet"]);
    assert_eq!(trace(&home.path("whole")), trace(&home.path("again")));
}

#[test]
fn transitions_of_other_programs_are_taken_and_bad_ones_refused_in_a_sentence() {
    let home = Home::new();
    python(
        &home,
        "
import numpy, zipfile
random = numpy.random.default_rng(0)
n = 600
data = {
    'observation': random.normal(size=(n, 4)),
    'next/observation': random.normal(size=(n, 4)),
    'action/body': random.integers(0, 2, n, dtype=numpy.int32),
    'reward/extrinsic': numpy.ones(n),
    'terminated': random.random(n) < 0.1,
}
numpy.savez('run.npz', **data)
numpy.savez('action.npz', **data | {'action/body': numpy.full(n, 2)})
numpy.savez('nan.npz', **data | {'reward/extrinsic': numpy.full(n, numpy.nan)})
with zipfile.ZipFile('vast.npz', 'w') as vast:
    for name, array in data.items():
        shape = (n, 1 << 40, 1 << 40) if name == 'observation' else array.shape
        with vast.open(name + '.npy', 'w') as file:
            numpy.lib.format.write_array_header_1_0(file, {'descr': array.dtype.str, 'fortran_order': False, 'shape': shape})
            file.write(array.tobytes())
numpy.savez('wide.npz', **data | {'observation': random.normal(size=(n, 5))})
numpy.savez('short.npz', **data | {'terminated': data['terminated'][1:]})
numpy.savez('named.npz', **{name.replace('reward/extrinsic', 'rewards'): array for name, array in data.items()})
",
    );
    if !home.path("run.npz").exists() {
        return;
    }
    home.succeed(&[&OFFLINE[..], &["--run-dir", "whole", "--quiet"]].concat());
    // As a start for a run that goes on to live.
    home.succeed(&["train", "small.toml", "--steps", "1024", "--set", "replay.import=run.npz", "--quiet"]);
    for (file, part) in [
        ("action.npz", "`action/body`, transition 0: 2 (allowed: 0 to 1)"),
        ("nan.npz", "`reward/extrinsic`, transition 0: NaN (allowed: finite numbers)"),
        ("wide.npz", "`observation` has 5 numbers for each transition; the run wants 4"),
        ("vast.npz", "array `observation`: its shape [600, 1099511627776, 1099511627776] is larger than any memory"),
        ("short.npz", "`terminated` has 599 transitions"),
        ("named.npz", "it has no array `reward/extrinsic` (arrays: "),
        ("small.toml", "it is no file of `numpy.savez`"),
        ("none.npz", "No such file"),
    ] {
        let said = home.fail(2, &["train", "small.toml", "--set", &format!("replay.import={file}"), "--quiet"]);
        assert!(said.contains(part) && said.contains(file), "{file}: {said}");
    }
    let said = home.fail(2, &[&OFFLINE[..], &["--set", "replay.capacity=599"]].concat());
    assert!(said.contains("its 600 transitions are more than replay.capacity = 599"), "{said}");
    let said = home.fail(2, &["train", "small.toml", "--set", "replay.offline=true"]);
    assert!(said.contains("give a file of them as replay.import"), "{said}");
    let said = home.fail(2, &[&OFFLINE[..], &["--set", "area.body.memory=queue"]].concat());
    assert!(said.contains("replay.offline") && said.contains("area `body` learns only from what is lived"), "{said}");
}
