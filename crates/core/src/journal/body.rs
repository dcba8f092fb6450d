//! What a record says. The bodies of a run are also the events of its state machine: to replay a run is to apply them in
//! order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Announcement, Answer, Around, DeployExit, FallbackSwitching, FileEnd, MaintenanceOutcome, MaintenanceSwitch, Means,
    Observation, PersonAct, Recourse, Restart, RunResult, RunStarted, StepOutcome, StrayRemoval,
};
use crate::data::{DataProof, LossReport, RestorePoint, Verification};
use crate::detect::{Sample, SignalPath};
use crate::hook::Heard;
use crate::id::{BackupId, CheckpointId, DatabaseName, Digest, ServiceName, StepId};
use crate::incident::{Entry, Told};
use crate::inventory::{BlobRef, Checkpoint, DatabasesAfter, Fact, Grade};
use crate::plan::Plan;
use crate::policy::{Approval, ApprovalsOutcome, Check, Decision, Judgement, Needed, Quarantined, Refusal};

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// A run begins.
    RunStarted(RunStarted),
    /// What ran and what was red before anything was changed.
    BeforeSeen {
        /// What ran.
        facts: Vec<Fact>,
        /// Signals that were red already.
        red: Vec<SignalPath>,
        /// Whether the required checks held, and what did not.
        checks: Vec<Check>,
        /// Whether there is a good checkpoint from before.
        has_good_checkpoint: bool,
        /// What may be done where the way back is not verified.
        #[serde(default)]
        means: Means,
        /// What is in quarantine.
        #[serde(default)]
        quarantined: Vec<Quarantined>,
        /// The checkpoint in quarantine that the deploy command says it brings back.
        #[serde(default)]
        named: Option<CheckpointId>,
        /// Why what is to be deployed may not be, because it was not kept elsewhere first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_kept: Option<Box<Refusal>>,
        /// Why a deploy may not begin, because nobody has confirmed what must be so before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_confirmed: Option<Box<Refusal>>,
    },
    /// A checkpoint is durable: its blobs are kept and its images pinned.
    CheckpointTaken {
        /// The checkpoint.
        checkpoint: Box<Checkpoint>,
    },
    /// A checkpoint gets a grade.
    Graded {
        /// Which.
        checkpoint: CheckpointId,
        /// The grade.
        grade: Grade,
        /// Why, for a person.
        why: String,
    },
    /// A checkpoint's images are no longer pinned and its blobs no longer kept.
    CheckpointReleased {
        /// Which.
        checkpoint: CheckpointId,
    },
    /// Nothing is changed, and here is why.
    Refused {
        /// The reasons.
        refusals: Vec<Refusal>,
    },
    /// The dead-man's switch stands by.
    Armed {
        /// Its process.
        pid: u32,
    },
    /// Git was asked for a tag before a deploy.
    Tagged {
        /// The tag.
        tag: String,
        /// The commit that bears it; `None` where none does.
        commit: Option<String>,
        /// Why none does, in a sentence; empty otherwise.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// The deploy command is about to start.
    DeployIntended,
    /// The deploy command runs.
    DeploySpawned {
        /// Its process, which leads a process group of its own.
        pid: u32,
        /// When the kernel says it started, in clock ticks since boot: tells a recycled process id apart.
        started_ticks: u64,
    },
    /// The deploy command ended.
    DeployEnded {
        /// How.
        exit: DeployExit,
    },
    /// A plan waits until people have agreed to it.
    ApprovalsWanted {
        /// How many, and to what.
        needed: Needed,
        /// The digest of the plan: an agreement to another one counts for nothing.
        plan: Digest,
    },
    /// A person agrees to a plan that waits, or does not; written beside the run that waits.
    Approved {
        /// Who, and to what.
        approval: Approval,
    },
    /// The plan waits no longer.
    ApprovalsEnded {
        /// How that ended.
        outcome: ApprovalsOutcome,
    },
    /// What runs after the deploy command.
    AfterSeen {
        /// What runs.
        facts: Vec<Fact>,
        /// Services that differ from the checkpoint before.
        changed: Vec<ServiceName>,
        /// What became of the databases.
        #[serde(default)]
        data: DatabasesAfter,
    },
    /// What the watch through the soak heard was kept, so that its verdict can be had again.
    WatchKept {
        /// The recording: JSON, packed.
        recording: BlobRef,
    },
    /// The watch through the soak came to a verdict.
    Judged {
        /// The verdict.
        judgement: Judgement,
    },
    /// What ran when the watch began that found the deploy fixed: that, and not what the deploy had led to, is kept.
    FixSeen {
        /// What ran.
        facts: Vec<Fact>,
    },
    /// What to do about it.
    Decided {
        /// The decision.
        decision: Decision,
    },
    /// Something is switched on in place of going back, or off again.
    FallbackSwitched {
        /// What, which way, and how far it is.
        switching: Box<FallbackSwitching>,
    },
    /// Logs, states and events of a service were kept.
    EvidenceKept {
        /// The service.
        service: ServiceName,
        /// Name and content of each piece.
        items: Vec<(String, BlobRef)>,
    },
    /// A restore point of a database is durable, and verified as far as was asked.
    BackupTaken {
        /// The restore point.
        point: Box<RestorePoint>,
    },
    /// A restore point was verified.
    BackupVerified {
        /// What it came to.
        verification: Box<Verification>,
    },
    /// A restore point is about to be removed from its store.
    BackupReleased {
        /// Which.
        backup: BackupId,
    },
    /// Down scripts and migration graph of a release were kept.
    VaultKept {
        /// The database.
        database: DatabaseName,
        /// The archive.
        vault: BlobRef,
    },
    /// The rows that a rollback took away were listed.
    LossReported {
        /// The database.
        database: DatabaseName,
        /// Which rows.
        report: Box<LossReport>,
    },
    /// A step on a database showed how its data is.
    DataProven {
        /// The database.
        database: DatabaseName,
        /// What was checked and counted.
        proof: Box<DataProof>,
    },
    /// What a database's act printed was kept.
    DataEvidenceKept {
        /// The database.
        database: DatabaseName,
        /// Name and content of each piece.
        items: Vec<(String, BlobRef)>,
    },
    /// A person does something to a database, outside of any run.
    PersonActed {
        /// What, and how far it is.
        act: Box<PersonAct>,
    },
    /// A person starts a service anew, outside of any run; it stays what it is.
    ServiceRestarted {
        /// Which, by whom, and how far it is.
        restart: Box<Restart>,
    },
    /// A container that a deploy added, and that is of no service any more, is removed after a run that went back.
    StrayRemoved {
        /// Which, how it was made, and how far it is.
        removal: Box<StrayRemoval>,
    },
    /// Something was said about an incident; written beside whatever goes on, by no run.
    Incident {
        /// About which, by whom and what.
        entry: Box<Entry>,
    },
    /// Somebody was told of something, and took it; written beside whatever goes on, by no run.
    Told {
        /// Who and of what.
        told: Box<Told>,
    },
    /// A plan was made, and passed its linter.
    PlanMade {
        /// The plan.
        plan: Box<Plan>,
    },
    /// A step is about to be done.
    StepIntended {
        /// Which.
        step: StepId,
        /// The how-manyth try, counted from 1.
        attempt: u32,
    },
    /// A file was replaced or removed; what was there is kept.
    FileReplaced {
        /// The file.
        path: String,
        /// What was there; `None` where nothing was.
        was: Option<BlobRef>,
    },
    /// A step came to an end, or was looked at again after an interruption.
    StepEnded {
        /// Which.
        step: StepId,
        /// The try.
        attempt: u32,
        /// How it ended.
        outcome: StepOutcome,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// A step that failed is about to be undone.
    UndoIntended {
        /// Which.
        step: StepId,
    },
    /// An undo came to an end.
    UndoEnded {
        /// Which.
        step: StepId,
        /// How it ended.
        outcome: StepOutcome,
    },
    /// The environment was verified.
    Verified {
        /// What was checked.
        checks: Vec<Check>,
        /// What runs.
        facts: Vec<Fact>,
        /// Signals that are red, and will be no news while the environment is observed.
        #[serde(default)]
        red: Vec<SignalPath>,
    },
    /// The steps are done: what is logged from here on is looked at.
    LogsMarked {
        /// Where each file ended.
        files: BTreeMap<String, FileEnd>,
    },
    /// The environment went back and is verified, and is observed for a while.
    ObservationStarted {
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// The observation ended.
    Observed {
        /// How.
        observation: Observation,
    },
    /// A person answered a check; also after the run's end.
    ManualAnswered {
        /// What.
        answer: Answer,
    },
    /// What the signals said before the first step of a way back, or after its last.
    SignalsKept {
        /// On which side of the steps.
        around: Around,
        /// One sample of each; of one that did not answer in time, that.
        samples: Vec<Sample>,
    },
    /// What had gone bad while nothing was deployed holds again; after the run's end.
    WellAgain {
        /// What was seen.
        what: String,
    },
    /// A way back was tried, and is not verified; the run goes on.
    AttemptFailed {
        /// The how-manyth try of the run, counted from 1.
        attempt: u32,
        /// The checkpoint that it led to; `None` where going there was refused.
        target: Option<CheckpointId>,
        /// What is the matter, in a sentence.
        why: String,
        /// What comes next.
        next: Recourse,
    },
    /// Maintenance mode is about to be switched, in a run or by a person outside of any.
    MaintenanceIntended {
        /// To what, by whom, and how everything was before.
        switch: Box<MaintenanceSwitch>,
    },
    /// Maintenance mode was switched, or not.
    MaintenanceEnded {
        /// Whether it was to be switched on; off otherwise.
        on: bool,
        /// How that ended.
        outcome: MaintenanceOutcome,
    },
    /// An alert was told by a webhook.
    AlertHeard {
        /// Which, and what of it.
        heard: Heard,
    },
    /// Somebody told of a deploy by a webhook.
    DeployAnnounced {
        /// What was said.
        announced: Announcement,
    },
    /// What a drill broke was repaired, as far as going back does not do that, or could not be.
    Repaired {
        /// What came of it, in a sentence.
        seen: String,
    },
    /// Another process goes on with the run.
    TakenOver {
        /// Who, in words.
        by: String,
        /// Its process.
        pid: u32,
    },
    /// A person wants the run to stop.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// The run is over.
    RunEnded {
        /// How.
        result: RunResult,
        /// In a sentence.
        summary: String,
    },
}

impl Body {
    /// Whether it is written while something else is being done, which goes on.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        matches!(
            self,
            Body::FileReplaced { .. }
                | Body::EvidenceKept { .. }
                | Body::AbortRequested { .. }
                | Body::BackupTaken { .. }
                | Body::BackupVerified { .. }
                | Body::VaultKept { .. }
                | Body::LossReported { .. }
                | Body::DataProven { .. }
                | Body::DataEvidenceKept { .. }
                | Body::MaintenanceIntended { .. }
                | Body::WatchKept { .. }
                | Body::FixSeen { .. }
                | Body::LogsMarked { .. }
                | Body::ManualAnswered { .. }
                | Body::SignalsKept { .. }
                | Body::Approved { .. }
                | Body::Tagged { .. }
        )
    }

    /// The kind, as it is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Body::RunStarted(_) => "run_started",
            Body::BeforeSeen { .. } => "before_seen",
            Body::CheckpointTaken { .. } => "checkpoint_taken",
            Body::Graded { .. } => "graded",
            Body::CheckpointReleased { .. } => "checkpoint_released",
            Body::Refused { .. } => "refused",
            Body::Armed { .. } => "armed",
            Body::Tagged { .. } => "tagged",
            Body::DeployIntended => "deploy_intended",
            Body::DeploySpawned { .. } => "deploy_spawned",
            Body::DeployEnded { .. } => "deploy_ended",
            Body::ApprovalsWanted { .. } => "approvals_wanted",
            Body::Approved { .. } => "approved",
            Body::ApprovalsEnded { .. } => "approvals_ended",
            Body::AfterSeen { .. } => "after_seen",
            Body::WatchKept { .. } => "watch_kept",
            Body::Judged { .. } => "judged",
            Body::FixSeen { .. } => "fix_seen",
            Body::Decided { .. } => "decided",
            Body::FallbackSwitched { .. } => "fallback_switched",
            Body::EvidenceKept { .. } => "evidence_kept",
            Body::BackupTaken { .. } => "backup_taken",
            Body::BackupVerified { .. } => "backup_verified",
            Body::BackupReleased { .. } => "backup_released",
            Body::VaultKept { .. } => "vault_kept",
            Body::LossReported { .. } => "loss_reported",
            Body::DataProven { .. } => "data_proven",
            Body::DataEvidenceKept { .. } => "data_evidence_kept",
            Body::PersonActed { .. } => "person_acted",
            Body::ServiceRestarted { .. } => "service_restarted",
            Body::StrayRemoved { .. } => "stray_removed",
            Body::Incident { .. } => "incident",
            Body::Told { .. } => "told",
            Body::PlanMade { .. } => "plan_made",
            Body::StepIntended { .. } => "step_intended",
            Body::FileReplaced { .. } => "file_replaced",
            Body::StepEnded { .. } => "step_ended",
            Body::UndoIntended { .. } => "undo_intended",
            Body::UndoEnded { .. } => "undo_ended",
            Body::Verified { .. } => "verified",
            Body::AttemptFailed { .. } => "attempt_failed",
            Body::MaintenanceIntended { .. } => "maintenance_intended",
            Body::MaintenanceEnded { .. } => "maintenance_ended",
            Body::AlertHeard { .. } => "alert_heard",
            Body::DeployAnnounced { .. } => "deploy_announced",
            Body::LogsMarked { .. } => "logs_marked",
            Body::ObservationStarted { .. } => "observation_started",
            Body::Observed { .. } => "observed",
            Body::ManualAnswered { .. } => "manual_answered",
            Body::SignalsKept { .. } => "signals_kept",
            Body::WellAgain { .. } => "well_again",
            Body::Repaired { .. } => "repaired",
            Body::TakenOver { .. } => "taken_over",
            Body::AbortRequested { .. } => "abort_requested",
            Body::RunEnded { .. } => "run_ended",
        }
    }
}
