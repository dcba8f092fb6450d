//! The watch through the soak: sooner than the next poll where the platform tells, and patient with what is starting.

use std::time::Duration;

use backout_core::config::TriggerAction;
use backout_core::detect::SignalPath;
use backout_core::journal::RunResult;
use backout_core::policy::Verdict;
use backout_testkit::world::{Answer, Behaviour, Move};
use jiff::SignedDuration;

use crate::scenario::{Ended, Scenario, health, millis, seconds, service};

fn deploying(scenario: Scenario) -> Scenario {
    scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")])
}

async fn watched(behaviour: Behaviour) -> (Scenario, Ended) {
    let scenario = deploying(Scenario::of_app());
    scenario.platform.teach(&service("app"), "app:v2", behaviour);
    let ended = scenario.guard().await;
    (scenario, ended)
}

/// How long the verdict took from the end of the deploy command, in milliseconds.
fn took(ended: &Ended) -> i128 {
    let deployed = ended.records.iter().find(|record| record.body.kind() == "after_seen").unwrap();
    ended.judgement().at.duration_since(deployed.at).as_millis()
}

#[tokio::test(start_paused = true)]
async fn crash_is_judged_when_the_platform_tells_of_it() {
    let scenario = deploying(Scenario::of(&[("app", &[])]));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(millis(2_500), 1));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!((2_500..2_520).contains(&took(&ended)), "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn crash_that_nobody_tells_of_is_found_by_looking() {
    let scenario = deploying(Scenario::of(&[("app", &[])]));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(millis(2_500), 1));
    scenario.platform.faults(|faults| faults.no_events = true);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!((2_500..4_600).contains(&took(&ended)), "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn wrong_answers_are_judged_at_the_pace_of_the_soak() {
    let (_, ended) = watched(Behaviour::well().answers_wrongly_after(seconds(3))).await;
    let judgement = ended.judgement();
    // Three in a row, a quarter of a second apart.
    assert!((3_500..4_000).contains(&took(&ended)), "{} ms", took(&ended));
    assert!(judgement.first_bad_at.unwrap() < judgement.at);
}

#[tokio::test(start_paused = true)]
async fn platform_that_hangs_does_not_hide_a_probe_that_fails() {
    let scenario = deploying(Scenario::of_app());
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(4)));
    let hang = async {
        scenario.clock.sleep(seconds(2)).await;
        scenario.platform.faults(|faults| faults.observe_hangs = true);
        scenario.clock.sleep(seconds(5)).await;
        scenario.platform.faults(|faults| faults.observe_hangs = false);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), hang);
    assert_eq!(ended.judgement().verdict, Verdict::Unhealthy);
    assert!(took(&ended) < 5_000, "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_seen_through_the_soak_is_not_called_good() {
    let scenario = deploying(Scenario::of(&[("app", &[])]));
    let blind = async {
        scenario.clock.sleep(millis(1_500)).await;
        scenario.platform.faults(|faults| _ = faults.unknown.insert(service("app"), "no answer".to_owned()));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), blind);
    assert_eq!(ended.judgement().verdict, Verdict::Unmeasurable);
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn way_back_waits_for_a_platform_that_is_out_of_sight_for_a_moment() {
    let scenario = deploying(Scenario::of_app());
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    let restart = async {
        scenario.clock.sleep(millis(3_500)).await;
        scenario.platform.faults(|faults| _ = faults.unknown.insert(service("app"), "no answer".to_owned()));
        scenario.clock.sleep(seconds(20)).await;
        scenario.platform.faults(|faults| faults.unknown.clear());
    };
    let (ended, ()) = tokio::join!(scenario.guard(), restart);
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn service_that_the_deploy_lost_is_taken_back() {
    let scenario = Scenario::of(&[("app", &[])]).deploying(vec![Move::Remove(service("app"))]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn version_that_needs_a_moment_to_serve_is_not_blamed() {
    let (scenario, ended) = watched(Behaviour::well().serves_after(seconds(6))).await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2"]);
}

#[tokio::test(start_paused = true)]
async fn version_that_never_serves_is_taken_back() {
    let mut scenario = deploying(Scenario::of_app());
    scenario.environment.guard.soak = seconds(30);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().serves_after(seconds(9_000)));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!((10_000..12_000).contains(&took(&ended)), "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn version_that_stops_serving_after_it_has_served_is_judged_at_once() {
    let scenario = deploying(Scenario::of_app());
    let silence = async {
        scenario.clock.sleep(seconds(4)).await;
        scenario.prober.answer(&service("app"), &health(), Some(Answer::Refused));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), silence);
    assert_eq!(ended.judgement().verdict, Verdict::Unhealthy);
    assert!((3_500..4_000).contains(&took(&ended)), "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn configured_start_period_is_honoured_for_wrong_answers_too() {
    for (period, expected) in [(None, RunResult::RolledBack), (Some(seconds(9)), RunResult::Kept)] {
        let mut scenario = deploying(Scenario::of_app());
        scenario.environment.guard.soak = seconds(20);
        scenario.set_start_period("app", period);
        let warming_up = async {
            scenario.clock.sleep(millis(900)).await;
            scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
            scenario.clock.sleep(seconds(6)).await;
            scenario.prober.answer(&service("app"), &health(), None);
        };
        let (ended, ()) = tokio::join!(scenario.guard(), warming_up);
        assert_eq!(ended.result, expected, "{period:?}: {}", ended.summary);
    }
}

/// A front that answers for the application behind it, which needs six seconds to serve.
async fn front_answers_wrongly(needs: &[&str], from: Duration, until: Option<Duration>) -> Ended {
    let mut scenario = deploying(Scenario::of(&[("app", &[]), ("front", needs)]).probed("app").probed("front"));
    scenario.environment.guard.soak = seconds(20);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().serves_after(seconds(6)));
    let front = async {
        scenario.clock.sleep(from).await;
        scenario.prober.answer(&service("front"), &health(), Some(Answer::Wrong));
        let Some(until) = until else { return };
        scenario.clock.sleep(until - from).await;
        scenario.prober.answer(&service("front"), &health(), None);
    };
    tokio::join!(scenario.guard(), front).0
}

#[tokio::test(start_paused = true)]
async fn what_fails_because_what_it_depends_on_is_still_starting_is_not_blamed() {
    for (needs, expected) in [(&[][..], RunResult::RolledBack), (&["app"][..], RunResult::Kept)] {
        let ended = front_answers_wrongly(needs, millis(900), Some(millis(7_300))).await;
        assert_eq!(ended.result, expected, "{needs:?}: {}", ended.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_failing_once_what_it_depends_on_serves_is_judged() {
    let ended = front_answers_wrongly(&["app"], millis(900), None).await;
    assert_eq!(ended.judgement().verdict, Verdict::Unhealthy);
    assert!((6_000..8_000).contains(&took(&ended)), "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn what_has_served_is_judged_though_what_it_depends_on_is_still_starting() {
    let ended = front_answers_wrongly(&["app"], seconds(3), None).await;
    assert_eq!(ended.judgement().verdict, Verdict::Unhealthy);
    assert!(took(&ended) < 3_000, "{} ms", took(&ended));
}

#[tokio::test(start_paused = true)]
async fn start_period_of_the_platform_is_honoured() {
    let slow = Behaviour::well().healthy_after(seconds(15)).serves_after(seconds(14));
    let mut scenario = deploying(Scenario::of_app());
    scenario.environment.guard.soak = seconds(30);
    scenario.platform.teach(&service("app"), "app:v2", slow);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn trigger_that_wants_a_person_takes_nothing_back() {
    let scenario = deploying(Scenario::of_app().triggered("app", 3, TriggerAction::Hold));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Held, "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v2".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn trigger_that_only_observes_never_acts() {
    let scenario = deploying(Scenario::of_app().triggered("app", 1, TriggerAction::Observe));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    let ended = scenario.guard().await;
    assert_eq!(ended.judgement().verdict, Verdict::Inconclusive);
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn service_that_is_never_settled_is_kept_and_not_called_good() {
    let (_, ended) = watched(Behaviour::well().healthy_after(seconds(600))).await;
    assert_eq!(ended.judgement().verdict, Verdict::Inconclusive);
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn two_failures_where_three_are_wanted_take_nothing_back() {
    let scenario = deploying(Scenario::of_app());
    let hiccup = async {
        scenario.clock.sleep(millis(4_000)).await;
        scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
        scenario.clock.sleep(millis(450)).await;
        scenario.prober.answer(&service("app"), &health(), None);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), hiccup);
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    let signal = SignalPath::Up(service("app"), health());
    let bad = scenario.watcher.samples().into_iter().filter(|s| s.signal == signal && s.what.starts_with("500"));
    assert_eq!(bad.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_ill_before_and_got_well_is_blamed_when_it_falls_ill_again() {
    let scenario = Scenario::of(&[("app", &[]), ("mail", &[])]).known_good().await;
    scenario.platform.kill(&service("mail"), 1);
    let scenario = scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("mail"), "mail:v2")]);
    scenario.platform.teach(&service("mail"), "mail:v2", Behaviour::well().exits_after(seconds(4), 1));
    let ended = scenario.guard().await;
    assert_eq!(ended.judgement().verdict, Verdict::Unhealthy);
    assert_eq!(scenario.running(), ["app:v1", "mail:v1"]);
}

#[tokio::test(start_paused = true)]
async fn soak_lasts_as_long_as_configured() {
    let mut scenario = deploying(Scenario::of_app());
    scenario.environment.guard.soak = Duration::from_secs(1_800);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert_eq!(took(&ended) / 1_000, 1_800);
}

#[tokio::test(start_paused = true)]
async fn version_that_never_serves_goes_back_even_after_a_soak_shorter_than_its_grace() {
    let mut scenario = deploying(Scenario::of_app());
    scenario.environment.guard.soak = seconds(4);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().serves_after(seconds(3_600)));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!((10_000..14_000).contains(&took(&ended)), "{} ms", took(&ended));
}

/// Sets the clock on the wall three seconds after the deploy command has ended.
async fn guarded_while_set(scenario: &Scenario, by: SignedDuration) -> (Ended, Duration) {
    let setting = async {
        scenario.clock.sleep(seconds(4)).await;
        scenario.wall.set_by(by);
    };
    let began = scenario.clock.uptime();
    let (ended, ()) = tokio::join!(scenario.guard(), setting);
    (ended, scenario.clock.uptime() - began)
}

#[tokio::test(start_paused = true)]
async fn clock_that_is_set_makes_no_soak_longer_or_shorter() {
    for hours in [-1, 1] {
        let mut scenario = deploying(Scenario::of_app());
        scenario.environment.guard.soak = seconds(30);
        let (ended, took) = guarded_while_set(&scenario, SignedDuration::from_hours(hours)).await;
        assert_eq!(ended.result, RunResult::Kept, "{hours}: {}", ended.summary);
        assert!((seconds(30)..seconds(36)).contains(&took), "{hours}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn clock_that_is_set_back_excuses_nobody_for_longer() {
    let mut scenario = deploying(Scenario::of_app());
    scenario.environment.guard.soak = seconds(30);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().serves_after(seconds(9_000)));
    let (ended, took) = guarded_while_set(&scenario, SignedDuration::from_hours(-1)).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(took < seconds(20), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn probes_keep_their_rhythm_when_the_clock_is_set() {
    for hours in [-1, 1] {
        let mut scenario = deploying(Scenario::of_app());
        scenario.environment.guard.soak = seconds(30);
        let break_it = async {
            scenario.clock.sleep(seconds(7)).await;
            scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
            scenario.clock.sleep(seconds(3)).await;
            scenario.prober.answer(&service("app"), &health(), None);
        };
        let ((ended, took), ()) =
            tokio::join!(guarded_while_set(&scenario, SignedDuration::from_hours(hours)), break_it);
        assert_eq!(ended.judgement().verdict, Verdict::Unhealthy, "{hours}: {}", ended.summary);
        assert!(took < seconds(20), "{hours}: {took:?}");
    }
}
