//! A real Alembic project, in a virtual environment of its own.

use std::path::{Path, PathBuf};

use backout_adapters::command::{Command, Environment};
use backout_core::data::Framework;
use backout_core::migrate::{WhyNot, reverse_plan};

use super::ground::Ground;
use crate::migrate::{migrations, reapply};

const INI: &str = "[alembic]\nscript_location = alembic\n";
const ENV: &str = "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine, pool\n\
    engine = create_engine('postgresql+psycopg2://postgres@/shop?host=' + os.environ['PGHOST'], poolclass=pool.NullPool)\n\
    with engine.connect() as connection:\n    context.configure(connection=connection)\n    with context.begin_transaction():\n        context.run_migrations()\n";

fn version(revision: &str, needs: &str, up: &str, down: &str) -> String {
    format!(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = '{revision}'\ndown_revision = {needs}\n\n\
         def upgrade():\n    {up}\n\ndef downgrade():\n    {down}\n"
    )
}

/// The folder of a virtual environment with Alembic: `BACKOUT_TEST_VENV`, else one that is made once beside the binaries.
async fn environment() -> PathBuf {
    if let Some(given) = std::env::var_os("BACKOUT_TEST_VENV") {
        return given.into();
    }
    static MADE: tokio::sync::OnceCell<PathBuf> = tokio::sync::OnceCell::const_new();
    let made = MADE.get_or_init(|| async {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
        let venv = target.join("testbed/venv");
        let variables: Environment = std::env::vars_os().collect();
        if !venv.join("bin/alembic").is_file() {
            let limit = std::time::Duration::from_secs(300);
            let make = Command::new("python3", &variables).args(["-m", "venv"]).arg(&venv).limit(limit);
            make.run().await.unwrap();
            let install = Command::new(venv.join("bin/pip"), &variables).limit(limit);
            install.args(["install", "--quiet", "alembic", "psycopg2-binary"]).run().await.unwrap();
        }
        venv
    });
    made.await.clone()
}

struct Project {
    ground: Ground,
    alembic: String,
}

impl Project {
    async fn new() -> Self {
        let alembic = environment().await.join("bin/alembic").display().to_string();
        let ground = Ground::new(Framework::Alembic, None, Some(&[&alembic])).await;
        Self { ground, alembic }
    }

    async fn deploy(&self, name: &str, versions: &[(&str, String)], to: &str) {
        let names: Vec<String> = versions.iter().map(|(name, _)| format!("alembic/versions/{name}.py")).collect();
        let mut files = vec![("alembic.ini", INI), ("alembic/env.py", ENV)];
        files.extend(names.iter().zip(versions).map(|(name, (_, text))| (name.as_str(), text.as_str())));
        let release = self.ground.deploy(name, &files);
        self.ground.run(&release, &[&self.alembic, "upgrade", to]).await;
    }
}

fn first() -> (&'static str, String) {
    let up = "op.create_table('orders', sa.Column('id', sa.BigInteger, primary_key=True), sa.Column('note', sa.Text))";
    ("a1", version("a1", "None", up, "op.drop_table('orders')"))
}

fn second() -> (&'static str, String) {
    let up = "op.add_column('orders', sa.Column('price', sa.Integer, server_default='1', nullable=False))";
    ("b2", version("b2", "'a1'", up, "op.drop_column('orders', 'price')"))
}

#[tokio::test]
async fn an_alembic_project_goes_back_with_its_rows_and_forward_again() {
    let project = Project::new().await;
    let ground = &project.ground;
    project.deploy("old", &[first()], "head").await;
    ground.sql("INSERT INTO orders VALUES (1, 'before')").await;
    let then = ground.seen().await;
    project.deploy("new", &[first(), second()], "head").await;
    let vault = ground.vault().await;
    ground.sql("INSERT INTO orders VALUES (2, 'during', 42)").await;
    let step = ground.step(&then, &vault).await;
    // The code was rolled back by hand: what it lacks comes from the vault.
    ground.point_to("old");
    ground.perform(&step).await.unwrap();
    assert!(ground.is_reached(&step).await);
    assert_eq!(ground.seen().await, then);
    assert_eq!(ground.column("SELECT note FROM orders ORDER BY id").await, ["before", "during"]);
    ground.sql("INSERT INTO orders VALUES (3, 'after')").await;
    ground.point_to("new");
    ground.run(&ground.target.folder.join("releases/new"), &[&project.alembic, "upgrade", "head"]).await;
    reapply(&ground.target, "_backout_7").await.unwrap();
    let orders = ground.column("SELECT note || ' ' || price FROM orders ORDER BY id").await;
    assert_eq!(orders, ["before 1", "during 42", "after 1"]);
}

#[tokio::test]
async fn a_downgrade_that_fails_says_what_the_tool_said_and_keeps_everything() {
    let project = Project::new().await;
    let ground = &project.ground;
    project.deploy("old", &[first()], "head").await;
    let then = ground.seen().await;
    let up = "op.add_column('orders', sa.Column('price', sa.Integer))";
    let broken = ("b2", version("b2", "'a1'", up, "op.execute('SELECT no_such_function()')"));
    project.deploy("new", &[first(), broken], "head").await;
    ground.sql("INSERT INTO orders VALUES (1, 'during', 42)").await;
    let step = ground.step(&then, &ground.vault().await).await;
    let error = ground.perform(&step).await.unwrap_err();
    assert!(error.what.contains("`b2` was not undone") && error.what.contains("no_such_function"), "{error}");
    assert!(!ground.is_reached(&step).await);
    assert_eq!(ground.column("SELECT note || price FROM orders").await, ["during42"]);
}

#[tokio::test]
async fn two_heads_in_alembic_are_refused() {
    let project = Project::new().await;
    let ground = &project.ground;
    project.deploy("old", &[first()], "head").await;
    let then = ground.seen().await;
    let third =
        version("c3", "'a1'", "op.add_column('orders', sa.Column('tag', sa.Text))", "op.drop_column('orders', 'tag')");
    project.deploy("new", &[first(), second(), ("c3", third)], "heads").await;
    let graph = migrations(&ground.target, None, &ground.blobs).await.unwrap().unwrap();
    let ledger = ground.seen().await.1;
    assert_eq!(ledger.applied.len(), 2);
    let refused = reverse_plan(&graph, &ledger, &then.1).unwrap_err();
    assert!(matches!(&refused, WhyNot::Ambiguous(why) if why.contains("`b2`, `c3`")), "{refused}");
}
