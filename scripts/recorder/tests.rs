#![allow(clippy::unwrap_used)]
use super::*;
use innate_envs::Picture;
use protobuf::Message as _;
use std::fs;
use tempfile::TempDir;
use tensorboard_proto::event::Event;

/// CRC-32C bit by bit, as its definition says, masked as TensorFlow's record format does.
fn masked_crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The events of one file; every record must be whole.
fn read_events(path: &Path) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_at(8);
        let (length_crc, tail) = tail.split_at(4);
        let (data, tail) = tail.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
        let (data_crc, tail) = tail.split_at(4);
        assert_eq!(length_crc, masked_crc(length).to_le_bytes());
        assert_eq!(data_crc, masked_crc(data).to_le_bytes());
        events.push(Event::parse_from_bytes(data).unwrap());
        rest = tail;
    }
    events
}

/// The names of the event files in order.
fn event_files(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("tensorboard")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All points of all event files, in the order in which TensorBoard reads them.
fn points(run: &Path) -> Vec<(i64, String, f32)> {
    let mut points = Vec::new();
    for name in event_files(run) {
        let events = read_events(&run.join("tensorboard").join(name));
        assert_eq!(events[0].get_file_version(), "brain.Event:2");
        for event in &events {
            let values = event.get_summary().get_value().iter();
            points
                .extend(values.map(|value| (event.get_step(), value.get_tag().to_string(), value.get_simple_value())));
        }
    }
    points
}

fn scalars(step: u64) -> Record {
    let value = step as f64 / 3.0;
    Record::Scalars { step, values: vec![("train/loss".into(), value), ("rollout/ep_rew_mean".into(), -value)] }
}

fn record(recorder: &mut Recorder, steps: std::ops::Range<u64>) {
    for step in steps {
        recorder.record(scalars(step));
    }
}

/// A run of 100 steps that nothing interrupts: its CSV file and its points.
fn uninterrupted() -> (Vec<u8>, Vec<(i64, String, f32)>) {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..100);
    assert!(recorder.finish().is_empty());
    (fs::read(folder.path().join("metrics.csv")).unwrap(), points(folder.path()))
}

#[test]
fn both_files_hold_every_point_in_order() {
    let (csv, points) = uninterrupted();
    let mut rows = String::from("step,tag,value\n");
    let mut expected = Vec::new();
    for step in 0..100 {
        let value = f64::from(step) / 3.0;
        rows += &format!("{step},train/loss,{value:?}\n{step},rollout/ep_rew_mean,{:?}\n", -value);
        expected.push((i64::from(step), "train/loss".to_string(), value as f32));
        expected.push((i64::from(step), "rollout/ep_rew_mean".to_string(), -value as f32));
    }
    assert_eq!(String::from_utf8(csv).unwrap(), rows);
    assert_eq!(points, expected);
}

#[test]
fn resumed_curves_have_no_gap_and_no_double() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..40);
    let first = recorder.mark();
    // Recorded after the checkpoint, then killed: these points come again.
    record(&mut recorder, 40..55);
    assert!(recorder.finish().is_empty());
    // The same again, in a session that was killed before its first checkpoint, and one that got further.
    let mut recorder = Recorder::start(folder.path(), Some(&first)).unwrap();
    record(&mut recorder, 40..70);
    assert!(recorder.finish().is_empty());
    let mut recorder = Recorder::start(folder.path(), Some(&first)).unwrap();
    record(&mut recorder, 40..80);
    let second = recorder.mark();
    record(&mut recorder, 80..90);
    assert!(recorder.finish().is_empty());
    let mut recorder = Recorder::start(folder.path(), Some(&second)).unwrap();
    record(&mut recorder, 80..100);
    assert!(recorder.finish().is_empty());

    assert_eq!(event_files(folder.path()).len(), 3);
    assert_eq!((fs::read(folder.path().join("metrics.csv")).unwrap(), points(folder.path())), uninterrupted());
}

#[test]
fn a_torn_last_record_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..40);
    let mark = recorder.mark();
    assert!(recorder.finish().is_empty());
    for path in [folder.path().join("metrics.csv"), folder.path().join("tensorboard").join(&mark.events[0].name)] {
        let mut torn = fs::read(&path).unwrap();
        torn.extend_from_slice(b"40,train/lo");
        fs::write(&path, torn).unwrap();
    }
    let mut recorder = Recorder::start(folder.path(), Some(&mark)).unwrap();
    record(&mut recorder, 40..100);
    assert!(recorder.finish().is_empty());
    assert_eq!((fs::read(folder.path().join("metrics.csv")).unwrap(), points(folder.path())), uninterrupted());
}

#[test]
fn the_default_mark_begins_the_curves_anew() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..30);
    assert!(recorder.finish().is_empty());
    let mut recorder = Recorder::start(folder.path(), Some(&RecorderMark::default())).unwrap();
    record(&mut recorder, 0..100);
    assert!(recorder.finish().is_empty());
    assert_eq!((fs::read(folder.path().join("metrics.csv")).unwrap(), points(folder.path())), uninterrupted());
}

#[test]
fn a_new_run_spares_the_curves_of_another() {
    let folder = TempDir::new().unwrap();
    assert!(Recorder::start(folder.path(), None).unwrap().finish().is_empty());
    let error = Recorder::start(folder.path(), None).err().unwrap();
    assert!(error.to_string().contains("metrics.csv already holds the curves of another run"), "{error}");
    fs::remove_file(folder.path().join("metrics.csv")).unwrap();
    assert!(matches!(Recorder::start(folder.path(), None), Err(RecorderError::Occupied { .. })));
}

#[test]
fn lost_and_shortened_files_are_told_and_the_run_goes_on() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..40);
    let mark = recorder.mark();
    assert!(recorder.finish().is_empty());
    let csv = folder.path().join("metrics.csv");
    let rows = fs::read_to_string(&csv).unwrap();
    fs::write(&csv, &rows[..rows.len() - 5]).unwrap();
    fs::remove_file(folder.path().join("tensorboard").join(&mark.events[0].name)).unwrap();

    let mut recorder = Recorder::start(folder.path(), Some(&mark)).unwrap();
    let troubles: Vec<String> = recorder.troubles().map(|trouble| trouble.to_string()).collect();
    assert_eq!(troubles.len(), 2, "{troubles:?}");
    assert!(troubles[0].contains("metrics.csv held") && troubles[0].contains("are left"), "{troubles:?}");
    assert!(troubles[1].contains(&mark.events[0].name) && troubles[1].contains("is gone"), "{troubles:?}");
    record(&mut recorder, 40..41);
    assert!(recorder.finish().is_empty());
    let (head, last) = rows.trim_end().rsplit_once('\n').unwrap();
    let now = fs::read_to_string(&csv).unwrap();
    assert!(last.starts_with("39,rollout") && now.starts_with(head) && !now.contains(last), "{now}");
    assert!(now[head.len()..].starts_with("\n40,train/loss,"), "{now}");
    assert_eq!(points(folder.path()).len(), 2);
}

#[test]
fn sessions_stay_in_order_when_the_clock_goes_back() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    record(&mut recorder, 0..50);
    let mut mark = recorder.mark();
    assert!(recorder.finish().is_empty());
    let later = "events.out.tfevents.9000000000.innate".to_string();
    let events = folder.path().join("tensorboard");
    fs::rename(events.join(&mark.events[0].name), events.join(&later)).unwrap();
    mark.events[0].name = later;
    let mut recorder = Recorder::start(folder.path(), Some(&mark)).unwrap();
    record(&mut recorder, 50..100);
    assert!(recorder.finish().is_empty());
    assert_eq!(points(folder.path()), uninterrupted().1);
}

#[test]
fn infinities_and_nan_are_recorded_as_they_are() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300];
    let values = values.into_iter().zip(["a", "b", "c", "d"]).map(|(value, tag)| (tag.to_string(), value)).collect();
    recorder.record(Record::Scalars { step: 1, values });
    assert!(recorder.finish().is_empty());
    let rows = fs::read_to_string(folder.path().join("metrics.csv")).unwrap();
    assert_eq!(rows, "step,tag,value\n1,a,NaN\n1,b,inf\n1,c,-inf\n1,d,1e300\n");
    let read: Vec<f32> = points(folder.path()).into_iter().map(|(.., value)| value).collect();
    assert!(read[0].is_nan());
    assert_eq!(read[1..], [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY]);
}

#[test]
fn a_picture_of_the_wrong_size_is_told_and_the_next_one_is_shown() {
    let folder = TempDir::new().unwrap();
    let mut recorder = Recorder::start(folder.path(), None).unwrap();
    let picture = |width, bytes| Record::Image {
        step: 3,
        tag: "eval/view".into(),
        picture: Picture { width, height: 2, rgb: (0..bytes).collect() },
    };
    recorder.record(picture(usize::MAX, 12));
    recorder.record(picture(2, 11));
    recorder.record(picture(2, 12));
    let troubles = recorder.finish();
    assert_eq!(troubles.len(), 2);
    assert!(troubles[1].to_string().contains("picture eval/view of 2 x 2 pixels"), "{}", troubles[1]);
    let files = event_files(folder.path());
    let events = read_events(&folder.path().join("tensorboard").join(&files[0]));
    assert_eq!(events.len(), 2);
    let shown = events[1].get_summary().get_value()[0].get_image();
    let shown = image::load_from_memory(shown.get_encoded_image_string()).unwrap().into_rgb8();
    assert_eq!(shown.into_raw(), (0..12).collect::<Vec<u8>>());
}

#[test]
fn a_hyper_parameter_that_is_no_number_becomes_text() {
    let parameters = vec![("lr".into(), HyperParameter::Number(f64::NAN))];
    let record = Record::HyperParameters { parameters, metrics: vec!["eval/mean_reward".into()] };
    let (_, summary) = summaries::summary(&record, 1.0).unwrap();
    let content = summary.get_value()[1].get_metadata().get_plugin_data().get_content();
    let data = tensorboard_proto::plugin_hparams::HParamsPluginData::parse_from_bytes(content).unwrap();
    assert_eq!(data.get_session_start_info().get_hparams()["lr"].get_string_value(), "NaN");
}

#[test]
fn a_mark_survives_serialisation() {
    let events = vec![EventFileMark { name: "events.out.tfevents.1.innate".into(), length: 88 }];
    let mark = RecorderMark { metrics: 15, events };
    assert_eq!(serde_json::from_str::<RecorderMark>(&serde_json::to_string(&mark).unwrap()).unwrap(), mark);
}

/// Runs this test again as a process that cannot write files beyond a few kilobytes.
#[cfg(unix)]
#[test]
fn a_full_disk_turns_the_recorder_off_and_tells_once() {
    const CHILD: &str = "INNATE_TEST_SMALL_DISK";
    if let Ok(run) = std::env::var(CHILD) {
        return on_a_small_disk(Path::new(&run));
    }
    let folder = TempDir::new().unwrap();
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::a_full_disk_turns_the_recorder_off_and_tells_once");
    let mut child = std::process::Command::new("sh");
    child.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let output = child.args(["--exact", &test, "--nocapture"]).env(CHILD, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");

    // What is there is whole, and a resumed run records again.
    let mark: RecorderMark = serde_json::from_slice(&fs::read(folder.path().join("mark")).unwrap()).unwrap();
    let before = points(folder.path()).len();
    assert!(before > 0);
    let mut recorder = Recorder::start(folder.path(), Some(&mark)).unwrap();
    record(&mut recorder, 1000..1001);
    assert!(recorder.finish().is_empty());
    assert_eq!(points(folder.path()).len(), before + 2);
}

#[cfg(unix)]
fn on_a_small_disk(run: &Path) {
    let mut recorder = Recorder::start(run, None).unwrap();
    let mut troubles = Vec::new();
    for step in 0..1000 {
        recorder.record(scalars(step));
        if step % 10 == 0 {
            recorder.mark();
            troubles.extend(recorder.troubles());
        }
    }
    let mark = recorder.mark();
    let csv = fs::read(run.join("metrics.csv")).unwrap();
    assert!(csv.ends_with(b"\n"));
    assert_eq!(mark.metrics, csv.len() as u64);
    let events = run.join("tensorboard").join(&mark.events[0].name);
    assert_eq!(mark.events[0].length, fs::metadata(events).unwrap().len());
    fs::write(run.join("mark"), serde_json::to_vec(&mark).unwrap()).unwrap();
    troubles.extend(recorder.finish());
    let told: Vec<String> = troubles.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("no curves from here on, while training goes on"), "{told:?}");
}
