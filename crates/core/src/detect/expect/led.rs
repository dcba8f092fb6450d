//! Whether a Service of a cluster leads to the pods of what it shall lead to.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ServiceName;
use crate::policy::{Check, Verdict};

/// What a Service of a cluster leads to, as it was seen. The default is a Service that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Led {
    /// Its name.
    pub name: String,
    /// Where it leads; `None` where the cluster keeps no such list: there is no such Service, or it has no selector.
    pub endpoints: Option<Vec<Endpoint>>,
    /// The pods of the service that it shall lead to, and that are not on their way out.
    pub pods: BTreeSet<String>,
    /// The labels by which it finds pods, where they were looked up.
    pub selector: BTreeMap<String, String>,
    /// The labels of one of the pods.
    pub labels: BTreeMap<String, String>,
}

/// An address that a Service leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The pod behind it, where it is one.
    pub pod: Option<String>,
    /// Whether requests are sent there.
    pub is_ready: bool,
}

/// The check that a Service leads to a service.
///
/// | the cluster's list | pods of it, ready | pods of it, not ready | verdict   | because             |
/// |--------------------|-------------------|-----------------------|-----------|---------------------|
/// | is none            |                   |                       | unhealthy | no such Service     |
/// | is one             | some              | any                   | healthy   |                     |
/// | is one             | none              | some                  | unhealthy | they take no requests |
/// | is one             | none              | none                  | unhealthy | its selector        |
#[must_use]
pub fn is_led_to(service: &ServiceName, led: &Led) -> Check {
    let (verdict, what) = match &led.endpoints {
        None => (Verdict::Unhealthy, format!("the namespace has no Service `{}` with a selector", led.name)),
        Some(endpoints) => judged(led, endpoints),
    };
    check(service, &led.name, verdict, what)
}

/// The check where it was not found out.
#[must_use]
pub fn is_not_known_to_be_led_to(service: &ServiceName, name: &str, why: String) -> Check {
    check(service, name, Verdict::Unmeasurable, why)
}

fn check(service: &ServiceName, name: &str, verdict: Verdict, what: String) -> Check {
    let name = format!("{service} is reached by {name}");
    Check { name, verdict, what, was_red_before: false, is_advisory: false }
}

fn judged(led: &Led, endpoints: &[Endpoint]) -> (Verdict, String) {
    let is_own = |endpoint: &&Endpoint| endpoint.pod.as_ref().is_some_and(|pod| led.pods.contains(pod));
    // A pod with two addresses is one.
    let own = |is_ready: bool| -> BTreeSet<&String> {
        let found = endpoints.iter().filter(is_own).filter(|endpoint| endpoint.is_ready == is_ready);
        found.filter_map(|endpoint| endpoint.pod.as_ref()).collect()
    };
    let ready = own(true).len();
    if ready > 0 {
        return (Verdict::Healthy, format!("leads to {ready} of its pods"));
    }
    let others = endpoints.iter().filter(|endpoint| endpoint.is_ready && !is_own(endpoint)).count();
    let elsewhere = match others {
        0 => "leads to no pod that takes requests".to_owned(),
        1 => "leads to one address, which is none of its pods".to_owned(),
        some => format!("leads to {some} addresses, which are none of its pods"),
    };
    let why = match own(false).len() {
        0 => mismatch(led),
        1 => Some("the pod behind it is not ready".to_owned()),
        some => Some(format!("the {some} pods behind it are not ready")),
    };
    (Verdict::Unhealthy, why.map_or_else(|| elsewhere.clone(), |why| format!("{elsewhere}: {why}")))
}

/// What of the selector its pods do not have.
fn mismatch(led: &Led) -> Option<String> {
    if led.pods.is_empty() {
        return Some("there are no pods".to_owned());
    }
    let wrong = led.selector.iter().find(|(key, value)| led.labels.get(*key) != Some(value))?;
    let (key, wanted) = wrong;
    Some(match led.labels.get(key) {
        Some(has) => format!("it selects `{key}={wanted}`, and its pods have `{key}={has}`"),
        None => format!("it selects `{key}={wanted}`, and its pods have no label `{key}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// Of `web-1` and `web-2`, with where a Service leads and whether that takes requests.
    fn judged_of(endpoints: &[(&str, bool)]) -> (Verdict, String) {
        let endpoint = |(pod, is_ready): &(&str, bool)| Endpoint {
            pod: (!pod.is_empty()).then(|| (*pod).to_owned()),
            is_ready: *is_ready,
        };
        let led = Led {
            name: "front".to_owned(),
            endpoints: Some(endpoints.iter().map(endpoint).collect()),
            pods: ["web-1".to_owned(), "web-2".to_owned()].into(),
            selector: labels(&[("app", "web"), ("track", "blue")]),
            labels: labels(&[("app", "web"), ("track", "green")]),
        };
        let check = is_led_to(&ServiceName::new("web").unwrap(), &led);
        assert_eq!(check.name, "web is reached by front");
        (check.verdict, check.what)
    }

    #[test]
    fn a_service_is_reached_where_a_pod_of_it_takes_requests() {
        let healthy = |what: &str| (Verdict::Healthy, what.to_owned());
        assert_eq!(judged_of(&[("web-1", true), ("web-2", true)]), healthy("leads to 2 of its pods"));
        assert_eq!(judged_of(&[("web-1", true), ("web-1", true), ("web-2", false)]), healthy("leads to 1 of its pods"));
        assert_eq!(judged_of(&[("web-1", true), ("other-1", true)]), healthy("leads to 1 of its pods"));
    }

    #[test]
    fn why_it_is_not_reached_is_said() {
        let unhealthy = |what: &str| (Verdict::Unhealthy, what.to_owned());
        let selector = "it selects `track=blue`, and its pods have `track=green`";
        assert_eq!(judged_of(&[]), unhealthy(&format!("leads to no pod that takes requests: {selector}")));
        let one = format!("leads to one address, which is none of its pods: {selector}");
        assert_eq!(judged_of(&[("other-1", true)]), unhealthy(&one));
        let two = format!("leads to 2 addresses, which are none of its pods: {selector}");
        assert_eq!(judged_of(&[("other-1", true), ("", true)]), unhealthy(&two));
        let unready = "leads to no pod that takes requests: the 2 pods behind it are not ready";
        assert_eq!(judged_of(&[("web-1", false), ("web-2", false)]), unhealthy(unready));
        let unready = "leads to one address, which is none of its pods: the pod behind it is not ready";
        assert_eq!(judged_of(&[("web-1", false), ("other-1", true)]), unhealthy(unready));
    }

    #[test]
    fn a_service_that_is_not_there_and_pods_that_are_not_there_are_told_apart() {
        let web = ServiceName::new("web").unwrap();
        let said = |led: &Led| is_led_to(&web, led).what;
        let none = Led { name: "front".to_owned(), ..Led::default() };
        assert_eq!(said(&none), "the namespace has no Service `front` with a selector");
        let empty = Led { endpoints: Some(Vec::new()), ..none.clone() };
        assert_eq!(said(&empty), "leads to no pod that takes requests: there are no pods");
        // Nobody may look at the Service itself.
        let unread = Led { pods: ["web-1".to_owned()].into(), ..empty.clone() };
        assert_eq!(said(&unread), "leads to no pod that takes requests");
        let unlabelled = Led { selector: labels(&[("app", "web")]), ..unread };
        let why = "it selects `app=web`, and its pods have no label `app`";
        assert_eq!(said(&unlabelled), format!("leads to no pod that takes requests: {why}"));
        assert_eq!(is_not_known_to_be_led_to(&web, "front", "no".to_owned()).verdict, Verdict::Unmeasurable);
    }
}
