//! Rules of credit: how the error at a network's output, or what it costs, becomes a change of each layer's weights.
//!
//! Six rules send an error down, one layer after the other or straight from the output, and differ in the weights B that
//! carry it. With δ_L = ∂L/∂z at the output and the slope f′ of each layer,
//!
//! ```text
//! δ_l = (B_{l+1} δ_{l+1}) ⊙ f′(z_l)        ∂L/∂W_l ≈ δ_l x_lᵀ
//!
//! backprop                    B = Wᵀ
//! feedback-alignment          B fixed, random                            Lillicrap et al. 2016, eq. for Δh_FA
//! direct-feedback-alignment   δ_l = (B_l δ_L) ⊙ f′(z_l), B fixed, random Nøkland 2016, eq. 7
//! sign-symmetric              B = sign(Wᵀ) ⊙ M, M ≥ 0 fixed, random       Liao, Leibo & Poggio 2016, "frSF"
//! attention-gated             B = Wᵀ, learned as W is, fixed, or none    Roelfsema & van Ooyen 2005; Pozzi et al. 2020
//! ```
//!
//! Two rules send nothing down. They disturb the network by noise ξ ~ N(0, 1) of size σ and see what it costs,
//!
//! ```text
//! weight-perturbation   ∂L/∂W ≈ (L(W + σξ) − L(W)) ξ/σ
//! node-perturbation     ∂L/∂W ≈ mean over the batch of (L_b(z + σξ_b) − L_b(z)) ξ_b x_bᵀ/σ        (Werfel, Xie & Seung 2005)
//! ```
//!
//! all weights (or units) at once in their *parallel* form, one after the other, with ξ = 1, in their *serial* form.
//!
//! Attention-gated credit needs the selected output's unit alone: its feedback fb and the scalar δ reach a synapse apart, and
//! multiply there. As both enter linearly, here δ is multiplied at the top; an output error with one element per sample is
//! what a learner by trial and error gives.

use crate::text_or_table::{TextOrTable, text_or_table};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A rule of credit: its name, or a table with its parameters: `{ type = "node-perturbation", sigma = 1e-2 }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(remote = "Self", tag = "type", rename_all = "kebab-case")]
pub enum CreditSpec {
    /// The error goes down through the weights that carried the activity up.
    #[default]
    Backprop,
    /// It goes down through weights that are random and never change.
    FeedbackAlignment,
    /// It goes straight from the output to each layer, through weights that are random and never change.
    DirectFeedbackAlignment,
    /// It goes down through weights that share the signs of the forward ones and have sizes of their own.
    SignSymmetric,
    /// The unit that was selected feeds back, through weights that learn as the forward ones do.
    AttentionGated(AttentionGated),
    /// The sums that units receive are disturbed.
    NodePerturbation(Perturbation),
    /// The weights are disturbed.
    WeightPerturbation(Perturbation),
}

/// The parameters of attention-gated credit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionGated {
    /// The weights that feed back: "learned" (weights of their own, which learn by the same rule), "tied" (the forward
    /// ones), "random" (fixed), or "none" (every unit learns at the scalar's word alone: an ablation).
    pub feedback: Reciprocity,
}

/// Which weights feed back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reciprocity {
    /// Weights of their own that change as the forward ones do, Δw′ = Δw.
    #[default]
    Learned,
    /// The forward ones.
    Tied,
    /// Weights of their own that never change.
    Random,
    /// There are none, fb = 1: no attention gates plasticity.
    None,
}

/// The parameters of a perturbation rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Perturbation {
    /// Size σ of the disturbance.
    pub sigma: f64,
    /// "parallel" (all at once) or "serial" (one after the other: as many forward passes as there are weights or units).
    pub form: Form,
}

/// What is disturbed at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// All weights or units at once, each by a draw of its own.
    #[default]
    Parallel,
    /// One after the other.
    Serial,
}

impl Default for Perturbation {
    fn default() -> Self {
        Self { sigma: 1e-2, form: Form::Parallel }
    }
}

impl CreditSpec {
    /// Its name in the run file.
    pub fn name(&self) -> &'static str {
        match self {
            CreditSpec::Backprop => "backprop",
            CreditSpec::FeedbackAlignment => "feedback-alignment",
            CreditSpec::DirectFeedbackAlignment => "direct-feedback-alignment",
            CreditSpec::SignSymmetric => "sign-symmetric",
            CreditSpec::AttentionGated(_) => "attention-gated",
            CreditSpec::NodePerturbation(_) => "node-perturbation",
            CreditSpec::WeightPerturbation(_) => "weight-perturbation",
        }
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// A sentence that names the parameter, its value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        match self {
            CreditSpec::NodePerturbation(Perturbation { sigma, .. })
            | CreditSpec::WeightPerturbation(Perturbation { sigma, .. })
                if !((*sigma as f32).is_finite() && *sigma as f32 > 0.0) =>
            {
                Err(format!("credit.sigma = {sigma} must be a finite number greater than 0, in single precision"))
            }
            _ => Ok(()),
        }
    }
}

/// The table's form: the name, and the parameters of all rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    r#type: String,
    feedback: Option<Reciprocity>,
    sigma: Option<f64>,
    form: Option<Form>,
}

impl TextOrTable for CreditSpec {
    type Table = Table;
    const EXPECTED: &'static str = "the name of a rule of credit, or a table with its `type` and parameters";

    fn from_text(text: &str) -> Result<Self, String> {
        let rules = [
            CreditSpec::Backprop,
            CreditSpec::FeedbackAlignment,
            CreditSpec::DirectFeedbackAlignment,
            CreditSpec::SignSymmetric,
            CreditSpec::AttentionGated(AttentionGated::default()),
            CreditSpec::NodePerturbation(Perturbation::default()),
            CreditSpec::WeightPerturbation(Perturbation::default()),
        ];
        let names = rules.each_ref().map(|rule| format!("\"{}\"", rule.name())).join(", ");
        let known = rules.into_iter().find(|rule| rule.name() == text);
        known.ok_or_else(|| format!("`{text}` is not a rule of credit, allowed: {names}"))
    }

    fn from_table(table: Table) -> Result<Self, String> {
        let Table { r#type: name, feedback, sigma, form } = table;
        let refuse = |given: &[(&str, bool)]| match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!("the rule of credit `{name}` has no parameter `{key}`")),
            None => Ok(()),
        };
        let disturbed = [("sigma", sigma.is_some()), ("form", form.is_some())];
        let default = Perturbation::default();
        let perturbation = Perturbation { sigma: sigma.unwrap_or(default.sigma), form: form.unwrap_or(default.form) };
        match Self::from_text(&name)? {
            CreditSpec::AttentionGated(default) => {
                refuse(&disturbed)?;
                Ok(CreditSpec::AttentionGated(AttentionGated { feedback: feedback.unwrap_or(default.feedback) }))
            }
            rule @ (CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_)) => {
                refuse(&[("feedback", feedback.is_some())])?;
                Ok(match rule {
                    CreditSpec::NodePerturbation(_) => CreditSpec::NodePerturbation(perturbation),
                    _ => CreditSpec::WeightPerturbation(perturbation),
                })
            }
            rule => {
                refuse(&disturbed)?;
                refuse(&[("feedback", feedback.is_some())])?;
                Ok(rule)
            }
        }
    }
}

impl<'de> Deserialize<'de> for CreditSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text_or_table(from)
    }
}

impl Serialize for CreditSpec {
    /// A rule without parameters is its name.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            CreditSpec::AttentionGated(_) | CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_) => {
                CreditSpec::serialize(self, to)
            }
            _ => to.serialize_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        credit: CreditSpec,
    }

    fn parse(text: &str) -> Result<CreditSpec, String> {
        toml::from_str::<Holder>(text).map(|holder| holder.credit).map_err(|error| error.message().to_string())
    }

    #[test]
    fn a_rule_is_a_name_or_a_table() {
        assert_eq!(parse("credit = 'backprop'"), Ok(CreditSpec::Backprop));
        assert_eq!(parse("credit = 'attention-gated'"), Ok(CreditSpec::AttentionGated(AttentionGated::default())));
        let serial = Perturbation { sigma: 0.1, form: Form::Serial };
        let text = "credit = { type = 'node-perturbation', sigma = 0.1, form = 'serial' }";
        assert_eq!(parse(text), Ok(CreditSpec::NodePerturbation(serial)));
        let tied = AttentionGated { feedback: Reciprocity::Tied };
        assert_eq!(
            parse("credit = { type = 'attention-gated', feedback = 'tied' }"),
            Ok(CreditSpec::AttentionGated(tied))
        );
        assert!(
            parse("credit = 'hebb'").unwrap_err().starts_with("`hebb` is not a rule of credit, allowed: \"backprop\"")
        );
        assert_eq!(
            parse("credit = { type = 'backprop', sigma = 1.0 }"),
            Err("the rule of credit `backprop` has no parameter `sigma`".into())
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rules = [
            CreditSpec::Backprop,
            CreditSpec::FeedbackAlignment,
            CreditSpec::DirectFeedbackAlignment,
            CreditSpec::SignSymmetric,
            CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Random }),
            CreditSpec::NodePerturbation(Perturbation::default()),
            CreditSpec::WeightPerturbation(Perturbation { sigma: 0.5, form: Form::Serial }),
        ];
        for credit in rules {
            let text = toml::to_string(&Holder { credit: credit.clone() }).unwrap();
            assert_eq!(parse(&text), Ok(credit), "{text}");
        }
    }

    #[test]
    fn a_disturbance_has_a_size() {
        for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let rule = CreditSpec::WeightPerturbation(Perturbation { sigma, form: Form::Parallel });
            assert!(rule.check().unwrap_err().starts_with("credit.sigma = "));
        }
    }
}
