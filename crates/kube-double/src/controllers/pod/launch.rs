//! Which program is started for a pod.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::{Cluster, Launch, Run, kinds, object};
use crate::controllers::pod::configuration;
use crate::script::Behaviour;

/// The program of the first container that has one, unless the container is to be one that cannot start.
pub(crate) fn launch(cluster: &Cluster, pod: &Value, run: &Run) -> Option<Launch> {
    let all = object::list(pod, "/spec/containers").iter();
    let mut found = all.filter_map(|container| Some((container, cluster.script.program(image(container))?)));
    let (container, program) = found.next()?;
    let name = object::text(container, "/name").to_owned();
    if [Behaviour::Missing, Behaviour::Crash, Behaviour::Oom].contains(&run.behaviour(&name)) {
        return None;
    }
    let mut variables = configuration::variables(cluster, pod, container);
    variables.insert("IMAGE".to_owned(), named(cluster, image(container)));
    let ends = ["Never", "OnFailure"].contains(&object::text(pod, "/spec/restartPolicy"));
    Some(Launch { container: name, program: program.clone(), variables, health: health(container), ends })
}

/// The files of ConfigMaps and Secrets that the program has now, by their paths in its container.
pub(crate) fn files(cluster: &Cluster, pod: &Value, launch: &Launch) -> BTreeMap<String, String> {
    let mut all = object::list(pod, "/spec/containers").iter();
    let container = all.find(|container| object::text(container, "/name") == launch.container);
    container.map(|container| configuration::files(cluster, pod, container)).unwrap_or_default()
}

/// The name of an image with its tag. Of one that is pinned by its digest that is what a template called it before.
fn named(cluster: &Cluster, pinned: &str) -> String {
    let Some((name, digest)) = pinned.split_once('@') else { return pinned.to_owned() };
    if name.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        return name.to_owned();
    }
    let sets = cluster.store.list(&kinds::REPLICA_SETS, "").map(|(_, set)| set);
    let mut known = sets.flat_map(|set| object::list(set, "/spec/template/spec/containers")).map(image);
    let found = known.find(|known| !known.contains('@') && cluster.script.image_id(known).ends_with(digest));
    found.unwrap_or(pinned).to_owned()
}

fn health(container: &Value) -> Option<String> {
    let probe = container.get("readinessProbe")?;
    let path = probe.get("httpGet").map_or("", |get| match object::text(get, "/path") {
        "" => "/",
        path => path,
    });
    Some(path.to_owned())
}

fn image(container: &Value) -> &str {
    object::text(container, "/image")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::clock;
    use crate::script::{Instruction, Program};

    fn pod(image: &str) -> Value {
        json!({
            "metadata": {"namespace": "shop", "name": "web-1"},
            "spec": {"containers": [
                {"name": "proxy", "image": "shop/proxy:1"},
                {
                    "name": "app",
                    "image": image,
                    "readinessProbe": {"httpGet": {"path": "/health", "port": 80}},
                    "env": [{"name": "MODE", "value": "own"}, {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "KEY"}}}],
                    "volumeMounts": [{"name": "web", "mountPath": "/etc/web"}, {"name": "none", "mountPath": "/tmp"}],
                    "envFrom": [{"configMapRef": {"name": "web"}, "prefix": "WEB_"}, {"configMapRef": {"name": "other", "optional": true}}],
                },
            ], "volumes": [{"name": "web", "configMap": {"name": "web"}}, {"name": "none", "emptyDir": {}}]},
        })
    }

    fn cluster() -> Cluster {
        let mut cluster = Cluster::new();
        let program = Program {
            image: "shop/web".to_owned(),
            command: vec!["web".to_owned()],
            folder: "/srv".into(),
            variables: BTreeMap::new(),
        };
        cluster.script.learn(Instruction::Run(program));
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"},
            "data": {"COLOUR": "red"}});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
            "data": {"KEY": "c2VjcmV0"}});
        for object in [config, secret] {
            crate::wire::apply(&mut cluster, "test", &object).unwrap();
        }
        cluster
    }

    fn run(behaviour: Behaviour) -> Run {
        Run { behaviours: [("app".to_owned(), behaviour)].into(), ..Run::new(clock::now()) }
    }

    #[test]
    fn a_program_has_what_its_container_reads_and_its_image() {
        let launch = launch(&cluster(), &pod("shop/web:2"), &run(Behaviour::Ready)).unwrap();
        let variables: Vec<(&str, &str)> =
            launch.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("IMAGE", "shop/web:2"), ("KEY", "secret"), ("MODE", "own"), ("WEB_COLOUR", "red")]);
        assert_eq!((launch.container.as_str(), launch.health.as_deref(), launch.ends), ("app", Some("/health"), false));
    }

    #[test]
    fn a_program_has_the_files_that_its_container_mounts() {
        let (cluster, pod) = (cluster(), pod("shop/web:2"));
        let launch = launch(&cluster, &pod, &run(Behaviour::Ready)).unwrap();
        assert_eq!(files(&cluster, &pod, &launch), [("/etc/web/COLOUR".to_owned(), "red".to_owned())].into());
    }

    #[test]
    fn an_image_that_is_pinned_is_called_what_it_was_before() {
        let mut cluster = cluster();
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod("shop/web:7")["spec"]});
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-7", "namespace": "shop"},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}});
        crate::wire::apply(&mut cluster, "test", &set).unwrap();
        let id = cluster.script.image_id("shop/web:7");
        let pinned = format!("shop/web@{}", id.split_once('@').unwrap().1);
        assert_eq!(named(&cluster, &pinned), "shop/web:7");
        assert_eq!(named(&cluster, "shop/web:8@sha256:aa"), "shop/web:8");
        assert_eq!(named(&cluster, "shop/web@sha256:aa"), "shop/web@sha256:aa");
    }

    #[test]
    fn nothing_is_started_of_an_image_that_is_not_there_or_that_nobody_spoke_of() {
        let cluster = cluster();
        assert_eq!(launch(&cluster, &pod("shop/web:2"), &run(Behaviour::Missing)), None);
        assert_eq!(launch(&cluster, &pod("shop/other:2"), &run(Behaviour::Ready)), None);
    }
}
