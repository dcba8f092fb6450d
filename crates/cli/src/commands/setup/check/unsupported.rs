//! Settings that this version accepts and does not act on: who wrote them should know.

use backout_core::config::Environment;
use backout_core::detect::is_error_rate;

use super::finding::Finding;

/// One note a setting that is made.
pub(super) fn unsupported(environment: &Environment) -> Vec<Finding> {
    let verify = &environment.verify;
    let is_idle = verify.error_rate_below.is_some() && !has_error_rate(environment);
    let what = "accepted, and not acted on: no signal is called `errors` or `error_rate`";
    is_idle.then(|| Finding::note("verify.error_rate_below", what.to_owned())).into_iter().collect()
}

/// Whether there is a signal that `verify.error_rate_below` can be about.
fn has_error_rate(environment: &Environment) -> bool {
    environment.signals.keys().any(|name| is_error_rate(name.as_str()))
}

#[cfg(test)]
mod tests {
    use backout_core::config;

    use super::*;

    fn keys(settings: &str) -> Vec<String> {
        let text = format!(
            "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: {{ host: {{}} }}\n    services:\n      \
             web: {{ releases: app, run: [./start] }}\n{settings}"
        );
        let config = config::load(&text, &|_| None).unwrap();
        let environment = config.environments.values().next().unwrap();
        unsupported(environment).into_iter().map(|finding| finding.check).collect()
    }

    #[test]
    fn only_settings_that_are_made_are_told() {
        assert_eq!(keys(""), [""; 0]);
        assert_eq!(keys("    verify: { error_rate_below: 1% }\n"), ["verify.error_rate_below"]);
        assert_eq!(keys("    objectives: { service: 5m }\n"), [""; 0]);
    }
}
