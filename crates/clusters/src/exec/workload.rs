//! In the pods of which workload programs are run.

use std::sync::Arc;

use backout_core::config::{WorkloadKind, WorkloadName};
use backout_core::id::ServiceName;
use backout_core::port::{Pending, PortError};

use crate::cluster::Cluster;

/// Tells where the pods of its services are.
pub trait HasPods: Send + Sync {
    /// The workloads of a service, in the namespaces that they are in.
    ///
    /// # Errors
    /// They cannot be seen, or are on another cluster.
    fn pods<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Pods, PortError>>;
}

/// The workloads of a service.
pub struct Pods {
    /// All of them, each with its namespace.
    pub(crate) workloads: Vec<(Arc<Cluster>, WorkloadName)>,
    /// The one that the configuration names.
    pub(crate) named: Option<WorkloadName>,
}

impl Pods {
    /// Those of some workloads of one namespace.
    pub(crate) fn add(&mut self, cluster: &Arc<Cluster>, workloads: impl IntoIterator<Item = (WorkloadKind, String)>) {
        let each = workloads.into_iter().map(|(kind, name)| (Arc::clone(cluster), WorkloadName { kind, name }));
        self.workloads.extend(each);
    }

    /// The workload in whose pods programs are run.
    pub(super) fn chosen(self) -> Result<(Arc<Cluster>, WorkloadName), PortError> {
        let names: Vec<WorkloadName> = self.workloads.iter().map(|(_, workload)| workload.clone()).collect();
        let index = chosen(&names, self.named.as_ref())?;
        self.workloads.into_iter().nth(index).ok_or_else(|| PortError::new("there is no workload"))
    }
}

/// Which of some workloads it is.
///
/// | `exec_in`          | workloads | it is   |
/// |--------------------|-----------|---------|
/// | names one of them  | any       | that    |
/// | names another      | any       | refused |
/// | is not set         | one       | that    |
/// | is not set         | several   | refused |
/// | any                | none      | refused |
fn chosen(workloads: &[WorkloadName], named: Option<&WorkloadName>) -> Result<usize, PortError> {
    let names: Vec<String> = workloads.iter().map(|workload| format!("`{workload}`")).collect();
    let names = names.join(", ");
    match (workloads, named) {
        ([], _) => Err(PortError::new("it has no workload in which a program could be run")),
        (_, Some(named)) => workloads.iter().position(|workload| workload == named).ok_or_else(|| {
            PortError::new(format!("it has no workload `{named}`"))
                .hint(format!("`exec_in` of the service names one of {names}"))
        }),
        ([_], None) => Ok(0),
        (_, None) => Err(PortError::new(format!("it has several workloads: {names}"))
            .hint("say in whose pods programs are run: `exec_in: deployment/NAME` of the service")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(name: &str) -> WorkloadName {
        WorkloadName { kind: WorkloadKind::Deployment, name: name.to_owned() }
    }

    #[test]
    fn one_workload_needs_no_name_and_of_several_one_is_named() {
        let both = [workload("api"), workload("queue")];
        assert_eq!(chosen(&both[..1], None).unwrap(), 0);
        assert_eq!(chosen(&both, Some(&workload("queue"))).unwrap(), 1);
        let error = chosen(&both, None).unwrap_err();
        assert!(error.what.contains("`deployment/api`, `deployment/queue`") && error.hint.is_some(), "{error:?}");
        assert!(chosen(&both[..1], Some(&workload("queue"))).is_err());
        assert!(chosen(&[], Some(&workload("queue"))).is_err());
    }
}
