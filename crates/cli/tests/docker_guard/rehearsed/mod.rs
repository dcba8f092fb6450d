//! Rehearsals of a way back, and looking before one whether it would find what it needs.

mod deep;
mod drills;
mod told;
