//! Archives: reading a replay's file, trusting nothing that it says.
//!
//! The layout is told in [`crate::persist`]. What can be wrong is found before it is used: a file that was cut short by its
//! length, one of another replay by names, types and shapes, numbers that cannot be by their bounds.

use crate::error::ReplayError;
use crate::lane::{Lane, pieces};
use crate::persist::{Content, ENTRY, Extent, FORMAT, Part, dtype, parts};
use crate::replay::Replay;
use crate::segments::Segments;
use safetensors::tensor::Metadata;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// A file that is being read.
pub(crate) struct Archive<'a> {
    path: &'a Path,
    file: BufReader<File>,
    metadata: Metadata,
    /// Where the arrays begin.
    begin: u64,
}

impl<'a> Archive<'a> {
    /// Opens the file at `path` and reads its header.
    pub(crate) fn open(path: &'a Path) -> Result<Self, ReplayError> {
        let io = |source| ReplayError::Io { path: path.into(), source };
        let damaged = |reason: String| ReplayError::Damaged { path: path.into(), reason };
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(io)?);
        let bytes = file.get_ref().metadata().map_err(io)?.len();
        let mut size = [0; 8];
        let begin = match file.read_exact(&mut size) {
            Ok(()) => u64::from_le_bytes(size).saturating_add(8),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 8,
            Err(error) => return Err(io(error)),
        };
        if begin > bytes {
            return Err(damaged(format!("it has {bytes} bytes, its header alone takes {begin}")));
        }
        let mut header = vec![0; (begin - 8) as usize];
        file.read_exact(&mut header).map_err(io)?;
        let metadata = serde_json::from_slice::<Metadata>(&header);
        let metadata = metadata.map_err(|error| damaged(format!("its header cannot be read: {error}")))?;
        let whole = begin.saturating_add(metadata.data_len() as u64);
        if whole != bytes {
            return Err(damaged(format!("it has {bytes} bytes, its header says {whole}")));
        }
        Ok(Self { path, file, metadata, begin })
    }

    /// Reads the file into `replay`, which is empty.
    pub(crate) fn read(mut self, replay: &mut Replay) -> Result<(), ReplayError> {
        let extent = self.extent(replay)?;
        let parts = parts(&replay.schema, &extent);
        self.check(&parts)?;
        self.read_lanes(replay, &extent, &parts)?;
        self.read_rows(replay, &parts)?;
        self.find_episodes(replay, &extent)?;
        self.read_observations(replay, &parts)
    }

    /// The sizes of the file, if they are those of `replay`.
    fn extent(&self, replay: &Replay) -> Result<Extent, ReplayError> {
        let entry = self.metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let entry = entry.ok_or_else(|| self.unfit(format!("its header has no entry `{ENTRY}`")))?;
        let extent = serde_json::from_str::<Extent>(entry);
        let extent = extent.map_err(|error| self.damaged(format!("its entry `{ENTRY}` cannot be read: {error}")))?;
        let sizes = [
            ("format", extent.format as usize, FORMAT as usize),
            ("capacity", extent.capacity, replay.capacity()),
            ("number of lanes", extent.lanes, replay.lanes()),
            ("length of segments", extent.segment, replay.segments.as_ref().map_or(0, Segments::rows)),
        ];
        if let Some((what, found, expected)) = sizes.into_iter().find(|(_, found, expected)| found != expected) {
            return Err(self.unfit(format!("its {what} is {found}, not {expected}")));
        }
        let most = replay.rows_per_lane() + replay.schema.tail();
        if extent.rows > most {
            return Err(self.damaged(format!("it has {} transitions in a lane, where {most} fit", extent.rows)));
        }
        Ok(extent)
    }

    /// The file holds the arrays `parts` and no other.
    fn check(&self, parts: &[Part]) -> Result<(), ReplayError> {
        for Part { name, kind, shape, .. } in parts {
            let Some(info) = self.metadata.info(name) else {
                return Err(self.unfit(format!("it has no array `{name}`")));
            };
            if info.dtype != dtype(*kind) || info.shape != *shape {
                let (found, expected) = (info.dtype, dtype(*kind));
                let reason = format!("its array `{name}` is {found} {:?}, not {expected} {shape:?}", info.shape);
                return Err(self.unfit(reason));
            }
        }
        let known: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        match self.metadata.offset_keys().into_iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(self.unfit(format!("its array `{name}` belongs to no column"))),
            None => Ok(()),
        }
    }

    /// Reads how many rows each lane has, and had before.
    fn read_lanes(&mut self, replay: &mut Replay, extent: &Extent, parts: &[Part]) -> Result<(), ReplayError> {
        for part in parts {
            if !matches!(part.content, Content::First | Content::Length | Content::Tail) {
                continue;
            }
            self.seek(part)?;
            for index in 0..replay.lanes.len() {
                let mut bytes = [0; 8];
                self.fill(&mut bytes)?;
                let number = i64::from_le_bytes(bytes);
                // Half of the range is more than can be counted in a life, and leaves room to count on.
                if !(0..i64::MAX / 2).contains(&number) {
                    return Err(self.damaged(format!("its array `{}` holds {number}", part.name)));
                }
                match part.content {
                    Content::First => replay.lanes[index].first = number as u64,
                    Content::Tail => replay.lanes[index].tail = number as usize,
                    _ => replay.lanes[index].len = number as usize,
                }
            }
        }
        let (rows, tail) = (replay.rows_per_lane(), replay.schema.tail());
        let fits = |lane: &Lane| lane.len <= rows && lane.tail <= tail && lane.tail as u64 <= lane.first;
        if let Some(lane) = replay.lanes.iter().find(|lane| !fits(lane)) {
            let Lane { first, len, tail, .. } = lane;
            return Err(self.damaged(format!("a lane has {len} transitions and a tail of {tail} after {first} others")));
        }
        replay.longest = replay.lanes.iter().map(|lane| lane.len).max().unwrap_or(0);
        if replay.longest_with_tail() != extent.rows {
            let (found, rows) = (replay.longest_with_tail(), extent.rows);
            return Err(self.damaged(format!("its longest lane has {found} transitions, its arrays {rows}")));
        }
        let slots = replay.slots as u64;
        replay.lanes.iter_mut().for_each(|lane| lane.start = (lane.first % slots) as usize);
        Ok(())
    }

    /// Reads the rows of every lane into their slots.
    fn read_rows(&mut self, replay: &mut Replay, parts: &[Part]) -> Result<(), ReplayError> {
        for part in parts {
            match part.content {
                Content::Rows { column } => {
                    self.seek(part)?;
                    (0..replay.lanes.len()).try_for_each(|lane| self.read_ring(replay, lane, column))?;
                }
                Content::Open { column } => {
                    self.seek(part)?;
                    (0..replay.lanes.len()).try_for_each(|lane| self.read_open(replay, lane, column))?;
                }
                _ => {}
            }
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let ordinals: Vec<_> = (0..replay.lanes.len()).map(|lane| replay.ordinals(lane)).collect();
        match &mut replay.segments {
            None => Ok(()),
            Some(segments) => {
                (0..).zip(ordinals).try_for_each(|(lane, ordinals)| segments.load(lane, ordinals, folder))
            }
        }
    }

    /// Reads the rows of one lane into its ring, whose end is followed by its beginning.
    fn read_ring(&mut self, replay: &mut Replay, index: usize, column: usize) -> Result<(), ReplayError> {
        let (width, place) = (replay.schema.row_bytes(column), replay.bytes_of_lane(index, column));
        let (begin, rows) = (replay.oldest_slot(index), replay.lanes[index].tail + replay.lanes[index].len);
        let padding = (replay.longest_with_tail() - rows) * width;
        let first = rows.min(replay.slots - begin);
        let ring = &mut replay.columns[column].bytes_mut()[place];
        self.fill(&mut ring[begin * width..][..first * width])?;
        self.fill(&mut ring[..(rows - first) * width])?;
        self.skip(padding)
    }

    /// Reads the rows of one lane's open segment.
    fn read_open(&mut self, replay: &mut Replay, index: usize, column: usize) -> Result<(), ReplayError> {
        let next = replay.lanes[index].next_ordinal();
        let Some(segments) = &mut replay.segments else { return Ok(()) };
        let whole = segments.rows() * replay.schema.row_bytes(column);
        let open = segments.open_mut(index, column, next);
        self.fill(open)?;
        self.skip(whole - open.len())
    }

    /// Finds the rows that ended an episode and makes room for their final observations.
    fn find_episodes(&mut self, replay: &mut Replay, extent: &Extent) -> Result<(), ReplayError> {
        let mut episodes = 0;
        for index in 0..replay.lanes.len() {
            let (begin, rows) = (replay.oldest_slot(index), replay.lanes[index].tail + replay.lanes[index].len);
            let flags = |column: usize| {
                let ring = &replay.columns[column].bytes()[replay.bytes_of_lane(index, column)];
                pieces(ring, begin, rows).into_iter().flatten()
            };
            let flags = flags(replay.schema.terminated()).zip(flags(replay.schema.truncated()));
            if let Some((terminated, truncated)) = flags.clone().find(|&(&one, &other)| one > 1 || other > 1) {
                return Err(
                    self.damaged(format!("an episode ended with flags {terminated} and {truncated}, not 0 or 1"))
                );
            }
            let present = flags.skip(replay.lanes[index].tail);
            let ended = present.zip(replay.lanes[index].first..).filter(|((one, other), _)| **one | **other != 0);
            let ordinals: Vec<u64> = ended.map(|(_, ordinal)| ordinal).collect();
            replay.make_room(index, 0, ordinals.len())?;
            episodes += ordinals.len();
            ordinals.into_iter().for_each(|ordinal| replay.lanes[index].finals.push(ordinal));
        }
        if episodes != extent.episodes {
            let kept = extent.episodes;
            return Err(self.damaged(format!("{episodes} episodes ended in it, and it has {kept} final observations")));
        }
        Ok(())
    }

    /// Reads the final observations and the heads.
    fn read_observations(&mut self, replay: &mut Replay, parts: &[Part]) -> Result<(), ReplayError> {
        for part in parts {
            match part.content {
                Content::Finals { column } => {
                    self.seek(part)?;
                    let width = replay.schema.row_bytes(column);
                    for lane in &mut replay.lanes {
                        for place in 0..lane.finals.len() {
                            self.fill(lane.finals.bytes_mut(column, width, place))?;
                        }
                    }
                }
                Content::Heads { column } => {
                    self.seek(part)?;
                    for index in 0..replay.lanes.len() {
                        replay.head_mut(index, column, |head| self.fill(head))?;
                    }
                }
                Content::First | Content::Length | Content::Tail | Content::Rows { .. } | Content::Open { .. } => {}
            }
        }
        Ok(())
    }

    fn seek(&mut self, part: &Part) -> Result<(), ReplayError> {
        let offset = self.metadata.info(&part.name).map_or(0, |info| info.data_offsets.0);
        let place = SeekFrom::Start(self.begin + offset as u64);
        self.file.seek(place).map(|_| ()).map_err(|source| self.io(source))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ReplayError> {
        self.file.read_exact(bytes).map_err(|source| self.io(source))
    }

    fn skip(&mut self, bytes: usize) -> Result<(), ReplayError> {
        self.file.seek_relative(bytes as i64).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> ReplayError {
        ReplayError::Io { path: self.path.into(), source }
    }

    fn damaged(&self, reason: String) -> ReplayError {
        ReplayError::Damaged { path: self.path.into(), reason }
    }

    fn unfit(&self, reason: String) -> ReplayError {
        ReplayError::Unfit { path: self.path.into(), reason }
    }
}
