//! The documentation, held to what it says: its links lead somewhere, its examples load, and its commands do what they should.

mod claims;
mod configuration;
mod pages;
mod played;
