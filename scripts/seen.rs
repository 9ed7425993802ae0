//! What is seen in one step of an evaluation, by name.

use innate_agents::Plan;
use innate_agents::evaluation::Scene;

/// One step with its percepts by name.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) scene: &'a Scene<'a>,
}

impl<'a> Seen<'a> {
    /// The numbers of the percept `name`, if the run has it.
    pub(crate) fn f32(&self, name: &str) -> Option<&'a [f32]> {
        self.scene.percepts.get(self.place(name)?)?.as_f32()
    }

    /// The bytes of the percept `name`, if the run has it.
    pub(crate) fn u8(&self, name: &str) -> Option<&'a [u8]> {
        self.scene.percepts.get(self.place(name)?)?.as_u8()
    }

    /// The shape of the percept `name`, if the run has it.
    pub(crate) fn shape(&self, name: &str) -> Option<&'a [usize]> {
        Some(&self.plan.percepts[self.place(name)?].shape)
    }

    /// Rows and columns of the grid of fixations, and the fixated cell.
    pub(crate) fn fixation(&self) -> Option<([usize; 2], usize)> {
        let grid = <[usize; 2]>::try_from(self.shape("fixation")?).ok()?;
        Some((grid, self.f32("fixation")?.iter().position(|&here| here > 0.5)?))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.plan.percepts.iter().position(|spec| spec.name == name)
    }
}
