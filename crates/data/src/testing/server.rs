//! A web server on 127.0.0.1 that answers as it is told to.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What the server says to a request for one path; all other paths are 404.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Status 200 with this body and its true length.
    Body(Vec<u8>),
    /// Status 200 that promises the whole body, and hangs up after this many bytes.
    Truncated(Vec<u8>, usize),
    /// Status 200 without a length: the body ends when the server hangs up.
    Unannounced(Vec<u8>),
    /// This status with an HTML page.
    Status(u16),
    /// A redirection to this path.
    Redirect(String),
}

/// A running server; its thread ends with the test process.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT/`.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let answers: HashMap<String, Answer> = answers.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("a bound socket"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &answers, &log);
            }
        });
        Self { url, asked }
    }

    /// The paths asked for so far, in order, without the leading slash.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics inside the server").clone()
    }
}

/// A client that ignores the machine's proxy settings.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent()
}

/// The URL of a port that nobody listens on.
pub(crate) fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}/", listener.local_addr().expect("a bound socket"))
}

fn serve(mut stream: TcpStream, answers: &HashMap<String, Answer>, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    let request = lines.next().and_then(Result::ok).unwrap_or_default();
    // The request must be read to its end, or hanging up resets the connection.
    while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let answer = answers.get(&path).cloned().unwrap_or(Answer::Status(404));
    log.lock().expect("no test panics inside the server").push(path);

    let (head, body) = match answer {
        Answer::Body(body) => (format!("200 OK\r\nContent-Length: {}", body.len()), body),
        Answer::Truncated(mut body, keep) => {
            let head = format!("200 OK\r\nContent-Length: {}", body.len());
            body.truncate(keep);
            (head, body)
        }
        Answer::Unannounced(body) => ("200 OK".to_owned(), body),
        Answer::Status(status) => {
            (format!("{status} Odd\r\nContent-Length: 6"), b"<html>".to_vec())
        }
        Answer::Redirect(to) => {
            (format!("302 Found\r\nLocation: /{to}\r\nContent-Length: 0"), vec![])
        }
    };
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
    // The client may hang up first, when it has seen enough of an oversized body.
    let _hung_up = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
