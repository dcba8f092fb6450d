//! What was expected of a database against what was found: every difference with its numbers, and no tolerance.
//!
//! | what                         | holds where                     | not decided where                                    |
//! |------------------------------|---------------------------------|------------------------------------------------------|
//! | tables                       | the same ones are there         |                                                      |
//! | rows                         | every table has as many         |                                                      |
//! | contents                     | every table has the same hash   | one was not hashed, or in another way                |
//! | constraints, indexes         | as many of each kind, validated |                                                      |
//! | sequences                    | none stands before its value    |                                                      |
//! | ledgers, large objects       | equal                           | large objects could not be read                      |
//! | schema, extensions           | equal                           | the servers are of different major versions          |
//!
//! A sequence may stand further along: it knows no snapshots, so an application that runs during the dump moves it. It
//! may not stand before, because then it hands out again what was handed out.

mod finding;
mod manifests;
mod previous;
mod properties;
mod schemas;
#[cfg(test)]
mod tests;

pub use manifests::compare;
pub use previous::compare_previous;
pub use properties::compare_properties;
