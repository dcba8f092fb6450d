//! Bodies of requests: JSON, YAML, and the protobuf in which typed clients send (Helm its Secrets, `kubectl create
//! namespace`, deletions).
//!
//! The protobuf is read by hand: `k8s\0`, then `Unknown {typeMeta = 1, raw = 2}`; of most kinds the metadata, of Secrets and
//! ConfigMaps the data as well. `ObjectMeta {name = 1, generateName = 2, namespace = 3, uid = 5, resourceVersion = 6,
//! labels = 11, annotations = 12}`, `Secret {metadata = 1, data = 2, type = 3, stringData = 4}`,
//! `DeleteOptions {preconditions = 2, propagationPolicy = 4}` (`k8s.io/api/core/v1/generated.proto`,
//! `k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto`).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::api::{Call, Problem};
use crate::cluster::object;

/// The body as JSON; null where there is none.
pub(crate) fn body(call: &Call) -> Result<Value, Problem> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    if call.content_type.contains("protobuf") {
        return protobuf(&call.body).ok_or_else(|| Problem::new(400, "the protobuf body cannot be read"));
    }
    if let Ok(value) = serde_json::from_slice(&call.body) {
        return Ok(value);
    }
    let text = String::from_utf8_lossy(&call.body);
    serde_saphyr::from_str(&text).map_err(|error| Problem::new(400, format!("the body cannot be read: {error}")))
}

fn protobuf(bytes: &[u8]) -> Option<Value> {
    let unknown = fields(bytes.strip_prefix(b"k8s\0")?)?;
    let kind = fields(first(&unknown, 1)?)?;
    let word = |number| first(&kind, number).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let mut value = json!({"apiVersion": word(1)?, "kind": word(2)?});
    let kind = object::text(&value, "/kind").to_owned();
    for (number, bytes) in fields(first(&unknown, 2)?)? {
        match (kind.as_str(), number) {
            ("DeleteOptions", 2) => preconditions(&mut value, bytes)?,
            ("DeleteOptions", 4) => object::set(&mut value, &["propagationPolicy"], text(bytes)),
            ("DeleteOptions", _) => {}
            ("SelfSubjectAccessReview", 2) => attributes(&mut value, bytes)?,
            (_, 1) => metadata(&mut value, bytes)?,
            ("Secret", 2) => {
                let (name, content) = pair(bytes)?;
                object::set(&mut value, &["data", &name], json!(BASE64_STANDARD.encode(content)));
            }
            ("Secret", 3) => object::set(&mut value, &["type"], text(bytes)),
            ("Secret", 4) => {
                let (name, content) = pair(bytes)?;
                object::set(&mut value, &["stringData", &name], text(content));
            }
            ("ConfigMap", 2) => {
                let (name, content) = pair(bytes)?;
                object::set(&mut value, &["data", &name], text(content));
            }
            _ => {}
        }
    }
    Some(value)
}

fn preconditions(value: &mut Value, bytes: &[u8]) -> Option<()> {
    for (number, bytes) in fields(bytes)? {
        let name = if number == 1 { "uid" } else { "resourceVersion" };
        object::set(value, &["preconditions", name], text(bytes));
    }
    Some(())
}

fn attributes(value: &mut Value, bytes: &[u8]) -> Option<()> {
    let names = ["namespace", "verb", "group", "version", "resource", "subresource", "name"];
    for (number, bytes) in fields(first(&fields(bytes)?, 1).unwrap_or_default())? {
        let name = usize::try_from(number).ok().and_then(|number| names.get(number.checked_sub(1)?));
        if let Some(name) = name {
            object::set(value, &["spec", "resourceAttributes", name], text(bytes));
        }
    }
    Some(())
}

fn metadata(value: &mut Value, bytes: &[u8]) -> Option<()> {
    for (number, bytes) in fields(bytes)? {
        let name = match number {
            1 => "name",
            2 => "generateName",
            3 => "namespace",
            5 => "uid",
            6 => "resourceVersion",
            11 | 12 => {
                let part = if number == 11 { "labels" } else { "annotations" };
                let (name, content) = pair(bytes)?;
                object::set(value, &["metadata", part, &name], text(content));
                continue;
            }
            _ => continue,
        };
        if !bytes.is_empty() {
            object::set(value, &["metadata", name], text(bytes));
        }
    }
    Some(())
}

fn text(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

/// An entry of a map.
fn pair(bytes: &[u8]) -> Option<(String, &[u8])> {
    let entry = fields(bytes)?;
    let name = first(&entry, 1).unwrap_or_default();
    Some((String::from_utf8_lossy(name).into_owned(), first(&entry, 2).unwrap_or_default()))
}

fn first<'a>(fields: &[(u64, &'a [u8])], number: u64) -> Option<&'a [u8]> {
    fields.iter().find(|(found, _)| *found == number).map(|(_, bytes)| *bytes)
}

/// The fields of a message that have a length (texts, bytes, messages), by their numbers; numbers are passed over.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        match key & 7 {
            0 => drop(number(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                found.push((key >> 3, content));
                bytes = rest;
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

/// A number of seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for index in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 127) << (7 * index).min(63);
        if byte & 128 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat()
    }

    #[test]
    fn a_secret_in_protobuf_is_read() {
        let label = [field(1, b"owner"), field(2, b"helm")].concat();
        let metadata = [field(1, b"x"), field(3, b"ns"), field(11, &label)].concat();
        let data = [field(1, b"release"), field(2, b"\x00\x01")].concat();
        let secret = [field(1, &metadata), field(2, &data), field(3, b"Opaque")].concat();
        let kind = [field(1, b"v1"), field(2, b"Secret")].concat();
        let bytes = [b"k8s\0".to_vec(), field(1, &kind), field(2, &secret)].concat();
        let wanted = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"release": "AAE="},
            "metadata": {"name": "x", "namespace": "ns", "labels": {"owner": "helm"}}});
        assert_eq!(protobuf(&bytes), Some(wanted));
        assert_eq!(protobuf(&bytes[..bytes.len() - 1]), None);
    }
}
