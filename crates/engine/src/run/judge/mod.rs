//! What is judged in a run: the soak, what is done about its verdict, whether a way back has arrived, and whether it stays.

mod decide;
mod observe;
mod soak;
mod verify;

pub(super) use observe::Observing;
pub(super) use soak::{Soak, Soaked};
