//! The environments that come with the crate, by the name by which a run file asks for them.

use crate::classic::{Acrobot, CartPole, Classic, ClassicOptions, Mechanics, MountainCar};
use crate::env::Env;
use crate::registry::Registry;
use crate::time_limit::TimeLimit;
use crate::video::{self, Films};
use std::convert::Infallible;

/// A registry of all environments of this crate; add your own with [`Registry::register`].
pub fn standard() -> Registry<Box<dyn Env>> {
    let mut envs = Registry::new("environment");
    classic::<CartPole, 500>(&mut envs, "CartPole-v1", 475.0, "balance a pole on a cart for 500 steps");
    classic::<CartPole, 200>(&mut envs, "CartPole-v0", 195.0, "balance a pole on a cart for 200 steps");
    classic::<Acrobot, 500>(&mut envs, "Acrobot-v1", -100.0, "swing a two-link pendulum up from its middle joint");
    classic::<MountainCar, 200>(&mut envs, "MountainCar-v0", -110.0, "swing a weak car out of a valley");
    let films = Films::default();
    envs.register("video", "look around in a film: the actions move the fixation", move |options| {
        video::build(options, &films)
    });
    envs
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
