//! pgBackRest's repository.

use backout_core::config::Recovery;
use backout_core::data::RecoveryTarget;
use backout_testkit::skip::skip;

use super::ground::{Ground, WHOLE, rows};

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_pgbackrest_is_recovered_from() {
    let ground = Ground::new().await;
    if ground.live.as_its_user("pgbackrest").arg("version").run().await.is_err() {
        return skip("a_repository_of_pgbackrest_is_recovered_from", "`pgbackrest` is not installed");
    }
    let (config, folder) = (ground.folder("pgbackrest.conf"), ground.live.folder().display().to_string());
    let content = format!(
        "[global]\nrepo1-path={folder}/repo\nlock-path={folder}/lock\nlog-level-file=off\nstart-fast=y\n\
        compress-type=zst\nrepo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=secret\n\
        [main]\npg1-path={folder}/data\npg1-socket-path={folder}\npg1-user=postgres\n"
    );
    std::fs::write(&config, content).unwrap();
    let config = config.display().to_string();
    let ground = ground.archiving_by(&format!("pgbackrest --config={config} --stanza=main archive-push %p")).await;
    ground.fill().await;
    for command in ["stanza-create", "backup"] {
        let words = [format!("--config={config}"), "--stanza=main".to_owned(), command.to_owned()];
        ground.live.as_its_user("pgbackrest").args(words).run().await.unwrap();
    }
    let moments = ground.harm("before").await;
    let state = ground.state().await;
    let target = ground.target(Recovery::PgBackRest { stanza: "main".to_owned(), config: Some(config) }, 6);
    for moment in [
        RecoveryTarget::Name { name: "before".to_owned() },
        RecoveryTarget::Time { at: moments.time },
        RecoveryTarget::Lsn { lsn: moments.lsn },
        RecoveryTarget::Xid { xid: moments.xid },
    ] {
        let (copy, _) = ground.recover(&target, &moment, &[]).await.unwrap();
        assert_eq!(rows(&copy).await, (WHOLE, 7), "{moment:?}");
    }
    assert_eq!(ground.state().await, state);
}
