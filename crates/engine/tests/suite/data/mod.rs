//! Environments with a database.

mod crash;
mod going_back;
mod guarding;
