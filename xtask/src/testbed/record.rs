//! `testbed.json`: what is up, where, and as which process. Tests read it; its format has a version.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::testbed::layout::Layout;

/// All parts of a test-bed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The format's version: 1.
    pub(crate) version: u32,
    /// Each part by its name.
    pub(crate) parts: BTreeMap<String, Part>,
}

/// One part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) state: State,
    /// How a client names it: a URL, `HOST:PORT`, or the image's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    /// The loopback port it listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<u32>,
    /// The process's start in the kernel's ticks since boot; with the id it names one process for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<PathBuf>,
    /// What it keeps; or, for the application, the static binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<PathBuf>,
    /// Why it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// How a part is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Started by this test-bed, and its process lives.
    Running,
    /// Was there already, and is left alone by `down`.
    Used,
    /// A file or an image, with no process.
    Ready,
    /// Was started and is not alive now.
    #[default]
    Stopped,
    /// Cannot be had on this machine; the reason says why.
    Unavailable,
}

const FORMAT: u32 = 1;

impl Record {
    /// Reads what was recorded; an empty record where there is none.
    pub(crate) fn read(layout: &Layout) -> Result<Self, Failure> {
        let path = file(&layout.data);
        if !path.exists() {
            return Ok(Self { version: FORMAT, parts: BTreeMap::new() });
        }
        let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
        serde_json::from_str(&text).map_err(|error| {
            Failure::Check(format!("`{}` is damaged: {error}; end the parts by hand and remove it", path.display()))
        })
    }

    /// Writes it beside the parts' data and where tests look.
    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Failure> {
        let text = self.to_json()?;
        for folder in [&layout.data, &layout.state] {
            let (path, new) = (file(folder), folder.join("testbed.json.new"));
            fs::write(&new, &text).map_err(Failure::file(&new))?;
            fs::rename(&new, &path).map_err(Failure::file(&path))?;
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map_err(|error| Failure::Check(error.to_string()))
    }

    /// Whether any process of this test-bed is there.
    pub(crate) fn runs_anything(&self) -> bool {
        self.parts.values().any(|part| part.state == State::Running)
    }

    /// The names of the parts that cannot be had.
    pub(crate) fn unavailable(&self) -> Vec<&str> {
        let missing = self.parts.iter().filter(|(_, part)| part.state == State::Unavailable);
        missing.map(|(name, _)| name.as_str()).collect()
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("testbed.json")
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return writeln!(f, "nothing is up; start with `cargo xtask testbed up`");
        }
        self.parts.iter().try_for_each(|(name, part)| {
            let address = part.address.as_deref().unwrap_or("");
            let version = part.version.as_deref().unwrap_or("");
            let pid = part.pid.map(|pid| format!("  pid {pid}")).unwrap_or_default();
            writeln!(f, "{name:<12} {:<11} {address:<42} {version}{pid}", part.state.word())?;
            part.reason
                .iter()
                .try_for_each(|reason| writeln!(f, "             {}", reason.replace('\n', "\n             ")))
        })
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Used => "used",
            Self::Ready => "ready",
            Self::Stopped => "stopped",
            Self::Unavailable => "unavailable",
        }
    }
}
