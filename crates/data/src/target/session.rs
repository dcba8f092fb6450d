//! A session with a server. It ends when it is dropped.

use std::future::Future;
use std::ops::Deref;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Connection, Error};

/// A session with a server, driven by a task of its own that ends with it.
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
}

impl Session {
    pub(super) fn driven<S, T>(client: Client, connection: Connection<S, T>) -> Self
    where
        Connection<S, T>: Future<Output = Result<(), Error>> + Send + 'static,
    {
        // How the connection ended is said to whoever asks the client next.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Self { client, driver }
    }

    /// The client, where a transaction wants it for itself.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Deref for Session {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
