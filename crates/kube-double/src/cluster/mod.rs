//! What the double keeps: objects, their history for watches, what runs in pods, and when to look again.

pub(crate) mod clock;
mod condition;
mod events;
mod key;
pub(crate) mod kinds;
mod launch;
pub(crate) mod object;
mod selector;
mod state;
mod store;

pub(crate) use condition::set_condition;
pub(crate) use events::record_event;
pub(crate) use key::Key;
pub(crate) use kinds::Resource;
pub(crate) use launch::{Answering, Launch};
pub(crate) use selector::{FieldSelector, LabelSelector, matches_labels};
pub(crate) use state::{Cluster, Run, after};
pub(crate) use store::{Change, Store};
