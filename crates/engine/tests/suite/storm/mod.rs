//! What an automatic run does when going back is not enough, and when it is held back.

mod attempts;
mod limits;
mod maintenance;
mod quarantine;
