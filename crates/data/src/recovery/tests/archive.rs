//! Base backups and the log in folders.

use backout_core::config::Recovery;
use backout_core::data::{DataAct, DataStep, ObjectName, RecoveryTarget, RestoreSource};
use backout_core::port::Ports;
use backout_testkit::world::MemoryBlobs;

use super::ground::{Ground, WHOLE, Watched, rows};
use crate::recovery::point::archives;
use crate::recovery::{base_backup, name_point};
use crate::{Target, beside};

/// A name that a shell would take apart.
const LOG: &str = "it's the log; 100%f";

/// A server that copies its log into a folder beside its data.
async fn ground() -> (Ground, Target) {
    let folder = LOG.replace('%', "%%").replace('\'', r"'\''");
    let command = format!("mkdir -p '../{folder}' && test ! -f '../{folder}/%f' && cp %p '../{folder}/%f'");
    let ground = Ground::new().await.archiving_by(&command).await;
    ground.fill().await;
    let target = target(&ground, 6);
    (ground, target)
}

fn target(ground: &Ground, hour: u32) -> Target {
    let base = ground.folder("bases").display().to_string();
    ground.target(Recovery::Archive { base, log: ground.folder(LOG).display().to_string() }, hour)
}

fn named(name: &str) -> RecoveryTarget {
    RecoveryTarget::Name { name: name.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_moment_is_recovered_to_with_its_exact_rows() {
    let (ground, target) = ground().await;
    base_backup(&target, &Watched::default()).await.unwrap();
    let moments = ground.harm("before it's \"harmed\"").await;
    let state = ground.state().await;
    let wanted = [
        (named("before it's \"harmed\""), "at restore point"),
        (RecoveryTarget::Time { at: moments.time }, "before commit"),
        (RecoveryTarget::Lsn { lsn: moments.lsn.clone() }, "before WAL location"),
        (RecoveryTarget::Xid { xid: moments.xid }, "before commit"),
    ];
    for (moment, stopped) in wanted {
        let (copy, recovered) = ground.recover(&target, &moment, &[]).await.unwrap();
        assert_eq!(rows(&copy).await, (WHOLE, 7), "{moment:?}");
        assert!(recovered.stopped.starts_with(stopped), "{recovered:?}");
        let owned = "SELECT count(*) FROM pg_tables WHERE tableowner = 'app'";
        assert_eq!(copy.query_one(owned, &[]).await.unwrap().get::<_, i64>(0), 2);
    }
    assert_eq!(ground.state().await, state);
}

#[tokio::test(flavor = "multi_thread")]
async fn some_tables_come_alone_and_keep_their_keys() {
    let (ground, target) = ground().await;
    base_backup(&target, &Watched::default()).await.unwrap();
    ground.harm("before").await;
    let weird = [ObjectName::new("Weird \"Name", "t.*")];
    let (copy, _) = ground.recover(&target, &named("before"), &weird).await.unwrap();
    assert_eq!(rows(&copy).await, (0, 7));
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace <> 11";
    assert_eq!(copy.query_one(keys, &[]).await.unwrap().get::<_, i64>(0), 2);
    drop(copy);
    let missing = [ObjectName::new("public", "nowhere")];
    let error = ground.recover(&target, &named("before"), &missing).await.map(drop).unwrap_err();
    assert!(error.what.contains("nowhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_a_rollback_builds_its_copy_from_the_log() {
    let (ground, target) = ground().await;
    base_backup(&target, &Watched::default()).await.unwrap();
    ground.harm("before").await;
    let source = RestoreSource::Log { target: named("before"), point: None };
    let act = DataAct::RestoreBeside { source, copy: "shop_before".to_owned(), tables: Vec::new() };
    let step = DataStep { database: "shop".parse().unwrap(), act, fences: Vec::new() };
    let (blobs, progress) = (MemoryBlobs::default(), Watched::default());
    beside::perform(&target, &step, Ports { blobs: &blobs, progress: &progress }).await.unwrap();
    assert_eq!(rows(&ground.session("shop_before").await).await, (WHOLE, 7));
    let (is_there, seen) = beside::reached(&target, &step, &blobs).await.unwrap();
    assert!(is_there, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_backup_that_is_too_new_gives_way_to_an_older_one() {
    let (ground, first) = ground().await;
    base_backup(&first, &Watched::default()).await.unwrap();
    ground.harm("before").await;
    base_backup(&target(&ground, 7), &Watched::default()).await.unwrap();
    let (copy, recovered) = ground.recover(&first, &named("before"), &[]).await.unwrap();
    assert_eq!((rows(&copy).await, recovered.base.as_str()), ((WHOLE, 7), "base-20261121T060000Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_log_is_told_and_nothing_is_touched() {
    let (ground, target) = ground().await;
    base_backup(&target, &Watched::default()).await.unwrap();
    let session = ground.session("shop").await;
    session.batch_execute("INSERT INTO orders VALUES (0, 'x')").await.unwrap();
    let segment: String = session.query_one("SELECT pg_walfile_name(pg_switch_wal())", &[]).await.unwrap().get(0);
    session.batch_execute("DELETE FROM orders WHERE id = 0").await.unwrap();
    ground.harm("before").await;
    crate::recovery::point::archived_until_now(&session).await.ok_or(()).unwrap_err();
    std::fs::remove_file(ground.folder(LOG).join(&segment)).unwrap();
    let state = ground.state().await;
    let error = ground.recover(&target, &named("before"), &[]).await.map(drop).unwrap_err();
    assert!(error.what.contains(&segment) && error.hint.unwrap().contains("gap"), "{}", error.what);
    assert_eq!(ground.state().await, state);
    let copy = ground.session("copy").await;
    let relations = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    assert_eq!(copy.query_one(relations, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_nothing_leads_to_is_told() {
    let (ground, target) = ground().await;
    let early = RecoveryTarget::Time { at: "2020-01-01T00:00:00Z".parse().unwrap() };
    std::fs::create_dir(ground.folder("bases")).unwrap();
    let error = ground.recover(&target, &early, &[]).await.map(drop).unwrap_err();
    assert!(error.what.contains("no base backup"), "{error}");
    base_backup(&target, &Watched::default()).await.unwrap();
    let error = ground.recover(&target, &early, &[]).await.map(drop).unwrap_err();
    assert!(error.what.contains("base-20261121T060000Z"), "{error}");
    let error = ground.recover(&target, &named("never given"), &[]).await.map(drop).unwrap_err();
    assert!(error.what.contains("`never given` was not reached"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_base_backup_of_another_cluster_is_refused() {
    let ((ground, target), (other, _)) = (ground().await, ground().await);
    base_backup(&self::target(&other, 6), &Watched::default()).await.unwrap();
    std::os::unix::fs::symlink(other.folder("bases"), ground.folder("bases")).unwrap();
    let error = ground.recover(&target, &named("x"), &[]).await.map(drop).unwrap_err();
    assert!(error.what.contains("another cluster"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_is_only_named_where_the_log_is_archived_and_we_may() {
    let ground = Ground::new().await;
    let session = ground.session("postgres").await;
    assert!(!archives(&session).await.unwrap(), "no command is set");
    assert_eq!(name_point(&session, "x").await.unwrap(), None);
    let ground = ground.archiving_by("true").await;
    assert!(archives(&session).await.unwrap());
    assert!(name_point(&session, "x").await.unwrap().unwrap().contains('/'));
    let app = ground.session("postgres").await;
    app.batch_execute("SET ROLE app").await.unwrap();
    assert_eq!(name_point(&app, "x").await.unwrap(), None, "it is no superuser");
}
