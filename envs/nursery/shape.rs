//! Shapes as signed distances: negative inside, 0 on the outline, in the part's own plane.

/// The outline of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// Not there.
    Nothing,
    /// An ellipse with these radii.
    Disc { across: f32, down: f32 },
    /// A rectangle of these half sides, its corners rounded by `round`.
    Block { across: f32, down: f32, round: f32 },
    /// A limb along the u axis from `-half` to `half`, thick as `start` there and as `end` here.
    Limb { half: f32, start: f32, end: f32 },
    /// A triangle with its tip up: half its width, half its height.
    Wedge { across: f32, down: f32 },
    /// A ring: its radius and half its breadth.
    Ring { radius: f32, breadth: f32 },
}

impl Shape {
    /// Half the sides of the rectangle around the origin that holds the shape.
    pub(super) fn extent(&self) -> [f32; 2] {
        match *self {
            Self::Nothing => [0.0, 0.0],
            Self::Disc { across, down } | Self::Block { across, down, .. } | Self::Wedge { across, down } => {
                [across, down]
            }
            Self::Limb { half, start, end } => [half + start.max(end), start.max(end)],
            Self::Ring { radius, breadth } => [radius + breadth, radius + breadth],
        }
    }

    /// The distance of (u, v) from the outline; exact but for discs and limbs, where it is nearly so.
    #[inline]
    pub(super) fn distance(&self, u: f32, v: f32) -> f32 {
        match *self {
            Self::Nothing => 1.0,
            Self::Disc { across, down } => {
                let (x, y) = (u / across, v / down);
                ((x * x + y * y).sqrt() - 1.0) * across.min(down)
            }
            Self::Block { across, down, round } => {
                let (x, y) = (u.abs() - across + round, v.abs() - down + round);
                let (out_x, out_y) = (x.max(0.0), y.max(0.0));
                (out_x * out_x + out_y * out_y).sqrt() + x.max(y).min(0.0) - round
            }
            Self::Limb { half, start, end } => {
                let along = u.clamp(-half, half);
                let thick = start + (end - start) * (along + half) / (2.0 * half);
                ((u - along) * (u - along) + v * v).sqrt() - thick
            }
            Self::Wedge { across, down } => {
                let side = (u.abs() * 2.0 * down - (v + down) * across) / (4.0 * down * down + across * across).sqrt();
                side.max(v - down)
            }
            Self::Ring { radius, breadth } => ((u * u + v * v).sqrt() - radius).abs() - breadth,
        }
    }
}
