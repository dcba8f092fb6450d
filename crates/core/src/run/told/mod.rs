//! What others are told of a run: the case that the policy weighs, and words for people.

mod case;
mod words;

pub(super) use words::{exit_in_words, how_far};
