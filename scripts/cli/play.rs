//! `innate play`: an environment as a person sees it, played at random.

use super::{Failure, PlayArgs, eval::check_film, eval::record, say};
use crate::film::{Film, FilmError};
use innate_agents::Registries;
use innate_agents::streams::Streams;
use innate_envs::{Array, ArraySpec, Env, EnvSpec, Observation, Picture};
use rand::Rng;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// How long a step is shown in a terminal.
const PAUSE: Duration = Duration::from_millis(100);
/// Numbers of an observation that a line shows.
const NUMBERS: usize = 8;

/// Plays random actions and shows what comes of them.
pub(super) fn play(registries: &Registries, args: &PlayArgs) -> Result<(), Failure> {
    check_film(args.out.as_deref())?;
    let mut env = build(registries, args)?;
    let streams = Streams::new(args.seed);
    let mut random = streams.stream("play/act", 0);
    let mut seen = env.spec().buffer();
    let mut stage = Stage::new(&*env, args)?;
    env.reset(Some(args.seed), &mut seen).map_err(Failure::failed)?;
    stage.show(&*env, &seen, "")?;
    let (mut total, mut episodes, mut returns) = (0.0, 0_u32, 0.0);
    for step in 1..=args.steps {
        let action = random.random_range(0..env.spec().actions.len());
        let outcome = env.step(action, &mut seen).map_err(Failure::failed)?;
        total += outcome.reward;
        let end = match (outcome.terminated, outcome.truncated) {
            (true, _) => ", terminated",
            (_, true) => ", truncated",
            _ => "",
        };
        let name = &env.spec().actions.names[action];
        stage.show(&*env, &seen, &format!("step {step}: {name}, reward {}{end}", outcome.reward))?;
        if outcome.ended() {
            episodes += 1;
            returns += std::mem::take(&mut total);
            env.reset(None, &mut seen).map_err(Failure::failed)?;
            stage.show(&*env, &seen, "")?;
        }
    }
    stage.end(args)?;
    let mean =
        if episodes == 0 { String::new() } else { format!(", mean return {:.2}", returns / f64::from(episodes)) };
    say(&format!("{}: {} random steps, {episodes} whole episodes{mean}", env.spec().id, args.steps));
    Ok(())
}

/// The environment with the options of the command line.
fn build(registries: &Registries, args: &PlayArgs) -> Result<Box<dyn Env>, Failure> {
    let mut options = toml::Table::new();
    for setting in &args.set {
        let usage = || Failure::usage(format!("--set {setting}: expected KEY=VALUE, such as size=12"));
        let (key, value) = setting.split_once('=').ok_or_else(usage)?;
        let parsed = format!("value = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
        options.insert(key.trim().into(), parsed.unwrap_or_else(|| toml::Value::String(value.trim().into())));
    }
    if let Some(python) = &args.python {
        options.insert("python".into(), python.as_str().into());
    }
    Ok(registries.envs.build(&args.env, &options, "env").map_err(Failure::usage)?.0)
}

/// Where an environment is shown.
enum Stage {
    /// In a film.
    Film(Option<Film>),
    /// In the terminal, cell by cell: the array, and whether it is a terminal that moves its cursor and knows colours.
    Board { array: usize, terminal: bool },
    /// In the terminal, as numbers.
    Numbers,
}

impl Stage {
    fn new(env: &dyn Env, args: &PlayArgs) -> Result<Self, Failure> {
        if args.out.is_some() {
            return Ok(Self::Film(None));
        }
        let is_board = |array: &ArraySpec| array.name == "board" && array.shape.len() == 3;
        Ok(match env.spec().observation.iter().position(is_board) {
            Some(array) => Self::Board { array, terminal: std::io::stdout().is_terminal() },
            None => Self::Numbers,
        })
    }

    fn show(&mut self, env: &dyn Env, seen: &Observation, happened: &str) -> Result<(), Failure> {
        match self {
            Self::Film(film) => {
                let Some(picture) = env.picture() else { return Ok(()) };
                let film = match film {
                    Some(film) => film,
                    None => film.insert(Film::of_size(&picture).map_err(Failure::failed)?),
                };
                film.show(&picture).map_err(|error: FilmError| Failure::failed(error))?;
            }
            Self::Board { array, terminal } => {
                let spec = &env.spec().observation[*array];
                let side = spec.shape[1];
                match (*terminal, env.picture()) {
                    (true, Some(picture)) => {
                        say(&format!("{}{happened}\x1b[K\n\x1b[{}A", coloured(&picture, side), side + 2));
                        std::thread::sleep(PAUSE);
                    }
                    _ => say(&format!("{}{happened}", letters(&seen.arrays[*array], side))),
                }
            }
            Self::Numbers => say(&format!("{happened:<40} {}", numbers(env.spec(), seen))),
        }
        Ok(())
    }

    fn end(self, args: &PlayArgs) -> Result<(), Failure> {
        match (self, &args.out) {
            (Self::Film(film), Some(path)) => {
                let nothing = format!("--out: {} cannot draw itself", args.env);
                let film = film.map(Film::end).transpose().map_err(Failure::failed)?;
                record(path, film, &nothing)
            }
            (Self::Board { array: _, terminal: true }, _) => {
                // Below what is shown.
                say("\x1b[999B");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A board as coloured cells, two characters each.
fn coloured(picture: &Picture, side: usize) -> String {
    let pixels = picture.width / side;
    let mut text = String::new();
    for row in 0..side {
        for column in 0..side {
            let middle = (row * pixels + pixels / 2) * picture.width + column * pixels + pixels / 2;
            let [red, green, blue] = [0, 1, 2].map(|colour| picture.rgb[3 * middle + colour]);
            let _ = write!(text, "\x1b[48;2;{red};{green};{blue}m  ");
        }
        text += "\x1b[0m\n";
    }
    text
}

/// A board as letters: `a` where the first channel is lit, and so on; the first one that is.
fn letters(board: &Array, side: usize) -> String {
    let cells = board.as_u8().unwrap_or_default();
    let channels = cells.len() / (side * side);
    let mut text = String::new();
    for row in 0..side {
        for column in 0..side {
            let lit = (0..channels).find(|channel| cells[(channel * side + row) * side + column] != 0);
            text.push(lit.map_or('.', |channel| char::from(b'a' + channel as u8)));
        }
        text.push('\n');
    }
    text
}

/// The first numbers of each array.
fn numbers(spec: &EnvSpec, seen: &Observation) -> String {
    let shown = spec.observation.iter().zip(&seen.arrays).map(|(spec, array)| {
        let numbers: Vec<String> = match array {
            Array::U8(bytes) => bytes.iter().take(NUMBERS).map(u8::to_string).collect(),
            Array::F32(numbers) => numbers.iter().take(NUMBERS).map(|number| format!("{number:.3}")).collect(),
        };
        let more = if array.len() > NUMBERS { ", …" } else { "" };
        format!("{} [{}{more}]", spec.name, numbers.join(", "))
    });
    shown.collect::<Vec<_>>().join(" ")
}
