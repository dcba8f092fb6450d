//! What comes after a way back: observing, another try, or the end.

mod observe;
mod recourse;
mod trouble;

pub use recourse::Tried;
