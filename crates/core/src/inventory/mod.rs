//! What runs and what ran: facts, artifacts, and the checkpoints made of them.

mod artifact;
mod backups;
mod checkpoint;
mod cluster;
mod databases;
mod deployed;
mod fact;
mod source;
mod suspect;

pub use artifact::{
    Artifact, BlobRef, ComposeArtifact, Detail, ExecArtifact, FileRef, FileState, HostArtifact, PlatformKind,
    TrafficArtifact,
};
pub use backups::backups_to_release;
pub use checkpoint::{Checkpoint, Grade, Graded, last_known_good, older_good, to_release};
pub use cluster::{ArgocdArtifact, ConfigurationKind, ConfigurationRef, HelmArtifact, KubernetesArtifact};
pub use databases::{DatabasesAfter, UnseenDatabase, databases_after};
pub use deployed::{deployed_between, has_settled, only_files_differ};
pub use fact::{
    Fact, Health, Instance, InstanceState, Running, Seen, Standing, Unready, Version, changed_between, facts_digest,
};
pub use source::{Origin, Source, tag_name};
pub use suspect::suspect;
