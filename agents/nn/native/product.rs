//! The product of two matrices, `C = A B`: the inner loop of learning.
//!
//! B is packed first: into panels of 16 columns (8 in double precision), row after row, so that one row of a panel is one
//! cache line. Then each tile of C, 4 rows by one panel, is summed in registers,
//!
//! ```text
//! C[i, j] = Σ_p A[i, p] · B[p, j]     p in order, for 4 rows i and all columns j of the panel at once
//! ```
//!
//! with the fused multiply-add of CPUs that have AVX2 and FMA, and with a product and a sum on all others. A tile needs a
//! line of B and 4 numbers of A, wherever they lie, for 64 multiplications. Where B has but a few columns, as many as there
//! are actions, panels are of 4 columns and tiles of 8 rows. The packed matrices of the networks that this is for stay in
//! the cache.
//!
//! The memory for B is kept by the [`Factor`], so a product allocates nothing.

use super::matrix::{Matrix, MatrixMut};
use crate::real::Real;

/// Columns of a panel, and rows of a tile, where B has no more columns than that.
const NARROW: [usize; 2] = [4, 8];

/// What a product does to the matrix that it is written to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Into {
    /// It replaces the elements.
    Set,
    /// It is added to them.
    Add,
}

/// The right factor B of products, packed.
#[derive(Default)]
pub(super) struct Factor<T> {
    /// For each panel of columns `[inner, width]`; columns beyond B are 0.
    panels: Vec<T>,
    /// Rows and columns of B.
    shape: [usize; 2],
    /// Columns of a panel.
    width: usize,
}

impl<T: Real> Factor<T> {
    /// Columns of a panel that fill 64 bytes.
    const LINE: usize = 64 / size_of::<T>();

    /// Takes in B.
    pub(super) fn pack(&mut self, b: Matrix<'_, T>) -> &Self {
        self.shape = b.layout().shape;
        let [inner, columns] = self.shape;
        self.width = if columns <= NARROW[0] { NARROW[0] } else { Self::LINE };
        let length = inner * self.width;
        self.panels.resize(columns.div_ceil(self.width) * length, T::zero());
        for (index, panel) in self.panels.chunks_exact_mut(length).enumerate() {
            let first = index * self.width;
            let width = self.width.min(columns - first);
            pack_panel(&b.values()[first * b.layout().strides[1]..], b.layout().strides, width, panel, self.width);
        }
        self
    }

    /// Writes `A B` into `c`.
    pub(super) fn multiply(&self, a: Matrix<'_, T>, c: &mut MatrixMut<'_, T>, into: Into) {
        let (shape, inner) = (c.layout().shape, a.layout().shape[1]);
        assert_eq!((a.layout().shape, self.shape), ([shape[0], inner], [inner, shape[1]]), "the shapes of a product");
        match self.width {
            16 => self.multiply_in_panels::<16, 4>(a, c, into),
            8 => self.multiply_in_panels::<8, 4>(a, c, into),
            _ => self.multiply_in_panels::<{ NARROW[0] }, { NARROW[1] }>(a, c, into),
        }
    }

    /// The same, where panels are `WIDTH` columns wide and tiles `HEIGHT` rows high.
    fn multiply_in_panels<const WIDTH: usize, const HEIGHT: usize>(
        &self,
        a: Matrix<'_, T>,
        c: &mut MatrixMut<'_, T>,
        into: Into,
    ) {
        let ([rows, inner], steps) = (a.layout().shape, a.layout().strides);
        let (columns, strides, fused) = (self.shape[1], c.layout().strides, has_fused_multiply_add());
        for (index, panel) in self.panels.as_chunks::<WIDTH>().0.chunks_exact(inner).enumerate() {
            let first = index * WIDTH;
            let mut tile_from = |row: usize, high: bool| {
                let a = &a.values()[row * steps[0]..];
                let values = &mut c.values()[row * strides[0] + first * strides[1]..];
                let mut tile = Tile { values, strides, width: WIDTH.min(columns - first), into, fused };
                if high {
                    tile.compute::<WIDTH, HEIGHT>(a, steps, panel);
                } else {
                    tile.compute::<WIDTH, 1>(a, steps, panel);
                }
            };
            let whole = rows / HEIGHT * HEIGHT;
            (0..whole).step_by(HEIGHT).for_each(|row| tile_from(row, true));
            (whole..rows).for_each(|row| tile_from(row, false));
        }
    }
}

/// Writes the first `width` columns of `values` into a panel `full` columns wide, and 0 into the others.
#[inline]
fn pack_panel<T: Real>(values: &[T], [down, right]: [usize; 2], width: usize, panel: &mut [T], full: usize) {
    if width < full {
        panel.fill(T::zero());
    }
    if right == 1 && width == Factor::<T>::LINE {
        // Lines of a length that the compiler knows are copied without a call.
        for (row, line) in panel.chunks_exact_mut(Factor::<T>::LINE).enumerate() {
            line.copy_from_slice(&values[row * down..][..Factor::<T>::LINE]);
        }
        return;
    }
    for column in 0..width {
        let elements = values[column * right..].iter().step_by(down);
        panel[column..].iter_mut().step_by(full).zip(elements).for_each(|(place, &element)| *place = element);
    }
}

/// The place of one tile in C.
struct Tile<'a, T> {
    values: &'a mut [T],
    strides: [usize; 2],
    /// Columns that C has here.
    width: usize,
    into: Into,
    /// Whether the CPU has AVX2 and FMA.
    fused: bool,
}

impl<T: Real> Tile<'_, T> {
    /// Computes the tile from as many rows of A as it has, whose elements lie `steps` apart, and a panel of B.
    #[inline(always)]
    fn compute<const WIDTH: usize, const HEIGHT: usize>(&mut self, a: &[T], steps: [usize; 2], panel: &[[T; WIDTH]]) {
        assert!((HEIGHT - 1) * steps[0] + (panel.len() - 1) * steps[1] < a.len(), "a tile's rows");
        let mut sums = [[T::zero(); WIDTH]; HEIGHT];
        if self.into == Into::Add {
            self.read(&mut sums);
        }
        // SAFETY: `a` holds the last element that the tile needs, so all of them; and the CPU has what the function asks for.
        unsafe {
            if self.fused {
                accumulate_fused(&mut sums, a, steps, panel);
            } else {
                accumulate::<T, WIDTH, HEIGHT, false>(&mut sums, a, steps, panel);
            }
        }
        self.write(&sums);
    }

    #[inline(always)]
    fn read<const WIDTH: usize>(&self, sums: &mut [[T; WIDTH]]) {
        let [down, right] = self.strides;
        for (row, sums) in sums.iter_mut().enumerate() {
            let c = &self.values[row * down..];
            if right == 1 && self.width == WIDTH {
                sums.copy_from_slice(&c[..WIDTH]);
            } else {
                sums[..self.width].iter_mut().zip(c.iter().step_by(right)).for_each(|(sum, &c)| *sum = c);
            }
        }
    }

    #[inline(always)]
    fn write<const WIDTH: usize>(&mut self, sums: &[[T; WIDTH]]) {
        let [down, right] = self.strides;
        for (row, sums) in sums.iter().enumerate() {
            let c = &mut self.values[row * down..];
            if right == 1 && self.width == WIDTH {
                c[..WIDTH].copy_from_slice(sums);
            } else {
                c.iter_mut().step_by(right).zip(&sums[..self.width]).for_each(|(c, &sum)| *c = sum);
            }
        }
    }
}

/// Whether the CPU has AVX2 and FMA.
fn has_fused_multiply_add() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// [`accumulate`] for CPUs with AVX2 and FMA. It is never inlined: by itself the compiler turns it into registers and
/// nothing else, amid other code it may not.
///
/// # Safety
/// As [`accumulate`], and the CPU has AVX2 and FMA.
#[inline(never)]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
unsafe fn accumulate_fused<T: Real, const WIDTH: usize, const HEIGHT: usize>(
    sums: &mut [[T; WIDTH]; HEIGHT],
    a: &[T],
    steps: [usize; 2],
    panel: &[[T; WIDTH]],
) {
    // SAFETY: the caller's promise is passed on.
    unsafe { accumulate::<T, WIDTH, HEIGHT, true>(sums, a, steps, panel) }
}

/// Adds the products of the rows of `a` and a panel to the sums of a tile.
///
/// # Safety
/// `a` holds the elements `i · steps[0] + p · steps[1]` for all i < `HEIGHT` and p < `panel.len()`.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "a plain count is unrolled, and the sums are then registers")]
unsafe fn accumulate<T: Real, const WIDTH: usize, const HEIGHT: usize, const FUSED: bool>(
    tile: &mut [[T; WIDTH]; HEIGHT],
    a: &[T],
    [down, right]: [usize; 2],
    panel: &[[T; WIDTH]],
) {
    let mut sums = *tile;
    for (p, line) in panel.iter().enumerate() {
        let line = *line;
        for i in 0..HEIGHT {
            // SAFETY: the caller promises it.
            let x = unsafe { *a.get_unchecked(i * down + p * right) };
            for j in 0..WIDTH {
                sums[i][j] = if FUSED { x.mul_add(line[j], sums[i][j]) } else { sums[i][j] + x * line[j] };
            }
        }
    }
    *tile = sums;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::matrix::Layout;

    fn numbers<T: Real>(count: usize) -> Vec<T> {
        (0..count).map(|i| T::of((i * 37 % 101) as f64 - 50.0)).collect()
    }

    fn check<T: Real>(rows: usize, inner: usize, columns: usize) {
        let (a, b) = (numbers::<T>(rows * inner), numbers::<T>(2 * inner * columns));
        let lefts =
            [Matrix::new(&a, Layout::rows(rows, inner)), Matrix::new(&a, Layout::rows(inner, rows)).transposed()];
        let rights = [
            Matrix::new(&b, Layout::rows_apart(inner, columns, 2 * columns)),
            Matrix::new(&b, Layout::rows(columns, inner)).transposed(),
        ];
        let outs =
            [Layout::rows_apart(rows, columns, columns + 1), Layout { shape: [rows, columns], strides: [1, rows] }];
        let mut factor = Factor::default();
        for (left, right) in lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right))) {
            factor.pack(*right);
            for (layout, into) in outs.into_iter().flat_map(|layout| [(layout, Into::Set), (layout, Into::Add)]) {
                let mut c = vec![T::one(); rows * (columns + 1)];
                factor.multiply(*left, &mut MatrixMut::new(&mut c, layout), into);
                let before = if into == Into::Add { T::one() } else { T::zero() };
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let at = |matrix: &Matrix<'_, T>, i, j| {
                        matrix.values()[i * matrix.layout().strides[0] + j * matrix.layout().strides[1]]
                    };
                    // All numbers are whole and small, so every order of summing gives the same.
                    let sum = (0..inner).map(|p| at(left, i, p) * at(right, p, j)).sum::<T>();
                    let found = c[i * layout.strides[0] + j * layout.strides[1]];
                    assert_eq!(found, before + sum, "{rows}, {inner}, {columns}: {i}, {j}");
                }
            }
        }
    }

    #[test]
    fn a_product_is_the_sum_of_products_however_its_matrices_lie() {
        for (rows, inner, columns) in [(1, 1, 1), (3, 5, 2), (4, 8, 16), (17, 4, 33), (2, 33, 64), (6, 1, 15)] {
            check::<f32>(rows, inner, columns);
            check::<f64>(rows, inner, columns);
        }
    }

    #[test]
    fn whichever_factor_is_packed_the_bits_are_the_same() {
        for (rows, inner, columns) in [(32, 64, 64), (32, 100, 128), (3, 33, 2), (7, 20, 17)] {
            let uneven = |count: usize| numbers::<f32>(count).into_iter().map(|x| (0.1 * x).sin()).collect::<Vec<_>>();
            let (a, b) = (uneven(rows * inner), uneven(inner * columns));
            let a = Matrix::new(&a, Layout::rows(rows, inner));
            let b = Matrix::new(&b, Layout::rows(columns, inner)).transposed();
            let [mut right, mut left] = [(); 2].map(|()| vec![0.1; rows * columns]);
            let layout = Layout::rows(rows, columns);
            Factor::default().pack(b).multiply(a, &mut MatrixMut::new(&mut right, layout), Into::Add);
            let mut transposed = MatrixMut::new(&mut left, layout).transposed();
            Factor::default().pack(a.transposed()).multiply(b.transposed(), &mut transposed, Into::Add);
            assert_eq!(right, left, "{rows}, {inner}, {columns}");
        }
    }

    #[test]
    #[should_panic(expected = "the shapes of a product")]
    fn the_shapes_of_a_product_fit() {
        let (values, mut c, mut factor) = ([1.0; 6], [0.0; 4], Factor::default());
        let a = Matrix::new(&values, Layout::rows(2, 3));
        factor.pack(a).multiply(a, &mut MatrixMut::new(&mut c, Layout::rows(2, 2)), Into::Set);
    }
}
