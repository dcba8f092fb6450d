//! An API server with `kubectl`, Helm 4 and `backout`, in a folder of its own.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::double::Double;
use super::shop::{CHART, manifests};
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// The programs under measurement.
pub(super) struct Programs {
    backout: PathBuf,
    double: PathBuf,
    clients: PathBuf,
}

impl Programs {
    /// Builds ours as they are used, without LTO; the clients are those of the test-bed.
    pub(super) fn build() -> Result<Self, Failure> {
        let words = ["build", "--release", "--quiet", "--package", "backout", "--package", "backout-kube-double"];
        Call::new("cargo").args(words).folder(workspace::root()).run()?;
        let (release, clients) = (workspace::target().join("release"), workspace::testbed().join("kube/v37"));
        if !clients.join("kubectl").is_file() || !clients.join("helm").is_file() {
            return Err(Failure::Check("there is no `kubectl` or `helm`: run `cargo xtask testbed up`".to_owned()));
        }
        Ok(Self { backout: release.join("backout"), double: release.join("backout-kube-double"), clients })
    }

    /// What the clients are.
    pub(super) fn versions(&self) -> Result<String, Failure> {
        let said = |program: &str, words: &[&str]| Call::new(self.clients.join(program)).args(words).output();
        let kubectl: Value = serde_json::from_str(&said("kubectl", &["version", "--client", "-o", "json"])?)
            .map_err(|error| Failure::Check(format!("`kubectl version`: {error}")))?;
        let kubectl = kubectl["clientVersion"]["gitVersion"].as_str().unwrap_or_default().to_owned();
        Ok(format!("kubectl {kubectl}; Helm {}", said("helm", &["version", "--template", "{{.Version}}"])?.trim()))
    }
}

/// How fast the double's pods are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// As the tests have it: a pod is ready after 40 ms, and its image is given up after 200 ms.
    Double,
    /// About that of a kubelet: a pod is ready after 2 s, and 12 s pass from the first `ErrImagePull` to `ImagePullBackOff`.
    Kubelet,
}

/// What is deployed, and known to `backout`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deployed {
    /// `web` as a Deployment.
    Workload,
    /// `shop` as a release.
    Release,
}

/// One API server, and the folder that programs run in.
pub(super) struct Site<'a> {
    programs: &'a Programs,
    pub(super) double: Double,
    folder: PathBuf,
}

impl<'a> Site<'a> {
    /// An empty cluster, with a configuration of those services.
    pub(super) fn new(programs: &'a Programs, platform: &str, services: &str) -> Result<Self, Failure> {
        let folder = workspace::target().join("bench/clusters");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
        }
        let site = Self { programs, double: Double::start(&programs.double)?, folder };
        let head = "version: 1\nproject: shop\nenvironments:\n  prod:\n";
        site.write("backout.yaml", &format!("{head}    platform: {platform}\n    services:\n{services}"))?;
        Ok(site)
    }

    /// `web`, deployed and recorded as good.
    pub(super) fn deployed(programs: &'a Programs, what: Deployed, pace: Pace) -> Result<Self, Failure> {
        let (platform, service) = match what {
            Deployed::Workload => ("{ kubernetes: { namespace: default } }", "      web: {}\n"),
            Deployed::Release => ("{ helm: { namespace: default } }", "      shop: {}\n"),
        };
        let site = Self::new(programs, platform, service)?;
        if matches!(pace, Pace::Kubelet) {
            site.double.tell(&json!({"timings": {"ready": 2_000, "pull": 12_000, "back_off": 10_000}}))?;
        }
        match what {
            Deployed::Workload => {
                site.write("web.yaml", &manifests())?;
                site.run("kubectl", &["apply", "-f", "web.yaml"])?;
                site.run("kubectl", &["rollout", "status", "deployment/web", "--timeout=30s"])?;
            }
            Deployed::Release => {
                CHART.iter().try_for_each(|(file, content)| site.write(file, content))?;
                site.run("helm", &["install", "shop", "chart", "--wait", "--timeout", "60s"])?;
            }
        }
        site.run("backout", &["checkpoint", "create"])?;
        Ok(site)
    }

    pub(super) fn write(&self, file: &str, content: &str) -> Result<(), Failure> {
        let path = self.folder.join(file);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        fs::write(&path, content).map_err(Failure::file(&path))
    }

    /// A program (`backout`, `kubectl`, `helm`, or one of the system's) on this cluster, with caches of its own.
    pub(super) fn call(&self, program: &str, words: &[&str]) -> Call {
        let own = |name: &str| self.folder.join(name);
        let path = format!("{}:{}", self.programs.clients.display(), std::env::var("PATH").unwrap_or_default());
        let program = match program {
            "backout" => self.programs.backout.clone(),
            "kubectl" | "helm" => self.programs.clients.join(program),
            other => PathBuf::from(other),
        };
        let call = ["BACKOUT_CONFIG", "BACKOUT_ENVIRONMENT", "BACKOUT_STATE"]
            .iter()
            .fold(Call::new(program).args(words), |call, name| call.without_env(name));
        call.env("PATH", path)
            .env("KUBECONFIG", &self.double.kubeconfig)
            .env("KUBECACHEDIR", own("kube-cache"))
            .env("HELM_CACHE_HOME", own("helm-cache"))
            .env("HELM_CONFIG_HOME", own("helm-config"))
            .env("HELM_DATA_HOME", own("helm-data"))
            .folder(&self.folder)
    }

    /// Runs a program that must succeed; says what it printed.
    pub(super) fn run(&self, program: &str, words: &[&str]) -> Result<String, Failure> {
        self.call(program, words).output()
    }

    /// Where programs that are measured write to.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// The last words of the log, where something has gone otherwise than expected.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}
