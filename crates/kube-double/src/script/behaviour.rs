//! How the program in a container behaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a container does from its start on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Runs, and is ready after [`Timings::ready`]. A Job's container is done then.
    Ready,
    /// The same after [`Timings::slow`].
    Slow,
    /// Runs and never passes its readiness probe.
    NeverReady,
    /// Is ready, and answers every request with 500.
    Erring,
    /// Its image is not in the registry: `ErrImagePull`, then `ImagePullBackOff`.
    Missing,
    /// Ends with 1 again and again: `CrashLoopBackOff`. A Job's container fails.
    Crash,
    /// The same, killed for want of memory: `OOMKilled`, 137.
    Oom,
}

impl Behaviour {
    /// By words in the image's tag:
    ///
    /// | the tag contains | behaviour |
    /// |---|---|
    /// | `missing` | [`Self::Missing`] |
    /// | `crash` or `fail` | [`Self::Crash`] |
    /// | `oom` | [`Self::Oom`] |
    /// | `never-ready` | [`Self::NeverReady`] |
    /// | `slow` | [`Self::Slow`] |
    /// | `erring` | [`Self::Erring`] |
    /// | none of them | [`Self::Ready`] |
    ///
    /// No registry has a name that ends with `.invalid` (RFC 2606): its images are missing.
    #[must_use]
    pub fn of_image(image: &str) -> Self {
        if image.split_once('/').is_some_and(|(registry, _)| registry.ends_with(".invalid")) {
            return Self::Missing;
        }
        let tag = tag(image);
        let words = [
            ("missing", Self::Missing),
            ("crash", Self::Crash),
            ("fail", Self::Crash),
            ("oom", Self::Oom),
            ("never-ready", Self::NeverReady),
            ("slow", Self::Slow),
            ("erring", Self::Erring),
        ];
        words.into_iter().find(|(word, _)| tag.contains(word)).map_or(Self::Ready, |(_, behaviour)| behaviour)
    }
}

/// The tag of an image's name; `latest` where it says none.
pub(crate) fn tag(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

/// How long things take, in milliseconds: short, so that tests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// From the start of a container until it is ready, or (of a Job) done.
    pub ready: u64,
    /// The same for an image that is slow.
    pub slow: u64,
    /// From `ErrImagePull` to `ImagePullBackOff`.
    pub pull: u64,
    /// The first wait before a crashed container is started again; it grows with each.
    pub back_off: u64,
    /// How long a sync operation of Argo CD takes, and how long it waits before it looks again.
    pub sync: u64,
    /// From one bookmark of a watch to the next.
    pub bookmark: u64,
}

impl Default for Timings {
    fn default() -> Self {
        Self { ready: 40, slow: 2_000, pull: 200, back_off: 400, sync: 100, bookmark: 5_000 }
    }
}

/// Milliseconds as a duration.
pub(crate) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}
