//! Keys of a service that mean nothing on its platform.

use crate::config::raw::RawService;
use crate::config::resolve::context::Context;
use crate::inventory::PlatformKind;

/// Reports keys that belong to another platform.
pub(super) fn foreign(name: &str, raw: &RawService, kind: PlatformKind, context: &mut Context<'_>) {
    without_pods(name, raw, kind, context);
    let keys = [
        (PlatformKind::Compose, "service", raw.service.key()),
        (PlatformKind::Host, "git", raw.git.key()),
        (PlatformKind::Host, "releases", raw.releases.key()),
        (PlatformKind::Host, "build", raw.build.key()),
        (PlatformKind::Host, "units", raw.units.key()),
        (PlatformKind::Host, "command", raw.command.key()),
        (PlatformKind::Host, "run", raw.run.key()),
        (PlatformKind::Host, "env", raw.env.key()),
        (PlatformKind::Exec, "observe", raw.observe.key()),
        (PlatformKind::Exec, "capture", raw.capture.key()),
        (PlatformKind::Exec, "restore", raw.restore.key()),
        (PlatformKind::Exec, "preflight", raw.preflight.key()),
        (PlatformKind::Exec, "events", raw.events.key()),
        (PlatformKind::Exec, "timeout", raw.timeout.key()),
        (PlatformKind::Kubernetes, "deployment", raw.deployment.key()),
        (PlatformKind::Kubernetes, "statefulset", raw.statefulset.key()),
        (PlatformKind::Kubernetes, "daemonset", raw.daemonset.key()),
        (PlatformKind::Kubernetes, "rollout", raw.rollout.key()),
        (PlatformKind::Kubernetes, "secrets", raw.secrets.key()),
        (PlatformKind::Helm, "release", raw.release.key()),
        (PlatformKind::Argocd, "application", raw.application.key()),
        (PlatformKind::Argocd, "revert", raw.revert.key()),
    ];
    for (owner, key, at) in keys {
        if let Some(at) = at.filter(|_| owner != kind) {
            let (owner, kind) = (owner.as_str(), kind.as_str());
            let message = format!("`{key}` belongs to platform `{owner}`, and `{name}` is on `{kind}`");
            let hint = format!("remove it, or set `platform: {{ {owner}: {{}} }}` for the service");
            context.contradiction(at, message, hint);
        }
    }
}

/// Reports a key about pods where there are none, or where there are those of one workload only.
fn without_pods(name: &str, raw: &RawService, kind: PlatformKind, context: &mut Context<'_>) {
    use PlatformKind::{Argocd, Helm, Kubernetes};
    let keys: [(_, _, &[PlatformKind]); 3] = [
        ("ready_within", raw.ready_within.key(), &[Kubernetes, Helm]),
        ("exec_in", raw.exec_in.key(), &[Helm, Argocd]),
        ("reached_by", raw.reached_by.key(), &[Kubernetes, Helm, Argocd]),
    ];
    for (key, at, owners) in keys {
        if let (Some(at), Some((last, others))) = (at.filter(|_| !owners.contains(&kind)), owners.split_last()) {
            let others: Vec<&str> = others.iter().map(|owner| owner.as_str()).collect();
            let (others, last, kind) = (others.join("`, `"), last.as_str(), kind.as_str());
            let message = format!("`{key}` belongs to platforms `{others}` and `{last}`, and `{name}` is on `{kind}`");
            context.contradiction(at, message, "remove it".to_owned());
        }
    }
}
