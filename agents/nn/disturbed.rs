//! Learning by disturbance from a reward that cannot be asked twice: the network acts disturbed, and what the reward exceeds
//! its running mean by tells whether the disturbance was a good one.
//!
//! ```text
//! weights   acts with W + σξ      ΔW    = η (r − r̄) ξ/σ              Williams 1992; Fiete & Seung 2006
//! nodes     acts with z + σξ      Δw_ij = η (r − r̄) ξ_i x_j/σ        x: the undisturbed activity
//! r̄ ← r̄ + ρ (r − r̄)
//! ```
//!
//! As a disturbance lasts for one trial, one of a unit's sum is one of its bias: in both forms the disturbed network is the
//! same network with other parameters.

use crate::credit::{Form, Perturbation};
use crate::input::Input;
use crate::kernel::affine;
use crate::network::{Dense, Layer, Network};
use crate::real::{Element, Random};
use crate::{EngineError, InputError};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Site {
    /// Weights and biases.
    Weights,
    /// The sums that units receive.
    Nodes,
}

/// A network that is disturbed anew for every trial.
pub struct Disturbed {
    network: Arc<Network>,
    site: Site,
    perturbation: Perturbation,
    learning_rate: f64,
    state: DisturbedState,
    acting: Vec<f32>,
    /// The input, and the activity of each layer but the last.
    activity: Vec<Vec<f32>>,
}

/// The whole state of a disturbed network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisturbedState {
    /// The undisturbed flat parameters.
    pub parameters: Vec<f32>,
    /// ξ, as the parameters are; 0 where nothing is disturbed.
    pub noise: Vec<f32>,
    /// The generator of ξ.
    pub random: Random,
}

impl Disturbed {
    /// A network of `parameters`, disturbed at `site` for its first trial.
    ///
    /// # Errors
    /// There are not as many parameters as the network has, or its units cannot be disturbed one by one: those of filters
    /// share their biases.
    pub fn new(
        network: Arc<Network>,
        site: Site,
        perturbation: Perturbation,
        learning_rate: f64,
        parameters: Vec<f32>,
        random: Random,
    ) -> Result<Self, EngineError> {
        crate::input::check_length("the flat parameters", parameters.len(), network.parameters(), 1)?;
        let mut activity = vec![vec![0.0; network.layers().first().map_or(0, Layer::inputs)]];
        for layer in network.layers() {
            if site == Site::Nodes && !matches!(layer, Layer::Dense(_)) {
                let reason = "disturbs the units of dense layers alone; of filters it disturbs the weights".to_string();
                return Err(EngineError::Unsupported { engine: "native", reason });
            }
            activity.push(vec![0.0; layer.units()]);
        }
        activity.pop();
        let zeros = vec![0.0; parameters.len()];
        let state = DisturbedState { parameters, noise: zeros.clone(), random };
        let mut disturbed = Self { network, site, perturbation, learning_rate, state, acting: zeros, activity };
        disturbed.disturb();
        Ok(disturbed)
    }

    /// The parameters to act with.
    pub fn acting(&self) -> &[f32] {
        &self.acting
    }

    /// Learns from one trial, on `inputs`, whose reward exceeded its running mean by `surprise`; then disturbs the network
    /// anew.
    ///
    /// # Errors
    /// The inputs do not fit the network.
    pub fn learn(&mut self, inputs: &[Input<'_>], surprise: f32) -> Result<(), InputError> {
        let factor = (self.learning_rate / self.perturbation.sigma) as f32 * surprise;
        match self.site {
            Site::Weights => {
                let DisturbedState { parameters, noise, .. } = &mut self.state;
                parameters.iter_mut().zip(noise).for_each(|(w, xi)| *w += factor * *xi);
            }
            Site::Nodes => {
                crate::input::check_inputs(self.network.inputs(), inputs, 1)?;
                self.network.gather(inputs, 0, &mut self.activity[0]);
                self.propagate();
                self.learn_nodes(factor);
            }
        }
        self.disturb();
        Ok(())
    }

    /// The undisturbed activity of every layer but the last.
    fn propagate(&mut self) {
        let layers = self.network.layers();
        for (index, layer) in layers[..layers.len() - 1].iter().enumerate() {
            let (weights, biases) = self.network.layer_parameters(index, &self.state.parameters);
            let (below, above) = self.activity.split_at_mut(index + 1);
            affine(weights, biases, &below[index], &mut above[0]);
            layer.activation().apply(&mut above[0]);
        }
    }

    fn learn_nodes(&mut self, factor: f32) {
        for (index, layer) in self.network.layers().iter().enumerate() {
            let Layer::Dense(Dense { inputs, .. }) = layer else { continue };
            let (_, noise) = self.network.layer_parameters(index, &self.state.noise);
            let (weights, biases) = self.network.layer_parameters_mut(index, &mut self.state.parameters);
            for ((row, bias), xi) in weights.chunks_exact_mut(*inputs).zip(biases).zip(noise) {
                let change = factor * xi;
                *bias += change;
                row.iter_mut().zip(&self.activity[index]).for_each(|(w, x)| *w += change * x);
            }
        }
    }

    /// Draws the next trial's ξ.
    fn disturb(&mut self) {
        let DisturbedState { parameters, noise, random } = &mut self.state;
        noise.fill(0.0);
        let nodes = self.site == Site::Nodes;
        let disturbable = self.network.parameter_tensors().iter().filter(|tensor| tensor.is_bias() || !nodes);
        match self.perturbation.form {
            Form::Parallel => {
                let ranges = disturbable.map(|tensor| tensor.range.clone());
                ranges.for_each(|range| noise[range].iter_mut().for_each(|xi| *xi = f32::normal(random)));
            }
            Form::Serial => {
                let count: usize = disturbable.clone().map(|tensor| tensor.range.len()).sum();
                let mut place = random.random_range(0..count);
                for tensor in disturbable {
                    if place < tensor.range.len() {
                        noise[tensor.range.start + place] = f32::normal(random);
                        break;
                    }
                    place -= tensor.range.len();
                }
            }
        }
        let sigma = self.perturbation.sigma as f32;
        let places = self.acting.iter_mut().zip(parameters.iter()).zip(noise.iter());
        places.for_each(|((acting, w), xi)| *acting = w + sigma * xi);
    }

    /// The whole state.
    pub fn state(&self) -> &DisturbedState {
        &self.state
    }

    /// Takes back what [`Disturbed::state`] gave.
    ///
    /// # Errors
    /// The state is of another network.
    pub fn restore(&mut self, state: DisturbedState) -> Result<(), InputError> {
        let expected = self.network.parameters();
        crate::input::check_length("the flat parameters", state.parameters.len(), expected, 1)?;
        crate::input::check_length("the disturbance", state.noise.len(), expected, 1)?;
        let sigma = self.perturbation.sigma as f32;
        let places = self.acting.iter_mut().zip(&state.parameters).zip(&state.noise);
        places.for_each(|((acting, w), xi)| *acting = w + sigma * xi);
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{InputSpec, Kind, NativeForward, NetworkSpec};
    use rand::SeedableRng;

    fn made(site: Site, form: Form) -> Disturbed {
        let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![3] };
        let network = Arc::new(NetworkSpec::Hidden(vec![4]).build(&[input], 2).unwrap());
        let parameters = network.initialise(&mut Random::seed_from_u64(1));
        let perturbation = Perturbation { sigma: 1e-3, form };
        Disturbed::new(network, site, perturbation, 0.1, parameters, Random::seed_from_u64(2)).unwrap()
    }

    /// Asked for the surprise of its own output, the mean change is the output's gradient.
    #[test]
    fn the_mean_change_is_the_gradient_of_the_reward() {
        for site in [Site::Weights, Site::Nodes] {
            let mut disturbed = made(site, Form::Parallel);
            let start = disturbed.state().clone();
            let x = [0.3, -0.7, 0.9];
            let mut forward = NativeForward::new(disturbed.network.clone());
            let mut reward = |parameters: &[f32]| {
                let mut y = [0.0; 2];
                forward.forward(parameters, &[Input::F32(&x)], &mut y).unwrap();
                y[0]
            };
            let clean = reward(&start.parameters);
            let mut mean = vec![0.0_f64; start.parameters.len()];
            const DRAWS: usize = 20_000;
            for _ in 0..DRAWS {
                let surprise = reward(disturbed.acting()) - clean;
                disturbed.learn(&[Input::F32(&x)], surprise).unwrap();
                let changes = disturbed.state.parameters.iter().zip(&start.parameters);
                mean.iter_mut().zip(changes).for_each(|(sum, (after, before))| *sum += f64::from(after - before));
                disturbed.state.parameters.clone_from(&start.parameters);
                disturbed.restore(disturbed.state.clone()).unwrap();
            }
            let gradient: Vec<f64> = (0..mean.len())
                .map(|place| {
                    let mut moved = start.parameters.clone();
                    moved[place] += 1e-2;
                    f64::from((reward(&moved) - clean) / 1e-2)
                })
                .collect();
            assert!(crate::cosine(&mean, &gradient) > 0.98, "{site:?}: {}", crate::cosine(&mean, &gradient));
        }
    }

    #[test]
    fn the_serial_form_disturbs_one_place_at_a_time() {
        for site in [Site::Weights, Site::Nodes] {
            let disturbed = made(site, Form::Serial);
            assert_eq!(disturbed.state().noise.iter().filter(|xi| **xi != 0.0).count(), 1);
        }
    }
}
