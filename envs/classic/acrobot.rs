//! Acrobot: swing the free end of a two-link pendulum above a line, with torque at the middle joint alone.
//!
//! Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding" (1996), in the
//! equations of Sutton & Barto's book ("Acrobot"), which hold a term that the paper left out. With links of mass and
//! length 1 and moment of inertia 1, centres of mass at l_c = ½, and gravity g = 9.8 m/s²,
//!
//! ```text
//! d₁ = l_c² + (1 + l_c² + 2 l_c cos θ₂) + 2          d₂ = (l_c² + l_c cos θ₂) + 1
//! φ₂ = l_c g cos(θ₁ + θ₂ − π/2)
//! φ₁ = −l_c θ̇₂² sin θ₂ − 2 l_c θ̇₂ θ̇₁ sin θ₂ + (l_c + 1) g cos(θ₁ − π/2) + φ₂
//! θ̈₂ = (a + d₂/d₁ φ₁ − l_c θ̇₁² sin θ₂ − φ₂) / (l_c² + 1 − d₂²/d₁)
//! θ̈₁ = −(d₂ θ̈₂ + φ₁) / d₁
//! ```
//!
//! integrated over 0.2 s by one Runge-Kutta step of fourth order.
//!
//! | Action | Meaning | Unit |
//! |---|---|---|
//! | 0, 1, 2 | torque a = −1, 0, +1 | N m |
//!
//! | Observation | Least | Greatest | Unit |
//! |---|---|---|---|
//! | cos θ₁, sin θ₁ | −1 | 1 | |
//! | cos θ₂, sin θ₂ | −1 | 1 | |
//! | angular velocity θ̇₁ | −4π | 4π | rad/s |
//! | angular velocity θ̇₂ | −9π | 9π | rad/s |
//!
//! θ₁ = 0 hangs straight down, θ₂ is relative to the first link.
//!
//! **Reward:** −1 for every step, 0 for the one that reaches the goal. **Start:** all four uniform in ±0.1. **End:**
//! terminated when −cos θ₁ − cos(θ₁ + θ₂) > 1; truncated after 500 steps (`Acrobot-v1`, solved from −100).
//!
//! Two habits of the original matter for the bits: an episode starts from numbers rounded to single precision, whose sines
//! and cosines NumPy takes by a polynomial of its own; and squares are the C library's `pow`, which differs from a product
//! in the last bit of about one number in a thousand.

use super::Mechanics;
use crate::array::ArraySpec;
use crate::numpy::Generator;
use crate::picture::Picture;
use crate::sketch::{Sketch, disc, line, rectangle};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

const STEP: f64 = 0.2;
const GRAVITY: f64 = 9.8;
const TOP_SPEEDS: [f64; 2] = [4.0 * PI, 9.0 * PI];

/// The state of the two links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acrobot {
    /// θ₁, θ₂, θ̇₁, θ̇₂.
    motion: [f64; 4],
    /// Whether no step was taken yet, when the state is of single precision.
    fresh: bool,
}

impl Mechanics for Acrobot {
    type Seen = [f32; 6];
    const ACTIONS: &'static [&'static str] = &["left", "none", "right"];

    fn observation() -> ArraySpec {
        let high = [1.0, 1.0, 1.0, 1.0, TOP_SPEEDS[0] as f32, TOP_SPEEDS[1] as f32];
        ArraySpec::bounded("observation", &high.map(|bound: f32| -bound), &high)
    }

    fn start(random: &mut Generator) -> Self {
        let motion = std::array::from_fn(|_| f64::from(random.uniform(-0.1, 0.1) as f32));
        Self { motion, fresh: true }
    }

    fn advance(&mut self, action: usize) -> (f64, bool) {
        let [theta1, theta2, speed1, speed2] = runge_kutta(self.motion, action as f64 - 1.0);
        let [top1, top2] = TOP_SPEEDS;
        self.motion = [wrap(theta1), wrap(theta2), speed1.clamp(-top1, top1), speed2.clamp(-top2, top2)];
        self.fresh = false;
        let [theta1, theta2, ..] = self.motion;
        let reached = -theta1.cos() - (theta2 + theta1).cos() > 1.0;
        (if reached { 0.0 } else { -1.0 }, reached)
    }

    fn seen(&self) -> [f32; 6] {
        let [theta1, theta2, speed1, speed2] = self.motion;
        let circle = |angle: f64| {
            if self.fresh { small_circle(angle as f32) } else { [angle.cos() as f32, angle.sin() as f32] }
        };
        let ([cos1, sin1], [cos2, sin2]) = (circle(theta1), circle(theta2));
        [cos1, sin1, cos2, sin2, speed1 as f32, speed2 as f32]
    }

    fn picture(&self) -> Picture {
        let [theta1, theta2, ..] = self.motion;
        let below = |[x, y]: [f64; 2], angle: f64| [x + angle.sin(), y - angle.cos()];
        let middle = below([0.0; 2], theta1);
        let end = below(middle, theta1 + theta2);
        Sketch::new(250, [-2.2; 2], [2.2; 2])
            .paint([0; 3], rectangle([0.0, 1.0], [2.2, 0.01], 0.0))
            .paint([0, 204, 204], line([0.0; 2], middle, 0.1))
            .paint([0, 204, 204], line(middle, end, 0.1))
            .paint([204, 204, 0], disc([0.0; 2], 0.1))
            .paint([204, 204, 0], disc(middle, 0.1))
            .done()
    }

    fn is_possible(&self) -> bool {
        let [theta1, theta2, speed1, speed2] = self.motion.map(f64::abs);
        theta1 <= PI && theta2 <= PI && speed1 <= TOP_SPEEDS[0] && speed2 <= TOP_SPEEDS[1]
    }
}

/// The state one step later: y + Δ/6 (k₁ + 2 k₂ + 2 k₃ + k₄).
fn runge_kutta(y: [f64; 4], torque: f64) -> [f64; 4] {
    let towards = |k: [f64; 4], time: f64| std::array::from_fn(|i| y[i] + time * k[i]);
    let k1 = derivative(y, torque);
    let k2 = derivative(towards(k1, STEP / 2.0), torque);
    let k3 = derivative(towards(k2, STEP / 2.0), torque);
    let k4 = derivative(towards(k3, STEP), torque);
    std::array::from_fn(|i| y[i] + STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

/// θ̇₁, θ̇₂, θ̈₁, θ̈₂ by the equations above; factors of 1 are left out, the order of the rest is Gymnasium's.
fn derivative([theta1, theta2, speed1, speed2]: [f64; 4], torque: f64) -> [f64; 4] {
    let (sin2, cos2) = (theta2.sin(), theta2.cos());
    let d1 = 0.25 + (1.25 + cos2) + 1.0 + 1.0;
    let d2 = (0.25 + 0.5 * cos2) + 1.0;
    let phi2 = 0.5 * GRAVITY * (theta1 + theta2 - PI / 2.0).cos();
    let phi1 = -0.5 * square(speed2) * sin2 - speed2 * speed1 * sin2 + 1.5 * GRAVITY * (theta1 - PI / 2.0).cos() + phi2;
    let acceleration2 = (torque + d2 / d1 * phi1 - 0.5 * square(speed1) * sin2 - phi2) / (0.25 + 1.0 - square(d2) / d1);
    let acceleration1 = -(d2 * acceleration2 + phi1) / d1;
    [speed1, speed2, acceleration1, acceleration2]
}

/// The C library's `pow(number, 2)`. The exponent is hidden from the compiler, which would make a product of it.
fn square(number: f64) -> f64 {
    number.powf(std::hint::black_box(2.0))
}

/// An angle between −π and π.
fn wrap(mut angle: f64) -> f64 {
    while angle > PI {
        angle -= 2.0 * PI;
    }
    while angle < -PI {
        angle += 2.0 * PI;
    }
    angle
}

/// Cosine and sine of an angle below π/4 as NumPy takes them in single precision: polynomials in the angle's square,
/// evaluated with fused multiply-add.
fn small_circle(angle: f32) -> [f32; 2] {
    let square = angle * angle;
    let horner = |terms: &[f32], start: f32| terms.iter().fold(start, |sum, term| sum.mul_add(square, *term));
    let cos = horner(&[-1.388_652e-3, 4.166_662e-2, -0.5, 1.0], 2.437_226_6e-5);
    let sin = horner(&[-1.985_649_1e-4, 8.333_397e-3, -1.666_666_7e-1], 2.840_409_7e-6) * square;
    [cos, sin.mul_add(angle, angle)]
}
