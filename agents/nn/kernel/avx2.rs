//! The kernel for CPUs with AVX2: eight rows at a time, so that all their sums stay in registers and `x` is loaded once.

use super::LANES;
use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_ps, _mm256_cmpgt_epi32, _mm256_hadd_ps, _mm256_loadu_ps, _mm256_maskload_ps,
    _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setzero_ps, _mm256_storeu_ps,
};

/// Rows at a time.
const ROWS: usize = 8;

/// Writes `b + W x` into `y`; `weights` is `[y.len(), x.len()]`, row-major.
#[target_feature(enable = "avx2")]
pub(super) fn affine(weights: &[f32], biases: &[f32], x: &[f32], y: &mut [f32]) {
    let width = x.len();
    for (block, y) in y.chunks_mut(ROWS).enumerate() {
        let first = block * ROWS;
        let block = &weights[first * width..][..y.len() * width];
        let products = dot_products(block, y.len(), x);
        for ((y, bias), product) in y.iter_mut().zip(&biases[first..]).zip(products) {
            *y = bias + product;
        }
    }
}

/// The dot products with `x` of the rows of `block`, 1 to 8 in number. The last one is repeated where there are fewer: so a
/// row is computed in the same way wherever it stands.
#[inline]
#[target_feature(enable = "avx2")]
#[allow(clippy::needless_range_loop, reason = "a plain count is unrolled, and the sums are then registers")]
fn dot_products(block: &[f32], rows: usize, x: &[f32]) -> [f32; ROWS] {
    let width = x.len();
    let block = &block[..rows * width];
    let mut starts = [0; ROWS];
    for row in 0..ROWS {
        starts[row] = row.min(rows - 1) * width;
    }
    let mut sums = [_mm256_setzero_ps(); ROWS];
    let whole = width / LANES * LANES;
    for place in (0..whole).step_by(LANES) {
        // SAFETY: `place` leaves room for eight numbers of `x`, which is as long as a row, so also for eight numbers of the
        // row that begins at any of `starts`; the load asks for no alignment.
        let load = |values: &[f32], start: usize| unsafe { _mm256_loadu_ps(values.as_ptr().add(start + place)) };
        let x = load(x, 0);
        for row in 0..ROWS {
            sums[row] = _mm256_add_ps(sums[row], _mm256_mul_ps(load(block, starts[row]), x));
        }
    }
    if whole < width {
        let mask = first_lanes(width - whole);
        // SAFETY: as above, but for as many numbers as `x` has left: the mask's lanes, which alone are read.
        let load =
            |values: &[f32], start: usize| unsafe { _mm256_maskload_ps(values.as_ptr().add(start + whole), mask) };
        let x = load(x, 0);
        for row in 0..ROWS {
            sums[row] = _mm256_add_ps(sums[row], _mm256_mul_ps(load(block, starts[row]), x));
        }
    }
    let mut totals = [0.0; ROWS];
    // SAFETY: `totals` has room for eight numbers, and the store asks for no alignment.
    unsafe { _mm256_storeu_ps(totals.as_mut_ptr(), totals_of(sums)) };
    totals
}

/// The sums of the lanes, `((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))` of each row.
#[inline]
#[target_feature(enable = "avx2")]
fn totals_of(sums: [__m256; ROWS]) -> __m256 {
    let [a, b, c, d, e, f, g, h] = sums;
    let lower_rows = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let upper_rows = _mm256_hadd_ps(_mm256_hadd_ps(e, f), _mm256_hadd_ps(g, h));
    let lower_lanes = _mm256_permute2f128_ps::<0x20>(lower_rows, upper_rows);
    let upper_lanes = _mm256_permute2f128_ps::<0x31>(lower_rows, upper_rows);
    _mm256_add_ps(lower_lanes, upper_lanes)
}

/// The mask of the first `count` lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn first_lanes(count: usize) -> __m256i {
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
}
