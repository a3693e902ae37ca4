//! Contents as editors produce them, each with its result.
//!
//! `NAME.safe.html` is the result of `NAME.html`. `SANITIZER_CORPUS=write` writes the results instead of comparing them.

use std::{fs, path::PathBuf};

use sanitizer::sanitize;

use crate::{allow_list::BUILDER, shapes::MAX_UNITS};

/// Each content of the corpus with the path of its result.
fn corpus() -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| !path.to_str().unwrap().ends_with(".safe.html"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap(), path.with_extension("safe.html")))
        .collect()
}

#[test]
fn every_content_of_the_corpus_has_its_stored_result() {
    let corpus = corpus();
    assert_eq!(corpus.len(), 6);
    for (content, path) in corpus {
        assert!(content.encode_utf16().count() <= MAX_UNITS, "{}", path.display());
        let result = sanitize(&content);
        if std::env::var("SANITIZER_CORPUS").is_ok_and(|value| value == "write") {
            fs::write(&path, &result).unwrap();
        }
        assert!(result == fs::read_to_string(&path).unwrap(), "{}", path.display());
    }
}

#[test]
fn the_result_is_the_one_of_ammonia_alone_but_for_the_text_of_svg() {
    for (content, path) in corpus() {
        assert!(sanitize(&content) == BUILDER.clean(&content).to_string(), "{}", path.display());
    }
    // The only known difference for well-formed content: text that is directly in `svg` or `math` is removed with it.
    assert_eq!(BUILDER.clean("<svg>a<g>b</g></svg>c").to_string(), "ac");
    assert_eq!(sanitize("<svg>a<g>b</g></svg>c"), "c");
}

#[test]
fn a_sanitized_result_is_stable() {
    for (content, path) in corpus() {
        let once = sanitize(&content);
        let twice = sanitize(&once);
        // The text of a `caption` stays in the table, and a second parse moves it in front of the table.
        assert!(once == twice || content.contains("<caption>"), "{}", path.display());
        assert!(sanitize(&twice) == twice, "{}", path.display());
    }
}
