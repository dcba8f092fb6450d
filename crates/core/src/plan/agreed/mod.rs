//! What somebody agrees to: a plan, in so far as it means something.
//!
//! Contract: two plans are the same where the same is to be done from the same starting point to the same end, at the same
//! kind of cost. What changes by itself is left out: times, estimates, counts of rows, names that are minted, names, health
//! and restarts of instances. See [`Agreed::of`] for the table.

mod agreement;
mod point;
mod seen;
mod steps;

pub use agreement::Agreed;
pub use point::Point;
pub(super) use seen::seen;
