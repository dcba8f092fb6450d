//! The image of a small machine: real systemd as process 1, its journal and its bus, made of this machine's own files.
//!
//! Contract: nothing is started in it that would reach the kernel outside (sysctl, udev, module loading, file systems):
//! only the units named here are in the image, and none of the machine's own.

use std::collections::BTreeSet;
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

/// The files that are not this machine's.
pub(super) const WRITTEN: [(&str, &str, u32); 8] = [
    ("init", INIT, 0o755),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644),
    ("etc/group", "root:x:0:\ntty:x:5:\n", 0o644),
    ("etc/machine-id", "", 0o644),
    ("etc/systemd/system/default.target", DEFAULT_TARGET, 0o644),
    ("etc/systemd/system/dbus.service", BUS_SERVICE, 0o644),
    ("etc/systemd/system/dbus.socket", BUS_SOCKET, 0o644),
    ("usr/share/dbus-1/system.conf", BUS_CONFIGURATION, 0o644),
];

const FOLDERS: [&str; 7] = ["dev", "proc", "root", "run", "sys", "var/log", "var/tmp"];

pub(in crate::testbed) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let id = match image_id(IMAGE) {
        Some(id) => id,
        None => {
            let copied = copied(layout)?;
            let content = Content { copied: &copied, written: &WRITTEN, folders: &FOLDERS, command: "/init" };
            import(IMAGE, &content, &layout.folder("systemd")?)?
        }
    };
    hold(HOLDER, IMAGE, &id)?;
    Ok(Part { state: State::Ready, address: Some(IMAGE.to_owned()), version: Some(id), ..Part::default() })
}

/// The files of this machine that the image holds.
pub(super) fn copied(layout: &Layout) -> Result<BTreeSet<PathBuf>, Failure> {
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
