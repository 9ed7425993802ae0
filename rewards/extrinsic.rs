//! `extrinsic`: the environment's own reward, as one signal among others.

use crate::signal::{Declaration, Moment, Pay, Purse, Signal, SignalError};

/// Pays what the environment pays.
#[derive(Debug, Default)]
pub struct Extrinsic;

impl Signal for Extrinsic {
    fn declare(&self) -> Declaration {
        Declaration { pay: Pay::Stored, ..Declaration::default() }
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        purse.pay(moment.extrinsic);
        Ok(())
    }
}
