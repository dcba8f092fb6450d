//! The record: incidents, their post-mortems, reports and metrics.

mod due;
mod incidents;
mod reports;
