//! The static demo application and the image that holds nothing else. Tests build `FROM` it and set `APP_MODE`.

use std::fs;
use std::path::{Path, PathBuf};

use super::hold::hold;
use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::record::{Part, State};
use crate::workspace;

/// The image's name.
const IMAGE: &str = "backout-test/app:base";

/// The name of the container that keeps the image.
const HOLDER: &str = "backout-testbed-holds-app";

const TARGET: &str = "x86_64-unknown-linux-gnu";

const DOCKERFILE: &str = "\
FROM scratch
COPY app /app
ENTRYPOINT [\"/app\"]
";

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let folder = layout.state.join("app");
    let binary = build(&folder)?;
    let dockerfile = folder.join("image/Dockerfile");
    fs::write(&dockerfile, DOCKERFILE).map_err(Failure::file(&dockerfile))?;
    // Debian's engine has no BuildKit client beside it; the classic builder needs nothing else, and caches.
    let build = Call::new("docker").env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--tag", IMAGE]);
    let id = build.args([folder.join("image")]).output()?.trim().to_owned();
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part {
        state: State::Ready,
        address: Some(IMAGE.to_owned()),
        version: Some(id),
        path: Some(binary),
        ..Part::default()
    })
}

/// Builds the static binary in a build folder of its own, so that the main one is not built anew with other flags.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let target = folder.join("target");
    Call::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "backout-demo-app", "--target", TARGET])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .without_env("CARGO_ENCODED_RUSTFLAGS")
        .folder(workspace::root())
        .output()?;
    let built = target.join(TARGET).join("release/backout-demo-app");
    let binary = folder.join("image/app");
    let image = folder.join("image");
    fs::create_dir_all(&image).map_err(Failure::file(&image))?;
    // The same bytes keep the file, and with it the image's layer.
    let content = fs::read(&built).map_err(Failure::file(&built))?;
    if fs::read(&binary).ok().as_ref() != Some(&content) {
        fs::copy(&built, &binary).map_err(Failure::file(&binary))?;
    }
    Ok(binary)
}
