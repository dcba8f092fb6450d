//! Migrations: what the database says was applied, and what a release's files say about how to undo it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tools that change schemas and write down in the database what they applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framework {
    /// `django_migrations`
    Django,
    /// `alembic_version`: heads only
    Alembic,
    /// `schema_migrations` of Rails: `version`
    Rails,
    /// `flyway_schema_history`
    Flyway,
    /// `databasechangelog`
    Liquibase,
    /// `_prisma_migrations`
    Prisma,
    /// `schema_migrations` of golang-migrate: `version, dirty`
    GolangMigrate,
    /// `schema_migrations` of dbmate: `version`
    Dbmate,
    /// `_sqlx_migrations`
    Sqlx,
    /// `refinery_schema_history`
    Refinery,
    /// `__diesel_schema_migrations`
    Diesel,
    /// `pgmigrations`
    NodePgMigrate,
}

impl Framework {
    /// All of them.
    pub const ALL: [Framework; 12] = [
        Framework::Django,
        Framework::Alembic,
        Framework::Rails,
        Framework::Flyway,
        Framework::Liquibase,
        Framework::Prisma,
        Framework::GolangMigrate,
        Framework::Dbmate,
        Framework::Sqlx,
        Framework::Refinery,
        Framework::Diesel,
        Framework::NodePgMigrate,
    ];

    /// The name as the configuration has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Framework::Django => "django",
            Framework::Alembic => "alembic",
            Framework::Rails => "rails",
            Framework::Flyway => "flyway",
            Framework::Liquibase => "liquibase",
            Framework::Prisma => "prisma",
            Framework::GolangMigrate => "golang-migrate",
            Framework::Dbmate => "dbmate",
            Framework::Sqlx => "sqlx",
            Framework::Refinery => "refinery",
            Framework::Diesel => "diesel",
            Framework::NodePgMigrate => "node-pg-migrate",
        }
    }

    /// The name as its makers write it, for documentation.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Framework::Django => "Django's migrations.",
            Framework::Alembic => "Alembic.",
            Framework::Rails => "Migrations of Ruby on Rails.",
            Framework::Flyway => "Flyway.",
            Framework::Liquibase => "Liquibase.",
            Framework::Prisma => "Prisma Migrate.",
            Framework::GolangMigrate => "golang-migrate.",
            Framework::Dbmate => "dbmate.",
            Framework::Sqlx => "Migrations of sqlx.",
            Framework::Refinery => "refinery.",
            Framework::Diesel => "Migrations of Diesel.",
            Framework::NodePgMigrate => "node-pg-migrate.",
        }
    }
}

impl std::fmt::Display for Framework {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One migration by the name that its tool gives it: `shop.0002_price` (Django), `1975ea83b712` (Alembic), `20261121031502`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Revision(pub String);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// What a database says was applied. Read from the database itself, never from files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// Which tool wrote it.
    pub framework: Framework,
    /// What was applied, in the order in which it was; for Alembic the heads, sorted.
    pub applied: Vec<Revision>,
    /// Whether the tool says that a migration failed half-way or is running.
    pub is_dirty: bool,
}

/// The migrations of a release, as its files have them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MigrationGraph {
    /// Each with what it needs; in no particular order.
    pub migrations: Vec<Migration>,
}

/// One migration of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    /// Its name.
    pub revision: Revision,
    /// What must be applied before it; several where branches merge or applications depend on each other.
    pub needs: Vec<Revision>,
    /// Whether there is a way back at all; `None` where only running it tells.
    pub has_inverse: Option<bool>,
    /// What it says of itself: `expand` (the release before it can run on its result), `contract` (it cannot).
    pub compatibility: Option<String>,
    /// The statements forward, where they are known.
    pub up: Option<String>,
    /// The statements back, where they are known.
    pub down: Option<String>,
}
