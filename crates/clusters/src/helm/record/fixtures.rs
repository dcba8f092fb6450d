//! Records that Helm 3.17 (`shop-32`) and Helm 4.3 (`shop-37`) wrote: an installation, and an upgrade that failed.

use super::Record;

pub(super) const FIXTURES: [(&str, &str); 4] = [
    ("shop-32.v1", include_str!("fixtures/shop-32.v1.json")),
    ("shop-32.v3", include_str!("fixtures/shop-32.v3.json")),
    ("shop-37.v1", include_str!("fixtures/shop-37.v1.json")),
    ("shop-37.v3", include_str!("fixtures/shop-37.v3.json")),
];

pub(super) fn fixture(name: &str) -> Record {
    let (_, json) = FIXTURES.iter().find(|(known, _)| *known == name).unwrap();
    Record::read(&serde_json::from_str(json).unwrap()).unwrap()
}
