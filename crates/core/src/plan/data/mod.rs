//! Planning the way back of databases: which rung of the ladder each takes, and the steps that this asks for.
//!
//! Contract: the cheapest rung that is provably enough, with the reason why each cheaper one is not. What cannot be proved
//! is a refusal by name. Nothing that destroys without keeping is planned unless it was asked for by name.

mod case;
mod course;
mod facts;
mod lint;
mod loss;
mod migrations;
mod need;
mod refuse;
mod rows;
mod situation;
mod way;

pub(super) use course::Course;
pub(super) use facts::{digest, line};
pub use facts::{facts_digest, may_go_back};
pub(super) use lint::faults;
pub use situation::DataSituation;
