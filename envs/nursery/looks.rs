//! What people look like, and how the people of the test split differ from those of the training split.
//!
//! | | train | test |
//! |---|---|---|
//! | skin, glove | light and dark skin | skin between the two; half of them gloves |
//! | sleeve | plain, striped, blotched | checked, dotted, woven |
//! | hand, times the usual size | 0.94 to 1.06 | 0.84 to 0.92, or 1.10 to 1.18 |
//! | fingers, times the usual length | 0.94 to 1.06 | 0.82 to 0.92, or 1.08 to 1.18 |
//! | spread of the fingers, rad | 0.10 to 0.18 | 0.20 to 0.28 |
//! | tilt of the hand against the arm, rad | −0.25 to 0.25 | ±0.30 to ±0.50 |
//! | curl at rest | 0.10 to 0.55 | 0.60 to 0.85 |
//! | face, half breadth in units | 7.8 to 8.4 | 7.0 to 7.6, or 8.6 to 9.0 |
//! | hair | dark or fair, short fringe | reddish or grey, long fringe |
//!
//! No value of one column can be drawn in the other.

use super::draw::{chance, one, within};
use super::options::People;
use super::paint::Coat;
use super::texture::Texture;
use crate::numpy::Generator;

/// One person, as drawn for an episode.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    /// The face's skin.
    pub(super) skin: Coat,
    /// The hands' skin, or the gloves.
    pub(super) hand: Coat,
    pub(super) sleeve: Coat,
    pub(super) shirt: Coat,
    pub(super) hair: Coat,
    /// Of the hand, times the usual size.
    pub(super) hand_size: f32,
    /// Of the fingers, times the usual length.
    pub(super) finger: f32,
    /// Angle between neighbouring fingers, in radians.
    pub(super) spread: f32,
    /// Angle of the hand against the arm, in radians.
    pub(super) tilt: f32,
    /// How far the fingers are bent at rest.
    pub(super) rest_curl: f32,
    /// Half the breadth of the face.
    pub(super) face: f32,
    /// Half the height of the fringe.
    pub(super) fringe: f32,
}

/// Ranges of numbers, one of which is drawn and then a number within it.
type Ranges = &'static [[f32; 2]];

/// What one split draws from.
pub(super) struct Wardrobe {
    pub(super) skins: &'static [[f32; 3]],
    /// Gloves and how often they are worn.
    pub(super) gloves: (&'static [[f32; 3]], f64),
    pub(super) sleeves: &'static [Texture],
    pub(super) hairs: &'static [[f32; 3]],
    pub(super) hand_size: Ranges,
    pub(super) finger: Ranges,
    pub(super) spread: Ranges,
    pub(super) tilt: Ranges,
    pub(super) rest_curl: Ranges,
    pub(super) face: Ranges,
    pub(super) fringe: Ranges,
}

const TRAIN: Wardrobe = Wardrobe {
    skins: &[[236.0, 196.0, 168.0], [224.0, 178.0, 150.0], [126.0, 88.0, 66.0], [112.0, 78.0, 60.0]],
    gloves: (&[], 0.0),
    sleeves: &[Texture::Fine, Texture::Stripes, Texture::Coarse],
    hairs: &[[48.0, 38.0, 32.0], [72.0, 50.0, 34.0], [206.0, 176.0, 112.0]],
    hand_size: &[[0.94, 1.06]],
    finger: &[[0.94, 1.06]],
    spread: &[[0.10, 0.18]],
    tilt: &[[-0.25, 0.25]],
    rest_curl: &[[0.10, 0.55]],
    face: &[[7.8, 8.4]],
    fringe: &[[3.0, 3.6]],
};

const TEST: Wardrobe = Wardrobe {
    skins: &[[196.0, 148.0, 116.0], [176.0, 128.0, 100.0], [156.0, 112.0, 84.0]],
    gloves: (&[[70.0, 96.0, 140.0], [232.0, 228.0, 214.0], [190.0, 84.0, 72.0]], 0.5),
    sleeves: &[Texture::Checks, Texture::Dots, Texture::Weave],
    hairs: &[[132.0, 64.0, 36.0], [150.0, 148.0, 144.0]],
    hand_size: &[[0.84, 0.92], [1.10, 1.18]],
    finger: &[[0.82, 0.92], [1.08, 1.18]],
    spread: &[[0.20, 0.28]],
    tilt: &[[-0.50, -0.30], [0.30, 0.50]],
    rest_curl: &[[0.60, 0.85]],
    face: &[[7.0, 7.6], [8.6, 9.0]],
    fringe: &[[3.9, 4.5]],
};

/// Colours of clothes, worn by everyone.
const CLOTHES: [[f32; 3]; 6] = [
    [92.0, 110.0, 168.0],
    [168.0, 76.0, 70.0],
    [88.0, 140.0, 96.0],
    [206.0, 190.0, 120.0],
    [84.0, 84.0, 92.0],
    [150.0, 110.0, 160.0],
];

impl Wardrobe {
    /// What the people of this split are drawn from.
    pub(super) fn of(people: People) -> &'static Self {
        match people {
            People::Train => &TRAIN,
            People::Test => &TEST,
        }
    }
}

impl Looks {
    /// Draws one person of this split.
    pub(super) fn draw(people: People, random: &mut Generator) -> Self {
        let wardrobe = Wardrobe::of(people);
        let coat = |random: &mut Generator, rgb, texture, contrast| {
            let offset = [within(random, [0.0, 42.0]), within(random, [0.0, 42.0])];
            Coat { rgb, texture, offset, contrast, rim: 0.0 }
        };
        let skin = one(random, wardrobe.skins);
        let skin = coat(random, skin, Texture::Fine, 0.05);
        let (gloves, worn) = wardrobe.gloves;
        let hand = if chance(random, worn) {
            let glove = one(random, gloves);
            coat(random, glove, Texture::Fine, 0.10)
        } else {
            skin
        };
        let hair = one(random, wardrobe.hairs);
        let (cloth, sleeve) = (one(random, &CLOTHES), one(random, wardrobe.sleeves));
        let number = |random: &mut Generator, ranges: Ranges| {
            let range = one(random, ranges);
            within(random, range)
        };
        Self {
            skin,
            hand: hand.rimmed(0.42),
            sleeve: coat(random, cloth, sleeve, 0.28).rimmed(0.35),
            shirt: coat(random, cloth, sleeve, 0.22).shaded(0.88).rimmed(0.2),
            hair: coat(random, hair, Texture::Fine, 0.3),
            hand_size: number(random, wardrobe.hand_size),
            finger: number(random, wardrobe.finger),
            spread: number(random, wardrobe.spread),
            tilt: number(random, wardrobe.tilt),
            rest_curl: number(random, wardrobe.rest_curl),
            face: number(random, wardrobe.face),
            fringe: number(random, wardrobe.fringe),
        }
    }
}
