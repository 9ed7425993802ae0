#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Kind, NetworkSpec, Preset};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

fn input(name: &str, shape: &[usize]) -> InputSpec {
    InputSpec { name: name.into(), kind: Kind::F32, shape: shape.to_vec() }
}

fn conv(filters: usize, kernel: usize, stride: usize) -> LayerSpec {
    LayerSpec::Conv { filters, kernel, stride, activation: Activation::Relu }
}

fn dense(units: usize, activation: Activation) -> LayerSpec {
    LayerSpec::Dense { units, activation }
}

fn build(layers: &[LayerSpec], inputs: &[InputSpec]) -> Result<Network, String> {
    NetworkSpec::Layers(layers.to_vec()).build(inputs, 2).map_err(|error| error.to_string())
}

#[test]
fn parameters_are_laid_out_and_named_as_in_a_torch_sequential() {
    let layers = [conv(16, 3, 1), dense(128, Activation::Linear), dense(8, Activation::Tanh)];
    let network = build(&layers, &[input("frame", &[4, 10, 10])]).unwrap();
    let found: Vec<_> =
        network.parameter_tensors().iter().map(|t| (t.name.as_str(), t.shape.clone(), t.range.clone())).collect();
    let expected = [
        ("0.weight", vec![16, 4, 3, 3], 0..576),
        ("0.bias", vec![16], 576..592),
        // 1: ReLU, 2: Flatten
        ("3.weight", vec![128, 1024], 592..131_664),
        ("3.bias", vec![128], 131_664..131_792),
        ("4.weight", vec![8, 128], 131_792..132_816),
        ("4.bias", vec![8], 132_816..132_824),
        // 5: Tanh
        ("6.weight", vec![2, 8], 132_824..132_840),
        ("6.bias", vec![2], 132_840..132_842),
    ];
    assert_eq!(found, expected);
    assert_eq!(network.parameters(), 132_842);
}

#[test]
fn the_network_of_2015_has_the_shapes_of_the_paper() {
    let network = NetworkSpec::Preset(Preset::Nature).build(&[input("frame", &[4, 84, 84])], 18).unwrap();
    let line =
        "4×84×84 → conv 32@8×8/4 relu → conv 64@4×4/2 relu → conv 64@3×3/1 relu → 512 relu → 18 (1693362 parameters)";
    assert_eq!(network.to_string(), line);
}

#[test]
fn pictures_are_stacked_and_vectors_join_the_dense_layers() {
    let inputs = [input("speed", &[3]), input("frame", &[1, 6, 6]), input("flow", &[2, 6, 6]), input("place", &[2, 2])];
    let network = build(&[conv(5, 3, 1), dense(7, Activation::Relu)], &inputs).unwrap();
    assert_eq!(network.pictures(), [1, 2]);
    assert_eq!(network.vectors(), [0, 3]);
    assert_eq!(network.parameter_tensors()[0].shape, [5, 3, 3, 3]);
    assert_eq!(network.parameter_tensors()[2].shape, [7, 5 * 4 * 4 + 3 + 4]);
    let flat = build(&[dense(7, Activation::Relu)], &inputs).unwrap();
    assert_eq!(flat.vectors(), [0, 1, 2, 3]);
    assert_eq!(flat.parameter_tensors()[0].shape, [7, 3 + 36 + 72 + 4]);
    assert_eq!(flat.parameter_tensors()[0].name, "0.weight");
}

#[test]
fn initial_parameters_are_uniform_within_the_inverse_root_of_the_inputs() {
    let network = NetworkSpec::Hidden(vec![64]).build(&[input("state", &[16])], 4).unwrap();
    let flat = network.initialise(&mut Xoshiro256PlusPlus::seed_from_u64(3));
    assert_eq!(flat.len(), network.parameters());
    for (bound, (name, _, values)) in [0.25, 0.25, 0.125, 0.125].into_iter().zip(network.tensors(&flat)) {
        let variance = values.iter().map(|x| x * x).sum::<f32>() / values.len() as f32;
        assert!(values.iter().all(|x| x.abs() <= bound), "{name}");
        if values.len() > 100 {
            assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.2, "{name}: {variance}");
        }
    }
    assert_eq!(flat, network.initialise(&mut Xoshiro256PlusPlus::seed_from_u64(3)));
    assert_ne!(flat, network.initialise(&mut Xoshiro256PlusPlus::seed_from_u64(4)));
}

#[test]
fn named_parts_become_the_same_flat_vector_again() {
    let network = NetworkSpec::default().build(&[input("state", &[4])], 2).unwrap();
    let flat = network.initialise(&mut Xoshiro256PlusPlus::seed_from_u64(1));
    let find = |wanted: &str| {
        network.tensors(&flat).find_map(|(name, shape, values)| (name == wanted).then_some((shape, values)))
    };
    assert_eq!(network.flatten(find).unwrap(), flat);
    let missing = network.flatten(|name| find(name).filter(|_| name != "2.bias")).unwrap_err();
    assert_eq!(missing.to_string(), "the weights `2.bias` (shape [64]) are missing");
    let misshapen = network.flatten(|name| find(name).map(|(shape, values)| (&shape[..1], values))).unwrap_err();
    assert_eq!(misshapen.to_string(), "the weights `0.weight` have shape [64] (256 values), allowed: [64, 4]");
}

#[test]
fn what_cannot_be_built_is_refused_in_a_sentence() {
    let frame = [input("frame", &[1, 8, 6])];
    let error = |layers: &[LayerSpec], inputs: &[InputSpec]| build(layers, inputs).unwrap_err();
    assert_eq!(error(&[dense(0, Activation::Relu)], &frame), "layer 1: `units` is 0, allowed: 1 or more");
    assert_eq!(error(&[conv(4, 3, 0)], &frame), "layer 1: `stride` is 0, allowed: 1 or more");
    assert_eq!(error(&[conv(4, 3, 1), conv(0, 3, 1)], &frame), "layer 2: `filters` is 0, allowed: 1 or more");
    assert_eq!(error(&[conv(4, 7, 1)], &frame), "layer 1: `kernel` is 7, allowed: 1 to 6, for its input is 8×6 pixels");
    assert_eq!(
        error(&[conv(4, 3, 1)], &[input("state", &[4])]),
        "layer 1 is a conv or local layer, which needs an input of shape [channels, height, width]; the inputs are `state` [4]"
    );
    assert_eq!(
        error(&[conv(4, 3, 1), dense(3, Activation::Relu), conv(4, 1, 1)], &frame),
        "layer 3 is a conv or local layer after a dense one; all of these come before the dense ones"
    );
    assert_eq!(
        error(&[conv(4, 3, 1)], &[input("frame", &[1, 8, 6]), input("flow", &[2, 8, 8])]),
        "the conv layers see `frame` [1, 8, 6] and `flow` [2, 8, 8] stacked along the channels; \
         their heights and widths must be equal"
    );
    assert_eq!(error(&[], &[input("state", &[0])]), "the input `state` [0] is empty, allowed: 1 element or more");
    assert_eq!(error(&[], &[]), "a network has no inputs, allowed: 1 or more");
    let huge = [dense(usize::MAX / 2, Activation::Relu)];
    assert_eq!(error(&huge, &frame), "layer 1: with its weights the network has more than 1073741824 parameters");
    let none = NetworkSpec::default().build(&frame, 0).unwrap_err();
    assert_eq!(none.to_string(), "a network has 0 outputs, allowed: 1 or more");
}
