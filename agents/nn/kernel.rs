//! Matrix times vector, `y = W x + b`, with the matrix's rows in PyTorch's order: the inner loop of the native engine.
//!
//! Each row is a dot product of eight partial sums, and eight rows are computed at a time: then all sums stay in registers
//! and `x` is loaded once for the eight. The partial sums are added in a fixed order, and nothing is fused, so the bits of y
//! depend on this code alone: not on the CPU, nor on which rows are computed together.

use multiversion::multiversion;
use std::array::from_fn;

/// Partial sums of a dot product.
const LANES: usize = 8;
/// Rows at a time.
const ROWS: usize = 8;

/// Writes `b + W x` into `y`; `weights` is `[y.len(), x.len()]`, row-major.
#[multiversion(targets("x86_64+avx2"))]
pub(crate) fn affine(weights: &[f32], biases: &[f32], x: &[f32], y: &mut [f32]) {
    let width = x.len();
    let blocks = weights.chunks(width * ROWS).zip(biases.chunks(ROWS));
    for ((block, biases), y) in blocks.zip(y.chunks_mut(ROWS)) {
        // A block of fewer rows repeats its last one, and the repetitions go nowhere.
        let last = y.len() - 1;
        let sums = dot_products(from_fn(|row| &block[row.min(last) * width..][..width]), x);
        for ((y, bias), sum) in y.iter_mut().zip(biases).zip(sums) {
            *y = bias + sum;
        }
    }
}

/// The dot products of `rows` with `x`, which is as long as each of them.
#[inline(always)]
fn dot_products(rows: [&[f32]; ROWS], x: &[f32]) -> [f32; ROWS] {
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    let mut sums = [[0.0_f32; LANES]; ROWS];
    for (place, x) in x_chunks.iter().enumerate() {
        for (sum, (chunks, _)) in sums.iter_mut().zip(&rows) {
            let w = &chunks[place];
            *sum = from_fn(|lane| sum[lane] + w[lane] * x[lane]);
        }
    }
    from_fn(|row| {
        let rest: f32 = rows[row].1.iter().zip(x_rest).map(|(w, x)| w * x).sum();
        tree_sum(sums[row]) + rest
    })
}

/// The sum of all lanes, halves upon halves.
#[inline(always)]
fn tree_sum(lanes: [f32; LANES]) -> f32 {
    let four: [f32; 4] = from_fn(|lane| lanes[lane] + lanes[lane + 4]);
    let two = [four[0] + four[2], four[1] + four[3]];
    two[0] + two[1]
}

#[cfg(test)]
mod tests {
    use super::affine;

    #[test]
    fn it_is_the_sum_of_products_at_every_width() {
        for (width, height) in [(1, 1), (4, 7), (15, 4), (16, 5), (17, 9), (100, 3), (256, 10)] {
            let number = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 50.0;
            let weights: Vec<_> = (0..width * height).map(number).collect();
            let biases: Vec<_> = (0..height).map(|i| number(i + 7)).collect();
            let x: Vec<_> = (0..width).map(|i| number(i + 11)).collect();
            let mut y = vec![0.0; height];
            affine(&weights, &biases, &x, &mut y);
            for row in 0..height {
                let products = weights[row * width..].iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                let expected = products.sum::<f64>() + f64::from(biases[row]);
                assert!((f64::from(y[row]) - expected).abs() < 1e-5, "{width}x{height}, row {row}");
            }
        }
    }
}
