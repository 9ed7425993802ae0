//! Credit by trial: disturb the network, see what it costs, and take the disturbance for the direction of the cost.
//!
//! ```text
//! weights, parallel   g = (L(W + σξ) − L(W)) ξ/σ                      one ξ ~ N(0, 1) per weight, the same for the batch
//! weights, serial     g_i = (L(W + σe_i) − L(W))/σ                    for each weight i in turn
//! units, parallel     δ[b, k] = (L_b(z + σξ_b) − L_b(z)) ξ[b, k]/(σB)  one ξ ~ N(0, 1) per sample and unit of all layers
//! units, serial       δ[b, k] = (L_b(z + σe_k) − L_b(z))/(σB)          for each unit k in turn
//! ```
//!
//! L is the mean of the batch's costs L_b. The clean and the disturbed pass see the same samples. From δ the gradient is
//! that of back-propagation: δᵀ x with the clean x. Biases are weights from a unit that is always 1, and where they are fixed
//! they are not disturbed.

use super::activity::{Activity, grow};
use super::layers;
use super::product::Factor;
use crate::credit::{CreditSpec, Form, Perturbation};
use crate::engine::{Biases, Objective};
use crate::network::{Layer, Network};
use crate::real::{Random, Real};

/// What disturbs a network.
pub(super) struct Disturber<T> {
    site: Site,
    form: Form,
    sigma: T,
    pub(super) random: Random,
    /// The disturbed pass.
    activity: Activity<T>,
    /// The cost of each sample, without the disturbance and with it.
    costs: [Vec<T>; 2],
    /// For weights the disturbed parameters, for units ξ or δ: of each layer, `[batch, units]`.
    disturbed: Vec<T>,
    factor: Factor<T>,
}

/// What is disturbed.
#[derive(Clone, Copy)]
enum Site {
    Weights,
    Units,
}

/// Where a disturbance begins: the parameters, and the clean pass with them.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a, T> {
    pub(super) network: &'a Network,
    pub(super) parameters: &'a [T],
    pub(super) biases: Biases,
    pub(super) clean: &'a Activity<T>,
    pub(super) objective: &'a dyn Objective<T>,
}

impl<T: Real> Disturber<T> {
    /// The disturber that `rule` asks for, if it asks for one; it draws from `random`.
    pub(super) fn new(network: &Network, rule: &CreditSpec, random: Random) -> Option<Self> {
        let (site, Perturbation { sigma, form }) = match *rule {
            CreditSpec::WeightPerturbation(perturbation) => (Site::Weights, perturbation),
            CreditSpec::NodePerturbation(perturbation) => (Site::Units, perturbation),
            _ => return None,
        };
        Some(Self {
            site,
            form,
            sigma: T::of(sigma),
            random,
            activity: Activity::new(network),
            costs: [Vec::new(), Vec::new()],
            disturbed: Vec::new(),
            factor: Factor::default(),
        })
    }

    /// Writes the estimate of the gradient into `gradient`.
    pub(super) fn estimate(&mut self, ground: Ground<'_, T>, gradient: &mut [T]) {
        let Ground { network, clean, objective, .. } = ground;
        self.activity.copy(network, clean);
        self.costs.iter_mut().for_each(|costs| costs.resize(clean.batch, T::zero()));
        objective.costs(clean.outputs(network), &mut self.costs[0]);
        match (self.site, self.form) {
            (Site::Weights, Form::Parallel) => self.all_weights(ground, gradient),
            (Site::Weights, Form::Serial) => self.each_weight(ground, gradient),
            (Site::Units, Form::Parallel) => self.all_units(ground, gradient),
            (Site::Units, Form::Serial) => self.each_unit(ground, gradient),
        }
    }

    fn all_weights(&mut self, ground: Ground<'_, T>, gradient: &mut [T]) {
        let Ground { network, parameters, .. } = ground;
        gradient.iter_mut().for_each(|xi| *xi = T::normal(&mut self.random));
        hold_biases(network, ground.biases, gradient);
        self.disturbed.clear();
        self.disturbed.extend(parameters.iter().zip(&*gradient).map(|(&w, &xi)| w + self.sigma * xi));
        self.activity.propagate(network, &self.disturbed, 0, |_, _, _| {});
        let slope = self.rise(ground) / self.sigma;
        gradient.iter_mut().for_each(|xi| *xi *= slope);
    }

    fn each_weight(&mut self, ground: Ground<'_, T>, gradient: &mut [T]) {
        let Ground { network, parameters, biases, .. } = ground;
        self.disturbed.clear();
        self.disturbed.extend_from_slice(parameters);
        gradient.fill(T::zero());
        // From the last layer down: so what goes into a layer has stayed clean, and no pass begins below it.
        for layer in (0..network.layers().len()).rev() {
            let weights = network.layer_parameters(layer, parameters).0.len();
            let mut places = network.layer_range(layer);
            if biases == Biases::Fixed {
                places.end = places.start + weights;
            }
            for place in places {
                self.disturbed[place] = parameters[place] + self.sigma;
                self.activity.propagate(network, &self.disturbed, layer, |_, _, _| {});
                self.disturbed[place] = parameters[place];
                gradient[place] = self.rise(ground) / self.sigma;
            }
        }
    }

    fn all_units(&mut self, ground: Ground<'_, T>, gradient: &mut [T]) {
        let (network, batch, sigma) = (ground.network, ground.clean.batch, self.sigma);
        let units: usize = network.layers().iter().map(Layer::units).sum();
        grow(&mut self.disturbed, batch * units);
        let noise = &mut self.disturbed[..batch * units];
        noise.iter_mut().for_each(|xi| *xi = T::normal(&mut self.random));
        self.activity.propagate(network, ground.parameters, 0, |layer, sample, z| {
            let start = batch * units_below(network, layer) + sample * z.len();
            z.iter_mut().zip(&noise[start..]).for_each(|(z, &xi)| *z += sigma * xi);
        });
        self.rise(ground);
        let [before, after] = &self.costs;
        let mut rest = &mut self.disturbed[..];
        for (index, layer) in network.layers().iter().enumerate() {
            let (delta, above) = rest.split_at_mut(batch * layer.units());
            rest = above;
            for ((xi, &before), &after) in delta.chunks_exact_mut(layer.units()).zip(before).zip(after) {
                let slope = (after - before) / (sigma * T::of(batch as f64));
                xi.iter_mut().for_each(|xi| *xi *= slope);
            }
            gradient_of(ground, index, delta, gradient, &mut self.factor);
        }
        hold_biases(network, ground.biases, gradient);
    }

    fn each_unit(&mut self, ground: Ground<'_, T>, gradient: &mut [T]) {
        let (network, batch, sigma) = (ground.network, ground.clean.batch, self.sigma);
        for (index, layer) in network.layers().iter().enumerate().rev() {
            let units = layer.units();
            grow(&mut self.disturbed, batch * units);
            for unit in 0..units {
                self.activity.propagate(network, ground.parameters, index, |layer, _, z| {
                    if layer == index {
                        z[unit] += sigma;
                    }
                });
                self.rise(ground);
                let [before, after] = &self.costs;
                let deltas = self.disturbed[unit..].iter_mut().step_by(units);
                for ((delta, &before), &after) in deltas.zip(before).zip(after) {
                    *delta = (after - before) / (sigma * T::of(batch as f64));
                }
            }
            gradient_of(ground, index, &self.disturbed[..batch * units], gradient, &mut self.factor);
        }
        hold_biases(network, ground.biases, gradient);
    }

    /// Asks for the costs of the disturbed outputs, and answers with the change of their mean.
    fn rise(&mut self, Ground { network, objective, .. }: Ground<'_, T>) -> T {
        let [before, after] = &mut self.costs;
        objective.costs(self.activity.outputs(network), after);
        let rises = after.iter().zip(&*before).map(|(&after, &before)| after - before);
        rises.sum::<T>() / T::of(before.len() as f64)
    }
}

/// Sets the biases' part of a flat gradient to 0 where they do not learn.
pub(super) fn hold_biases<T: Real>(network: &Network, biases: Biases, gradient: &mut [T]) {
    if biases == Biases::Fixed {
        for layer in 0..network.layers().len() {
            network.layer_parameters_mut(layer, gradient).1.fill(T::zero());
        }
    }
}

/// Writes the gradient of layer `index` from its δ and what went into it in the clean pass.
fn gradient_of<T: Real>(
    Ground { network, clean, .. }: Ground<'_, T>,
    index: usize,
    delta: &[T],
    gradient: &mut [T],
    factor: &mut Factor<T>,
) {
    let (x, patches) = (clean.entering(network, index), clean.patches(network, index));
    let into = network.layer_parameters_mut(index, gradient);
    layers::gradient(&network.layers()[index], x, patches, delta, into, factor);
}

/// Units of all layers below layer `layer`.
fn units_below(network: &Network, layer: usize) -> usize {
    network.layers()[..layer].iter().map(Layer::units).sum()
}
