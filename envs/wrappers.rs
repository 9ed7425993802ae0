//! Environments around environments: each changes one thing and leaves the rest as it is.
//!
//! | Wrapper | What it changes |
//! |---|---|
//! | [`TimeLimit`] | truncates episodes |
//! | [`FrameSkip`] | an action lasts several steps |
//! | [`StickyActions`] | now and then the action before is taken again |
//! | [`TransformReward`] | scales and clips the reward |
//!
//! In a run file the second and third are the keys `frame_skip` and `sticky_actions` of `[env]`. What other libraries wrap an
//! environment for is elsewhere here: stacks of frames are made when a batch is drawn (`frames` of an area), rewards are scaled
//! and clipped when they are paid (`pay`), so that curves show them as they are; returns are counted by [`Slot`](crate::Slot),
//! and `innate eval --record` films an episode.

/// What no wrapper changes: methods of [`Env`](crate::Env) that the environment within answers.
macro_rules! leave_the_rest {
    () => {
        fn is_elsewhere(&self) -> bool {
            self.env.is_elsewhere()
        }

        fn take_notice(&mut self) -> Option<String> {
            self.env.take_notice()
        }

        fn picture(&self) -> Option<crate::picture::Picture> {
            self.env.picture()
        }

        fn truth(&self) -> Option<crate::truth::Truth> {
            self.env.truth()
        }
    };
}

mod frame_skip;
mod sticky_actions;
mod time_limit;
mod transform_reward;

pub use frame_skip::FrameSkip;
pub use sticky_actions::StickyActions;
pub use time_limit::TimeLimit;
pub use transform_reward::TransformReward;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Env, check_env, standard};
    use std::num::NonZeroU32;

    fn inner(id: &str) -> Box<dyn Env> {
        standard().build(id, &toml::Table::new(), "env").unwrap().0
    }

    const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

    #[test]
    fn every_wrapper_keeps_the_promises() {
        check_env(&mut FrameSkip::new(inner("MountainCar-v0"), THREE)).unwrap();
        check_env(&mut StickyActions::new(inner("CartPole-v1"), 0.25)).unwrap();
        check_env(&mut TransformReward::new(inner("Acrobot-v1"), 0.5, Some(0.25))).unwrap();
        check_env(&mut TimeLimit::new(StickyActions::new(FrameSkip::new(inner("CartPole-v1"), THREE), 0.5), THREE))
            .unwrap();
    }

    #[test]
    fn a_skipped_frame_pays_and_an_episode_ends_within_an_action() {
        let (mut plain, mut skipping) = (inner("CartPole-v1"), FrameSkip::new(inner("CartPole-v1"), THREE));
        let (mut one, mut other) = (plain.spec().buffer(), plain.spec().buffer());
        plain.reset(Some(3), &mut one).unwrap();
        skipping.reset(Some(3), &mut other).unwrap();
        loop {
            let step = skipping.step(1, &mut other).unwrap();
            let mut reward = 0.0;
            for _ in 0..3 {
                let step = plain.step(1, &mut one).unwrap();
                reward += step.reward;
                if step.ended() {
                    break;
                }
            }
            assert_eq!((step.reward, &one), (reward, &other));
            if step.ended() {
                break;
            }
        }
    }

    #[test]
    fn actions_stick_as_often_as_they_should() {
        let taken = |probability: f64| {
            let mut env = StickyActions::new(inner("MountainCar-v0"), probability);
            let mut seen = env.spec().buffer();
            env.reset(Some(1), &mut seen).unwrap();
            let mut stuck = 0;
            for step in 0..150 {
                env.begin_step(step % 3);
                stuck += u32::from(env.taken() != Some(step % 3));
                env.step(step % 3, &mut seen).unwrap();
            }
            stuck
        };
        assert_eq!(taken(0.0), 0);
        assert!((15..60).contains(&taken(0.25)), "{}", taken(0.25));
        // The first action of an episode has none before it.
        assert_eq!(taken(1.0), 100);
    }

    #[test]
    fn a_reward_is_scaled_and_then_clipped() {
        let mut env = TransformReward::new(inner("CartPole-v1"), 5.0, Some(2.0));
        let mut seen = env.spec().buffer();
        env.reset(Some(0), &mut seen).unwrap();
        assert_eq!(env.step(0, &mut seen).unwrap().reward, 2.0);
        let mut env = TransformReward::new(inner("CartPole-v1"), -0.5, None);
        env.reset(Some(0), &mut seen).unwrap();
        assert_eq!(env.step(0, &mut seen).unwrap().reward, -0.5);
    }
}
