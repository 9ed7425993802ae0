//! The angle between two gradients, the measure of how well a rule of credit follows the true one.

use crate::real::Real;

/// The angle between `a` and `b`, in degrees: `acos(a·b / (|a| |b|))`. 90 where either is 0.
pub fn angle<T: Real>(a: &[T], b: &[T]) -> f64 {
    cosine(a, b).acos().to_degrees()
}

/// The cosine of the angle between `a` and `b`; 0 where either is 0.
pub fn cosine<T: Real>(a: &[T], b: &[T]) -> f64 {
    let dot = |a: &[T], b: &[T]| a.iter().zip(b).map(|(a, b)| a.double() * b.double()).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_in_degrees() {
        assert!((angle(&[1.0, 0.0], &[1.0, 1.0]) - 45.0_f64).abs() < 1e-12);
        assert_eq!(angle(&[1.0_f32, 0.0], &[-2.0, 0.0]), 180.0);
        assert_eq!(angle(&[0.0, 0.0], &[1.0, 1.0]), 90.0);
    }
}
