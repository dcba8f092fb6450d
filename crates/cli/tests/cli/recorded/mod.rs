//! The record: incidents, their post-mortems, reports and metrics.

mod incidents;
mod reports;
