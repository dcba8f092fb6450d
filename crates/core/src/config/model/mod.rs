//! The resolved configuration: what everybody but the reader works with.

mod cluster;
mod database;
mod environment;
mod fallback;
mod maintenance;
mod people;
mod policy;
mod probe;
mod proof;
mod service;
mod signal;
mod trigger;
mod watch;

pub use cluster::{
    ArgocdRevert, ArgocdService, ClusterAccess, HelmService, KubernetesService, SecretsPolicy, WorkloadKind,
    WorkloadName,
};
pub use database::{
    Backup, BackupEncryption, BackupStore, Cache, Database, Flush, Migrations, PgBouncer, Recovery, S3Store,
};
pub use environment::{Config, Environment};
pub use fallback::{Fallback, FallbackBy};
pub use maintenance::{BarrierFile, BarrierKind, Maintenance, Redirect, WhenOn};
pub use people::{
    Channel, Contact, Escalation, Incidents, Mail, Notifier, Notify, PostMortem, StatusPage, StatusService,
};
pub use policy::{Approvals, GuardPolicy, KeptFirst, Objectives, Policy};
pub use probe::{
    Connection, HttpExpect, HttpMethod, HttpProbe, Place, Probe, ProbeKind, Protocol, StatusRange, StatusSet, TlsExpect,
};
pub use proof::{DrillPolicy, LogRule, Smoke, VerifyPolicy, VersionQuestion};
pub use service::{
    ComposeProject, ExecService, GitMode, HostManage, HostService, HostSource, Service, ServicePlatform, Tier,
    TrafficService,
};
pub use signal::{CountedSignal, Counters, LogSignal, MemoryGauge, PromLogin, PromServer, PromSignal};
pub use trigger::{Condition, Threshold, Tolerated, Trigger, TriggerAction};
pub use watch::{Alert, Hook, HookProof, HookTakes, WatchPolicy};
