//! Reading.

use super::{LANE, NEXT, TERMINATED, TRUNCATED};
use crate::plan::Plan;
use innate_replay::{Chunk, ColumnId, ColumnSpec, Ending, Kind, Replay, ReplayError, Role};
use npyz::{Deserialize, NpyFile, Order};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Transitions that go into the replay at once.
const BLOCK: usize = 1024;

/// Transitions that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, in a sentence.
    pub reason: String,
}

/// The numbers of an array, one after another.
type Numbers<'a> = Box<dyn Iterator<Item = io::Result<f64>> + 'a>;

/// An array, of which one transition after another is read.
struct Array<'a> {
    name: String,
    numbers: Numbers<'a>,
    /// Transitions.
    len: usize,
    /// Numbers of one transition in the file.
    width: usize,
    /// Numbers of this transition that are wanted.
    wanted: Range<usize>,
    kind: Kind,
    values: Vec<f64>,
}

/// A column of the replay, and the arrays that fill it.
struct Column<'a> {
    id: ColumnId,
    /// At the step; what was observed before it.
    before: Array<'a>,
    /// What was observed after it.
    after: Option<Array<'a>>,
    /// What was observed after the transition before, to be compared with.
    expected: Vec<f64>,
}

/// Where values are written.
#[derive(Clone, Copy)]
enum At {
    Row(usize),
    Final,
    Head,
}

/// Reads transitions into a replay for the run of `plan`, shared out over its lanes in equal parts.
///
/// # Errors
/// The file cannot be read, lacks an array, or holds numbers that the run cannot have; or the replay has no room for all.
pub fn read_npz(path: &Path, plan: &Plan) -> Result<Replay, ImportError> {
    read(path, plan).map_err(|reason| ImportError { path: path.into(), reason })
}

fn read(path: &Path, plan: &Plan) -> Result<Replay, String> {
    let known = open(path)?.file_names().map(|name| name.trim_end_matches(".npy").to_string()).collect::<Vec<_>>();
    let is_there = |name: &str| known.iter().any(|known| known == name);
    let names = wanted(plan.schema.columns()).chain([TERMINATED, TRUNCATED, LANE].map(String::from));
    let names: Vec<String> =
        names.filter(|name| is_there(name) || ![TRUNCATED, LANE].contains(&name.as_str())).collect();
    if let Some(missing) = names.iter().find(|name| !is_there(name)) {
        return Err(format!(
            "it has no array `{missing}` (arrays: {}; wanted: {})",
            known.join(", "),
            names.join(", ")
        ));
    }
    // Each array is read from a file of its own, so that all can be read side by side.
    let mut archives = names.iter().map(|_| open(path)).collect::<Result<Vec<_>, _>>()?;
    let arrays = names.iter().zip(&mut archives).map(|(name, archive)| Array::open(name, archive));
    let mut arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let count = arrays[0].len;
    if let Some(other) = arrays.iter().find(|array| array.len != count) {
        let (name, len) = (&other.name, other.len);
        return Err(format!("`{name}` has {len} transitions and `{}` {count}", arrays[0].name));
    }
    let lanes = plan.slots;
    let room = plan.config.replay.capacity / lanes;
    if count.div_ceil(lanes) > room {
        let said = format!("its {count} transitions are more than replay.capacity = {}", plan.config.replay.capacity);
        return Err(format!("{said} has room for, over env.slots = {lanes}"));
    }
    let mut take = |name: &str| {
        let place = arrays.iter().position(|array| array.name == name)?;
        Some(arrays.swap_remove(place))
    };
    let mut flags = [take(TERMINATED), take(TRUNCATED), take(LANE)];
    if let Some(flag) = flags.iter().flatten().find(|flag| flag.width != 1) {
        return Err(format!("`{}` has {} numbers for each transition; the run wants 1", flag.name, flag.width));
    }
    flags.iter_mut().flatten().for_each(Array::make_room);
    let mut columns = Vec::new();
    for (number, spec) in plan.schema.columns().iter().enumerate() {
        let mut fitting = |name: &str| take(name).map(|array| array.fit(spec)).transpose();
        let Some(before) = fitting(&spec.name)? else { continue };
        let after = fitting(&format!("{NEXT}{}", spec.name))?;
        columns.push(Column { id: ColumnId(number), before, after, expected: Vec::new() });
    }
    let replay = plan.build_replay().map_err(sentence)?;
    let chunk = Chunk::new(plan.schema.clone());
    let mut reader = Reader { plan, flags, columns, chunk, replay, place: 0, lane_before: 0.0 };
    for lane in 0..lanes {
        reader.fill(lane, lane * count / lanes..(lane + 1) * count / lanes)?;
    }
    Ok(reader.replay)
}

/// The arrays that fill `columns`.
fn wanted(columns: &[ColumnSpec]) -> impl Iterator<Item = String> + '_ {
    let next = |spec: &ColumnSpec| (spec.role == Role::Observation).then(|| format!("{NEXT}{}", spec.name));
    columns.iter().flat_map(move |spec| [Some(spec.name.clone()), next(spec)]).flatten()
}

fn sentence(error: impl ToString) -> String {
    error.to_string()
}

fn open(path: &Path) -> Result<ZipArchive<BufReader<File>>, String> {
    let file = File::open(path).map_err(sentence)?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| format!("it is no file of `numpy.savez`: {error}"))
}

impl<'a> Array<'a> {
    fn open(name: &str, archive: &'a mut ZipArchive<BufReader<File>>) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("array `{name}`: {error}");
        let entry = archive.by_name(&format!("{name}.npy")).map_err(|error| told(&error))?;
        let file = NpyFile::new(entry).map_err(|error| told(&error))?;
        let [len, shape @ ..] = file.shape() else {
            return Err(told(&"it is one number, and not one for each transition"));
        };
        if file.order() != Order::C && !shape.is_empty() {
            return Err(told(&"its memory is in Fortran's order; write numpy.ascontiguousarray of it"));
        }
        let width = shape.iter().try_fold(1_usize, |all, &size| all.checked_mul(size.try_into().ok()?));
        let width = width.ok_or_else(|| told(&format!("its shape {:?} is larger than any memory", file.shape())))?;
        let len = *len as usize;
        let dtype = file.dtype().descr();
        let numbers = numbers(file).ok_or_else(|| told(&format!("it is of type {dtype}, and not of numbers")))?;
        Ok(Self { name: name.into(), numbers, len, width, wanted: 0..width, kind: Kind::F32, values: Vec::new() })
    }

    /// That it fits the column of `spec`. Of a stack of observations the newest is wanted, which is the last.
    fn fit(mut self, spec: &ColumnSpec) -> Result<Self, String> {
        let elements = spec.shape.iter().product::<usize>();
        if self.width != elements && self.width != elements * spec.history {
            let (name, width) = (&self.name, self.width);
            return Err(format!("`{name}` has {width} numbers for each transition; the run wants {elements}"));
        }
        self.wanted = self.width - elements..self.width;
        self.kind = spec.kind;
        self.make_room();
        Ok(self)
    }

    /// Makes room for a transition. Only now: a width that nobody wants may be larger than any memory.
    fn make_room(&mut self) {
        self.values = vec![0.0; self.width];
    }

    /// Reads the next transition, the `row`-th.
    fn advance(&mut self, row: usize) -> Result<(), String> {
        let Self { name, numbers, values, kind, wanted, .. } = self;
        for value in values.iter_mut() {
            let next = numbers.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
            *value = next.map_err(|error| format!("`{name}`, transition {row}: {error}"))?;
        }
        let (fits, allowed): (fn(f64) -> bool, _) = match kind {
            Kind::F32 => (|value| (value as f32).is_finite(), "finite numbers"),
            Kind::U8 => (|value| f64::from(value as u8) == value, "whole numbers from 0 to 255"),
            Kind::I64 => (|value| value as i64 as f64 == value, "whole numbers"),
        };
        match values[wanted.clone()].iter().find(|value| !fits(**value)) {
            None => Ok(()),
            Some(value) => Err(format!("`{name}`, transition {row}: {value} (allowed: {allowed})")),
        }
    }

    fn values(&self) -> &[f64] {
        &self.values[self.wanted.clone()]
    }
}

/// The numbers of an array of any type of number.
fn numbers<'a, R: Read + 'a>(file: NpyFile<R>) -> Option<Numbers<'a>> {
    fn of<'a, T: Deserialize + 'a, R: Read + 'a>(
        file: NpyFile<R>,
        convert: impl Fn(T) -> f64 + 'a,
    ) -> Result<Numbers<'a>, NpyFile<R>> {
        Ok(Box::new(file.try_data::<T>()?.map(move |value| value.map(&convert))))
    }
    of(file, |value: f32| value.into())
        .or_else(|file| of(file, |value: u8| value.into()))
        .or_else(|file| of(file, |value: f64| value))
        .or_else(|file| of(file, |value: i64| value as f64))
        .or_else(|file| of(file, |value: i32| value.into()))
        .or_else(|file| of(file, |value: u32| value.into()))
        .or_else(|file| of(file, |value: u64| value as f64))
        .or_else(|file| of(file, |value: bool| value.into()))
        .or_else(|file| of(file, |value: i8| value.into()))
        .or_else(|file| of(file, |value: i16| value.into()))
        .or_else(|file| of(file, |value: u16| value.into()))
        .ok()
}

/// Transitions on their way from the file into the replay.
struct Reader<'a> {
    plan: &'a Plan,
    /// `terminated`, `truncated`, `lane`.
    flags: [Option<Array<'a>>; 3],
    columns: Vec<Column<'a>>,
    chunk: Chunk,
    replay: Replay,
    /// Transitions read.
    place: usize,
    /// The lane in the file of the transition before.
    lane_before: f64,
}

impl Reader<'_> {
    /// Fills lane `lane` with the transitions `rows`, which are the next ones.
    fn fill(&mut self, lane: usize, rows: Range<usize>) -> Result<(), String> {
        for row in rows.clone() {
            self.advance()?;
            if row > rows.start && !self.follows() {
                self.interrupt(lane).map_err(sentence)?;
            }
            self.append().map_err(sentence)?;
            if self.chunk.len() == BLOCK || row + 1 == rows.end {
                self.replay.insert(lane, &self.chunk).map_err(sentence)?;
                self.chunk.clear();
            }
        }
        // What the run itself lives begins with an episode of its own.
        self.replay.interrupt(lane).map_err(sentence)
    }

    /// Reads the next transition of every array.
    fn advance(&mut self) -> Result<(), String> {
        let row = self.place;
        self.place += 1;
        self.lane_before = self.flag(2);
        self.flags.iter_mut().flatten().try_for_each(|array| array.advance(row))?;
        for Column { id, before, after, expected } in &mut self.columns {
            before.advance(row)?;
            if let Some(after) = after {
                expected.clear();
                expected.extend_from_slice(after.values());
                after.advance(row)?;
            }
            let actions = self.plan.env.actions.len();
            let is_action = *id == self.plan.body_actions;
            if let Some(action) =
                before.values().iter().find(|value| is_action && !(0.0..actions as f64).contains(*value))
            {
                let name = &before.name;
                return Err(format!("`{name}`, transition {row}: {action} (allowed: 0 to {})", actions - 1));
            }
        }
        Ok(())
    }

    /// The value of a flag; 0 where the file has none.
    fn flag(&self, flag: usize) -> f64 {
        self.flags[flag].as_ref().map_or(0.0, |array| array.values[0])
    }

    /// Whether this transition begins with what was seen after the one before.
    fn follows(&self) -> bool {
        let seen = |column: &Column<'_>| column.after.is_none() || column.before.values() == column.expected;
        self.flag(2) == self.lane_before && self.columns.iter().all(seen)
    }

    /// Cuts off the running episode, if one runs.
    fn interrupt(&mut self, lane: usize) -> Result<(), ReplayError> {
        if self.chunk.is_empty() { self.replay.interrupt(lane) } else { self.chunk.interrupt() }
    }

    /// Appends this transition to the chunk.
    fn append(&mut self) -> Result<(), ReplayError> {
        let row = self.chunk.push();
        let (terminated, truncated) = (self.flag(0) != 0.0, self.flag(1) != 0.0);
        let ended = terminated || truncated;
        if ended {
            self.chunk.end_episode(Ending { terminated, truncated })?;
        }
        for column in &self.columns {
            write(&mut self.chunk, column.id, At::Row(row), &column.before)?;
            if let Some(after) = &column.after {
                write(&mut self.chunk, column.id, if ended { At::Final } else { At::Head }, after)?;
            }
        }
        Ok(())
    }
}

/// Writes the present values of `array`.
fn write(chunk: &mut Chunk, column: ColumnId, at: At, array: &Array<'_>) -> Result<(), ReplayError> {
    fn copy<T>(to: &mut [T], from: &[f64], convert: impl Fn(f64) -> T) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = convert(from));
    }
    let from = array.values();
    match array.kind {
        Kind::U8 => {
            let to = match at {
                At::Row(row) => chunk.u8_mut(column, row),
                At::Final => chunk.final_u8_mut(column),
                At::Head => chunk.head_u8_mut(column),
            };
            copy(to?, from, |value| value as u8);
        }
        Kind::F32 => {
            let to = match at {
                At::Row(row) => chunk.f32_mut(column, row),
                At::Final => chunk.final_f32_mut(column),
                At::Head => chunk.head_f32_mut(column),
            };
            copy(to?, from, |value| value as f32);
        }
        Kind::I64 => {
            let to = match at {
                At::Row(row) => chunk.i64_mut(column, row),
                At::Final => chunk.final_i64_mut(column),
                At::Head => chunk.head_i64_mut(column),
            };
            copy(to?, from, |value| value as i64);
        }
    }
    Ok(())
}
