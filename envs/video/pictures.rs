//! Films made of pictures: a folder of PNG and JPEG files, and animated GIFs.

use super::film::{FilmError, Reel};
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageReader, Limits};
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// The pictures of a folder, in the order of their names' bytes: `frame-2` comes after `frame-10`, `frame-02` before it.
pub(super) fn folder(reel: &mut Reel) -> Result<(), FilmError> {
    let entries = std::fs::read_dir(reel.path()).map_err(|error| reel.unreadable(error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>();
    let mut paths = paths.map_err(|error| reel.unreadable(error))?;
    paths.retain(|path| is_picture(path));
    paths.sort();
    if paths.is_empty() {
        return Err(reel.damaged("the folder holds no picture (*.png, *.jpg, *.jpeg)"));
    }
    for path in paths {
        if reel.is_full() {
            break;
        }
        let file = ImageReader::open(&path).and_then(ImageReader::with_guessed_format);
        let name = path.file_name().unwrap_or_default().display();
        let picture = file.map_err(image::ImageError::from).and_then(ImageReader::decode);
        push(reel, picture.map_err(|error| reel.damaged(format_args!("picture `{name}`: {error}")))?)?;
    }
    Ok(())
}

/// The frames of a GIF, each as it looks once drawn over those before it, whatever it then leaves behind.
pub(super) fn gif(reel: &mut Reel) -> Result<(), FilmError> {
    let file = File::open(reel.path()).map_err(|error| reel.unreadable(error))?;
    let mut decoder = GifDecoder::new(BufReader::new(file)).map_err(|error| reel.damaged(error))?;
    // Else a file of 50 bytes may ask for gigabytes.
    decoder.set_limits(Limits::default()).map_err(|error| reel.damaged(error))?;
    for (number, frame) in decoder.into_frames().enumerate() {
        if reel.is_full() {
            break;
        }
        let frame = frame.map_err(|error| reel.damaged(format_args!("frame {number}: {error}")))?;
        push(reel, frame.into_buffer().into())?;
    }
    Ok(())
}

fn push(reel: &mut Reel, picture: DynamicImage) -> Result<(), FilmError> {
    let grey = picture.into_luma8();
    let (width, height) = grey.dimensions();
    reel.push([height as usize, width as usize], grey.as_raw())
}

fn is_picture(path: &Path) -> bool {
    let is = |extension: &OsStr| ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    path.extension().is_some_and(is) && path.is_file()
}
