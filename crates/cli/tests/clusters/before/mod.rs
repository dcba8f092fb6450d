//! What comes before a rollback: being told what is not as it should be, and agreeing to a plan.

mod advice;
mod agreed;
mod told;
