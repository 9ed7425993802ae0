//! MountainCar: a car in a valley, too weak to drive straight up, must swing to reach the flag.
//!
//! Moore, "Efficient memory-based learning for robot control" (1990). With force 0.001 and gravity 0.0025,
//!
//! ```text
//! v ← clip(v + (action − 1) · force − cos(3 x) · gravity),   x ← clip(x + v)
//! ```
//!
//! and the left wall stops the car.
//!
//! | Action | Meaning |
//! |---|---|
//! | 0 | accelerate to the left |
//! | 1 | do not accelerate |
//! | 2 | accelerate to the right |
//!
//! | Observation | Least | Greatest | Unit |
//! |---|---|---|---|
//! | position x | −1.2 | 0.6 | m |
//! | velocity v | −0.07 | 0.07 | m per step |
//!
//! **Reward:** −1 for every step. **Start:** x uniform in −0.6 to −0.4, v = 0. **End:** terminated at x ≥ 0.5 with v ≥ 0;
//! truncated after 200 steps (`MountainCar-v0`, solved from −110).

use super::Mechanics;
use crate::array::ArraySpec;
use crate::numpy::Generator;
use crate::picture::Picture;
use crate::sketch::{Sketch, disc, everywhere, rectangle};
use serde::{Deserialize, Serialize};

const LEFT_WALL: f64 = -1.2;
const RIGHT_END: f64 = 0.6;
const TOP_SPEED: f64 = 0.07;
const GOAL: f64 = 0.5;
const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;

/// The state of the car.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MountainCar {
    position: f64,
    velocity: f64,
}

impl Mechanics for MountainCar {
    type Seen = [f32; 2];
    const ACTIONS: &'static [&'static str] = &["left", "coast", "right"];

    fn observation() -> ArraySpec {
        ArraySpec::bounded("observation", &[LEFT_WALL as f32, -TOP_SPEED as f32], &[RIGHT_END as f32, TOP_SPEED as f32])
    }

    #[inline]
    fn start(random: &mut Generator) -> Self {
        Self { position: random.uniform(-0.6, -0.4), velocity: 0.0 }
    }

    #[inline]
    fn advance(&mut self, action: usize) -> (f64, bool) {
        let pull = (3.0 * self.position).cos() * -GRAVITY;
        self.velocity = (self.velocity + ((action as f64 - 1.0) * FORCE + pull)).clamp(-TOP_SPEED, TOP_SPEED);
        self.position = (self.position + self.velocity).clamp(LEFT_WALL, RIGHT_END);
        if self.position == LEFT_WALL && self.velocity < 0.0 {
            self.velocity = 0.0;
        }
        (-1.0, self.position >= GOAL && self.velocity >= 0.0)
    }

    #[inline]
    fn seen(&self) -> [f32; 2] {
        [self.position as f32, self.velocity as f32]
    }

    fn picture(&self) -> Picture {
        // The hill that pulls by cos(3 x), and its slope.
        let height = |x: f64| 0.45 * (3.0 * x).sin() + 0.55;
        let slope = |x: f64| 1.35 * (3.0 * x).cos();
        let beside = |x: f64, along: f64, up: f64| {
            let (sin, cos) = slope(x).atan().sin_cos();
            [x + along * cos - up * sin, height(x) + along * sin + up * cos]
        };
        // A picture is painted column by column, and the hill is the same for all of one.
        let mut column = [f64::NAN; 3];
        let mut above = |[x, y]: [f64; 2]| {
            if x != column[0] {
                column = [x, height(x), slope(x).hypot(1.0)];
            }
            (y - column[1]) / column[2]
        };
        let (x, flag) = (self.position, [GOAL, height(GOAL)]);
        Sketch::new(300, [LEFT_WALL, 0.0], [RIGHT_END, 1.2])
            .paint([225; 3], everywhere(&mut above))
            .paint([0; 3], everywhere(|point| above(point).abs() - 0.003))
            .paint([0; 3], rectangle([flag[0], flag[1] + 0.075], [0.003, 0.075], 0.0))
            .paint([204, 204, 0], rectangle([flag[0] + 0.03, flag[1] + 0.13], [0.03, 0.02], 0.0))
            .paint([0; 3], rectangle(beside(x, 0.0, 0.045), [0.06, 0.025], slope(x).atan()))
            .paint([112, 112, 122], disc(beside(x, 0.035, 0.02), 0.02))
            .paint([112, 112, 122], disc(beside(x, -0.035, 0.02), 0.02))
            .done()
    }

    fn is_possible(&self) -> bool {
        (LEFT_WALL..=RIGHT_END).contains(&self.position) && self.velocity.abs() <= TOP_SPEED
    }
}
