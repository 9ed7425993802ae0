//! How much of what is wrong in reading gaze comes from where the face is taken to be?
//!
//! `cargo run --release -p innate-rewards --example gaze_places`
//!
//! In the nursery's world "hard", in scenes in which a hand grabs: of the people of the training, what a face looks like when
//! its hand comes to a thing, with the direction of that thing; of the people of the test, the same with the direction in which
//! they look. A direction is read as the mean of the 5 nearest faces. Faces are boxes of 14 pixels, around the place that `face`
//! finds, around the true middle of the head, and beside it by so many pixels along each axis.

use innate_envs::truth::Truth;
use innate_envs::{Env, standard};
use innate_nn::Random;
use innate_rewards::Bank;
use innate_rewards::descriptor::{self, COARSE};
use rand::{Rng, SeedableRng};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Pixels along a side of the frame, and of a face's box.
const SIZE: usize = 84;
const BOX: f32 = 14.0;
/// Pixels along a side of a face as it is described, with its rim.
const VIEW: usize = descriptor::SIDE + 2;
/// Faces whose mean is taken.
const NEAREST: usize = 5;
/// Greatest distance of a found face from the true one, in pixels.
const NEAR: f32 = 6.0;
/// Episodes of either people.
const EPISODES: u64 = 200;

/// A face at the moment of a contact.
struct Glance {
    frame: Vec<u8>,
    found: [f32; 2],
    middle: [f32; 2],
    /// Where the thing is, and where the face looks, seen from it: angles in radians.
    event: f32,
    gaze: f32,
}

fn main() -> Outcome {
    let (train, test) = (glances("train")?, glances("test")?);
    let apart: Vec<f32> = train.iter().map(|glance| distance(glance.found, glance.middle)).collect();
    println!("{} and {} faces, found {:.2} pixels from their middle", train.len(), test.len(), mean(&apart));
    println!("{:24} {:>10} {:>10}", "mean error, degrees", "50 events", "150");
    for (name, beside) in [
        ("where it is found", None),
        ("its middle", Some(0.0)),
        ("beside by 0.4", Some(0.4)),
        ("beside by 0.8", Some(0.8)),
    ] {
        let mut random = Random::seed_from_u64(0);
        let mut described =
            |glances: &[Glance]| glances.iter().map(|glance| describe(glance, beside, &mut random)).collect::<Vec<_>>();
        let (known, asked) = (described(&train), described(&test));
        let error = |events: usize| {
            let errors = test.iter().zip(&asked).map(|(glance, face)| {
                let read = read(face, &known[..events.min(known.len())], &train);
                let turned = (read - glance.gaze).rem_euclid(std::f32::consts::TAU);
                turned.min(std::f32::consts::TAU - turned).to_degrees()
            });
            mean(&errors.collect::<Vec<f32>>())
        };
        println!("{name:24} {:10.1} {:10.1}", error(50), error(150));
    }
    Ok(())
}

/// One face of each episode in which a hand comes to a thing and the face is found.
fn glances(people: &str) -> Outcome<Vec<Glance>> {
    let options = format!("world = 'hard'\npeople = '{people}'\nmix = {{ grab = 1 }}");
    let (mut env, _) = standard().build("nursery", &options.parse()?, "env")?;
    let (face, _) = innate_rewards::standard().build("face", &toml::Table::new(), "face")?;
    let mut bank = Bank::build(vec![("face".into(), face)], &env.spec().observation)?;
    let (frame, faces) = (0, bank.percepts().len() - 1);
    let mut observation = env.spec().buffer();
    let mut glances = Vec::new();
    for episode in 0..EPISODES {
        env.reset(Some(5_000 + episode), &mut observation)?;
        bank.begin_episode(&observation, &mut ())?;
        let mut seen: Vec<(Vec<u8>, [f32; 2], Truth)> = Vec::new();
        loop {
            let step = env.step(0, &mut observation)?;
            bank.step(&observation, 0, step, &mut (), |_| {})?;
            let percepts = bank.following();
            let face = percepts[faces].as_f32().ok_or("no faces")?;
            let truth = env.truth().ok_or("no truth")?;
            // Pixels have their middles at whole numbers here, and between them there.
            let found = [face[0] - 0.5, face[1] - 0.5];
            seen.push((percepts[frame].as_u8().ok_or("no frame")?.to_vec(), found, truth));
            if step.ended() {
                break;
            }
            bank.advance();
        }
        let contact = seen.last().and_then(|(.., truth)| truth.events.iter().find(|event| event.is_hand()).copied());
        let Some(event) = contact else { continue };
        let Some((frame, found, truth)) = seen.into_iter().find(|(.., truth)| truth.step == event.start) else {
            continue;
        };
        let Some(gaze) = truth.gazes.first() else { continue };
        if distance(found, gaze.origin) < NEAR {
            let event = (event.from[1] - gaze.origin[1]).atan2(event.from[0] - gaze.origin[0]);
            let looks = gaze.direction[1].atan2(gaze.direction[0]);
            glances.push(Glance { frame, found, middle: gaze.origin, event, gaze: looks });
        }
    }
    Ok(glances)
}

/// A face at the place where it is found, or so far beside its middle.
fn describe(glance: &Glance, beside: Option<f32>, random: &mut Random) -> Vec<f32> {
    let spread = beside.unwrap_or(0.0) * 3.0_f32.sqrt();
    let place =
        beside.map_or(glance.found, |_| glance.middle.map(|middle| middle + spread * random.random_range(-1.0..=1.0)));
    let step = BOX / descriptor::SIDE as f32;
    let mut face = [0; VIEW * VIEW];
    for (i, pixel) in face.iter_mut().enumerate() {
        let [x, y] = [(i % VIEW, place[0]), (i / VIEW, place[1])]
            .map(|(index, middle)| middle + (index as f32 + 0.5 - VIEW as f32 / 2.0) * step);
        *pixel = light(&glance.frame, x, y).round() as u8;
    }
    let mut out = vec![0.0; descriptor::length(COARSE)];
    descriptor::describe::<COARSE>(&face, VIEW, VIEW as f32 / 2.0, VIEW as f32 / 2.0, &mut out);
    out
}

/// The brightness at a place between pixels, which have their middles at whole numbers.
fn light(frame: &[u8], x: f32, y: f32) -> f32 {
    let last = (SIZE - 1) as f32;
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (left, top) = (x as usize, y as usize);
    let at = |row: usize, column: usize| f32::from(frame[row.min(SIZE - 1) * SIZE + column.min(SIZE - 1)]);
    let along = |row: usize| at(row, left) + x.fract() * (at(row, left + 1) - at(row, left));
    along(top) + y.fract() * (along(top + 1) - along(top))
}

/// The direction of the events of the nearest of the `known` faces.
fn read(face: &[f32], known: &[Vec<f32>], of: &[Glance]) -> f32 {
    let apart = |other: &[f32]| face.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let mut near: Vec<(f32, f32)> = known.iter().zip(of).map(|(other, glance)| (apart(other), glance.event)).collect();
    near.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (y, x) = near.iter().take(NEAREST).fold((0.0, 0.0), |(y, x), (_, angle)| (y + angle.sin(), x + angle.cos()));
    y.atan2(x)
}

fn distance(one: [f32; 2], other: [f32; 2]) -> f32 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}
