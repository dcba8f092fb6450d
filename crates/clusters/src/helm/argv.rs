//! Every command line of `helm`. The same flags mean the same in versions 3 and 4: a bare `--wait` is there in both.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use backout_adapters::command::{Command, Environment};
use backout_core::config::ClusterAccess;

/// Which release of which cluster.
pub(super) struct Target<'a> {
    pub(super) program: &'a str,
    pub(super) access: &'a ClusterAccess,
    pub(super) namespace: &'a str,
    pub(super) release: &'a str,
    pub(super) environment: &'a Environment,
}

/// Whether `helm` waits until what it put in place is well. It waits for hooks in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Pods,
    HooksOnly,
}

/// What becomes of fields that somebody else has applied since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflicts {
    /// They are an error where the server applies (Helm 4); they go back where the client does (Helm 3).
    AsHelmDoes,
    /// They go back. Only Helm 4 knows the flag.
    GoBack,
}

/// A way back to a revision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rollback {
    pub(super) revision: u32,
    pub(super) wait: Wait,
    pub(super) conflicts: Conflicts,
    pub(super) timeout: Duration,
}

/// The variable by which what outlived us (a rollback, or a drill's upgrade) is found again: see [`mark`].
pub(super) const MARK: &str = "BACKOUT_ROLLBACK_OF";

/// Which release of which cluster it is of: the same for every try.
pub(super) fn mark(target: &Target<'_>) -> OsString {
    let kubeconfig = target.environment.get(OsStr::new("KUBECONFIG")).cloned().unwrap_or_default();
    let context = target.access.context.as_deref().unwrap_or_default();
    let mut mark = OsString::from(format!("{}/{} {context} ", target.namespace, target.release));
    mark.push(kubeconfig);
    mark
}

/// Goes back to a revision. No old record is given up for the new one (`--history-max 0`).
pub(super) fn rollback(target: &Target<'_>, way: Rollback) -> Command {
    let mut command = command(target, "rollback", way.timeout);
    if way.wait == Wait::Pods {
        command = command.arg("--wait");
    }
    if way.conflicts == Conflicts::GoBack {
        command = command.arg("--force-conflicts");
    }
    command.args(["--history-max", "0", "--", target.release]).arg(way.revision.to_string()).env(MARK, mark(target))
}

/// Puts a chart from a folder in place, with its own values alone, and does not wait until it is well. Whoever goes back
/// meanwhile finds it by its mark.
pub(super) fn upgrade(target: &Target<'_>, chart: &Path, timeout: Duration) -> Command {
    let command =
        command(target, "upgrade", timeout).args(["--reset-values", "--history-max", "0", "--", target.release]);
    command.arg(chart).env(MARK, mark(target))
}

/// Takes a release away, with its history: as if it had never been there.
pub(super) fn uninstall(target: &Target<'_>, timeout: Duration) -> Command {
    command(target, "uninstall", timeout).args(["--wait", "--", target.release])
}

/// Asks for nothing but its version: whether it is there.
pub(super) fn version(program: &str, environment: &Environment) -> Command {
    Command::new(program, environment).args(["version", "--short"]).limit(Duration::from_secs(15)).install(INSTALL)
}

const INSTALL: &str = "install Helm, or name its program: `platform: { helm: { program: FILE } }`";

fn command(target: &Target<'_>, verb: &str, timeout: Duration) -> Command {
    let seconds = timeout.as_secs().max(1);
    let mut command = Command::new(target.program, &own(target.environment))
        .args([verb, "--namespace", target.namespace, "--timeout"])
        .arg(format!("{seconds}s"))
        .limit(timeout + Duration::from_secs(60))
        .install(INSTALL);
    if let Some(context) = &target.access.context {
        command = command.args(["--kube-context", context]);
    }
    if let Some(user) = &target.access.impersonate {
        command = command.args(["--kube-as-user", user]);
    }
    target.access.impersonate_groups.iter().fold(command, |command, group| command.args(["--kube-as-group", group]))
}

/// The environment without what would lead `helm` to another cluster, namespace or storage than is looked at here.
fn own(environment: &Environment) -> Environment {
    let leads_astray = |name: &str| name.starts_with("HELM_KUBE") || name == "HELM_NAMESPACE" || name == "HELM_DEBUG";
    let kept = environment.iter().filter(|(name, _)| !name.to_str().is_some_and(leads_astray));
    let mut kept: Environment = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    kept.insert("HELM_DRIVER".into(), "secret".into());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_names_its_revision_and_acts_as_the_configuration_says() {
        let access = ClusterAccess {
            context: Some("prod".to_owned()),
            impersonate: Some("deployer".to_owned()),
            impersonate_groups: vec!["a".to_owned(), "b".to_owned()],
            ..ClusterAccess::default()
        };
        let environment = Environment::from([
            ("PATH".into(), "/bin".into()),
            ("HELM_KUBECONTEXT".into(), "other".into()),
            ("HELM_DRIVER".into(), "sql".into()),
        ]);
        let target =
            Target { program: "helm", access: &access, namespace: "shop", release: "web", environment: &environment };
        let timeout = Duration::from_millis(96_500);
        let way = Rollback { revision: 7, wait: Wait::Pods, conflicts: Conflicts::AsHelmDoes, timeout };
        let command = rollback(&target, way);
        assert_eq!(
            command.to_string(),
            "helm rollback --namespace shop --timeout 96s --kube-context prod --kube-as-user deployer --kube-as-group a \
             --kube-as-group b --wait --history-max 0 -- web 7"
        );
        let names: Vec<_> = command.environment().keys().filter_map(|name| name.to_str()).collect();
        assert_eq!(names, ["BACKOUT_ROLLBACK_OF", "HELM_DRIVER", "PATH"]);
        assert_eq!(mark(&target), "shop/web prod ");
        let plain = ClusterAccess::default();
        let target = Target { access: &plain, ..target };
        let way = Rollback { wait: Wait::HooksOnly, conflicts: Conflicts::GoBack, ..way };
        let forced = rollback(&target, way).to_string();
        assert_eq!(forced, "helm rollback --namespace shop --timeout 96s --force-conflicts --history-max 0 -- web 7");
        let upgraded = upgrade(&target, Path::new("/tmp/chart"), Duration::from_secs(9)).to_string();
        assert_eq!(
            upgraded,
            "helm upgrade --namespace shop --timeout 9s --reset-values --history-max 0 -- web /tmp/chart"
        );
        let uninstall = uninstall(&target, Duration::from_millis(10)).to_string();
        assert_eq!(uninstall, "helm uninstall --namespace shop --timeout 1s --wait -- web");
    }
}
