//! The messages that TensorBoard's plugins read.
//!
//! | tab | tag | message |
//! |---|---|---|
//! | SCALARS | the scalar's | `simple_value`, an `f32` |
//! | IMAGES | the picture's | `image`: PNG, JPEG or GIF bytes |
//! | TEXT | the text's | a string tensor of rank 0; plugin `text` |
//! | HPARAMS | `_hparams_/experiment` | plugin `hparams`, `Experiment`: which parameters and metrics there are |
//! | HPARAMS | `_hparams_/session_start_info` | the same, `SessionStartInfo`: this run's values |
//! | HPARAMS | `_hparams_/session_end_info` | the same, `SessionEndInfo`: how it ended |
//!
//! The hparams plugin reads the metadata of a summary and not its value (TensorBoard, `plugins/hparams/plugin_data.proto`),
//! which is therefore an empty tensor.

use super::record::{HyperParameter, SessionStatus};
use super::{Record, RecorderError};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use innate_envs::Picture;
use protobuf::well_known_types::Value;
use protobuf::{Message, RepeatedField};
use tensorboard_proto::api::{DataType as ParameterType, Experiment, HParamInfo, MetricInfo, Status};
use tensorboard_proto::plugin_hparams::{HParamsPluginData, SessionEndInfo, SessionStartInfo};
use tensorboard_proto::summary::{Summary, Summary_Image, Summary_Value};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::{TensorShapeProto, TensorShapeProto_Dim};
use tensorboard_proto::types::DataType;
use tensorboard_rs::summary::scalar;

/// The summary of a record at wall time `now` (seconds since 1970), with its step.
pub(super) fn summary(record: &Record, now: f64) -> Result<(u64, Summary), RecorderError> {
    Ok(match record {
        Record::Scalars { step, values } => {
            let scalars = values.iter().flat_map(|(tag, value)| scalar(tag, *value as f32).take_value());
            (*step, of(scalars.collect()))
        }
        Record::Image { step, tag, picture } => {
            (*step, image_file(tag, picture.width, picture.height, png(tag, picture)?))
        }
        Record::EncodedImage { step, tag, width, height, bytes } => {
            (*step, image_file(tag, *width, *height, bytes.clone()))
        }
        Record::Text { step, tag, markdown } => (*step, text(tag, markdown)),
        Record::HyperParameters { parameters, metrics } => (0, session_start(parameters, metrics, now)?),
        Record::SessionEnd { status } => (0, session_end(*status, now)?),
    })
}

fn of(values: Vec<Summary_Value>) -> Summary {
    let mut summary = Summary::new();
    summary.set_value(RepeatedField::from_vec(values));
    summary
}

fn png(tag: &str, picture: &Picture) -> Result<Vec<u8>, RecorderError> {
    let Picture { width, height, rgb } = picture;
    let failed = |reason| RecorderError::Picture { tag: tag.into(), width: *width, height: *height, reason };
    let needed = width.checked_mul(*height).and_then(|pixels| pixels.checked_mul(3));
    let (Ok(columns), Ok(rows), true) = (u32::try_from(*width), u32::try_from(*height), needed == Some(rgb.len()))
    else {
        return Err(failed(format!("it has {} bytes and needs 3 for each pixel", rgb.len())));
    };
    let mut file = Vec::new();
    let encoded = PngEncoder::new(&mut file).write_image(rgb, columns, rows, ExtendedColorType::Rgb8);
    encoded.map(|()| file).map_err(|error| failed(error.to_string()))
}

fn image_file(tag: &str, width: usize, height: usize, bytes: Vec<u8>) -> Summary {
    let mut image = Summary_Image::new();
    // The viewer takes the size from the bytes; these two are for listings.
    image.set_width(i32::try_from(width).unwrap_or(i32::MAX));
    image.set_height(i32::try_from(height).unwrap_or(i32::MAX));
    image.set_colorspace(3);
    image.set_encoded_image_string(bytes);
    let mut value = Summary_Value::new();
    value.set_tag(tag.into());
    value.set_image(image);
    of(vec![value])
}

fn text(tag: &str, markdown: &str) -> Summary {
    let mut tensor = TensorProto::new();
    tensor.set_dtype(DataType::DT_STRING);
    tensor.set_tensor_shape(TensorShapeProto::new());
    tensor.set_string_val(RepeatedField::from_vec(vec![markdown.as_bytes().to_vec()]));
    of(vec![plugin_value(tag, "text", Vec::new(), tensor)])
}

/// A value for the plugin `plugin`, which finds `content` in its metadata.
fn plugin_value(tag: &str, plugin: &str, content: Vec<u8>, tensor: TensorProto) -> Summary_Value {
    let mut value = Summary_Value::new();
    value.set_tag(tag.into());
    let data = value.mut_metadata().mut_plugin_data();
    data.set_plugin_name(plugin.into());
    data.set_content(content);
    value.set_tensor(tensor);
    value
}

fn session_start(
    parameters: &[(String, HyperParameter)],
    metrics: &[String],
    now: f64,
) -> Result<Summary, RecorderError> {
    let mut experiment = Experiment::new();
    experiment.set_time_created_secs(now);
    let mut session = SessionStartInfo::new();
    session.set_start_time_secs(now);
    for (name, parameter) in parameters {
        let (kind, value) = parameter_value(parameter);
        let mut info = HParamInfo::new();
        info.set_name(name.clone());
        info.set_field_type(kind);
        experiment.mut_hparam_infos().push(info);
        session.mut_hparams().insert(name.clone(), value);
    }
    for tag in metrics {
        let mut info = MetricInfo::new();
        info.mut_name().set_tag(tag.clone());
        experiment.mut_metric_infos().push(info);
    }
    let mut declared = HParamsPluginData::new();
    declared.set_experiment(experiment);
    let mut started = HParamsPluginData::new();
    started.set_session_start_info(session);
    let declared = hparams_value("_hparams_/experiment", &declared)?;
    Ok(of(vec![declared, hparams_value("_hparams_/session_start_info", &started)?]))
}

fn session_end(status: SessionStatus, now: f64) -> Result<Summary, RecorderError> {
    let mut session = SessionEndInfo::new();
    session.set_end_time_secs(now);
    session.set_status(match status {
        SessionStatus::Success => Status::STATUS_SUCCESS,
        SessionStatus::Failure => Status::STATUS_FAILURE,
    });
    let mut ended = HParamsPluginData::new();
    ended.set_session_end_info(session);
    Ok(of(vec![hparams_value("_hparams_/session_end_info", &ended)?]))
}

fn hparams_value(tag: &str, data: &HParamsPluginData) -> Result<Summary_Value, RecorderError> {
    let content = data.write_to_bytes();
    let content = content.map_err(|error| RecorderError::Encode { tag: tag.into(), reason: error.to_string() })?;
    let mut empty = TensorProto::new();
    empty.set_dtype(DataType::DT_FLOAT);
    let mut shape = TensorShapeProto::new();
    shape.mut_dim().push(TensorShapeProto_Dim::new());
    empty.set_tensor_shape(shape);
    Ok(plugin_value(tag, "hparams", content, empty))
}

fn parameter_value(parameter: &HyperParameter) -> (ParameterType, Value) {
    let mut value = Value::new();
    let kind = match parameter {
        HyperParameter::Number(number) if number.is_finite() => {
            value.set_number_value(*number);
            ParameterType::DATA_TYPE_FLOAT64
        }
        // One such number in a run would make TensorBoard's page of all runs an error.
        HyperParameter::Number(number) => {
            value.set_string_value(number.to_string());
            ParameterType::DATA_TYPE_STRING
        }
        HyperParameter::Bool(truth) => {
            value.set_bool_value(*truth);
            ParameterType::DATA_TYPE_BOOL
        }
        HyperParameter::Text(text) => {
            value.set_string_value(text.clone());
            ParameterType::DATA_TYPE_STRING
        }
    };
    (kind, value)
}
