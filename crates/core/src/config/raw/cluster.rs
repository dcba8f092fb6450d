//! Platforms and services on clusters.

use super::Argv;
use crate::config::read::{List, Scalar, raw};

raw! {
    /// A Kubernetes cluster.
    RawKubernetes {
        /// The kubeconfig file. Default: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod.
        kubeconfig: optional Scalar<String>,
        /// The context of it. Default: its current one.
        context: optional Scalar<String>,
        /// The namespace. Default: that of the context.
        namespace: optional Scalar<String>,
        /// The user to act as, as `kubectl --as`.
        r#as: optional Scalar<String>,
        /// The groups to act as, as `kubectl --as-group`.
        as_groups: optional List<Scalar<String>>,
        /// The id of the user to act as, as `kubectl --as-uid`.
        as_uid: optional Scalar<String>,
    }
}

raw! {
    /// Helm releases of a Kubernetes cluster.
    RawHelm {
        /// The kubeconfig file. Default: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod.
        kubeconfig: optional Scalar<String>,
        /// The context of it. Default: its current one.
        context: optional Scalar<String>,
        /// The namespace. Default: that of the context.
        namespace: optional Scalar<String>,
        /// The user to act as, as `helm --kube-as-user`.
        r#as: optional Scalar<String>,
        /// The groups to act as, as `helm --kube-as-group`.
        as_groups: optional List<Scalar<String>>,
        /// The program. Default `helm`.
        program: optional Scalar<String>,
    }
}

raw! {
    /// Applications of an Argo CD.
    RawArgocd {
        /// The kubeconfig file. Default: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod.
        kubeconfig: optional Scalar<String>,
        /// The context of it. Default: its current one.
        context: optional Scalar<String>,
        /// The namespace of Argo CD. Default `argocd`.
        namespace: optional Scalar<String>,
        /// The user to act as, as `kubectl --as`.
        r#as: optional Scalar<String>,
        /// The groups to act as, as `kubectl --as-group`.
        as_groups: optional List<Scalar<String>>,
        /// The id of the user to act as, as `kubectl --as-uid`.
        as_uid: optional Scalar<String>,
    }
}

raw! {
    /// A revert in the repository that an Application is synced from, so that auto-sync works for the rollback.
    RawRevert {
        /// The repository, as `git clone` takes it. Default: that of the Application.
        repository: optional Scalar<String>,
        /// The branch. Default: the Application's target revision.
        branch: optional Scalar<String>,
        /// The command that publishes the revert, run in the clone: opens a change for review, say. Default: pushes it.
        publish: optional Argv,
    }
}
