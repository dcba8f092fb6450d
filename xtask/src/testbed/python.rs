//! Python with what tests of databases need and Debian does not have: Alembic, and `moto`'s server that speaks S3.

use std::fs;

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// What is installed, with the versions that were seen to work.
const REQUIREMENTS: &str = "moto[server]==5.2.5\nalembic==1.20.1\npsycopg2-binary\n";

/// Programs of Debian's that tests of databases run beside it.
const PACKAGES: [(&str, &str); 7] = [
    ("pgbouncer", "pgbouncer"),
    ("pgbackrest", "pgbackrest"),
    ("age", "age"),
    ("openssl", "openssl"),
    ("zstd", "zstd"),
    ("gzip", "gzip"),
    ("unshare", "util-linux"),
];

pub(crate) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    for (program, package) in PACKAGES {
        packages::program(layout, program, &[package])?;
    }
    let venv = layout.state.join("venv");
    let (marker, python) = (venv.join("requirements"), venv.join("bin/python3"));
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) && python.exists() {
        return Ok(part(&venv));
    }
    if !std::path::Path::new("/usr/lib/python3.11/ensurepip").exists() {
        packages::install(layout, &["python3-venv", "python3-django", "python3-psycopg2"])?;
    }
    Call::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).args([&venv]).output()?;
    let requirements = REQUIREMENTS.lines();
    Call::new(&python).args(["-m", "pip", "install", "--quiet"]).args(requirements).output()?;
    fs::write(&marker, REQUIREMENTS).map_err(Failure::file(&marker))?;
    Ok(part(&venv))
}

fn part(venv: &std::path::Path) -> Part {
    Part { state: State::Ready, path: Some(venv.to_owned()), ..Part::default() }
}
