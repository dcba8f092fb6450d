//! Databases and caches.

mod backup;
mod cache;
mod database;
mod migrations;
mod name;

pub(super) use cache::caches;
pub(super) use database::databases;
