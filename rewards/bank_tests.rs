#![allow(clippy::unwrap_used)]

use super::*;
use crate::signal::Tally;

type Named = (String, Box<dyn Signal>);

/// Copies its reads' first number, plus one, into each of its writes, and pays that with the given delay.
struct Plus {
    reads: Vec<&'static str>,
    writes: Vec<&'static str>,
    delay: usize,
    amount: f64,
}

impl Signal for Plus {
    fn declare(&self) -> Declaration {
        let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect();
        let (reads, writes) = (names(&self.reads), names(&self.writes));
        Declaration { reads, writes, pay: Pay::Stored, window: self.delay, ..Declaration::default() }
    }
    fn bind(&mut self, _: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        Ok(self.writes.iter().map(|name| ArraySpec::f32(name, &[1], f32::MIN, f32::MAX)).collect())
    }
    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let value = reads.f32(0)?[0] + 1.0;
        writes.iter_mut().filter_map(Array::as_f32_mut).for_each(|array| array[0] = value);
        Ok(())
    }
    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let seen = if self.reads.is_empty() { 0.0 } else { f64::from(moment.after.f32(0)?[0]) };
        purse.note("seen", seen);
        purse.pay_back(self.delay, self.amount + seen);
        Ok(())
    }
}

fn plus(name: &str, reads: &[&'static str], writes: &[&'static str]) -> Named {
    (name.into(), Box::new(Plus { reads: reads.into(), writes: writes.into(), delay: 0, amount: 0.0 }))
}

fn position() -> Vec<ArraySpec> {
    vec![ArraySpec::f32("position", &[1], -9.0, 9.0)]
}

fn at(x: f32) -> Observation {
    Observation { arrays: vec![Array::F32(vec![x])] }
}

fn refusal(signals: Vec<Named>) -> String {
    Bank::build(signals, &position()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn signals_run_after_the_writers_of_what_they_read() {
    let mut bank = Bank::build(
        vec![plus("late", &["b"], &["c"]), plus("mid", &["a"], &["b"]), plus("first", &["position"], &["a"])],
        &position(),
    )
    .unwrap();
    assert_eq!(bank.signals().map(|signal| signal.name).collect::<Vec<_>>(), ["first", "mid", "late"]);
    bank.begin_episode(&at(1.0), &mut ()).unwrap();
    let values: Vec<f32> = bank.current().iter().map(|array| array.as_f32().unwrap()[0]).collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_cycle_is_refused_and_named() {
    let said = refusal(vec![plus("hand", &["gaze"], &["hand"]), plus("gaze", &["hand"], &["gaze"])]);
    assert!(said.contains("`hand` waits for `gaze` waits for `hand`"), "{said}");
}

#[test]
fn a_missing_percept_is_refused_and_named() {
    let said = refusal(vec![plus("motion", &["flow"], &[])]);
    assert!(said.contains("`motion`") && said.contains("`flow`") && said.contains("position"), "{said}");
}

#[test]
fn a_percept_with_two_writers_is_refused() {
    let said = refusal(vec![plus("one", &["position"], &["a"]), plus("two", &["position"], &["a"])]);
    assert!(said.contains("both signal `one` and signal `two`"), "{said}");
    assert!(refusal(vec![plus("one", &[], &["position"])]).contains("the environment"));
}

#[test]
fn pay_reads_what_followed_the_decision() {
    let mut bank = Bank::build(vec![plus("here", &["position"], &[])], &position()).unwrap();
    bank.begin_episode(&at(1.0), &mut ()).unwrap();
    let mut paid = Vec::new();
    bank.step(&at(5.0), 0, Step::default(), &mut (), |payment| paid.push(payment)).unwrap();
    assert_eq!(paid, [Payment { signal: 0, service: Service::Step { ago: 0 }, amount: 5.0 }]);
    assert_eq!(
        bank.take_ledgers().next().unwrap().notes[0],
        Note { metric: "seen".into(), tally: Tally::Mean, sum: 5.0, count: 1 }
    );
}

#[test]
fn retroactive_pay_stops_at_the_first_step_of_the_episode() {
    let signal = Plus { reads: vec![], writes: vec![], delay: 2, amount: 1.0 };
    let mut bank = Bank::build(vec![("late".into(), Box::new(signal))], &position()).unwrap();
    let mut ago = Vec::new();
    for _ in 0..2 {
        bank.begin_episode(&at(0.0), &mut ()).unwrap();
        for _ in 0..4 {
            bank.step(&at(0.0), 0, Step::default(), &mut (), |payment| ago.push(payment.service)).unwrap();
            bank.advance();
        }
    }
    assert_eq!(ago, [0, 1, 2, 2, 0, 1, 2, 2].map(|ago| Service::Step { ago }));
}

#[test]
fn a_reward_that_is_not_a_number_is_named() {
    let signal = Plus { reads: vec![], writes: vec![], delay: 0, amount: f64::NAN };
    let mut bank = Bank::build(vec![("broken".into(), Box::new(signal))], &position()).unwrap();
    bank.begin_episode(&at(0.0), &mut ()).unwrap();
    let said = bank.step(&at(0.0), 0, Step::default(), &mut (), |_| {}).unwrap_err().to_string();
    assert!(said.contains("`broken`") && said.contains("NaN"), "{said}");
}

#[test]
fn a_saved_bank_goes_on_as_if_nothing_had_happened() {
    let make = || Bank::build(vec![plus("here", &["position"], &["a"])], &position()).unwrap();
    let (mut one, mut two) = (make(), make());
    one.begin_episode(&at(3.0), &mut ()).unwrap();
    two.load(one.save()).unwrap();
    assert_eq!(two.save(), one.save());
    let other = Bank::build(vec![], &position()).unwrap().save();
    assert!(two.load(other).is_err());
}

/// A stack of as many numbers as the position says, each its slot's; pays a trial what was decided on it.
struct Pile;

impl Signal for Pile {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec!["position".into()],
            writes: vec!["pile".into(), "pile.count".into()],
            awaits: vec!["hand/pile".into()],
            pay: Pay::Trials,
            trials: vec!["pile".into()],
            ..Declaration::default()
        }
    }
    fn bind(&mut self, _: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        Ok(vec![ArraySpec::f32("pile", &[4, 1], 0.0, 9.0), ArraySpec::f32("pile.count", &[1], 0.0, 4.0)])
    }
    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        writes[0].as_f32_mut().unwrap().copy_from_slice(&[0.0, 1.0, 2.0, 3.0]);
        writes[1].as_f32_mut().unwrap()[0] = reads.f32(0)?[0];
        Ok(())
    }
    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let decided = moment.after.f32(1)?;
        decided.chunks_exact(3).enumerate().for_each(|(slot, row)| purse.pay_trial(0, slot, f64::from(row[0])));
        Ok(())
    }
}

/// Decides 10 + item, and expects the item of both actions.
struct Ten;

impl Decide for Ten {
    fn decide(&mut self, _: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError> {
        row.copy_from_slice(&[10.0 + item[0], item[0], item[0]]);
        Ok(())
    }
}

fn pile() -> Vec<Named> {
    vec![("pile".into(), Box::new(Pile))]
}

fn hand(stack: &str) -> [Perceiver; 1] {
    [Perceiver { name: "hand".into(), stacks: vec![stack.into()], actions: 2 }]
}

#[test]
fn an_area_decides_on_the_present_slots_and_is_paid_slot_by_slot() {
    let mut bank = Bank::with_areas(pile(), &hand("pile"), &position()).unwrap();
    bank.begin_episode(&at(4.0), &mut Ten).unwrap();
    let mut paid = Vec::new();
    bank.step(&at(2.0), 0, Step::default(), &mut Ten, |payment| paid.push(payment)).unwrap();
    let decided = bank.following()[3].as_f32().unwrap();
    assert_eq!(decided, [10.0, 0.0, 0.0, 11.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let services: Vec<_> = paid.iter().map(|payment| (payment.service, payment.amount)).collect();
    let trial = |slot, amount| (Service::Trial { stack: 1, slot }, amount);
    assert_eq!(services, [trial(0, 10.0), trial(1, 11.0), trial(2, 0.0), trial(3, 0.0)]);
}

#[test]
fn a_lesioned_signal_writes_nothing_and_pays_nothing() {
    let mut bank = Bank::with_areas(pile(), &hand("pile"), &position()).unwrap();
    bank.lesion("pile");
    bank.begin_episode(&at(4.0), &mut Ten).unwrap();
    bank.step(&at(4.0), 0, Step::default(), &mut Ten, |_| unreachable!()).unwrap();
    assert!(bank.following()[1..].iter().all(|percept| percept.as_f32().unwrap().iter().all(|&x| x == 0.0)));
}

#[test]
fn an_area_that_sees_no_stack_is_refused_and_named() {
    let said = Bank::with_areas(vec![], &hand("position"), &position()).err().unwrap().to_string();
    assert!(said.contains("area `hand`") && said.contains("position.count"), "{said}");
    let said = Bank::build(pile(), &position()).err().unwrap().to_string();
    assert!(said.contains("signal `pile`") && said.contains("hand/pile"), "{said}");
}

/// Writes its first number once in two steps, counts its steps, and says that it pays nothing.
struct Now {
    step: u32,
    pays: bool,
}

impl Signal for Now {
    fn declare(&self) -> Declaration {
        let metrics = vec!["steps".into()];
        Declaration { reads: vec!["position".into()], writes: vec!["now".into()], metrics, ..Declaration::default() }
    }
    fn bind(&mut self, _: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        Ok(vec![ArraySpec::f32("now", &[2], 0.0, 9.0)])
    }
    fn perceive(&mut self, _: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        self.step += 1;
        if let (Some(now), 1) = (writes[0].as_f32_mut(), self.step % 2) {
            now[0] = self.step as f32;
        }
        Ok(())
    }
    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        purse.count("steps", 1.0);
        if self.pays {
            purse.pay(1.0);
        }
        Ok(())
    }
}

fn now(pays: bool) -> Bank {
    let mut bank = Bank::build(vec![("now".into(), Box::new(Now { step: 0, pays }))], &position()).unwrap();
    bank.begin_episode(&at(0.0), &mut ()).unwrap();
    bank
}

#[test]
fn what_a_signal_does_not_write_is_0_and_not_of_the_past() {
    let mut bank = now(false);
    let seen: Vec<f32> = (0..4)
        .map(|_| {
            bank.step(&at(0.0), 0, Step::default(), &mut (), |_| {}).unwrap();
            bank.advance();
            bank.current()[1].as_f32().unwrap()[0]
        })
        .collect();
    assert_eq!(seen, [0.0, 3.0, 0.0, 5.0]);
}

#[test]
fn a_signal_that_pays_nothing_is_measured_and_held_to_it() {
    let mut bank = now(false);
    (0..3).for_each(|_| bank.step(&at(0.0), 0, Step::default(), &mut (), |_| {}).unwrap());
    let ledger = bank.take_ledgers().next().unwrap();
    assert_eq!((ledger.notes[0].sum, ledger.steps), (3.0, 0));
    let said = now(true).step(&at(0.0), 0, Step::default(), &mut (), |_| {}).unwrap_err().to_string();
    assert!(said.contains("`now`") && said.contains("declared that it pays nothing"), "{said}");
}
