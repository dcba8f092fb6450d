//! The part of a run that is about data: databases as a checkpoint has them, restore points before a deploy, what a deploy
//! did to databases, and the steps that take them back.

mod after;
mod backup;
mod dump;
mod point;
mod step;
mod undo;

pub(super) use point::data_points;
