//! The page around the parts.

use super::{Origin, Report, competence, stages, truth};
use crate::film::Gif;
use base64::{Engine, engine::general_purpose::STANDARD};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use innate_agents::Evaluation;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// How it looks, in the light and in the dark.
const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn page(report: &Report) -> Markup {
    let run = &report.run;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "The development of " (run.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(run))
                main {
                    section #film { h2 { "What it perceives" } (film(report.film.as_ref())) }
                    section #stages { h2 { "What it was paid for, and when" } (stages_part(report)) }
                    section #competence { h2 { "What it measured of itself" } (competence_part(report)) }
                    section #truth { h2 { "What the ground truth says" } (truth_part(report)) }
                    section #examples { h2 { "What it found" } (report.examples.html()) }
                    section #gaze { h2 { "Where faces look" } (gaze_part(report)) }
                    section #episodes { h2 { "The episodes" } (episodes(&report.evaluation)) }
                }
                footer { p.muted { "Made by innate " (env!("CARGO_PKG_VERSION")) "." } }
            }
        }
    }
}

fn header(run: &Origin) -> Markup {
    let facts = [
        ("environment", run.environment.clone()),
        ("seed", run.seed.to_string()),
        ("checkpoint", format!("{}, step {} of {}", run.checkpoint, run.steps, run.all_steps)),
        ("episodes", format!("{}, seed {}", run.episodes, run.episodes_seed)),
    ];
    html! {
        header {
            h1 { "The development of " (run.name) }
            dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        }
    }
}

fn film(film: Option<&Gif>) -> Markup {
    let Some(film) = film else {
        return html! { p { "There is nothing to be seen: the run has no percept " code { "frame" } "." } };
    };
    html! {
        img.film width=(film.width) height=(film.height) alt="What the run perceives, step by step" src=(data("gif", &film.bytes));
        p.muted {
            "Retina: the frame, the fixated cell boxed. Flow: the hue is the direction (red to the right), the brightness the speed. "
            "Events, hands: a ring where a moving thing came, left, and changed something; heat where the hand area sees hands. "
            "Gaze: faces and where they seem to look. A panel is there if the run has its percepts."
        }
    }
}

fn last_step(report: &Report) -> u64 {
    let bars = report.stages.iter().flat_map(|stage| &stage.bars).flat_map(|bar| &bar.weights);
    let curves = report.competence.iter().flat_map(|competence| &competence.points);
    bars.chain(curves).map(|&(step, _)| step).max().unwrap_or(report.run.steps)
}

fn stages_part(report: &Report) -> Markup {
    html! {
        @if report.stages.is_empty() {
            p { "No area was paid by anything yet: " code { "metrics.csv" } " has no curves of pay." }
        } @else {
            p.muted { "The more opaque a bar, the greater the weight; full is the signal's greatest weight for that area." }
            (stages::drawing(&report.stages, last_step(report)))
        }
    }
}

fn competence_part(report: &Report) -> Markup {
    let last = last_step(report);
    html! {
        @if report.competence.is_empty() {
            p { "The signals of this run measure nothing of their own; " code { "mover" } ", " code { "hand" } " and " code { "gaze" } " do." }
        } @else {
            p.muted { "Over environment steps. A dashed line is the bound of a condition of the run file." }
            div.curves { @for competence in &report.competence { (competence::drawing(competence, last)) } }
        }
    }
}

fn truth_part(report: &Report) -> Markup {
    let has = truth::Has { movers: report.examples.events.is_some(), gaze: report.gaze.is_some() };
    html! {
        @match &report.truth {
            Some(truth) => (truth::table(truth, has)),
            None => p {
                "The environment " code { (report.run.environment) } " tells no ground truth, so nothing here is compared with it; "
                code { "nursery" } " tells it."
            },
        }
    }
}

fn gaze_part(report: &Report) -> Markup {
    html! {
        @match &report.gaze {
            Some(roses) => (roses.html()),
            None => p {
                "No area decides where faces look: the signals " code { "face" } " and " code { "gaze" }
                " offer faces, and an area " code { "gaze" } " that views " code { "gaze.faces" } " decides."
            },
        }
    }
}

fn episodes(evaluation: &Evaluation) -> Markup {
    html! {
        div.scroll {
            table {
                tbody {
                    tr { td { "mean return" } td.number { (format!("{:.2}", evaluation.mean_return())) } td {} }
                    tr { td { "mean length" } td.number { (format!("{:.1}", evaluation.mean_length())) } td.muted { "steps" } }
                    tr { td { "mean pay of the body" } td.number { (format!("{:.2}", evaluation.mean_pay())) } td.muted { "per episode" } }
                    @for signal in &evaluation.signals {
                        tr {
                            td { (signal.name) }
                            td.number { (format!("{:.4}", signal.mean)) }
                            td.muted {
                                "per step"
                                @for (metric, value) in &signal.metrics { ", " (metric) " " (format!("{value:.3}")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A grey picture of `side` x `side` pixels.
pub(super) fn picture(grey: &[u8], side: usize, title: &str) -> Markup {
    let mut file = Vec::new();
    let encoded = PngEncoder::new(&mut file).write_image(grey, side as u32, side as u32, ExtendedColorType::L8);
    html! {
        @match encoded {
            Ok(()) => { img.patch width=(side) height=(side) alt=(title) title=(title) src=(data("png", &file)); }
            Err(_) => { span.muted { "no picture" } }
        }
    }
}

/// A file within the page.
fn data(kind: &str, bytes: &[u8]) -> String {
    format!("data:image/{kind};base64,{}", STANDARD.encode(bytes))
}
