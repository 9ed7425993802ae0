//! Meters: what happened since the last point of the curves, reduced in slot order at the end of each round.
//!
//! Their names are the curves' tags; `README.md` lists them. Meters are part of the checkpoint, so that the curves of a
//! resumed run are those of one that was never interrupted.

use crate::actor::Episode;
use crate::development::Development;
use crate::plan::Plan;
use innate_rewards::{Ledger, Tally};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Episodes over which `rollout/ep_rew_mean` is taken.
const EPISODES: usize = 100;

/// Running figures of a training.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Meters {
    /// The last episodes that ended.
    recent: VecDeque<Episode>,
    /// Episodes that ended since the run began.
    pub episodes: u64,
    /// What each signal paid and noted, by signal.
    ledgers: Vec<Ledger>,
}

/// Where the time went since the last point of the curves; not part of any state.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When the last point was.
    since: Instant,
    /// Time in which the learner waited for actors.
    pub learner_wait: Duration,
    /// Environment steps.
    pub steps: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { since: Instant::now(), learner_wait: Duration::ZERO, steps: 0 }
    }
}

impl Meters {
    /// Meters at rest, for a run of `signals` signals.
    pub fn new(signals: usize) -> Self {
        Self { ledgers: vec![Ledger::default(); signals], ..Self::default() }
    }

    /// Counts the episodes of one slot.
    pub fn add_episodes(&mut self, episodes: &[Episode]) {
        self.episodes += episodes.len() as u64;
        self.recent.extend(episodes);
        while self.recent.len() > EPISODES {
            self.recent.pop_front();
        }
    }

    /// Counts what each signal paid and noted, in the order of the plan's signals.
    pub fn add_ledgers(&mut self, ledgers: impl IntoIterator<Item = impl Borrow<Ledger>>) {
        for (total, ledger) in self.ledgers.iter_mut().zip(ledgers) {
            total.merge(ledger.borrow());
        }
    }

    /// Mean return of the last episodes, if one has ended.
    pub fn mean_return(&self) -> Option<f64> {
        self.mean(|episode| episode.reward)
    }

    fn mean(&self, figure: impl Fn(&Episode) -> f64) -> Option<f64> {
        let count = self.recent.len();
        (count > 0).then(|| self.recent.iter().map(figure).sum::<f64>() / count as f64)
    }

    /// Gives each curve its point at environment step `step`, and starts anew.
    pub fn report(&mut self, plan: &Plan, development: &Development, step: u64, point: &mut dyn FnMut(String, f64)) {
        let means = [("rew", self.mean_return()), ("len", self.mean(|episode| episode.length as f64))];
        for (figure, value) in means {
            if let Some(value) = value {
                point(format!("rollout/ep_{figure}_mean"), value);
            }
        }
        point("rollout/episodes".into(), self.episodes as f64);
        for (place, (signal, ledger)) in plan.signals.iter().zip(&mut self.ledgers).enumerate() {
            let mut ledger = std::mem::take(ledger);
            ledger.notes.retain(|note| note.tally == Tally::Mean);
            let summary = crate::evaluation::summary(&signal.name, &ledger);
            if ledger.steps > 0 {
                point(format!("reward/{}", signal.name), summary.mean);
            }
            for (metric, value) in summary.metrics {
                point(format!("signal/{}/{metric}", signal.name), value);
            }
            for (metric, total) in development.totals(place) {
                point(format!("signal/{}/{metric}", signal.name), total);
            }
        }
        for (place, area) in plan.areas.iter().enumerate() {
            for (number, (signal, entry)) in area.pay.iter().enumerate() {
                let weight = development.weight(place, number, entry, step);
                point(format!("pay/{}/{}", area.name, plan.signals[*signal].name), weight);
            }
            if area.config.opens.is_some() || area.config.closes.is_some() {
                let learns = development.learns(place, &area.gate, step);
                point(format!("area/{}/learns", area.name), f64::from(u8::from(learns)));
            }
        }
    }
}

impl Clock {
    /// Gives the curves of time their points; `actor_wait` is the time in which an actor waited for the learner.
    pub fn report(&self, step: u64, actor_wait: Duration, point: &mut dyn FnMut(String, f64)) {
        let total = self.since.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        point("time/fps".into(), self.steps as f64 / total);
        point("time/total_timesteps".into(), step as f64);
        point("time/learner_wait".into(), self.learner_wait.as_secs_f64() / total);
        point("time/actor_wait".into(), actor_wait.as_secs_f64() / total);
    }
}
