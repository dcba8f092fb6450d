//! How a way back is proven: checks that are made once, and observing.

mod checks;
mod observing;
mod versions;
