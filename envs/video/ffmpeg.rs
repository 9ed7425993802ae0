//! Films of any other format, through the program `ffmpeg`: its decoders see every codec, and their crashes stay its own.

use super::film::{FilmError, Reel};
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::process::{Command, Stdio};

/// What the program says of a file that was cut short, though it counts that as a success.
const CUT_SHORT: [&str; 2] = ["partial file", "ended prematurely"];

/// The frames as `program` decodes, scales and greys them, at the film's own rate.
pub(super) fn film(reel: &mut Reel, program: &str) -> Result<(), FilmError> {
    let [width, height] = [reel.options.width, reel.options.height];
    // `file:` keeps a name such as `http:x` or `-x` from being taken for anything but a file.
    let mut source = OsString::from("file:");
    source.push(reel.path());
    let mut command = Command::new(program);
    command.args(["-nostdin", "-v", "warning", "-xerror", "-i"]).arg(source);
    command.args(["-map", "0:v:0", "-vf", &format!("scale={width}:{height}:flags=area"), "-pix_fmt", "gray"]);
    if let Some(needed) = reel.needed() {
        command.args(["-frames:v", &needed.to_string()]);
    }
    command.args(["-f", "rawvideo", "-"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => FilmError::NoProgram { path: reel.path().to_path_buf(), program: program.into() },
        _ => reel.unreadable(error),
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (frames, words) = std::thread::scope(|scope| {
        // Read beside the frames, lest a full pipe stop the program.
        let words = scope.spawn(|| {
            let mut words = Vec::new();
            stderr.map(|mut pipe| pipe.read_to_end(&mut words));
            String::from_utf8_lossy(&words).into_owned()
        });
        let frames = stdout.map_or(Ok(()), |pipe| take_frames(reel, pipe));
        if frames.is_err() {
            // Nobody reads on; a program that has ended already cannot be killed, which is just as well.
            let _ = child.kill();
        }
        (frames, words.join().unwrap_or_default())
    });
    let status = child.wait().map_err(|error| reel.unreadable(error))?;
    match frames {
        Err(error @ (FilmError::Large { .. } | FilmError::Unreadable { .. })) => Err(error),
        Ok(()) if CUT_SHORT.iter().any(|sign| words.contains(sign)) => Err(reel.damaged("it ends too early")),
        Ok(()) if status.success() => Ok(()),
        _ => {
            let words = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
            Err(reel.damaged(format_args!("{program} could not decode it ({words})")))
        }
    }
}

/// Takes frames until the pipe ends; one that ends within a frame is an error.
fn take_frames(reel: &mut Reel, mut pipe: impl Read) -> Result<(), FilmError> {
    let size = [reel.options.height as usize, reel.options.width as usize];
    let mut frame = Vec::with_capacity(size[0] * size[1]);
    loop {
        frame.clear();
        let length = (size[0] * size[1]) as u64;
        let read = pipe.by_ref().take(length).read_to_end(&mut frame).map_err(|error| reel.unreadable(error))?;
        match read as u64 {
            0 => return Ok(()),
            read if read == length => reel.push(size, &frame)?,
            _ => return Err(reel.damaged("it ends within a frame")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::video::VideoOptions;
    use crate::video::film::Reel;

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let options = VideoOptions::new("clip.mp4");
        let message = super::film(&mut Reel::new(&options), "no-such-decoder").unwrap_err().to_string();
        assert!(message.contains("`clip.mp4` needs the program `no-such-decoder`, which is not on PATH"), "{message}");
    }
}
