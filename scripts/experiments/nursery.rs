//! The nursery: movers teach hands, hands teach gaze, gaze teaches where to look (Ullman, Harari & Dorfman 2012).
//!
//! Each of these trains the run `nursery` with a few keys changed, in the world "hard" unless it says otherwise (hands make
//! less than a fifth of all motion there), and has a [`Judge`](crate::judge::Judge), who knows the ground truth, look at
//! episodes with people that were never seen in training. Nothing of what the judge knows reaches the run.
//!
//! The paper's own numbers are curves that were not recovered; what is expected is what this platform promises.
//!
//! | experiment | what is compared |
//! |---|---|
//! | `nursery-movers` | mover events with what hands took and left, in two worlds |
//! | `nursery-hands` | areas taught by movers, by any motion and by random places, at equal numbers of examples; in worlds in which balls are the movers and in which nothing is moved |
//! | `nursery-gaze` | gaze after 50 and 150 events, and from random directions |
//! | `nursery-eye` | where the eye looks before joint attention, and after the whole development |
//! | `nursery-lesions` | the same without each signal in turn |

mod eye;
mod gaze;
mod hands;
mod movers;
mod upbringing;

pub(super) use eye::{run as eye, run_lesions as lesions};
pub(super) use gaze::run as gaze;
pub(super) use hands::run as hands;
pub use hands::{judged_areas, taught_areas};
pub(super) use movers::run as movers;

/// Where the expectations come from.
const SOURCE: &str = "what this platform promises; the published curves were not recovered";
