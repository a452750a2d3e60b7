//! Downloads from a server on this machine, sound and otherwise.

use super::*;
use crate::testing::{
    assert_says,
    server::{Answer, Server, agent, dead_url},
    toy,
};
use std::{
    fs,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

const NAME: &str = "train-images-idx3-ubyte.gz";

/// More than one chunk, and not a whole number of them.
fn content() -> Vec<u8> {
    (0..CHUNK * 2 + 77).map(|i| (i * i % 253) as u8).collect()
}

fn server(answer: Answer) -> Server {
    Server::start([(NAME.to_owned(), answer)])
}

/// Downloads the one file from `mirrors`; a fresh folder and the outcome.
fn fetch(mirrors: &[&str]) -> (TempDir, Result<(), DataError>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mirrors = mirrors.iter().map(|&url| url.to_owned()).collect();
    let toy = toy(&[(NAME.to_owned(), content())], mirrors);
    let outcome = download(&toy, &toy.files[0], folder.path(), &agent(), None);
    (folder, outcome)
}

fn files_in(folder: &TempDir) -> usize {
    fs::read_dir(folder.path()).expect("a folder").count()
}

/// A mirror with this answer fails with these words and leaves nothing behind.
fn check_fault(answer: Answer, parts: &[&str]) {
    let server = server(answer);
    let (folder, outcome) = fetch(&[&server.url]);
    assert_says(outcome, &[&["cannot download train-images", "toy", &server.url], parts].concat());
    assert_eq!(files_in(&folder), 0, "nothing is left behind");
}

#[test]
fn a_good_file_arrives_whole() {
    let server = server(Answer::Body(content()));
    let (folder, outcome) = fetch(&[&server.url]);
    outcome.expect("a good mirror");
    assert_eq!(fs::read(folder.path().join(NAME)).expect("the file"), content());
    assert_eq!(files_in(&folder), 1);
}

#[test]
fn what_a_killed_download_left_goes_and_what_another_receives_stays() {
    let server = server(Answer::Body(content()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path(".genlab-left.tmp"), "half").expect("a leftover");
    fs::write(path("notes.tmp"), "mine").expect("somebody's file");
    let other = target(folder.path()).expect("a download of another process");
    let toy = toy(&[(NAME.to_owned(), content())], vec![server.url.clone()]);
    download(&toy, &toy.files[0], folder.path(), &agent(), None).expect("a good mirror");
    assert!(other.path().exists() && path("notes.tmp").exists() && path(NAME).exists());
    assert_eq!(files_in(&folder), 3);
}

#[test]
fn a_file_without_an_announced_length_and_behind_a_redirect_is_fine() {
    let moved = ("elsewhere".to_owned(), Answer::Unannounced(content()));
    let redirect = (NAME.to_owned(), Answer::Redirect("elsewhere".to_owned()));
    let server = Server::start([moved, redirect]);
    let (folder, outcome) = fetch(&[&server.url]);
    outcome.expect("a good mirror");
    assert_eq!(fs::read(folder.path().join(NAME)).expect("the file"), content());
}

#[test]
fn a_broken_mirror_is_followed_by_the_next() {
    let mut wrong = content();
    wrong[5] ^= 1;
    let bad = [
        server(Answer::Status(404)),
        server(Answer::Body(wrong)),
        server(Answer::Truncated(content(), 1000)),
    ];
    let good = server(Answer::Body(content()));
    let dead = dead_url();
    let mut mirrors = vec![dead.as_str()];
    mirrors.extend(bad.iter().map(|server| server.url.as_str()));
    mirrors.push(&good.url);
    let (folder, outcome) = fetch(&mirrors);
    outcome.expect("the last mirror is good");
    assert_eq!(fs::read(folder.path().join(NAME)).expect("the file"), content());
    assert!(bad.iter().all(|server| server.asked() == [NAME]));
}

#[test]
fn a_status_other_than_success_is_named() {
    check_fault(Answer::Status(404), &["404"]);
    check_fault(Answer::Status(503), &["503"]);
    check_fault(Answer::Status(206), &["206"]);
}

#[test]
fn a_wrong_hash_is_named() {
    let mut wrong = content();
    wrong[CHUNK] ^= 128;
    check_fault(Answer::Body(wrong), &["sent a different file: its SHA-256 is"]);
}

#[test]
fn a_truncated_body_is_named() {
    check_fault(Answer::Truncated(content(), 5000), &["broke off after 5000 of 524365 bytes"]);
    check_fault(Answer::Unannounced(content()[..9].to_vec()), &["broke off after 9 of 524365"]);
    check_fault(Answer::Body(vec![]), &["broke off after 0 of"]);
}

#[test]
fn an_oversized_body_is_cut_off() {
    let mut long = content();
    long.push(0);
    check_fault(Answer::Body(long), &["sent at least 524366 bytes, but the file has 524365"]);
    check_fault(Answer::Unannounced(vec![7; 8 << 20]), &["bytes, but the file has 524365"]);
}

#[test]
fn without_any_mirror_the_error_says_what_to_do() {
    let (folder, outcome) = fetch(&[&dead_url(), &dead_url()]);
    let target = folder.path().display().to_string();
    assert_says(outcome, &[NAME, &target, "--data-dir", "mnist-10k, fashion-3k, digits8x8"]);
}

#[test]
fn progress_counts_up_to_the_whole_file() {
    let server = server(Answer::Body(content()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toy = toy(&[(NAME.to_owned(), content())], vec![server.url.clone()]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let report: Progress = Box::new(move |at| log.lock().expect("one thread").push(at));
    download(&toy, &toy.files[0], folder.path(), &agent(), Some(&report)).expect("a good mirror");

    let seen = seen.lock().expect("one thread");
    assert!(seen.iter().all(|at| at.file == NAME && at.total == 524_365));
    assert!(seen.windows(2).all(|pair| pair[0].received < pair[1].received));
    assert_eq!(seen.last().expect("at least one report").received, 524_365);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = folder.path().join("absent");
    let toy = toy(&[(NAME.to_owned(), content())], vec![dead_url()]);
    let outcome = download(&toy, &toy.files[0], &absent, &agent(), None);
    assert_says(outcome, &["cannot create a file in", "absent", "--data-dir"]);
}
