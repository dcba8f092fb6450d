//! Planning the way back of databases: which rung of the ladder each takes, and the steps that this asks for.

mod situation;

pub use situation::DataSituation;
