//! CartPole: keep a pole upright by pushing the cart on which it stands.
//!
//! Barto, Sutton & Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems" (1983),
//! with the frictionless equations of Florian, "Correct equations for the dynamics of the cart-pole system" (2007):
//!
//! ```text
//! θ̈ = (g sin θ − cos θ · f) / (l (4/3 − m cos² θ / M)),   f = (F + m l θ̇² sin θ) / M
//! ẍ = f − m l θ̈ cos θ / M
//! ```
//!
//! with gravity g = 9.8 m/s², pole m = 0.1 kg of half-length l = 0.5 m, cart and pole M = 1.1 kg, force F = ±10 N, and
//! Euler steps of τ = 0.02 s.
//!
//! | Action | Meaning |
//! |---|---|
//! | 0 | push to the left |
//! | 1 | push to the right |
//!
//! | Observation | Least | Greatest | Unit |
//! |---|---|---|---|
//! | cart position x | −4.8 | 4.8 | m |
//! | cart velocity ẋ | −∞ | ∞ | m/s |
//! | pole angle θ | −0.419 (−24°) | 0.419 (24°) | rad |
//! | pole angular velocity θ̇ | −∞ | ∞ | rad/s |
//!
//! **Reward:** 1 for every step, the last included. **Start:** all four uniform in ±0.05. **End:** terminated when
//! |θ| > 12° or |x| > 2.4 m; truncated after 500 steps (`CartPole-v1`, solved from 475) or 200 (`CartPole-v0`, from 195).

use super::Mechanics;
use crate::array::ArraySpec;
use crate::numpy::Generator;
use crate::picture::Picture;
use crate::sketch::{Sketch, disc, line, rectangle};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
const HALF_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * HALF_LENGTH;
const FORCE: f64 = 10.0;
const TAU: f64 = 0.02;
const FARTHEST: f64 = 2.4;
const STEEPEST: f64 = 12.0 * 2.0 * PI / 360.0;

/// The state of the cart and its pole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CartPole {
    x: f64,
    x_dot: f64,
    theta: f64,
    theta_dot: f64,
}

impl Mechanics for CartPole {
    type Seen = [f32; 4];
    const ACTIONS: &'static [&'static str] = &["left", "right"];

    fn observation() -> ArraySpec {
        let high = [(2.0 * FARTHEST) as f32, f32::INFINITY, (2.0 * STEEPEST) as f32, f32::INFINITY];
        ArraySpec::bounded("observation", &high.map(|bound| -bound), &high)
    }

    #[inline]
    fn start(random: &mut Generator) -> Self {
        let mut draw = || random.uniform(-0.05, 0.05);
        Self { x: draw(), x_dot: draw(), theta: draw(), theta_dot: draw() }
    }

    #[inline]
    fn advance(&mut self, action: usize) -> (f64, bool) {
        let Self { x, x_dot, theta, theta_dot } = *self;
        let force = if action == 1 { FORCE } else { -FORCE };
        let (sin, cos) = (theta.sin(), theta.cos());
        let push = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acceleration =
            (GRAVITY * sin - cos * push) / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let x_acceleration = push - POLE_MASS_LENGTH * theta_acceleration * cos / TOTAL_MASS;
        *self = Self {
            x: x + TAU * x_dot,
            x_dot: x_dot + TAU * x_acceleration,
            theta: theta + TAU * theta_dot,
            theta_dot: theta_dot + TAU * theta_acceleration,
        };
        (1.0, self.x < -FARTHEST || self.x > FARTHEST || self.theta < -STEEPEST || self.theta > STEEPEST)
    }

    #[inline]
    fn seen(&self) -> [f32; 4] {
        [self.x as f32, self.x_dot as f32, self.theta as f32, self.theta_dot as f32]
    }

    fn picture(&self) -> Picture {
        // The cart is drawn larger than life, as the equations know no size of it.
        let (cart, axle) = ([self.x, 0.0], [self.x, 0.08]);
        let tip = [axle[0] + 2.0 * HALF_LENGTH * self.theta.sin(), axle[1] + 2.0 * HALF_LENGTH * self.theta.cos()];
        Sketch::new(300, [-FARTHEST, -1.2], [FARTHEST, 2.0])
            .paint([160; 3], rectangle([0.0, -0.12], [FARTHEST, 0.005], 0.0))
            .paint([0; 3], rectangle(cart, [0.2, 0.12], 0.0))
            .paint([202, 152, 101], line(axle, tip, 0.04))
            .paint([129, 132, 203], disc(axle, 0.035))
            .done()
    }

    fn is_possible(&self) -> bool {
        self.x.abs() <= FARTHEST && self.theta.abs() <= STEEPEST && self.x_dot.is_finite() && self.theta_dot.is_finite()
    }
}
