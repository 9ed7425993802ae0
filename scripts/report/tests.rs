#![allow(clippy::unwrap_used)]
use super::*;
use crate::film::Film;
use innate_envs::Picture;

/// The parts of the page, by their ids.
const PARTS: [&str; 7] = ["film", "stages", "competence", "truth", "examples", "gaze", "episodes"];

/// Every part has something in it.
fn full() -> Report {
    let bar = |name: &str, opens: Option<&str>, open: u64| Bar {
        name: name.into(),
        opens: opens.map(Into::into),
        closes: None,
        weights: (1..=10).map(|point| (100 * point, f64::from(u8::from(100 * point >= open)))).collect(),
    };
    let stages = vec![
        Stage {
            area: "body".into(),
            bars: vec![bar("motion", None, 0), bar("mover", Some("mover.events >= 40"), 500)],
        },
        Stage { area: "hand".into(), bars: vec![bar("learns", Some("mover.events >= 10"), 300)] },
    ];
    let threshold = Threshold { bound: 40.0, at_least: true, consequence: "mover pays body".into() };
    let points = (1..=10).map(|point| (100 * point, 8.0 * point as f64)).collect();
    let competence =
        Competence { signal: "mover".into(), metric: "events".into(), thresholds: vec![threshold], points };
    let side = examples::SIDE;
    let example = |episode: u64, score| Example {
        episode,
        at: [20.0, 30.0],
        score,
        patch: (0..side * side).map(|pixel| (pixel * 7 + episode as usize * 40) as u8).collect(),
    };
    let gallery = |sign: f32| Gallery {
        examples: (0..9).map(|place| example(place, sign * (1.0 - 0.1 * place as f32))).collect(),
    };
    let judged = Judged { area: "hand".into(), most: gallery(1.0), least: gallery(-1.0) };
    let truth = Judgement {
        episodes: 20,
        clusters: 31,
        mover_precision: 0.87,
        mover_recall: 0.9,
        average_precision: [("hand".to_string(), (0.81, 0.06))].into(),
        gaze_error: 9.5,
        gazes: 200,
        ..Judgement::default()
    };
    let picture = Picture { width: 32, height: 8, rgb: vec![90; 3 * 32 * 8] };
    let mut film = Film::of_size(&picture).unwrap();
    film.show(&picture).unwrap();
    let petals = |shift: u64| (0..24).map(|petal| (petal * 5 + shift) % 17).collect::<Vec<u64>>();
    Report {
        run: Origin { name: "a <run> & more".into(), environment: "nursery".into(), steps: 1_000, ..Origin::default() },
        evaluation: Evaluation {
            returns: vec![0.0],
            lengths: vec![48],
            pays: vec![3.5],
            signals: Vec::new(),
            notices: Vec::new(),
        },
        stages,
        competence: vec![competence],
        truth: Some(truth),
        examples: Album { events: Some(gallery(1.0)), places: vec![judged] },
        gaze: Some(Roses { seen: petals(0), shown: Some(petals(4)) }),
        film: Some(film.end().unwrap()),
    }
}

/// No part has anything in it.
fn empty() -> Report {
    Report {
        run: Origin { name: "cart".into(), environment: "CartPole-v1".into(), ..Origin::default() },
        evaluation: Evaluation {
            returns: vec![500.0],
            lengths: vec![500],
            pays: vec![500.0],
            signals: Vec::new(),
            notices: Vec::new(),
        },
        stages: Vec::new(),
        competence: Vec::new(),
        truth: None,
        examples: Album::default(),
        gaze: None,
        film: None,
    }
}

/// The tags of a page in order: name, and whether it opens.
fn tags(html: &str) -> Vec<(&str, bool)> {
    let (_, body) = html.split_once("<!DOCTYPE html>").unwrap();
    let inner = body.split('<').skip(1).map(|piece| piece.split_once('>').unwrap().0);
    inner.map(|tag| (tag.trim_start_matches('/').split([' ', '\n']).next().unwrap(), !tag.starts_with('/'))).collect()
}

fn is_balanced(html: &str) -> bool {
    let mut open = Vec::new();
    for (tag, opens) in tags(html) {
        match (tag, opens) {
            ("meta" | "img" | "br", true) => {}
            (_, true) => open.push(tag),
            (_, false) => assert_eq!(open.pop(), Some(tag)),
        }
    }
    open.is_empty()
}

#[test]
fn every_tag_is_closed_and_every_part_is_there() {
    for html in [full().html(), empty().html()] {
        assert!(is_balanced(&html));
        for part in PARTS {
            assert!(html.contains(&format!("<section id=\"{part}\">")), "{part}");
        }
    }
}

#[test]
fn a_page_needs_no_network_and_no_script() {
    let html = full().html();
    assert!(!html.contains("://") && !html.contains("<script") && !html.contains("<link") && !html.contains("@import"));
    for source in html.split("src=\"").skip(1) {
        assert!(source.starts_with("data:image/gif;base64,") || source.starts_with("data:image/png;base64,"));
    }
    assert!(!html.contains("url("));
}

#[test]
fn a_full_page_shows_bars_bounds_examples_roses_and_film() {
    let html = full().html();
    assert!(html.contains("a &lt;run&gt; &amp; more"), "names are escaped");
    let count = |what: &str| html.matches(what).count();
    assert_eq!(count("<rect class=\"bar\" x=\"150\""), 1, "motion pays from the start");
    assert!(html.contains("opens when mover.events ≥ 40"));
    assert_eq!((count("class=\"threshold\""), count("<polyline")), (1, 1));
    assert_eq!(count("class=\"patch\""), 27);
    assert_eq!(count("<figure class=\"rose\">"), 2);
    assert_eq!(count("data:image/gif"), 1);
    assert!(html.contains("0.870") && html.contains("0.810") && html.contains("9.5°"));
}

#[test]
fn what_is_missing_is_a_sentence_that_says_what_it_needs() {
    let html = empty().html();
    for part in PARTS.iter().filter(|&&part| part != "episodes") {
        let inner = html.split(&format!("<section id=\"{part}\">")).nth(1).unwrap().split("</section>").next().unwrap();
        assert!(inner.contains("<p>") && inner.contains("<code>") && !inner.contains("<svg"), "{part}: {inner}");
    }
    assert!(!html.contains("NaN"));
}

#[test]
fn the_numbers_are_the_same_as_json() {
    let json = serde_json::to_value(full()).unwrap();
    assert_eq!(json["truth"]["mover_recall"], 0.9);
    assert_eq!(json["competence"][0]["thresholds"][0]["bound"], 40.0);
    assert_eq!(json["stages"][0]["bars"][1]["weights"][9], serde_json::json!([1000, 1.0]));
    assert_eq!(json["film"], serde_json::json!({ "width": 32, "height": 8, "frames": 1 }));
    assert_eq!(json["examples"]["places"][0]["most"][0]["episode"], 0);
    assert_eq!(serde_json::to_value(empty()).unwrap()["truth"], serde_json::Value::Null);
}
