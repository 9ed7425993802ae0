//! The worlds: how often each kind of scene and each distraction comes.
//!
//! | | balanced | hard | no-movers | ball-movers |
//! |---|---|---|---|---|
//! | grab | 1/6 | .15 | – | – |
//! | touch | – | – | .30 | .15 |
//! | sweep | 1/6 | – | .30 | .15 |
//! | ball | 1/6 | .40 | .20 | .10 |
//! | push | – | – | – | .50 |
//! | self-moving | 1/6 | .40 | – | – |
//! | flicker | 1/6 | – | .10 | .05 |
//! | nothing | 1/6 | .05 | .10 | .05 |
//! | curtain, fan | – | .6, .4 | – | – |
//! | walker, ball | – | .25, .4 | – | – |
//! | fall | – | .1 | – | – |
//! | lighting, lamp | – | .3, .3 | – | – |
//! | shake, sway | –, .3 | .1, .6 | –, .3 | –, .3 |

use super::options::{Distractors, Mix, NurseryOptions, SceneKind, World};

/// One distraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distraction {
    Curtain,
    Fan,
    Walker,
    Ball,
    Fall,
    Lighting,
    Lamp,
    Shake,
    Sway,
}

impl SceneKind {
    /// Its name, as in a run file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grab => "grab",
            Self::Touch => "touch",
            Self::Sweep => "sweep",
            Self::Ball => "ball",
            Self::Push => "push",
            Self::SelfMoving => "self-moving",
            Self::Fall => "fall",
            Self::Flicker => "flicker",
            Self::Nothing => "nothing",
        }
    }
}

impl NurseryOptions {
    /// The weight of each kind of scene.
    pub(super) fn weights(&self) -> [(SceneKind, f64); 9] {
        let mix = self.mix.clone().unwrap_or_else(|| self.world.mix());
        [
            (SceneKind::Grab, mix.grab),
            (SceneKind::Touch, mix.touch),
            (SceneKind::Sweep, mix.sweep),
            (SceneKind::Ball, mix.ball),
            (SceneKind::Push, mix.push),
            (SceneKind::SelfMoving, mix.self_moving),
            (SceneKind::Fall, mix.fall),
            (SceneKind::Flicker, mix.flicker),
            (SceneKind::Nothing, mix.nothing),
        ]
    }

    /// The chance of each distraction, with its name in a run file.
    pub(super) fn chances(&self) -> [(&'static str, f64); 9] {
        let (own, usual) = (&self.distractors, self.world.distractors());
        let chance = |own: Option<f64>, usual: Option<f64>| own.or(usual).unwrap_or(0.0);
        [
            ("curtain", chance(own.curtain, usual.curtain)),
            ("fan", chance(own.fan, usual.fan)),
            ("walker", chance(own.walker, usual.walker)),
            ("ball", chance(own.ball, usual.ball)),
            ("fall", chance(own.fall, usual.fall)),
            ("lighting", chance(own.lighting, usual.lighting)),
            ("lamp", chance(own.lamp, usual.lamp)),
            ("shake", chance(own.shake, usual.shake)),
            ("sway", chance(own.sway, usual.sway)),
        ]
    }

    /// The chance of one distraction.
    pub(super) fn chance(&self, of: Distraction) -> f64 {
        self.chances()[of as usize].1
    }
}

impl World {
    fn mix(self) -> Mix {
        let sixth = 1.0 / 6.0;
        let none = Mix::default();
        match self {
            Self::Balanced => Mix {
                grab: sixth,
                sweep: sixth,
                ball: sixth,
                self_moving: sixth,
                flicker: sixth,
                nothing: sixth,
                ..none
            },
            Self::Hard => Mix { grab: 0.15, ball: 0.40, self_moving: 0.40, nothing: 0.05, ..none },
            Self::NoMovers => Mix { touch: 0.30, sweep: 0.30, ball: 0.20, flicker: 0.10, nothing: 0.10, ..none },
            Self::BallMovers => {
                Mix { touch: 0.15, sweep: 0.15, ball: 0.10, push: 0.50, flicker: 0.05, nothing: 0.05, ..none }
            }
        }
    }

    fn distractors(self) -> Distractors {
        if self == Self::Hard {
            return Distractors {
                curtain: Some(0.6),
                fan: Some(0.4),
                walker: Some(0.25),
                ball: Some(0.4),
                fall: Some(0.1),
                lighting: Some(0.3),
                lamp: Some(0.3),
                shake: Some(0.1),
                sway: Some(0.6),
            };
        }
        Distractors { sway: Some(0.3), ..Distractors::default() }
    }
}
