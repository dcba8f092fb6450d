//! Those who recover, each from the same bad deploy: an image that no registry has, and for one row a version that crashes.

use std::time::{Duration, Instant};

use super::observer::Observer;
use super::shop::BAD;
use super::site::{Deployed, Pace, Programs, Site};
use crate::bench::spread::Spread;
use crate::failure::Failure;

/// What a careful team's script does. `kubectl rollout status` by itself waits for the Deployment's own
/// `progressDeadlineSeconds`, which is 600 where nobody has written another; 30 s are what such scripts give it instead.
const SCRIPT: &str = "kubectl set image deployment/web app=shop/web:2-missing
kubectl rollout status deployment/web --timeout=30s && exit 0
kubectl rollout undo deployment/web
exec kubectl rollout status deployment/web --timeout=60s
";

/// Somebody who deploys and recovers.
pub(super) struct Recoverer {
    pub(super) who: &'static str,
    /// How often; one of them takes minutes.
    pub(super) times: usize,
    deployed: Deployed,
    pace: Pace,
    /// In words between spaces.
    command: &'static str,
    /// What it ends with when it has recovered.
    code: i32,
}

/// From the start of the deploy command.
#[derive(Debug, Clone, Copy)]
struct Recovery {
    /// Until the workload is well, seen from outside.
    well: Duration,
    /// Until whoever recovered it has ended, having verified it by their own means.
    told: Duration,
}

/// The one that all others are measured against comes last.
pub(super) const ALL: [Recoverer; 8] = [
    Recoverer {
        who: "`backout guard -- helm upgrade --wait`",
        times: 5,
        deployed: Deployed::Release,
        pace: Pace::Kubelet,
        command: "backout guard -- helm upgrade shop chart --set tag=2-missing --wait",
        code: 3,
    },
    Recoverer {
        who: "the same, a version that crashes",
        times: 5,
        deployed: Deployed::Release,
        pace: Pace::Kubelet,
        command: "backout guard -- helm upgrade shop chart --set tag=2-crash --wait",
        code: 3,
    },
    Recoverer {
        who: "`backout guard -- kubectl set image`",
        times: 5,
        deployed: Deployed::Workload,
        pace: Pace::Kubelet,
        command: "backout guard -- kubectl set image deployment/web app=shop/web:2-missing",
        code: 3,
    },
    Recoverer {
        who: "script: `kubectl rollout status --timeout=30s`, `undo`, `status`",
        times: 3,
        deployed: Deployed::Workload,
        pace: Pace::Kubelet,
        command: "sh recover.sh",
        code: 0,
    },
    Recoverer {
        who: "`helm upgrade --rollback-on-failure --timeout 30s`",
        times: 3,
        deployed: Deployed::Release,
        pace: Pace::Kubelet,
        command: "helm upgrade shop chart --set tag=2-missing --rollback-on-failure --timeout 30s",
        code: 1,
    },
    Recoverer {
        who: "`backout guard -- helm upgrade --wait`, pods at once",
        times: 5,
        deployed: Deployed::Release,
        pace: Pace::Double,
        command: "backout guard -- helm upgrade shop chart --set tag=2-missing --wait",
        code: 3,
    },
    Recoverer {
        who: "`backout guard -- kubectl set image`, pods at once",
        times: 5,
        deployed: Deployed::Workload,
        pace: Pace::Double,
        command: "backout guard -- kubectl set image deployment/web app=shop/web:2-missing",
        code: 3,
    },
    Recoverer {
        who: "`helm upgrade --rollback-on-failure`, its default timeout of 5 minutes",
        times: 1,
        deployed: Deployed::Release,
        pace: Pace::Kubelet,
        command: "helm upgrade shop chart --set tag=2-missing --rollback-on-failure",
        code: 1,
    },
];

/// What came of somebody's recoveries.
pub(super) struct Measured {
    pub(super) well: Spread,
    pub(super) told: Spread,
}

impl Recoverer {
    /// Recovers as often as said, each time on a cluster of its own.
    pub(super) fn measure(&self, programs: &Programs) -> Result<Measured, Failure> {
        let all: Result<Vec<Recovery>, Failure> = (0..self.times).map(|_| self.recover(programs)).collect();
        let all = all?;
        Ok(Measured { well: Spread::of(all.iter().map(|it| it.well)), told: Spread::of(all.iter().map(|it| it.told)) })
    }

    fn recover(&self, programs: &Programs) -> Result<Recovery, Failure> {
        let site = Site::deployed(programs, self.deployed, self.pace)?;
        site.write("recover.sh", SCRIPT)?;
        let observer = Observer::start(&site.double);
        // Its first look is at what is good.
        std::thread::sleep(Duration::from_millis(200));
        let begun = Instant::now();
        let mut words = self.command.split(' ');
        let (program, words, log) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>(), site.log());
        let mut child = site.call(program, &words).child(&log)?;
        let status = child.wait().map_err(Failure::file(&log))?;
        let told = begun.elapsed();
        let well = observer.well_at().map_err(|error| self.failed(&site, &error.to_string()))?;
        if status.code() != Some(self.code) {
            return Err(self.failed(&site, &format!("ended with {status}, and not with {}", self.code)));
        }
        self.agree(&site)?;
        Ok(Recovery { well: well.duration_since(begun), told })
    }

    fn failed(&self, site: &Site<'_>, what: &str) -> Failure {
        Failure::Check(format!("{}: {what}\n{}", self.who, site.last_words()))
    }

    /// Whether `kubectl` and `helm` say so as well.
    fn agree(&self, site: &Site<'_>) -> Result<(), Failure> {
        site.run("kubectl", &["rollout", "status", "deployment/web", "--timeout=5s"])?;
        let image = site.run("kubectl", &["get", "deployment/web", "-o", "jsonpath={..image}"])?;
        if image.contains(BAD) {
            return Err(self.failed(site, "the bad image is still asked for"));
        }
        if matches!(self.deployed, Deployed::Release) {
            let status = site.run("helm", &["status", "shop", "-o", "json"])?;
            if !status.contains("\"status\":\"deployed\"") {
                return Err(self.failed(site, &format!("Helm says otherwise: {status}")));
            }
        }
        Ok(())
    }
}
