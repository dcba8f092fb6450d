//! Post-mortems that are begun by themselves: a file for each incident that is over, which is people's from then on.
//!
//! Nothing is ever written over, and nothing of a run depends on it: what cannot be written is said, and looked at again by
//! whoever comes next.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_core::incident::{Format, Incident};
use backout_core::port::Clock;
use backout_engine::clock::SystemClock;
use backout_engine::durable;

use super::found::Found;
use super::postmortem::{rendered, template};
use crate::error::CliError;
use crate::wire::Setup;

/// What was over before that is past: whoever begins to want drafts is not given those of years.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// Writes those that are missing.
pub(crate) async fn write_drafts(setup: &Setup) {
    let Some(folder) = &setup.environment.incidents.post_mortem.drafts else { return };
    let folder = setup.absolute(folder);
    match missing(setup, &folder).await {
        Ok(written) => written.iter().for_each(|path| {
            setup.ui.say(&format!("began the post-mortem: `{}`", path.display()));
        }),
        Err(error) => setup.ui.warn(&format!("a post-mortem could not be begun: {}", error.what)),
    }
}

/// Writes those that are not there; their paths.
async fn missing(setup: &Setup, folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let now = SystemClock.now();
    let is_wanted = |incident: &Incident| {
        incident.restored_at.is_some_and(|over| over.checked_add(RECENT).is_ok_and(|past| now < past))
    };
    let own = setup.environment.incidents.post_mortem.template.as_deref().map(|path| setup.absolute(path));
    let template = template(own.as_deref()).await?;
    let mut written = Vec::new();
    for incident in Found::of(setup).await?.all.iter().filter(|incident| is_wanted(incident)) {
        let path = folder.join(format!("{}.md", incident.id));
        if path.exists() {
            continue;
        }
        let text = rendered(setup, incident, Format::Markdown, template.as_deref()).await?;
        match tokio::fs::create_dir_all(folder).await.and_then(|()| durable::create(&path, text.as_bytes(), 0o644)) {
            Ok(()) => written.push(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(CliError::failed(format!("`{}` cannot be written: {error}", path.display()))),
        }
    }
    Ok(written)
}
