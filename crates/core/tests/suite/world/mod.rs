//! Random environments ([`spec`]), a world in memory that they are made real in ([`live`]), and a driver of runs that can be
//! killed at any record ([`sim`]).

mod data;
mod live;
mod sim;
mod spec;

pub(crate) use data::{Shop, backups, estimate, ledger, main_database, orders, restore_point, revision, schema};
pub(crate) use live::{Live, World, at, digest_of, environment, name};
pub(crate) use sim::{Crash, Drove, Script, Sim, rollback, started};
pub(crate) use spec::{
    BAD, Ran, ServiceSpec, Spec, graded, make_plan, plan_after, plan_with, request, requests, specs,
};
