//! Tests of deciding about migrations.

mod schemas;

mod compatibility;
mod preserve;
mod reverse;
mod statements;
mod unrecorded;
