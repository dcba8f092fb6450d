//! Signals, and the triggers on them.

mod compare;
mod counted;
mod query;
mod server;
mod signals;
mod trigger;

pub(super) use server::login;
pub(super) use signals::{is_counted, signals};
pub(super) use trigger::triggers;

use signals::Asking;
