//! A real Django project: Debian's `python3-django` and `python3-psycopg2`.

use backout_core::data::{Framework, Revision};
use backout_core::migrate::{Compatibility, Since, compatibility};

use super::ground::Ground;
use crate::migrate::{migrations, reapply};

const PYTHON: [&str; 2] = ["/usr/bin/python3", "manage.py"];
/// Where a file beside the server's socket names a migration, it is killed when it is about to write that one down.
const MANAGE: &str = "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n\
    from django.db.migrations.recorder import MigrationRecorder as R\n\
    def deadly(name):\n\
    \x20   f, at = getattr(R, name), os.environ['PGHOST'] + '/dies-at'\n\
    \x20   def g(self, app, name):\n\
    \x20       if os.path.exists(at) and open(at).read() == app + '.' + name:\n\
    \x20           os.remove(at); os.kill(os.getpid(), 9)\n\
    \x20       return f(self, app, name)\n\
    \x20   return g\n\
    R.record_applied, R.record_unapplied = deadly('record_applied'), deadly('record_unapplied')\n\
    from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n";
const SETTINGS: &str = "import os\nSECRET_KEY = 'x'\nINSTALLED_APPS = ['shop', 'erp']\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n\
    DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop', 'USER': 'postgres', 'HOST': os.environ['PGHOST']}}\n";
const SHOP_1: &str = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n\
    \u{20}   operations = [migrations.CreateModel('Order', [('id', models.BigAutoField(primary_key=True)), ('note', models.TextField())])]\n";
const ERP_1: &str = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n\
    \u{20}   operations = [migrations.CreateModel('Bill', [('id', models.BigAutoField(primary_key=True))])]\n";
const SHOP_2: &str = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\
    \u{20}   operations = [migrations.AddField('order', 'price', models.IntegerField(default=1)),\n\
    \u{20}       migrations.CreateModel('Tag', [('id', models.BigAutoField(primary_key=True)), ('name', models.TextField())])]\n";
const ERP_2: &str = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n\
    \u{20}   dependencies = [('erp', '0001_initial'), ('shop', '0002_price')]\n\
    \u{20}   operations = [migrations.AddField('bill', 'tag', models.ForeignKey('shop.Tag', models.CASCADE, null=True))]\n";

const OLD: [(&str, &str); 8] = [
    ("manage.py", MANAGE),
    ("settings.py", SETTINGS),
    ("shop/__init__.py", ""),
    ("shop/migrations/__init__.py", ""),
    ("shop/migrations/0001_initial.py", SHOP_1),
    ("erp/__init__.py", ""),
    ("erp/migrations/__init__.py", ""),
    ("erp/migrations/0001_initial.py", ERP_1),
];

/// A project that was deployed, migrated and written to; then a new release, migrated and written to.
async fn project()
-> (Ground, (backout_core::data::Schema, backout_core::data::Ledger), backout_core::inventory::BlobRef) {
    let ground = Ground::new(Framework::Django, None, Some(&PYTHON)).await;
    let old = ground.deploy("old", &OLD);
    ground.run(&old, &[PYTHON[0], PYTHON[1], "migrate", "--noinput"]).await;
    ground.sql("INSERT INTO shop_order (note) VALUES ('before')").await;
    let then = ground.seen().await;
    let new = [&OLD[..], &[("shop/migrations/0002_price.py", SHOP_2), ("erp/migrations/0002_tag.py", ERP_2)]].concat();
    let new = ground.deploy("new", &new);
    let vault = ground.vault().await;
    ground.run(&new, &[PYTHON[0], PYTHON[1], "migrate", "--noinput"]).await;
    ground
        .sql("INSERT INTO shop_order (note, price) VALUES ('during', 42); INSERT INTO shop_tag (name) VALUES ('red')")
        .await;
    ground.sql("INSERT INTO erp_bill (tag_id) SELECT id FROM shop_tag").await;
    (ground, then, vault)
}

async fn goes_back_and_forth(
    ground: &Ground,
    then: &(backout_core::data::Schema, backout_core::data::Ledger),
    vault: &backout_core::inventory::BlobRef,
) {
    let step = ground.step(then, vault).await;
    let done = ground.perform(&step).await.unwrap();
    assert_eq!(done.evidence.len(), 2);
    assert!(ground.is_reached(&step).await);
    assert_eq!(ground.seen().await, *then);
    assert_eq!(ground.column("SELECT note FROM shop_order ORDER BY id").await, ["before", "during"]);
    ground.sql("INSERT INTO shop_order (note) VALUES ('after')").await;
    // The next deploy brings the same migrations again.
    ground.point_to("new");
    let current = ground.target.folder.join("releases/new");
    ground.run(&current, &[PYTHON[0], PYTHON[1], "migrate", "--noinput"]).await;
    let sentences = reapply(&ground.target, "_backout_7").await.unwrap();
    assert!(sentences.len() >= 3, "{sentences:?}");
    let orders = ground.column("SELECT note || ' ' || price FROM shop_order ORDER BY id").await;
    assert_eq!(orders, ["before 1", "during 42", "after 1"]);
    assert_eq!(ground.column("SELECT t.name FROM erp_bill b JOIN shop_tag t ON t.id = b.tag_id").await, ["red"]);
}

#[tokio::test]
async fn a_django_project_goes_back_across_applications_with_its_rows_and_forward_again() {
    let (ground, then, vault) = project().await;
    let graph = migrations(&ground.target, Some(&vault), &ground.blobs).await.unwrap().unwrap();
    let (now, ledger) = ground.seen().await;
    let declared = std::collections::BTreeMap::new();
    let (was, is) = ([then.1.clone()], [ledger.clone()]);
    let since = Since { then: &was, now: &is, graph: Some(&graph), declared: &declared };
    // Django drops the default of the column that it adds: the old release cannot insert.
    let Compatibility::Incompatible { why } = compatibility(&then.0, &now, &since) else { panic!("compatible") };
    assert!(why.iter().any(|why| why.contains("`price`")), "{why:?}");
    let plan = backout_core::migrate::reverse_plan(&graph, &ledger, &then.1).unwrap();
    assert_eq!(plan.undo, [Revision("erp.0002_tag".into()), Revision("shop.0002_price".into())]);
    goes_back_and_forth(&ground, &then, &vault).await;
}

#[tokio::test]
async fn code_that_was_rolled_back_already_gets_the_scripts_from_the_vault_for_the_errand() {
    let (ground, then, vault) = project().await;
    ground.point_to("old");
    goes_back_and_forth(&ground, &then, &vault).await;
    assert!(!ground.target.folder.join("releases/old/shop/migrations/0002_price.py").exists());
}

#[tokio::test]
async fn being_killed_between_two_applications_and_going_on_leads_to_the_same_end() {
    let (ground, then, vault) = project().await;
    let step = ground.step(&then, &vault).await;
    for wait in [150, 300, 450, 600] {
        drop(tokio::time::timeout(std::time::Duration::from_millis(wait), ground.perform(&step)).await);
    }
    while let Err(error) = ground.perform(&step).await {
        assert!(error.what.contains("another run") || error.what.contains("lock timeout"), "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(ground.seen().await, then);
    assert_eq!(ground.column("SELECT note FROM shop_order ORDER BY id").await, ["before", "during"]);
    assert_eq!(ground.column("SELECT price::text FROM _backout_7.shop_order__price ORDER BY id").await, ["1", "42"]);
}

/// Has the tool killed when it has changed the schema and is about to write a migration down.
fn dies_at(ground: &Ground, revision: &str) {
    std::fs::write(ground.server.data().parent().unwrap().join("dies-at"), revision).unwrap();
}

#[tokio::test]
async fn being_killed_between_the_schema_and_the_ledger_leads_to_the_same_end_both_ways() {
    let (ground, then, vault) = project().await;
    let now = ground.seen().await;
    let step = ground.step(&then, &vault).await;
    for revision in ["erp.0002_tag", "shop.0002_price"] {
        dies_at(&ground, revision);
        let done = ground.perform(&step).await;
        // What was left is found at once where only the tool was killed, and by the next call where we were as well.
        let seen = done.unwrap().seen;
        assert!(seen.contains("1 of them were so already"), "{revision}: {seen}");
        assert_eq!(ground.seen().await, then, "{revision}");
        assert_eq!(
            ground.column("SELECT price::text FROM _backout_7.shop_order__price ORDER BY id").await,
            ["1", "42"]
        );
        // Of the two only this one is put into the table after the transaction: it has a foreign key, made last.
        dies_at(&ground, "erp.0002_tag");
        let sentences = ground.undo(&step).await.unwrap();
        assert!(sentences.contains("1 of them were so already"), "{revision}: {sentences}");
        assert_eq!(ground.seen().await.0, now.0, "{revision}");
        assert_eq!(ground.column("SELECT t.name FROM erp_bill b JOIN shop_tag t ON t.id = b.tag_id").await, ["red"]);
    }
}

#[tokio::test]
async fn what_an_earlier_call_left_between_the_schema_and_the_ledger_is_written_down_by_the_next() {
    let (ground, then, vault) = project().await;
    let step = ground.step(&then, &vault).await;
    ground.perform(&step).await.unwrap();
    ground.sql("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002_price', now())").await;
    assert!(!ground.is_reached(&step).await);
    let seen = ground.perform(&step).await.unwrap().seen;
    assert!(seen.starts_with("1 migrations were undone (1 of them were so already"), "{seen}");
    assert_eq!(ground.seen().await, then);
}

#[tokio::test]
async fn a_schema_that_is_somewhere_else_is_not_taken_for_an_undone_migration() {
    let (ground, then, vault) = project().await;
    let step = ground.step(&then, &vault).await;
    ground.perform(&step).await.unwrap();
    let ledger = "SELECT app || '.' || name FROM django_migrations WHERE name = '0002_price'";
    let elsewhere = [
        // Half of it is there.
        ("ALTER TABLE shop_order ADD COLUMN price integer", "ALTER TABLE shop_order DROP COLUMN price"),
        // The other half is.
        ("CREATE TABLE shop_tag (id bigint)", "DROP TABLE shop_tag"),
        // Even what it stands on is gone.
        ("ALTER TABLE shop_order RENAME TO gone", "ALTER TABLE gone RENAME TO shop_order"),
    ];
    ground.sql("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002_price', now())").await;
    for (bend, mend) in elsewhere {
        ground.sql(bend).await;
        let before = ground.seen().await;
        let error = ground.perform(&step).await.unwrap_err();
        assert!(error.what.contains("nor is it done and only not written down"), "{bend}: {error}");
        assert!(error.what.contains("does not exist"), "{bend}: {error}");
        assert_eq!(ground.seen().await, before, "{bend}");
        assert_eq!(ground.column(ledger).await, ["shop.0002_price"], "{bend}");
        ground.sql(mend).await;
    }
    ground.perform(&step).await.unwrap();
    assert_eq!(ground.seen().await, then);
}
