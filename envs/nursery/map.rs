//! From a part's own plane to the scene: where a point (u, v) that is fixed to the part lies.
//!
//! ```text
//! p = origin + (u + bend(v)) · across + v · down
//! bend(v) = d · (drift + swing · sin(2π v / length + phase)),   d = ((v − top) / height)₊
//! ```
//!
//! Motion is the difference of two maps of one part, which makes the flow of every pixel exact.

/// A point or a vector, (x, y).
pub(super) type Point = [f32; 2];

/// Where the points of one part lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Map {
    pub(super) origin: Point,
    pub(super) across: Point,
    pub(super) down: Point,
    pub(super) bend: Option<Bend>,
}

/// How cloth that hangs from `top` is displaced along u.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bend {
    /// The v from which it hangs.
    pub(super) top: f32,
    /// Length of the cloth.
    pub(super) height: f32,
    /// Displacement of its lower end.
    pub(super) drift: f32,
    /// Amplitude of the wave at its lower end.
    pub(super) swing: f32,
    /// Length of the wave.
    pub(super) length: f32,
    /// Phase of the wave in radians.
    pub(super) phase: f32,
}

impl Map {
    /// The plane moved to `origin`.
    pub(super) fn at(origin: Point) -> Self {
        Self { origin, across: [1.0, 0.0], down: [0.0, 1.0], bend: None }
    }

    /// The plane turned by `angle` and moved to `origin`.
    pub(super) fn turned(origin: Point, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { origin, across: [cos, sin], down: [-sin, cos], bend: None }
    }

    /// Stretched by `along` the u axis and by `aside` the v axis; a negative factor mirrors.
    pub(super) fn stretched(mut self, along: f32, aside: f32) -> Self {
        self.across = scaled(self.across, along);
        self.down = scaled(self.down, aside);
        self
    }

    /// The map of a part that `inner` puts into this plane.
    pub(super) fn then(&self, inner: Map) -> Self {
        let turn = |vector: Point| plus(scaled(self.across, vector[0]), scaled(self.down, vector[1]));
        Self { origin: self.apply(inner.origin), across: turn(inner.across), down: turn(inner.down), bend: inner.bend }
    }

    /// Where the point `[u, v]` lies.
    pub(super) fn apply(&self, [u, v]: Point) -> Point {
        let u = u + self.bend.map_or(0.0, |bend| bend.at(v));
        [self.origin[0] + u * self.across[0] + v * self.down[0], self.origin[1] + u * self.across[1] + v * self.down[1]]
    }

    /// The area of the parallelogram of `across` and `down`.
    pub(super) fn area(&self) -> f32 {
        self.across[0] * self.down[1] - self.across[1] * self.down[0]
    }

    /// The point that lies at `p`.
    pub(super) fn invert(&self, p: Point) -> Point {
        let (x, y, area) = (p[0] - self.origin[0], p[1] - self.origin[1], self.area());
        let v = (self.across[0] * y - self.across[1] * x) / area;
        let u = (self.down[1] * x - self.down[0] * y) / area;
        [u - self.bend.map_or(0.0, |bend| bend.at(v)), v]
    }
}

impl Bend {
    /// The displacement at height `v`.
    pub(super) fn at(&self, v: f32) -> f32 {
        let depth = ((v - self.top) / self.height).max(0.0);
        depth * (self.drift + self.swing * (std::f32::consts::TAU * v / self.length + self.phase).sin())
    }

    /// The greatest displacement.
    pub(super) fn reach(&self) -> f32 {
        self.drift.abs() + self.swing.abs()
    }
}

pub(super) fn plus(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}

pub(super) fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

pub(super) fn scaled(a: Point, factor: f32) -> Point {
    [a[0] * factor, a[1] * factor]
}

/// The length of a vector.
pub(super) fn length(a: Point) -> f32 {
    a[0].hypot(a[1])
}

/// The angle of a vector, in radians.
pub(super) fn angle(a: Point) -> f32 {
    a[1].atan2(a[0])
}

/// The unit vector at `angle`.
pub(super) fn heading(angle: f32) -> Point {
    let (sin, cos) = angle.sin_cos();
    [cos, sin]
}

/// From `a` to `b`: the share `s` of the way.
pub(super) fn between(a: Point, b: Point, s: f32) -> Point {
    plus(a, scaled(minus(b, a), s))
}
