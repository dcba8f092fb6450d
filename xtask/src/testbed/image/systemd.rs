//! The image of a small machine: real systemd as process 1, its journal and its bus, made of this machine's own files in
//! two seconds where a bootstrap from packages takes minutes.
//!
//! Contract: nothing is started in it that would reach the kernel outside (sysctl, udev, module loading, file systems):
//! only the units named here are in the image, and none of the machine's own.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::files::{links_and_targets, with_libraries};
use super::hold::hold;
use crate::failure::Failure;
use crate::process::{Call, find};
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// The image's name. Its tag is the version of what is written below: whoever changes that counts it up.
const IMAGE: &str = "backout-test/systemd:2";

/// The name of the container that keeps the image.
const HOLDER: &str = "backout-testbed-holds-systemd";

/// What is copied from this machine; the libraries that they need come with them.
const PROGRAMS: [&str; 9] =
    ["systemctl", "journalctl", "busctl", "dbus-daemon", "sh", "mount", "cat", "sleep", "readlink"];

/// Programs of systemd's own, in `/usr/lib/systemd`. The executor is there since version 254.
const OWN_PROGRAMS: [&str; 4] = ["systemd", "systemd-journald", "systemd-shutdown", "systemd-executor"];

/// The units that a service depends on by default, and the journal's.
const UNITS: [&str; 14] = [
    "basic.target",
    "sysinit.target",
    "sockets.target",
    "paths.target",
    "slices.target",
    "timers.target",
    "local-fs.target",
    "local-fs-pre.target",
    "swap.target",
    "shutdown.target",
    "umount.target",
    "systemd-journald.service",
    "systemd-journald.socket",
    "systemd-journald-dev-log.socket",
];

/// Docker mounts the control groups read-only. Those are the container's own, in both generations.
const INIT: &str = "\
#!/bin/sh
while read -r _ where _; do
    case $where in
    /sys/fs/cgroup*) mount -o remount,rw,bind \"$where\" ;;
    esac
done < /proc/mounts
exec /usr/lib/systemd/systemd
";

const DEFAULT_TARGET: &str = "\
[Unit]
Description=What tests need
Requires=basic.target systemd-journald.service dbus.service
After=basic.target systemd-journald.service dbus.service
AllowIsolate=yes
";

const BUS_SERVICE: &str = "\
[Unit]
Requires=dbus.socket
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only
";

const BUS_SOCKET: &str = "\
[Socket]
ListenStream=/run/dbus/system_bus_socket
";

/// Everything is allowed: whoever reaches the socket is a test.
const BUS_CONFIGURATION: &str = "\
<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"
 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context=\"default\">
    <allow user=\"*\"/>
    <allow own=\"*\"/>
    <allow send_type=\"method_call\"/>
    <allow send_type=\"signal\"/>
    <allow send_requested_reply=\"true\" send_type=\"method_return\"/>
    <allow send_requested_reply=\"true\" send_type=\"error\"/>
    <allow receive_type=\"method_call\"/>
    <allow receive_type=\"method_return\"/>
    <allow receive_type=\"error\"/>
    <allow receive_type=\"signal\"/>
  </policy>
</busconfig>
";

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let id = match image_id() {
        Some(id) => id,
        None => build(layout)?,
    };
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part { state: State::Ready, address: Some(IMAGE.to_owned()), version: Some(id), ..Part::default() })
}

fn image_id() -> Option<String> {
    let call = Call::new("docker").args(["image", "inspect", "--format", "{{.Id}}", IMAGE]);
    Some(call.output().ok()?.trim().to_owned())
}

fn build(layout: &Layout) -> Result<String, Failure> {
    let folder = layout.folder("systemd")?;
    let (list, written, archive) = (folder.join("files"), folder.join("written"), folder.join("image.tar"));
    let files: Vec<String> = copied(layout)?.iter().map(|path| relative(path).display().to_string()).collect();
    fs::write(&list, files.join("\n")).map_err(Failure::file(&list))?;
    if written.exists() {
        fs::remove_dir_all(&written).map_err(Failure::file(&written))?;
    }
    write(&written)?;
    let create = Call::new("tar").args(["--create", "--no-recursion", "--directory", "/", "--file"]);
    create.args([&archive]).args(["--verbatim-files-from", "--files-from"]).args([&list]).output()?;
    let append = Call::new("tar").args(["--append", "--owner=0", "--group=0", "--file"]).args([&archive]);
    append.args(["--directory"]).args([&written]).args(["."]).output()?;
    let import = Call::new("docker").args(["import", "--change", "CMD [\"/init\"]"]);
    let id = import.args([&archive]).args([IMAGE]).output()?.trim().to_owned();
    fs::remove_file(&archive).map_err(Failure::file(&archive))?;
    Ok(id)
}

/// The files of this machine that the image holds.
fn copied(layout: &Layout) -> Result<BTreeSet<PathBuf>, Failure> {
    let own = Path::new("/usr/lib/systemd");
    if !own.join("systemd").exists() || find("dbus-daemon").is_none() {
        packages::install(layout, &["systemd", "dbus"])?;
    }
    let mut programs = Vec::new();
    for name in PROGRAMS {
        programs.push(packages::program(layout, name, &["systemd", "dbus"])?);
    }
    programs.extend(OWN_PROGRAMS.iter().map(|name| own.join(name)).filter(|path| path.exists()));
    let mut files = with_libraries(&programs)?;
    files.extend(links_and_targets(&UNITS.map(|name| own.join("system").join(name)))?);
    Ok(files)
}

/// The files that are not this machine's.
fn write(root: &Path) -> Result<(), Failure> {
    for (path, content, mode) in [
        ("init", INIT, 0o755),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644),
        ("etc/group", "root:x:0:\ntty:x:5:\n", 0o644),
        ("etc/machine-id", "", 0o644),
        ("etc/systemd/system/default.target", DEFAULT_TARGET, 0o644),
        ("etc/systemd/system/dbus.service", BUS_SERVICE, 0o644),
        ("etc/systemd/system/dbus.socket", BUS_SOCKET, 0o644),
        ("usr/share/dbus-1/system.conf", BUS_CONFIGURATION, 0o644),
    ] {
        let path = root.join(path);
        make_folder(path.parent().unwrap_or(root))?;
        fs::write(&path, content).map_err(Failure::file(&path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(Failure::file(&path))?;
    }
    for folder in ["dev", "proc", "root", "run", "sys", "tmp", "var/log", "var/tmp"] {
        make_folder(&root.join(folder))?;
    }
    for folder in ["bin", "lib", "lib64", "sbin"] {
        let link = root.join(folder);
        std::os::unix::fs::symlink(Path::new("usr").join(folder), &link).map_err(Failure::file(&link))?;
        make_folder(&root.join("usr").join(folder))?;
    }
    // Where D-Bus clients look by default.
    let link = root.join("var/run");
    std::os::unix::fs::symlink("/run", &link).map_err(Failure::file(&link))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}
