//! The crew: actor threads that step the slots while the learner learns.
//!
//! A round is announced on a board; every thread steps its slots with the announced snapshot and sends each slot's report
//! through one bounded channel; the learner puts them in slot order. Which thread steps which slot changes nothing, and with
//! no thread at all the same code runs in the learner's thread.
//!
//! Actors are idle between the last report of a round and the announcement of the next. In that interval, and only then, the
//! learner may look at the slots (to save them, to give reports back).

use crate::actor::{ActorSlot, Report, Snapshot};
use crate::error::ActorError;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One round of acting.
#[derive(Clone)]
pub struct Round {
    /// Steps that each slot takes.
    pub steps: usize,
    /// The first of these steps, counted over the run and all slots.
    pub first_step: u64,
    /// The weights to act with.
    pub snapshot: Arc<Snapshot>,
}

/// All slots, and the threads that step them.
pub struct Crew {
    slots: Arc<Vec<Mutex<ActorSlot>>>,
    board: Arc<Board>,
    reports: Receiver<Sent>,
    threads: Vec<JoinHandle<()>>,
    waiting: Option<Round>,
}

/// A slot's number and what became of its round.
type Sent = (usize, Result<Report, ActorError>);

/// Where rounds are announced.
struct Board {
    notice: Mutex<Notice>,
    changed: Condvar,
}

struct Notice {
    /// Number of rounds announced so far.
    rounds: u64,
    round: Option<Round>,
    closed: bool,
    /// Time that actors spent waiting for an announcement since it was last asked for.
    waited: Duration,
}

impl Crew {
    /// Puts `threads` threads (0: none, the learner's thread acts) in charge of `slots`.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn new(slots: Vec<ActorSlot>, threads: usize) -> std::io::Result<Self> {
        let slots = Arc::new(slots.into_iter().map(Mutex::new).collect::<Vec<_>>());
        let notice = Notice { rounds: 0, round: None, closed: false, waited: Duration::ZERO };
        let board = Arc::new(Board { notice: Mutex::new(notice), changed: Condvar::new() });
        let (sender, reports) = bounded(slots.len());
        let spawn = |thread: usize| {
            let (slots, board, sender) = (slots.clone(), board.clone(), sender.clone());
            let work = move || act(&slots, &board, &sender, thread, threads);
            std::thread::Builder::new().name(format!("actor-{thread}")).spawn(work)
        };
        let threads = (0..threads).map(spawn).collect::<std::io::Result<_>>()?;
        Ok(Self { slots, board, reports, threads, waiting: None })
    }

    /// Number of actor threads.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Announces a round; with actor threads they begin at once.
    pub fn begin(&mut self, round: Round) {
        if self.threads.is_empty() {
            self.waiting = Some(round);
            return;
        }
        let mut notice = self.board.notice.lock();
        notice.rounds += 1;
        notice.round = Some(round);
        self.board.changed.notify_all();
    }

    /// Waits for the round's end and answers with every slot's report, in slot order. Where an environment failed, the report
    /// says so.
    ///
    /// # Errors
    /// The failure of the first slot (in slot order) in which anything else failed.
    pub fn finish(&mut self) -> Result<Vec<Report>, ActorError> {
        let mut reports: Vec<Option<Result<Report, ActorError>>> = self.slots.iter().map(|_| None).collect();
        if let Some(round) = self.waiting.take() {
            let all = self.slots.iter().enumerate();
            step_slots(all, self.slots.len(), &round, |(index, report)| reports[index] = Some(report));
        } else {
            for _ in 0..self.slots.len() {
                let (index, report) = self.receive()?;
                reports[index] = Some(report);
            }
        }
        reports.into_iter().map(|report| report.unwrap_or(Err(ActorError::Gone))).collect()
    }

    /// The next report, from whichever slot has finished.
    fn receive(&self) -> Result<Sent, ActorError> {
        loop {
            match self.reports.recv_timeout(Duration::from_secs(1)) {
                Ok(sent) => return Ok(sent),
                Err(RecvTimeoutError::Timeout) if !self.threads.iter().any(JoinHandle::is_finished) => {}
                Err(_) => return Err(ActorError::Gone),
            }
        }
    }

    /// Gives a used report back to its slot.
    pub fn recycle(&self, reports: Vec<Report>) {
        for (slot, report) in self.slots.iter().zip(reports) {
            slot.lock().recycle(report);
        }
    }

    /// The slots, one after the other; only between rounds.
    pub fn slots(&self) -> impl Iterator<Item = MutexGuard<'_, ActorSlot>> {
        self.slots.iter().map(Mutex::lock)
    }

    /// Mean time that an actor thread spent waiting for the learner since the last call.
    pub fn take_actor_wait(&self) -> Duration {
        let threads = self.threads.len().max(1) as u32;
        std::mem::take(&mut self.board.notice.lock().waited) / threads
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.board.notice.lock().closed = true;
        self.board.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread's panic has already been reported as an error of its round.
            let _ = thread.join();
        }
    }
}

/// The life of an actor thread: wait for a round, step every `threads`-th slot, report.
fn act(slots: &[Mutex<ActorSlot>], board: &Board, reports: &Sender<Sent>, thread: usize, threads: usize) {
    let mut seen = 0;
    while let Some(round) = next_round(board, &mut seen) {
        let own = slots.iter().enumerate().skip(thread).step_by(threads);
        let mut gone = false;
        step_slots(own, slots.len(), &round, |sent| gone |= reports.send(sent).is_err());
        if gone {
            return;
        }
    }
}

fn next_round(board: &Board, seen: &mut u64) -> Option<Round> {
    let start = Instant::now();
    let mut notice = board.notice.lock();
    while notice.rounds == *seen && !notice.closed {
        board.changed.wait(&mut notice);
    }
    notice.waited += start.elapsed();
    *seen = notice.rounds;
    if notice.closed { None } else { notice.round.clone() }
}

/// A slot in a round.
struct Working<'a> {
    index: usize,
    slot: MutexGuard<'a, ActorSlot>,
    report: Report,
    action: usize,
    /// Why it takes no more steps, other than that its environment failed.
    error: Option<ActorError>,
}

/// Takes a round with some slots of `count`: one after the other, or side by side where environments compute elsewhere.
fn step_slots<'a>(
    slots: impl Iterator<Item = (usize, &'a Mutex<ActorSlot>)>,
    count: usize,
    round: &Round,
    mut report: impl FnMut(Sent),
) {
    let begin = |(index, slot): (usize, &'a Mutex<ActorSlot>)| {
        let mut slot = slot.lock();
        Working { index, report: slot.begin_round(), slot, action: 0, error: None }
    };
    let mut slots = slots.map(begin);
    while let Some(first) = slots.next() {
        let mut working = vec![first];
        if working[0].slot.is_elsewhere() {
            working.extend(slots.by_ref());
        }
        step_side_by_side(working, count, round, &mut report);
    }
}

/// Each slot decides on its next step as soon as one is done, and only then is the next slot's step waited for, so that
/// environments which compute elsewhere are never without work.
fn step_side_by_side(mut working: Vec<Working>, count: usize, round: &Round, report: &mut impl FnMut(Sent)) {
    let number = |index: usize, step: usize| round.first_step + (step * count + index) as u64;
    working.iter_mut().for_each(|slot| slot.decide(&round.snapshot, number(slot.index, 0)));
    for step in 0..round.steps {
        for slot in &mut working {
            slot.step(&round.snapshot, number(slot.index, step));
            if step + 1 < round.steps {
                slot.decide(&round.snapshot, number(slot.index, step + 1));
            }
        }
    }
    for mut slot in working {
        slot.attempt(|working| working.slot.end_round(&mut working.report));
        let Working { index, slot, report: filled, error, .. } = slot;
        // The learner may look at the slot as soon as it has the report.
        drop(slot);
        report((index, error.map_or(Ok(filled), Err)));
    }
}

impl Working<'_> {
    fn decide(&mut self, snapshot: &Snapshot, number: u64) {
        if self.report.failure.is_none() {
            self.attempt(|working| {
                working.action = working.slot.decide(snapshot, number)?;
                Ok(())
            });
        }
    }

    fn step(&mut self, snapshot: &Snapshot, number: u64) {
        if self.report.failure.is_none() {
            self.attempt(|working| working.slot.step(working.action, snapshot, number, &mut working.report));
        }
    }

    /// Does a part of a step; a panic in a part that a user wrote becomes an error instead of a thread that never reports.
    fn attempt(&mut self, part: impl FnOnce(&mut Self) -> Result<(), ActorError>) {
        if self.error.is_some() {
            return;
        }
        let index = self.index;
        let done = catch_unwind(AssertUnwindSafe(|| part(self)));
        match done {
            Ok(Ok(())) => {}
            Ok(Err(ActorError::Env(error))) => self.report.failure = Some(error),
            Ok(Err(error)) => self.error = Some(error),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
                let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                self.error = Some(ActorError::Panic { slot: index, message });
            }
        }
    }
}
