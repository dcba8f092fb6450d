//! The configuration as it is written: its keys, their documentation and, through both, its JSON Schema.
//!
//! Contract: this is the one source of what a key is called and means. Values are text with a place; what they mean is
//! found when the environment is known.

mod backup;
mod cluster;
mod database;
mod decide;
mod environment;
mod maintenance;
mod migrations;
mod notify;
mod policy;
mod probe;
mod proof;
mod service;
mod signal;
mod watch;

pub(super) use backup::{RawAge, RawBackup, RawEncrypt, RawOpenssl, RawS3};
pub(super) use cluster::{RawArgocd, RawHelm, RawKubernetes, RawRevert};
pub(super) use database::{RawCache, RawDatabase, RawPgBouncer, RawPostgres, RawRecovery};
pub(super) use decide::{
    RawBranch, RawException, RawFallback, RawFreeze, RawLimit, RawMatrix, RawNext, RawObjective, RawPreset, RawRow,
    RawTagTest, RawWhen,
};
pub(super) use environment::{RawEnvironment, RawFile, RawTrigger};
pub(super) use maintenance::{RawMaintenance, RawMaintenanceCluster, RawMaintenanceCompose, RawMaintenanceFile};
pub(super) use migrations::{RawMigrations, RawTool};
pub(super) use notify::{RawChecklists, RawContact, RawEscalation, RawHours, RawIncidents, RawNotifier, RawPostMortem};
pub(super) use policy::{RawGuard, RawKeptFirst, RawObjectives, RawPolicy};
pub(super) use probe::{RawExpect, RawProbe, RawTls};
pub(super) use proof::{RawBar, RawDrill, RawLogs, RawVerify, RawVersion};
pub(super) use service::{Argv, RawCompose, RawGit, RawPlatform, RawService, RawTraffic};
pub(super) use signal::{RawLogin, RawSignal};
pub(super) use watch::{RawAlert, RawHook, RawWatch};
