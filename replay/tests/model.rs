//! Whatever actors do, the replay holds what the simplest possible memory holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use innate_replay::{Batch, Chunk, Replay};
use proptest::prelude::*;
use support::{Actor, all, random, schema, transitions};

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
    spare: Chunk,
}

impl World {
    fn new(lanes: usize, capacity: usize) -> Self {
        Self {
            actors: (0..lanes).map(Actor::new).collect(),
            replay: Replay::new(schema(), lanes, capacity).unwrap(),
            spare: Chunk::new(schema()),
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
        let loaded = Replay::load(&first, schema(), self.replay.lanes(), self.replay.capacity()).unwrap();
        loaded.save(&second).unwrap();
        assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap(), "saved again, the file differs");
        self.replay = loaded;
    }

    fn sample(&self, seed: u64) {
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
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_replay_holds_what_a_list_of_transitions_holds(
        (lanes, capacity, events) in (1..4_usize).prop_flat_map(|lanes| {
            (Just(lanes), lanes..40, prop::collection::vec(event(lanes), 1..80))
        })
    ) {
        let mut world = World::new(lanes, capacity);
        for event in events {
            world.apply(event);
        }
        world.compare();
    }
}
