//! What a replay costs, in words.

use std::fmt;

/// Capacity and memory of a replay; its text is one line for the user, such as
/// `100,000 transitions, 3.6 MiB (observations 1.5, steps 2.1, ends of episodes 0.0)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Transitions that fit, over all lanes.
    pub capacity: usize,
    /// Bytes of the observations, but for those on disk.
    pub observations: usize,
    /// Bytes of the observations on disk.
    pub on_disk: usize,
    /// Bytes of the columns with one value per transition, with how episodes ended.
    pub steps: usize,
    /// Bytes of the final observations, which grow with the number of episodes present.
    pub finals: usize,
}

impl Summary {
    /// All bytes of memory.
    pub fn total(&self) -> usize {
        self.observations + self.steps + self.finals
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let (unit, bytes, digits) = unit_of(total);
        let [total, observations, steps, finals] =
            [total, self.observations, self.steps, self.finals].map(|part| part as f64 / bytes as f64);
        write!(f, "{} transitions, {total:.digits$} {unit} ", grouped(self.capacity))?;
        write!(
            f,
            "(observations {observations:.digits$}, steps {steps:.digits$}, ends of episodes {finals:.digits$})"
        )?;
        if self.on_disk == 0 {
            return Ok(());
        }
        let (unit, bytes, digits) = unit_of(self.on_disk);
        write!(f, ", and observations on disk: {:.digits$} {unit}", self.on_disk as f64 / bytes as f64)
    }
}

/// The unit in which so many bytes are told: its name, its bytes, and digits after the point.
fn unit_of(bytes: usize) -> (&'static str, usize, usize) {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let (unit, size) = units.into_iter().find(|&(_, size)| bytes >= size).unwrap_or(("bytes", 1));
    (unit, size, usize::from(size > 1))
}

/// A number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_reads_as_a_line_for_the_user() {
        let summary =
            Summary { capacity: 100_000, observations: 1_600_016, on_disk: 0, steps: 2_200_000, finals: 4_096 };
        let line = "100,000 transitions, 3.6 MiB (observations 1.5, steps 2.1, ends of episodes 0.0)";
        assert_eq!(summary.to_string(), line);
        let large = Summary { on_disk: 7_516_192_768, ..summary };
        assert_eq!(large.to_string(), format!("{line}, and observations on disk: 7.0 GiB"));
        let small = Summary { capacity: 3, observations: 64, on_disk: 0, steps: 40, finals: 0 };
        assert_eq!(small.to_string(), "3 transitions, 104 bytes (observations 64, steps 40, ends of episodes 0)");
    }
}
