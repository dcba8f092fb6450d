//! What is for people: who is told, and what there is to see to in an incident.

mod incidents;
mod notify;

pub(super) use incidents::incidents;
pub(super) use notify::notify;
