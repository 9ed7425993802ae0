//! A network as the run file describes it: a list of layers.
//!
//! Three forms say the same kind of thing:
//! ```toml
//! network = { hidden = [256, 256] }                      # dense ReLU layers
//! network = { layers = [                                 # layer by layer
//!     { type = "conv", filters = 16, kernel = 3, stride = 1, activation = "relu" },
//!     { type = "dense", units = 128 },
//! ] }
//! network = "nature"                                     # by name
//! ```
//! The output layer (linear, one unit per output) is not written: it follows from what the network is for.

use crate::network::{Network, NetworkError};
use crate::text_or_table::{TextOrTable, text_or_table};
use crate::{Activation, InputSpec};
use serde::{Deserialize, Deserializer, Serialize};
use std::str::FromStr;

/// The hidden layers of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkSpec {
    /// Dense ReLU layers with these numbers of units; none is a linear network.
    Hidden(Vec<usize>),
    /// Layers one by one, convolutional and locally connected ones first.
    Layers(Vec<LayerSpec>),
    /// The network of a paper, by name.
    #[serde(untagged)]
    Preset(Preset),
}

/// The network of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Mnih et al. 2015, Methods, "Model architecture": conv 32@8×8/4, 64@4×4/2, 64@3×3/1, dense 512.
    Nature,
    /// Mnih et al. 2013, section 4.1: conv 16@8×8/4, 32@4×4/2, dense 256.
    Nips,
    /// Young & Tian 2019 (MinAtar), section 4: conv 16@3×3/1, dense 128.
    Minatar,
}

/// One hidden layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum LayerSpec {
    /// A convolution without padding.
    Conv {
        /// Number of filters: channels of its output.
        filters: usize,
        /// Height and width of a filter, in pixels.
        kernel: usize,
        /// Pixels from one place of the filter to the next.
        #[serde(default = "one")]
        stride: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
    },
    /// A locally connected layer: as a convolution, with weights of its own at each place.
    Local {
        /// Number of filters at each place: channels of its output.
        filters: usize,
        /// Height and width of a filter, in pixels.
        kernel: usize,
        /// Pixels from one place to the next.
        #[serde(default = "one")]
        stride: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
    },
    /// A fully connected layer.
    Dense {
        /// Number of units.
        units: usize,
        /// What follows the sum.
        #[serde(default)]
        activation: Activation,
    },
}

fn one() -> usize {
    1
}

impl Default for NetworkSpec {
    /// Two dense ReLU layers of 64 units.
    fn default() -> Self {
        NetworkSpec::Hidden(vec![64, 64])
    }
}

impl NetworkSpec {
    /// The hidden layers, one by one.
    pub fn layers(&self) -> Vec<LayerSpec> {
        let relu = Activation::Relu;
        let conv = |filters, kernel, stride| LayerSpec::Conv { filters, kernel, stride, activation: relu };
        let dense = |units| LayerSpec::Dense { units, activation: relu };
        match self {
            NetworkSpec::Hidden(units) => units.iter().copied().map(dense).collect(),
            NetworkSpec::Layers(layers) => layers.clone(),
            NetworkSpec::Preset(Preset::Nature) => vec![conv(32, 8, 4), conv(64, 4, 2), conv(64, 3, 1), dense(512)],
            NetworkSpec::Preset(Preset::Nips) => vec![conv(16, 8, 4), conv(32, 4, 2), dense(256)],
            NetworkSpec::Preset(Preset::Minatar) => vec![conv(16, 3, 1), dense(128)],
        }
    }

    /// The network that takes `inputs` and has `outputs` linear output units.
    ///
    /// When there are layers of filters (convolutional or locally connected), the inputs of shape
    /// `[channels, height, width]` go through them, stacked along the channels; what comes out is flattened and joined, in
    /// order, by the other inputs. Without such layers all inputs are flattened and joined in order.
    ///
    /// # Errors
    /// A layer without units, a filter larger than its picture, a convolution without a picture, a network too large to
    /// hold: each a sentence that names the layer.
    pub fn build(&self, inputs: &[InputSpec], outputs: usize) -> Result<Network, NetworkError> {
        Network::new(inputs, &self.layers(), outputs)
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "nature" => Ok(Preset::Nature),
            "nips" => Ok(Preset::Nips),
            "minatar" => Ok(Preset::Minatar),
            _ => Err(format!(
                "`{name}` is not a network, allowed: \"nature\", \"nips\", \"minatar\", or a table with `hidden` or `layers`"
            )),
        }
    }
}

/// The table's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    hidden: Option<Vec<usize>>,
    layers: Option<Vec<LayerSpec>>,
}

impl TextOrTable for NetworkSpec {
    type Table = Table;
    const EXPECTED: &'static str = "the name of a network, or a table with `hidden` or `layers`";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map(NetworkSpec::Preset)
    }

    fn from_table(table: Table) -> Result<Self, String> {
        match (table.hidden, table.layers) {
            (Some(hidden), None) => Ok(NetworkSpec::Hidden(hidden)),
            (None, Some(layers)) => Ok(NetworkSpec::Layers(layers)),
            (Some(_), Some(_)) => Err("a network has either `hidden` or `layers`, found both".into()),
            (None, None) => Err("a network needs `hidden` or `layers`, found neither".into()),
        }
    }
}

impl<'de> Deserialize<'de> for NetworkSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text_or_table(from)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NetworkSpec, String> {
        #[derive(Deserialize)]
        struct Holder {
            network: NetworkSpec,
        }
        toml::from_str::<Holder>(text).map(|holder| holder.network).map_err(|error| error.message().to_string())
    }

    #[test]
    fn the_three_forms_are_read() {
        assert_eq!(parse("network = { hidden = [256, 256] }").unwrap(), NetworkSpec::Hidden(vec![256, 256]));
        assert_eq!(parse("network = 'nature'").unwrap(), NetworkSpec::Preset(Preset::Nature));
        let layers = "network.layers = [{ type = 'conv', filters = 16, kernel = 3 }, \
                      { type = 'dense', units = 128, activation = 'tanh' }]";
        let conv = LayerSpec::Conv { filters: 16, kernel: 3, stride: 1, activation: Activation::Relu };
        let dense = LayerSpec::Dense { units: 128, activation: Activation::Tanh };
        assert_eq!(parse(layers).unwrap(), NetworkSpec::Layers(vec![conv, dense]));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let conv = LayerSpec::Conv { filters: 2, kernel: 3, stride: 2, activation: Activation::Sigmoid };
        let specs = [NetworkSpec::default(), NetworkSpec::Preset(Preset::Nips), NetworkSpec::Layers(vec![conv])];
        for network in specs {
            #[derive(Serialize)]
            struct Holder<'a> {
                network: &'a NetworkSpec,
            }
            assert_eq!(parse(&toml::to_string(&Holder { network: &network }).unwrap()).unwrap(), network);
        }
    }

    #[test]
    fn a_bad_description_is_refused_with_what_is_allowed() {
        let error = |text| parse(text).unwrap_err();
        assert_eq!(
            error("network = 'natur'"),
            "`natur` is not a network, allowed: \"nature\", \"nips\", \"minatar\", or a table with `hidden` or `layers`"
        );
        assert!(error("network = { hiden = [4] }").contains("unknown field `hiden`, expected `hidden` or `layers`"));
        assert_eq!(error("network = {}"), "a network needs `hidden` or `layers`, found neither");
        assert!(error("network = { hidden = [], layers = [] }").contains("found both"));
        assert!(error("network.layers = [{ type = 'dense', unit = 3 }]").contains("unknown field `unit`"));
        assert!(error("network.layers = [{ type = 'pool' }]").contains("unknown variant `pool`"));
        assert!(error("network = 3").contains("the name of a network, or a table with `hidden` or `layers`"));
    }
}
