//! Y4M: uncompressed video with a line of text before the film and before each frame.
//!
//! Only the luma plane is read. It holds 16 (black) to 235 (white) unless the header says `XCOLORRANGE=FULL`.

use super::film::{FilmError, Reel};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Longest line of text that is read.
const LONGEST: u64 = 4096;
/// Greatest width and height.
const LARGEST: usize = 1 << 14;

/// The frames of a Y4M of 8 bits.
pub(super) fn film(reel: &mut Reel) -> Result<(), FilmError> {
    let file = File::open(reel.path()).map_err(|error| reel.unreadable(error))?;
    let mut file = BufReader::new(file);
    let text = line(&mut file, reel)?.ok_or_else(|| reel.damaged("it is empty"))?;
    let header = Header::parse(&text).map_err(|reason| reel.damaged(reason))?;
    let mut luma = vec![0; header.size[0] * header.size[1]];
    let mut number = 0_u32;
    while !reel.is_full() {
        let Some(text) = line(&mut file, reel)? else { break };
        if text.split(' ').next() != Some("FRAME") {
            return Err(
                reel.damaged(format_args!("frame {number} begins with `{}` instead of `FRAME`", shorten(&text)))
            );
        }
        let whole = file.read_exact(&mut luma).and_then(|()| skip(&mut file, header.chroma));
        whole.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => reel.damaged(format_args!("it ends in the middle of frame {number}")),
            _ => reel.unreadable(error),
        })?;
        if !header.full_range {
            luma.iter_mut().for_each(|value| *value = stretch(*value));
        }
        reel.push(header.size, &luma)?;
        number += 1;
    }
    Ok(())
}

/// What the first line says.
struct Header {
    /// Height and width in pixels.
    size: [usize; 2],
    /// Bytes of each frame after its luma plane.
    chroma: u64,
    full_range: bool,
}

impl Header {
    fn parse(text: &str) -> Result<Self, String> {
        let field = |key: char| text.split(' ').skip(1).find_map(|word| word.strip_prefix(key));
        let side = |key: char| {
            let found = field(key).unwrap_or_default();
            let side = found.parse().ok().filter(|side| (1..=LARGEST).contains(side));
            side.ok_or_else(|| format!("its header says `{key}{}` (allowed: {key}1 to {key}{LARGEST})", shorten(found)))
        };
        let (width, height) = (side('W')?, side('H')?);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma = match field('C').unwrap_or("420") {
            "mono" => 0,
            "420" | "420jpeg" | "420mpeg2" | "420paldv" => 2 * half_width * half_height,
            "422" => 2 * half_width * height,
            "444" => 2 * width * height,
            "411" => 2 * width.div_ceil(4) * height,
            other => {
                let other = shorten(other);
                return Err(format!(
                    "its colour space `{other}` is not read here (allowed: mono, 420, 422, 444, 411; 8 bits)"
                ));
            }
        };
        let full_range = text.split(' ').any(|word| word == "XCOLORRANGE=FULL");
        Ok(Self { size: [height, width], chroma: chroma as u64, full_range })
    }
}

/// The next line without its end; `None` at the end of the file.
fn line(file: &mut impl BufRead, reel: &Reel) -> Result<Option<String>, FilmError> {
    let mut bytes = Vec::new();
    file.take(LONGEST).read_until(b'\n', &mut bytes).map_err(|error| reel.unreadable(error))?;
    match bytes.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Some(_) => Err(reel.damaged("a line of its text has no end")),
    }
}

fn skip(file: &mut impl Read, bytes: u64) -> std::io::Result<()> {
    let skipped = std::io::copy(&mut file.take(bytes), &mut std::io::sink())?;
    if skipped == bytes { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

/// 16 to 235 made 0 to 255, to the nearest.
fn stretch(value: u8) -> u8 {
    let above = u32::from(value.saturating_sub(16)) * 255;
    ((above + 109) / 219).min(255) as u8
}

/// The beginning of a text, fit for a sentence.
fn shorten(text: &str) -> String {
    text.chars().take(20).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn headers_say_how_much_colour_follows_each_frame() {
        let bytes = |space: &str| Header::parse(&format!("YUV4MPEG2 W5 H3 F25:1 {space}")).map(|header| header.chroma);
        assert_eq!(bytes("Cmono").unwrap(), 0);
        assert_eq!(bytes("C420jpeg").unwrap(), 2 * 3 * 2);
        assert_eq!(bytes("").unwrap(), 2 * 3 * 2);
        assert_eq!(bytes("C422").unwrap(), 2 * 3 * 3);
        assert_eq!(bytes("C444").unwrap(), 2 * 5 * 3);
        assert_eq!(bytes("C411").unwrap(), 2 * 2 * 3);
        assert!(bytes("C420p10").unwrap_err().contains("`420p10`"));
    }

    #[test]
    fn studio_range_is_stretched_to_the_whole_byte() {
        assert_eq!([0, 16, 17, 126, 235, 255].map(stretch), [0, 0, 1, 128, 255, 255]);
    }
}
