//! Telling people: which notices a run gives, who is told, and in which words.
//!
//! Contract: everything here is computed from records and the configuration, so that whoever goes on with the outbox of a
//! process that is gone comes to the same notices with the same identifiers. Nothing is sent here.

mod compose;
mod event;
mod known;
mod notice;
mod patience;
mod render;
mod timed;

pub use compose::{NOTICE_KINDS, notices};
pub use event::{Alert, Event, Severity};
pub use notice::{Field, NOTICE_FORMAT, Notice, told};
pub use patience::{GIVE_UP_AFTER, next_try};
pub use render::{Letter, TemplateError, check_template, letter};
pub use timed::{Asked, Timed, timed};
