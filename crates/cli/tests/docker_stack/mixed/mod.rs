//! One environment on four platforms, each service depending on the one before it: a container of Docker Compose, a
//! Deployment, a Helm release and a program on this host.

mod failing;
mod site;
mod whole;
