//! Matrix times vector, `y = W x + b`, with the matrix's rows in PyTorch's order: the inner loop of the native engine.
//!
//! Each row is a dot product of eight partial sums: sum l takes every eighth product, from the l-th on, and at last they are
//! added in pairs. Nothing is fused. So the bits of y depend on this order alone, and not on the CPU: the kernel for AVX2
//! and the one for all other machines give the same. The former is written out because compilers turn the latter into good
//! or bad vector code by luck, up to eight times apart.

#[cfg(target_arch = "x86_64")]
mod avx2;

/// Partial sums of a dot product.
const LANES: usize = 8;

/// Writes `b + W x` into `y`; `weights` is `[y.len(), x.len()]`, row-major.
pub(crate) fn affine(weights: &[f32], biases: &[f32], x: &[f32], y: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2.
        return unsafe { avx2::affine(weights, biases, x, y) };
    }
    portable(weights, biases, x, y);
}

/// The same on any machine.
fn portable(weights: &[f32], biases: &[f32], x: &[f32], y: &mut [f32]) {
    for ((row, bias), y) in weights.chunks_exact(x.len()).zip(biases).zip(y) {
        let mut sums = [0.0_f32; LANES];
        for (w, x) in row.chunks(LANES).zip(x.chunks(LANES)) {
            for ((sum, w), x) in sums.iter_mut().zip(w).zip(x) {
                *sum += w * x;
            }
        }
        let [a, b, c, d, e, f, g, h] = sums;
        *y = bias + (((a + b) + (c + d)) + ((e + f) + (g + h)));
    }
}

#[cfg(test)]
mod tests {
    use super::{affine, portable};

    #[test]
    fn it_is_the_sum_of_products_at_every_width() {
        for (width, height) in [(1, 1), (4, 7), (7, 8), (8, 9), (15, 4), (16, 5), (17, 23), (100, 3), (256, 10)] {
            let number = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 50.0;
            let weights: Vec<_> = (0..width * height).map(number).collect();
            let biases: Vec<_> = (0..height).map(|i| number(i + 7)).collect();
            let x: Vec<_> = (0..width).map(|i| number(i + 11)).collect();
            let mut y = vec![0.0; height];
            affine(&weights, &biases, &x, &mut y);
            let mut anywhere = vec![0.0; height];
            portable(&weights, &biases, &x, &mut anywhere);
            assert_eq!(y, anywhere, "the bits depend on the machine");
            for row in 0..height {
                let products = weights[row * width..].iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                let expected = products.sum::<f64>() + f64::from(biases[row]);
                assert!((f64::from(y[row]) - expected).abs() < 1e-5, "{width}x{height}, row {row}");
            }
        }
    }
}
