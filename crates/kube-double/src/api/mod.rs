//! What the API server answers: functions of a request and the cluster.

mod answer;
mod body;
mod call;
mod dispatch;
mod object;
mod server_info;
mod watching;

pub(crate) use answer::{Answer, Problem};
pub(crate) use call::{Call, Impersonated, Target, Verb};
pub(crate) use dispatch::dispatch;
pub(crate) use object::exec::Exec;
pub(crate) use watching::{Next, Watch, expired};
