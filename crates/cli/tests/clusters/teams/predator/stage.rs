//! The team's stack: its chart, and the payment provider that it depends on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backout_kube_double::Behaviour;
use backout_testkit::client::{ask, status};
use backout_testkit::guarded::{Running, wait_until};
use backout_testkit::kube::Generation;
use backout_testkit::receiver::{Answer, HttpReceiver};

use crate::site::SOON;
use crate::teams::team::{Example, Team};

const EXAMPLE: Example = Example {
    folder: "predator",
    namespace: "production",
    program: ("predator/", "app/predator.py"),
    database: "predator",
    services: &[("API_URL", "backend")],
    asked: "/api/events",
};

/// The workloads, and how many pods each has.
pub(super) const ALL: [(&str, usize); 3] = [("backend", 3), ("frontend", 2), ("celery-worker", 2)];

/// The team, and the payment provider.
pub(super) struct Predator {
    pub(super) team: Team,
    is_away: Arc<AtomicBool>,
    payments: HttpReceiver,
}

impl Predator {
    /// What the chart needs is there, and nothing of it is deployed.
    pub(super) fn open(test: &str, environment: &'static str) -> Option<Self> {
        let mut team = Team::open(test, Generation::Helm4, (&EXAMPLE, environment))?;
        let is_away = Arc::new(AtomicBool::new(false));
        let away = Arc::clone(&is_away);
        let payments = HttpReceiver::start(move |_| match away.load(Ordering::SeqCst) {
            true => Answer::Say(503, "try again later".to_owned()),
            false => Answer::Say(200, "ok".to_owned()),
        });
        let payments = payments.unwrap();
        team.variables.push(("PAYMENTS_URL", payments.url("/status")));
        // A tag says how the pods are, and nothing about the Job that comes before them.
        team.double.image("predator/migrations", Behaviour::Ready);
        let url = format!("--from-literal=DATABASE_URL={}", team.database.url());
        team.kubectl(&["create", "secret", "generic", "predator-database", &url]);
        team.kubectl(&["create", "configmap", "predator-breaker", "--from-literal=FALLBACK=off"]);
        let here = format!("config: {{ PAYMENTS_URL: \"{}\" }}\n", payments.url("/status"));
        team.clients.write("here.yaml", &here);
        Some(Self { team, is_away, payments })
    }

    /// The release, up and recorded as good, with users.
    pub(super) fn installed(test: &str, environment: &'static str) -> Option<Self> {
        let mut predator = Self::open(test, environment)?;
        predator.team.helm(&["install", "predator", "chart", "--values", "here.yaml", "--wait", "--timeout", "60s"]);
        predator.begin();
        Some(predator)
    }

    /// What runs is good, and has users.
    pub(super) fn begin(&mut self) {
        wait_until("the good version to answer", SOON, || self.version().as_deref() == Some("1.4.2"));
        self.team.welcome();
        self.team.backout(&["checkpoint", "create"]).expect_code(0);
    }

    /// What a template of the chart makes.
    pub(super) fn template(&self, name: &str, set: &str) -> String {
        let file = format!("templates/{name}.yaml");
        let words = ["template", "predator", "chart", "--values", "here.yaml", "--set", set, "--show-only", &file];
        self.team.helm(&words)
    }

    /// The database is as the good version has it, where no hook of Helm's does that.
    pub(super) fn migrate(&self) {
        self.team.clients.write("migrations.yaml", &self.template("migrations", "tag=1.4.2"));
        self.team.kubectl(&["apply", "--filename", "migrations.yaml"]);
        self.team.kubectl(&["wait", "job/migrations", "--for=condition=complete", "--timeout=30s"]);
    }

    /// The payment provider is away, or back.
    pub(super) fn pay(&self, is_possible: bool) {
        self.is_away.store(!is_possible, Ordering::SeqCst);
        assert_eq!(status(self.payments.port(), "/status"), if is_possible { 200 } else { 503 });
    }

    /// Switches something beside the chart, which the pods see at once.
    pub(super) fn switch(&self, name: &str, word: &str) {
        let patch = format!(r#"{{"data": {{"{name}": "{word}"}}}}"#);
        self.team.kubectl(&["patch", "configmap", "predator-breaker", "--type", "merge", "--patch", &patch]);
    }

    /// The version that the backend says it is.
    pub(super) fn version(&self) -> Option<String> {
        self.team.says("/version", "version")
    }

    /// `helm upgrade` as the team does it, guarded for so long, and looked at while it runs.
    pub(super) fn start_upgrade(&self, soak: &str, set: &str) -> Running {
        let upgrade =
            ["--", "helm", "upgrade", "predator", "chart", "--namespace", "production", "--values", "here.yaml"];
        let words = [&["guard", "--soak", soak], &upgrade[..], &["--set", set, "--wait", "--timeout", "300s"]].concat();
        // A rate looks back: it has the time of the observation to come down.
        let observe = if set.ends_with("-errors") { "8s" } else { "1s" };
        self.team.start(&words, &[("OBSERVE", observe)])
    }

    /// Whether a user gets an answer, and the backend says that it is healthy.
    pub(super) fn is_well(&self) -> bool {
        let port = self.team.port("API_URL");
        let events = ask(port, "GET", "/api/events", "").map(|(status, _)| status);
        status(port, "/health") == 200 && events == Some(200)
    }

    /// The digests of all that runs, by workload.
    #[track_caller]
    pub(super) fn running(&self) -> Vec<Vec<String>> {
        let all = ALL.map(|(name, count)| {
            let running = self.team.running(name);
            assert_eq!(running.len(), count, "`{name}`: {running:?}");
            running
        });
        all.to_vec()
    }
}
