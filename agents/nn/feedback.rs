//! The weights that carry an error down, for each [rule of credit](crate::CreditSpec) that sends one.

use crate::credit::{AttentionGated, CreditSpec, Reciprocity};
use crate::engine::CreditState;
use crate::network::Network;
use crate::real::{Random, Real};
use crate::{EngineError, Training};
use rand::Rng;

/// Where an error takes its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// From layer to layer through the forward weights.
    Forward,
    /// From layer to layer through the weights B of [`Feedback`], laid out as the parameters are.
    Layers(Source),
    /// From the output to each layer, through its own matrix B_l, `[outputs, units of layer l]`.
    Direct,
    /// It goes nowhere: the rule disturbs the network and asks what that costs.
    Disturbance,
}

/// What B is made of, from the parameters W and the fixed numbers F of [`Feedback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// B = F.
    Fixed,
    /// B = sign(W) ⊙ F.
    Signs,
    /// B = W + F: weights which change as W does keep their distance from it.
    Reciprocal,
}

/// The feedback weights of a network.
pub(crate) struct Feedback<T> {
    pub(crate) route: Route,
    /// F: flat, as the parameters are, or one matrix `[outputs, units]` for each layer but the last where the route is direct;
    /// empty where the rule has none.
    pub(crate) fixed: Vec<T>,
    rule: &'static str,
}

impl<T: Real> Feedback<T> {
    /// Fresh feedback weights for parameters that are all 0.
    pub(crate) fn new(network: &Network, training: &Training, random: &mut Random) -> Self {
        let Training { credit: rule, feedback, .. } = training;
        let route = route(rule);
        let mut draw = || network.initialise_as::<T>(*feedback, random);
        let fixed = match route {
            Route::Forward | Route::Disturbance => Vec::new(),
            // F of reciprocal weights is w′ − w, and w is 0.
            Route::Layers(Source::Fixed | Source::Reciprocal) => draw(),
            Route::Layers(Source::Signs) => draw().into_iter().map(T::abs).collect(),
            Route::Direct if matches!(rule, CreditSpec::AttentionGated(_)) => vec![T::one(); direct_elements(network)],
            Route::Direct => {
                let bound = 1.0 / (network.outputs() as f64).sqrt();
                let elements = direct_elements(network);
                (0..elements).map(|_| T::of(bound * (2.0 * random.random::<f64>() - 1.0))).collect()
            }
        };
        Self { route, fixed, rule: rule.name() }
    }

    /// Takes back what [`Feedback::fixed`] was.
    pub(crate) fn restore(&mut self, state: &CreditState<T>) -> Result<(), EngineError> {
        let (expected, found) = (self.fixed.len(), state.feedback.len());
        if expected != found {
            return Err(EngineError::CreditState { rule: self.rule, expected, found });
        }
        self.fixed.copy_from_slice(&state.feedback);
        Ok(())
    }

    /// For the direct route: the matrix B_l, `[outputs, units]`, and the number of units of each layer but the last.
    pub(crate) fn matrices<'a>(&'a self, network: &'a Network) -> impl Iterator<Item = (&'a [T], usize)> {
        let (layers, mut rest) = (network.layers(), self.fixed.as_slice());
        layers[..layers.len() - 1].iter().map(move |layer| {
            let (matrix, after) = rest.split_at(layer.units() * network.outputs());
            rest = after;
            (matrix, layer.units())
        })
    }

    /// Writes B into `into`, for a route from layer to layer; `parameters` are W.
    pub(crate) fn weights(&self, source: Source, parameters: &[T], into: &mut [T]) {
        let places = into.iter_mut().zip(&self.fixed).zip(parameters);
        match source {
            Source::Fixed => into.copy_from_slice(&self.fixed),
            Source::Signs => places.for_each(|((b, &f), &w)| *b = sign(w) * f),
            Source::Reciprocal => places.for_each(|((b, &f), &w)| *b = w + f),
        }
    }
}

/// The route of a rule's error.
pub(crate) fn route(rule: &CreditSpec) -> Route {
    match rule {
        CreditSpec::Backprop | CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Tied }) => {
            Route::Forward
        }
        CreditSpec::FeedbackAlignment
        | CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Random }) => Route::Layers(Source::Fixed),
        CreditSpec::SignSymmetric => Route::Layers(Source::Signs),
        CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Learned }) => {
            Route::Layers(Source::Reciprocal)
        }
        // Without attention the scalar reaches every unit, as if it came straight from the output through weights of 1.
        CreditSpec::DirectFeedbackAlignment
        | CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::None }) => Route::Direct,
        CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_) => Route::Disturbance,
    }
}

/// Elements of all matrices B_l of the direct route.
fn direct_elements(network: &Network) -> usize {
    let layers = network.layers();
    layers[..layers.len() - 1].iter().map(|layer| layer.units() * network.outputs()).sum()
}

/// −1, 0 or 1.
fn sign<T: Real>(w: T) -> T {
    if w == T::zero() { w } else { w.signum() }
}
