//! Matrices within slices.

/// A matrix within a slice: rows and columns may lie any distance apart.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    values: &'a [T],
    layout: Layout,
}

/// The same, to be written.
pub(super) struct MatrixMut<'a, T> {
    values: &'a mut [T],
    layout: Layout,
}

/// Where the elements of a matrix lie.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Elements from one row to the next, and from one column to the next.
    pub(super) strides: [usize; 2],
}

impl Layout {
    /// Row by row without gaps.
    pub(super) fn rows(rows: usize, columns: usize) -> Self {
        Self { shape: [rows, columns], strides: [columns, 1] }
    }

    /// Row by row, `stride` elements apart.
    pub(super) fn rows_apart(rows: usize, columns: usize, stride: usize) -> Self {
        Self { shape: [rows, columns], strides: [stride, 1] }
    }

    /// The same elements with rows and columns exchanged.
    fn transposed(self) -> Self {
        let ([rows, columns], [down, right]) = (self.shape, self.strides);
        Self { shape: [columns, rows], strides: [right, down] }
    }

    /// Checks that `length` elements hold the whole matrix.
    fn check(&self, length: usize) {
        let [rows, columns] = self.shape;
        let inside = rows > 0 && columns > 0 && (rows - 1) * self.strides[0] + (columns - 1) * self.strides[1] < length;
        assert!(inside, "{:?} within {length} elements", self.shape);
    }
}

impl<'a, T> Matrix<'a, T> {
    /// The matrix that begins where `values` do. It must lie within them, and have an element.
    pub(super) fn new(values: &'a [T], layout: Layout) -> Self {
        layout.check(values.len());
        Self { values, layout }
    }

    /// The same elements with rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self { layout: self.layout.transposed(), ..self }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// The elements from the first one on, to the end of the slice.
    pub(super) fn values(&self) -> &'a [T] {
        self.values
    }
}

impl<'a, T> MatrixMut<'a, T> {
    /// The matrix that begins where `values` do. It must lie within them, and have an element.
    pub(super) fn new(values: &'a mut [T], layout: Layout) -> Self {
        layout.check(values.len());
        Self { values, layout }
    }

    /// The same elements with rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self { layout: self.layout.transposed(), ..self }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// The elements from the first one on, to the end of the slice.
    pub(super) fn values(&mut self) -> &mut [T] {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "[2, 3] within 5 elements")]
    fn a_matrix_lies_within_its_slice() {
        Matrix::new(&[0.0; 5], Layout::rows(2, 3));
    }

    #[test]
    #[should_panic(expected = "[2, 2] within 4 elements")]
    fn rows_that_lie_apart_lie_within_the_slice_too() {
        MatrixMut::new(&mut [0.0; 4], Layout::rows_apart(2, 2, 3));
    }
}
