//! Scaling by area: a pixel of the result is the mean of what it covers, parts of pixels counted by their part.
//!
//! `out[i] = Σ_j overlap(i, j) · in[j] / (n_in / n_out)` along each side, where pixel i of the result covers
//! `[i · n_in/n_out, (i + 1) · n_in/n_out)`. In whole numbers: the side is cut into `n_in · n_out` parts, of which a pixel of
//! the source has `n_out` and one of the result `n_in`; the only rounding is the last one, to the nearest byte.

/// A way to bring grey pictures from one size to another.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    horizontal: Side,
    vertical: Side,
    /// The rows scaled horizontally, `[source height, target width]`.
    narrow: Vec<u32>,
}

/// One side: for each pixel of the result the first pixel it covers, and the parts it covers of that and those after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    from: usize,
    to: usize,
    covers: Vec<(usize, Vec<u32>)>,
}

impl Side {
    fn new(from: usize, to: usize) -> Self {
        let covered = |i: usize| {
            let (start, end) = (i * from, (i + 1) * from);
            let first = start / to;
            let parts = (first..end.div_ceil(to)).map(|j| (end.min((j + 1) * to) - start.max(j * to)) as u32);
            (first, parts.collect())
        };
        Self { from, to, covers: (0..to).map(covered).collect() }
    }
}

impl Scale {
    /// From `[height, width]` to `[height, width]`, all at least 1 and at most 2¹⁶.
    pub(crate) fn new(from: [usize; 2], to: [usize; 2]) -> Self {
        let (horizontal, vertical) = (Side::new(from[1], to[1]), Side::new(from[0], to[0]));
        Self { horizontal, vertical, narrow: vec![0; from[0] * to[1]] }
    }

    /// Whether it is from pictures of `[height, width]`.
    pub(crate) fn is_from(&self, size: [usize; 2]) -> bool {
        [self.vertical.from, self.horizontal.from] == size
    }

    /// Scales `source` and appends the result to `target`.
    pub(crate) fn append(&mut self, source: &[u8], target: &mut Vec<u8>) {
        let (wide, narrow) = (self.horizontal.from, self.horizontal.to);
        for (line, row) in source.chunks_exact(wide).zip(self.narrow.chunks_exact_mut(narrow)) {
            for (sum, (first, parts)) in row.iter_mut().zip(&self.horizontal.covers) {
                *sum = line[*first..].iter().zip(parts).map(|(pixel, part)| u32::from(*pixel) * part).sum();
            }
        }
        let area = wide as u64 * self.vertical.from as u64;
        for (first, parts) in &self.vertical.covers {
            for column in 0..narrow {
                let rows = self.narrow[first * narrow + column..].iter().step_by(narrow);
                let sum: u64 = rows.zip(parts).map(|(sum, part)| u64::from(*sum) * u64::from(*part)).sum();
                target.push(((sum + area / 2) / area) as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scaled(source: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        let mut target = Vec::new();
        Scale::new(from, to).append(source, &mut target);
        target
    }

    /// The definition, with every part of a pixel as a pixel of its own.
    fn naive(source: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        let fine = |y: usize, x: usize| u64::from(source[y / to[0] * from[1] + x / to[1]]);
        let mut target = Vec::new();
        for i in 0..to[0] {
            for j in 0..to[1] {
                let rows = i * from[0]..(i + 1) * from[0];
                let sum: u64 = rows
                    .flat_map(|y| (j * from[1]..(j + 1) * from[1]).map(move |x| (y, x)))
                    .map(|(y, x)| fine(y, x))
                    .sum();
                let area = (from[0] * from[1]) as u64;
                target.push(((sum + area / 2) / area) as u8);
            }
        }
        target
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_pixel_is_the_mean_of_what_it_covers(
            (from, to) in ([1..12_usize, 1..12_usize], [1..12_usize, 1..12_usize]),
            bytes in prop::collection::vec(any::<u8>(), 121),
        ) {
            let source = &bytes[..from[0] * from[1]];
            prop_assert_eq!(scaled(source, from, to), naive(source, from, to));
        }
    }

    #[test]
    fn the_same_size_changes_nothing_and_half_the_size_averages_four() {
        let source: Vec<u8> = (0..24).map(|i| i * 10).collect();
        assert_eq!(scaled(&source, [4, 6], [4, 6]), source);
        assert_eq!(scaled(&source, [4, 6], [2, 3]), [35, 55, 75, 155, 175, 195]);
    }
}
