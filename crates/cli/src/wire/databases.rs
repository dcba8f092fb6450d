//! From the configuration to databases and caches. None of them is connected to yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_adapters::cache::RedisCache;
use backout_adapters::secret::Secrets;
use backout_core::id::{DatabaseName, ServiceName};
use backout_core::port::{Cache, Inside};
use backout_data::{Postgres, Target};
use backout_engine::clock::SystemClock;

use super::{Setup, platforms};

/// The databases of an environment.
pub(crate) fn databases(setup: &Setup) -> BTreeMap<DatabaseName, Arc<Postgres>> {
    with_migrations_inside(setup, &platforms(setup).inside)
}

/// The same, where the platforms are there already.
pub(super) fn with_migrations_inside(
    setup: &Setup,
    inside: &[(Vec<ServiceName>, Arc<dyn Inside>)],
) -> BTreeMap<DatabaseName, Arc<Postgres>> {
    let secrets = secrets(setup);
    let of_service = |service: &ServiceName| {
        inside.iter().find(|(services, _)| services.contains(service)).map(|(_, inside)| inside)
    };
    let each = setup.environment.databases.iter().map(|(name, configured)| {
        let target = Target {
            configured: configured.clone(),
            secrets: Arc::clone(&secrets),
            environment: setup.process.variables.clone(),
            folder: setup.found.folder().to_path_buf(),
            state: setup.state.root().to_path_buf(),
            clock: Arc::new(SystemClock),
            inside: configured
                .migrations
                .as_ref()
                .and_then(|migrations| of_service(migrations.service.as_ref()?))
                .map(Arc::clone),
        };
        (name.clone(), Arc::new(Postgres::new(target)))
    });
    each.collect()
}

/// The caches of an environment.
pub(super) fn caches(setup: &Setup) -> BTreeMap<String, Arc<dyn Cache>> {
    let secrets = secrets(setup);
    let each = setup.environment.caches.iter().map(|(name, configured)| {
        let cache = RedisCache::new(name, configured.redis.clone(), Arc::clone(&secrets));
        (name.clone(), Arc::new(cache) as _)
    });
    each.collect()
}

fn secrets(setup: &Setup) -> Arc<Secrets> {
    Arc::new(Secrets::new(setup.process.variables.clone(), setup.found.folder()))
}
