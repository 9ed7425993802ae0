//! How a gradient g changes the parameters θ, as the run file says it.
//!
//! ```text
//! adam                m ← β₁m + (1−β₁)g   v ← β₂v + (1−β₂)g²   θ ← θ − lr · (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
//! rmsprop             g̅ ← ρg̅ + (1−ρ)g     n ← ρn + (1−ρ)g²     θ ← θ − lr · g / √(n − g̅² + ε)
//! rmsprop_uncentred                       n ← ρn + (1−ρ)g²     θ ← θ − lr · g / (√n + ε)
//! sgd                 b ← μb + g                               θ ← θ − lr · b
//! ```
//!
//! Sources: Adam, Kingma & Ba 2015, Algorithm 1. RMSprop, centred by the running mean of the gradient and with ε inside the
//! root, is Graves 2013 (section 2.1, eq. 38–40) with the numbers of Mnih et al. 2015 (Extended Data Table 1) and of the
//! code published with it. Uncentred RMSprop is Tieleman & Hinton 2012, in PyTorch's form (ε outside the root). SGD with
//! momentum is Polyak 1964, in PyTorch's form.

use crate::text_or_table::{TextOrTable, text_or_table};
use serde::de::value::MapDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An optimiser and its parameters: `"adam"`, or `{ type = "adam", beta1 = 0.95 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "type", rename_all = "snake_case")]
pub enum OptimiserSpec {
    /// Adaptive moment estimation.
    Adam(Adam),
    /// RMSprop as DQN used it in 2015: centred, ε inside the root.
    Rmsprop(Rmsprop),
    /// RMSprop without centring, ε outside the root.
    RmspropUncentred(RmspropUncentred),
    /// Gradient descent with momentum.
    Sgd(Sgd),
}

/// The parameters of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Decay β₁ of the mean gradient.
    pub beta1: f64,
    /// Decay β₂ of the mean squared gradient.
    pub beta2: f64,
    /// ε, added to the root.
    pub eps: f64,
}

/// The parameters of centred RMSprop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rmsprop {
    /// Decay ρ of the mean gradient and the mean squared gradient.
    pub decay: f64,
    /// ε, added to the variance inside the root.
    pub eps: f64,
}

/// The parameters of uncentred RMSprop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmspropUncentred {
    /// Decay ρ of the mean squared gradient.
    pub decay: f64,
    /// ε, added to the root.
    pub eps: f64,
}

/// The parameters of gradient descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Momentum μ; 0 is plain gradient descent.
    pub momentum: f64,
}

impl Default for Adam {
    /// β₁ = .9, β₂ = .999, ε = 10⁻⁸ (Kingma & Ba 2015).
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl Default for Rmsprop {
    /// ρ = .95, ε = .01 (Mnih et al. 2015).
    fn default() -> Self {
        Self { decay: 0.95, eps: 0.01 }
    }
}

impl Default for RmspropUncentred {
    /// ρ = .99, ε = 10⁻⁸ (PyTorch).
    fn default() -> Self {
        Self { decay: 0.99, eps: 1e-8 }
    }
}

impl Default for OptimiserSpec {
    /// Adam with its published parameters.
    fn default() -> Self {
        OptimiserSpec::Adam(Adam::default())
    }
}

impl OptimiserSpec {
    /// Its name in the run file.
    pub fn name(&self) -> &'static str {
        match self {
            OptimiserSpec::Adam(_) => "adam",
            OptimiserSpec::Rmsprop(_) => "rmsprop",
            OptimiserSpec::RmspropUncentred(_) => "rmsprop_uncentred",
            OptimiserSpec::Sgd(_) => "sgd",
        }
    }

    /// Names of the flat vectors that it keeps, one number per parameter each.
    pub fn moments(&self) -> &'static [&'static str] {
        match self {
            OptimiserSpec::Adam(_) => &["mean", "mean_square"],
            OptimiserSpec::Rmsprop(_) => &["mean", "mean_square"],
            OptimiserSpec::RmspropUncentred(_) => &["mean_square"],
            OptimiserSpec::Sgd(_) => &["momentum"],
        }
    }

    /// Checks every parameter, and the learning rate with them.
    ///
    /// # Errors
    /// A parameter is out of range; the error names it.
    pub fn check(&self, learning_rate: f64) -> Result<(), OptimiserError> {
        let decay = |key, value: f64| ((0.0..1.0).contains(&value), key, value, "0 or more, less than 1");
        // A number that is 0 in the precision in which is learned divides by 0.
        let positive = |key, value: f64| {
            let single = value as f32;
            (single.is_finite() && single > 0.0, key, value, "a finite number greater than 0, in single precision")
        };
        let mut checks = vec![positive("learning rate", learning_rate)];
        match *self {
            OptimiserSpec::Adam(Adam { beta1, beta2, eps }) => {
                checks.extend([decay("beta1", beta1), decay("beta2", beta2), positive("eps", eps)]);
            }
            OptimiserSpec::Rmsprop(Rmsprop { decay: rho, eps })
            | OptimiserSpec::RmspropUncentred(RmspropUncentred { decay: rho, eps }) => {
                checks.extend([decay("decay", rho), positive("eps", eps)]);
            }
            OptimiserSpec::Sgd(Sgd { momentum }) => checks.push(decay("momentum", momentum)),
        }
        match checks.into_iter().find(|(fits, ..)| !fits) {
            Some((_, key, value, allowed)) => {
                Err(OptimiserError::Parameter { optimiser: self.name(), key, value, allowed })
            }
            None => Ok(()),
        }
    }

    /// The vectors of `state`, in the order of [`OptimiserSpec::moments`] (the second one empty where there is but one),
    /// if it is a state of this optimiser over `parameters` parameters.
    pub(crate) fn take_moments<T>(
        &self,
        state: OptimiserState<T>,
        parameters: usize,
    ) -> Result<[Vec<T>; 2], OptimiserError> {
        let found: Vec<_> = state.moments.iter().map(|(name, _)| name.as_str()).collect();
        if found != self.moments() {
            let found = found.into_iter().map(String::from).collect();
            return Err(OptimiserError::Moments { optimiser: self.name(), expected: self.moments(), found });
        }
        if let Some((name, values)) = state.moments.iter().find(|(_, values)| values.len() != parameters) {
            let (moment, found) = (name.clone(), values.len());
            return Err(OptimiserError::Length { moment, expected: parameters, found });
        }
        let mut moments = state.moments.into_iter().map(|(_, values)| values);
        Ok([0, 1].map(|_| moments.next().unwrap_or_default()))
    }
}

/// The whole state of an optimiser.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimiserState<T = f32> {
    /// Number of updates made.
    pub steps: u64,
    /// Its vectors, with their names, each as long as the flat parameters.
    pub moments: Vec<(String, Vec<T>)>,
}

/// What is wrong with an optimiser's parameters or state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OptimiserError {
    /// A parameter is out of range.
    #[error("{optimiser}: {key} is {value}, allowed: {allowed}")]
    Parameter {
        /// The optimiser.
        optimiser: &'static str,
        /// The parameter.
        key: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// The state is of another optimiser.
    #[error("the state of {optimiser} consists of {expected:?}, found {found:?}")]
    Moments {
        /// The optimiser.
        optimiser: &'static str,
        /// Names of its vectors.
        expected: &'static [&'static str],
        /// Names found.
        found: Vec<String>,
    },
    /// The state is of another network.
    #[error("the optimiser's `{moment}` has {found} values, allowed: {expected}, the number of parameters")]
    Length {
        /// The vector.
        moment: String,
        /// Number of parameters.
        expected: usize,
        /// Number of values found.
        found: usize,
    },
}

/// The table's form, whose (de)serialiser serde derives as `OptimiserSpec::deserialize` (`remote = "Self"`).
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Table(#[serde(with = "OptimiserSpec")] OptimiserSpec);

impl TextOrTable for OptimiserSpec {
    type Table = Table;
    const EXPECTED: &'static str = "the name of an optimiser, or a table with its `type` and parameters";

    /// A word is a table with nothing but a type.
    fn from_text(text: &str) -> Result<Self, String> {
        let table = MapDeserializer::<_, serde::de::value::Error>::new(std::iter::once(("type", text)));
        Table::deserialize(table).map(|Table(spec)| spec).map_err(|error| error.to_string())
    }

    fn from_table(Table(spec): Table) -> Result<Self, String> {
        Ok(spec)
    }
}

impl<'de> Deserialize<'de> for OptimiserSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text_or_table(from)
    }
}

impl Serialize for OptimiserSpec {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // The derived one, not this one: what a type has of its own comes before what a trait gives it.
        OptimiserSpec::serialize(self, to)
    }
}

#[cfg(test)]
#[path = "optimiser_tests.rs"]
mod tests;
