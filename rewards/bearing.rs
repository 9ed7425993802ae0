//! Directions in the picture, and how a population of units tells one.
//!
//! Action k of an area with A actions stands for the bearing θ_k = 2πk/A, from right over down. Each is paid as if it were tuned
//! to its own bearing, and the area's values v decode into one direction, the population vector (Georgopoulos, Schwartz &
//! Kettner 1986) of their squares:
//!
//! ```text
//! pay(θ_k, θ) = exp(κ (cos(θ_k − θ) − 1))                          κ = 8: half of it 24° away
//! d           = Σ_k w_k (cos θ_k, sin θ_k) / Σ_k w_k               w_k = max(v_k, 0)²
//! ```
//!
//! The values that this pay leads to decode into θ, between bearings as well (within 0.1° with 16 actions, 8.2° with 8). Where what
//! is taught is at times false, d is nearly the direction that was taught most: a broad pay, such as cos(θ_k − θ), decodes into the
//! mean of all of them. The length of d, at most 1, tells how sharp the direction is.

use std::f32::consts::TAU;

/// κ: how narrowly an action is tuned to its bearing.
const SHARPNESS: f32 = 8.0;

/// A vector in the picture: x to the right, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vector {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Vector {
    /// From the point `from` to the point `to`.
    pub fn between(from: (f32, f32), to: (f32, f32)) -> Self {
        Self { x: to.0 - from.0, y: to.1 - from.1 }
    }

    /// The direction for which action `action` of `actions` stands, of length 1.
    pub fn of_action(action: usize, actions: usize) -> Self {
        let (y, x) = (action as f32 / actions as f32 * TAU).sin_cos();
        Self { x, y }
    }

    /// What the values of all actions of an area say together; of length 0 where none is above 0.
    pub fn decode(values: &[f32]) -> Self {
        let mut sum = Self::default();
        let mut total = 0.0;
        for (action, value) in values.iter().enumerate() {
            let weight = value.max(0.0).powi(2);
            let unit = Self::of_action(action, values.len());
            (sum.x, sum.y, total) = (sum.x + weight * unit.x, sum.y + weight * unit.y, total + weight);
        }
        if total > 0.0 { Self { x: sum.x / total, y: sum.y / total } } else { sum }
    }

    /// What it is paid for pointing to where `other` points: exp(−2κ) for the opposite direction, up to 1; exp(−κ) where one of both
    /// has no direction.
    pub fn pay(self, other: Self) -> f32 {
        (SHARPNESS * (self.cosine(other) - 1.0)).exp()
    }

    /// Its length.
    pub fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The same direction with length 1, if it has one.
    pub fn unit(self) -> Option<Self> {
        let length = self.length();
        (length > 0.0 && length.is_finite()).then(|| Self { x: self.x / length, y: self.y / length })
    }

    /// The cosine of the angle to `other`; 0 where one of both has no direction.
    pub fn cosine(self, other: Self) -> f32 {
        match (self.unit(), other.unit()) {
            (Some(a), Some(b)) => (a.x * b.x + a.y * b.y).clamp(-1.0, 1.0),
            _ => 0.0,
        }
    }

    /// The angle to `other` in degrees, 0 to 180; 90 where one of both has no direction.
    pub fn degrees(self, other: Self) -> f32 {
        self.cosine(other).acos().to_degrees()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_go_round_from_right_over_down() {
        let near = |found: Vector, x: f32, y: f32| (found.x - x).abs() < 1e-6 && (found.y - y).abs() < 1e-6;
        assert!(near(Vector::of_action(0, 16), 1.0, 0.0) && near(Vector::of_action(4, 16), 0.0, 1.0));
        assert!(near(Vector::of_action(8, 16), -1.0, 0.0) && near(Vector::of_action(3, 4), 0.0, -1.0));
    }

    fn paid(target: Vector) -> Vec<f32> {
        (0..16).map(|k| Vector::of_action(k, 16).pay(target)).collect()
    }

    fn toward(degrees: f32) -> Vector {
        let (y, x) = degrees.to_radians().sin_cos();
        Vector { x, y }
    }

    #[test]
    fn the_values_of_its_pay_decode_into_the_very_direction() {
        for degrees in [0.0, 13.0, 101.5, 247.0] {
            let error = Vector::decode(&paid(toward(degrees))).degrees(toward(degrees));
            assert!(error < 0.1, "{degrees}: {error}");
        }
    }

    #[test]
    fn what_is_taught_most_outweighs_what_is_taught_at_times() {
        // Three times right, and once straight up.
        let values =
            paid(toward(0.0)).into_iter().zip(paid(toward(270.0))).map(|(often, once)| 0.75 * often + 0.25 * once);
        let error = Vector::decode(&values.collect::<Vec<_>>()).degrees(toward(0.0));
        // The mean of these directions is 18 degrees away.
        assert!(error < 8.0, "{error}");
    }

    #[test]
    fn what_has_no_direction_is_at_a_right_angle_to_everything() {
        assert_eq!(Vector::decode(&[0.0, -0.7, -0.1]), Vector::default());
        assert_eq!(Vector::default().degrees(Vector { x: 1.0, y: 0.0 }), 90.0);
        assert!((Vector { x: 2.0, y: 2.0 }.degrees(Vector { x: 0.0, y: 5.0 }) - 45.0).abs() < 1e-4);
    }
}
