//! Draws a curve of several runs as an SVG picture, each run a line:
//! `cargo run --release --example figures -- OUT.svg TITLE TAG RUN_DIR…`

use innate::curves::Curves;
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

/// The points (environment step, value) of the curve `tag` of a run.
fn read(run: &str, tag: &str) -> Result<Vec<(f64, f64)>, String> {
    let curves = Curves::read(Path::new(run))?;
    let points: Vec<_> = curves.points(tag).iter().map(|&(step, value)| (step as f64, value)).collect();
    if points.is_empty() { Err(format!("{run}/metrics.csv has no curve {tag}")) } else { Ok(points) }
}
