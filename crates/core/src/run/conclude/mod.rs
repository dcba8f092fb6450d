//! What comes after a way back: observing, another try, or the end.

mod observe;
mod recourse;

pub use recourse::Tried;
