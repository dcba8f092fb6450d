//! Charts as SVG: small, self-contained drawings for pages and post-mortems.
//!
//! Contract: a function of the data alone, so that the same data is the same text, byte for byte. Colours are classes, which
//! the page that a drawing stands in gives a meaning, in the light and in the dark; every drawing has a title for those who
//! cannot see it, and no number is said by colour alone.

mod columns;
mod course;
mod line;
mod scale;
mod text;

pub use columns::{Column, Columns};
pub use course::{Course, Span};
pub use line::{Mark, Plot, Series};
pub use text::{escape, seconds};

/// What the classes of drawings look like, for the page that they stand in.
pub const STYLE: &str = include_str!("style.css");
