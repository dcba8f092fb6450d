//! Everything that a deploy changed, or one service of it, goes back; what it did not change is not touched.

use super::{CHANGED, SERVICES, ids, running_well, switched};

#[test]
fn a_bad_deploy_of_five_services_goes_back_in_the_order_of_their_dependencies() {
    let test = "a_bad_deploy_of_five_services_goes_back_in_the_order_of_their_dependencies";
    let Some((guarded, good)) = running_well(test) else { return };
    let _ = guarded.version("v2", "fail-after:4000");
    let before = ids(&guarded);
    let deploy = guarded.deploy(&CHANGED.map(|name| (name, "v2")));
    guarded.guard(&deploy).wait().expect_code(3);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    let records = guarded.journal().since(0);
    let order = switched(&records);
    assert_eq!(order.len(), CHANGED.len(), "{order:?}");
    let place = |name: &str| order.iter().position(|switched| switched == name);
    for service in SERVICES.iter().filter(|service| CHANGED.contains(&service.name)) {
        let mine = guarded.one(service.name);
        assert_ne!(mine.id, before[service.name]);
        for needed in service.depends_on.iter().filter(|needed| CHANGED.contains(needed)) {
            assert!(place(needed) < place(service.name), "{order:?}");
            assert!(guarded.one(needed).started_at < mine.started_at, "`{}` before `{needed}`", service.name);
        }
    }
    assert_eq!(guarded.one("cache").id, before["cache"]);
}

#[test]
fn one_service_goes_back_alone_when_it_is_named() {
    let Some((mut guarded, good)) = running_well("one_service_goes_back_alone_when_it_is_named") else { return };
    let new = guarded.version("v2", "ok");
    guarded.set(&CHANGED.map(|name| (name, "v2")));
    guarded.up(true);
    let before = ids(&guarded);
    guarded.backout(&["rollback", "--yes", "--service", "worker"]).expect_code(0);
    let worker = guarded.one("worker");
    assert!(worker.runs_well(&good), "{worker:?}");
    for name in guarded.names().filter(|name| *name != "worker") {
        let seen = guarded.one(name);
        assert_eq!((&seen.id, &seen.image), (&before[name], if name == "cache" { &good } else { &new }), "`{name}`");
    }
}
