//! Maintenance mode: on where nothing else helped, and off again exactly as it was.

use std::sync::{Arc, Mutex};

use backout_core::config::Maintenance;
use backout_core::journal::{Body, Former, MaintenanceOutcome, Recourse, RunResult};
use backout_core::maintenance::Mode;
use backout_core::port::{Barrier, Blobs, Pending, PortError, Store};
use backout_engine::{MaintenanceWish, maintain, maintenance_standing};
use backout_testkit::world::{Behaviour, Move, SwitchFault};

use crate::scenario::{Scenario, seconds, service};

/// A link that leads to `live`, or to the page.
#[derive(Clone)]
struct Link {
    to: Arc<Mutex<String>>,
    is_stuck: bool,
}

fn link(is_stuck: bool) -> Link {
    Link { to: Arc::new(Mutex::new("live".to_owned())), is_stuck }
}

impl Link {
    fn leads(&self) -> String {
        self.to.lock().unwrap().clone()
    }

    fn point(&self, to: &str) -> Result<String, PortError> {
        if self.is_stuck {
            return Err(PortError::new("the proxy does not answer"));
        }
        *self.to.lock().unwrap() = to.to_owned();
        Ok(format!("it leads to {to}"))
    }
}

impl Barrier for Link {
    fn name(&self) -> String {
        format!("link{}", if self.is_stuck { " that is stuck" } else { "" })
    }

    fn look<'a>(&'a self, _: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>> {
        Box::pin(async { Ok(Former::Link { to: self.leads() }) })
    }

    fn raise<'a>(&'a self, _: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async { self.point("page") })
    }

    fn lower<'a>(&'a self, former: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        let Former::Link { to } = former else { panic!("{former:?}") };
        Box::pin(async move { self.point(to) })
    }
}

fn with(barriers: &[&Link]) -> Scenario {
    let mut scenario = Scenario::of_app();
    scenario.environment.maintenance = Maintenance { automatic: true, ..Maintenance::default() };
    scenario.barriers = barriers.iter().map(|link| Arc::new((*link).clone()) as Arc<dyn Barrier>).collect();
    scenario
}

fn wish(on: bool) -> MaintenanceWish {
    MaintenanceWish { on, by: "anna".to_owned(), reason: None, is_automatic: false }
}

async fn switched(scenario: &Scenario, on: bool) -> Result<MaintenanceOutcome, String> {
    let lease = scenario.lease("a person").await;
    let outcome = maintain(&scenario.world(), &lease, &wish(on)).await.map_err(|error| error.to_string());
    scenario.store.release(&lease).await.unwrap();
    outcome
}

#[tokio::test(start_paused = true)]
async fn off_restores_what_was_before_the_first_on() {
    let link = link(false);
    let scenario = with(&[&link]);
    for _ in 0..2 {
        assert!(matches!(switched(&scenario, true).await, Ok(MaintenanceOutcome::Done { .. })));
        assert_eq!(link.leads(), "page");
    }
    assert_eq!(maintenance_standing(&scenario.world()).await.unwrap().mode, Mode::On);
    for _ in 0..2 {
        assert!(matches!(switched(&scenario, false).await, Ok(MaintenanceOutcome::Done { .. })));
        assert_eq!(link.leads(), "live");
    }
    assert_eq!(maintenance_standing(&scenario.world()).await.unwrap().mode, Mode::Off);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_switched_before_it_is_recorded_how_it_was() {
    let link = link(false);
    let scenario = with(&[&link]);
    scenario.store.refuse(Some("maintenance_intended"));
    switched(&scenario, true).await.unwrap_err();
    assert_eq!(link.leads(), "live");
}

#[tokio::test(start_paused = true)]
async fn what_was_switched_and_never_said_so_is_gone_on_with() {
    let link = link(false);
    let scenario = with(&[&link]);
    scenario.store.refuse(Some("maintenance_ended"));
    switched(&scenario, true).await.unwrap_err();
    scenario.store.refuse(None);
    assert_eq!(maintenance_standing(&scenario.world()).await.unwrap().mode, Mode::Partly);
    switched(&scenario, true).await.unwrap();
    switched(&scenario, false).await.unwrap();
    assert_eq!(link.leads(), "live");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_switched_is_said_and_the_rest_is_switched() {
    let (works, stuck) = (link(false), link(true));
    let scenario = with(&[&stuck, &works]);
    let Ok(MaintenanceOutcome::Failed { why, .. }) = switched(&scenario, true).await else { panic!() };
    assert_eq!(why, ["link that is stuck: the proxy does not answer"]);
    assert_eq!(works.leads(), "page");
    assert_eq!(maintenance_standing(&scenario.world()).await.unwrap().mode, Mode::Partly);
}

#[tokio::test(start_paused = true)]
async fn a_page_is_not_waited_for_any_longer_where_the_clock_is_set_back_meanwhile() {
    let link = link(false);
    let mut scenario = with(&[&link]);
    let app = &scenario.environment.services[&service("app")];
    // It is the application that answers so: the page never goes.
    scenario.environment.maintenance.page = app.probes.values().next().cloned();
    switched(&scenario, true).await.unwrap();
    let began = scenario.clock.uptime();
    let (off, ()) = tokio::join!(switched(&scenario, false), async {
        scenario.clock.sleep(seconds(5)).await;
        scenario.wall.set_by(jiff::SignedDuration::from_hours(-1));
    });
    assert!(matches!(off, Ok(MaintenanceOutcome::Done { .. })), "{off:?}");
    let took = scenario.clock.uptime() - began;
    assert!((seconds(15)..seconds(17)).contains(&took), "{took:?}");
}

/// A deploy goes bad, and no switch back works.
async fn helpless(link: &Link) -> Scenario {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = with(&[link]).deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsBefore, 100));
    scenario
}

#[tokio::test(start_paused = true)]
async fn an_automatic_run_that_cannot_go_back_switches_it_on_and_needs_a_person() {
    let link = link(false);
    let scenario = helpless(&link).await;
    let ended = scenario.guard().await;
    assert_eq!((ended.result, ended.result.exit_code(true)), (RunResult::NotVerified, 4), "{}", ended.summary);
    assert_eq!(link.leads(), "page");
    assert!(ended.summary.contains("`backout maintenance off`"), "{}", ended.summary);
    let last = ended.records.iter().rev().find_map(|record| match &record.body {
        Body::AttemptFailed { attempt, next, .. } => Some((*attempt, *next)),
        _ => None,
    });
    assert_eq!(last, Some((2, Recourse::Maintenance)));
    switched(&scenario, false).await.unwrap();
    assert_eq!(link.leads(), "live");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_while_it_is_switched_on_goes_on_with_that() {
    let link = link(false);
    let scenario = helpless(&link).await;
    scenario.store.refuse(Some("maintenance_ended"));
    scenario.run(crate::scenario::guard(), "run-1").await.unwrap_err();
    scenario.store.refuse(None);
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!((ended.result, link.leads()), (RunResult::NotVerified, "page".to_owned()));
    switched(&scenario, false).await.unwrap();
    assert_eq!(link.leads(), "live");
}

#[tokio::test(start_paused = true)]
async fn it_stays_off_where_only_a_person_may_switch_it() {
    let link = link(false);
    let mut scenario = helpless(&link).await;
    scenario.environment.maintenance.automatic = false;
    let ended = scenario.guard().await;
    assert_eq!((ended.result, link.leads()), (RunResult::NotVerified, "live".to_owned()));
}
