//! A sum tree: draws a leaf with a probability in proportion to its weight, in logarithmic time.
//!
//! ```text
//! node(i) = node(2i) + node(2i + 1),    node(1) = the sum of all leaves
//! ```
//!
//! Each node is the sum of its two children and of nothing else, so the tree is a function of its leaves: in whatever order they
//! were set, the same leaves give the same bits.

/// Weights that are drawn from.
#[derive(Clone, Debug)]
pub(crate) struct SumTree {
    /// The root at 1, the leaves from `leaves` on; 0 is not used.
    nodes: Vec<f64>,
    /// Their number, a power of two.
    leaves: usize,
}

impl SumTree {
    /// At least `leaves` leaves of weight 0, or nothing if the memory cannot be had.
    pub(crate) fn new(leaves: usize) -> Option<Self> {
        let leaves = leaves.max(1).checked_next_power_of_two()?;
        let nodes = bytemuck::allocation::try_zeroed_vec(leaves.checked_mul(2)?).ok()?;
        Some(Self { nodes, leaves })
    }

    /// The sum of all weights.
    pub(crate) fn total(&self) -> f64 {
        self.nodes[1]
    }

    /// The weight of leaf `leaf`.
    pub(crate) fn get(&self, leaf: usize) -> f64 {
        self.nodes[self.leaves + leaf]
    }

    /// Gives leaf `leaf` a weight, a finite number of 0 or more.
    pub(crate) fn set(&mut self, leaf: usize, weight: f64) {
        let mut node = self.leaves + leaf;
        self.nodes[node] = weight;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1];
        }
    }

    /// The leaf at which the sum of all weights up to it first exceeds `sum`: never one of weight 0, unless all are.
    pub(crate) fn find(&self, mut sum: f64) -> usize {
        let mut node = 1;
        while node < self.leaves {
            let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
            // Where rounding would lead beyond the last leaf that has a weight, that one it is.
            if sum < left || right == 0.0 {
                node *= 2;
            } else {
                sum -= left;
                node = 2 * node + 1;
            }
        }
        node - self.leaves
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(self.nodes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]

        /// Weights are small whole numbers, so that sums are exact and the naive search is the truth.
        #[test]
        fn it_finds_what_a_walk_along_the_leaves_finds(
            sets in proptest::collection::vec((0..23_usize, 0..9_u8), 1..60),
            share in 0.0..1.0_f64,
        ) {
            let (mut tree, mut leaves) = (SumTree::new(23).unwrap(), [0.0; 23]);
            for (leaf, weight) in sets {
                tree.set(leaf, f64::from(weight));
                leaves[leaf] = f64::from(weight);
            }
            prop_assert_eq!(tree.total(), leaves.iter().sum::<f64>());
            if tree.total() > 0.0 {
                let sum = share * tree.total();
                let mut walked = 0.0;
                let naive = leaves.iter().position(|weight| { walked += weight; walked > sum });
                prop_assert_eq!(Some(tree.find(sum)), naive);
            }
        }

        #[test]
        fn whatever_is_asked_for_a_leaf_without_weight_is_never_found(
            sets in proptest::collection::vec((0..37_usize, 0.0..1e3_f64), 1..40),
            share in 0.0..2.0_f64,
        ) {
            let mut tree = SumTree::new(37).unwrap();
            sets.iter().for_each(|&(leaf, weight)| tree.set(leaf, weight));
            if tree.total() > 0.0 {
                prop_assert!(tree.get(tree.find(share * tree.total())) > 0.0);
            }
        }
    }

    #[test]
    fn the_same_leaves_give_the_same_bits() {
        let (mut one, mut two) = (SumTree::new(9).unwrap(), SumTree::new(9).unwrap());
        (0..9).for_each(|leaf| one.set(leaf, 0.1 * leaf as f64));
        (0..9).rev().for_each(|leaf| two.set(leaf, 7.0));
        [3, 1, 8, 0, 2, 7, 4, 6, 5].iter().for_each(|&leaf| two.set(leaf, 0.1 * leaf as f64));
        assert_eq!(one.nodes, two.nodes);
    }
}
