//! What is around a database, and all obstacles together.

use super::{content, rights, room, traffic};
use crate::data::{DatabaseReadiness, Obstacle};

/// What only matters for the obstacles that it makes. Lists are empty where the role may not look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Roles with open sessions in the database that the connected role may not end.
    pub foreign_sessions: Vec<String>,
    /// `pg_dump`s that run on the database, each in a phrase.
    pub running_dumps: Vec<String>,
    /// Tablespaces beside the database's own that tables or indexes are in.
    pub tablespaces: Vec<String>,
    /// Event triggers in the database.
    pub event_triggers: Vec<String>,
    /// Collations whose version is not the one that indexes were built with, each in a phrase.
    pub collations: Vec<String>,
    /// Connections that are open on the server, and how many there may be.
    pub connections: (u32, u32),
    /// Whether a pooler answers where the server itself is looked for.
    pub is_pooled: bool,
    /// Databases that a `DROP DATABASE` was interrupted in.
    pub invalid_databases: Vec<String>,
}

/// Every obstacle, those that block first.
#[must_use]
pub fn obstacles(seen: &DatabaseReadiness, around: &Surroundings) -> Vec<Obstacle> {
    let groups = [
        rights::versions(seen),
        rights::rights(seen, around),
        traffic::traffic(seen, around),
        room::room(seen, around),
        content::extensions(seen),
        content::content(seen, around),
    ];
    let mut obstacles: Vec<Obstacle> = groups.into_iter().flatten().flatten().collect();
    obstacles.sort_by_key(|obstacle| !obstacle.blocks);
    obstacles
}
