//! Tools that change a database's schema, by the files they leave.

use std::path::Path;

use backout_core::data::Framework;
use serde::Serialize;

/// A tool, and what gave it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Migrations {
    pub(super) tool: &'static str,
    pub(super) path: &'static str,
}

impl Migrations {
    /// The tool as the configuration knows it, if it does.
    pub(super) fn framework(&self) -> Option<Framework> {
        Framework::ALL.into_iter().find(|framework| framework.as_str() == self.tool.to_ascii_lowercase())
    }
}

/// Each tool with a path that only it has. A folder `migrations` alone could be anybody's, so it comes last.
const SIGNS: [Migrations; 10] = [
    Migrations { tool: "Alembic", path: "alembic.ini" },
    Migrations { tool: "Django", path: "manage.py" },
    Migrations { tool: "Prisma", path: "prisma/schema.prisma" },
    Migrations { tool: "Flyway", path: "flyway.conf" },
    Migrations { tool: "Flyway", path: "flyway.toml" },
    Migrations { tool: "Liquibase", path: "liquibase.properties" },
    Migrations { tool: "Rails", path: "db/migrate" },
    Migrations { tool: "Diesel", path: "diesel.toml" },
    Migrations { tool: "Knex", path: "knexfile.js" },
    Migrations { tool: "an unknown tool", path: "migrations" },
];

/// Looks for them; the unknown tool only where no other is known.
pub(super) fn find(folder: &Path) -> Vec<Migrations> {
    let mut found: Vec<Migrations> = SIGNS.into_iter().filter(|sign| folder.join(sign.path).exists()).collect();
    if found.len() > 1 {
        found.retain(|sign| sign.path != "migrations");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_migrations_says_nothing_where_their_tool_is_known() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("migrations")).unwrap();
        assert_eq!(find(folder.path())[0].tool, "an unknown tool");
        std::fs::File::create(folder.path().join("alembic.ini")).unwrap();
        let tools: Vec<&str> = find(folder.path()).iter().map(|found| found.tool).collect();
        assert_eq!(tools, ["Alembic"]);
    }

    #[test]
    fn a_tool_is_configured_by_the_name_that_the_configuration_has_for_it() {
        let known = |tool: &str| SIGNS.into_iter().find(|sign| sign.tool == tool).unwrap().framework();
        assert_eq!(known("Alembic"), Some(Framework::Alembic));
        assert_eq!(known("Rails"), Some(Framework::Rails));
        assert_eq!((known("Knex"), known("an unknown tool")), (None, None));
    }
}
