//! The page of the HeliosDB team: a deploy that goes bad in each way it names, its procedures, and what it says of the time
//! afterwards.

mod asked;
mod data;
mod deploys;
mod page;
mod stuck;
