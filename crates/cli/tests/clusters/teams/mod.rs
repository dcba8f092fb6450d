//! Whole teams on a cluster: the examples of those whose runbooks `backout` is measured by, with programs of this machine for what is
//! in their images, real PostgreSQL and real Prometheus.
//!
//! Contract: what is asserted is seen from outside (pods, manifests, answers, rows, ConfigMaps, what people are told). The journal is
//! read for when things happened, which is printed, and held against the times that the pages promise.

mod helm_and_compose;
mod predator;
mod scraped;
mod team;
mod told;
