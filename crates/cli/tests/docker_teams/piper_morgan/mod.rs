//! The page of the Piper Morgan team: its health checks that go back by themselves, its manual and emergency procedures, each of its
//! components, and its troubles.

mod by_hand;
mod by_itself;
mod data;
mod page;
mod stuck;
