//! The DQN family against the papers' equations: one update of each variant of [`Dqn`], compared with the file that
//! `scripts/golden/dqn_family.py` makes. And what each addition must not change, or must.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use innate_agents::dqn::{Dqn, DqnOptions};
use innate_agents::learner::NamedTensor;
use innate_agents::streams::Streams;
use innate_agents::{Experience, Learner, LearnerContext, Memory, Mode};
use innate_nn::{Device, Input, InputSpec, Kind};
use safetensors::SafeTensors;

const BATCH: usize = 8;
const STATE: usize = 4;
const ACTIONS: usize = 3;

/// What all variants have in common.
const COMMON: &str = "
    network.layers = [{ type = 'dense', units = 6, activation = 'tanh' }]
    optimiser = 'sgd'
    lr = 0.05
    gamma = 0.9
    clip_gradient = 0.0
";

const CATEGORICAL: &str = "distribution = { type = 'categorical', atoms = 7, low = -2.0, high = 3.0 }";
const QUANTILE: &str = "distribution = { type = 'quantile', quantiles = 5 }";
const SOFT: &str = "munchausen = { alpha = 0.9, temperature = 0.3, least = -0.4 }";

const SIGNALS: &str = "heads = 'per-signal'\ngammas = { novelty = 0.5 }";

/// What the two signals weigh.
const MIX: [f32; 2] = [1.0, -0.5];

/// Each variant of the file, with its keys.
const VARIANTS: [(&str, &[&str]); 10] = [
    ("plain", &[]),
    ("double", &["double = true"]),
    ("dueling", &["dueling = true"]),
    ("munchausen", &[SOFT]),
    ("categorical", &[CATEGORICAL]),
    ("quantile", &[QUANTILE]),
    ("rainbow", &[CATEGORICAL, "double = true", "dueling = true"]),
    ("soft_quantile", &[QUANTILE, "dueling = true", SOFT]),
    ("soft_categorical", &[CATEGORICAL, "double = true", SOFT]),
    ("signals", &[SIGNALS, "double = true", "dueling = true"]),
];

/// One variant's part of the file.
struct Golden<'a> {
    file: &'a SafeTensors<'a>,
    variant: &'a str,
}

impl Golden<'_> {
    fn bytes(&self, name: &str) -> &[u8] {
        self.file.tensor(&format!("{}.{name}", self.variant)).expect(name).data()
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.bytes(name).as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }

    /// A learner with the file's weights.
    fn learner(&self, engine: &str, keys: &[&str]) -> Dqn {
        let input = InputSpec { name: "observation".into(), kind: Kind::F32, shape: vec![STATE] };
        let context = LearnerContext {
            pays: &["extrinsic", "novelty"],
            memory: Memory::Replay,
            slots: 1,
            area: "body",
            inputs: &[input],
            actions: ACTIONS,
            batch: BATCH,
            device: Device::Cpu,
            streams: Streams::new(0),
        };
        let text = format!("{COMMON}\nengine = '{engine}'\n{}", keys.join("\n"));
        let mut dqn = Dqn::new(toml::from_str::<DqnOptions>(&text).unwrap(), &context).unwrap();
        let mut flat = self.numbers("online").into_iter().chain(self.numbers("target"));
        let mut weights = dqn.save().unwrap().weights;
        // What is kept beside parameters, noise, has another name.
        let parameters =
            |tensor: &&mut NamedTensor| tensor.name.starts_with("online") || tensor.name.starts_with("target");
        for NamedTensor { values, .. } in weights.iter_mut().filter(parameters) {
            values.iter_mut().for_each(|value| *value = flat.next().unwrap());
        }
        assert_eq!(flat.next(), None, "{}", self.variant);
        dqn.load_weights(&weights).unwrap();
        dqn.weigh(&MIX);
        dqn
    }

    /// Has it learn from the file's batch.
    fn teach(&self, dqn: &mut Dqn) {
        let actions: Vec<i64> = self.bytes("actions").as_chunks().0.iter().map(|&b| i64::from_le_bytes(b)).collect();
        dqn.learn(&Experience {
            slot: 0,
            size: BATCH,
            before: &[Input::F32(&self.numbers("before"))],
            after: &[Input::F32(&self.numbers("after"))],
            actions: &actions,
            rewards: &self.numbers("rewards"),
            discounts: &self.numbers("discounts"),
            weights: &self.numbers("weights"),
            terminated: self.bytes("terminated"),
            truncated: &[0; BATCH],
        })
        .unwrap();
    }
}

/// Its weights, online or target.
fn flat(dqn: &mut Dqn, set: &str) -> Vec<f32> {
    let weights = dqn.save().unwrap().weights;
    weights.into_iter().filter(|tensor| tensor.name.starts_with(set)).flat_map(|tensor| tensor.values).collect()
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-5 * (1.0 + expected.abs()), "{what}: {found}, NumPy {expected}");
    }
}

fn with_file(test: impl Fn(&SafeTensors<'_>)) {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/nn/golden/dqn_family.safetensors")).unwrap();
    test(&SafeTensors::deserialize(&bytes).unwrap());
}

#[test]
fn an_update_of_each_variant_is_that_of_the_equations_on_either_engine() {
    with_file(|file| {
        for (variant, keys) in VARIANTS {
            for engine in ["native", "libtorch"] {
                let golden = Golden { file, variant };
                let mut dqn = golden.learner(engine, keys);
                golden.teach(&mut dqn);
                let what = |part: &str| format!("{variant}, {engine}: {part}");
                assert_close(dqn.targets(), &golden.numbers("targets"), &what("targets"));
                assert_close(dqn.errors().unwrap(), &golden.numbers("deltas"), &what("errors"));
                assert_close(&flat(&mut dqn, "online"), &golden.numbers("changed"), &what("weights"));
            }
        }
    });
}

#[test]
fn a_soft_update_moves_the_target_a_part_of_the_way() {
    with_file(|file| {
        for engine in ["native", "libtorch"] {
            let golden = Golden { file, variant: "plain" };
            let mut dqn = golden.learner(engine, &["tau = 0.25", "target_every = 1"]);
            golden.teach(&mut dqn);
            let way = golden.numbers("target").into_iter().zip(golden.numbers("changed"));
            let expected: Vec<f32> = way.map(|(target, online)| target + 0.25 * (online - target)).collect();
            assert_close(&flat(&mut dqn, "target"), &expected, engine);
        }
    });
}

#[test]
fn each_addition_changes_the_targets_and_only_where_it_should() {
    with_file(|file| {
        let golden = Golden { file, variant: "plain" };
        let targets = |keys: &[&str]| {
            let mut dqn = golden.learner("native", keys);
            golden.teach(&mut dqn);
            dqn.targets().to_vec()
        };
        let (plain, double, soft) = (targets(&[]), targets(&["double = true"]), targets(&[SOFT]));
        let terminated = golden.bytes("terminated");
        // The greedy target never exceeds the maximum, and is it where both networks choose alike.
        assert!(plain.iter().zip(&double).all(|(max, chosen)| chosen <= max) && plain != double);
        for (sample, (plain, double)) in plain.iter().zip(&double).enumerate() {
            assert!(terminated[sample] == 0 || plain == double, "a terminal target bootstraps from nothing");
        }
        // Munchausen's bonus is never positive, and counts at the end of an episode as well.
        let terminal = |sample: &usize| terminated[*sample] == 1;
        assert!((0..BATCH).filter(terminal).all(|sample| soft[sample] <= plain[sample]));
        assert!((0..BATCH).filter(terminal).any(|sample| soft[sample] < plain[sample]));
    });
}

#[test]
fn noise_is_drawn_anew_for_each_round_of_acting_and_the_mean_stays() {
    with_file(|file| {
        let golden = Golden { file, variant: "plain" };
        let publish = |dqn: &mut Dqn| {
            let mut weights = Vec::new();
            dqn.publish(&mut weights).unwrap();
            weights
        };
        let mut quiet = golden.learner("native", &[]);
        let count = publish(&mut quiet).len();
        let mut noisy = golden.learner("native", &["noisy = {}"]);
        let first = publish(&mut noisy);
        assert_eq!(first, publish(&mut noisy), "to publish draws nothing");
        noisy.end_round().unwrap();
        let second = publish(&mut noisy);
        assert_eq!((first.len(), second.len()), (2 * count, 2 * count));
        assert_ne!(first[..count], second[..count]);
        assert_eq!(first[count..], second[count..]);
        assert_eq!(first[count..], publish(&mut quiet));
    });
}

#[test]
fn what_signals_weigh_decides_at_once_and_is_published_and_saved() {
    with_file(|file| {
        let golden = Golden { file, variant: "signals" };
        let mut dqn = golden.learner("native", &[SIGNALS, "dueling = true"]);
        let states = golden.numbers("before");
        let choices = |dqn: &mut Dqn| {
            let (mut policy, mut weights) = (dqn.policy(), Vec::new());
            dqn.publish(&mut weights).unwrap();
            let random = &mut Streams::new(0).stream("test", 0);
            let mut choose = |state| policy.act(&weights, &[Input::F32(state)], Mode::Greedy, random).unwrap();
            states.chunks(STATE).map(&mut choose).collect::<Vec<_>>()
        };
        dqn.weigh(&[1.0, 0.0]);
        let first = choices(&mut dqn);
        dqn.weigh(&[0.0, 1.0]);
        let second = choices(&mut dqn);
        assert_ne!(first, second);
        let saved = dqn.save().unwrap();
        let mut other = golden.learner("native", &[SIGNALS, "dueling = true"]);
        other.load_weights(&saved.weights).unwrap();
        assert_eq!(choices(&mut other), second);
        let mut foreign = Golden { file, variant: "plain" }.learner("native", &[]).save().unwrap().weights;
        foreign.retain(|tensor| tensor.name != "mix");
        assert!(other.load_weights(&foreign).is_err());
    });
}

#[test]
fn keys_out_of_range_are_refused_by_name() {
    for (keys, part) in [
        ("n_step = 0", "n_step = 0"),
        ("tau = 0.0", "tau = 0"),
        ("tau = nan", "tau = NaN"),
        ("munchausen = { temperature = 0.0 }", "munchausen.temperature = 0"),
        ("munchausen = { least = 1.0 }", "munchausen.least = 1"),
        ("distribution = { type = 'quantile', quantiles = 1 }", "distribution.quantiles = 1"),
        ("distribution = { type = 'categorical', low = 3.0, high = 3.0 }", "found low = 3, high = 3"),
        ("noisy = { sigma = -1.0 }", "noisy.sigma = -1"),
        ("munchausen = { temperature = 1e30 }", "munchausen.temperature = 1"),
        ("heads = 'per-signal'\ngammas = { novelty = 2.0 }", "gammas.novelty = 2 must be between 0 and 1"),
        ("gammas = { novelty = 0.5 }", "gammas are for heads = \"per-signal\""),
        ("heads = 'per-signal'\nmunchausen = {}", "heads = \"per-signal\" does not go with munchausen"),
    ] {
        let said = toml::from_str::<DqnOptions>(keys).unwrap().plan().err().unwrap().to_string();
        assert!(said.contains(part), "{keys}: {said}");
    }
}
