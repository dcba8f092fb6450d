//! `backout watch`: looks on, keeps what runs recorded, and sees to deploys that nobody told of.

mod listening;
mod passes;
mod scraped;
mod teller;

pub(crate) use passes::watch;
