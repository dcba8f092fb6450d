//! The image of a team's host: the site's programs under real systemd, with gunicorn and git, out of this machine's own
//! files.
//!
//! Contract: as for the small machine, only the units named there are in the image; a test brings those of its team.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{links_and_targets, with_libraries};
use super::hold::hold;
use super::import::{archive, image_id, write_files};
use super::{site, stack, systemd};
use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// The image's name. Its tag is the version of what is written below: whoever changes that, the site's or systemd's, counts it
/// up.
const IMAGE: &str = "backout-test/machine:1";

/// The name of the container that keeps the image.
const HOLDER: &str = "backout-testbed-holds-machine";

/// What a deploy calls, each with the package that it is in.
const PROGRAMS: [(&str, &str); 4] = [("git", "git"), ("mv", "coreutils"), ("sed", "sed"), ("touch", "coreutils")];

const PYTHON: &str = "/usr/lib/python3/dist-packages";

/// gunicorn, and what it is found by.
const LIBRARIES: [&str; 2] = ["gunicorn", "pkg_resources"];

/// Whom certificates are trusted from: without any, nothing is told over HTTP.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where daemons write.
const FOLDERS: [&str; 5] = ["var/lib/nginx", "var/lib/prometheus", "var/log/nginx", "var/tmp", "etc/systemd/system"];

/// Those of PostgreSQL's user and of terminals: the two images that it is made of know one each.
const GROUPS: &str = "root:x:0:\ntty:x:5:\npostgres:x:100:\n";
const USERS: &str = "root:x:0:0:root:/root:/bin/sh\npostgres:x:100:100:postgres:/var/lib/postgresql:/bin/sh\n";

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let id = match image_id(IMAGE) {
        Some(id) => id,
        None => build(layout)?,
    };
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part { state: State::Ready, address: Some(IMAGE.to_owned()), version: Some(id), ..Part::default() })
}

fn build(layout: &Layout) -> Result<String, Failure> {
    let folder = layout.folder("machine")?;
    let (files, written) = (folder.join("files.tar"), folder.join("written"));
    archive(&copied(layout)?, &folder.join("files"), &files)?;
    if written.exists() {
        fs::remove_dir_all(&written).map_err(Failure::file(&written))?;
    }
    let small = systemd::WRITTEN.into_iter().filter(|(path, ..)| !["etc/passwd", "etc/group"].contains(path));
    let all: Vec<(&str, &str, u32)> =
        small.chain([("etc/passwd", USERS, 0o644), ("etc/group", GROUPS, 0o644)]).collect();
    write_files(&written, &all)?;
    for name in FOLDERS {
        let path = written.join(name);
        fs::create_dir_all(&path).map_err(Failure::file(&path))?;
    }
    let dockerfile = folder.join("Dockerfile");
    let text = format!("FROM {}\nADD files.tar /\nCOPY written /\nCMD [\"/init\"]\n", site::IMAGE);
    fs::write(&dockerfile, text).map_err(Failure::file(&dockerfile))?;
    let build = Call::new("docker").env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--tag", IMAGE]);
    let id = build.args([&folder]).output()?.trim().to_owned();
    fs::remove_file(&files).map_err(Failure::file(&files))?;
    Ok(id)
}

/// The files of this machine that the site does not have.
fn copied(layout: &Layout) -> Result<BTreeSet<PathBuf>, Failure> {
    let libraries = LIBRARIES.map(|name| Path::new(PYTHON).join(name));
    if libraries.iter().any(|library| !library.exists()) {
        packages::install(layout, &["gunicorn"])?;
    }
    let mut programs = Vec::new();
    for (name, package) in PROGRAMS {
        programs.push(site::own(packages::program(layout, name, &[package])?));
    }
    let mut modules = Vec::new();
    for library in &libraries {
        stack::below(library, &mut modules)?;
    }
    if !Path::new(AUTHORITIES).exists() {
        packages::install(layout, &["ca-certificates"])?;
    }
    modules.push(PathBuf::from(AUTHORITIES));
    let mut files = systemd::copied(layout)?;
    files.extend(with_libraries(&programs)?);
    files.extend(links_and_targets(&modules)?);
    Ok(files)
}
