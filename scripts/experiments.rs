//! Published experiments, run again and compared with what was published.
//!
//! ```text
//! experiment: seeds 0 … n−1, in parallel ──▶ rows (reference, expected range, measured, verdict), notes, a chart
//! ```
//!
//! A verdict is a result like any other: an experiment that misses its numbers has still run. Each experiment is a file whose
//! first lines tell its protocol, where its numbers come from, and in what it departs from them.

mod agrel_ablations;
mod agrel_gradient;
mod agrel_table;
mod augment;
mod brainprop_mnist;
mod digits;
mod dqn_credit;
mod dqn_family;
mod feedback_alignment;
mod feedback_alignment_mnist;
mod lab;
mod mnist;
mod nets;
mod notebook;
mod nursery;
mod patterns;
mod perturbation;
mod pupil;
mod report;
mod training;

pub use lab::Lab;
pub use notebook::Notebook;
pub use nursery::{judged_areas, taught_areas};
pub use report::{Report, Row, Verdict};

use innate_envs::EnvError;
use innate_envs::tasks::TaskError;
use innate_nn::{EngineError, NetworkError};

/// An experiment that can be run by name.
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line: what it shows.
    pub summary: &'static str,
    /// How long it takes on two cores with its default seeds.
    pub time: &'static str,
    /// Runs it.
    pub run: fn(&Lab) -> Result<Report, ExperimentError>,
}

/// The experiments that come with the platform, in the order of their list.
pub const STANDARD: &[Experiment] = &[
    Experiment {
        name: "agrel-xor",
        summary: "AGREL learns XOR as fast as back-propagation, if surprise is expanded",
        time: "75 s",
        run: agrel_table::xor,
    },
    Experiment {
        name: "agrel-counting",
        summary: "AGREL learns to count as fast as back-propagation",
        time: "70 s",
        run: agrel_table::count,
    },
    Experiment {
        name: "agrel-ablations",
        summary: "AGREL without its feedback, or with feedback weights of its own",
        time: "30 s",
        run: agrel_ablations::run,
    },
    Experiment {
        name: "agrel-gradient",
        summary: "how fast AGREL's changes, REINFORCE's and perturbations add up to the gradient",
        time: "10 s",
        run: agrel_gradient::run,
    },
    Experiment {
        name: "augment-saccade",
        summary: "AuGMEnT learns to remember where to look, and when not to",
        time: "15 s",
        run: augment::saccade,
    },
    Experiment {
        name: "augment-probabilistic",
        summary: "AuGMEnT learns to add up evidence",
        time: "15 s",
        run: augment::probabilistic,
    },
    Experiment {
        name: "digits",
        summary: "the 8x8 digits by back-propagation, BrainProp and AGREL",
        time: "3 s",
        run: digits::run,
    },
    Experiment {
        name: "dqn-credit",
        summary: "what a deep Q-network still learns on CartPole under each rule of credit",
        time: "14 min",
        run: dqn_credit::run,
    },
    Experiment {
        name: "dqn-family",
        summary: "what each addition to DQN is worth on CartPole and Acrobot",
        time: "about 60 min",
        run: dqn_family::small,
    },
    Experiment {
        name: "dqn-family-minatar",
        summary: "what some additions to DQN are worth on Breakout and Asterix of MinAtar",
        time: "about 40 min",
        run: dqn_family::minatar_games,
    },
    Experiment {
        name: "perturbation-scaling",
        summary: "node and weight perturbation are as much slower than the gradient as algebra says",
        time: "8 s",
        run: perturbation::run,
    },
    Experiment {
        name: "feedback-alignment-linear",
        summary: "random feedback weights teach a linear map as fast as the true ones",
        time: "1 s",
        run: feedback_alignment::run,
    },
    Experiment {
        name: "feedback-alignment-mnist",
        summary: "random feedback weights on MNIST, one picture at a time; needs --data",
        time: "10 min",
        run: feedback_alignment_mnist::run,
    },
    Experiment {
        name: "brainprop-mnist",
        summary: "BrainProp on MNIST, dense and convolutional; needs --data",
        time: "10 min",
        run: brainprop_mnist::run,
    },
    Experiment {
        name: "nursery-movers",
        summary: "are mover events what hands took and left?",
        time: "5 min",
        run: nursery::movers,
    },
    Experiment {
        name: "nursery-hands",
        summary: "movers teach what a hand is; any motion and random places do not",
        time: "about 2 h",
        run: nursery::hands,
    },
    Experiment {
        name: "nursery-gaze",
        summary: "how well gaze is read after a few events",
        time: "about 20 min",
        run: nursery::gaze,
    },
    Experiment {
        name: "nursery-eye",
        summary: "where the eye looks before joint attention, and after it",
        time: "about 2 h",
        run: nursery::eye,
    },
    Experiment {
        name: "nursery-lesions",
        summary: "what a development loses without each of its signals",
        time: "about 90 min",
        run: nursery::lesions,
    },
];

/// Why an experiment could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The user stopped it.
    #[error("stopped")]
    Interrupted,
    /// The patterns or the task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The environment.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The network's shape.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What executes it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Anything else, as a sentence.
    #[error("{0}")]
    Other(String),
}
