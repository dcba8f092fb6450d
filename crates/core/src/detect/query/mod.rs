//! Queries of Prometheus: what their answers say, and what counts what they go by.

mod answer;
mod counting;

pub(super) use answer::{Data, in_words, point, whole};
pub use answer::{QueryAnswer, WrittenAnswer, number, with_samples};
pub(crate) use counting::counting;
