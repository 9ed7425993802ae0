//! Do mover events find hands in a film? Nothing is tuned on it.
//!
//! `cargo run --release -p innate-rewards --example film_movers -- FILM LABELS [KEY=VALUE]…`, with keys of
//! `[signals.mover]`. LABELS is a file with boxes of hands, see `labels/mod.rs`. Prints how often a hand is where something
//! moves, and where an event says that a mover was, over the frames that have a label.

mod labels;

use innate_envs::standard;
use innate_rewards::Bank;
use labels::Labels;

/// Size of a frame and of the grid of fixations.
const SIZE: (usize, usize, &str) = (160, 90, "width = 160\nheight = 90\ncolumns = 8\nrows = 6");
/// Steps after motion entered at which the event's place is told.
const SEEN: usize = 3;
/// Pixels of a cell that moves, and pixels per step from which it does.
const CELL: usize = 4;
const SPEED: f32 = 0.4;

#[derive(Default)]
struct Share {
    hands: u32,
    all: u32,
}

impl Share {
    fn count(&mut self, hand: Option<bool>) {
        if let Some(hand) = hand {
            self.hands += u32::from(hand);
            self.all += 1;
        }
    }

    fn of(&self) -> f64 {
        f64::from(self.hands) / f64::from(self.all)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [film, labels, keys @ ..] = args.as_slice() else {
        return Err("usage: film_movers FILM LABELS [KEY=VALUE]…".into());
    };
    let labels = Labels::read(labels)?;
    let options = format!("path = {film:?}\n{}\nat_end = 'end'\nstart = 'first'\nmax_episode_steps = 100000", SIZE.2);
    let (mut env, _) = standard().build("video", &options.parse()?, "env")?;
    let registry = innate_rewards::standard();
    let (keys, none): (toml::Table, _) = (keys.join("\n").parse()?, toml::Table::new());
    let build =
        |name: &str, keys: &toml::Table| registry.build(name, keys, name).map(|(signal, _)| (name.to_string(), signal));
    let mut bank = Bank::build(vec![build("flow", &none)?, build("mover", &keys)?], &env.spec().observation)?;
    let percept = |name: &str| bank.percepts().iter().position(|spec| spec.name == name).ok_or("no such percept");
    let (flow, events) = (percept("flow")?, percept("mover.events")?);
    let mut observation = env.spec().buffer();
    env.reset(Some(0), &mut observation)?;
    bank.begin_episode(&observation, &mut ())?;
    let (mut moving, mut seen, mut steps) = (Share::default(), Vec::new(), 0);
    let mut motion = Vec::new();
    loop {
        let step = env.step(0, &mut observation)?;
        bank.step(&observation, 0, step, &mut (), |_| {})?;
        steps += 1;
        let flow = bank.following()[flow].as_f32().unwrap_or_default();
        motion.extend(moving_cells(flow).map(|place| (steps, place)));
        let rows = bank.following()[events].as_f32().unwrap_or_default().chunks_exact(6);
        let found = rows.filter(|row| row[5] > 0.0).map(|row| (steps - row[4] as usize + SEEN, (row[0], row[1])));
        seen.extend(found);
        if step.ended() {
            break;
        }
        bank.advance();
    }
    let each = labels.each(steps + 1);
    let at = |step: usize, (x, y): (f32, f32)| labels.at(step * each, [SIZE.0 as f32, SIZE.1 as f32], [x, y], 0.0);
    motion.into_iter().for_each(|(step, place)| moving.count(at(step, place)));
    let (all, mut right) = (seen.len(), Share::default());
    seen.into_iter().for_each(|(step, place)| right.count(at(step, place)));
    println!("{} frames, {all} events, {} of them in frames with a labelled hand", steps + 1, right.all);
    println!(
        "P(hand at event) {:.3}   P(hand at moving cell) {:.3}   ratio {:.2}",
        right.of(),
        moving.of(),
        right.of() / moving.of()
    );
    Ok(())
}

/// The middles of the cells that move faster than the frame's median by [`SPEED`].
fn moving_cells(flow: &[f32]) -> impl Iterator<Item = (f32, f32)> {
    let (dx, dy) = flow.split_at(SIZE.0 * SIZE.1);
    let norms: Vec<f32> = dx.iter().zip(dy).map(|(dx, dy)| dx.hypot(*dy)).collect();
    let mut sorted = norms.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    let cells = (0..SIZE.1 / CELL).flat_map(|row| (0..SIZE.0 / CELL).map(move |column| (row, column)));
    cells.filter_map(move |(row, column)| {
        let pixels = (0..CELL * CELL).map(|i| norms[(row * CELL + i / CELL) * SIZE.0 + column * CELL + i % CELL]);
        let speed = pixels.sum::<f32>() / (CELL * CELL) as f32 - median;
        let middle = |index: usize| (index as f32 + 0.5) * CELL as f32;
        (speed > SPEED).then_some((middle(column), middle(row)))
    })
}
