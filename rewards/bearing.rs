//! Directions in the picture, and how a population of units tells one.
//!
//! Action k of an area with A actions stands for the bearing θ_k = 2πk/A, from right over down. The area's values v decode
//! into one direction, the population vector (Georgopoulos, Schwartz & Kettner 1986):
//!
//! ```text
//! d = 2/A · Σ_k v_k (cos θ_k, sin θ_k)
//! ```
//!
//! Where the values are those that a pay of cos(θ_k − θ) leads to, d is exactly (cos θ, sin θ), between bearings as well; what
//! all values have in common does not matter. Its length tells how sharp the direction is.

use std::f32::consts::TAU;

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

    /// What the values of all actions of an area say together.
    pub fn decode(values: &[f32]) -> Self {
        let weight = 2.0 / values.len() as f32;
        values.iter().enumerate().fold(Self::default(), |sum, (action, value)| {
            let unit = Self::of_action(action, values.len());
            Self { x: sum.x + weight * value * unit.x, y: sum.y + weight * value * unit.y }
        })
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

    #[test]
    fn the_values_of_a_cosine_pay_decode_into_the_very_direction() {
        for degrees in [0.0_f32, 13.0, 101.5, 247.0] {
            let (y, x) = degrees.to_radians().sin_cos();
            let target = Vector { x, y };
            let values: Vec<f32> = (0..16).map(|k| 0.3 + Vector::of_action(k, 16).cosine(target)).collect();
            let found = Vector::decode(&values);
            assert!((found.x - x).abs() < 1e-5 && (found.y - y).abs() < 1e-5, "{degrees}: {found:?}");
        }
    }

    #[test]
    fn what_has_no_direction_is_at_a_right_angle_to_everything() {
        assert_eq!(Vector::decode(&[0.7]).degrees(Vector::default()), 90.0);
        assert_eq!(Vector::default().degrees(Vector { x: 1.0, y: 0.0 }), 90.0);
        assert!((Vector { x: 2.0, y: 2.0 }.degrees(Vector { x: 0.0, y: 5.0 }) - 45.0).abs() < 1e-4);
    }
}
