//! What runs services, and the files and blobs beside them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Pending;
use crate::detect::{Led, Usage};
use crate::id::{CheckpointId, Digest, ServiceName};
use crate::inventory::{Artifact, BlobRef, Fact, Version};
use crate::journal::FileEnd;
use crate::plan::Switch;

/// A platform did not do, or could not say, what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PortError {
    /// What happened, in a sentence that names the thing it happened to; secrets redacted.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl PortError {
    /// An error without a hint.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    /// The same error with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Runs services: one value per Compose project, host, or set of commands.
pub trait Platform: Send + Sync {
    /// Looks at services. Never fails: what could not be seen is [`crate::inventory::Seen::Unknown`]. Leaves
    /// [`Fact::files`] empty.
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>>;

    /// Records what runs, so that it can run again, and pins it under the checkpoint's name so that nothing else takes it
    /// away. Services that are absent are left out. Contents that may hold secrets go into `blobs`. Leaves
    /// [`Artifact::files`] empty.
    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        checkpoint: &'a CheckpointId,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>>;

    /// Makes sure that an artifact can run here before anything stops: looks for its image or release, and fetches it by
    /// digest where that is possible.
    fn preflight<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Preflight>;

    /// Whether an artifact could run again here. Changes nothing and fetches nothing.
    fn is_kept<'a>(&'a self, artifact: &'a Artifact) -> Pending<'a, Kept> {
        let _ = artifact;
        let why = "whether it can run again is found out when it is needed".to_owned();
        Box::pin(std::future::ready(Kept::Unknown { why }))
    }

    /// Whoever else has, or may take, what services publish; nothing on platforms that have no such thing. Changes nothing.
    ///
    /// # Errors
    /// Where that cannot be found out.
    fn rivals<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Result<Option<Vec<Rival>>, PortError>> {
        let _ = services;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// What a person should know of going back to an artifact before it is done, a sentence each: how it differs from what
    /// runs, and what will and will not happen on the way. Best effort, and nothing unless the platform has something to say.
    /// No secrets.
    fn notes<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Vec<String>> {
        let _ = (artifact, blobs);
        Box::pin(std::future::ready(Vec::new()))
    }

    /// The versions that a deploy command would start, by service, where that is certain before it runs: best effort, and
    /// nothing unless the command itself says so. Changes nothing.
    fn would_start<'a>(&'a self, command: &'a [String]) -> Pending<'a, BTreeMap<ServiceName, Version>> {
        let _ = command;
        Box::pin(std::future::ready(BTreeMap::new()))
    }

    /// Makes a service run an artifact, or gives it the part of it that [`Switch::only`] names. Ends when the platform has been
    /// told; whether it is so is observed afterwards. Only a platform whose artifacts have such a part is asked for one.
    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>>;

    /// What of the configuration that the platform keeps beside a service (ConfigMaps) is not as an artifact has it, in words:
    /// `ConfigMap web`. Also instances that have not read what was put back. Empty where all is so, or there is no such thing.
    /// Changes nothing.
    ///
    /// # Errors
    /// Where that cannot be seen.
    fn unlike<'a>(
        &'a self,
        artifact: &'a Artifact,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Vec<String>, PortError>> {
        let _ = (artifact, blobs);
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Stops a service that should not be there.
    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>>;

    /// Starts every instance of a service anew, and changes nothing else of it: what is executed, how it is set up, and how many
    /// there are stay. `grace_ms` is how long it may take to stop, where the configuration says so; else the platform knows.
    /// Ends when the platform has been told, or where it rolls out by itself, when that is done; whether it is well is observed
    /// afterwards.
    ///
    /// # Errors
    /// Where it cannot be started anew, or nothing of it is there.
    fn restart<'a>(&'a self, service: &'a ServiceName, grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        let _ = grace_ms;
        let what = format!("`{service}` cannot be started anew on its platform");
        Box::pin(std::future::ready(Err(PortError::new(what).hint("start it anew by its platform's own means"))))
    }

    /// Has nothing of a service run while its database goes back, without taking the service away: a later [`Platform::switch`],
    /// to the same artifact or another one, has it run again. Ends when nothing of it runs any more, not even what is on its way
    /// out. Where stopping takes nothing away, it is [`Platform::stop`].
    ///
    /// # Errors
    /// Where something of it may still run.
    fn quiet<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        self.stop(service, grace_ms)
    }

    /// Whether [`Platform::quiet`] can be expected to work, as far as that can be known before. Changes nothing.
    ///
    /// # Errors
    /// Where something of the service would go on running, or that cannot be seen.
    fn may_quiet<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<(), PortError>> {
        let _ = service;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Breaks a service on purpose, for a drill, in such a way that a switch to the artifact, which it runs, mends it. Answers
    /// with what was done, in a sentence; whether it is broken is observed afterwards.
    ///
    /// # Errors
    /// Where it could not be broken; it may be half broken then.
    fn break_on_purpose<'a>(
        &'a self,
        artifact: &'a Artifact,
        breakage: &'a Breakage,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<String, PortError>> {
        let _ = (breakage, blobs);
        let what = format!("`{}` cannot be broken on purpose on its platform", artifact.service);
        let hint = "break it with a pair of commands: `backout drill --break errors`";
        Box::pin(std::future::ready(Err(PortError::new(what).hint(hint))))
    }

    /// What runs beside the services, was made after `since`, and belongs to nothing that artifacts of that time name: what a
    /// deploy added, and going back to them leaves. Empty on platforms that tell of no such thing. Changes nothing.
    ///
    /// # Errors
    /// Where that cannot be seen.
    fn strays<'a>(
        &'a self,
        artifacts: &'a [Artifact],
        since: Timestamp,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Vec<Stray>, PortError>> {
        let _ = (artifacts, since, blobs);
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Stops and removes one of [`Platform::strays`], and nothing that it keeps data in. Where it is not there, nothing is done.
    ///
    /// # Errors
    /// Where it is still there.
    fn remove_stray<'a>(&'a self, stray: &'a Stray) -> Pending<'a, Result<(), PortError>> {
        let _ = stray;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Ends when nothing that was begun here and then let go of (a [`Platform::switch`] that was dropped) is still being tidied
    /// up. A process that ends before leaves that to the next one.
    fn at_rest(&self) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Lets go of what was pinned for a checkpoint.
    fn release<'a>(
        &'a self,
        checkpoint: &'a CheckpointId,
        artifacts: &'a [Artifact],
    ) -> Pending<'a, Result<(), PortError>>;

    /// Collects logs, state and events of a service. Best effort: what cannot be had is said in place of its content.
    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>>;

    /// Hands over what the instances of a service have written to their output, each from its own start where that is later than
    /// the beginning of the span, in pieces that may end within a line.
    ///
    /// # Errors
    /// Where the platform keeps no output, or does not answer.
    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        let _ = (span, sink);
        let error = PortError::new(format!("the output of `{service}` cannot be read on its platform"));
        Box::pin(std::future::ready(Err(error.hint("name the files that it logs to, under `files`"))))
    }

    /// What each running instance of a service uses now. Empty where none runs.
    ///
    /// # Errors
    /// Where the platform measures nothing, or does not answer.
    fn usage<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Vec<Usage>, PortError>> {
        let error = PortError::new(format!("what `{service}` uses cannot be measured on its platform"));
        let error = error.hint("make a signal of a query of Prometheus");
        Box::pin(std::future::ready(Err(error)))
    }

    /// What the Services of its cluster that lead to a service lead to now: one for each name, in their order. Changes nothing.
    ///
    /// # Errors
    /// Where they cannot be seen, or the platform has no such thing.
    fn led<'a>(&'a self, service: &'a ServiceName, names: &'a [String]) -> Pending<'a, Result<Vec<Led>, PortError>> {
        let error = PortError::new(format!("no Service of a cluster leads to `{service}` on its platform"));
        Box::pin(std::future::ready(if names.is_empty() { Ok(Vec::new()) } else { Err(error) }))
    }

    /// Sends events until dropped. A platform without an event stream never ends and never sends; one whose stream breaks
    /// connects again by itself, and sends [`PlatformEvent::Lost`] so that the watcher looks anew.
    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()>;
}

/// Something that runs beside the services and is of none of them.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Stray {
    /// Its id on the platform.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The service that it is of, as the platform calls it.
    pub service: String,
    /// What it runs, in words.
    pub image: String,
    /// The volumes that it uses, by name; they stay whatever becomes of it.
    pub volumes: Vec<String>,
    /// How it was made, as the platform tells; secrets may be in it.
    #[serde(skip)]
    pub definition: Vec<u8>,
}

impl std::fmt::Debug for Stray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stray({} of {}, {})", self.name, self.service, self.image)
    }
}

/// How a platform breaks a service on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakage {
    /// It is told to run an image that does not exist.
    Image,
    /// It is told to run something that ends at once.
    Crash,
    /// It starts anew with these environment variables, and with the files as they are.
    Config(BTreeMap<String, String>),
}

/// How many of the last lines of an instance's output are kept as evidence, on any platform.
pub const EVIDENCE_LINES: u32 = 1_000;

/// What is wanted of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSpan {
    /// Since when; a part of a second may be told too much.
    pub since: Timestamp,
    /// How many lines of each instance at most, the last ones; all where there is none.
    pub at_most: Option<u32>,
}

/// Where the pieces of a log go.
pub type LogSink<'a> = &'a mut (dyn FnMut(&[u8]) + Send);

/// Where platform events go.
pub type EventSink = Box<dyn Fn(PlatformEvent) + Send + Sync>;

/// Something happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformEvent {
    /// The instances of a service moved (started, died, health changed): look at it again now.
    Moved {
        /// The service.
        service: ServiceName,
        /// When, by the platform's clock.
        at: Timestamp,
        /// What, for a person: `container shop-app-1 died with exit code 1`.
        what: String,
    },
    /// The stream was interrupted: look at everything again.
    Lost {
        /// Why.
        why: String,
    },
}

/// What [`Platform::capture`] recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    /// One artifact for each service that is there.
    pub artifacts: Vec<Artifact>,
    /// Services that are not there.
    pub absent: Vec<ServiceName>,
}

/// Whether an artifact can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preflight {
    /// It is here.
    Present,
    /// It was not here and has been fetched, verified by digest.
    Fetched {
        /// From where.
        from: String,
    },
    /// It is gone.
    Gone {
        /// What is missing and where it was looked for.
        why: String,
    },
    /// It could not be found out.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Whether an artifact could run again, without anything being done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is here.
    Here,
    /// It is not here, and where it came from has it still.
    Elsewhere {
        /// Where.
        from: String,
    },
    /// It is gone.
    Gone {
        /// What is missing, and where it was looked for.
        why: String,
    },
    /// It could not be found out.
    Unknown {
        /// Why.
        why: String,
    },
}

impl From<Preflight> for Kept {
    fn from(preflight: Preflight) -> Self {
        match preflight {
            Preflight::Present => Kept::Here,
            Preflight::Fetched { from } => Kept::Elsewhere { from },
            Preflight::Gone { why } => Kept::Gone { why },
            Preflight::Unknown { why } => Kept::Unknown { why },
        }
    }
}

/// Somebody who has, or may take, what a service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// Who, and what of it.
    pub what: String,
    /// What to do about it.
    pub hint: String,
    /// Whether the service cannot have it now.
    pub blocks: bool,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its name: `app-1.log`, `app-1.inspect.json`.
    pub name: String,
    /// Its content; secrets may be in it, so it is kept encrypted.
    pub content: Vec<u8>,
}

/// A content-addressed store for captured content, encrypted at rest.
pub trait Blobs: Send + Sync {
    /// Keeps content durably; the same content twice is kept once.
    fn put<'a>(&'a self, content: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>>;

    /// The content, checked against its digest.
    fn get<'a>(&'a self, blob: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>>;

    /// The keyed digest that content would have.
    fn digest(&self, content: &[u8]) -> Digest;
}

/// Configuration files on the host.
pub trait Files: Send + Sync {
    /// Reads a file; `None` where there is none.
    fn read<'a>(&'a self, path: &'a str) -> Pending<'a, Result<Option<Content>, PortError>>;

    /// Makes a file as it shall be, atomically: temporary file beside it, fsync, rename, fsync of the folder. `None` removes
    /// it.
    fn write<'a>(&'a self, path: &'a str, content: Option<&'a Content>) -> Pending<'a, Result<FileChange, PortError>>;

    /// Where a file ends now; `None` where there is none.
    fn end<'a>(&'a self, path: &'a str) -> Pending<'a, Result<Option<FileEnd>, PortError>> {
        Box::pin(async move {
            let content = self.read(path).await?;
            Ok(content.map(|content| FileEnd { inode: 0, bytes: content.bytes.len().try_into().unwrap_or(u64::MAX) }))
        })
    }

    /// The next part of a file from so many bytes after its start; empty at its end, and where there is none.
    fn read_at<'a>(&'a self, path: &'a str, offset: u64) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            let content = self.read(path).await?.map(|content| content.bytes).unwrap_or_default();
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            Ok(content.get(offset..).map(<[u8]>::to_vec).unwrap_or_default())
        })
    }
}

/// The content of a configuration file.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes; they may hold secrets.
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes, mode {:o})", self.bytes.len(), self.mode)
    }
}

/// What [`Files::write`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It was so already.
    Same,
    /// It was replaced, made or removed.
    Changed,
}
