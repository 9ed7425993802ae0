//! Sums and changes over the rows of a matrix in blocks of eight, for any [`Real`]: the inner loops of learning one sample
//! at a time.
//!
//! A dot product is eight partial sums, added in pairs, and after them, in order, what does not fill a block. Nothing is
//! fused, so the bits are the same with and without AVX2. All of it but [`totals`] is inlined into the caller, whose
//! `multiversion` says for which CPUs it is compiled.

use crate::real::Real;

/// Inputs of a block, and partial sums of a dot product.
pub(crate) const LANES: usize = 8;

type Block<T> = [T; LANES];

/// Rows that share one walk over the input, so that a block of it is loaded once for all.
const ROWS: usize = 4;

/// Writes `b + W x` into `y`, where `x` is 0 in all blocks but `blocks`.
#[inline(always)]
pub(crate) fn affine<T: Real>(
    weights: &[T],
    biases: &[T],
    x: &[T],
    y: &mut [T],
    blocks: impl Iterator<Item = usize> + Clone,
) {
    let width = x.len();
    let grouped = y.len() / ROWS * ROWS;
    let (grouped_rows, single_rows) = weights.split_at(grouped * width);
    let (grouped_biases, single_biases) = biases.split_at(grouped);
    let (grouped_y, single_y) = y.split_at_mut(grouped);
    let groups = grouped_rows.chunks_exact(ROWS * width).zip(grouped_y.as_chunks_mut::<ROWS>().0);
    for ((rows, y), biases) in groups.zip(grouped_biases.as_chunks::<ROWS>().0) {
        let products = dot_products::<T, ROWS>(rows, x, blocks.clone());
        for ((y, &bias), product) in y.iter_mut().zip(biases).zip(products) {
            *y = bias + product;
        }
    }
    for ((row, y), &bias) in single_rows.chunks_exact(width).zip(single_y).zip(single_biases) {
        let [product] = dot_products::<T, 1>(row, x, blocks.clone());
        *y = bias + product;
    }
}

/// The dot products of `R` rows with `x`, which is 0 in all blocks but `blocks`.
#[inline(always)]
pub(crate) fn dot_products<T: Real, const R: usize>(
    rows: &[T],
    x: &[T],
    blocks: impl Iterator<Item = usize>,
) -> [T; R] {
    let width = x.len();
    let whole = width / LANES;
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let rows: [_; R] = std::array::from_fn(|row| rows[row * width..][..width].as_chunks::<LANES>());
    let mut products = [T::zero(); R];
    if whole > 0 {
        let x_blocks = &x_blocks[..whole];
        let row_blocks = rows.map(|(blocks, _)| &blocks[..whole]);
        let mut sums = [[T::zero(); LANES]; R];
        for block in blocks {
            let x = x_blocks[block];
            for row in 0..R {
                sums[row] = multiply_add(sums[row], row_blocks[row][block], x);
            }
        }
        products = totals(&sums);
    }
    for (product, (_, rest)) in products.iter_mut().zip(rows) {
        rest.iter().zip(x_rest).for_each(|(&w, &x)| *product += w * x);
    }
    products
}

/// `sums + w x`, lane by lane.
#[inline(always)]
fn multiply_add<T: Real>(sums: Block<T>, w: Block<T>, x: Block<T>) -> Block<T> {
    std::array::from_fn(|lane| sums[lane] + w[lane] * x[lane])
}

/// The sums of the lanes. It stands apart, or the compiler would turn rows into lanes for its sake all along the walk.
#[inline(never)]
fn totals<T: Real, const R: usize>(sums: &[Block<T>; R]) -> [T; R] {
    sums.map(|[a, b, c, d, e, f, g, h]| ((a + b) + (c + d)) + ((e + f) + (g + h)))
}

/// `W += step · g xᵀ`, where `x` is 0 in all blocks but `blocks`, and `g` in all units but `active`.
#[inline(always)]
pub(crate) fn change<T: Real>(
    weights: &mut [T],
    gates: &[T],
    active: &[u32],
    step: T,
    x: &[T],
    blocks: impl Iterator<Item = usize> + Clone,
) {
    let (width, whole) = (x.len(), x.len() / LANES);
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let x_blocks = &x_blocks[..whole];
    for unit in active.iter().map(|&unit| unit as usize) {
        let step = step * gates[unit];
        let (row_blocks, row_rest) = weights[unit * width..][..width].as_chunks_mut::<LANES>();
        let row_blocks = &mut row_blocks[..whole];
        for block in blocks.clone() {
            row_blocks[block] = multiply_add(row_blocks[block], [step; LANES], x_blocks[block]);
        }
        row_rest.iter_mut().zip(x_rest).for_each(|(w, &x)| *w += step * x);
    }
}

/// Lists the places of `values` that are not 0, and answers with their number. `list` is as long as `values` or longer.
/// There is no branch, for it would be taken at random.
#[inline(always)]
pub(crate) fn list_nonzero<T: Real>(values: &[T], list: &mut [u32]) -> usize {
    let mut count = 0;
    for (place, &value) in (0..).zip(values) {
        list[count] = place;
        count += usize::from(value != T::zero());
    }
    count
}
