//! Matrix times vector, `y = W x + b`, with the matrix's rows in PyTorch's order: the inner loop of the native engine.
//!
//! Each row is a dot product of sixteen partial sums, and four rows are computed at a time so that `x` is loaded once for
//! all of them. The partial sums are added in a fixed order, and nothing is fused, so the bits of y depend on this code
//! alone: not on the CPU, nor on how many rows are computed together.

use multiversion::multiversion;

/// Partial sums of a dot product.
const LANES: usize = 16;
/// Rows at a time.
const ROWS: usize = 4;

/// Writes `b + W x` into `y`; `weights` is `[y.len(), x.len()]`, row-major.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(crate) fn affine(weights: &[f32], biases: &[f32], x: &[f32], y: &mut [f32]) {
    let width = x.len();
    let mut blocks = weights.chunks_exact(width * ROWS);
    let (outputs, last_outputs) = y.as_chunks_mut::<ROWS>();
    let (block_biases, last_biases) = biases.as_chunks::<ROWS>();
    for ((block, bias), out) in blocks.by_ref().zip(block_biases).zip(outputs) {
        *out = rows::<ROWS>(block, bias, x);
    }
    for ((row, bias), out) in blocks.remainder().chunks_exact(width).zip(last_biases).zip(last_outputs) {
        [*out] = rows::<1>(row, &[*bias], x);
    }
}

/// `N` rows at once.
#[inline(always)]
fn rows<const N: usize>(weights: &[f32], biases: &[f32; N], x: &[f32]) -> [f32; N] {
    let width = x.len();
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [[0.0_f32; LANES]; N];
    for (index, x) in chunks.iter().enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            let start = row * width + index * LANES;
            let w = &weights[start..start + LANES];
            for lane in 0..LANES {
                sums[lane] += w[lane] * x[lane];
            }
        }
    }
    let mut y = *biases;
    for (row, (y, sums)) in y.iter_mut().zip(&sums).enumerate() {
        let mut tail = 0.0;
        let start = row * width + width - rest.len();
        for (w, x) in weights[start..start + rest.len()].iter().zip(rest) {
            tail += w * x;
        }
        *y += tree_sum(*sums) + tail;
    }
    y
}

/// The sum of all lanes, halves upon halves.
#[inline(always)]
fn tree_sum(mut sums: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
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
