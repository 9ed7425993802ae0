//! What optical flow promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// A texture without period in the frame, shifted by (dx, dy), with a light of its own.
fn texture(width: usize, height: usize, dx: f32, dy: f32, light: f32) -> Vec<u8> {
    let wave = |x: f32, y: f32| {
        (0.61 * x + 0.13 * y).sin() + (0.53 * y - 0.29 * x).sin() + (0.19 * x + 0.37 * y).cos() + (0.11 * x * 1.7).sin()
    };
    let grey = |i: usize| 120.0 + light + 25.0 * wave((i % width) as f32 - dx, (i / width) as f32 - dy);
    (0..width * height).map(|i| grey(i).round() as u8).collect()
}

fn flow(width: usize, height: usize, config: FlowConfig, previous: &[u8], current: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; 2 * width * height];
    OpticalFlow::new(width, height, config).unwrap().flow(previous, current, &mut out).unwrap();
    out
}

/// Mean distance from (dx, dy), over pixels at least `margin` from the edge.
fn endpoint_error(out: &[f32], width: usize, height: usize, margin: usize, dx: f32, dy: f32) -> f32 {
    let (u, v) = out.split_at(width * height);
    let inner = |i: &usize| {
        let (x, y) = (i % width, i / width);
        (margin..width - margin).contains(&x) && (margin..height - margin).contains(&y)
    };
    let errors: Vec<f32> = (0..u.len()).filter(inner).map(|i| (u[i] - dx).hypot(v[i] - dy)).collect();
    errors.iter().sum::<f32>() / errors.len() as f32
}

fn bits(out: &[f32]) -> Vec<u32> {
    out.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_translation_is_recovered() {
    let (width, height) = (84, 84);
    let shifts = [(0.3, -0.2, 0.05), (1.0, 0.0, 0.05), (-1.5, 0.7, 0.06), (4.0, -3.0, 0.1), (-6.0, 5.0, 0.15)];
    for config in [FlowConfig::default(), FlowConfig::fine()] {
        for (dx, dy, tolerance) in shifts {
            let (previous, current) = (texture(width, height, 0.0, 0.0, 0.0), texture(width, height, dx, dy, 0.0));
            let out = flow(width, height, config.clone(), &previous, &current);
            let error = endpoint_error(&out, width, height, 8, dx, dy);
            assert!(error < tolerance, "a shift by ({dx}, {dy}) is missed by {error} pixels");
        }
    }
}

#[test]
fn a_moving_square_moves_and_what_is_behind_it_stays() {
    let (width, height) = (64, 48);
    let (background, square) = (texture(width, height, 0.0, 0.0, 0.0), texture(width, height, 31.0, 17.0, 40.0));
    let frame = |left: usize| {
        let mut frame = background.clone();
        for y in 14..34 {
            let row = y * width;
            frame[row + left..row + left + 20].copy_from_slice(&square[row + 20..row + 40]);
        }
        frame
    };
    let out = flow(width, height, FlowConfig::default(), &frame(20), &frame(23));
    let (u, v) = out.split_at(width * height);
    let centre = 24 * width + 30;
    assert!((u[centre] - 3.0).abs() < 0.2 && v[centre].abs() < 0.2, "({}, {})", u[centre], v[centre]);
    for corner in [5 * width + 5, 42 * width + 58] {
        assert!(u[corner].hypot(v[corner]) < 0.05, "({}, {})", u[corner], v[corner]);
    }
}

#[test]
fn equal_frames_have_no_flow_at_all() {
    let frame = texture(50, 37, 0.0, 0.0, 0.0);
    for config in [FlowConfig::default(), FlowConfig::fine()] {
        assert!(flow(50, 37, config, &frame, &frame).iter().all(|value| *value == 0.0));
    }
}

#[test]
fn a_frame_without_texture_has_no_flow_even_if_the_light_changes() {
    let out = flow(40, 40, FlowConfig::default(), &[10; 1600], &[200; 1600]);
    assert!(out.iter().all(|value| value.abs() < 1e-3));
}

#[test]
fn a_change_of_light_is_no_motion() {
    let (previous, current) = (texture(64, 64, 0.0, 0.0, 0.0), texture(64, 64, 0.8, -0.5, 20.0));
    let error = |light| {
        let config = FlowConfig { light, ..FlowConfig::default() };
        endpoint_error(&flow(64, 64, config, &previous, &current), 64, 64, 8, 0.8, -0.5)
    };
    assert!(error(Light::Changing) < 0.1, "{}", error(Light::Changing));
    assert!(error(Light::Constant) > 0.5, "{}", error(Light::Constant));
}

#[test]
fn noise_and_saturation_give_finite_flow() {
    let mut seed = 1_u32;
    let mut noise = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed >> 31 == 0 { 0 } else { 255 }
    };
    let frames: [Vec<u8>; 2] = std::array::from_fn(|_| (0..45 * 61).map(&mut noise).collect());
    for config in [FlowConfig::default(), FlowConfig { smoothness: 1e-3, refinements: 8, ..FlowConfig::fine() }] {
        let out = flow(45, 61, config, &frames[0], &frames[1]);
        assert!(out.iter().all(|value| value.is_finite() && value.abs() < 1000.0));
    }
}

#[test]
fn frames_of_any_size_work() {
    for (width, height) in [(11, 11), (16, 16), (17, 31), (23, 16), (84, 84), (85, 63), (160, 120), (333, 21)] {
        let (previous, current) = (texture(width, height, 0.0, 0.0, 0.0), texture(width, height, 0.6, 0.4, 0.0));
        let out = flow(width, height, FlowConfig::default(), &previous, &current);
        let error = endpoint_error(&out, width, height, 3, 0.6, 0.4);
        assert!(error < 0.2, "{width}×{height}: {error}");
    }
}

#[test]
fn every_patch_and_stride_works() {
    let (previous, current) = (texture(48, 40, 0.0, 0.0, 0.0), texture(48, 40, 1.2, -0.8, 0.0));
    for patch in LEAST_PATCH..=GREATEST_PATCH {
        for stride in [1, 3, patch] {
            let config = FlowConfig { patch, stride: stride.min(patch), refinements: 0, ..FlowConfig::fine() };
            let error = endpoint_error(&flow(48, 40, config, &previous, &current), 48, 40, 6, 1.2, -0.8);
            assert!(error < 0.25, "patch {patch}, stride {stride}: {error}");
        }
    }
}

#[test]
fn down_is_to_down_as_right_is_to_right() {
    let (previous, current) = (texture(40, 40, 0.0, 0.0, 0.0), texture(40, 40, 1.5, 0.5, 0.0));
    let transpose = |frame: &[u8]| -> Vec<u8> { (0..1600).map(|i| frame[i % 40 * 40 + i / 40]).collect() };
    let upright = flow(40, 40, FlowConfig::default(), &previous, &current);
    let lying = flow(40, 40, FlowConfig::default(), &transpose(&previous), &transpose(&current));
    for i in 0..1600 {
        let other = i % 40 * 40 + i / 40;
        // The solver's sweeps take u before v, which the transposition exchanges.
        assert!((upright[i] - lying[1600 + other]).abs() < 0.05 && (upright[1600 + i] - lying[other]).abs() < 0.05);
    }
}

#[test]
fn the_same_frames_give_the_same_bits_whatever_came_before() {
    let frames: Vec<_> = (0..3).map(|t| texture(60, 44, 1.3 * t as f32, -0.4 * t as f32, 0.0)).collect();
    let fresh = flow(60, 44, FlowConfig::default(), &frames[0], &frames[1]);
    let mut used = OpticalFlow::new(60, 44, FlowConfig::default()).unwrap();
    let mut out = vec![0.0; 2 * 60 * 44];
    used.flow(&frames[2], &frames[0], &mut out).unwrap();
    used.flow(&frames[0], &frames[1], &mut out).unwrap();
    assert_eq!(bits(&out), bits(&fresh));
}

#[test]
fn a_stream_gives_what_pairs_give() {
    let frames: Vec<_> = (0..4).map(|t| texture(52, 36, 0.9 * t as f32, 0.7 * t as f32, 0.0)).collect();
    let mut stream = OpticalFlow::new(52, 36, FlowConfig::default()).unwrap();
    let mut out = vec![f32::NAN; 2 * 52 * 36];
    assert_eq!(stream.last(), None);
    stream.push(&frames[0], &mut out).unwrap();
    assert!(out.iter().all(|value| *value == 0.0), "the first frame has no motion");
    for pair in frames.windows(2) {
        stream.push(&pair[1], &mut out).unwrap();
        assert_eq!(bits(&out), bits(&flow(52, 36, FlowConfig::default(), &pair[0], &pair[1])));
        assert_eq!(stream.last(), Some(pair[1].as_slice()));
    }
    stream.reset();
    stream.push(&frames[1], &mut out).unwrap();
    assert!(out.iter().all(|value| *value == 0.0), "a reset forgets the frame before");
}

#[test]
fn a_stream_goes_on_from_its_saved_frame() {
    let frames: Vec<_> = (0..3).map(|t| texture(32, 32, 0.8 * t as f32, 0.0, 0.0)).collect();
    let mut whole = OpticalFlow::new(32, 32, FlowConfig::default()).unwrap();
    let mut resumed = OpticalFlow::new(32, 32, FlowConfig::default()).unwrap();
    let (mut out, mut again) = (vec![0.0; 2 * 32 * 32], vec![0.0; 2 * 32 * 32]);
    whole.push(&frames[0], &mut out).unwrap();
    whole.push(&frames[1], &mut out).unwrap();
    resumed.start(whole.last().unwrap()).unwrap();
    whole.push(&frames[2], &mut out).unwrap();
    resumed.push(&frames[2], &mut again).unwrap();
    assert_eq!(bits(&out), bits(&again));
}

#[test]
fn wrong_settings_and_sizes_are_refused_in_a_sentence() {
    let refusal = |width, height, config| OpticalFlow::new(width, height, config).err().unwrap().to_string();
    let small = refusal(10, 40, FlowConfig::default());
    assert!(small.contains("10×40") && small.contains("finest = 1") && small.contains("at least 11"), "{small}");
    assert!(OpticalFlow::new(0, 0, FlowConfig::default()).is_err());
    let large = refusal(LONGEST_SIDE + 1, 20, FlowConfig::default());
    assert!(large.contains("at most 8192"), "{large}");
    let default = FlowConfig::default;
    for (config, key, allowed) in [
        (FlowConfig { finest: 9, ..default() }, "`finest` is 9", "0 to 8"),
        (FlowConfig { patch: 17, ..default() }, "`patch` is 17", "4 to 16"),
        (FlowConfig { stride: 0, ..default() }, "`stride` is 0", "1 to 6"),
        (FlowConfig { stride: 7, ..default() }, "`stride` is 7", "1 to 6"),
        (FlowConfig { sweeps: 0, ..default() }, "`sweeps` is 0", "1 to 64"),
        (FlowConfig { smoothness: f32::NAN, ..default() }, "`smoothness` is NaN", "above 0"),
        (FlowConfig { smoothness: 0.0, ..default() }, "`smoothness` is 0", "above 0"),
    ] {
        let said = refusal(84, 84, config);
        assert!(said.contains(key) && said.contains(allowed), "{said}");
    }
}

#[test]
fn a_slice_of_another_length_is_refused_and_changes_nothing() {
    let mut stream = OpticalFlow::new(20, 20, FlowConfig::default()).unwrap();
    let (frame, mut out) = (texture(20, 20, 0.0, 0.0, 0.0), vec![7.0; 800]);
    stream.start(&frame).unwrap();
    let said = stream.flow(&frame[1..], &frame, &mut out).unwrap_err().to_string();
    assert!(said.contains("previous frame has 399 values") && said.contains("need 400"), "{said}");
    assert!(stream.flow(&frame, &frame[1..], &mut out).is_err());
    assert!(stream.push(&frame, &mut out[1..]).is_err());
    assert!(out.iter().all(|value| *value == 7.0));
    assert_eq!(stream.last(), Some(frame.as_slice()));
}

#[test]
fn settings_are_read_from_a_run_file_and_unknown_keys_are_refused() {
    let read = |text: &str| toml::from_str::<FlowConfig>(text);
    assert_eq!(read("").unwrap(), FlowConfig::default());
    assert_eq!(read("finest = 0\nrefinements = 2\nsmoothness = 1\nlight = \"changing\"").unwrap(), FlowConfig::fine());
    assert!(read("fines = 0").is_err());
    assert!(read("light = \"dim\"").is_err());
}
