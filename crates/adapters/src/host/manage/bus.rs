//! systemd over its bus (org.freedesktop.systemd1(5)).
//!
//! Contract: a job is listened for before it is asked for, so that its end cannot be missed. A bus that does not answer is
//! no error here: `None`, and `systemctl` is asked instead; one that went away is connected to anew when next needed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Duration;

use backout_core::port::PortError;
use futures_util::stream::{BoxStream, StreamExt as _, select_all};
use tokio::sync::Mutex;
use zbus::{Connection, connection::Builder, fdo::PropertiesProxy, names::InterfaceName, proxy};
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

use crate::command::Environment;
use crate::host::argv::UNIT_PROPERTIES;
use crate::host::parse::Unit;

/// How long the bus may take to answer at all.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Where systemd says that it is process 1 (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";
/// The environment variable by which all D-Bus programs are told of another system bus.
const ADDRESS: &str = "DBUS_SYSTEM_BUS_ADDRESS";
const USUAL_ADDRESS: &str = "unix:path=/run/dbus/system_bus_socket";
const SERVICE: &str = "org.freedesktop.systemd1";
const SIGKILL: i32 = 9;
const INTERFACES: [&str; 2] = ["org.freedesktop.systemd1.Unit", "org.freedesktop.systemd1.Service"];

#[proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: OwnedObjectPath, unit: String, result: String) -> zbus::Result<()>;
}

/// The bus, connected to when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    /// Where it is, if not in its usual place.
    address: Option<String>,
    connection: Mutex<Option<Connection>>,
}

/// What is asked of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Restart,
    Stop,
}

impl Bus {
    /// The bus that `DBUS_SYSTEM_BUS_ADDRESS` names, else the one in its usual place.
    pub(crate) fn new(environment: &Environment) -> Self {
        let address = environment.get(OsStr::new(ADDRESS)).and_then(|address| address.to_str());
        Self { address: address.filter(|address| !address.is_empty()).map(ToOwned::to_owned), ..Self::default() }
    }

    /// An open connection; `None` where systemd is not process 1 or its bus does not answer.
    pub(crate) async fn connection(&self) -> Option<Connection> {
        let mut known = self.connection.lock().await;
        if known.as_ref().is_none_or(Connection::is_closed) {
            *known = self.connect().await;
        }
        known.clone()
    }

    async fn connect(&self) -> Option<Connection> {
        let builder = match &self.address {
            Some(address) => Builder::address(address.as_str()),
            None if std::path::Path::new(BOOTED).is_dir() => Builder::address(USUAL_ADDRESS),
            None => return None,
        };
        let connect = async {
            let connection = builder.build().await?;
            // Once a connection: systemd refuses a second subscription.
            ManagerProxy::new(&connection).await?.subscribe().await?;
            zbus::Result::Ok(connection)
        };
        tokio::time::timeout(ANSWER_LIMIT, connect).await.ok()?.ok()
    }
}

/// The properties of units, in the order asked for.
pub(crate) async fn show(connection: &Connection, units: &[String]) -> Result<Vec<Unit>, PortError> {
    let look = async {
        let manager = ManagerProxy::new(connection).await?;
        let mut found = Vec::new();
        for unit in units {
            let path = manager.load_unit(unit).await?;
            found.push(properties(connection, path).await?);
        }
        zbus::Result::Ok(found)
    };
    match tokio::time::timeout(ANSWER_LIMIT, look).await {
        Ok(found) => found.map_err(|error| failed("look at", units, &error)),
        Err(_) => Err(PortError::new(format!("systemd's bus did not answer within {} s", ANSWER_LIMIT.as_secs()))),
    }
}

async fn properties(connection: &Connection, path: OwnedObjectPath) -> zbus::Result<Unit> {
    let proxy = PropertiesProxy::new(connection, SERVICE, path).await?;
    let mut unit = BTreeMap::new();
    for interface in INTERFACES {
        // A unit that is not a service (a timer, a target) has no such interface.
        let Ok(all) = proxy.get_all(InterfaceName::try_from(interface)?).await else { continue };
        let wanted = all.iter().filter(|(name, _)| UNIT_PROPERTIES.contains(&name.as_str()));
        unit.extend(wanted.filter_map(|(name, value)| Some((name.clone(), text(value)?))));
    }
    Ok(Unit(unit))
}

/// A property as `systemctl show` would print it.
fn text(value: &OwnedVariant) -> Option<String> {
    match &**value {
        Variant::Str(text) => Some(text.as_str().to_owned()),
        Variant::U32(number) => Some(number.to_string()),
        Variant::I32(number) => Some(number.to_string()),
        Variant::U64(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Has a job done for each unit, and waits until all are done. What is started again is started as if it had never failed:
/// how often it was counts for what it is then, and no limit keeps it from starting.
pub(crate) async fn run(connection: &Connection, job: Job, units: &[String]) -> Result<(), PortError> {
    let verb = match job {
        Job::Restart => "restart",
        Job::Stop => "stop",
    };
    let work = async {
        let manager = ManagerProxy::new(connection).await?;
        for unit in units.iter().filter(|_| job == Job::Restart) {
            // What cannot be forgotten is told by the job, if it matters.
            drop(manager.reset_failed_unit(unit).await);
        }
        let mut removed = manager.receive_job_removed().await?;
        let mut waiting = Vec::new();
        for unit in units {
            waiting.push(match job {
                Job::Restart => manager.restart_unit(unit, "replace").await?,
                Job::Stop => manager.stop_unit(unit, "replace").await?,
            });
        }
        let mut bad = Vec::new();
        while !waiting.is_empty() {
            let Some(signal) = removed.next().await else { break };
            let ended = signal.args()?;
            let before = waiting.len();
            waiting.retain(|path| path != ended.job());
            if waiting.len() < before && ended.result() != "done" {
                bad.push(format!("`{}`: {}", ended.unit(), ended.result()));
            }
        }
        zbus::Result::Ok((bad, waiting.is_empty()))
    };
    match work.await.map_err(|error| failed(verb, units, &error))? {
        (bad, true) if bad.is_empty() => Ok(()),
        (bad, true) => Err(PortError::new(format!("systemd could not {verb} {}", bad.join(", ")))
            .hint(format!("see `journalctl -u {}`", units.join(" -u ")))),
        (_, false) => Err(PortError::new(format!("the bus was closed before systemd had done the {verb}"))),
    }
}

/// Kills every process of a unit.
pub(crate) async fn kill(connection: &Connection, unit: &str) -> Result<(), PortError> {
    let work = async { ManagerProxy::new(connection).await?.kill_unit(unit, "all", SIGKILL).await };
    work.await.map_err(|error| failed("kill", &[unit.to_owned()], &error))
}

/// Something each time a property of one of the units changes.
pub(crate) async fn changes(connection: &Connection, units: &[String]) -> Option<BoxStream<'static, ()>> {
    let manager = ManagerProxy::new(connection).await.ok()?;
    let mut streams = Vec::new();
    for unit in units {
        let path = manager.load_unit(unit).await.ok()?;
        let proxy = PropertiesProxy::new(connection, SERVICE, path).await.ok()?;
        streams.push(proxy.receive_properties_changed().await.ok()?.map(drop));
    }
    Some(select_all(streams).boxed())
}

fn failed(verb: &str, units: &[String], error: &zbus::Error) -> PortError {
    let told = PortError::new(format!("could not {verb} {}: {error}", units.join(", ")));
    let is_denied = matches!(error, zbus::Error::MethodError(name, ..)
        if name.contains("AccessDenied") || name.contains("InteractiveAuthorizationRequired"));
    if is_denied { told.hint("run backout as root, or allow its user to manage these units in polkit") } else { told }
}
