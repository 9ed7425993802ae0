//! The curves of a run, read back from its `metrics.csv` (see [`crate::recorder`] for what it holds).

use std::collections::BTreeMap;
use std::path::Path;

/// Every curve by its tag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves(BTreeMap<String, Vec<(u64, f64)>>);

impl Curves {
    /// Reads the curves of the run in the folder `run`. A row that is not whole (the last one of a run that is being written)
    /// is no point.
    ///
    /// # Errors
    /// The file cannot be read; the sentence says why.
    pub fn read(run: &Path) -> Result<Self, String> {
        let path = run.join("metrics.csv");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut curves = BTreeMap::<String, Vec<_>>::new();
        for (step, tag, value) in text.lines().filter_map(row) {
            curves.entry(tag).or_default().push((step, value));
        }
        Self(curves)
    }

    /// The points (environment step, value) of a curve; none if there is no such curve.
    pub fn points(&self, tag: &str) -> &[(u64, f64)] {
        self.0.get(tag).map_or(&[], Vec::as_slice)
    }

    /// Every tag, in alphabetical order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The environment step of the last point of all.
    pub fn last_step(&self) -> u64 {
        self.0.values().filter_map(|points| points.last()).map(|&(step, _)| step).max().unwrap_or(0)
    }
}

/// Step, tag and value of a line, if it is a row of the table.
fn row(line: &str) -> Option<(u64, String, f64)> {
    let (step, rest) = line.split_once(',')?;
    let (tag, value) = rest.rsplit_once(',')?;
    let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = quoted.map_or_else(|| tag.to_string(), |tag| tag.replace("\"\"", "\""));
    Some((step.parse().ok()?, tag, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_back_curve_by_curve() {
        let curves = Curves::parse("step,tag,value\n10,a/b,0.5\n10,\"c,\"\"d\"\"\",inf\n20,a/b,-1.0\n30,a/");
        assert_eq!(curves.points("a/b"), [(10, 0.5), (20, -1.0)]);
        assert_eq!(curves.points("c,\"d\""), [(10, f64::INFINITY)]);
        assert_eq!(curves.points("e"), []);
        assert_eq!(curves.tags().collect::<Vec<_>>(), ["a/b", "c,\"d\""]);
        assert_eq!(curves.last_step(), 20);
    }
}
