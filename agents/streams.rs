//! Random streams: every draw comes from a generator with a name.
//!
//! ```text
//! stream(name, index) = Xoshiro256++ seeded with BLAKE3(context; run seed, name, index)
//! ```
//!
//! One stream per purpose, area and environment slot means that adding one, or moving a slot to another thread, changes no
//! draw of the others. Generators are part of the checkpoint.

use rand::SeedableRng;

/// The generator behind every stream: small, fast, serialisable.
pub type Random = rand_xoshiro::Xoshiro256PlusPlus;

/// The streams of one run seed.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The generator called `name`, the `index`-th of its kind.
    pub fn stream(&self, name: &str, index: u64) -> Random {
        Random::from_seed(self.digest(name, index))
    }

    /// A seed for something that makes its own generator, such as an environment.
    pub fn seed(&self, name: &str, index: u64) -> u64 {
        let digest = self.digest(name, index);
        digest.iter().take(8).fold(0, |seed, &byte| seed << 8 | u64::from(byte))
    }

    fn digest(&self, name: &str, index: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("innate random stream, version 1");
        hasher.update(&self.seed.to_le_bytes()).update(&index.to_le_bytes()).update(name.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn a_stream_depends_on_seed_name_and_index_alone() {
        let draw = |seed, name, index| Streams::new(seed).stream(name, index).random::<u64>();
        assert_eq!(draw(1, "explore", 0), draw(1, "explore", 0));
        assert_ne!(draw(1, "explore", 0), draw(2, "explore", 0));
        assert_ne!(draw(1, "explore", 0), draw(1, "replay", 0));
        assert_ne!(draw(1, "explore", 0), draw(1, "explore", 1));
        assert_ne!(Streams::new(1).seed("env", 0), Streams::new(1).seed("env", 1));
    }
}
