//! What the detector says of recorded deploys.

use crate::place::Place;

/// A recording with a deploy in its thirtieth minute, after which so many of a hundred requests fail.
fn recording(place: &Place, failing: u32) {
    let row = |t: u32| {
        let usual = u32::from(t.is_multiple_of(10));
        format!("{t},{},{},1\n", 90 + (t * 7919) % 21, if t < 1800 { usual } else { usual.max(failing) })
    };
    let rows: String = (0..2400).map(row).collect();
    place.write("deploy.csv", &format!("t,requests,errors,up\n{rows}"));
}

#[test]
fn a_recorded_deploy_that_went_bad_would_have_been_rolled_back() {
    let place = Place::new();
    recording(&place, 20);
    let arguments = ["backtest", "deploy.csv", "--deployed-at", "1800"];
    let document = place.run(&[&arguments[..], &["--json"]].concat()).well().document();
    assert_eq!(document["verdict"], "unhealthy", "{document:#}");
    let delay = document["delay_s"].as_f64().unwrap();
    assert!((0.0..=5.0).contains(&delay), "{document:#}");
    assert_eq!(document["alarm_at"].as_f64(), Some(1800.0 + delay));
    assert!(document["reasons"][0].as_str().is_some_and(|reason| reason.starts_with("errors: ")), "{document:#}");
    let told = place.run(&arguments).well().stdout;
    assert!(told.starts_with("unhealthy: it would have rolled back at "), "{told}");
}

#[test]
fn a_recorded_deploy_that_went_well_would_have_been_kept() {
    let place = Place::new();
    recording(&place, 0);
    let document = place.run(&["backtest", "deploy.csv", "--deployed-at", "1800", "--json"]).well().document();
    assert_eq!((&document["verdict"], &document["alarm_at"]), (&"healthy".into(), &serde_json::Value::Null));
}

#[test]
fn what_cannot_be_judged_says_what_to_do() {
    let place = Place::new();
    place.write("deploy.csv", "t,requests,errors\n1,10,0\n2,many,0\n");
    for (arguments, words) in [
        (["deploy.csv", "1"], "`deploy.csv`, line 3: `many` in the column `requests` is no number"),
        (["none.csv", "1"], "`none.csv` cannot be read"),
        (["deploy.csv", "yesterday"], "`--deployed-at yesterday` is no time"),
    ] {
        let [file, at] = arguments;
        let left = place.run(&["backtest", file, "--deployed-at", at]);
        assert_eq!(left.code, Some(2), "{}", left.shown());
        assert!(left.stderr.contains(words) && left.stderr.contains("hint: "), "{}", left.shown());
    }
}
