//! Migrations of Django that are undone in the pods of the service: with its data, killed in the middle, and where the pod
//! goes in the middle.

use std::path::PathBuf;

use backout_kube_double::{Instruction, Program};
use backout_testkit::guarded::{Ended, wait_until};
use backout_testkit::kube::Generation;

use crate::beside::database::Database;
use crate::manifests::web;
use crate::site::{SOON, Site};

const MIGRATE: &str = "kubectl exec deployment/web -- /usr/bin/python3 manage.py migrate --noinput";

const MANAGE: &str = "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n\
    from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n";
const SETTINGS: &str = "import os\nSECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n\
    DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop', 'USER': 'postgres',\n\
    \x20   'HOST': '127.0.0.1', 'PORT': os.environ['DATABASE_PORT']}}\n";
const FIRST: &str = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n\
    \x20   operations = [migrations.CreateModel('Order', [('id', models.BigAutoField(primary_key=True)), ('note', models.TextField())])]\n";
/// Is undone to its last step, and then waits while a file is there.
const SECOND: &str = "import os, time\nfrom django.db import migrations, models\n\
    def back(*_):\n    open(os.environ['FLAGS'] + '/undoing', 'w').close()\n\
    \x20   while os.path.exists(os.environ['FLAGS'] + '/slow'): time.sleep(0.02)\n\
    class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\
    \x20   operations = [migrations.RunPython(migrations.RunPython.noop, back),\n\
    \x20       migrations.AddField('order', 'price', models.IntegerField(default=1))]\n";

/// A shop whose second version is deployed and migrated, and has been written to.
struct Shop {
    site: Site,
    database: Database,
    /// The checkpoint of the first version.
    first: String,
}

impl Shop {
    fn new(test: &str) -> Option<Self> {
        let site = Site::new(test, Generation::Helm4, "web: { platform: { kubernetes: { namespace: default } } }")?;
        let mut shop = Self { site, database: Database::new("shop"), first: String::new() };
        shop.release("1", &[("0001_initial.py", FIRST)]);
        shop.release("2", &[("0001_initial.py", FIRST), ("0002_price.py", SECOND)]);
        shop.configure();
        shop.site.apply(&web("shop/web:1", "fine"));
        drop(shop.site.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=30s"]).ok());
        shop.shell(MIGRATE);
        shop.database.run("shop", "INSERT INTO shop_order (note) VALUES ('before')");
        shop.site.is_good();
        let taken = shop.site.journal().newest("checkpoint_taken").unwrap();
        shop.first = taken.text("/checkpoint/id").unwrap().to_owned();
        shop.deploy();
        Some(shop)
    }

    /// The second version, watched until it is kept, and what users write then.
    fn deploy(&self) {
        let deploy = format!(
            "kubectl set image deployment/web app=shop/web:2 && kubectl rollout status deployment/web --timeout=30s && {MIGRATE}"
        );
        self.site.guard(&["sh", "-c", &deploy]).expect_code(0);
        self.database.run("shop", "INSERT INTO shop_order (note, price) VALUES ('during', 42)");
        assert_eq!(self.applied(), ["0001_initial", "0002_price"]);
    }

    /// The way back to the first version.
    fn back(&self) -> [&str; 4] {
        ["rollback", &self.first, "--stack", "--yes"]
    }

    /// What is in the image of a version.
    fn release(&self, version: &str, migrations: &[(&str, &str)]) {
        let own = [("manage.py", MANAGE), ("settings.py", SETTINGS), ("shop/__init__.py", "")];
        let place = |file: &str| format!("releases/{version}/{file}");
        own.iter().for_each(|(file, text)| drop(self.site.clients.write(&place(file), text)));
        self.site.clients.write(&place("shop/migrations/__init__.py"), "");
        for (file, text) in migrations {
            self.site.clients.write(&place(&format!("shop/migrations/{file}")), text);
        }
        let digest = format!("sha256:{}", version.repeat(64));
        self.site.double.tell(Instruction::Digest { image: format!("shop/web:{version}"), digest: digest.clone() });
        let serve = "exec /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT";
        for image in [format!("shop/web:{version}"), digest] {
            let url = self.database.url();
            let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
            let flags = self.site.clients.folder().display().to_string();
            let variables = [("DATABASE_PORT".to_owned(), port.to_owned()), ("FLAGS".to_owned(), flags)];
            self.site.double.run(Program {
                image,
                command: ["sh", "-c", serve].map(str::to_owned).to_vec(),
                folder: self.site.clients.folder().join("releases").join(version),
                variables: variables.into(),
            });
        }
    }

    fn configure(&self) {
        let file = self.site.clients.folder().join("backout.yaml");
        let text = std::fs::read_to_string(file).unwrap().replace("soak: 4s", "soak: 1s");
        let more = "    databases:\n      main:\n        postgres: { url: \"file:url\" }\n        \
            migrations: { django: { in: web, command: [/usr/bin/python3, manage.py] } }\n";
        self.site.clients.write("backout.yaml", &format!("{text}{more}"));
        self.site.clients.write("url", &self.database.url());
    }

    fn shell(&self, script: &str) {
        let output = self.site.shell(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn applied(&self) -> Vec<String> {
        self.database.rows("SELECT name::text FROM django_migrations WHERE app = 'shop' ORDER BY id")
    }

    fn flag(&self, name: &str) -> PathBuf {
        self.site.clients.folder().join(name)
    }

    /// Both rows are there, the column is gone, and what was in it is kept; the first version runs.
    fn is_back(&self, ended: &Ended) {
        assert_eq!(self.applied(), ["0001_initial"], "{}", ended.stderr);
        assert_eq!(self.database.rows("SELECT note FROM shop_order ORDER BY id"), ["before", "during"]);
        let columns = "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' \
            AND table_name = 'shop_order' ORDER BY 1";
        assert_eq!(self.database.rows(columns), ["id", "note"]);
        let schemas = self.database.rows("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '\\_backout\\_%'");
        assert_eq!(schemas.len(), 1, "{schemas:?}");
        let kept = format!("SELECT price::text FROM {}.shop_order__price ORDER BY id", schemas[0]);
        assert_eq!(self.database.rows(&kept), ["1", "42"], "{}", ended.stderr);
        assert!(self.site.running().iter().all(|image| image.ends_with(&"1".repeat(64))), "{}", ended.stderr);
        assert_eq!(self.site.journal().result().as_deref(), Some("rolled_back"), "{}", ended.stderr);
    }

    /// Begins a rollback and waits until the migration is being undone, which it is as long as the flag `slow` is there.
    fn begun(&self) -> backout_testkit::guarded::Running {
        self.site.clients.write("slow", "");
        let mut run = self.site.start(&self.back());
        let undoing = self.flag("undoing");
        wait_until("the migration to be undone", SOON, || undoing.exists() || !run.is_running());
        assert!(undoing.exists(), "{:?}", run.wait());
        run
    }

    /// The sessions of the tool.
    fn sessions(&self) -> Vec<String> {
        let others = "SELECT pid::text FROM pg_stat_activity WHERE datname = 'shop' AND state = 'idle in transaction'";
        self.database.rows(others)
    }
}

#[test]
fn a_migration_is_undone_in_a_pod_and_what_would_be_lost_is_kept() {
    let Some(shop) = Shop::new("a_migration_is_undone_in_a_pod_and_what_would_be_lost_is_kept") else { return };
    let plan = shop.site.backout(&["plan", &shop.first, "--stack"]);
    assert!(plan.stdout.contains("shop.0002_price"), "{}{}", plan.stdout, plan.stderr);
    let ended = shop.site.backout(&shop.back()).expect_code(0);
    shop.is_back(&ended);
    // Once the code is back, its image lacks the migration: a copy of it is made with the file that was kept.
    shop.deploy();
    drop(shop.site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:1"]).ok());
    drop(shop.site.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=30s"]).ok());
    let reverse = ["migrate", "reverse", &shop.first, "--force", "schema-incompatible", "--yes"];
    let ended = shop.site.backout(&reverse).expect_code(0);
    assert_eq!(shop.applied(), ["0001_initial"], "{}", ended.stderr);
    assert!(!shop.flag("releases/1/shop/migrations/0002_price.py").exists());
}

#[test]
fn a_migration_that_is_killed_in_its_pod_is_undone_by_who_goes_on() {
    let Some(shop) = Shop::new("a_migration_that_is_killed_in_its_pod_is_undone_by_who_goes_on") else { return };
    shop.begun().kill();
    // Nobody waits for it any more: it ends by itself, and what it had begun with it.
    wait_until("the tool to end", SOON, || shop.sessions().is_empty());
    assert_eq!(shop.applied(), ["0001_initial", "0002_price"]);
    std::fs::remove_file(shop.flag("slow")).unwrap();
    let mut ended = None;
    wait_until("the run to be gone on with", SOON, || {
        let gone_on = shop.site.backout(&["resume"]);
        let has_ended = gone_on.code == 0;
        ended = Some(gone_on);
        has_ended
    });
    shop.is_back(&ended.unwrap());
}

#[test]
fn a_pod_that_goes_while_it_undoes_a_migration_is_followed_by_another() {
    let Some(shop) = Shop::new("a_pod_that_goes_while_it_undoes_a_migration_is_followed_by_another") else { return };
    let run = shop.begun();
    std::fs::remove_file(shop.flag("undoing")).unwrap();
    drop(shop.site.clients.kubectl(&["delete", "pods", "-l", "app=web", "--grace-period=0", "--force"]).ok());
    let undoing = shop.flag("undoing");
    wait_until("another pod to undo it", SOON, || undoing.exists());
    std::fs::remove_file(shop.flag("slow")).unwrap();
    shop.is_back(&run.wait().expect_code(0));
}
