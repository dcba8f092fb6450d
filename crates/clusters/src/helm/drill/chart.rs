//! A chart that renders one manifest, and nothing else.

use std::path::Path;

use backout_core::port::PortError;
use tempfile::TempDir;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;

/// What the release calls itself meanwhile.
const CHART: &str = "apiVersion: v2\nname: backout-drill\nversion: 0.0.0\ndescription: broken on purpose by a drill of backout; the same run puts it back\n";

/// No template is evaluated in the manifest itself: what looks like one is text there.
const TEMPLATE: &str = "{{ .Files.Get \"manifest.yaml\" }}\n";

/// Writes the chart, in a folder that only its owner can enter: manifests hold Secrets. It goes with the value.
///
/// # Errors
/// There is no room, or no right to write.
pub(super) async fn write(manifest: &str) -> Result<TempDir, PortError> {
    let failed = |error| PortError::new(format!("the chart of the drill could not be written: {error}"));
    let folder = tempfile::Builder::new().prefix("backout-drill-").tempdir().map_err(failed)?;
    let templates = folder.path().join("templates");
    tokio::fs::create_dir(&templates).await.map_err(failed)?;
    let files = [
        (folder.path().join("Chart.yaml"), CHART),
        (templates.join("all.yaml"), TEMPLATE),
        (folder.path().join("manifest.yaml"), manifest),
    ];
    for (file, content) in files {
        put(&file, content).await.map_err(failed)?;
    }
    Ok(folder)
}

async fn put(file: &Path, content: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).await?;
    file.write_all(content.as_bytes()).await?;
    file.flush().await
}
