//! The files of migrations: fetched, kept, and read into a graph.

mod archive;
mod graph;
mod numbered;
mod python;
mod sections;

pub(crate) use archive::{Files, fetch, folder, unpacked};
pub(crate) use graph::graph;
