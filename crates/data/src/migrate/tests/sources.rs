//! The graph that the files of each tool make up.

use backout_core::data::{Framework, Migration};

use crate::migrate::files::{Files, graph};

fn read(framework: Framework, files: &[(&str, &str)]) -> Vec<Migration> {
    let files: Files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let mut migrations = graph(framework, &files).migrations;
    migrations.sort_by(|a, b| a.revision.cmp(&b.revision));
    migrations
}

/// Revision, needs, whether there is a way back, and what it declares.
fn shown(migrations: &[Migration]) -> Vec<String> {
    let one = |it: &Migration| {
        let needs: Vec<&str> = it.needs.iter().map(|need| need.0.as_str()).collect();
        let inverse = it.has_inverse.map_or("?", |has| if has { "yes" } else { "no" });
        let says = it.compatibility.as_deref().unwrap_or("-");
        format!("{} <- {} {inverse} {says}", it.revision, needs.join("+"))
    };
    migrations.iter().map(one).collect()
}

#[test]
fn alembic_files_are_read_without_running_them() {
    let head = "\"\"\"add price\n\nRevises: a1\n\"\"\"\nfrom typing import Sequence, Union\n# backout: expand\n";
    let b2 = format!(
        "{head}revision: str = 'b2'\ndown_revision: Union[str, Sequence[str], None] = 'a1'\nbranch_labels = None\n\
         depends_on = (\n    'x9',  # 'not this'\n)\n\ndef upgrade() -> None:\n    op.x()\n\n\
         def downgrade() -> None:\n    \"\"\"Back.\"\"\"\n    op.drop_column('t', 'c')\n"
    );
    let files = [
        ("b2.py", b2.as_str()),
        ("a1.py", "revision = \"a1\"\ndown_revision = None\ndef upgrade():\n    x()\ndef downgrade():\n    pass\n"),
        ("c3.py", "revision='c3'\ndown_revision=('a1', 'b2')\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n"),
        (
            "d4.py",
            "revision = 'd4'\ndown_revision = 'c3'\ndef upgrade():\n    x()\ndef downgrade():\n    # no\n    raise NotImplementedError()\n",
        ),
        ("env.py", "from alembic import context\n"),
    ];
    let seen = shown(&read(Framework::Alembic, &files));
    assert_eq!(seen, ["a1 <-  no -", "b2 <- a1+x9 yes expand", "c3 <- a1+b2 yes -", "d4 <- c3 no -"]);
}

#[test]
fn django_files_are_read_without_running_them() {
    let initial =
        "class Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = []\n";
    let with = |operations: &str| {
        format!(
            "class Migration(migrations.Migration):\n    dependencies = [\n        (\"shop\", '0001_initial'),  # ('no', 'no')\n\
             \u{20}       migrations.swappable_dependency(settings.AUTH_USER_MODEL),\n        ('erp', '__first__'),\n    ]\n    operations = [{operations}]\n"
        )
    };
    let names =
        ["0002", "0003", "0004", "0005", "0006", "0007"].map(|number| format!("src/shop/migrations/{number}.py"));
    let texts = [
        with("migrations.AddField('order', 'price', models.IntegerField(default=f(1, 2)))"),
        with("migrations.RunPython(forwards)"),
        with("migrations.RunPython(forwards, migrations.RunPython.noop)"),
        with("migrations.RunPython(\n  code=forwards,\n  reverse_code=backwards,\n)"),
        with("migrations.RunSQL('UPDATE t SET a = \"(,\"', hints={'a': 1})"),
        with("migrations.RunSQL(['SELECT 1', 'x'], reverse_sql=migrations.RunSQL.noop)"),
    ];
    let mut files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    files.push(("src/shop/migrations/0001_initial.py", initial));
    files.push(("src/shop/migrations/__init__.py", ""));
    let seen = shown(&read(Framework::Django, &files));
    let wanted = [
        "shop.0001_initial <-  yes -",
        "shop.0002 <- shop.0001_initial yes -",
        "shop.0003 <- shop.0001_initial no -",
        "shop.0004 <- shop.0001_initial yes -",
        "shop.0005 <- shop.0001_initial yes -",
        "shop.0006 <- shop.0001_initial no -",
        "shop.0007 <- shop.0001_initial yes -",
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn files_of_sql_are_read_by_the_names_that_their_tool_gives_them() {
    let go = [
        ("000001_a.up.sql", "SELECT 1"),
        ("000001_a.down.sql", "SELECT 2"),
        ("000002_b.up.sql", "-- backout: contract\nSELECT 1"),
        ("000002_b.down.sql", "-- nothing"),
    ];
    assert_eq!(shown(&read(Framework::GolangMigrate, &go)), ["1 <-  yes -", "2 <- 1 no contract"]);
    let sqlx = [("20260101_a.sql", "SELECT 1"), ("20260102_b.up.sql", "SELECT 1"), ("20260102_b.down.sql", "SELECT 2")];
    assert_eq!(shown(&read(Framework::Sqlx, &sqlx)), ["20260101 <-  no -", "20260102 <-  yes -"]);
    let diesel =
        [("2026-01-02-030405_a/up.sql", "SELECT 1"), ("2026-01-02-030405_a/down.sql", "SELECT 1"), (".keep", "")];
    assert_eq!(shown(&read(Framework::Diesel, &diesel)), ["20260102030405 <-  yes -"]);
    let flyway =
        [("V1__a.sql", "SELECT 1"), ("V1_1__b.sql", "SELECT 1"), ("U1_1__b.sql", "SELECT 1"), ("R__v.sql", "SELECT 1")];
    assert_eq!(shown(&read(Framework::Flyway, &flyway)), ["1 <-  no -", "1.1 <-  yes -"]);
    assert_eq!(shown(&read(Framework::Refinery, &[("V7__a.sql", "SELECT 1")])), ["7 <-  no -"]);
    assert_eq!(
        shown(&read(Framework::Prisma, &[("20260101_a/migration.sql", "SELECT 1"), ("migration_lock.toml", "")])),
        ["20260101_a <-  no -"]
    );
    let dbmate = [
        ("01_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n"),
        ("02_b.sql", "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;"),
    ];
    let seen = read(Framework::Dbmate, &dbmate);
    assert_eq!(shown(&seen), ["01 <-  no -", "02 <-  yes -"]);
    assert_eq!(seen[1].down.as_deref().map(str::trim), Some("-- migrate:down\nSELECT 2;"));
    // As Liquibase 4.5 itself takes them.
    let loose = "-- liquibase formatted sql\n--CHANGESET \"bob smith\":\"1 a\" runOnChange:true\nSELECT 1;\n--ROLLBACK SELECT 2;\n";
    let seen = shown(&read(Framework::Liquibase, &[("c.sql", loose)]));
    assert_eq!(seen, ["bob smith:1 a <-  yes -"]);
    let liquibase = "--liquibase formatted sql\n--changeset ann:1 runOnChange:true\nSELECT 1;\n--rollback SELECT 2;\n\
                     --changeset bob:2\nSELECT 1;\n-- changeset bob:3\nSELECT 1;\n--rollback not required\n";
    let seen = shown(&read(Framework::Liquibase, &[("c.sql", liquibase), ("d.xml", "<databaseChangeLog/>")]));
    assert_eq!(seen, ["ann:1 <-  yes -", "bob:2 <-  no -", "bob:3 <-  yes -"]);
}

#[test]
fn files_of_other_languages_are_read_as_far_as_that_goes() {
    let rails = [
        ("20260101000000_a.rb", "class A\n  def change\n  end\nend"),
        ("20260102000000_b.rb", "class B\n  def up\n  end\nend"),
        ("20260103000000_c.rb", "class C\n  def up\n  end\n  def down\n  end\nend"),
        (
            "20260104000000_d.rb",
            "class D\n  def up\n  end\n  def down\n    raise ActiveRecord::IrreversibleMigration\n  end\nend",
        ),
    ];
    let seen = shown(&read(Framework::Rails, &rails));
    let ends: Vec<&str> = seen.iter().map(|line| line.split("<-  ").nth(1).unwrap()).collect();
    assert_eq!(ends, ["? -", "no -", "yes -", "no -"]);
    let node = [
        ("1_a.js", "exports.up = pgm => {};\nexports.down = pgm => {};"),
        ("2_b.js", "exports.up = pgm => {};\nexports.down = false;"),
        ("3_c.ts", "export async function up() {}"),
        ("4_d.sql", "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;"),
    ];
    assert_eq!(
        shown(&read(Framework::NodePgMigrate, &node)),
        ["1_a <-  yes -", "2_b <-  no -", "3_c <-  ? -", "4_d <-  yes -"]
    );
}
