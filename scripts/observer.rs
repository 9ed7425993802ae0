//! What follows a training: the recorder, the progress bar, and words for the user.

use crate::camera::Camera;
use crate::cli::eval;
use crate::film::Gif;
use crate::progress::{Progress, ProgressMode, ProgressNumbers};
use crate::recorder::{HyperParameter, Record, Recorder, RecorderMark, SessionStatus};
use innate_agents::evaluation::Scene;
use innate_agents::trainer::{Observer, Progress as Place};
use innate_agents::{Evaluation, Outcome, Plan, RunFolder};
use innate_envs::Picture;

/// The curves by which TensorBoard compares runs under HPARAMS.
const COMPARED: [&str; 3] = ["eval/mean_reward", "eval/mean_pay", "rollout/ep_rew_mean"];
/// Frames of the film of an evaluation.
const FRAMES: usize = 64;

/// Records and shows one training.
pub(crate) struct Watch {
    recorder: Recorder,
    progress: Progress,
    /// Whether the body is paid something else than the environment's reward, so that its pay is worth a word.
    shows_pay: bool,
    /// Films the evaluation that is going on; `None` between evaluations.
    camera: Option<Camera>,
}

impl Watch {
    /// Starts recording in `folder`, at environment step `step`. `mark` is what [`Observer::mark`] gave at the checkpoint
    /// that is resumed from, empty at the beginning of a run.
    ///
    /// # Errors
    /// The curves cannot be begun, or the mark is not one.
    pub(crate) fn new(
        plan: &Plan,
        folder: &RunFolder,
        mark: Option<&[u8]>,
        step: u64,
        quiet: bool,
    ) -> Result<Self, String> {
        let mark = match mark {
            None => None,
            Some([]) => Some(RecorderMark::default()),
            Some(bytes) => {
                let unread = |error| format!("the checkpoint does not say where the curves stood: {error}");
                Some(serde_json::from_slice::<RecorderMark>(bytes).map_err(unread)?)
            }
        };
        let fresh = mark.as_ref().is_none_or(|mark| mark.events.is_empty());
        let mode = if quiet { ProgressMode::Silent } else { ProgressMode::of_stderr() };
        let pay = &plan.areas[0].pay;
        let mut watch = Self {
            recorder: Recorder::start(&folder.path, mark.as_ref()).map_err(|error| error.to_string())?,
            progress: Progress::new(mode, plan.config.steps, step),
            shows_pay: pay.iter().any(|(signal, _)| plan.signals[*signal].name != innate_rewards::EXTRINSIC),
            camera: None,
        };
        if fresh {
            watch.describe(plan);
        }
        Ok(watch)
    }

    /// Tells the user a line.
    pub(crate) fn say(&self, line: &str) {
        self.progress.message(line);
    }

    /// Tells the user of the evaluation at the end of a training.
    pub(crate) fn last_evaluation(&self, checkpoint: &str, step: u64, evaluation: &Evaluation) {
        let episodes = evaluation.returns.len();
        self.say(&format!("{checkpoint} checkpoint (step {step}), {episodes} greedy episodes:"));
        for line in eval::lines(evaluation) {
            self.say(&format!("  {line}"));
        }
    }

    /// Writes all down and takes the bar away; `outcome` is how the training ended.
    pub(crate) fn finish(mut self, outcome: Option<Outcome>) {
        if outcome != Some(Outcome::Interrupted) {
            let done = outcome == Some(Outcome::Done);
            let status = if done { SessionStatus::Success } else { SessionStatus::Failure };
            self.recorder.record(Record::SessionEnd { status });
        }
        for trouble in self.recorder.finish() {
            self.progress.warning(&format!("warning: {trouble}"));
        }
        self.progress.finish();
    }

    /// The run file under TEXT, and its keys under HPARAMS.
    fn describe(&mut self, plan: &Plan) {
        let text = toml::to_string(&plan.config).unwrap_or_default();
        let mut parameters = Vec::new();
        if let Ok(table) = toml::Table::try_from(&plan.config) {
            flatten("", &toml::Value::Table(table), &mut parameters);
        }
        let metrics = COMPARED.map(str::to_string).into();
        self.recorder.record(Record::HyperParameters { parameters, metrics });
        let markdown = format!("```toml\n{text}\n```");
        self.recorder.record(Record::Text { step: 0, tag: "run file".into(), markdown });
    }

    /// Records the film of the evaluation that ended, if there was something to be seen.
    fn record_film(&mut self, step: u64) {
        let film = self.camera.take().map(Camera::film).transpose();
        match film.map(Option::flatten) {
            Ok(None) => {}
            Ok(Some(Gif { width, height, bytes, .. })) => {
                let tag = "eval/film".into();
                self.recorder.record(Record::EncodedImage { step, tag, width, height, bytes });
            }
            Err(error) => self.progress.warning(&format!("warning: eval/film: {error}")),
        }
    }

    fn tell_troubles(&self) {
        for trouble in self.recorder.troubles() {
            self.progress.warning(&format!("warning: {trouble}"));
        }
    }
}

/// Every value under `value` with its path.
fn flatten(path: &str, value: &toml::Value, into: &mut Vec<(String, HyperParameter)>) {
    let value = match value {
        toml::Value::Table(table) => {
            for (key, inner) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, inner, into);
            }
            return;
        }
        toml::Value::Integer(number) => HyperParameter::Number(*number as f64),
        toml::Value::Float(number) => HyperParameter::Number(*number),
        toml::Value::Boolean(truth) => HyperParameter::Bool(*truth),
        toml::Value::String(text) => HyperParameter::Text(text.clone()),
        other => HyperParameter::Text(other.to_string()),
    };
    into.push((path.into(), value));
}

impl Observer for Watch {
    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        self.recorder.record(Record::Scalars { step, values: points.to_vec() });
        self.tell_troubles();
    }

    fn round(&mut self, place: &Place) {
        let numbers =
            ProgressNumbers { mean_return: place.mean_return, exploration_rate: Some(place.exploration_rate) };
        self.progress.update(place.step, &numbers);
    }

    fn scene(&mut self, plan: &Plan, scene: &Scene<'_>) {
        let camera = self.camera.get_or_insert_with(|| Camera::new(plan, FRAMES));
        if let Err(error) = camera.watch(scene) {
            self.progress.warning(&format!("warning: eval/film: {error}"));
        }
    }

    fn evaluated(&mut self, step: u64, evaluation: &Evaluation, best: bool) {
        self.record_film(step);
        let pay = if self.shows_pay { format!(", pay {:.2}", evaluation.mean_pay()) } else { String::new() };
        let best = if best { ", the best so far" } else { "" };
        self.say(&format!(
            "step {step}: return {:.1}{pay} over {} episodes{best}",
            evaluation.mean_return(),
            evaluation.returns.len()
        ));
    }

    fn picture(&mut self, step: u64, tag: &str, picture: &Picture) {
        self.recorder.record(Record::Image { step, tag: tag.into(), picture: picture.clone() });
    }

    fn warn(&mut self, message: &str) {
        self.progress.warning(&format!("warning: {message}"));
    }

    fn mark(&mut self) -> Vec<u8> {
        let mark = self.recorder.mark();
        self.tell_troubles();
        serde_json::to_vec(&mark).unwrap_or_default()
    }
}
