//! The outbox: each notice once for each who is told, whoever looks and whoever sends.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::load;
use backout_core::id::{IncidentId, NotifierName};
use backout_core::incident::{Entry, Said, Told, Topic};
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
    let audience = Audience { project: "shop".into(), environment: staging(), notify, post_mortem: None };
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
    let told = |notifier: &NotifierName| {
        let (run, title) = (again.notice.run.clone(), again.notice.title.clone());
        Some(Told { notifier: notifier.clone(), is_public: false, run, event: again.notice.event, title })
    };
    one.settle(&first, Settled::Sent(None), told(&teams), later).await.unwrap();
    two.settle(&again, Settled::Sent(None), told(&teams), later).await.unwrap();
    let states: Vec<String> = one.outbox(&staging).await.unwrap().into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["sent", "waiting"]);
    let recorded = one.records(&staging, &["told"]).await.unwrap();
    assert_eq!(recorded.len(), 1, "it is recorded once who was told: {recorded:?}");
    one.verify_chain().await.unwrap();
}

#[tokio::test]
async fn a_note_is_recorded_while_a_run_holds_the_environment_and_the_run_goes_on() {
    let world = World::new();
    let (of_the_run, of_a_person) = (world.store(), world.store());
    let lease = lease(&of_the_run).await;
    of_the_run.append(&lease, Some(&run(1)), &started("anna")).await.unwrap();
    let said = Said::Noted { topic: Topic::Note, text: "I look".to_owned() };
    let entry = Entry { incident: IncidentId::of_run(&run(1)), by: "ben".to_owned(), said };
    let record = of_a_person.say(&staging(), &entry).await.unwrap();
    assert_eq!((record.seq, record.run), (2, None));
    let ended = of_the_run.append(&lease, Some(&run(1)), &ended()).await.unwrap();
    assert_eq!(ended.seq, 3);
    assert_eq!(of_the_run.verify_chain().await.unwrap().remembered, Some(3));
    assert_eq!(of_the_run.run(&run(1)).await.unwrap().len(), 2, "the run has its own records only");
}
