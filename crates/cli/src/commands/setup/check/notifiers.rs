//! Those who are told: whether the secrets that each needs can be had, and each template be used. Nobody is told anything.

use backout_core::notify::{Notice, check_template};
use backout_core::port::Clock;
use backout_engine::clock::SystemClock;

use super::finding::Finding;
use crate::wire::{Setup, notifiers as clients, templates};

/// One finding for each who is told, and one for each template.
pub(super) async fn notifiers(setup: &Setup) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, client) in clients(setup) {
        let check = format!("notifier {name}");
        findings.push(match client.prepared().await {
            Ok(()) => Finding::holds(check, "its secrets can be had"),
            Err(error) => Finding::fails(check, error.what)
                .hint(format!("then try it: `{}`", setup.typed(&format!("notify test {name}")))),
        });
    }
    let notice = Notice::test(&setup.found.config.project, &setup.environment.name, SystemClock.now(), 0);
    for (name, read) in templates(setup).await {
        let check = format!("template of {name}");
        let used = read.and_then(|text| check_template(&text, &notice).map_err(|error| error.to_string()));
        findings.push(match used {
            Ok(()) => Finding::holds(check, "it can be used"),
            Err(why) => Finding::fails(check, why).hint("until then its notices have the default words".to_owned()),
        });
    }
    findings
}
