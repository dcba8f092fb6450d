//! The image of a stack: PostgreSQL, Redis, and Python with Django and a PostgreSQL driver, made of this machine's own
//! files. Tests build `FROM` it and add their application.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::files::{links_and_targets, with_libraries};
use super::hold::hold;
use super::import::{Content, image_id, import};
use crate::failure::Failure;
use crate::process::find;
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// The image's name. Its tag is the version of what is written below: whoever changes that counts it up.
pub(super) const IMAGE: &str = "backout-test/stack:4";

/// The name of the container that keeps the image.
const HOLDER: &str = "backout-testbed-holds-stack";

/// What it is made of.
const PACKAGES: [&str; 6] =
    ["tzdata", "postgresql-15", "redis-server", "python3", "python3-django", "python3-psycopg2"];

const PROGRAMS: [&str; 12] =
    ["sh", "cat", "chown", "cp", "env", "ls", "mkdir", "rm", "setpriv", "sleep", "python3", "redis-server"];

/// Folders that are copied whole.
const TREES: [&str; 6] = [
    "/usr/share/zoneinfo",
    "/usr/lib/locale/C.utf8",
    "/usr/lib/postgresql/15",
    "/usr/share/postgresql/15",
    "/usr/lib/python3",
    "/usr/lib/python3.11",
];

/// Makes a cluster in `/data` where there is none, with a database of the name that `POSTGRES_DB` says, and serves it to
/// the whole network of the project.
const POSTGRES: &str = "\
#!/bin/sh
set -e
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- \"$@\"; }
bin=/usr/lib/postgresql/15/bin
if [ ! -s /data/PG_VERSION ]; then
    mkdir -p /data
    chown postgres:postgres /data
    as_postgres $bin/initdb -D /data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
    echo 'host all all all trust' >> /data/pg_hba.conf
    if [ -n \"$POSTGRES_DB\" ]; then
        echo \"CREATE DATABASE \\\"$POSTGRES_DB\\\"\" | as_postgres $bin/postgres --single -D /data postgres > /dev/null
    fi
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups -- \\
    $bin/postgres -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off \"$@\"
";

const WRITTEN: [(&str, &str, u32); 3] = [
    ("postgres", POSTGRES, 0o755),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\npostgres:x:100:100:postgres:/data:/bin/sh\n", 0o644),
    ("etc/group", "root:x:0:\npostgres:x:100:\n", 0o644),
];

const FOLDERS: [&str; 7] = ["app", "data", "dev", "proc", "root", "run", "sys"];

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let id = match image_id(IMAGE) {
        Some(id) => id,
        None => {
            let copied = copied(layout)?;
            let content = Content { copied: &copied, written: &WRITTEN, folders: &FOLDERS, command: "/postgres" };
            import(IMAGE, &content, &layout.folder("stack")?)?
        }
    };
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part { state: State::Ready, address: Some(IMAGE.to_owned()), version: Some(id), ..Part::default() })
}

/// The files of this machine that the image holds.
fn copied(layout: &Layout) -> Result<BTreeSet<PathBuf>, Failure> {
    if !Path::new("/usr/lib/python3/dist-packages/django").exists() || find("redis-server").is_none() {
        packages::install(layout, &PACKAGES)?;
    }
    // A Python of somebody's own may come first on the path; the packages belong to this one.
    let own = |name: &&str| Path::new("/usr/bin").join(name);
    let programs: Vec<PathBuf> =
        PROGRAMS.iter().map(own).map(|path| if path.exists() { path } else { sbin(&path) }).collect();
    let mut trees = Vec::new();
    for tree in TREES {
        below(Path::new(tree), &mut trees)?;
    }
    let may_load = |path: &&PathBuf| {
        let in_bin = path.parent().is_some_and(|folder| folder.ends_with("bin"));
        in_bin || path.extension().is_some_and(|extension| extension == "so")
    };
    let trees_binaries = trees.iter().filter(may_load).filter(|path| is_elf(path));
    let binaries: Vec<PathBuf> = programs.iter().chain(trees_binaries).cloned().collect();
    let mut files = with_libraries(&binaries)?;
    files.extend(links_and_targets(&trees)?);
    Ok(files)
}

fn sbin(path: &Path) -> PathBuf {
    Path::new("/usr/sbin").join(path.file_name().unwrap_or_default())
}

/// Whether a file is a program or library for the kernel, not a script.
fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}

/// Every file and link below a folder, but for compiled Python and the standard library's own tests.
pub(super) fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let path = entry.map_err(Failure::file(folder))?.path();
        let is_left_out = path.ends_with("__pycache__") || path.ends_with("python3.11/test");
        if path.is_dir() && !path.is_symlink() && !is_left_out {
            below(&path, found)?;
        } else if !path.is_dir() {
            found.push(path);
        }
    }
    Ok(())
}
