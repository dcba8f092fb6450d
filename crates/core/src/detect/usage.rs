//! What a service uses: what its platform tells of each instance, as samples.
//!
//! Contract: pure. Of several instances the one that uses most is what counts: the others hide nothing. What is not told was
//! not measured.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::query::in_words;
use super::{Measured, Resource, Sample, SignalPath, Unit};
use crate::id::ServiceName;
use crate::inventory::Fact;

/// What one instance uses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// The platform's identifier of the instance.
    pub id: String,
    /// Processor time since it was started, in seconds.
    pub cpu_seconds: Option<f64>,
    /// How many processors it may use; greater than 0.
    pub cpus: f64,
    /// Memory in use that cannot be given back at once, in bytes.
    pub memory: Option<f64>,
    /// How much memory it may use: its limit, or what the machine has.
    pub memory_limit: Option<f64>,
}

/// Follows what one service uses.
#[derive(Debug, Clone)]
pub struct Using {
    service: ServiceName,
    /// How often instances had been started again before, by their identifiers.
    restarts_before: BTreeMap<String, u32>,
    /// Processor time at the last look, in seconds, with when that was.
    cpu: BTreeMap<String, (f64, f64)>,
}

impl Using {
    /// Follows a service of which this was seen before the deploy.
    #[must_use]
    pub fn since(service: ServiceName, before: &[Fact]) -> Self {
        let own = before.iter().filter(|fact| fact.service == service).filter_map(Fact::running);
        let restarts = own.flat_map(|running| &running.instances).map(|i| (i.id.clone(), i.restarts));
        Self { restarts_before: restarts.collect(), cpu: BTreeMap::new(), service }
    }

    /// How often the instances were started again since then. Those of an instance that is new all count.
    #[must_use]
    pub fn restarts(&self, fact: &Fact) -> Sample {
        let Some(running) = fact.running() else {
            return self.unmeasured(Resource::Restarts, fact.observed_at, "nothing of it is there");
        };
        // What shows less than before was counted anew.
        let since = |id: &String, now: u32| match self.restarts_before.get(id) {
            Some(before) if now >= *before => now - before,
            Some(_) | None => now,
        };
        let restarts: u32 = running.instances.iter().map(|instance| since(&instance.id, instance.restarts)).sum();
        let what = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
        let value = (f64::from(restarts), Some(f64::from(u32::try_from(running.instances.len()).unwrap_or(u32::MAX))));
        self.sample(Resource::Restarts, fact.observed_at, value, what)
    }

    /// The memory of the instance that uses most, with its limit.
    #[must_use]
    pub fn memory(&self, at: Timestamp, told: &Result<Vec<Usage>, String>) -> Sample {
        let told = match told {
            Ok(told) => told,
            Err(why) => return self.unmeasured(Resource::Memory, at, why),
        };
        let used = told.iter().filter_map(|usage| Some((usage.memory?, usage.memory_limit)));
        let Some((used, limit)) = used.max_by(|a, b| a.0.total_cmp(&b.0)) else {
            return self.unmeasured(Resource::Memory, at, "no instance runs whose memory is told");
        };
        let of = limit.map(|limit| format!(" of {}", in_words(limit, Unit::Bytes))).unwrap_or_default();
        self.sample(Resource::Memory, at, (used, limit), format!("{}{of}", in_words(used, Unit::Bytes)))
    }

    /// The share of the processors that the busiest instance used since the last look, which was `now` seconds after some
    /// moment; none from the first look.
    pub fn cpu(&mut self, at: Timestamp, now: f64, told: &Result<Vec<Usage>, String>) -> Option<Sample> {
        let told = match told {
            Ok(told) => told,
            Err(why) => return Some(self.unmeasured(Resource::Cpu, at, why)),
        };
        let seen: Vec<(&Usage, f64)> = told.iter().filter_map(|usage| Some((usage, usage.cpu_seconds?))).collect();
        if seen.is_empty() {
            return Some(self.unmeasured(Resource::Cpu, at, "no instance runs whose processor time is told"));
        }
        let last = std::mem::take(&mut self.cpu);
        let share = |(usage, spent): &(&Usage, f64)| {
            let (before, then) = last.get(&usage.id)?;
            // An instance that started anew counts anew.
            let spent = if spent < before { *spent } else { spent - before };
            (now > *then).then(|| spent / (now - then) / usage.cpus)
        };
        let busiest = seen.iter().filter_map(share).reduce(f64::max);
        self.cpu = seen.iter().map(|(usage, spent)| (usage.id.clone(), (*spent, now))).collect();
        busiest.map(|share| {
            self.sample(Resource::Cpu, at, (share, None), format!("{} of its processors", in_words(share, Unit::Ratio)))
        })
    }

    fn sample(&self, resource: Resource, at: Timestamp, (value, of): (f64, Option<f64>), what: String) -> Sample {
        let signal = SignalPath::Used(self.service.clone(), resource);
        Sample { signal, at, measured: Measured::Value { value }, what, of }
    }

    fn unmeasured(&self, resource: Resource, at: Timestamp, why: &str) -> Sample {
        let signal = SignalPath::Used(self.service.clone(), resource);
        let measured = Measured::Unmeasurable { why: why.to_owned() };
        Sample { signal, at, measured, what: format!("could not be measured: {why}"), of: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Health, Instance, InstanceState, Running, Seen, Version};

    fn app() -> ServiceName {
        ServiceName::new("app").unwrap()
    }

    fn fact(instances: &[(&str, u32)]) -> Fact {
        let instance = |(id, restarts): &(&str, u32)| Instance {
            id: (*id).to_owned(),
            name: (*id).to_owned(),
            version: Version { code: "v".to_owned(), spec: String::new() },
            state: InstanceState::Running,
            health: Health::Unchecked,
            since: None,
            restarts: *restarts,
        };
        let running = Running {
            label: "v".to_owned(),
            wanted: 1,
            instances: instances.iter().map(instance).collect(),
            unready: Vec::new(),
            trouble: None,
            busy: None,
            next: None,
        };
        let (observed_at, files) = (Timestamp::UNIX_EPOCH, BTreeMap::new());
        Fact { service: app(), observed_at, seen: Seen::Present(running), files }
    }

    fn value(sample: &Sample) -> Option<f64> {
        match sample.measured {
            Measured::Value { value } => Some(value),
            Measured::Unmeasurable { .. } => None,
        }
    }

    #[test]
    fn restarts_of_before_do_not_count_and_all_of_a_new_instance_do() {
        let using = Using::since(app(), &[fact(&[("old", 7)])]);
        assert_eq!(value(&using.restarts(&fact(&[("old", 7)]))), Some(0.0));
        let later = using.restarts(&fact(&[("old", 8), ("new", 2)]));
        assert_eq!((value(&later), later.of, later.what.as_str()), (Some(3.0), Some(2.0), "3 restarts"));
        assert_eq!(value(&using.restarts(&fact(&[("old", 1)]))), Some(1.0), "counted anew");
        let gone = Fact { seen: Seen::Absent, ..fact(&[]) };
        assert_eq!(value(&using.restarts(&gone)), None, "what is not there was not measured");
    }

    #[test]
    fn the_instance_that_uses_most_is_what_counts() {
        let mut using = Using::since(app(), &[]);
        let usage = |id: &str, cpu, memory| Usage {
            id: id.to_owned(),
            cpu_seconds: Some(cpu),
            cpus: 2.0,
            memory: Some(memory),
            memory_limit: Some(100e6),
        };
        let at = Timestamp::UNIX_EPOCH;
        let first = Ok(vec![usage("a", 10.0, 20e6), usage("b", 50.0, 90e6)]);
        let memory = using.memory(at, &first);
        assert_eq!((value(&memory), memory.of, memory.what.as_str()), (Some(90e6), Some(100e6), "90 MB of 100 MB"));
        assert_eq!(using.cpu(at, 1.0, &first), None, "one look is none to count from");
        let busy = using.cpu(at, 3.0, &Ok(vec![usage("a", 13.0, 1.0), usage("b", 51.0, 1.0)])).unwrap();
        assert_eq!((value(&busy), busy.what.as_str()), (Some(0.75), "75 % of its processors"));
        let anew = using.cpu(at, 4.0, &Ok(vec![usage("a", 0.5, 1.0)])).unwrap();
        assert_eq!(value(&anew), Some(0.25), "an instance that started anew counts anew");
    }

    #[test]
    fn what_is_not_told_was_not_measured() {
        let mut using = Using::since(app(), &[]);
        let at = Timestamp::UNIX_EPOCH;
        for told in [Err("nobody answers".to_owned()), Ok(Vec::new())] {
            assert_eq!(value(&using.memory(at, &told)), None);
            assert_eq!(value(&using.cpu(at, 1.0, &told).unwrap()), None);
        }
    }
}
