//! The configuration, `backout.yaml`: read into a raw form that knows where everything stands, then resolved.
//!
//! Contract: [`load()`] either returns a [`Config`] in which every name, unit and reference has been checked, or every
//! problem of the text at once, each with its place. It reads no files and no environment: `${VAR}` comes through the
//! lookup that the caller passes in, and secret references stay references.

mod leaf;
mod load;
mod model;
mod problem;
mod raw;
mod read;
mod resolve;
mod secret;
#[cfg(test)]
mod tests;

pub use load::{RawConfig, json_schema, load, parse, resolve};
pub use model::{
    Alert, Approvals, ArgocdRevert, ArgocdService, Backup, BackupEncryption, BackupStore, BarrierFile, BarrierKind,
    Cache, Channel, ClusterAccess, ComposeProject, Condition, Config, Connection, Contact, CountedSignal, Counters,
    Database, DrillPolicy, Environment, Escalation, ExecService, Fallback, FallbackBy, Flush, GitMode, GuardPolicy,
    HelmService, Hook, HookProof, HookTakes, HostManage, HostService, HostSource, HttpExpect, HttpMethod, HttpProbe,
    Incidents, KeptFirst, KubernetesService, LogRule, LogSignal, Mail, Maintenance, MemoryGauge, Migrations, Notifier,
    Notify, Objectives, PgBouncer, Place, Policy, PostMortem, Probe, ProbeKind, PromLogin, PromServer, PromSignal,
    Protocol, Recovery, Redirect, S3Store, SecretsPolicy, Service, ServicePlatform, Smoke, StatusPage, StatusRange,
    StatusService, StatusSet, Threshold, Tier, TlsExpect, Tolerated, TrafficService, Trigger, TriggerAction,
    VerifyPolicy, VersionQuestion, WatchPolicy, WhenOn, WorkloadKind, WorkloadName,
};
pub use problem::{Problem, ProblemCode, Problems, Severity, Span};
pub(crate) use read::nearest;
pub use secret::{SecretOrText, SecretRef, Sensitive};
