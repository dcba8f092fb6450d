//! Incidents: the record of what went wrong, and of what people did about it.
//!
//! Contract: an incident is computed from records, never kept beside them. A run that goes back opens one, or joins the one
//! that is open, by its own records ([`incidents`]), so that nothing has to be written for it and nothing of the run waits;
//! what people say is appended ([`Entry`]) and never edited. Everything here is a function of records and configuration: the
//! same records give the same incident and the same post-mortem, byte for byte, wherever and whenever that is rendered.

mod bad_times;
mod case;
mod checklist;
mod entry;
mod facts;
mod mask;
mod moments;
mod opened;
mod page;
mod standing;
#[cfg(test)]
mod tests;
mod timeline;

pub use bad_times::BadTimes;
pub use case::{Case, Limit, Material, Objective, Piece};
pub use checklist::{Answered, Checklists, Evidence, Item, Part, State, Ticked, own_checklist};
pub use entry::{Answer, Entry, Limits, Said, Terms, Told, Topic};
pub use mask::Mask;
pub use moments::{Moments, moments};
pub use opened::{INCIDENT_KINDS, incidents};
pub(crate) use page::PAGE;
pub use page::{Format, PostmortemError, postmortem};
pub use standing::{Incident, Link, Note, Status};
pub use timeline::{Event, Source};
