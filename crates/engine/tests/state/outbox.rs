//! The outbox: each notice once for each who is told, whoever looks and whoever sends.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::load;
use backout_core::id::NotifierName;
use backout_core::port::{Clock as _, Store as _};
use backout_engine::store::{Audience, Claim, Settled};

use crate::world::{TTL, World, ended, lease, run, staging, started};

#[tokio::test]
async fn two_processes_claim_no_notice_together_and_a_dead_ones_claim_expires() {
    let world = World::new();
    let (one, two) = (world.store(), world.store());
    let text = "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { host: {} }\n    services: { web: { releases: app, run: [./start] } }\n    notify: { teams: { webhook: \"env:X\" } }\n";
    let config = load(text, &|_| None).unwrap();
    let notify = Arc::new(config.environments[&staging()].notify.clone());
    let audience = Audience { project: "shop".into(), environment: staging(), notify };
    let teams = NotifierName::new("teams").unwrap();
    one.begin_telling(&staging()).await.unwrap();
    let lease = lease(&one).await;
    for body in [started("anna"), ended()] {
        one.append(&lease, Some(&run(1)), &body).await.unwrap();
    }
    for store in [&one, &two, &one] {
        store.gather(&audience, world.clock.now()).await.unwrap();
    }
    assert_eq!(one.outbox(&staging()).await.unwrap().len(), 2);

    let (staging, now) = (staging(), world.clock.now());
    let to = (&staging, &teams);
    let Claim::One(first) = one.claim(to, "one", now, TTL).await.unwrap() else { panic!("nothing to claim") };
    assert!(first.notice.id.ends_with("/started"), "{}", first.notice.id);
    assert_eq!(two.claim(to, "two", now, TTL).await.unwrap(), Claim::Wait(now + TTL));
    let later = now + TTL + Duration::from_secs(1);
    let Claim::One(again) = two.claim(to, "two", later, TTL).await.unwrap() else { panic!("the claim has expired") };
    assert_eq!(again.notice.id, first.notice.id);
    // The first process was only slow: what it says now is not about its own claim any more.
    one.settle(&first, Settled::GivenUp("late".into()), later).await.unwrap();
    two.settle(&again, Settled::Sent(None), later).await.unwrap();
    let states: Vec<String> = one.outbox(&staging).await.unwrap().into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["sent", "waiting"]);
}
