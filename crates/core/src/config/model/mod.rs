//! The resolved configuration: what everybody but the reader works with.

mod database;
mod environment;
mod policy;
mod probe;
mod service;
mod trigger;

pub use database::{
    Backup, BackupEncryption, BackupStore, Cache, Database, Flush, Migrations, Notify, PgBouncer, Recovery, S3Store,
    SlackNotify,
};
pub use environment::{Config, Environment};
pub use policy::{Approvals, GuardPolicy, Objectives, Policy, VerifyPolicy};
pub use probe::{HttpExpect, HttpMethod, HttpProbe, Place, Probe, ProbeKind, StatusRange, StatusSet, TlsExpect};
pub use service::{
    ComposeProject, ExecService, GitMode, HostManage, HostService, HostSource, Service, ServicePlatform, Tier,
};
pub use trigger::{Condition, PromSignal, Threshold, Trigger, TriggerAction};
