//! Checkpoint 1 to 5 of three services: each row of the table of this module, and what it must not be taken for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::id::{CheckpointId, Digest, EnvironmentName, ServiceName};
use crate::inventory::{
    Artifact, BlobRef, Checkpoint, ComposeArtifact, Detail, Fact, Grade, Graded, Health, HelmArtifact, HostArtifact,
    Instance, InstanceState, KubernetesArtifact, Running, Seen, Source, Version,
};

const COMMITS: [&str; 5] = [
    "1111111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "2222222222aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "3333333333aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "4444444444aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "5555555555aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + hour * 3600).unwrap()
}

fn blob() -> BlobRef {
    BlobRef { digest: Digest::of(b""), bytes: 0 }
}

fn artifact(name: &str, label: &str, detail: Detail) -> Artifact {
    let version = Version { code: label.to_owned(), spec: String::new() };
    Artifact { service: service(name), version, label: label.to_owned(), replicas: 1, files: Vec::new(), detail }
}

/// `api` is a container, `shop` a release and `web` a workload; each hour there is a new version of all three.
fn artifacts(hour: i64) -> [Artifact; 3] {
    let image = format!("registry:5000/shop/api:v1.{hour}");
    let compose = ComposeArtifact {
        image: image.clone(),
        repo_digests: Vec::new(),
        pin: String::new(),
        project: blob(),
        can_start_first: false,
        stop_grace_ms: 0,
        start_period_ms: 0,
    };
    let helm = HelmArtifact {
        release: "shop".to_owned(),
        namespace: "shop".to_owned(),
        revision: u32::try_from(hour).unwrap() + 40,
        chart: format!("shop-2.{hour}.0"),
        record: blob(),
        images: BTreeMap::new(),
        stop_grace_ms: 0,
        rollout_ms: 0,
    };
    let workload = KubernetesArtifact {
        workload: "deployment/web".to_owned(),
        namespace: "shop".to_owned(),
        revision: format!("web-{hour}"),
        number: u64::try_from(hour).ok(),
        images: BTreeMap::from([("web".to_owned(), format!("registry/web@sha256:{hour}"))]),
        template: blob(),
        configuration: Vec::new(),
        is_autoscaled: false,
        stop_grace_ms: 0,
        rollout_ms: 0,
    };
    [
        artifact("api", &image, Detail::Compose(compose)),
        artifact("shop", &format!("shop-2.{hour}.0 (app-{hour}), revision {}", hour + 40), Detail::Helm(helm)),
        artifact("web", &format!("registry/web:w{hour} (1f2e3d4c5b6a)"), Detail::Kubernetes(workload)),
    ]
}

fn graded(hour: i64, grade: Grade) -> Graded {
    let checkpoint = Checkpoint {
        id: CheckpointId::new(&format!("cp-{hour}")).unwrap(),
        environment: EnvironmentName::new("staging").unwrap(),
        taken_at: at(hour),
        run: None,
        why: String::new(),
        artifacts: artifacts(hour).into_iter().map(|it| (it.service.clone(), it)).collect(),
        absent: Vec::new(),
        databases: BTreeMap::new(),
        source: Some(Source { commit: COMMITS[usize::try_from(hour).unwrap() - 1].to_owned(), is_dirty: hour == 3 }),
        said: BTreeMap::new(),
        tag: (hour == 4).then(|| "pre-deploy-4".to_owned()),
    };
    Graded { checkpoint, grade, why: String::new(), is_retained: true }
}

/// The fifth went bad, and nobody has judged the fourth.
fn all() -> Vec<Graded> {
    let grades = [Grade::Good, Grade::Good, Grade::Good, Grade::Candidate, Grade::Bad];
    (1..).zip(grades).map(|(hour, grade)| graded(hour, grade)).collect()
}

/// Everything that git knows: five commits, one on the other, of which the fifth is checked out.
fn line(from: usize) -> Line {
    let commits = COMMITS[..from].iter().rev().map(|commit| ((*commit).to_owned(), format!("tree of {commit}")));
    Line { service: None, commits: commits.collect(), head: COMMITS[4].to_owned() }
}

fn asked<'a>(typed: &'a str, services: &'a BTreeSet<ServiceName>) -> Asked<'a> {
    Asked::new(typed, services, at(6), TimeZone::UTC)
}

fn meant(typed: &str) -> Option<String> {
    meant_of(typed, &all())
}

fn meant_of(typed: &str, all: &[Graded]) -> Option<String> {
    let everything = BTreeSet::new();
    find(&asked(typed, &everything), all).map(|found| found.graded.checkpoint.id.to_string())
}

#[test]
fn a_checkpoint_goes_by_every_word_that_people_have_for_what_ran() {
    let table = [
        ("v1.2", "cp-2"),
        ("api:v1.2", "cp-2"),
        ("shop/api:v1.2", "cp-2"),
        ("registry:5000/shop/api:v1.2", "cp-2"),
        ("w3", "cp-3"),
        ("web:w3", "cp-3"),
        ("web-3", "cp-3"),
        ("shop-2.1.0", "cp-1"),
        ("2.1.0", "cp-1"),
        ("app-1", "cp-1"),
        ("42", "cp-2"),
        ("3", "cp-3"),
        ("pre-deploy-4", "cp-4"),
        ("v1.5", "cp-5"),
        ("2222222", "cp-2"),
        (COMMITS[2], "cp-3"),
    ];
    for (typed, id) in table {
        assert_eq!(meant(typed).as_deref(), Some(id), "{typed}");
    }
    let others = [
        "v1",
        "1.2",
        "pi:v1.2",
        "api",
        "5000/shop/api:v1.2",
        "registry",
        "222222",
        "45x",
        "revision",
        "v1.22",
        "99",
        "",
    ];
    for typed in others {
        assert_eq!(meant(typed), None, "{typed}");
    }
}

#[test]
fn a_time_is_the_newest_good_one_by_then() {
    let stamp = |hour: i64| at(hour).to_string();
    let local = at(2).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let table = [
        (stamp(2), Some("cp-2")),
        (local, Some("cp-2")),
        ("4h ago".to_owned(), Some("cp-2")),
        ("1m ago".to_owned(), Some("cp-3")),
        ("3d ago".to_owned(), None),
        ("4h".to_owned(), None),
        ("ago".to_owned(), None),
    ];
    for (typed, id) in table {
        assert_eq!(meant(&typed).as_deref(), id, "{typed}");
    }
}

#[test]
fn of_several_the_newest_good_one_is_meant_and_the_others_are_named() {
    let everything = BTreeSet::new();
    let mut all = all();
    let once_more: Vec<Graded> = (6..=9)
        .map(|hour| {
            let old = graded(1, if hour == 9 { Grade::Bad } else { Grade::Good });
            let id = CheckpointId::new(&format!("cp-{hour}")).unwrap();
            let checkpoint = Checkpoint { id, taken_at: at(hour), ..old.checkpoint };
            Graded { checkpoint, is_retained: hour != 8, ..old }
        })
        .collect();
    all.extend(once_more);
    let found = find(&asked("v1.1", &everything), &all).unwrap();
    assert_eq!(found.graded.checkpoint.id.as_str(), "cp-7", "the eighth is let go of, and the ninth is bad");
    assert_eq!(
        found.reasons,
        [
            "`v1.1` is `cp-7`: `api` ran registry:5000/shop/api:v1.1 then",
            "`cp-9`, `cp-8`, `cp-6` and 1 more could be called so as well: the newest good one is meant",
        ]
    );
    let bad = find(&asked("v1.5", &everything), &all).unwrap();
    assert_eq!(bad.graded.grade, Grade::Bad, "planning refuses it");
}

#[test]
fn only_what_goes_back_counts() {
    let api = BTreeSet::from([service("api")]);
    assert!(find(&asked("v1.2", &api), &all()).is_some());
    for of_others in ["42", "w3", "2"] {
        assert_eq!(find(&asked(of_others, &api), &all()), None, "{of_others}");
    }
}

#[test]
fn previous_is_where_something_else_ran() {
    let facts = |hour: i64| -> Vec<Fact> {
        let seen = |artifact: Artifact| {
            let instance = Instance {
                id: "1".to_owned(),
                name: "1".to_owned(),
                version: artifact.version.clone(),
                state: InstanceState::Running,
                health: Health::Healthy,
                since: None,
                restarts: 0,
            };
            let running = Running {
                label: artifact.label,
                wanted: 1,
                instances: vec![instance],
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: None,
            };
            Fact { service: artifact.service, observed_at: at(9), seen: Seen::Present(running), files: BTreeMap::new() }
        };
        artifacts(hour).into_iter().map(seen).collect()
    };
    let everything = BTreeSet::new();
    let of = |facts: &[Fact]| {
        let asked = Asked { facts, ..asked("previous", &everything) };
        find(&asked, &all()).map(|found| found.graded.checkpoint.id.to_string())
    };
    assert_eq!(of(&facts(3)).as_deref(), Some("cp-2"), "the last known good one is what runs");
    assert_eq!(of(&facts(5)).as_deref(), Some("cp-3"), "what runs went bad");
    let mut unseen = facts(3);
    unseen[0].seen = Seen::Unknown { why: "away".to_owned() };
    assert_eq!(of(&unseen), None, "nobody knows what runs");
}

#[test]
fn what_git_knows_is_exactly_that_commit_unless_commits_are_counted() {
    let everything = BTreeSet::new();
    let of = |typed: &str, from: usize, all: &[Graded]| {
        let lines = [line(from)];
        let asked = Asked { lines: &lines, ..asked(typed, &everything) };
        find(&asked, all).map(|found| (found.graded.checkpoint.id.to_string(), found.warning.is_some()))
    };
    let all = all();
    let expected = |id: &str, is_warned| Some((id.to_owned(), is_warned));
    assert_eq!(of("release/2", 2, &all), expected("cp-2", false));
    assert_eq!(of("main", 5, &all), expected("cp-5", false), "bad: planning refuses it");
    assert_eq!(of("HEAD~3", 2, &all), expected("cp-2", true));
    assert_eq!(
        of("HEAD^", 4, &all),
        expected("cp-3", true),
        "the fourth is not good, and the third was built on by it"
    );
    assert_eq!(of("HEAD", 5, &all), expected("cp-3", true));
    assert_eq!(of("release/1", 1, &all[1..]), None, "nothing is known to have come from it");
    assert_eq!(of("HEAD~4", 1, &all[1..]), None);
    let lines = [line(4)];
    let head = Asked { lines: &lines, ..asked("HEAD~1", &everything) };
    let found = find(&head, &all).unwrap();
    assert_eq!(
        found.reasons,
        ["`HEAD~1` is `cp-3`: it came from 3333333333 (with uncommitted changes), the nearest before"]
    );
    assert_eq!(
        found.warning.unwrap(),
        "`HEAD~1` counts commits and not deploys: it is 4444444444 now that 5555555555 is checked out, and leads to `cp-3`"
    );
}

#[test]
fn a_work_tree_of_a_service_is_told_by_its_tree() {
    let host = |tree: &str, label: &str| {
        let detail = Detail::Host(HostArtifact { folder: "/srv/app".to_owned() });
        let mut artifact = artifact("app", label, detail);
        artifact.version.code = tree.to_owned();
        let mut graded = graded(1, Grade::Good);
        graded.checkpoint.source = None;
        graded.checkpoint.artifacts = [(service("app"), artifact)].into();
        vec![graded]
    };
    let everything = BTreeSet::new();
    let of = |typed: &str, lines: &[Line], all: &[Graded]| {
        find(&Asked { lines, ..asked(typed, &everything) }, all).is_some()
    };
    let tree = host("f00d", "1234567890 say hello");
    assert!(of("1234567", &[], &tree) && of("1234567890abcdef", &[], &tree), "the words begin with the commit");
    assert!(!of("hello", &[], &tree), "what somebody said of a commit is no name of it");
    let line = |service: Option<ServiceName>| Line {
        service,
        commits: vec![("abc".to_owned(), "f00d".to_owned())],
        head: "abc".to_owned(),
    };
    assert!(of("v2", &[line(Some(service("app")))], &tree));
    assert!(!of("v2", &[line(None)], &tree), "another work tree's commits are not this one's");
    let release = host("release:2026-11", "release 2026-11");
    assert!(of("2026-11", &[], &release) && of("release 2026-11", &[], &release));
}

#[test]
fn what_stands_for_nothing_is_answered_with_what_would() {
    let everything = BTreeSet::new();
    let offered = |typed: &str| known(&asked(typed, &everything), &all()).join(" ");
    assert!(offered("v1.9").starts_with("v1."), "{}", offered("v1.9"));
    assert_eq!(offered("46"), "45 44 43 42 41");
    assert!(offered("banana").starts_with("v1.5 "), "{}", offered("banana"));
    assert_eq!(known(&asked("v1", &everything), &[]), Vec::<String>::new());
}
