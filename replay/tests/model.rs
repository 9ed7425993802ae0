//! Whatever actors do, the replay holds what the simplest possible memory holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use innate_replay::{Batch, Chunk, Place, Priorities, Proportional, Replay, Window};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{Actor, Transition, all, random, schema, transitions};
use tempfile::TempDir;

/// How priorities count here.
const HOW: Proportional = Proportional { alpha: 0.5, epsilon: 0.01 };

/// Something that can happen in a run.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A lane takes steps; the last may end an episode.
    Steps { lane: usize, steps: usize, terminated: bool, truncated: bool },
    /// A held step is paid late.
    Pay { lane: usize, back: usize, amount: i8 },
    /// A lane lets all but its newest steps go.
    Release { lane: usize, window: usize },
    /// What a lane holds back goes through a checkpoint.
    Checkpoint { lane: usize },
    /// The replay goes through a file.
    Reload,
    /// A lane's environment starts anew.
    Interrupt { lane: usize },
    /// The learner samples.
    Sample { seed: u64 },
}

fn event(lanes: usize) -> impl Strategy<Value = Event> {
    let lane = move || 0..lanes;
    prop_oneof![
        32 => (lane(), 1..9_usize, any::<bool>(), any::<bool>()).prop_map(|(lane, steps, terminated, truncated)| {
            Event::Steps { lane, steps, terminated, truncated }
        }),
        8 => (lane(), 0..8_usize, any::<i8>()).prop_map(|(lane, back, amount)| Event::Pay { lane, back, amount }),
        24 => (lane(), 0..6_usize).prop_map(|(lane, window)| Event::Release { lane, window }),
        4 => lane().prop_map(|lane| Event::Checkpoint { lane }),
        4 => lane().prop_map(|lane| Event::Interrupt { lane }),
        8 => any::<u64>().prop_map(|seed| Event::Sample { seed }),
        // Rare, since each waits for the disk.
        1 => Just(Event::Reload),
    ]
}

struct World {
    actors: Vec<Actor>,
    replay: Replay,
    /// Rows of a segment, and where segments lie, if observations are on disk.
    disk: Option<(usize, TempDir)>,
    spare: Chunk,
    priorities: Priorities,
    /// What the priorities should be, by lane and ordinal, and the greatest so far.
    naive: BTreeMap<(usize, u64), f32>,
    greatest: f32,
}

impl World {
    fn new(lanes: usize, capacity: usize, segment: Option<usize>) -> Self {
        let disk = segment.map(|segment| (segment, tempfile::tempdir().unwrap()));
        let replay = empty(lanes, capacity, &disk);
        Self {
            disk,
            actors: (0..lanes).map(Actor::new).collect(),
            priorities: Priorities::new(&replay, HOW).unwrap(),
            replay,
            spare: Chunk::new(schema()),
            naive: BTreeMap::new(),
            greatest: 1.0,
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Steps { lane, steps, terminated, truncated } => {
                (1..steps).for_each(|_| self.actors[lane].step(false, false));
                self.actors[lane].step(terminated, truncated);
            }
            Event::Pay { lane, back, amount } => self.actors[lane].pay(back, f32::from(amount)),
            Event::Release { lane, window } => {
                self.actors[lane].release(window, &mut self.spare);
                self.replay.insert(lane, &self.spare).unwrap();
                self.spare.clear();
                self.priorities.follow(&self.replay);
                self.follow();
            }
            Event::Checkpoint { lane } => {
                let held = &mut self.actors[lane].held;
                let bytes = postcard::to_stdvec(held).unwrap();
                let loaded: Chunk = postcard::from_bytes(&bytes).unwrap();
                assert_eq!(&loaded, held);
                *held = loaded;
            }
            Event::Reload => self.reload(),
            Event::Interrupt { lane } => self.actors[lane].interrupt(&mut self.replay, lane),
            Event::Sample { seed } => self.sample(seed),
        }
    }

    fn reload(&mut self) {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        self.replay.save(&first).unwrap();
        let (lanes, capacity) = (self.replay.lanes(), self.replay.capacity());
        let mut loaded = match &self.disk {
            None => Replay::load(&first, schema(), lanes, capacity).unwrap(),
            Some((segment, _)) => {
                let empty = Replay::on_disk(schema(), lanes, capacity, *segment).unwrap();
                let seen = empty.restore(&first).unwrap();
                for lane in 0..lanes {
                    assert_eq!(all(&seen, lane), all(&self.replay, lane), "read where it was saved");
                }
                seen
            }
        };
        // The run's own segments go, and those of what was saved come back.
        if let Some((_, home)) = &self.disk {
            loaded.keep_in(home.path()).unwrap();
        }
        loaded.save(&second).unwrap();
        assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap(), "saved again, the file differs");
        self.replay = loaded;
        self.priorities = Priorities::load(&self.replay, HOW, &self.priorities.save()).unwrap();
    }

    /// What is new has the greatest priority so far, and what is gone has none.
    fn follow(&mut self) {
        let rows = self.replay.capacity() / self.replay.lanes();
        let remembered =
            |lane: usize| self.actors[lane].remembered(rows).iter().map(move |there| (lane, there.ordinal));
        let there: Vec<_> = (0..self.actors.len()).flat_map(remembered).collect();
        self.naive = there.into_iter().map(|at| (at, self.naive.get(&at).copied().unwrap_or(self.greatest))).collect();
    }

    /// Draws by priority, and gives what was drawn new ones.
    fn prioritise(&mut self, seed: u64) {
        let (mut places, mut weights) = ([Place::default(); 8], [0.0; 8]);
        if let Err(error) = self.priorities.draw(&self.replay, &mut random(seed), 0.7, &mut places, &mut weights) {
            return assert!(self.replay.is_empty(), "{error}");
        }
        let mut batch = Batch::new(self.replay.schema(), places.len());
        self.replay.gather(&places, &mut batch).unwrap();
        let drawn: Vec<_> =
            places.iter().zip(batch.ordinals()).map(|(place, &ordinal)| (place.lane, ordinal)).collect();
        let least = drawn.iter().map(|at| self.naive[at]).fold(f32::INFINITY, f32::min);
        for (at, weight) in drawn.iter().zip(weights) {
            assert!((weight - (self.naive[at] / least).powf(-0.7)).abs() < 1e-5, "{weight}");
        }
        let errors: Vec<f32> = drawn.iter().map(|(_, ordinal)| (ordinal % 7) as f32 - 3.0).collect();
        self.priorities.update(&self.replay, &batch, &errors).unwrap();
        for (at, error) in drawn.into_iter().zip(errors) {
            let priority = (f64::from(error.abs()) + HOW.epsilon).powf(HOW.alpha) as f32;
            self.greatest = self.greatest.max(priority);
            self.naive.insert(at, priority);
        }
    }

    /// Windows from places drawn at random against the list, transition by transition.
    fn look_through_windows(&self, seed: u64) {
        let mut places = [Place::default(); 8];
        if self.replay.draw(&mut random(seed), &mut places).is_err() {
            return;
        }
        for (steps, whole) in [(1, false), (2, true), (4, false), (5, true)] {
            let mut window = Window::new(self.replay.schema(), places.len(), steps, whole);
            window.gather(&self.replay, &places).unwrap();
            let (first, last) = (transitions(window.first()), transitions(window.last()));
            let by_step: Vec<Vec<Transition>> = window.steps().iter().map(transitions).collect();
            for (index, place) in places.iter().enumerate() {
                let rows = self.replay.capacity() / self.replay.lanes();
                let rest = &self.actors[place.lane].remembered(rows)[place.row..];
                let end = rest.iter().position(|there| there.terminated || there.truncated);
                let length = steps.min(rest.len()).min(end.map_or(usize::MAX, |end| end + 1));
                assert_eq!(window.lengths()[index], length);
                assert_eq!(first[index].before, rest[0].before);
                let expected = &rest[length - 1];
                let found = &last[index];
                assert_eq!((found.after, found.ordinal), (expected.after, expected.ordinal));
                assert_eq!((found.terminated, found.truncated), (expected.terminated, expected.truncated));
                for (step, found) in by_step.iter().enumerate() {
                    let expected = &rest[step.min(length - 1)];
                    assert_eq!((found[index].reward, found[index].action), (expected.reward, expected.action));
                    assert!(!whole || found[index] == *expected);
                }
            }
        }
    }

    fn sample(&mut self, seed: u64) {
        self.prioritise(seed);
        self.look_through_windows(seed);
        let mut batch = Batch::new(self.replay.schema(), 16);
        match self.replay.sample(&mut random(seed), &mut batch) {
            Ok(()) => {
                for (place, sampled) in batch.places().iter().zip(transitions(&batch)) {
                    let rows = self.replay.capacity() / self.replay.lanes();
                    assert_eq!(sampled, self.actors[place.lane].remembered(rows)[place.row]);
                }
            }
            Err(error) => assert!(self.replay.is_empty(), "{error}"),
        }
    }

    fn compare(&self) {
        let rows = self.replay.capacity() / self.replay.lanes();
        for (lane, actor) in self.actors.iter().enumerate() {
            assert_eq!(all(&self.replay, lane), actor.remembered(rows), "lane {lane}");
            // One ordinal further is the leaf of the next row.
            for ordinal in 0..=actor.history.len() as u64 {
                let expected = self.naive.get(&(lane, ordinal)).copied();
                let there = actor.remembered(rows).iter().any(|there| there.ordinal == ordinal);
                assert_eq!(there.then(|| self.priorities.of(lane, ordinal)), expected, "lane {lane}, {ordinal}");
            }
        }
    }
}

/// An empty replay, whose observations may be on disk.
fn empty(lanes: usize, capacity: usize, disk: &Option<(usize, TempDir)>) -> Replay {
    let Some((segment, home)) = disk else { return Replay::new(schema(), lanes, capacity).unwrap() };
    let mut replay = Replay::on_disk(schema(), lanes, capacity, *segment).unwrap();
    // Half of the replays learn only later where their segments are to lie.
    if segment % 2 == 0 {
        replay.keep_in(home.path()).unwrap();
    }
    replay
}

/// Few in the usual tests; PROPTEST_CASES=100000 for as many as that.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(512)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn the_replay_holds_what_a_list_of_transitions_holds(
        (lanes, capacity, segment, events) in (1..4_usize).prop_flat_map(|lanes| {
            let segment = prop::option::of(1..9_usize);
            (Just(lanes), lanes..40, segment, prop::collection::vec(event(lanes), 1..80))
        })
    ) {
        let mut world = World::new(lanes, capacity, segment);
        for event in events {
            world.apply(event);
        }
        world.compare();
    }
}

#[test]
fn the_smallest_replay_on_disk_survives_a_reload() {
    let mut world = World::new(1, 1, Some(1));
    let steps = Event::Steps { lane: 0, steps: 4, terminated: false, truncated: false };
    for event in [steps, Event::Release { lane: 0, window: 0 }, Event::Reload] {
        world.apply(event);
    }
    world.compare();
}
