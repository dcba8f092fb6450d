//! The image of a team's whole site: the stack's, with nginx and Prometheus out of this machine's own files on top.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::with_libraries;
use super::hold::hold;
use super::import::{archive, image_id};
use super::stack;
use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// The image's name. Its tag is the version of what is written below: whoever changes that, or the stack's, counts it up, and
/// the machine's.
pub(super) const IMAGE: &str = "backout-test/site:1";

/// The name of the container that keeps the image.
const HOLDER: &str = "backout-testbed-holds-site";

/// Each program with the package that it is in.
const PROGRAMS: [(&str, &str); 2] = [("nginx", "nginx-light"), ("prometheus", "prometheus")];

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let id = match image_id(IMAGE) {
        Some(id) => id,
        None => build(layout)?,
    };
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part { state: State::Ready, address: Some(IMAGE.to_owned()), version: Some(id), ..Part::default() })
}

fn build(layout: &Layout) -> Result<String, Failure> {
    let mut programs = Vec::new();
    for (name, package) in PROGRAMS {
        programs.push(own(packages::program(layout, name, &[package])?));
    }
    let folder = layout.folder("site")?;
    archive(&with_libraries(&programs)?, &folder.join("files"), &folder.join("files.tar"))?;
    let dockerfile = folder.join("Dockerfile");
    let text = format!("FROM {}\nADD files.tar /\n", stack::IMAGE);
    fs::write(&dockerfile, text).map_err(Failure::file(&dockerfile))?;
    let build = Call::new("docker").env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--tag", IMAGE]);
    let id = build.args([&folder]).output()?.trim().to_owned();
    let archive = folder.join("files.tar");
    fs::remove_file(&archive).map_err(Failure::file(&archive))?;
    Ok(id)
}

/// Where the package has the program, whatever else of that name comes first on the path.
pub(super) fn own(found: PathBuf) -> PathBuf {
    let places = ["/usr/sbin", "/usr/bin"].map(Path::new);
    let name = found.file_name().unwrap_or_default();
    places.map(|place| place.join(name)).into_iter().find(|path| path.exists()).unwrap_or_else(|| found.clone())
}
