//! Settings that this version accepts and does not act on: who wrote them should know.

use backout_core::config::{Database, Environment};
use backout_core::detect::is_error_rate;
use backout_core::id::DatabaseName;
use backout_core::inventory::PlatformKind;

use super::finding::Finding;

/// One note a setting that is made.
pub(super) fn unsupported(environment: &Environment) -> Vec<Finding> {
    let verify = &environment.verify;
    let is_idle = verify.error_rate_below.is_some() && !has_error_rate(environment);
    let what = "accepted, and not acted on: no signal is called `errors` or `error_rate`";
    let idle = is_idle.then(|| Finding::note("verify.error_rate_below", what.to_owned()));
    idle.into_iter().chain(migrations(environment)).collect()
}

/// Migrations of a service in which no program can be run: they are never undone, and nothing else says so before they would
/// have to be.
fn migrations(environment: &Environment) -> Vec<Finding> {
    let note = |(name, database): (&DatabaseName, &Database)| {
        let migrations = database.migrations.as_ref()?;
        let service = migrations.service.as_ref()?;
        let kind = environment.services.get(service)?.platform.kind();
        let can_run_none = matches!(kind, PlatformKind::Exec | PlatformKind::Traffic);
        let (framework, platform) = (migrations.framework, kind.as_str());
        let what = format!(
            "accepted, and not acted on: migrations of {framework} cannot be undone, because no program can be run in \
             `{service}` on its platform (`{platform}`)"
        );
        let hint = "the data goes back by a restore point (`backup: { before_deploy: true }`), or by migrations of plain SQL \
                    that `backout` runs itself";
        can_run_none.then(|| Finding::note(format!("databases.{name}.migrations"), what).hint(hint.to_owned()))
    };
    environment.databases.iter().filter_map(note).collect()
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

    #[test]
    fn migrations_that_cannot_be_undone_are_told() {
        let told = |platform: &str| {
            let text = format!(
                "version: 1\nproject: shop\nenvironments:\n  staging:\n    services:\n      web: {{ platform: {platform} }}\n    \
                 databases:\n      main:\n        postgres: {{ url: \"env:URL\" }}\n        migrations: {{ django: {{ in: web }} }}\n"
            );
            let config = config::load(&text, &|_| None).unwrap();
            let findings = unsupported(config.environments.values().next().unwrap());
            findings.into_iter().map(|finding| (finding.check, finding.what)).collect::<Vec<_>>()
        };
        let [(check, what)] = told("{ exec: {} }, observe: x, capture: x, restore: x").try_into().unwrap();
        assert_eq!(check, "databases.main.migrations");
        assert!(what.contains("django cannot be undone") && what.contains("`exec`"), "{what}");
        for platform in ["compose", "kubernetes", "helm", "argocd"] {
            assert_eq!(told(&format!("{{ {platform}: {{}} }}")), [], "{platform}");
        }
    }
}
