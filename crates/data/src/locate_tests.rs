//! The look-up order: --data-dir, cache, download.

use super::*;
use crate::testing::{
    assert_says, idx_files,
    server::{self, Answer, Server, dead_url},
    toy, write_idx_folder,
};
use tempfile::TempDir;

/// A machine whose cache folder is a fresh, empty one.
fn machine() -> (TempDir, Places) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = Places { cache: Some(folder.path().join("cache/genlab")), agent: server::agent() };
    (folder, places)
}

fn data_dir(path: &Path) -> LoadOptions {
    LoadOptions { data_dir: Some(path.to_owned()), ..LoadOptions::default() }
}

fn offline() -> Official {
    toy(&idx_files(20, 5), vec![dead_url()])
}

#[test]
fn data_dir_may_hold_the_files_or_a_folder_named_after_the_dataset() {
    let (folder, places) = machine();
    let inner = folder.path().join("toy");
    write_idx_folder(&inner, 20, 5);
    for given in [&inner, folder.path()] {
        let (train, test) = read(&offline(), &data_dir(given), &places).expect("it is there");
        assert_eq!((train.len(), test.len()), (20, 5));
    }
}

#[test]
fn data_dir_without_the_files_names_them_and_downloads_nothing() {
    let (folder, places) = machine();
    write_idx_folder(folder.path(), 20, 5);
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte.gz")).expect("it is there");
    let server = Server::start([]);
    let official = toy(&idx_files(20, 5), vec![server.url.clone()]);
    let inner = folder.path().join("toy").display().to_string();
    let parts =
        ["files of toy are missing from", ": t10k-labels-idx1-ubyte.gz; put", &inner, "digits8x8"];
    assert_says(read(&official, &data_dir(folder.path()), &places), &parts);
    assert!(server.asked().is_empty());
}

#[test]
fn data_dir_must_exist() {
    let (folder, places) = machine();
    let absent = folder.path().join("absent");
    let parts = ["folder ", "absent does not exist", "--data-dir"];
    assert_says(read(&offline(), &data_dir(&absent), &places), &parts);
}

#[test]
fn the_cache_is_used_before_the_web() {
    let (_folder, places) = machine();
    write_idx_folder(&places.cache.as_ref().expect("a cache").join("toy"), 20, 5);
    let (train, _) = read(&offline(), &LoadOptions::default(), &places).expect("it is there");
    assert_eq!(train.len(), 20);
}

#[test]
fn only_absent_files_are_downloaded_and_only_once() {
    let (_folder, places) = machine();
    let files = idx_files(20, 5);
    let cached = places.cache.as_ref().expect("a cache").join("toy");
    write_idx_folder(&cached, 20, 5);
    fs::remove_file(cached.join(&files[2].0)).expect("it is there");
    let server = Server::start(files.clone().map(|(name, bytes)| (name, Answer::Body(bytes))));
    let official = toy(&files, vec![server.url.clone()]);
    for _ in 0..2 {
        read(&official, &LoadOptions::default(), &places).expect("the mirror is good");
    }
    assert_eq!(server.asked(), ["t10k-images-idx3-ubyte.gz"]);
}

#[test]
fn an_empty_cache_is_filled_from_the_web() {
    let (_folder, places) = machine();
    let files = idx_files(20, 5);
    let server = Server::start(files.clone().map(|(name, bytes)| (name, Answer::Body(bytes))));
    let official = toy(&files, vec![server.url.clone()]);
    let (train, test) =
        read(&official, &LoadOptions::default(), &places).expect("the mirror is good");
    assert_eq!((train.len(), test.len()), (20, 5));
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn offline_and_absent_names_the_files_the_place_and_the_alternatives() {
    let (_folder, places) = machine();
    let cached = places.cache.as_ref().expect("a cache").join("toy").display().to_string();
    let parts = [
        "cannot download train-images-idx3-ubyte.gz of toy (http://127.0.0.1",
        "put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, \
         t10k-labels-idx1-ubyte.gz into",
        &cached,
        "--data-dir",
        "mnist-10k, fashion-3k, digits8x8",
    ];
    assert_says(read(&offline(), &LoadOptions::default(), &places), &parts);
}

#[test]
fn a_damaged_file_in_the_cache_says_to_delete_it() {
    let (_folder, places) = machine();
    let cached = places.cache.as_ref().expect("a cache").join("toy");
    write_idx_folder(&cached, 20, 5);
    fs::write(cached.join("train-images-idx3-ubyte.gz"), b"<html>not found</html>")
        .expect("a file");
    let parts = ["train-images-idx3-ubyte.gz is not a valid gzip file", "delete it to have it"];
    assert_says(read(&offline(), &LoadOptions::default(), &places), &parts);
}

#[test]
fn a_machine_without_a_cache_folder_says_so() {
    let places = Places { cache: None, agent: server::agent() };
    let parts = ["no folder to download toy to", "no cache folder", "set HOME", "digits8x8"];
    assert_says(read(&offline(), &LoadOptions::default(), &places), &parts);
}

#[test]
fn the_real_cache_folder_is_called_genlab() {
    if let Some(cache) = Places::of_this_user().cache {
        assert!(cache.display().to_string().contains("genlab"), "{}", cache.display());
    }
}
