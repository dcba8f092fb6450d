//! The teams, and what each says.

use backout_core::config;
use backout_core::data::Framework;

use super::fit::{Site, fit};
use crate::args::Like;

/// What divides a team's text into its services and everything else.
const DIVIDER: &str = "# ---\n";

/// What a team says.
pub(in crate::commands::setup::init) struct Team {
    /// Its name, as it is asked for.
    pub(in crate::commands::setup::init) name: &'static str,
    /// What its services answer health checks at, after the first slash.
    pub(in crate::commands::setup::init) health: &'static str,
    /// Services like its own, with what runs them: for where nothing was found.
    pub(in crate::commands::setup::init) services: &'static str,
    /// Everything else, about services that are not known yet.
    rest: &'static str,
}

/// The team of that name.
pub(in crate::commands::setup::init) fn team(like: Like) -> Team {
    let (name, health, text) = match like {
        Like::Heliosdb => ("heliosdb", "health", include_str!("heliosdb.yaml")),
        Like::PiperMorgan => ("piper-morgan", "health", include_str!("piper-morgan.yaml")),
        Like::Himalytix => ("himalytix", "health/", include_str!("himalytix.yaml")),
        Like::Predator => ("predator", "health", include_str!("predator.yaml")),
        Like::HelmAndCompose => ("helm-and-compose", "health", include_str!("helm-and-compose.yaml")),
    };
    let (services, rest) = text.split_once(DIVIDER).unwrap_or((text, ""));
    Team { name, health, services, rest }
}

impl Team {
    /// Everything but the services, for the services of a text that was drafted so far, and the tool that changes their schema.
    pub(in crate::commands::setup::init) fn fitted(&self, drafted: &str, framework: Option<Framework>) -> Vec<String> {
        // What cannot be read has no services here; whoever checks the whole says why.
        let config = config::load(drafted, &|_| None).ok();
        let environments = config.iter().flat_map(|config| config.environments.values());
        let services = environments.flat_map(|environment| environment.services.values());
        fit(self.rest, &Site::new(services, framework))
    }
}
