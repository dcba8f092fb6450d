//! What a dump brings back is equal to what it was made of, in every word that a manifest compares.

use super::{Ground, NASTY};
use crate::look::contents::{Hashes, constraints, contents, extensions, large_objects, sequences};
use crate::look::schema;

#[tokio::test]
async fn a_restored_dump_has_the_schema_and_the_contents_of_its_database() {
    let ground = Ground::new(&[]).await;
    let before = ground.database("before", NASTY).await;
    let after = ground.copy("before", "after").await;

    let (was, is) = (schema(&before).await.unwrap(), schema(&after).await.unwrap());
    let json = |schema| serde_json::to_value(schema).unwrap();
    let (was_json, is_json) = (json(&was), json(&is));
    for (part, was) in was_json.as_object().unwrap() {
        let is = &is_json[part];
        for (was, is) in was.as_array().unwrap().iter().zip(is.as_array().unwrap()) {
            assert_eq!(was, is, "{part}");
        }
    }
    assert_eq!(was.digest(), is.digest());

    let (was, is) = (contents(&before, Hashes::All).await.unwrap(), contents(&after, Hashes::All).await.unwrap());
    assert_eq!(was.len(), is.len());
    for (was, is) in was.iter().zip(&is) {
        assert_eq!((&was.name, was.rows, &was.hash, &was.key), (&is.name, is.rows, &is.hash, &is.key));
    }
    assert_eq!(sequences(&before).await.unwrap(), sequences(&after).await.unwrap());
    assert_eq!(constraints(&before).await.unwrap(), constraints(&after).await.unwrap());
    assert_eq!(large_objects(&before).await.unwrap(), large_objects(&after).await.unwrap());
    assert_eq!(extensions(&before).await.unwrap(), extensions(&after).await.unwrap());
}
