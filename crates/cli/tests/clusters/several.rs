//! One environment on two clusters: both go back in one plan, and neither is blamed for, or waits for, the other.

use std::time::Duration;

use backout_kube_double::{Behaviour, Double, Fault, FaultKind, Instruction};
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::manifests::{secret, web};
use crate::site::Site;

/// Longer than any test here takes.
const AWAY: Duration = Duration::from_secs(600);

const SERVICES: &str = "east: { platform: { kubernetes: { kubeconfig: two.yaml, context: east, namespace: default } }, deployment: web }
      west: { platform: { kubernetes: { kubeconfig: two.yaml, context: west, namespace: default } }, deployment: web, depends_on: [east] }";

/// A site whose own API server is `east`, and another one, `west`: `web` runs on both, and is recorded as good.
struct Two {
    site: Site,
    west: Double,
}

impl Two {
    fn new(test: &str) -> Option<Self> {
        let site = Site::new(test, Generation::Helm4, SERVICES)?;
        let two = Self { site, west: Double::start().unwrap() };
        two.site.clients.write("two.yaml", &two.kubeconfig().to_string());
        let file = two.site.clients.write("web.yaml", &format!("{}---\n{}", secret("old"), web("shop/web:1", "fine")));
        for context in ["east", "west"] {
            two.kubectl(context, &["apply", "-f", &file.display().to_string()]);
            two.kubectl(context, &["rollout", "status", "deployment/web", "--timeout=30s"]);
        }
        two.site.backout(&["checkpoint", "create"]).expect_code(0);
        Some(two)
    }

    /// A kubeconfig with both contexts, of which neither is the current one.
    fn kubeconfig(&self) -> Value {
        let servers = [("east", self.site.double.url()), ("west", self.west.url())];
        json!({
            "apiVersion": "v1", "kind": "Config", "users": [{"name": "me", "user": {}}],
            "clusters": servers.map(|(name, server)| json!({"name": name, "cluster": {"server": server}})),
            "contexts": servers.map(|(name, _)| json!({"name": name, "context": {"cluster": name, "user": "me"}})),
        })
    }

    fn kubectl(&self, context: &str, arguments: &[&str]) -> String {
        let of = ["--kubeconfig", "two.yaml", "--context", context];
        self.site.clients.kubectl(&[&of, arguments].concat()).ok()
    }

    /// Breaks `web` on both without anybody watching.
    fn breaks(&self) {
        for context in ["east", "west"] {
            self.kubectl(context, &["set", "image", "deployment/web", "app=shop/web:2-crash"]);
        }
    }

    /// What runs of `web` on a cluster by digest, as the API server has it; pods on their way out do not count.
    fn running(double: &Double) -> Vec<String> {
        let pods = double.objects("v1", "Pod", "default");
        let stays = |pod: &&Value| pod["metadata"].get("deletionTimestamp").is_none();
        let images = pods.iter().filter(stays).map(|pod| {
            let container = &pod["status"]["containerStatuses"][0];
            format!("{} {}", container["imageID"].as_str().unwrap_or_default(), container["ready"])
        });
        let mut images: Vec<String> = images.collect();
        images.sort_unstable();
        images
    }

    fn both(&self) -> [Vec<String>; 2] {
        [Self::running(&self.site.double), Self::running(&self.west)]
    }

    /// The newest run's checks of a service's target and health, with their verdicts.
    fn verdicts(&self) -> Vec<(String, String)> {
        let verified = self.site.journal().newest("verified").unwrap().body;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let checks = verified["checks"].as_array().unwrap().iter();
        checks.map(|check| (text(&check["name"]), text(&check["verdict"]))).collect()
    }
}

#[test]
fn services_on_two_clusters_go_back_in_one_plan() {
    let Some(two) = Two::new("services_on_two_clusters_go_back_in_one_plan") else { return };
    let good = two.both();
    two.breaks();
    let plan = two.site.backout(&["plan"]).expect_code(0).stdout;
    let place = |what: &str| plan.find(what).unwrap_or_else(|| panic!("no `{what}` in: {plan}"));
    assert!(place("switch `east`") < place("switch `west`"));
    let ended = two.site.backout(&["rollback", "--yes"]).expect_code(0);
    assert_eq!(two.both(), good, "{}", ended.stderr);
}

#[test]
fn an_api_server_that_is_gone_is_named_and_the_other_cluster_goes_back_alone() {
    let test = "an_api_server_that_is_gone_is_named_and_the_other_cluster_goes_back_alone";
    let Some(two) = Two::new(test) else { return };
    let good = two.both();
    two.breaks();
    two.west.away(AWAY);
    let place = format!("the API server (context `west`, {}): no connection: ", two.west.url());
    let status = two.site.backout(&["status"]).expect_code(0).stdout;
    let line = |service: &str| status.lines().find(|line| line.starts_with(service)).unwrap_or_default().to_owned();
    assert!(line("west").contains(&place) && !line("east").contains("unknown"), "{status}");

    // Nobody knows what runs there, so nothing of both is touched.
    let refused = two.site.backout(&["rollback", "--yes"]).expect_code(5);
    assert!(refused.stderr.contains("unknown-facts: `west`") && refused.stderr.contains(&place), "{}", refused.stderr);
    let bad = two.both();
    assert_ne!(bad[0], good[0]);

    let ended = two.site.backout(&["rollback", "--yes", "--service", "east"]).expect_code(0);
    assert_eq!(two.both(), [good[0].clone(), bad[1].clone()], "{}", ended.stderr);
    let told = [("east runs the target", "healthy"), ("east is up", "healthy"), ("west is up", "unmeasurable")];
    assert_eq!(two.verdicts(), told.map(|(name, verdict)| (name.to_owned(), verdict.to_owned())));
    assert!(!ended.stderr.contains("every check holds"), "{}", ended.stderr);
}

/// It takes what is sent and never says a word: that is waited for once, and not with every look.
#[test]
fn an_api_server_that_is_silent_does_not_hold_the_other_cluster_up() {
    let Some(two) = Two::new("an_api_server_that_is_silent_does_not_hold_the_other_cluster_up") else { return };
    let good = two.both();
    two.breaks();
    two.west.fault(Fault::new("", "", u32::MAX, FaultKind::Delay { milliseconds: 600_000 }));
    let ended = two.site.backout(&["rollback", "--yes", "--service", "east"]).expect_code(0);
    assert_eq!(two.both()[0], good[0], "{}", ended.stderr);
    let once = "no list of deployments within 15 s";
    assert_eq!(two.site.journal().since(0).iter().filter(|it| it.body.to_string().contains(once)).count(), 1);
}

#[test]
fn a_cluster_that_takes_no_more_writes_half_way_is_said_not_to_be_back() {
    let Some(two) = Two::new("a_cluster_that_takes_no_more_writes_half_way_is_said_not_to_be_back") else { return };
    let good = two.both();
    two.breaks();
    // The first is asked of it before anything is changed, and changes nothing itself.
    let no = FaultKind::Answer { code: 403, retry_after: None };
    two.west.fault(Fault::new("update", "/deployments/web", u32::MAX, no).skipping(1));
    let ended = two.site.backout(&["rollback", "--yes"]).expect_code(4);
    let [east, west] = two.both();
    assert!(east == good[0] && west != good[1], "{}", ended.stderr);
    let summary = two.site.journal().newest("run_ended").unwrap();
    let summary = summary.text("/summary").unwrap();
    let (back, not_back) = summary.split_once("; back: ").unwrap().1.split_once("; not back: ").unwrap();
    assert!(back.starts_with("`east` runs") && not_back.starts_with("`west` "), "{summary}");

    two.west.tell(Instruction::NoFaults);
    two.site.backout(&["rollback", "--yes", "--force", "destination-unhealthy"]).expect_code(0);
    assert_eq!(two.both(), good);
}

/// The library of the client would try again for more than five minutes.
#[test]
fn an_api_server_that_stays_too_busy_is_told_within_seconds() {
    let Some(two) = Two::new("an_api_server_that_stays_too_busy_is_told_within_seconds") else { return };
    two.breaks();
    let busy = FaultKind::Answer { code: 503, retry_after: None };
    two.west.fault(Fault::new("update", "/deployments/web", u32::MAX, busy));
    let refused = two.site.backout(&["rollback", "--yes"]).expect_code(5);
    assert!(refused.stderr.contains("whether `web` may be changed could not be asked"), "{}", refused.stderr);
    assert!(two.west.requests().iter().filter(|it| it.verb == "update").count() < 10);
}

#[test]
fn a_deploy_to_two_clusters_that_is_bad_on_one_of_them_takes_both_back() {
    let Some(two) = Two::new("a_deploy_to_two_clusters_that_is_bad_on_one_of_them_takes_both_back") else { return };
    let good = two.both();
    two.west.image("shop/web:2", Behaviour::Crash);
    let set = |context: &str| {
        format!("kubectl --kubeconfig two.yaml --context {context} set image deployment/web app=shop/web:2")
    };
    let ended = two.site.guard(&["sh", "-c", &format!("{} && {}", set("east"), set("west"))]);
    two.site.went_back(&ended);
    assert_eq!(two.both(), good, "{}", ended.stderr);
    let judged = two.site.journal().newest("judged").unwrap().body.to_string();
    assert!(judged.contains("\"west") && !judged.contains("\"east"), "the one that is well is not blamed: {judged}");
}
