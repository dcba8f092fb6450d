//! The server under measurement: a cluster of its own with pgbench's tables, its log archived, and a pooler in front.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::project::free_port;
use crate::failure::Failure;
use crate::process::Call;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// The user that the server and the pooler run as; both refuse to run as root.
const USER: &str = "postgres";
/// What the probing client reads and writes, beside the largest table of pgbench.
const PROBED: &str = "CREATE TABLE probe (id int PRIMARY KEY, n bigint NOT NULL); INSERT INTO probe VALUES (1, 0); \
    CREATE TABLE orders (id bigserial PRIMARY KEY, note text NOT NULL); \
    INSERT INTO orders (note) SELECT 'order ' || n FROM generate_series(1, 100000) n";
/// Room on the disk for each unit of scale, at the most crowded moment: four times the database, a base backup, and the log.
const ROOM: u64 = 150 << 20;
/// How often it is looked whether a program answers.
const PAUSE: Duration = Duration::from_millis(50);
/// How long it is looked.
const LOOKS: usize = 1200;

/// A cluster; it is ended when this is dropped.
pub(super) struct Cluster {
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) pooler_port: u16,
    processes: Vec<u32>,
}

impl Cluster {
    /// A new cluster with pgbench's tables at `scale` in the database `shop`.
    pub(super) fn new(folder: &Path, scale: u32) -> Result<Self, Failure> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
        }
        own(folder)?;
        has_room(folder, u64::from(scale) * ROOM)?;
        for part in ["base", "base/bases", "pooler", "own"] {
            own(&folder.join(part))?;
        }
        let mut cluster = Self { folder: folder.to_owned(), port: free_port()?, pooler_port: 0, processes: Vec::new() };
        let data = cluster.data();
        let words = ["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D", &data];
        cluster.as_user("initdb").args(words).output()?;
        cluster.start()?;
        cluster.sql("postgres", "CREATE DATABASE shop")?;
        cluster.as_user("pgbench").args(["-i", "-q", "-s", &scale.to_string()]).args(cluster.to("shop")).output()?;
        cluster.sql("shop", PROBED)?;
        cluster.start_pooler()?;
        Ok(cluster)
    }

    fn start(&mut self) -> Result<(), Failure> {
        // Where there is no such folder yet, nobody wants the log.
        let archive = format!(
            "archive_command=test ! -d {0} || {{ test ! -f {0}/%f && cp %p {0}/%f; }}",
            self.folder.join("log").display()
        );
        let (port, sockets) =
            (format!("port={}", self.port), format!("unix_socket_directories={}", self.folder.display()));
        let settings = [
            "listen_addresses=127.0.0.1",
            &port,
            &sockets,
            "shared_buffers=1GB",
            "max_wal_size=2GB",
            "maintenance_work_mem=256MB",
            "archive_mode=on",
            &archive,
        ];
        let settings = settings.iter().flat_map(|setting| ["-c", setting]);
        let call = self.as_user("postgres").args(["-D", &self.data()]).args(settings);
        self.processes.push(call.start(&self.folder.join("server.log"))?);
        self.await_answer("server", || self.sql("postgres", "SELECT 1").is_ok())
    }

    fn start_pooler(&mut self) -> Result<(), Failure> {
        // Asked for when the server has its own: two that are asked for at once may be one and the same.
        self.pooler_port = free_port()?;
        let folder = self.folder.join("pooler");
        let (users, ini) = (folder.join("users"), folder.join("pgbouncer.ini"));
        fs::write(&users, "\"postgres\" \"\"\n").map_err(Failure::file(&users))?;
        let text = format!(
            "[databases]\nshop = host=127.0.0.1 port={} dbname=shop\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\nadmin_users = postgres\npool_mode = transaction\n\
             max_client_conn = 200\nignore_startup_parameters = extra_float_digits\n",
            self.port,
            self.pooler_port,
            users.display()
        );
        fs::write(&ini, text).map_err(Failure::file(&ini))?;
        let call = as_postgres("/usr/sbin/pgbouncer").args([&ini]);
        self.processes.push(call.start(&self.folder.join("pooler.log"))?);
        let port = self.pooler_port.to_string();
        self.await_answer("pooler", || {
            let words = ["-h", "127.0.0.1", "-p", &port, "-U", USER, "-d", "pgbouncer", "-Atc", "SHOW VERSION"];
            self.as_user("psql").args(words).output().is_ok()
        })
    }

    fn await_answer(&self, what: &str, answers: impl Fn() -> bool) -> Result<(), Failure> {
        for _ in 0..LOOKS {
            if answers() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        Err(Failure::Check(format!("the {what} in {} does not answer", self.folder.display())))
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Has the log archived from now on; the folder that it is archived in.
    pub(super) fn archiving(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("log");
        own(&folder).map(|()| folder)
    }

    /// Where servers of `backout`'s own are made.
    pub(super) fn own_servers(&self) -> PathBuf {
        self.folder.join("own")
    }

    /// Ends it and removes everything of it.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let folder = self.folder.clone();
        drop(self);
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))
    }

    /// One of PostgreSQL's programs, as the user that the server runs as.
    pub(super) fn as_user(&self, program: &str) -> Call {
        as_postgres(&format!("{PROGRAMS}/{program}")).folder(&self.folder)
    }

    /// The options by which a client program comes to a database.
    pub(super) fn to(&self, dbname: &str) -> Vec<String> {
        ["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, dbname].map(str::to_owned).to_vec()
    }

    /// Runs statements in a database; returns what they print, unaligned.
    pub(super) fn sql(&self, dbname: &str, statements: &str) -> Result<String, Failure> {
        let call = self.as_user("psql").args(["-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", statements]);
        Ok(call.args(self.to(dbname)).output()?.trim().to_owned())
    }

    /// The address of a database for programs that take one.
    pub(super) fn url(&self, dbname: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{dbname}?sslmode=disable", self.port)
    }

    /// The address of the pooler's database of that name.
    pub(super) fn pooler_url(&self, dbname: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{dbname}?sslmode=disable", self.pooler_port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for pid in self.processes.iter().rev() {
            // Fast shutdown for the server, an immediate end for the pooler.
            let _ = Call::new("kill").args(["-INT", &pid.to_string()]).output();
        }
        for pid in &self.processes {
            let process = PathBuf::from(format!("/proc/{pid}"));
            let _ = self.await_answer("end", || !process.exists() || is_zombie(&process));
        }
    }
}

fn is_zombie(process: &Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// A program as the user that the server runs as.
pub(super) fn as_postgres(program: &str) -> Call {
    Call::new("setpriv").args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program])
}

/// That the disk is not filled under whatever else the machine does.
fn has_room(folder: &Path, bytes: u64) -> Result<(), Failure> {
    let seen = rustix::fs::statvfs(folder).map_err(|error| Failure::file(folder)(error.into()))?;
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    if free >= bytes {
        return Ok(());
    }
    let (free, wanted, folder) = (free >> 20, bytes >> 20, folder.display());
    Err(Failure::Check(format!(
        "{folder} has {free} MiB, and this scale wants {wanted} MiB: make room or take a smaller one"
    )))
}

/// Makes a folder that belongs to the server's user.
fn own(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let id = |flag: &str| Call::new("id").args([flag, USER]).output();
    let number = |text: String| text.trim().parse::<u32>().ok();
    chown(folder, number(id("-u")?), number(id("-g")?)).map_err(Failure::file(folder))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(Failure::file(folder))
}
