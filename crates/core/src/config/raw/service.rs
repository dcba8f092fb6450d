//! Platforms and services.

use std::time::Duration;

use super::{RawArgocd, RawFallback, RawHelm, RawKubernetes, RawProbe, RawRevert, RawVersion};
use crate::config::leaf::{Period, Word};
use crate::config::read::{Either, List, Map, OneOrMany, Scalar, raw};
use crate::config::{GitMode, SecretOrText, SecretsPolicy, Tier, WorkloadName};
use crate::id::ServiceName;

/// A command: a list is a program with its arguments, a text is run by `sh -c`.
pub(in crate::config) type Argv = OneOrMany<Scalar<Word>>;

raw! {
    /// What runs services: exactly one of the keys.
    RawPlatform {
        /// A Docker Compose project.
        compose: optional RawCompose,
        /// A plain host: release folders, a git work tree, systemd units.
        host: optional RawHost,
        /// The user's own commands.
        exec: optional RawExec,
        /// Workloads of a Kubernetes cluster.
        kubernetes: optional RawKubernetes,
        /// Helm releases.
        helm: optional RawHelm,
        /// Applications of Argo CD.
        argocd: optional RawArgocd,
    }
    later {
        "swarm" => "swarm",
    }
}

raw! {
    /// A Docker Compose project.
    RawCompose {
        /// Compose files, in order. Default: those that Compose finds by itself.
        files: optional List<Scalar<String>>,
        /// Environment files, in order. Default: `.env`, as Compose does.
        env_files: optional List<Scalar<String>>,
        /// The project's name. Default: as Compose names it.
        project: optional Scalar<String>,
        /// Profiles that are active.
        profiles: optional List<Scalar<String>>,
        /// The Docker context to use.
        context: optional Scalar<String>,
        /// The Docker Engine's address, as in `DOCKER_HOST`. Not together with `context`.
        host: optional Scalar<String>,
    }
}

raw! {
    /// A plain host; there is nothing to set.
    RawHost {}
}

raw! {
    /// The user's own commands; they are set with each service.
    RawExec {}
}

raw! {
    /// The unit that is deployed and rolled back.
    RawService {
        /// What runs it, where that is not the environment's platform.
        platform: optional RawPlatform,
        /// What part it plays: `infrastructure` or `application`.
        tier: optional Scalar<Tier>,
        /// The services it needs; they go back before it.
        depends_on: optional List<Scalar<ServiceName>>,
        /// What goes back together with the code.
        artifacts: optional RawArtifacts,
        /// How its health is measured, by name.
        probes: optional Map<RawProbe>,
        /// Where it says itself which version it is. That is recorded with each checkpoint, and compared after going back.
        version: optional RawVersion,
        /// How long it may take to stop. Default: as the platform says.
        stop_timeout: optional Scalar<Duration>,
        /// What can be switched on in place of going back, where this service is affected.
        fallback: optional RawFallback,
        /// In place of a platform: what leads users to one of several other services, such as a blue and a green one. It goes
        /// back by leading them to where it led.
        traffic: optional RawTraffic,
        /// Platform `compose`: its name in the project. Default: the same name.
        service: optional Scalar<String>,
        /// Platform `host`: a git work tree, as its folder or with more settings.
        git: optional Either<Scalar<String>, RawGit>,
        /// Platform `host`: the folder that holds `releases/ID` and the link `current`.
        releases: optional Scalar<String>,
        /// Platform `host`: the command that builds a version, run in its folder.
        build: optional Argv,
        /// Platform `host`: systemd units that are restarted.
        units: optional List<Scalar<String>>,
        /// Platform `host`: commands that restart it, instead of units.
        command: optional RawCommand,
        /// Platform `host`: the program that `backout` itself keeps running, instead of units.
        run: optional Argv,
        /// Platform `host`: environment variables for `run`. Values may be references such as `env:TOKEN`.
        env: optional Map<Scalar<SecretOrText>>,
        /// Platform `exec`: the command that prints what runs.
        observe: optional Argv,
        /// Platform `exec`: the command that records what runs and prints what `restore` needs.
        capture: optional Argv,
        /// Platform `exec`: the command that makes what was captured run again.
        restore: optional Argv,
        /// Platform `exec`: the command that says whether what was captured can run again.
        preflight: optional Argv,
        /// Platform `exec`: a command that never ends and prints a line whenever something moved.
        events: optional Argv,
        /// Platform `exec`: how long one command may take. Default 5m.
        timeout: optional Scalar<Period>,
        /// Platform `kubernetes`: the Deployment that it is. Default: that of the same name.
        deployment: optional Scalar<String>,
        /// Platform `kubernetes`: the StatefulSet that it is.
        statefulset: optional Scalar<String>,
        /// Platform `kubernetes`: the DaemonSet that it is.
        daemonset: optional Scalar<String>,
        /// Platform `kubernetes`: the Rollout (Argo Rollouts) that it is.
        rollout: optional Scalar<String>,
        /// Platform `kubernetes`: what happens to the Secrets it uses: `keep` what they hold today (default), or `restore`.
        secrets: optional Scalar<SecretsPolicy>,
        /// Platforms `kubernetes` and `helm`: how long a pod may take to become ready before a deploy that waits for it is
        /// given up. Default: what its own probes grant, and a minute; more where others took more.
        ready_within: optional Scalar<Period>,
        /// Platform `helm`: the release that it is. Default: that of the same name.
        release: optional Scalar<String>,
        /// Platform `argocd`: the Application that it is. Default: that of the same name.
        application: optional Scalar<String>,
        /// Platforms `helm` and `argocd`: the workload in whose pods programs are run, for migrations and checks:
        /// `deployment/backend`. Default: the only one that there is.
        exec_in: optional Scalar<WorkloadName>,
        /// Platforms `kubernetes`, `helm` and `argocd`: the Service that leads users to it, or a list of them. Going back is proven
        /// only when each of them leads to a ready pod of it.
        reached_by: optional OneOrMany<Scalar<String>>,
        /// Platform `argocd`: go back by a revert in the repository, instead of a rollback with auto-sync paused.
        revert: optional RawRevert,
    }
}

raw! {
    /// What leads users to one of several other services: a symbolic link that a proxy reads, or a Service of a cluster.
    RawTraffic {
        /// The symbolic link, such as one that nginx includes.
        link: optional Scalar<String>,
        /// The Service of the cluster, on the cluster and in the namespace of the environment.
        service: optional Scalar<Word>,
        /// The services that it can lead to, each with where the link leads then, or with the whole selector of the Service then:
        /// `{ blue: blue.conf, green: green.conf }`, `{ blue: { app: web, color: blue }, green: { app: web, color: green } }`.
        to: required Map<Either<Scalar<String>, Map<Scalar<Word>>>>,
        /// With `link`: a command that must succeed before the proxy is told: `[nginx, -t]`. Where it fails, the link goes back.
        check: optional Argv,
        /// With `link`: the command that tells the proxy, where it does not look by itself: `[nginx, -s, reload]`.
        reload: optional Argv,
    }
}

raw! {
    /// What goes back together with the code.
    RawArtifacts {
        /// Configuration files.
        config: optional List<Scalar<String>>,
    }
}

raw! {
    /// A git work tree.
    RawGit {
        /// Its folder.
        root: required Scalar<String>,
        /// The branch that is deployed. Default: the one that is checked out.
        branch: optional Scalar<String>,
        /// How it goes back: `checkout` of the good commit (default), or `revert` of the bad ones.
        mode: optional Scalar<GitMode>,
    }
}

raw! {
    /// Commands that manage a service.
    RawCommand {
        /// Restarts it.
        restart: required Argv,
        /// Exits 0 while it runs.
        status: optional Argv,
    }
}
