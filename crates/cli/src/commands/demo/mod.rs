//! `backout demo`: the main job on a small real application, with nothing set up.

mod clean;
mod killed;
mod play;
mod stage;
mod story;

pub(crate) use play::demo;
