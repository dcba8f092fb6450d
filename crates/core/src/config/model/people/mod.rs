//! What is for people: who is told, and what there is to see to in an incident.

mod incidents;
mod notify;

pub use incidents::{Incidents, PostMortem};
pub use notify::{Channel, Contact, Escalation, Mail, Notifier, Notify, StatusPage, StatusService};
