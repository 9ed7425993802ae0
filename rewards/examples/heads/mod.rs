//! Frames of the nursery's world "hard", and where the head lies in them.

use innate_envs::{Env, standard};

/// Pixels along a side of the frame.
pub(crate) const SIZE: usize = 84;

/// A frame, bytes `[SIZE, SIZE]`, and the middle of the head in it, in pixels from its upper left corner.
pub(crate) type Head = (Vec<u8>, [f32; 2]);

/// Every so many steps a frame of each of so many episodes with these people.
///
/// # Errors
/// There is no such nursery.
pub(crate) fn frames(people: &str, episodes: u64, every: u64) -> Result<Vec<Head>, Box<dyn std::error::Error>> {
    let options = format!("world = 'hard'\npeople = '{people}'");
    let (mut env, _) = standard().build("nursery", &options.parse()?, "env")?;
    let frame = env.spec().observation.iter().position(|spec| spec.name == "frame").ok_or("no frame")?;
    let mut observation = env.spec().buffer();
    let mut frames = Vec::new();
    for episode in 0..episodes {
        env.reset(Some(170_000 + episode), &mut observation)?;
        for step in 1.. {
            let ended = env.step(0, &mut observation)?.ended();
            if step % every == episode % every {
                let truth = env.truth().ok_or("no truth")?;
                let head = truth.gazes.first().ok_or("no head")?.origin;
                // Pixels have their middles at whole numbers there, and between them here.
                let head = head.map(|coordinate| coordinate + 0.5);
                frames.push((observation.arrays[frame].as_u8().ok_or("no bytes")?.to_vec(), head));
            }
            if ended {
                break;
            }
        }
    }
    Ok(frames)
}
