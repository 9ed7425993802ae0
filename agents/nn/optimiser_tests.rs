#![allow(clippy::unwrap_used)]

use super::*;
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};

fn parse(text: &str) -> Result<OptimiserSpec, String> {
    #[derive(Deserialize)]
    struct File {
        optimiser: OptimiserSpec,
    }
    toml::from_str::<File>(text).map(|file| file.optimiser).map_err(|error| error.message().to_string())
}

fn all() -> [OptimiserSpec; 4] {
    [
        OptimiserSpec::Adam(Adam::default()),
        OptimiserSpec::Rmsprop(Rmsprop::default()),
        OptimiserSpec::RmspropUncentred(RmspropUncentred::default()),
        OptimiserSpec::Sgd(Sgd { momentum: 0.9 }),
    ]
}

#[test]
fn a_word_is_an_optimiser_with_its_published_parameters() {
    for spec in all() {
        let word = parse(&format!("optimiser = '{}'", spec.name())).unwrap();
        assert_eq!(word.name(), spec.name());
        assert!(word.check(1e-3).is_ok());
    }
    let table = parse("optimiser = { type = 'adam', beta1 = 0.5 }").unwrap();
    assert_eq!(table, OptimiserSpec::Adam(Adam { beta1: 0.5, ..Adam::default() }));
}

#[test]
fn what_is_written_is_read_back() {
    #[derive(Serialize)]
    struct File<'a> {
        optimiser: &'a OptimiserSpec,
    }
    for optimiser in &all() {
        assert_eq!(&parse(&toml::to_string(&File { optimiser }).unwrap()).unwrap(), optimiser);
    }
}

#[test]
fn what_is_no_optimiser_is_refused_with_what_is_allowed() {
    let allowed = "expected one of `adam`, `rmsprop`, `rmsprop_uncentred`, `sgd`";
    assert_eq!(parse("optimiser = 'adma'").unwrap_err(), format!("unknown variant `adma`, {allowed}"));
    let error = parse("optimiser = { type = 'adam', beta = 0.5 }").unwrap_err();
    assert!(error.contains("unknown field `beta`, expected one of `beta1`, `beta2`, `eps`"), "{error}");
    assert!(parse("optimiser = 1").unwrap_err().contains("the name of an optimiser, or a table"));
}

#[test]
fn a_parameter_out_of_range_is_named() {
    let error = |spec: OptimiserSpec, lr| spec.check(lr).unwrap_err().to_string();
    let adam = Adam { beta2: 1.0, ..Adam::default() };
    assert_eq!(error(OptimiserSpec::Adam(adam), 0.1), "adam: beta2 is 1, allowed: 0 or more, less than 1");
    let rmsprop = Rmsprop { eps: 0.0, ..Rmsprop::default() };
    assert_eq!(
        error(OptimiserSpec::Rmsprop(rmsprop), 0.1),
        "rmsprop: eps is 0, allowed: a finite number greater than 0, in single precision"
    );
    let sgd = OptimiserSpec::Sgd(Sgd::default());
    assert_eq!(
        error(sgd.clone(), -1.0),
        "sgd: learning rate is -1, allowed: a finite number greater than 0, in single precision"
    );
    assert!(error(sgd, f64::NAN).contains("is NaN"));
}

#[test]
fn a_state_goes_on_where_it_was_saved() {
    let gradient = |step: i32| (0..37).map(|i| ((i * 7 + step) as f32).sin()).collect::<Vec<_>>();
    for spec in all() {
        let mut first = FlatOptimiser::<f32>::new(spec.clone(), 0.01, 37);
        let mut parameters = vec![0.5; 37];
        (0..5).for_each(|step| first.step(&mut parameters, &gradient(step), 1.0));
        let mut second = FlatOptimiser::<f32>::new(spec.clone(), 0.01, 37);
        second.restore(first.state(), 37).unwrap();
        let mut resumed = parameters.clone();
        for step in 5..9 {
            first.step(&mut parameters, &gradient(step), 1.0);
            second.step(&mut resumed, &gradient(step), 1.0);
        }
        assert_eq!(parameters, resumed, "{}", spec.name());
        assert_eq!(first.state(), second.state());
    }
}

#[test]
fn the_state_of_another_optimiser_or_network_is_refused() {
    let sgd = FlatOptimiser::<f32>::new(OptimiserSpec::Sgd(Sgd::default()), 0.1, 3).state();
    let mut adam = FlatOptimiser::<f32>::new(OptimiserSpec::default(), 0.1, 3);
    assert_eq!(
        adam.restore(sgd, 3).unwrap_err().to_string(),
        r#"the state of adam consists of ["mean", "mean_square"], found ["momentum"]"#
    );
    let longer = FlatOptimiser::<f32>::new(OptimiserSpec::default(), 0.1, 4).state();
    assert_eq!(
        adam.restore(longer, 3).unwrap_err().to_string(),
        "the optimiser's `mean` has 4 values, allowed: 3, the number of parameters"
    );
}

#[test]
fn every_optimiser_finds_the_bottom_of_a_bowl() {
    for spec in all() {
        let mut optimiser = FlatOptimiser::<f32>::new(spec.clone(), 0.01, 2);
        let mut x = vec![1.0, -2.0];
        for _ in 0..2_000 {
            let gradient: Vec<_> = x.iter().map(|x| 2.0 * (x - 0.3)).collect();
            optimiser.step(&mut x, &gradient, 1.0);
        }
        assert!(x.iter().all(|x| (x - 0.3).abs() < 0.02), "{}: {x:?}", spec.name());
    }
}

#[test]
fn rounding_cannot_take_the_root_of_a_negative_variance() {
    let rmsprop = OptimiserSpec::Rmsprop(Rmsprop { decay: 0.5, eps: 1e-30 });
    let mut optimiser = FlatOptimiser::<f32>::new(rmsprop, 1e-6, 1);
    let mut x = [1.0];
    (0..200).for_each(|_| optimiser.step(&mut x, &[1234.567], 1.0));
    assert!(!x[0].is_nan());
}

#[test]
fn a_long_gradient_is_shortened_and_a_short_one_is_not() {
    let gradient: Vec<_> = (0..100).map(|i| i as f32).collect();
    let length = norm(&gradient);
    assert!((length - 328_350_f32.sqrt()).abs() < 1e-3);
    assert!((length * clip_factor(length, Some(10.0)) - 10.0).abs() < 1e-4);
    assert_eq!(clip_factor(length, Some(1e4)), 1.0);
    assert_eq!(clip_factor(length, None), 1.0);
}
