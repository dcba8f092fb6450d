//! Signals, and the triggers on them.

mod compare;
mod counted;
mod logged;
mod query;
mod server;
mod signals;
mod trigger;

pub(super) use server::login;
pub(super) use signals::{Kind, signals};
pub(super) use trigger::triggers;

use signals::Asking;
