//! Draws a curve of several runs as an SVG picture, each run a line:
//! `cargo run --release --example figures -- OUT.svg TITLE TAG RUN_DIR…`

use plotters::prelude::*;
use std::error::Error;

/// A curve: points (environment step, value).
type Curve = Vec<(f64, f64)>;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [out, title, tag, runs @ ..] = args.as_slice() else {
        return Err("usage: figures OUT.svg TITLE TAG RUN_DIR…".into());
    };
    let curves = runs.iter().map(|run| read(run, tag)).collect::<Result<Vec<_>, _>>()?;
    draw(out, title, tag, &curves)
}

/// The curve `tag` of a run's `metrics.csv`.
fn read(run: &str, tag: &str) -> Result<Curve, Box<dyn Error>> {
    let path = format!("{run}/metrics.csv");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let point = |line: &str| {
        let mut parts = line.split(',');
        let (step, found, value) = (parts.next()?, parts.next()?, parts.next()?);
        (found == tag).then_some((step.parse().ok()?, value.parse().ok()?))
    };
    let curve: Curve = text.lines().filter_map(point).collect();
    if curve.is_empty() { Err(format!("{path} has no curve {tag}").into()) } else { Ok(curve) }
}

fn draw(out: &str, title: &str, tag: &str, curves: &[Curve]) -> Result<(), Box<dyn Error>> {
    let points = || curves.iter().flatten();
    let end = points().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = points().fold((0.0, 1.0), |(low, high): (f64, f64), point| (low.min(point.1), high.max(point.1)));
    let area = SVGBackend::new(out, (760, 360)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..end, low..high * 1.04)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("environment steps")
        .y_desc(tag)
        .x_label_formatter(&|step| format!("{:.0} k", step / 1e3))
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        chart.draw_series(LineSeries::new(curve.iter().copied(), Palette99::pick(index).stroke_width(2)))?;
    }
    area.present()?;
    Ok(())
}
