//! MinAtar against what the authors' package did (`scripts/golden/minatar_games.py`), board by board, and against the package itself
//! where it is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use innate_envs::minatar::{
    ActionSet, Asterix, Breakout, Freeway, Game, MinAtar, MinAtarOptions, Seaquest, SpaceInvaders,
};
use innate_envs::numpy::Generator;
use innate_envs::{Env, Observation, standard};
use std::process::Command;

/// What playing a tape came to.
#[derive(Debug, PartialEq)]
struct Played {
    reward: u64,
    ends: u64,
    crcs: [String; 3],
    next_word: String,
}

/// Adds a board to the checksum as the package holds it: bytes 0 and 1, channels last.
fn see(crc: &mut crc32fast::Hasher, seen: &Observation) {
    let cells = seen.arrays[0].as_u8().unwrap();
    let channels = cells.len() / 100;
    let turned: Vec<u8> = (0..cells.len()).map(|i| u8::from(cells[i % channels * 100 + i / channels] != 0)).collect();
    crc.update(&turned);
}

fn play<G: Game>(seed: u64, options: MinAtarOptions, actions: impl Iterator<Item = usize>, steps: usize) -> Played {
    let mut env = MinAtar::<G>::new(ActionSet::Full, options).unwrap();
    let mut seen = env.spec().buffer();
    let mut crc = crc32fast::Hasher::new();
    env.reset(Some(seed), &mut seen).unwrap();
    see(&mut crc, &seen);
    let (mut reward, mut ends, mut crcs) = (0.0, 0, [(); 3].map(|()| "-".to_string()));
    for (step, action) in (1..=steps).zip(actions) {
        let stepped = env.step(action, &mut seen).unwrap();
        reward += stepped.reward;
        see(&mut crc, &seen);
        if stepped.ended() {
            ends += 1;
            env.reset(None, &mut seen).unwrap();
            see(&mut crc, &seen);
        }
        for (mark, told) in [100, 1000, steps].iter().zip(&mut crcs) {
            if step == *mark {
                *told = format!("{:08x}", crc.clone().finalize());
            }
        }
    }
    Played { reward: reward as u64, ends, crcs, next_word: format!("{:08x}", env.random().clone().next_u32()) }
}

fn play_by_name(
    game: &str,
    seed: u64,
    options: MinAtarOptions,
    actions: impl Iterator<Item = usize>,
    steps: usize,
) -> Played {
    match game {
        Breakout::NAME => play::<Breakout>(seed, options, actions, steps),
        Asterix::NAME => play::<Asterix>(seed, options, actions, steps),
        Freeway::NAME => play::<Freeway>(seed, options, actions, steps),
        Seaquest::NAME => play::<Seaquest>(seed, options, actions, steps),
        SpaceInvaders::NAME => play::<SpaceInvaders>(seed, options, actions, steps),
        _ => panic!("there is no game {game}"),
    }
}

fn options(sticky: &str, ramping: &str) -> MinAtarOptions {
    let sticky_action_prob = sticky.parse().unwrap();
    MinAtarOptions { sticky_action_prob, difficulty_ramping: ramping == "on", frame: None, max_episode_steps: None }
}

/// The actions of a tape, as the script says.
fn tape(game: &str, name: &str) -> Box<dyn Iterator<Item = usize>> {
    match name {
        "A" => Box::new((0..).map(|t| (7 * t + 3 * (t / 5)) % 6)),
        "B" => {
            let next = |x: &u64| Some((1_103_515_245 * x + 12_345) % (1 << 31));
            Box::new(std::iter::successors(Some(12_345), next).skip(1).map(|x| (x / 65_536 % 6) as usize))
        }
        _ => {
            let lines = include_str!("../golden/minatar_deep.txt").lines();
            let mut words =
                lines.map(|line| line.split(' ')).find_map(|mut words| (words.next() == Some(game)).then_some(words));
            let (tail, digits) = words.as_mut().map(|words| (words.next().unwrap(), words.next().unwrap())).unwrap();
            let digits: Vec<usize> = digits.bytes().map(|digit| usize::from(digit - b'0')).collect();
            Box::new(digits.into_iter().chain(std::iter::repeat(tail.parse().unwrap())))
        }
    }
}

/// Plays the cases that are recorded in `lines` and compares; answers with their number.
fn compare(lines: &str) -> usize {
    let mut cases = 0;
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [game, seed, sticky, ramping, name, steps, reward, ends, first, second, third, next_word] = words[..]
        else {
            panic!("{line}");
        };
        let expected = Played {
            reward: reward.parse().unwrap(),
            ends: ends.parse().unwrap(),
            crcs: [first, second, third].map(str::to_string),
            next_word: next_word.into(),
        };
        let steps = steps.parse().unwrap();
        let played = play_by_name(game, seed.parse().unwrap(), options(sticky, ramping), tape(game, name), steps);
        assert_eq!(played, expected, "{line}");
        cases += 1;
    }
    cases
}

#[test]
fn every_game_is_the_packages_board_by_board() {
    assert_eq!(compare(include_str!("../golden/minatar.txt")), 5 * 10);
}

#[test]
fn every_game_is_the_packages_where_that_is_installed() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let python = format!("{root}/.venv/bin/python");
    let there = Command::new(&python).args(["-I", "-c", "import minatar"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: the Python package `minatar` is missing in .venv (scripts/setup --dev installs it)");
        return;
    }
    let mut random = Generator::new(20);
    let mut cases = Vec::new();
    for game in [Breakout::NAME, Asterix::NAME, Freeway::NAME, Seaquest::NAME, SpaceInvaders::NAME] {
        for (tape, ramps, sticky) in
            [("A", "off", "0.3"), ("B", "on", "0.1"), ("deep", "on", "0.02"), ("B", "off", "0.0")]
        {
            let seed = (random.random() * 2_f64.powi(32)) as u32;
            cases.extend([game, &seed.to_string(), sticky, ramps, tape, "3000"].map(str::to_string));
        }
    }
    let script = format!("{root}/scripts/golden/minatar_games.py");
    let output = Command::new(python).arg(script).args(&cases).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(compare(&String::from_utf8(output.stdout).unwrap()), 20);
}

#[test]
fn the_minimal_actions_are_the_full_ones_by_another_number() {
    let registry = standard();
    let build = |id: &str| registry.build(id, &toml::Table::new(), "env").unwrap().0;
    let (mut full, mut minimal) = (build("MinAtar/Freeway-v0"), build("MinAtar/Freeway-v1"));
    assert_eq!(minimal.spec().actions.names, ["nothing", "up", "down"]);
    let (mut one, mut other) = (full.spec().buffer(), minimal.spec().buffer());
    full.reset(Some(5), &mut one).unwrap();
    minimal.reset(Some(5), &mut other).unwrap();
    for step in 0..300 {
        let number = step % 3;
        assert_eq!(full.step([0, 2, 4][number], &mut one).unwrap(), minimal.step(number, &mut other).unwrap());
        assert_eq!(one, other);
    }
}

#[test]
fn the_action_taken_last_sticks_over_the_end_of_an_episode_and_not_over_a_seed() {
    let always = || {
        let table = "sticky_action_prob = 1.0".parse().unwrap();
        standard().build("MinAtar/Breakout-v0", &table, "env").unwrap().0
    };
    let mut env = always();
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    // Always sticky, so that the paddle never moves from column 4.
    (0..3).for_each(|_| assert!(env.step(1, &mut seen).is_ok()));
    assert_eq!(seen.arrays[0].as_u8().unwrap()[94], 255);
    // A game without stickiness that ends with the paddle moving left hands that action on.
    let mut game = MinAtar::<Breakout>::new(ActionSet::Full, options("0.5", "on")).unwrap();
    game.reset(Some(0), &mut seen).unwrap();
    while !game.step(1, &mut seen).unwrap().ended() {}
    let state = game.save().unwrap();
    let mut kept = MinAtar::<Breakout>::new(ActionSet::Full, options("1.0", "on")).unwrap();
    kept.load(&state).unwrap();
    kept.reset(None, &mut seen).unwrap();
    kept.step(3, &mut seen).unwrap();
    assert_eq!(seen.arrays[0].as_u8().unwrap()[93], 255, "left is repeated in the next episode");
    kept.reset(Some(0), &mut seen).unwrap();
    kept.step(3, &mut seen).unwrap();
    assert_eq!(seen.arrays[0].as_u8().unwrap()[94], 255, "a seed forgets it");
}

#[test]
fn a_frame_is_a_grey_picture_of_the_board() {
    let table = "frame = 4".parse().unwrap();
    let mut env = standard().build("MinAtar/SpaceInvaders-v1", &table, "env").unwrap().0;
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    let frame = seen.arrays[1].as_u8().unwrap();
    assert_eq!((env.spec().observation[1].shape.as_slice(), frame.len()), ([1, 40, 40].as_slice(), 1600));
    let cannon = frame[36 * 40 + 20];
    assert_eq!((cannon, frame[39 * 40 + 23], frame[39 * 40 + 24]), (255, 255, 0));
    assert_ne!(frame[8], 0, "an alien has a grey of its own");
    let picture = env.picture().unwrap();
    assert_eq!((picture.width, picture.height, picture.rgb.len()), (160, 160, 3 * 160 * 160));
}

#[test]
fn options_out_of_range_are_refused_with_a_sentence() {
    let refused =
        |text: &str| standard().build("MinAtar/Asterix-v0", &text.parse().unwrap(), "env").err().unwrap().to_string();
    assert!(refused("sticky_action_prob = 1.5").contains("sticky_action_prob = 1.5 is not a probability"));
    assert!(refused("frame = 99").contains("frame = 99 pixels a cell are too many (allowed: 1 to 25)"));
}
