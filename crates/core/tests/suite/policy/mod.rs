//! The policy: the rules as they are written, what they come to, and what a run does then.

mod presets;
mod runs;
mod weighing;
mod written;

use backout_core::config::{Environment, load};
use backout_core::policy::Rules;

/// The only environment of a file, of which `policy` is the policy and `rest` what stands beside it.
fn environment(policy: &str, rest: &str) -> Environment {
    let services =
        "{ db: { tier: infrastructure }, app: { tier: application, depends_on: [db] }, web: { depends_on: [app] } }";
    let head = "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { compose: {} }\n";
    let text = format!("{head}    services: {services}\n    policy: {policy}\n{rest}");
    let config = load(&text, &|_| None).unwrap_or_else(|problems| panic!("{:?}", problems.0));
    assert_eq!(config.warnings, [], "{policy}");
    config.environments.into_values().next().unwrap()
}

fn rules(policy: &str) -> Rules {
    environment(policy, "").policy.rules
}
