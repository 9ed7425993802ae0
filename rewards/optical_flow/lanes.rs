//! Eight numbers at a time.

use std::array;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// How many numbers are worked on at once.
pub(super) const LANES: usize = 8;

/// Eight neighbouring cells of a row. The compiler makes one AVX register of them, or two SSE registers; no operation
/// mixes lanes and no sum is reordered, so the width of the machine's registers changes no bit of a result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lanes([f32; LANES]);

impl Lanes {
    /// The same number in every lane.
    #[inline(always)]
    pub(super) fn all(value: f32) -> Self {
        Self([value; LANES])
    }

    /// Lane i is `f(i)`.
    #[inline(always)]
    pub(super) fn from_fn(f: impl Fn(usize) -> f32) -> Self {
        Self(array::from_fn(f))
    }

    /// `cells[at..at + 8]`.
    #[inline(always)]
    pub(super) fn load(cells: &[f32], at: usize) -> Self {
        let mut lanes = [0.0; LANES];
        lanes.copy_from_slice(&cells[at..at + LANES]);
        Self(lanes)
    }

    /// Writes to `cells[at..at + 8]`.
    #[inline(always)]
    pub(super) fn store(self, cells: &mut [f32], at: usize) {
        cells[at..at + LANES].copy_from_slice(&self.0);
    }

    /// √ of each lane, correctly rounded.
    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        Self::from_fn(|i| self.0[i].sqrt())
    }

    /// |·| of each lane.
    #[inline(always)]
    pub(super) fn abs(self) -> Self {
        Self::from_fn(|i| self.0[i].abs())
    }

    /// The greater of each pair of lanes.
    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        // Not `f32::max`, whose rule for NaN costs two instructions more.
        Self::from_fn(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] })
    }

    /// The lesser of each pair of lanes.
    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        Self::from_fn(|i| if self.0[i] < other.0[i] { self.0[i] } else { other.0[i] })
    }

    /// The sum over the lanes, always in the same order.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }

    /// The first `count` lanes, the others 0.
    #[inline(always)]
    pub(super) fn first(self, count: usize) -> Self {
        Self::from_fn(|i| if i < count { self.0[i] } else { 0.0 })
    }

    /// Of sixteen neighbouring cells, those in even places and those in odd places.
    #[inline(always)]
    pub(super) fn unzip(self, next: Self) -> (Self, Self) {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (self.0, next.0);
        (Self([a, c, e, g, i, k, m, o]), Self([b, d, f, h, j, l, n, p]))
    }

    /// Undoes [`Lanes::unzip`].
    #[inline(always)]
    pub(super) fn zip(self, odd: Self) -> (Self, Self) {
        let ([a, c, e, g, i, k, m, o], [b, d, f, h, j, l, n, p]) = (self.0, odd.0);
        (Self([a, b, c, d, e, f, g, h]), Self([i, j, k, l, m, n, o, p]))
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::from_fn(|i| self.0[i] + other.0[i])
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::from_fn(|i| self.0[i] - other.0[i])
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::from_fn(|i| self.0[i] * other.0[i])
    }
}

impl Div for Lanes {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::from_fn(|i| self.0[i] / other.0[i])
    }
}
