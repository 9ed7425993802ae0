//! Where a network is computed, and whether that is there.
//!
//! Programs link the CPU half of libtorch alone. Its CUDA half is looked for when the program starts, on the library path:
//! where it is found the same program computes on CUDA, elsewhere there is a reason, in one line, why it cannot.

use serde::{Deserialize, Serialize};
use std::ffi::CStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

/// A place to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// The CUDA device with this number.
    Cuda(usize),
}

/// A wish for a place to compute: `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceSpec {
    /// The processor.
    #[default]
    Cpu,
    /// This CUDA device.
    Cuda(usize),
    /// The first CUDA device where there is one, else the processor.
    Auto,
}

/// Why a device cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No such word.
    #[error("`{0}` is not a device, allowed: cpu, cuda, cuda:N (N = 0, 1, …), auto")]
    Unknown(String),
    /// CUDA is not there.
    #[error("CUDA is not available: {0}")]
    Absent(String),
    /// CUDA is there, but not this device.
    #[error("there is no device cuda:{asked}, allowed: cuda:0 to cuda:{last}")]
    Number {
        /// The device asked for.
        asked: usize,
        /// The last one there is.
        last: usize,
    },
}

impl DeviceSpec {
    /// The device, and one line that says which and why.
    ///
    /// # Errors
    /// A CUDA device is asked for by name and is not there; the error says why.
    pub fn resolve(self) -> Result<(Device, String), DeviceError> {
        match self {
            DeviceSpec::Cpu => Ok((Device::Cpu, "cpu, as asked".into())),
            DeviceSpec::Cuda(number) => {
                let count = cuda_devices().map_err(|reason| DeviceError::Absent(reason.into()))?;
                if number < count {
                    Ok((Device::Cuda(number), format!("cuda:{number}, as asked")))
                } else {
                    Err(DeviceError::Number { asked: number, last: count - 1 })
                }
            }
            DeviceSpec::Auto => Ok(match cuda_devices() {
                Ok(_) => (Device::Cuda(0), "cuda:0, for CUDA is available".into()),
                Err(reason) => (Device::Cpu, format!("cpu, for CUDA is not available: {reason}")),
            }),
        }
    }
}

impl FromStr for DeviceSpec {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_string());
        match text {
            "cpu" => Ok(DeviceSpec::Cpu),
            "cuda" => Ok(DeviceSpec::Cuda(0)),
            "auto" => Ok(DeviceSpec::Auto),
            _ => {
                // Digits alone: `parse` would let a sign pass.
                let number = text.strip_prefix("cuda:").filter(|number| number.bytes().all(|c| c.is_ascii_digit()));
                Ok(DeviceSpec::Cuda(number.and_then(|number| number.parse().ok()).ok_or_else(unknown)?))
            }
        }
    }
}

impl TryFrom<String> for DeviceSpec {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, DeviceError> {
        text.parse()
    }
}

impl From<DeviceSpec> for String {
    fn from(device: DeviceSpec) -> Self {
        device.to_string()
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceSpec::Cpu => Device::Cpu.fmt(f),
            DeviceSpec::Cuda(number) => Device::Cuda(*number).fmt(f),
            DeviceSpec::Auto => f.write_str("auto"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl From<Device> for tch::Device {
    fn from(device: Device) -> Self {
        match device {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda(number) => tch::Device::Cuda(number),
        }
    }
}

/// Gets libtorch ready: looks for its CUDA half and has every operation computed by the thread that asks for it.
///
/// A program calls it first, before it starts threads. Engines and devices call it too, so that it is never missed; what
/// has been done is not done again.
///
/// One thread per operation, because with more of them every operation ends with a wait for all, and a busy machine
/// multiplies that wait: a forward pass of 20 µs then takes 20 ms. The other cores are for actors.
///
/// The C library is told to keep what is freed: else libtorch's large temporaries are new pages of the system in every operation.
pub fn prepare() {
    keep_freed_memory();
    // libtorch asks for CUDA's hooks once, and remembers the answer: so its CUDA half comes before everything else.
    let _ = cuda_half();
    tch::set_num_threads(1);
}

/// Has `malloc` give nothing back to the system, and take blocks of up to 32 MiB, which is the most that it allows, from what it
/// keeps.
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` takes any numbers, and locks.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// The version of libtorch and the folder that it was loaded from, in one line.
pub fn libtorch_version() -> String {
    let Some(folder) = loaded_from() else { return "loaded, but from a place that this system does not tell".into() };
    let version = version_in(&folder).unwrap_or_else(|| "of unknown version".into());
    format!("{version} ({}), {} thread per operation", folder.display(), tch::get_num_threads())
}

/// Whether CUDA is available, and why not, in one line.
pub fn cuda_report() -> String {
    match cuda_devices() {
        Ok(1) => "available, 1 device".into(),
        Ok(count) => format!("available, {count} devices"),
        Err(reason) => format!("not available: {reason}"),
    }
}

/// Number of CUDA devices, one or more, or why there are none.
fn cuda_devices() -> Result<usize, &'static str> {
    cuda_half().map_err(String::as_str)?;
    match usize::try_from(tch::Cuda::device_count()) {
        Ok(count) if count > 0 && tch::Cuda::is_available() => Ok(count),
        _ if Path::new("/proc/driver/nvidia/version").exists() => Err("the NVIDIA driver shows no usable device"),
        _ => Err("there is no NVIDIA driver on this machine"),
    }
}

/// Loads libtorch's CUDA half, once; or says why it cannot be.
fn cuda_half() -> Result<(), &'static String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(|| load(c"libtorch_cuda.so")).as_ref().map(|&()| ())
}

/// Loads a library for good, its symbols visible to all.
fn load(name: &CStr) -> Result<(), String> {
    // SAFETY: `name` is a C string. Loading runs the library's initialisers: those of libtorch's CUDA half register its
    // operators and are made to be run so. `dlerror` is asked right after the failure, in the same thread, and its text is
    // copied before anything else can change it.
    unsafe {
        if !libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL).is_null() {
            return Ok(());
        }
        let text = libc::dlerror();
        if text.is_null() {
            return Err(format!("{} cannot be loaded", name.to_string_lossy()));
        }
        Err(CStr::from_ptr(text).to_string_lossy().lines().next().unwrap_or_default().to_string())
    }
}

/// The folder of the libtorch in this process.
fn loaded_from() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let library = maps.lines().find_map(|line| line.find('/').map(|start| &line[start..]).filter(is_libtorch))?;
    Some(Path::new(library).parent()?.to_path_buf())
}

fn is_libtorch(path: &&str) -> bool {
    path.ends_with("/libtorch_cpu.so")
}

/// The version that libtorch's own files beside `folder` tell: `build-version` in an unpacked libtorch, `version.py` in a
/// Python package.
fn version_in(folder: &Path) -> Option<String> {
    let home = folder.parent()?;
    let plain = std::fs::read_to_string(home.join("build-version")).map(|text| text.trim().to_string());
    plain.ok().or_else(|| {
        let python = std::fs::read_to_string(home.join("version.py")).ok()?;
        let line = python.lines().find(|line| line.starts_with("__version__"))?;
        Some(line.split(['\'', '"']).nth(1)?.to_string())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_and_written_alike() {
        let specs = [DeviceSpec::Cpu, DeviceSpec::Cuda(0), DeviceSpec::Cuda(12), DeviceSpec::Auto];
        for spec in specs {
            assert_eq!(spec.to_string().parse(), Ok(spec));
        }
        assert_eq!("cuda".parse(), Ok(DeviceSpec::Cuda(0)));
    }

    #[test]
    fn a_word_that_is_no_device_is_refused_with_what_is_allowed() {
        for word in ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "cuda:+1", "CPU"] {
            let error = word.parse::<DeviceSpec>().unwrap_err().to_string();
            assert_eq!(error, format!("`{word}` is not a device, allowed: cpu, cuda, cuda:N (N = 0, 1, …), auto"));
        }
    }

    #[test]
    fn a_device_is_there_or_its_absence_has_a_reason_in_one_line() {
        prepare();
        assert_eq!(DeviceSpec::Cpu.resolve().unwrap().0, Device::Cpu);
        let (auto, reason) = DeviceSpec::Auto.resolve().unwrap();
        match DeviceSpec::Cuda(0).resolve() {
            Ok((device, _)) => assert_eq!(auto, device),
            Err(error) => {
                assert_eq!(auto, Device::Cpu);
                assert!(error.to_string().starts_with("CUDA is not available: "));
                assert!(reason.starts_with("cpu, for CUDA is not available: "));
                assert!(reason.len() > "cpu, for CUDA is not available: ".len());
            }
        }
        assert_eq!(reason.lines().count(), 1);
        assert!(DeviceSpec::Cuda(1_000).resolve().is_err());
    }

    #[test]
    fn libtorch_tells_its_version_and_its_place() {
        assert!(libtorch_version().starts_with("2."), "{}", libtorch_version());
        assert_eq!(cuda_report().lines().count(), 1);
    }
}
