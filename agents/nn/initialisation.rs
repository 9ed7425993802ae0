//! How fresh parameters are drawn.

use crate::network::ParameterTensor;
use crate::real::Real;
use crate::text_or_table::{TextOrTable, text_or_table};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Deserializer, Serialize};

/// How fresh parameters are drawn: `"default"`, `{ uniform = 0.25 }` or `{ normal = 0.005 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Initialisation {
    /// Uniform in `±1/√fan_in`, the default of PyTorch's `Linear` and `Conv2d` (He et al. 2015 with a = √5).
    #[default]
    Default,
    /// Uniform between plus and minus this bound.
    Uniform(f64),
    /// Weights normal with mean 0 and this standard deviation, biases 0.
    Normal(f64),
}

impl Initialisation {
    /// One parameter of `tensor`.
    pub(crate) fn draw<T: Real>(self, tensor: &ParameterTensor, random: &mut impl Rng) -> T {
        T::of(match self {
            Initialisation::Default => {
                let bound = 1.0 / (tensor.fan_in as f32).sqrt();
                f64::from(bound * (2.0 * random.random::<f32>() - 1.0))
            }
            Initialisation::Uniform(bound) => bound * (2.0 * random.random::<f64>() - 1.0),
            Initialisation::Normal(_) if tensor.is_bias() => 0.0,
            Initialisation::Normal(deviation) => {
                let normal: f64 = StandardNormal.sample(random);
                deviation * normal
            }
        })
    }

    /// Checks the bound or the deviation.
    ///
    /// # Errors
    /// A sentence that names it, its value and what is allowed.
    pub fn check(self) -> Result<(), String> {
        let (key, value) = match self {
            Initialisation::Default => return Ok(()),
            Initialisation::Uniform(bound) => ("uniform", bound),
            Initialisation::Normal(deviation) => ("normal", deviation),
        };
        if value.is_finite() && value >= 0.0 {
            Ok(())
        } else {
            Err(format!("initial.{key} = {value} must be a finite number, 0 or more"))
        }
    }
}

/// The table's form.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Table {
    Uniform(f64),
    Normal(f64),
}

impl TextOrTable for Initialisation {
    type Table = Table;
    const EXPECTED: &'static str = "\"default\", or a table with `uniform` or `normal`";

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Initialisation::Default),
            _ => Err(format!("`{text}` is no way to draw parameters, allowed: {}", Self::EXPECTED)),
        }
    }

    fn from_table(table: Table) -> Result<Self, String> {
        Ok(match table {
            Table::Uniform(bound) => Initialisation::Uniform(bound),
            Table::Normal(deviation) => Initialisation::Normal(deviation),
        })
    }
}

impl<'de> Deserialize<'de> for Initialisation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text_or_table(from)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{InputSpec, Kind, NetworkSpec};
    use rand::SeedableRng;

    fn drawn(how: Initialisation) -> Vec<f64> {
        let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![50] };
        let network = NetworkSpec::Hidden(vec![40]).build(&[input], 2).unwrap();
        network.initialise_as(how, &mut crate::Random::seed_from_u64(1))
    }

    #[test]
    fn draws_have_the_stated_spread() {
        let uniform = drawn(Initialisation::Uniform(0.25));
        assert!(uniform.iter().all(|w| w.abs() <= 0.25) && uniform.iter().any(|w| *w > 0.24));
        let normal = drawn(Initialisation::Normal(0.5));
        let weights = &normal[..2000];
        let variance = weights.iter().map(|w| w * w).sum::<f64>() / 2000.0;
        assert!((variance - 0.25).abs() < 0.03, "{variance}");
        assert!(normal[2000..2040].iter().all(|bias| *bias == 0.0));
    }

    #[test]
    fn every_form_is_read_back_and_nonsense_refused() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Holder {
            initial: Initialisation,
        }
        for initial in [Initialisation::Default, Initialisation::Uniform(0.25), Initialisation::Normal(0.005)] {
            let text = toml::to_string(&Holder { initial }).unwrap();
            assert_eq!(toml::from_str::<Holder>(&text).unwrap(), Holder { initial });
        }
        assert!(toml::from_str::<Holder>("initial = 'zero'").is_err());
        assert!(Initialisation::Normal(f64::NAN).check().is_err());
    }
}
