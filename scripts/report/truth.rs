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

/// What a run has, beside an eye, that can be compared with the truth.
#[derive(Clone, Copy)]
pub(super) struct Has {
    /// Whether it looks for events.
    pub(super) movers: bool,
    /// Whether it looks where faces look.
    pub(super) gaze: bool,
}

fn rows(truth: &Judgement, has: Has) -> Vec<Row> {
    let episodes = || format!("{} episodes", truth.episodes);
    let share = |stage: &str, question, value, chance, of| Row {
        stage: stage.into(),
        question,
        value,
        chance,
        unit: Unit::Share,
        of,
    };
    let mut rows = Vec::new();
    if has.movers {
        let (right, found) = ("events where a hand took or left something", "takings that have an event");
        rows.push(share("movers", right, truth.mover_precision, None, format!("{} events", truth.clusters)));
        rows.push(share("movers", found, truth.mover_recall, None, episodes()));
        let idle = share("movers", "events per episode without a taking", truth.false_events, None, episodes());
        rows.push(Row { unit: Unit::Count, ..idle });
    }
    for (area, &(precision, chance)) in &truth.average_precision {
        let question = "average precision of what it calls a hand";
        rows.push(share(area, question, precision, Some(chance), episodes()));
    }
    if has.gaze {
        let looks = format!("{} looks", truth.gazes);
        let error = share("gaze", "mean error of direction", truth.gaze_error, Some(90.0), looks);
        rows.push(Row { unit: Unit::Degrees, ..error });
    }
    let (on, ahead) = ("fixations on a hand", "fixations of a place before a hand takes something there");
    rows.push(share("eye", on, truth.on_hands, Some(truth.hands_by_chance), episodes()));
    rows.push(share("eye", ahead, truth.ahead, Some(truth.ahead_by_chance), episodes()));
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
pub(super) fn table(truth: &Judgement, has: Has) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { "stage" } th { "question" } th.number { "measured" } th.number { "by chance" } th {} th { "of" } } }
                tbody {
                    @for row in rows(truth, has) {
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
