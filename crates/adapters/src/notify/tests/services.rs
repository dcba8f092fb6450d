//! Chats, pagers, status pages: the wire format of each.

use std::path::PathBuf;
use std::time::Duration;

use backout_core::config::{Channel, StatusPage, StatusService};
use backout_core::id::RunId;
use backout_core::notify::{Event, Field};
use backout_core::port::{Notifier as _, Threads};
use backout_testkit::receiver::{Answer, HttpReceiver, Received};
use serde_json::{Value, json};

use super::world::{TOKEN, address, answered, client, of_run, token, told};
use crate::notify::slack;

fn ok(_: &Received) -> Answer {
    Answer::Say(200, "ok".to_owned())
}

fn asked(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[tokio::test]
async fn teams_gets_an_adaptive_card() {
    let requests = told(|_| Channel::Teams { webhook: address() }, &[Event::Held], ok).await;
    assert_eq!(asked(&requests), ["POST /hook"]);
    let body = requests[0].json();
    let attachment = &body["attachments"][0];
    assert_eq!(
        (&body["type"], &attachment["contentType"]),
        (&"message".into(), &"application/vnd.microsoft.card.adaptive".into())
    );
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["body"][0]["color"]), (&"AdaptiveCard".into(), &"Attention".into()));
    assert_eq!(card["body"][2]["text"], "- web: 503");
}

#[tokio::test]
async fn discord_gets_an_embed_that_mentions_nobody() {
    let requests = told(|_| Channel::Discord { webhook: address() }, &[Event::RolledBack], ok).await;
    let body = requests[0].json();
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(body["embeds"][0]["title"], "shop/staging: <it> happened");
    assert_eq!(body["embeds"][0]["color"], 0x00f9_a825);
}

#[tokio::test]
async fn slack_reads_three_characters_as_its_own_and_gets_them_escaped() {
    let requests = told(|_| Channel::Slack { webhook: address() }, &[Event::Held], ok).await;
    let body = requests[0].json();
    assert_eq!(body["text"], "shop/staging: &lt;it&gt; happened");
    let section = &body["attachments"][0]["blocks"][0]["text"];
    assert_eq!(section["text"], "*shop/staging: &lt;it&gt; happened*\nFirst &amp; second.\n- web: 503");
}

#[test]
fn slack_is_told_whom_to_call_however_much_else_there_is_to_say() {
    let mut letter = of_run(Event::Held);
    letter.fields = (1..=12).map(|number| Field { name: number.to_string(), value: "x".to_owned() }).collect();
    let body: Value = serde_json::from_str(&slack::webhook("http://127.0.0.1", &letter).body).unwrap();
    let counted = |block: usize| body["attachments"][0]["blocks"][block]["fields"].as_array().map(Vec::len);
    assert_eq!([1, 2, 3].map(counted), [Some(10), Some(2), None], "ten fields are a section's limit");
    assert!(body.to_string().contains("*12*"), "{body}");
}

fn bot(server: String) -> Channel {
    Channel::SlackBot { token: token(), channel: "deploys".to_owned(), server: Some(server) }
}

#[tokio::test]
async fn a_bot_of_slack_keeps_one_message_up_to_date() {
    let answer = |_: &Received| Answer::Say(200, json!({ "ok": true, "channel": "C1", "ts": "17.5" }).to_string());
    let requests = told(bot, &[Event::Started, Event::GoingBack, Event::RolledBack], answer).await;
    assert_eq!(asked(&requests), ["POST /chat.postMessage", "POST /chat.update", "POST /chat.update"]);
    assert_eq!(requests[0].json()["channel"], "deploys");
    for update in &requests[1..] {
        assert_eq!((&update.json()["channel"], &update.json()["ts"]), (&"C1".into(), &"17.5".into()));
    }
    assert!(requests.iter().all(|request| request.headers["authorization"] == format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn a_message_that_somebody_has_removed_is_posted_anew() {
    let answer = |request: &Received| {
        let is_gone = request.path == "/chat.update";
        let body = if is_gone {
            json!({ "ok": false, "error": "message_not_found" })
        } else {
            json!({ "ok": true, "channel": "C1", "ts": "1" })
        };
        Answer::Say(200, body.to_string())
    };
    let requests = told(bot, &[Event::Started, Event::Kept], answer).await;
    assert_eq!(asked(&requests), ["POST /chat.postMessage", "POST /chat.update", "POST /chat.postMessage"]);
}

#[tokio::test]
async fn what_slack_refuses_with_a_200_is_not_delivered() {
    let receiver =
        HttpReceiver::start(|_| Answer::Say(200, json!({ "ok": false, "error": "invalid_auth" }).to_string())).unwrap();
    let client = client(bot(receiver.url("")), "", PathBuf::from("/"));
    let failure = client.send(&of_run(Event::Held), &Threads::default()).await.unwrap_err();
    assert_eq!((failure.what.as_str(), failure.is_final), ("Slack answered `invalid_auth`", false));
}

#[tokio::test]
async fn pagerduty_opens_acknowledges_and_closes_one_alert() {
    let answer = |_: &Received| Answer::Say(202, json!({ "status": "success" }).to_string());
    let channel = |server| Channel::PagerDuty { token: token(), server: Some(server) };
    let requests = told(channel, &[Event::GoingBack, Event::TakenOver, Event::RolledBack], answer).await;
    let bodies: Vec<Value> = requests.iter().map(Received::json).collect();
    let actions: Vec<&Value> = bodies.iter().map(|body| &body["event_action"]).collect();
    assert_eq!(actions, ["trigger", "acknowledge", "resolve"]);
    assert!(bodies.iter().all(|body| body["dedup_key"] == "shop/staging/run-1" && body["routing_key"] == TOKEN));
    assert_eq!(bodies[0]["payload"]["severity"], "error");
    assert!(requests.iter().all(|request| request.path == "/v2/enqueue"));
}

#[tokio::test]
async fn a_run_that_ends_well_closes_the_alerts_of_earlier_ones() {
    let receiver = HttpReceiver::start(|_| Answer::Say(202, "{}".to_owned())).unwrap();
    let channel = Channel::PagerDuty { token: token(), server: Some(receiver.url("")) };
    let mut letter = of_run(Event::Kept);
    letter.notice.resolves = vec![RunId::new("run-0").unwrap()];
    client(channel, "", PathBuf::from("/")).send(&letter, &Threads::default()).await.unwrap();
    let keys: Vec<Value> = receiver.received().iter().map(|request| request.json()["dedup_key"].clone()).collect();
    assert_eq!(keys, ["shop/staging/run-1", "shop/staging/run-0"]);
}

#[tokio::test]
async fn opsgenie_knows_an_alert_by_its_alias() {
    let answer = |_: &Received| Answer::Say(202, json!({ "result": "Request will be processed" }).to_string());
    let channel = |server| Channel::Opsgenie { token: token(), server: Some(server) };
    let requests = told(channel, &[Event::Held, Event::TakenOver, Event::Kept], answer).await;
    let on_alert = |what: &str| format!("POST /v2/alerts/shop%2Fstaging%2Frun-1/{what}?identifierType=alias");
    assert_eq!(asked(&requests), ["POST /v2/alerts".to_owned(), on_alert("acknowledge"), on_alert("close")]);
    let body = requests[0].json();
    assert_eq!((&body["alias"], &body["priority"]), (&"shop/staging/run-1".into(), &"P1".into()));
    assert!(requests.iter().all(|request| request.headers["authorization"] == format!("GenieKey {TOKEN}")));
}

fn page(service: StatusService) -> impl FnOnce(String) -> Channel {
    move |server| {
        let (page, components) = ("p1".to_owned(), vec!["c1".to_owned()]);
        Channel::Status(StatusPage { service, token: token(), page, components, server: Some(server) })
    }
}

const STORY: [Event; 4] = [Event::Started, Event::GoingBack, Event::NotVerified, Event::Kept];

#[tokio::test]
async fn atlassian_has_one_incident_a_run_without_names_or_commands() {
    let answer = |_: &Received| Answer::Say(201, json!({ "id": "i7" }).to_string());
    let requests = told(page(StatusService::Atlassian), &STORY, answer).await;
    let incident = "PATCH /v1/pages/p1/incidents/i7";
    assert_eq!(asked(&requests), ["POST /v1/pages/p1/incidents", incident, incident]);
    let status: Vec<Value> = requests.iter().map(|request| request.json()["incident"]["status"].clone()).collect();
    assert_eq!(status, ["identified", "investigating", "resolved"]);
    assert_eq!(requests[2].json()["incident"]["components"]["c1"], "operational");
    assert!(requests.iter().all(|request| request.headers["authorization"] == format!("OAuth {TOKEN}")));
    assert!(requests.iter().all(|request| !request.body.contains("503") && !request.body.contains("staging")));
}

#[tokio::test]
async fn what_is_observed_is_monitored_until_that_is_over() {
    let receiver = HttpReceiver::start(|_| Answer::Say(201, json!({ "id": "i7" }).to_string())).unwrap();
    let client = client(page(StatusService::Atlassian)(receiver.url("")), "", PathBuf::from("/"));
    let mut back = of_run(Event::RolledBack);
    back.notice.is_observed = true;
    let threads = Threads { own: Some("i7".to_owned()), resolved: vec!["i6".to_owned()] };
    client.send(&back, &threads).await.unwrap();
    let own = Threads { own: Some("i7".to_owned()), ..Threads::default() };
    client.send(&of_run(Event::Observed), &own).await.unwrap();
    let told = receiver.received().iter().map(|request| (request.path.clone(), request.json())).collect::<Vec<_>>();
    let seen: Vec<(&str, &str)> = told
        .iter()
        .map(|(path, body)| (path.rsplit('/').next().unwrap(), body["incident"]["status"].as_str().unwrap()))
        .collect();
    assert_eq!(seen, [("i7", "monitoring"), ("i6", "resolved"), ("i7", "resolved")]);
    assert_eq!(told[0].1["incident"]["components"]["c1"], "operational");
}

#[tokio::test]
async fn instatus_has_one_incident_with_updates() {
    let answer = |_: &Received| Answer::Say(200, json!({ "id": "i7" }).to_string());
    let requests = told(page(StatusService::Instatus), &STORY, answer).await;
    let update = "POST /v1/p1/incidents/i7/incident-updates";
    assert_eq!(asked(&requests), ["POST /v1/p1/incidents", update, update]);
    let last = requests[2].json();
    assert_eq!((&last["status"], &last["statuses"][0]["status"]), (&"RESOLVED".into(), &"OPERATIONAL".into()));
}

#[tokio::test]
async fn cachet_numbers_its_incidents_and_its_words() {
    let answer = |_: &Received| Answer::Say(200, json!({ "data": { "id": 7 } }).to_string());
    let requests = told(page(StatusService::Cachet), &STORY, answer).await;
    let incident = "PUT /api/v1/incidents/7";
    assert_eq!(asked(&requests), ["POST /api/v1/incidents", incident, incident]);
    let status: Vec<Value> = requests.iter().map(|request| request.json()["status"].clone()).collect();
    assert_eq!(status, [2, 1, 4]);
    assert!(requests.iter().all(|request| request.headers["x-cachet-token"] == TOKEN));
}

#[tokio::test]
async fn a_status_says_whether_the_same_letter_is_sent_again() {
    for (status, is_final) in
        [(500, false), (503, false), (429, false), (401, false), (404, false), (400, true), (410, true), (302, true)]
    {
        let failure = answered(status, "because").await.unwrap_err();
        assert_eq!(failure.is_final, is_final, "{failure}");
        assert!(failure.what.contains("because"), "{failure}");
    }
    assert!(answered(202, "").await.is_ok());
}

#[tokio::test]
async fn a_service_that_asks_for_time_is_heard_and_repeats_no_secret() {
    let receiver = HttpReceiver::start(|_| Answer::With(429, "retry-after", "17".to_owned())).unwrap();
    let url = receiver.url("/planted-path");
    let client_of = |url: &str| client(Channel::Teams { webhook: address() }, url, PathBuf::from("/"));
    let failure = client_of(&url).send(&of_run(Event::Held), &Threads::default()).await.unwrap_err();
    assert_eq!(failure.asked, Some(Duration::from_secs(17)));
    drop(receiver);
    let refused = client_of(&url).send(&of_run(Event::Held), &Threads::default()).await.unwrap_err();
    assert!(refused.what.contains("refused") && !refused.what.contains("planted-path"), "{refused}");
    assert!(answered(400, TOKEN).await.is_err());
}
