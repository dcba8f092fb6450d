//! Telling people, beside a run.

mod teller;

pub use teller::{Teller, Told};
