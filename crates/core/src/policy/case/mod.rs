//! The case that is decided on: what is the matter, whom it affects, and what people have said about it.

mod circumstances;
mod impact;
mod matter;
mod standing;
mod tags;

pub use circumstances::Circumstances;
pub use impact::Impact;
pub use matter::Case;
pub use standing::standing_case;
pub use tags::{BadTag, Tags};
