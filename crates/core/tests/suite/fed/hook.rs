//! What others post to webhooks: Alertmanager's bodies, signed alerts, deploy markers, and the headers that a signature comes
//! in. The first two lines are read as headers too, the rest or all of it as a body.

use std::time::Duration;

use backout_core::config::Alert;
use backout_core::hook::{Refused, Replays, Signed, Told, alert_of, alertmanager, announcement_of, heard, signed_text};
use backout_core::id::AlertName;
use backout_core::journal::Body;
use jiff::Timestamp;

/// The most letters that are kept of anything; one more says that it was longer.
const KEPT: usize = 201;
/// The most entries that are kept of any list.
const ENTRIES: usize = 1_000;
const WINDOW: Duration = Duration::from_secs(300);

/// Reads it each way: what is taken is bounded, is one line, and is in the journal as it was heard; everything else is refused.
pub(crate) fn feed(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let headers = [lines.next(), lines.next()].map(|line| line.and_then(|line| std::str::from_utf8(line).ok()));
    signed(headers);
    for body in [lines.next().unwrap_or_default(), bytes] {
        match alertmanager(body) {
            Ok(told) => {
                assert!(told.len() <= ENTRIES);
                told.iter().for_each(taken);
            }
            Err(refused) => assert_eq!(refused, Refused::Unreadable),
        }
        match alert_of(body) {
            Ok(told) => taken(&told),
            Err(refused) => assert_eq!(refused, Refused::Unreadable),
        }
        announced(body);
    }
}

/// An alert that every label fits, so that whatever was told is heard.
fn taken(told: &Told) {
    let name = AlertName::new("any").expect("it is a name");
    let alert = Alert { name: name.clone(), labels: told.labels.clone(), service: None };
    let heard = heard("hook", told, &[(name, alert)].into());
    assert_eq!(heard.len(), 1);
    for heard in heard {
        assert_eq!(heard.is_firing, told.is_firing);
        is_short_line(&heard.id);
        is_short_line(&heard.what);
        is_kept(&Body::AlertHeard { heard });
    }
}

fn announced(body: &[u8]) {
    match announcement_of(body) {
        Ok(announced) => {
            assert!(announced.version.is_some() || announced.author.is_some());
            assert!(announced.services.len() <= ENTRIES);
            let texts = [&announced.version, &announced.author, &announced.link];
            texts.into_iter().flatten().for_each(|text| is_short_line(text));
            is_kept(&Body::DeployAnnounced { announced });
        }
        Err(refused) => assert_eq!(refused, Refused::Unreadable),
    }
}

/// What is signed is fresh around its own time only, and is taken once.
fn signed([timestamp, signature]: [Option<&str>; 2]) {
    let signed = match Signed::read(timestamp, signature) {
        Ok(signed) => signed,
        Err(refused) => return assert_eq!(refused, Refused::Forged),
    };
    assert!(signed_text(&signed.timestamp, b"body").ends_with(b".body"));
    for (now, since) in [(signed.at, signed.at), (Timestamp::MAX, Timestamp::MIN), (Timestamp::MIN, Timestamp::MAX)] {
        let is_near = now.duration_since(signed.at).unsigned_abs() <= WINDOW && signed.at >= since;
        assert_eq!(signed.is_fresh(now, WINDOW, since).is_ok(), is_near);
    }
    let mut replays = Replays::default();
    assert_eq!(replays.take(&signed, signed.at, WINDOW), Ok(()));
    assert_eq!(replays.take(&signed, signed.at, WINDOW), Err(Refused::Replayed));
}

fn is_short_line(text: &str) {
    assert!(text.chars().count() <= KEPT && !text.contains(char::is_control), "{text:?}");
}

fn is_kept(body: &Body) {
    let written = serde_json::to_string(body).expect("what was heard can be written");
    assert_eq!(&serde_json::from_str::<Body>(&written).expect("what was written can be read"), body);
}
