//! What the ground truth says, as a table.

use crate::judge::Judgement;
use maud::{Markup, html};

/// One number beside what chance would give.
struct Row {
    stage: String,
    question: &'static str,
    value: f64,
    chance: Option<f64>,
    unit: Unit,
    /// Of how much it was measured.
    of: String,
}

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Between 0 and 1.
    Share,
    /// Between 0 and 180.
    Degrees,
    /// Any number from 0 on.
    Count,
}

fn rows(truth: &Judgement) -> Vec<Row> {
    let row = |stage: &str, question, value, chance, unit, of: String| Row {
        stage: stage.into(),
        question,
        value,
        chance,
        unit,
        of,
    };
    let clusters = format!("{} events", truth.clusters);
    let episodes = format!("{} episodes", truth.episodes);
    let mut rows = vec![
        row("movers", "events where a hand took or left something", truth.mover_precision, None, Unit::Share, clusters),
        row("movers", "takings that have an event", truth.mover_recall, None, Unit::Share, episodes.clone()),
        row("movers", "events per episode without a taking", truth.false_events, None, Unit::Count, episodes.clone()),
    ];
    for (area, &(precision, chance)) in &truth.average_precision {
        let what = "average precision of what it calls a hand";
        rows.push(row(area, what, precision, Some(chance), Unit::Share, episodes.clone()));
    }
    let faces = format!("{} looks", truth.gazes);
    rows.push(row("gaze", "mean error of direction", truth.gaze_error, Some(90.0), Unit::Degrees, faces));
    let (on, ahead) = ("fixations on a hand", "fixations of a place before a hand takes something there");
    rows.push(row("eye", on, truth.on_hands, Some(truth.hands_by_chance), Unit::Share, episodes.clone()));
    rows.push(row("eye", ahead, truth.ahead, Some(truth.ahead_by_chance), Unit::Share, episodes));
    rows
}

impl Row {
    fn text(&self, value: f64) -> String {
        match self.unit {
            _ if value.is_nan() => "–".into(),
            Unit::Share => format!("{value:.3}"),
            Unit::Degrees => format!("{value:.1}°"),
            Unit::Count => format!("{value:.2}"),
        }
    }

    /// A bar of the value, with a mark where chance is.
    fn bar(&self) -> Markup {
        let whole = match self.unit {
            Unit::Share => 1.0,
            Unit::Degrees => 180.0,
            Unit::Count => return html! {},
        };
        let at = |value: f64| format!("{:.1}", 100.0 * (value / whole).clamp(0.0, 1.0));
        let chance = self.chance.filter(|chance| chance.is_finite());
        html! {
            svg.meter viewBox="0 0 102 12" role="img" aria-label=(self.text(self.value)) {
                rect.rail x="0" y="2" width="100" height="8" {}
                @if self.value.is_finite() {
                    rect.bar x="0" y="2" width=(at(self.value)) height="8" {}
                }
                @if let Some(chance) = chance {
                    line.chance x1=(at(chance)) x2=(at(chance)) y1="0" y2="12" { title { "chance" } }
                }
            }
        }
    }
}

/// The table.
pub(super) fn table(truth: &Judgement) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { "stage" } th { "question" } th.number { "measured" } th.number { "by chance" } th {} th { "of" } } }
                tbody {
                    @for row in rows(truth) {
                        tr {
                            td { (row.stage) }
                            td { (row.question) }
                            td.number { strong { (row.text(row.value)) } }
                            td.number { (row.chance.map_or_else(String::new, |chance| row.text(chance))) }
                            td { (row.bar()) }
                            td.muted { (row.of) }
                        }
                    }
                }
            }
        }
        p.muted { "A dash stands where nothing came up that could be judged." }
    }
}
