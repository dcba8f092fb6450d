//! A Service or an Ingress that leads users elsewhere while maintenance mode is on.
//!
//! Contract: only the fields that lead somewhere are written, with the version of the object that was read. `lower` makes them
//! exactly what they were. Where somebody else has changed them meanwhile, nothing is written and that is said: neither of
//! the two would be right.
//!
//! | the fields are                | `raise`            | `lower`            |
//! |-------------------------------|--------------------|--------------------|
//! | as they were before           | written            | nothing to do      |
//! | as maintenance mode has them  | nothing to do      | written            |
//! | something else                | an error           | an error           |

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_core::config::Redirect;
use backout_core::journal::Former;
use backout_core::port::{Barrier, Blobs, Pending, PortError};
use kube::Api;
use kube::api::PostParams;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, Kind, failed, is_crossed, is_momentary, patiently};

/// Who writes, in the words of the API.
const MANAGER: &str = "backout";

/// The fields that lead somewhere; `null` where there is none.
type Fields = BTreeMap<String, Value>;

/// One object that leads users elsewhere.
pub struct RedirectBarrier {
    cluster: Arc<Cluster>,
    redirect: Redirect,
}

/// What came of one try to write.
enum Written {
    AsWanted,
    BySomebodyElse(Fields),
    Missing,
}

impl RedirectBarrier {
    /// The object is in the cluster's namespace.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, redirect: Redirect) -> Self {
        Self { cluster, redirect }
    }

    fn object(&self) -> (Kind, &str) {
        match &self.redirect {
            Redirect::Service { name, .. } => (Kind::Service, name),
            Redirect::Ingress { name, .. } => (Kind::Ingress, name),
        }
    }

    async fn api(&self) -> Result<Api<DynamicObject>, PortError> {
        self.cluster.api(self.object().0).await
    }

    /// The fields as they are.
    async fn fields(&self) -> Result<Fields, PortError> {
        let (api, name) = (self.api().await?, self.object().1);
        let found = patiently(is_momentary, || api.get_opt(name)).await;
        match found.map_err(|error| failed(&format!("{} could not be read", self.name()), &error))? {
            Some(object) => Ok(leading(&self.redirect, &object)),
            None => Err(self.missing()),
        }
    }

    fn missing(&self) -> PortError {
        PortError::new("there is no such object in the namespace").hint("make it, or name another in the configuration")
    }

    async fn write(&self, to: &Fields, instead_of: &Fields) -> Result<String, PortError> {
        let (api, name) = (self.api().await?, self.object().1);
        let may_pass = |error: &kube::Error| is_crossed(error) || is_momentary(error);
        let written = patiently(may_pass, || attempt(&api, (name, &self.redirect), to, instead_of)).await;
        match written.map_err(|error| failed(&format!("{} could not be written", self.name()), &error))? {
            Written::AsWanted => {}
            Written::BySomebodyElse(now) => {
                return Err(PortError::new(format!("somebody changed it meanwhile, to {}", json!(now)))
                    .hint("see who did, and make it as it shall be by hand: `kubectl edit`"));
            }
            Written::Missing => return Err(self.missing()),
        }
        let seen = self.fields().await?;
        match seen == *to {
            true => Ok(format!("it leads by {}", json!(seen))),
            false => Err(PortError::new(format!("it is not so: {}", json!(seen)))),
        }
    }
}

impl Barrier for RedirectBarrier {
    fn name(&self) -> String {
        match &self.redirect {
            Redirect::Service { name, .. } => format!("Service {name}"),
            Redirect::Ingress { name, .. } => format!("Ingress {name}"),
        }
    }

    fn look<'a>(&'a self, _: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>> {
        Box::pin(async { Ok(Former::Fields { fields: self.fields().await? }) })
    }

    fn raise<'a>(&'a self, former: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let former = fields_of(former)?;
            self.write(&elsewhere(&self.redirect, former), former).await
        })
    }

    fn lower<'a>(&'a self, former: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let former = fields_of(former)?;
            self.write(former, &elsewhere(&self.redirect, former)).await
        })
    }
}

fn fields_of(former: &Former) -> Result<&Fields, PortError> {
    match former {
        Former::Fields { fields } => Ok(fields),
        _ => Err(PortError::new("what was kept of it is not about an object of a cluster")
            .hint("the configuration has changed since it was switched on: undo it by hand")),
    }
}

async fn attempt(
    api: &Api<DynamicObject>,
    (name, redirect): (&str, &Redirect),
    to: &Fields,
    instead_of: &Fields,
) -> Result<Written, kube::Error> {
    let Some(mut object) = api.get_opt(name).await? else { return Ok(Written::Missing) };
    let now = leading(redirect, &object);
    if now == *to {
        return Ok(Written::AsWanted);
    }
    if now != *instead_of {
        return Ok(Written::BySomebodyElse(now));
    }
    if let Some(spec) = object.data.get_mut("spec").and_then(Value::as_object_mut) {
        put(spec, to);
    }
    let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    api.replace(name, &parameters, &object).await.map(|_| Written::AsWanted)
}

fn put(spec: &mut Map<String, Value>, fields: &Fields) {
    for (key, value) in fields {
        match value {
            Value::Null => drop(spec.remove(key)),
            value => drop(spec.insert(key.clone(), value.clone())),
        }
    }
}

/// The fields of an object by which it leads somewhere.
fn leading(redirect: &Redirect, object: &DynamicObject) -> Fields {
    let keys: &[&str] = match redirect {
        Redirect::Service { .. } => &["selector"],
        Redirect::Ingress { .. } => &["defaultBackend", "rules"],
    };
    let spec = object.data.get("spec");
    let value = |key: &str| spec.and_then(|spec| spec.get(key)).cloned().unwrap_or_default();
    keys.iter().map(|key| ((*key).to_owned(), value(key))).collect()
}

/// The same fields as they are while maintenance mode is on. The hosts and paths of an Ingress stay.
fn elsewhere(redirect: &Redirect, former: &Fields) -> Fields {
    let mut fields = former.clone();
    match redirect {
        Redirect::Service { selector, .. } => {
            fields.insert("selector".to_owned(), json!(selector));
        }
        Redirect::Ingress { backend, port, .. } => {
            let backend = json!({"service": {"name": backend, "port": {"number": port}}});
            if let Some(default) = fields.get_mut("defaultBackend").filter(|default| !default.is_null()) {
                *default = backend.clone();
            }
            let rules = fields.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
            let paths = rules.filter_map(|rule| rule.pointer_mut("/http/paths")?.as_array_mut()).flatten();
            for path in paths.filter_map(Value::as_object_mut) {
                path.insert("backend".to_owned(), backend.clone());
            }
        }
    }
    fields
}
