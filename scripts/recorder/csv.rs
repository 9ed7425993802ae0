//! `metrics.csv`: every scalar in long format, for tables and plots.
//!
//! ```text
//! step,tag,value
//! 1000,train/loss,0.0123
//! ```
//!
//! A value is printed with the fewest digits that give back the same `f64`; infinities are `inf` and `-inf`, no number is
//! `NaN`. A tag with a comma, a quote or a line break stands in quotes (RFC 4180, section 2). There is no time in it: equal
//! runs have equal files, but for the curves that are about time.

use super::RecorderError;
use super::append::AppendFile;
use std::borrow::Cow;
use std::io::Write;

const HEADER: &[u8] = b"step,tag,value\n";

/// The open file.
pub(super) struct CsvFile(AppendFile);

impl CsvFile {
    /// Goes on in `file`; an empty one gets its header.
    pub(super) fn resume(mut file: AppendFile) -> Result<Self, RecorderError> {
        if file.length() == 0 {
            file.pending().extend_from_slice(HEADER);
            file.flush()?;
        }
        Ok(Self(file))
    }

    /// Collects one row for each value.
    pub(super) fn add(&mut self, step: u64, values: &[(String, f64)]) {
        for (tag, value) in values {
            // Writing to memory cannot fail.
            let _ = writeln!(self.0.pending(), "{step},{},{value:?}", field(tag));
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.0.length()
    }

    pub(super) fn flush(&mut self) -> Result<(), RecorderError> {
        self.0.flush()
    }

    pub(super) fn sync(&self) -> Result<(), RecorderError> {
        self.0.sync()
    }
}

/// A field of a row, in quotes where it must be.
pub(crate) fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_value_comes_back_with_all_its_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut csv = CsvFile::resume(AppendFile::open(path.clone()).unwrap()).unwrap();
        let values = [
            0.1,
            -0.0,
            1.0,
            1e300,
            5e-324,
            f64::MAX,
            1.0 / 3.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            123_456_789.0,
        ];
        let rows: Vec<(String, f64)> = values.iter().map(|&value| ("a/b".into(), value)).collect();
        csv.add(7, &rows);
        csv.flush().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        assert_eq!(header, "step,tag,value");
        let read: Vec<f64> = rows.lines().map(|row| row.strip_prefix("7,a/b,").unwrap().parse().unwrap()).collect();
        assert_eq!(read.len(), values.len());
        for (read, value) in read.into_iter().zip(values) {
            assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{read} {value}");
        }
    }

    #[test]
    fn a_tag_that_would_break_a_row_stands_in_quotes() {
        assert_eq!(field("train/loss"), "train/loss");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"b\"\n"), "\"say \"\"b\"\"\n\"");
    }
}
