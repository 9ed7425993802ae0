//! Pictures of curves, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// Size of a picture, in pixels.
const SIZE: (u32, u32) = (760, 400);

/// A picture: curves over one pair of axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, in the order of the legend.
    pub curves: Vec<Curve>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What it measures.
    pub label: String,
    /// How numbers lie along it.
    pub scale: Scale,
}

/// How numbers lie along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, 0 included.
    #[default]
    Linear,
    /// By their logarithm; numbers of 0 and less are left out.
    Logarithmic,
}

/// A curve, or points that are not joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its name in the legend; without one it has no place there.
    pub label: String,
    /// Its points (x, y).
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Number of its colour; equal numbers, equal colours.
    pub colour: usize,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Joined points.
    Line,
    /// Points alone, as rings.
    Rings,
}

impl Axis {
    /// An even axis.
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Linear }
    }

    /// A logarithmic axis.
    pub fn logarithmic(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Logarithmic }
    }

    /// Where `value` lies, if it has a place.
    fn place(&self, value: f64) -> Option<f64> {
        let place = match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.log10(),
        };
        place.is_finite().then_some(place)
    }

    /// What stands at a place.
    fn text(&self, place: f64) -> String {
        match self.scale {
            Scale::Linear => short(place),
            Scale::Logarithmic => short(10_f64.powf(place)),
        }
    }

    /// The ends of the axis over these places.
    fn ends(&self, places: impl Iterator<Item = f64>) -> (f64, f64) {
        let start = match self.scale {
            Scale::Linear => (0.0, 0.0),
            Scale::Logarithmic => (f64::INFINITY, f64::NEG_INFINITY),
        };
        let (low, high) = places.fold(start, |(low, high): (f64, f64), place| (low.min(place), high.max(place)));
        let room = if high > low { 0.04 * (high - low) } else { 1.0 };
        let low = if self.scale == Scale::Linear && low == 0.0 { 0.0 } else { low - room };
        if low.is_finite() { (low, high + room) } else { (0.0, 1.0) }
    }
}

impl Chart {
    /// Writes the picture to `path`.
    ///
    /// # Errors
    /// The file cannot be written; the sentence says why.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        self.draw(&area).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&WHITE)?;
        let placed: Vec<Vec<(f64, f64)>> = self.curves.iter().map(|curve| self.placed(curve)).collect();
        let points = || placed.iter().flatten();
        let (left, right) = self.x.ends(points().map(|point| point.0));
        let (bottom, top) = self.y.ends(points().map(|point| point.1));
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(left..right, bottom..top)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_label_formatter(&|place| self.x.text(*place))
            .y_label_formatter(&|place| self.y.text(*place))
            .draw()?;
        for (curve, places) in self.curves.iter().zip(placed) {
            let colour = Palette99::pick(curve.colour).to_rgba();
            let drawn = match curve.stroke {
                Stroke::Line => chart.draw_series(LineSeries::new(places, colour.stroke_width(2)))?,
                Stroke::Rings => {
                    chart.draw_series(places.into_iter().map(|place| Circle::new(place, 4, colour.stroke_width(1))))?
                }
            };
            if curve.label.is_empty() {
                continue;
            }
            let named = drawn.label(&curve.label);
            match curve.stroke {
                Stroke::Line => {
                    named.legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2)))
                }
                Stroke::Rings => named.legend(move |(x, y)| Circle::new((x + 8, y), 4, colour.stroke_width(1))),
            };
        }
        if self.curves.iter().any(|curve| !curve.label.is_empty()) {
            chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(WHITE).draw()?;
        }
        area.present()
    }

    /// The points of a curve that have a place.
    fn placed(&self, curve: &Curve) -> Vec<(f64, f64)> {
        curve.points.iter().filter_map(|&(x, y)| Some((self.x.place(x)?, self.y.place(y)?))).collect()
    }
}

/// A number in a few characters: `0.25`, `1.5 k`, `20 k`, `3 M`, `3.2e-5`.
pub(crate) fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:.1e}");
    }
    let (scaled, unit) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 100.0 || scaled == scaled.round() => 0,
        size if size >= 1.0 => 1,
        size if size >= 0.1 => 2,
        _ => 4,
    };
    format!("{scaled:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_chart_is_an_svg_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.svg");
        let curve =
            |stroke| Curve { label: "measured".into(), points: vec![(0.1, 10.0), (1.0, 1e4)], stroke, colour: 0 };
        let chart = Chart {
            title: "a title".into(),
            x: Axis::linear("rate"),
            y: Axis::logarithmic("trials"),
            curves: vec![curve(Stroke::Line), curve(Stroke::Rings)],
        };
        chart.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for part in ["<svg", "a title", "rate", "trials", "measured", "<polyline", "<circle"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn a_chart_without_a_point_is_drawn_empty() {
        let folder = tempfile::tempdir().unwrap();
        let axis = Axis::logarithmic("nothing");
        let chart = Chart { x: axis.clone(), y: axis, ..Chart::default() };
        chart.write(&folder.path().join("empty.svg")).unwrap();
    }

    #[test]
    fn numbers_at_the_axes_are_short() {
        assert_eq!(
            [0.0, 0.25, 1500.0, 20_000.0, 3e6, 0.005, 3.16e-5].map(short),
            ["0", "0.25", "1.5 k", "20 k", "3 M", "0.0050", "3.2e-5"]
        );
    }
}
