//! The program `innate` with a signal of its own.

use innate::NoOptions;
use innate::envs::{ArraySpec, Kind};
use innate::rewards::{Declaration, Moment, Pay, Purse, Signal, SignalError};

/// Pays for changing what is seen: the mean distance between the observation before and after.
struct Change;

impl Signal for Change {
    fn declare(&self) -> Declaration {
        Declaration { reads: vec!["observation".into()], pay: Pay::Stored, ..Declaration::default() }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        match reads[0].kind {
            Kind::F32 => Ok(Vec::new()),
            Kind::U8 => Err(SignalError::new("`observation` is made of bytes; change wants numbers")),
        }
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let (before, after) = (moment.before.f32(0)?, moment.after.f32(0)?);
        let distance: f32 = before.iter().zip(after).map(|(a, b)| (a - b).abs()).sum();
        purse.note("distance", f64::from(distance));
        purse.pay(f64::from(distance) / before.len() as f64);
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    let mut registries = innate::standard();
    registries.signals.register("change", "the distance between successive observations", |_: NoOptions| {
        Ok::<_, SignalError>(Box::new(Change) as Box<dyn Signal>)
    });
    innate::main(registries)
}
