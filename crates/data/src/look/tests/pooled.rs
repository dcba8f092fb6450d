//! Through a pooler that gives every transaction another connection.

use backout_adapters::command::{Background, Command};

use super::{Ground, environment, told};
use crate::Address;
use crate::look::{look, readiness};

/// PgBouncer in front of the server, with two connections for everybody.
async fn pooler(ground: &Ground) -> Background {
    pooler_with(ground, "").await
}

/// The same, with settings more.
#[expect(clippy::disallowed_methods, reason = "files of a test, in a folder that goes with it")]
async fn pooler_with(ground: &Ground, more: &str) -> Background {
    let folder = ground.folder();
    let settings = format!(
        "[databases]\n* = host={folder} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
         unix_socket_dir = {folder}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\n\
         default_pool_size = 2\n{more}"
    );
    let file = format!("{folder}/pooler.ini");
    std::fs::write(&file, settings).unwrap();
    std::fs::write(format!("{folder}/users"), "\"postgres\" \"\"\n").unwrap();
    let words = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", "pgbouncer", &file];
    let command = Command::new("setpriv", &environment());
    let command = if rustix::process::geteuid().is_root() {
        command.args(words)
    } else {
        Command::new("pgbouncer", &environment()).args([file.as_str()])
    };
    let pooler = Background::start(&command, &ground.server.data().with_file_name("pooler.log")).unwrap();
    let address = Address::local(&folder, 6432, "postgres", "shop");
    while address.connect().await.is_err() {
        assert!(pooler.is_alive(), "{:?}", std::fs::read_to_string(format!("{folder}/pooler.log")));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    pooler
}

#[tokio::test]
async fn looks_that_share_connections_neither_disturb_each_other_nor_leave_anything() {
    let ground = Ground::new(&[]).await;
    ground.database("shop", "CREATE TABLE orders (id serial PRIMARY KEY)").await;
    let pooler = pooler(&ground).await;
    let mut target = ground.target("postgres", "shop", &[("holds", "SELECT true"), ("errs", "SELECT 1 / 0 = 1")]);
    target.configured.url = super::plain(format!("host={} port=6432 user=postgres dbname=shop", ground.folder()));
    let looks = (0..20).map(|_| async {
        let fact = look(&target).await;
        let errs = told(&fact.state().unwrap().integrity);
        assert_eq!(errs, ["errs, unmeasurable: it could not be asked: division by zero [22012]"]);
        readiness(&target).await.unwrap();
    });
    futures_util::future::join_all(looks).await;

    let session = Address::local(&ground.folder(), 6432, "postgres", "shop").connect().await.unwrap();
    let left = "SELECT (SELECT count(*) FROM pg_prepared_statements), current_setting('search_path')";
    let left = session.query_typed_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, &str>(1)), (0, "\"$user\", public"));
    drop(pooler);
}

#[tokio::test]
async fn a_pooler_in_place_of_the_server_is_told_and_one_beside_an_admin_address_is_not() {
    let ground = Ground::new(&[]).await;
    ground.database("shop", "CREATE TABLE orders (id serial PRIMARY KEY)").await;
    let through = |target: &mut crate::Target| {
        target.configured.url = super::plain(format!("host={} port=6432 user=postgres dbname=shop", ground.folder()));
    };
    // One that refuses settings it does not know, and one that is told to forget them.
    for ignores in ["", "ignore_startup_parameters = options\n"] {
        let pooler = pooler_with(&ground, ignores).await;
        let mut target = ground.target("postgres", "shop", &[]);
        through(&mut target);
        let seen = readiness(&target).await.unwrap();
        let found = seen.obstacles.iter().find(|obstacle| obstacle.name == "pooler");
        assert!(found.is_some_and(|found| found.blocks && found.hint.contains("`admin`")), "{:?}", seen.obstacles);

        let direct = format!("host={} user=postgres dbname=shop sslmode=disable", ground.folder());
        target.configured.admin = Some(super::plain(direct));
        let seen = readiness(&target).await.unwrap();
        assert!(seen.obstacles.iter().all(|obstacle| obstacle.name != "pooler"), "{:?}", seen.obstacles);
        drop(pooler);
    }
    // Settings of the address itself are handed on beside ours.
    let mut target = ground.target("postgres", "shop", &[]);
    let own = format!("host={} user=postgres dbname=shop sslmode=disable options='-c geqo=off'", ground.folder());
    target.configured.url = super::plain(own);
    let seen = readiness(&target).await.unwrap();
    assert!(seen.obstacles.iter().all(|obstacle| obstacle.name != "pooler"), "{:?}", seen.obstacles);
}
