//! Maintenance mode with proxies that people have: the real nginx and HAProxy, configured as the documentation says.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use backout_testkit::guarded::wait_until;
use backout_testkit::receiver::{Answer, HttpReceiver};
use backout_testkit::skip::skip;

use super::led::place as colors;
use super::switched::place;
use crate::place::Place;

/// What users read while they are kept away.
const PAGE: &str = "<h1>back soon</h1>";

/// A proxy before an application. Ends with all that it started when dropped.
struct Proxy {
    port: u16,
    master: Child,
    place: Place,
    _applications: Vec<HttpReceiver>,
}

/// Something that answers every request with a text, as an application does.
fn application(text: &'static str) -> HttpReceiver {
    HttpReceiver::start(move |_| Answer::Say(200, text.to_owned())).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whether a program is there; where it is not, the skip is counted.
fn is_there(test: &str, program: &str) -> bool {
    let is_there = Path::new(program).exists();
    if !is_there {
        skip(test, &format!("no {program}; install it with `cargo xtask testbed up`"));
    }
    is_there
}

impl Proxy {
    /// Starts a program on a configuration in which `[PORT]`, `[APPLICATION]` and `[WORK]` stand for what they are. None where
    /// there is no such program.
    fn start(test: &str, program: &str, arguments: &[&str], config: &str, maintenance: &str) -> Option<Self> {
        if !is_there(test, program) {
            return None;
        }
        let (application, port) = (application("the application"), free_port());
        let page =
            format!("page: {{ http: \"http://127.0.0.1:{port}/\", expect: {{ status: 503, body: \"back soon\" }} }}");
        let place = place("");
        let work = place.work().display().to_string();
        let filled = |text: &str| text.replace("[WORK]", &work).replace("[PORT]", &port.to_string());
        let text = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
        let text = text.replace("maintenance: ", &format!("maintenance: {{ {}, {page} }}", filled(maintenance)));
        place.write("backout.yaml", &text);
        place.write("site/maintenance.html", PAGE);
        place.write("open.map", "all application\n");
        place.write("closed.map", "all closed\n");
        std::os::unix::fs::symlink("open.map", place.work().join("site.map")).unwrap();
        let application_at = format!("127.0.0.1:{}", application.port());
        place.write("proxy.conf", &filled(config).replace("[APPLICATION]", &application_at));
        let arguments: Vec<String> = arguments.iter().map(|argument| filled(argument)).collect();
        let proxy = Self::launched((program, &arguments), (port, place), vec![application]);
        proxy.answers(200, "the application");
        Some(proxy)
    }

    fn launched(
        (program, arguments): (&str, &[String]),
        (port, place): (u16, Place),
        before: Vec<HttpReceiver>,
    ) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the proxy is started as a person starts it")]
        let mut command = Command::new(program);
        let master = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { port, master: master.unwrap(), place, _applications: before }
    }

    /// Waits until a user gets that status and text.
    fn answers(&self, status: u16, text: &str) {
        let mut got = String::new();
        let is_it = |got: &str| got.starts_with(&format!("HTTP/1.1 {status}")) && got.contains(text);
        for _ in 0..200 {
            got = self.asked().unwrap_or_default();
            if is_it(&got) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{status} was wanted, and it answers: {got}");
    }

    fn asked(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// On, off, and both once more: users see the page, and the application again.
    fn keeps_users_away(&self) {
        for _ in 0..2 {
            let on = self.place.run(&["maintenance", "on"]).well();
            assert!(on.stderr.contains("maintenance mode is on"), "{}", on.shown());
            self.answers(503, PAGE);
            self.place.run(&["maintenance", "off"]).well();
            self.answers(200, "the application");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.master);
        // Both end their workers when they are asked to end, and not when they are killed.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.master.wait();
        wait_until("the proxy to be gone", Duration::from_secs(20), || self.asked().is_err());
    }
}

const NGINX: &str = "\
user root;
worker_processes 1;
daemon off;
pid [WORK]/nginx.pid;
error_log [WORK]/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path [WORK]/body;
    proxy_temp_path [WORK]/proxy;
    fastcgi_temp_path [WORK]/fastcgi;
    uwsgi_temp_path [WORK]/uwsgi;
    scgi_temp_path [WORK]/scgi;
    server {
        listen 127.0.0.1:[PORT];
        error_page 503 /maintenance.html;
        location = /maintenance.html {
            root [WORK]/site;
            internal;
        }
        location / {
            if (-f [WORK]/maintenance.on) { return 503; }
            proxy_pass http://[APPLICATION];
        }
    }
}
";

#[test]
fn nginx_shows_the_page_while_the_file_is_there_and_the_application_afterwards() {
    let test = "nginx_shows_the_page_while_the_file_is_there_and_the_application_afterwards";
    let nginx = "/usr/sbin/nginx, -q, -c, '[WORK]/proxy.conf', -e, '[WORK]/nginx.log'";
    let maintenance =
        format!("file: {{ create: '[WORK]/maintenance.on', check: [{nginx}, -t], reload: [{nginx}, -s, reload] }}");
    let arguments = ["-c", "[WORK]/proxy.conf", "-e", "[WORK]/nginx.log"];
    let Some(proxy) = Proxy::start(test, "/usr/sbin/nginx", &arguments, NGINX, &maintenance) else { return };
    proxy.keeps_users_away();
    // A configuration that nginx would not take is not made the one that it runs with.
    let config = proxy.place.work().join("proxy.conf");
    let sound = fs::read_to_string(&config).unwrap();
    proxy.place.write("proxy.conf", &sound.replace("http {", "http { no_such_directive;"));
    let on = proxy.place.run(&["maintenance", "on"]);
    assert_eq!(on.code, Some(6), "{}", on.shown());
    assert!(on.stderr.contains("no_such_directive"), "{}", on.shown());
    proxy.answers(200, "the application");
}

/// Where requests go is on the line that the link leads to.
const COLORS: &str = "\
        location / { include [WORK]/upstream.conf; }
    }
}
";

#[test]
fn nginx_leads_users_back_to_the_color_that_they_used_and_a_configuration_that_it_would_not_take_leads_nobody() {
    let test =
        "nginx_leads_users_back_to_the_color_that_they_used_and_a_configuration_that_it_would_not_take_leads_nobody";
    if !is_there(test, "/usr/sbin/nginx") {
        return;
    }
    let (place, port) = (colors(), free_port());
    let work = place.work().display().to_string();
    let nginx = format!("/usr/sbin/nginx, -q, -c, '{work}/proxy.conf', -e, '{work}/nginx.log'");
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let config = config.replace("check: [sh, -c, 'exit 0']", &format!("check: [{nginx}, -t]"));
    let told = "reload: [sh, -c, 'echo told >> told']";
    place.write("backout.yaml", &config.replace(told, &format!("reload: [{nginx}, -s, reload]")));
    let (blue, amber) = (application("this is blue"), application("this is amber"));
    for (color, application) in [("blue", &blue), ("amber", &amber)] {
        place.write(&format!("{color}.conf"), &format!("proxy_pass http://127.0.0.1:{};\n", application.port()));
    }
    let (head, _) = NGINX.split_once("        error_page").unwrap();
    place.write("proxy.conf", &format!("{head}{COLORS}").replace("[WORK]", &work).replace("[PORT]", &port.to_string()));
    let arguments = ["-c", &format!("{work}/proxy.conf"), "-e", &format!("{work}/nginx.log")].map(str::to_owned);
    let proxy = Proxy::launched(("/usr/sbin/nginx", &arguments), (port, place), vec![blue, amber]);
    proxy.answers(200, "this is blue");
    proxy.place.run(&["checkpoint", "create"]).well();
    proxy.place.write("reload.sh", &format!("{} -s reload\n", nginx.replace(',', "")));
    proxy.place.script("deploy.sh", "").well();
    proxy.place.script("reload.sh", "").well();
    proxy.answers(200, "this is amber");
    // What nginx would not take leads nobody anywhere, and is not said to have been done.
    let sound = fs::read_to_string(proxy.place.work().join("blue.conf")).unwrap();
    proxy.place.write("blue.conf", "no_such_directive;\n");
    let failed = proxy.place.run(&["rollback", "--service", "front", "--yes"]);
    assert_eq!(failed.code, Some(4), "{}", failed.shown());
    proxy.answers(200, "this is amber");
    proxy.place.write("blue.conf", &sound);
    proxy.place.run(&["rollback", "--service", "front", "--force", "destination-unhealthy", "--yes"]).well();
    proxy.answers(200, "this is blue");
}

const HAPROXY: &str = "\
global
    maxconn 100
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend users
    bind 127.0.0.1:[PORT]
    use_backend %[str(all),map([WORK]/site.map)]
backend application
    server one [APPLICATION]
backend closed
    http-request return status 503 content-type text/html file [WORK]/site/maintenance.html
";

#[test]
fn haproxy_shows_the_page_while_the_link_leads_to_the_other_map_and_the_application_afterwards() {
    let test = "haproxy_shows_the_page_while_the_link_leads_to_the_other_map_and_the_application_afterwards";
    let maintenance = "file: { link: '[WORK]/site.map', to: closed.map, check: [/usr/sbin/haproxy, -c, -f, '[WORK]/proxy.conf'], \
                       reload: [sh, -c, 'read pid < [WORK]/haproxy.pid && kill -USR2 $pid'] }";
    let arguments = ["-W", "-f", "[WORK]/proxy.conf", "-p", "[WORK]/haproxy.pid"];
    let Some(proxy) = Proxy::start(test, "/usr/sbin/haproxy", &arguments, HAPROXY, maintenance) else { return };
    proxy.keeps_users_away();
    assert_eq!(fs::read_link(proxy.place.work().join("site.map")).unwrap(), Path::new("open.map"));
}
