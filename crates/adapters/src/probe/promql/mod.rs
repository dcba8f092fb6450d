//! Servers that speak Prometheus's HTTP API.

mod client;
mod request;

pub use client::PromClient;
