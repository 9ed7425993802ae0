//! Which engine executes a network, as the run file says it: `engine = "auto" | "libtorch" | "native"`.

use crate::Device;
use crate::credit::CreditSpec;
use crate::engine::{Engine, EngineError, Precision, Training};
use crate::libtorch::LibtorchEngine;
use crate::native::NativeEngine;
use crate::network::{Layer, Network};
use crate::real::{Random, Real};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Multiplications of a sample's filters up to which the native engine is the faster one.
const SMALL_FILTERS: usize = 1 << 20;

/// A wish for an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineSpec {
    /// The faster one for this network, device and rule of credit: chosen by shape, never by timing.
    #[default]
    Auto,
    /// Any network, on the CPU or CUDA.
    Libtorch,
    /// Dense layers and small layers of filters, on the CPU.
    Native,
}

impl EngineSpec {
    /// The engine for `network` on `device`, all parameters 0, and a few words that say which it is and why. Feedback weights
    /// are drawn from `random`, which then goes on as the generator of disturbances.
    ///
    /// # Errors
    /// A parameter of `training` is out of range, the engine asked for cannot do it, or the device refuses.
    pub fn build<T: Real>(
        self,
        network: Arc<Network>,
        device: Device,
        training: Training,
        random: &mut Random,
    ) -> Result<(Box<dyn Engine<T>>, String), EngineError> {
        let (engine, why) = match self {
            EngineSpec::Auto => choose(&network, device, &training),
            EngineSpec::Libtorch => (Choice::Libtorch, "as asked".to_string()),
            EngineSpec::Native => (Choice::Native, "as asked".to_string()),
        };
        Ok(match engine {
            Choice::Libtorch => {
                (Box::new(LibtorchEngine::new(network, device, training, random)?), format!("libtorch, {why}"))
            }
            Choice::Native => {
                if device != Device::Cpu {
                    let reason = format!("computes on the CPU, found device = \"{device}\"; set device = \"cpu\"");
                    return Err(EngineError::Unsupported { engine: "native", reason });
                }
                if training.precision == Precision::Bfloat16 {
                    let reason =
                        "computes in single precision, found precision = \"bfloat16\"; set precision = \"single\"";
                    return Err(EngineError::Unsupported { engine: "native", reason: reason.into() });
                }
                (Box::new(NativeEngine::new(network, training, random)?), format!("native, {why}"))
            }
        })
    }
}

enum Choice {
    Libtorch,
    Native,
}

/// The engine for `network`, and why.
fn choose(network: &Network, device: Device, training: &Training) -> (Choice, String) {
    let credit = &training.credit;
    if let CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_) = credit {
        return (Choice::Native, format!("for {} disturbs the network", credit.name()));
    }
    if device != Device::Cpu {
        return (Choice::Libtorch, format!("for the device is {device}"));
    }
    if training.precision == Precision::Bfloat16 {
        return (Choice::Libtorch, "for the precision is bfloat16".into());
    }
    let filters = network.layers().iter().filter(|layer| !matches!(layer, Layer::Dense(_)));
    match filters.map(Layer::multiplications).sum() {
        0 => (Choice::Native, "for it is dense layers on the CPU".into()),
        1..=SMALL_FILTERS => (Choice::Native, "for its filters are small and on the CPU".into()),
        _ => (Choice::Libtorch, "for its filters are large".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::credit::Perturbation;
    use crate::{Activation, InputSpec, Kind, LayerSpec, NetworkSpec};
    use rand::SeedableRng;

    fn build(spec: EngineSpec, network: &Network, device: Device, credit: CreditSpec) -> Result<String, String> {
        let training = Training { credit, ..Training::default() };
        let built = spec.build::<f32>(Arc::new(network.clone()), device, training, &mut Random::seed_from_u64(0));
        built
            .map(|(engine, why)| {
                assert!(why.starts_with(engine.describe().split(' ').next().unwrap()));
                why
            })
            .map_err(|error| error.to_string())
    }

    fn pictures(size: usize, filters: usize, kernel: usize, stride: usize) -> Network {
        let conv = LayerSpec::Conv { filters, kernel, stride, activation: Activation::Relu };
        let frame = InputSpec { name: "frame".into(), kind: Kind::U8, shape: vec![4, size, size] };
        NetworkSpec::Layers(vec![conv]).build(&[frame], 6).unwrap()
    }

    fn dense() -> Network {
        let state = InputSpec { name: "state".into(), kind: Kind::F32, shape: vec![4] };
        NetworkSpec::Hidden(vec![8]).build(&[state], 2).unwrap()
    }

    #[test]
    fn the_engine_follows_from_layers_device_and_rule() {
        let auto = |network: &Network, credit| build(EngineSpec::Auto, network, Device::Cpu, credit).unwrap();
        let disturbing = CreditSpec::NodePerturbation(Perturbation::default());
        let backprop = CreditSpec::default;
        assert_eq!(auto(&dense(), backprop()), "native, for it is dense layers on the CPU");
        assert_eq!(auto(&pictures(10, 16, 3, 1), backprop()), "native, for its filters are small and on the CPU");
        assert_eq!(auto(&pictures(84, 32, 8, 4), backprop()), "libtorch, for its filters are large");
        assert_eq!(auto(&pictures(84, 32, 8, 4), disturbing), "native, for node-perturbation disturbs the network");
        let (on_cuda, why) = choose(&dense(), Device::Cuda(1), &Training::default());
        assert!(matches!(on_cuda, Choice::Libtorch) && why == "for the device is cuda:1");
    }

    #[test]
    fn an_engine_that_was_asked_for_is_built_or_refused_in_a_sentence() {
        let large = pictures(84, 32, 8, 4);
        assert_eq!(build(EngineSpec::Native, &large, Device::Cpu, CreditSpec::default()).unwrap(), "native, as asked");
        assert_eq!(
            build(EngineSpec::Libtorch, &dense(), Device::Cpu, CreditSpec::default()).unwrap(),
            "libtorch, as asked"
        );
        assert_eq!(
            build(EngineSpec::Native, &dense(), Device::Cuda(0), CreditSpec::default()).unwrap_err(),
            "the native engine computes on the CPU, found device = \"cuda:0\"; set device = \"cpu\""
        );
        let half = |spec: EngineSpec| {
            let training = Training { precision: Precision::Bfloat16, ..Training::default() };
            let built = spec.build::<f32>(Arc::new(dense()), Device::Cpu, training, &mut Random::seed_from_u64(0));
            built.map(|(_, why)| why).map_err(|error| error.to_string())
        };
        assert_eq!(half(EngineSpec::Auto).unwrap(), "libtorch, for the precision is bfloat16");
        assert_eq!(
            half(EngineSpec::Native).unwrap_err(),
            "the native engine computes in single precision, found precision = \"bfloat16\"; set precision = \"single\""
        );
        let disturbing = CreditSpec::WeightPerturbation(Perturbation::default());
        assert_eq!(
            build(EngineSpec::Libtorch, &dense(), Device::Cpu, disturbing).unwrap_err(),
            "the libtorch engine does not follow the rule weight-perturbation; set engine = \"native\""
        );
    }
}
