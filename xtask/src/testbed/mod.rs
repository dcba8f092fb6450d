//! The real parts that tests need: Docker Engine, Compose, a registry, PostgreSQL, Redis, Prometheus, nginx, HAProxy,
//! Python with migration tools and a stand-in for S3, `kubectl` and `helm`, and the images that tests run.
//!
//! Contract: `up` is idempotent; every process it starts is in a session of its own on a loopback port of its own, with
//! its id and start time recorded in `testbed.json`; `down` ends exactly those. What cannot be had is `unavailable` with
//! its reason, and the other parts come up all the same. Nothing of the machine's own services is used or changed.

mod compose;
mod daemon;
mod docker;
mod image;
mod kube;
mod layout;
mod packages;
mod python;
pub(crate) mod record;
mod server;

use std::fs::File;

use crate::failure::Failure;
use crate::testbed::layout::Layout;
use crate::testbed::record::{Part, Record, State};

/// In the order in which they are started; they are ended in reverse.
const PARTS: [(&str, Start); 14] = [
    ("docker", docker::start),
    ("compose", compose::start),
    ("registry", server::registry),
    ("postgres", server::postgres),
    ("redis", server::redis),
    ("prometheus", server::prometheus),
    ("proxies", server::proxies),
    ("application", image::application),
    ("systemd", image::systemd),
    ("stack", image::stack),
    ("site", image::site),
    ("machine", image::machine),
    ("python", python::start),
    ("kube", kube::start),
];

/// Brings one part up; gets what was recorded of it before.
type Start = fn(&Layout, Option<&Part>) -> Result<Part, Failure>;

/// `cargo xtask testbed ...`
pub(crate) fn command(words: &[&str]) -> Result<(), Failure> {
    let json = words.last() == Some(&"--json");
    let words = if json { &words[..words.len() - 1] } else { words };
    let record = match words {
        ["up"] => up()?,
        ["down"] => down()?,
        ["status"] => status()?,
        ["restart", part] => restart(part)?,
        _ => {
            return Err(Failure::Usage(
                "say `testbed up`, `testbed down`, `testbed status` or `testbed restart PART`, with `--json` last"
                    .to_owned(),
            ));
        }
    };
    if json {
        println!("{}", record.to_json()?);
    } else {
        print!("{record}");
    }
    match (words, record.unavailable().as_slice()) {
        (["down"], _) | (_, []) => Ok(()),
        (_, missing) => Err(Failure::Check(format!("not to be had on this machine: {}", missing.join(", ")))),
    }
}

/// Brings up every part that is not up; returns all of them.
pub(crate) fn up() -> Result<Record, Failure> {
    let layout = Layout::prepare()?;
    let _lock = lock(&layout)?;
    let mut record = Record::read(&layout)?;
    for (name, start) in PARTS {
        bring_up(&layout, &mut record, name, start)?;
    }
    Ok(record)
}

fn bring_up(layout: &Layout, record: &mut Record, name: &str, start: Start) -> Result<(), Failure> {
    let part = start(layout, record.parts.get(name)).unwrap_or_else(|failure| Part {
        state: State::Unavailable,
        reason: Some(failure.to_string()),
        ..Part::default()
    });
    record.parts.insert(name.to_owned(), part);
    record.write(layout)
}

/// Ends what `up` started.
pub(crate) fn down() -> Result<Record, Failure> {
    let layout = Layout::prepare()?;
    let _lock = lock(&layout)?;
    let mut record = Record::read(&layout)?;
    for (name, _) in PARTS.iter().rev() {
        if let Some(part) = record.parts.get_mut(*name) {
            daemon::end(part)?;
        }
        record.write(&layout)?;
    }
    Ok(record)
}

/// What was recorded, with the state as it is now.
pub(crate) fn status() -> Result<Record, Failure> {
    let mut record = Record::read(&Layout::prepare()?)?;
    for part in record.parts.values_mut() {
        if part.state == State::Running && !daemon::is_alive(part) {
            part.state = State::Stopped;
        }
    }
    Ok(record)
}

/// Ends one part and starts it again with the same folder and, where it is free, the same port.
fn restart(name: &str) -> Result<Record, Failure> {
    let Some((_, start)) = PARTS.into_iter().find(|(part, _)| *part == name) else {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!("`{name}` is no part; the parts are {}", names.join(", "))));
    };
    let layout = Layout::prepare()?;
    let _lock = lock(&layout)?;
    let mut record = Record::read(&layout)?;
    if let Some(part) = record.parts.get_mut(name) {
        if part.state == State::Used {
            return Err(Failure::Check(format!(
                "`{name}` was not started by this test-bed, so it is not restarted by it"
            )));
        }
        daemon::end(part)?;
    }
    bring_up(&layout, &mut record, name, start)?;
    Ok(record)
}

/// One `up`, `down` or `restart` at a time on the machine: they share Docker's socket and the package manager.
fn lock(layout: &Layout) -> Result<File, Failure> {
    let path = layout.machine.join("lock");
    let file = File::create(&path).map_err(Failure::file(&path))?;
    file.lock().map_err(Failure::file(&path))?;
    Ok(file)
}
