//! The environments that come with the crate, by the name by which a run file asks for them.

use crate::classic::{Acrobot, CartPole, Classic, ClassicOptions, Mechanics, MountainCar};
use crate::env::Env;
use crate::gym::{self, Gym, Workers};
use crate::minatar::{
    ActionSet, Asterix, Breakout, Freeway, Game, MinAtar, MinAtarError, MinAtarOptions, Seaquest, SpaceInvaders,
};
use crate::nursery::Nursery;
use crate::registry::Registry;
use crate::tasks::{Category, Mnists, Probabilistic, Saccade, TaskError, TwelveAx, Vibrotactile, boolean, digits};
use crate::video::{self, Films};
use crate::worlds::{
    DeepSea, DeepSeaOptions, GridWorld, KeyDoor, KeyDoorOptions, NoisyTv, NoisyTvOptions, RangeError, World,
};
use crate::wrappers::TimeLimit;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// A registry of all environments of this crate; add your own with [`Registry::register`].
pub fn standard() -> Registry<Box<dyn Env>> {
    let mut envs = Registry::new("environment");
    classic::<CartPole, 500>(&mut envs, "CartPole-v1", 475.0, "balance a pole on a cart for 500 steps");
    classic::<CartPole, 200>(&mut envs, "CartPole-v0", 195.0, "balance a pole on a cart for 200 steps");
    classic::<Acrobot, 500>(&mut envs, "Acrobot-v1", -100.0, "swing a two-link pendulum up from its middle joint");
    classic::<MountainCar, 200>(&mut envs, "MountainCar-v0", -110.0, "swing a weak car out of a valley");
    minatar::<Breakout>(&mut envs, "keep a ball in play and break bricks");
    minatar::<Asterix>(&mut envs, "gather gold and keep away from enemies");
    minatar::<Freeway>(&mut envs, "cross a road, again and again");
    minatar::<Seaquest>(&mut envs, "save divers, shoot what swims, come up for air");
    minatar::<SpaceInvaders>(&mut envs, "shoot aliens that come down and shoot back");
    world(&mut envs, "explore deeply to find a treasure", |options: DeepSeaOptions| {
        GridWorld::new(DeepSea::new(&options)?, options.frame)
    });
    world(&mut envs, "fetch a key, open a door with it, reach the goal behind", |options: KeyDoorOptions| {
        GridWorld::new(KeyDoor::new(&options)?, options.frame)
    });
    world(&mut envs, "reach a goal, and do not stay in front of a screen full of noise", |options: NoisyTvOptions| {
        GridWorld::new(NoisyTv::new(&options)?, options.frame)
    });
    let workers = Workers::default();
    envs.register_family(gym::PREFIX, "any environment of Python's Gymnasium, Atari included", move |name, options| {
        Gym::new(name, options, &workers).map(|env| Box::new(env) as Box<dyn Env>)
    });
    #[cfg(feature = "gymnasium-rs")]
    envs.register("gymnasium-rs/CartPole", "the cart and pole of the crate gymnasium-rs, errors included", |options| {
        use crate::gymnasium_rs::{Adapter, SpaceError, gymnasium_rs::envs::cartpole::CartPole};
        let ClassicOptions::<500> { max_episode_steps } = options;
        let env = Adapter::new("gymnasium-rs/CartPole", CartPole::new())?.with_wide_bounds();
        Ok::<_, SpaceError>(Box::new(TimeLimit::new(env, max_episode_steps)) as Box<dyn Env>)
    });
    let films = Films::default();
    envs.register("video", "look around in a film: the actions move the fixation", move |options| {
        video::build(options, &films)
    });
    let summary = "look around in a nursery: people reach, carry and look; the actions move the fixation";
    envs.register("nursery", summary, |options| Nursery::new(options).map(|env| Box::new(env) as Box<dyn Env>));
    task(&mut envs, "XOR", "tell whether one of two inputs is active, or none or both", boolean::xor_env);
    task(&mut envs, "Parity", "tell whether an odd number of inputs is active", boolean::parity_env);
    task(&mut envs, "Counting", "count the active inputs", boolean::counting_env);
    task(&mut envs, "Digits", "read handwritten digits of 8x8 pixels", digits::env);
    let mnists = Mnists::default();
    task(&mut envs, "MNIST", "read handwritten digits of 28x28 pixels, from files of your own", move |options| {
        mnists.env(options)
    });
    task(&mut envs, "Saccade", "look to where a cue was, or away from it, after a delay", Saccade::env);
    let summary = "add up the evidence of symbols, and look to the side that is more likely rewarded";
    task(&mut envs, "ProbabilisticClassification", summary, Probabilistic::env);
    task(&mut envs, "DelayedMatchToCategory", "tell whether two motions belong to one category", Category::env);
    task(&mut envs, "Vibrotactile", "tell which of two vibrations is the faster", Vibrotactile::env);
    task(&mut envs, "12AX", "answer to A-X after 1 and to B-Y after 2, remembering digit and letter", TwelveAx::env);
    envs
}

/// Adds one small world, built by `build` from its options.
fn world<T, W>(
    envs: &mut Registry<Box<dyn Env>>,
    summary: &str,
    build: impl Fn(T) -> Result<GridWorld<W>, RangeError> + Send + Sync + 'static,
) where
    T: Serialize + DeserializeOwned + Clone,
    W: World + 'static,
{
    envs.register(W::ID, summary, move |options| build(options).map(|env| Box::new(env) as Box<dyn Env>));
}

/// Adds one task, built by `build` from its options.
fn task<T, E>(
    envs: &mut Registry<Box<dyn Env>>,
    id: &str,
    summary: &str,
    build: impl Fn(T) -> Result<E, TaskError> + Send + Sync + 'static,
) where
    T: Serialize + DeserializeOwned + Clone,
    E: Env + 'static,
{
    envs.register(id, summary, move |options| build(options).map(|env| Box::new(env) as Box<dyn Env>));
}

/// Adds one game of MinAtar, with all actions and with those it has a use for.
fn minatar<G: Game + 'static>(envs: &mut Registry<Box<dyn Env>>, summary: &str) {
    for (set, offered) in [(ActionSet::Full, "all six actions"), (ActionSet::Minimal, "the actions that matter")] {
        envs.register(&MinAtar::<G>::id(set), &format!("{summary}; {offered}"), move |options: MinAtarOptions| {
            let limit = options.max_episode_steps;
            let game = MinAtar::<G>::new(set, options)?;
            Ok::<Box<dyn Env>, MinAtarError>(match limit {
                Some(limit) => Box::new(TimeLimit::new(game, limit)),
                None => Box::new(game),
            })
        });
    }
}

/// Adds one world of classic control, truncated after `LIMIT` steps unless the run file says otherwise.
fn classic<M: Mechanics + 'static, const LIMIT: u32>(
    envs: &mut Registry<Box<dyn Env>>,
    id: &'static str,
    reward_threshold: f64,
    summary: &str,
) {
    envs.register(id, summary, move |options: ClassicOptions<LIMIT>| {
        let env = TimeLimit::new(Classic::<M>::new(id, reward_threshold), options.max_episode_steps);
        Ok::<_, Infallible>(Box::new(env) as Box<dyn Env>)
    });
}
