//! Draws a curve of several runs as an SVG picture, each run a line:
//! `cargo run --release --example figures -- OUT.svg TITLE TAG RUN_DIR…`

use innate::drawing::{Axis, Chart, Curve, Stroke};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [out, title, tag, runs @ ..] = args.as_slice() else {
        return Err("usage: figures OUT.svg TITLE TAG RUN_DIR…".into());
    };
    let curve = |(colour, run): (usize, &String)| {
        read(run, tag).map(|points| Curve { label: String::new(), points, stroke: Stroke::Line, colour })
    };
    let curves = runs.iter().enumerate().map(curve).collect::<Result<_, _>>()?;
    let (x, y) = (Axis::linear("environment steps"), Axis::linear(tag));
    Ok(Chart { title: title.clone(), x, y, curves }.write(Path::new(out))?)
}

/// The points (environment step, value) of the curve `tag` in a run's `metrics.csv`.
fn read(run: &str, tag: &str) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let path = format!("{run}/metrics.csv");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let point = |line: &str| {
        let mut parts = line.split(',');
        let (step, found, value) = (parts.next()?, parts.next()?, parts.next()?);
        (found == tag).then_some((step.parse().ok()?, value.parse().ok()?))
    };
    let curve: Vec<_> = text.lines().filter_map(point).collect();
    if curve.is_empty() { Err(format!("{path} has no curve {tag}").into()) } else { Ok(curve) }
}
