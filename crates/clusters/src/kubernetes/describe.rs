//! A workload's state in a page, as `kubectl describe` shows it.

use std::fmt::Write as _;

use backout_core::inventory::Version;
use jiff::Timestamp;
use kube::core::DynamicObject;

use super::observe::words;
use crate::object::{list, name, text};
use crate::pods::{Family, Patience, instance, trouble};

/// The state of a workload and its pods, with their events.
pub(super) fn describe(family: &Family<'_>, events: &[DynamicObject], now: Timestamp) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{} at {now}\n  runs {}, {} wanted", name(family.workload), words(family), family.wanted());
    if let Some(trouble) = trouble(family, now) {
        let _ = writeln!(page, "  in trouble: {}", trouble.what);
    }
    for condition in list(&family.workload.data, "/status/conditions") {
        let field = |field: &str| text(condition, field).unwrap_or_default();
        let [kind, status, reason, message] = ["/type", "/status", "/reason", "/message"].map(field);
        let _ = writeln!(page, "  {kind}={status} {reason} {message}");
    }
    for member in &family.members {
        of_pod(&mut page, member.pod, now);
    }
    page.push_str("events\n");
    for event in events {
        let field = |field: &str| text(&event.data, field).unwrap_or_default();
        let [at, kind, reason] = ["/lastTimestamp", "/type", "/reason"].map(field);
        let (object, message) = (field("/involvedObject/name"), field("/message"));
        let _ = writeln!(page, "  {at} {kind} {reason} {object}: {message}");
    }
    page
}

fn of_pod(page: &mut String, pod: &DynamicObject, now: Timestamp) {
    let seen = instance(pod, (now, Patience::default()), Version { code: String::new(), spec: String::new() });
    let (state, health) = (seen.state, seen.health);
    let _ = writeln!(page, "pod {}: {state:?}, {health:?}, {} restarts", seen.name, seen.restarts);
    for statuses in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        for status in list(&pod.data, statuses) {
            let container = text(status, "/name").unwrap_or_default();
            let image = text(status, "/imageID").unwrap_or_default();
            let state = status.get("state").map(ToString::to_string).unwrap_or_default();
            let last = status.get("lastState").map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(page, "  {container}: {state}, before: {last}, image {image}");
        }
    }
}
