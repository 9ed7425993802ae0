//! What an evaluator who knows the ground truth says of a development: the numbers that no learner ever sees.
//!
//! A [`Judge`] watches evaluation episodes of an environment that tells the truth (see [`innate_envs::truth`]) and compares
//! percepts with it:
//!
//! - *movers*: a cluster of `mover.events` is right if its place lies within [`NEAR`] of where a hand took or left a thing;
//! - *hands*: average precision of an area's decisions on the places that it judged; a place shows a hand if half of its
//!   centre does, shows none if almost nothing around it does, and is left out in between;
//! - *gaze*: angle between the direction decoded from the area `gaze` and the one that the face shows;
//! - *eye*: how often the fixated cell shows a hand, beside the share of cells that do; and how often it is at or beside the
//!   place that is about to be touched, in the [`LEAD`] steps before, beside the share of cells that are.

mod eye;
mod gaze;
mod hands;
mod movers;

use crate::seen::Seen;
use crate::statistics::mean;
use innate_agents::Plan;
use innate_agents::evaluation::Scene;
use innate_envs::truth::{Class, Event, Truth};
use std::collections::BTreeMap;

pub use hands::{Judged, average_precision, judged};

/// How near a cluster must be to the place of a contact, in pixels of a frame of 84.
pub const NEAR: f32 = 12.0;
/// Steps before a contact in which a look at its place counts as ahead of it.
pub const LEAD: u32 = 8;
/// Every how many steps the picture is compared with the truth, which costs about as much as drawing it.
const EVERY: u64 = 4;

/// What was seen so far.
#[derive(Debug)]
pub struct Judge {
    /// The class that the areas are to find.
    target: Class,
    steps: u64,
    movers: movers::Movers,
    hands: BTreeMap<String, hands::Hands>,
    gaze: gaze::Gazes,
    eye: eye::Eye,
}

/// The numbers. A share of nothing is NaN.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    /// Episodes that were watched.
    pub episodes: u64,
    /// Clusters of mover events.
    pub clusters: u64,
    /// Share of the clusters that lie where a hand took or left something.
    pub mover_precision: f64,
    /// Share of the times at which a hand took something that have a cluster.
    pub mover_recall: f64,
    /// Clusters per episode in which no hand took anything.
    pub false_events: f64,
    /// By perceptual area: average precision at the places that it judged, and the share of these that show a hand.
    pub average_precision: BTreeMap<String, (f64, f64)>,
    /// Mean angle between seen and shown gaze, in degrees.
    pub gaze_error: f64,
    /// Faces whose gaze was judged.
    pub gazes: u64,
    /// Share of steps in which the fixated cell shows a hand.
    pub on_hands: f64,
    /// Share of cells that show one.
    pub hands_by_chance: f64,
    /// Share of the steps before a contact in which the eye is at its place already.
    pub ahead: f64,
    /// The share of cells that are.
    pub ahead_by_chance: f64,
}

/// Why a development cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The environment tells nothing beyond its observation.
    #[error("this environment tells no ground truth; `nursery` does")]
    NoTruth,
}

impl Judge {
    /// A judge to whom whatever is of class `target` is a hand: the class itself, or what plays its part in a control world.
    pub fn new(target: Class) -> Self {
        Self {
            target,
            steps: 0,
            movers: Default::default(),
            hands: BTreeMap::new(),
            gaze: Default::default(),
            eye: Default::default(),
        }
    }

    /// Looks at one step.
    ///
    /// # Errors
    /// There is no ground truth.
    pub fn watch(&mut self, plan: &Plan, scene: &Scene<'_>) -> Result<(), JudgeError> {
        let target = self.target;
        let seen = Seen { plan, scene };
        self.movers.watch(&seen);
        self.eye.watch(&seen);
        self.steps += 1;
        if self.steps.is_multiple_of(EVERY) || scene.ended {
            let truth = scene.env.truth().ok_or(JudgeError::NoTruth)?;
            self.look(&seen, &truth, target);
            if scene.ended {
                self.movers.end_episode(&truth, target);
                self.eye.end_episode(&seen, &truth.events, target);
            }
        }
        Ok(())
    }

    /// Compares one picture with the truth.
    fn look(&mut self, seen: &Seen<'_>, truth: &Truth, target: Class) {
        self.eye.look(seen, truth, target);
        self.gaze.look(seen, truth);
        for area in seen.plan.areas.iter().filter(|area| area.trials().is_some()) {
            if seen.f32(&format!("{}/places", area.name)).is_some() {
                let judged = judged(seen.plan, seen.scene, &area.name);
                self.hands.entry(area.name.clone()).or_default().look(judged, truth, target);
            }
        }
    }

    /// What it comes to.
    pub fn judgement(&self) -> Judgement {
        Judgement {
            episodes: self.movers.episodes,
            clusters: self.movers.clusters,
            mover_precision: share(self.movers.right, self.movers.clusters),
            mover_recall: share(self.movers.found, self.movers.grabs),
            false_events: share(self.movers.idle_clusters, self.movers.idle_episodes),
            average_precision: self.hands.iter().map(|(area, hands)| (area.clone(), hands.result())).collect(),
            gaze_error: mean(&self.gaze.errors),
            gazes: self.gaze.errors.len() as u64,
            on_hands: share(self.eye.on, self.eye.looks),
            hands_by_chance: self.eye.by_chance(),
            ahead: share(self.eye.ahead, self.eye.ahead_steps),
            ahead_by_chance: self.eye.ahead_by_chance(),
        }
    }
}

/// The times at which something of class `target` took or left a thing, with the place of each.
fn takings(events: &[Event], target: Class) -> impl Iterator<Item = &Event> {
    events.iter().filter(move |event| event.is_move() && event.class == target)
}

fn distance(one: [f32; 2], other: [f32; 2]) -> f32 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
