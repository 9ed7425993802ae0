//! Small files in the format of MNIST.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Height and width of a picture.
pub(crate) const SIZE: [u32; 2] = [3, 4];

/// The bytes of an IDX file.
pub(crate) fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let header = [0, 0, 8, shape.len() as u8];
    let lengths = shape.iter().flat_map(|length| length.to_be_bytes());
    header.into_iter().chain(lengths).chain(bytes.iter().copied()).collect()
}

/// Pixel values of picture `number`: no two of the first 20 are alike.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    (0..12).map(|pixel| (12 * number + pixel) as u8).collect()
}

/// Writes `count` pictures and labels of the split `prefix` ("train" or "t10k"); picture i has the label i mod 10.
pub(crate) fn write(folder: &Path, prefix: &str, count: u32) {
    let pixels: Vec<u8> = (0..count).flat_map(picture).collect();
    let labels: Vec<u8> = (0..count).map(|number| (number % 10) as u8).collect();
    let [height, width] = SIZE;
    fs::write(folder.join(format!("{prefix}-images-idx3-ubyte")), idx(&[count, height, width], &pixels)).unwrap();
    fs::write(folder.join(format!("{prefix}-labels-idx1-ubyte")), idx(&[count], &labels)).unwrap();
}

/// A folder with `count` training pictures and half as many to test.
pub(crate) fn folder(count: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "train", count);
    write(folder.path(), "t10k", count / 2);
    folder
}
